"""Pictures: what the charts of a report are drawn from, beside what each workflow earned.

How fast the goal is reached, how recurring revenue moved, what cohorts keep, and how near limits are. The
law: a figure that cannot be told is left out of a picture, never drawn as nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from upsell.clock import DAY, Duration, Moment
from upsell.measurement.charts.money import Guarded as GuardedBar
from upsell.measurement.charts.money import Movement
from upsell.measurement.charts.people import Cohort, Curve, CurvePoint
from upsell.measurement.figures import Figure
from upsell.measurement.metrics import Dimension, Span, metric_definition
from upsell.measurement.survival import Survival
from upsell.runtime.guarding import ALL_MAIL, Guarded
from upsell.runtime.tracking import Tracked, read_metric

LOOKED_BACK: Duration = 365 * DAY
"""How far pictures look back from the moment they are of."""

MOST_COHORTS = 12
"""How many cohorts are drawn, the last ones."""

_HELD_OUT = "holdout"


class Bridge(msgspec.Struct, frozen=True):
    """How recurring revenue moved in a month: its name, what it was before, and each movement."""

    month: str
    start: int
    movements: tuple[Movement, ...]


class Pictures(msgspec.Struct, frozen=True):
    """What charts are drawn from.

    Attributes:
        curves: By workflow, the share that has reached the goal by each day, the holdout last.
        bridge: The last whole month's movements; None where nobody paid in it.
        cohorts: What of the revenue they began with each month's beginners still pay, growth included.
        guarded: By workflow, its limits; those of all mail under an empty key. None where they are not known
            as of the moment asked about.
    """

    curves: Mapping[str, tuple[Curve, ...]] = {}
    bridge: Bridge | None = None
    cohorts: tuple[Cohort, ...] = ()
    guarded: Mapping[str, tuple[GuardedBar, ...]] | None = None


def read_pictures(
    tracked: Tracked, currency: str, as_of: Moment, guarded: Sequence[Guarded] | None = None
) -> Pictures:
    """Read what the charts of a report are drawn from.

    Args:
        tracked: What metrics are made of, as of the moment.
        currency: ISO 4217 code of the money drawn; other currencies are left out.
        as_of: The moment.
        guarded: The guardrails as they stand; None where they are not known as of the moment.
    """
    whole = Span(since=as_of - LOOKED_BACK, until=as_of, as_of=as_of, currency=currency)
    by_workflow = msgspec.structs.replace(whole, by=Dimension.WORKFLOW)
    times = read_metric(tracked, metric_definition("time_to_upgrade"), by_workflow)
    moved = read_metric(tracked, metric_definition("mrr_movements"), whole)
    kept = read_metric(tracked, metric_definition("net_revenue_retention"), whole)
    return Pictures(
        curves=_curves(times),
        bridge=_bridge([each for each in moved if each.currency == currency]),
        cohorts=_cohorts([each for each in kept if each.currency == currency]),
        guarded=_bars(guarded) if guarded is not None else None,
    )


def _curves(figures: Iterable[Figure]) -> dict[str, tuple[Curve, ...]]:
    found: dict[str, list[Curve]] = {}
    for figure in figures:
        if isinstance(figure.value, Survival) and figure.value.steps:
            found.setdefault(figure.slice, []).append(_curve(figure.item, figure.value))
    return {
        workflow: tuple(sorted(curves, key=lambda curve: curve.is_held_out))
        for workflow, curves in found.items()
    }


def _curve(arm: str, survival: Survival) -> Curve:
    """Give the share that has reached the goal: what is not waiting any more."""
    points = tuple(
        CurvePoint(step.day, 1 - step.waiting, 1 - step.high, 1 - step.low) for step in survival.steps
    )
    is_held_out = arm == _HELD_OUT
    return Curve("held out" if is_held_out else arm, points, is_held_out)


def _bridge(figures: Sequence[Figure]) -> Bridge | None:
    """Give the movements of the last month that is over; of the one month there is, where none is."""
    months = sorted({figure.period for figure in figures})
    if not months:
        return None
    month = months[-2] if len(months) > 1 else months[0]
    amounts = {figure.item: figure.numerator for figure in figures if figure.period == month}
    movements = tuple(
        Movement(item.capitalize(), amounts[item])
        for item in metric_definition("mrr_movements").items
        if item not in ("start", "end") and amounts.get(item)
    )
    return Bridge(month, amounts.get("start", 0), movements)


def _cohorts(figures: Sequence[Figure]) -> tuple[Cohort, ...]:
    by_cohort: dict[str, dict[str, Figure]] = {}
    for figure in figures:
        by_cohort.setdefault(figure.item, {})[figure.period] = figure
    months = sorted({figure.period for figure in figures} | set(by_cohort))
    cohorts = []
    for cohort in sorted(by_cohort)[-MOST_COHORTS:]:
        own = by_cohort[cohort]
        shares = [_share(own.get(month)) for month in months if month >= cohort]
        while shares and shares[-1] is None:
            shares.pop()
        base = max((figure.denominator or 0 for figure in own.values()), default=0)
        cohorts.append(Cohort(cohort, base, tuple(shares)))
    return tuple(cohorts)


def _share(figure: Figure | None) -> float | None:
    return figure.value if figure is not None and isinstance(figure.value, float) else None


def _bars(guarded: Sequence[Guarded]) -> dict[str, tuple[GuardedBar, ...]]:
    found: dict[str, list[GuardedBar]] = {}
    for each in guarded:
        reading = each.reading
        if each.workflow == ALL_MAIL and not reading.counted:
            continue
        # A limit of nothing is broken by anything; there is no share of it to draw.
        is_known = reading.rate is not None and not reading.needs and reading.limit > 0
        bar = GuardedBar(
            label=f"{each.guardrail.replace('_', ' ')}, {each.action.value}",
            rate=reading.rate if is_known else None,
            low=reading.low if is_known else None,
            high=reading.high if is_known else None,
            limit=reading.limit,
            why="" if is_known else each.words,
        )
        found.setdefault(each.workflow, []).append(bar)
    return {key: tuple(bars) for key, bars in found.items()}
