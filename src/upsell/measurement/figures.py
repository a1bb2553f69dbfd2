"""Figures: what a metric's query found, as values, each with the counts it is made of.

The law: a value that would divide by nothing is ``Undetermined``, rows of parts are added before they are
divided, and a share of units carries an interval only where each unit counts once.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any, assert_never

import msgspec

from upsell.measurement.answers import Undetermined, UndeterminedReason
from upsell.measurement.metrics import Dimension, MetricDefinition, MetricUnit
from upsell.measurement.shares import Share, share_of
from upsell.measurement.survival import Survival, add_days, survival_of


class Figure(msgspec.Struct, frozen=True):
    """One value of a metric.

    Attributes:
        slice: Which part it is of, in the values of the dimension asked for; ``all`` without one.
        item: Which of several: a step, an arm, a movement, a cohort; ``all`` where there is one.
        period: The month as ``2026-03``, or ``before`` and ``after``; ``all`` for the whole stretch.
        currency: ISO 4217 code of money; None otherwise.
        numerator: What is counted or added; money in minor units.
        denominator: What it is divided by; None where nothing is.
        value: The value; of money in minor units.
    """

    slice: str
    item: str
    period: str
    currency: str | None
    numerator: int
    denominator: int | None
    value: int | float | Share | Survival | Undetermined


def figures_of(
    metric: MetricDefinition, rows: Iterable[Sequence[Any]], by: Dimension | None, told: Container[str]
) -> tuple[Figure, ...]:
    """Give the values of a metric from the rows of its query, in order; no rows give none.

    Args:
        metric: The metric.
        rows: Rows of ``metrics.COLUMNS``; those of one slice, item, period and currency are added.
        by: What slices are told apart by; None for not at all.
        told: Names of the events that were ever told.
    """
    if metric.unit is MetricUnit.DAYS:
        return tuple(_times(rows))
    added: dict[tuple[str, str, str, str], tuple[int, int | None]] = {}
    for slice_, item, period, currency, numerator, denominator in rows:
        key = (str(slice_), str(item), str(period), currency or "")
        over, under = added.get(key, (0, None))
        below = under if denominator is None else (under or 0) + int(denominator)
        added[key] = (over + int(numerator), below)
    is_once = by is Dimension.WORKFLOW or Dimension.WORKFLOW not in metric.dimensions
    return tuple(
        Figure(
            slice=slice_,
            item=item,
            period=period,
            currency=currency or None,
            numerator=over,
            denominator=under,
            value=_silence(metric, item, told) or _value(metric, over, under, is_once=is_once),
        )
        for (slice_, item, period, currency), (over, under) in sorted(
            added.items(), key=lambda each: _place(metric, *each[0])
        )
    )


def _place(
    metric: MetricDefinition, slice_: str, item: str, period: str, currency: str
) -> tuple[str | int, ...]:
    """Give where a figure is told: items of a sequence together by period, others by item first."""
    if item in metric.items:
        return slice_, currency, period, metric.items.index(item)
    return slice_, item, period, currency


def _silence(metric: MetricDefinition, item: str, told: Container[str]) -> Undetermined | None:
    """Give why nothing can be said where what a metric counts is never told of: that is no zero."""
    needs = metric.item_needs.get(item, metric.needs)
    if not needs or any(name in told for name in needs):
        return None
    names = " or ".join(needs)
    return Undetermined(UndeterminedReason.NOT_TOLD, f"no {names} was ever told; send these events")


def _value(
    metric: MetricDefinition, numerator: int, denominator: int | None, *, is_once: bool
) -> int | float | Share | Undetermined:
    """Give one value."""
    match metric.unit:
        case MetricUnit.COUNT | MetricUnit.MONEY_TOTAL:
            return numerator
        case MetricUnit.SHARE if is_once:
            return share_of(numerator, denominator or 0, "units")
        case MetricUnit.SHARE | MetricUnit.RATE | MetricUnit.RATIO | MetricUnit.MONEY:
            if not denominator:
                return Undetermined(UndeterminedReason.NO_UNITS, metric.no_answer)
            return numerator / denominator
        case MetricUnit.DAYS:
            msg = "times are read from all their days together"
            raise AssertionError(msg)
        case _:
            assert_never(metric.unit)


def _times(rows: Iterable[Sequence[Any]]) -> Iterable[Figure]:
    """Give how long it takes in each slice and arm, from counts by day."""
    groups: dict[tuple[str, str], list[tuple[int, int, int]]] = {}
    for slice_, arm, day, _, reached, last in rows:
        groups.setdefault((str(slice_), str(arm)), []).append((int(day), int(reached), int(last)))
    for (slice_, arm), parts in sorted(groups.items()):
        reached, units = sum(part[1] for part in parts), sum(part[2] for part in parts)
        value = survival_of(add_days(parts))
        yield Figure(slice_, arm, "all", None, reached, units, value)
