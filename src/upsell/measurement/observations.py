"""What the queries found, in types: counts, sums and what was left out.

Between the engine that ran the SQL and the estimators. The law: rows hold sufficient statistics
only, and mean the same from any engine; a contrast or metric nobody knows is refused.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import msgspec

from upsell.errors import MeasurementError, nearest
from upsell.measurement.queries import Query
from upsell.measurement.question import Contrast, Metric
from upsell.measurement.sample_ratio import ArmCount
from upsell.measurement.sums import Sums

Rows: TypeAlias = Sequence[Sequence[Any]]
"""What an engine answers a query with: whole numbers as int or Decimal, shares as float."""

Name = TypeVar("Name", bound=enum.Enum)


class LeftOut(msgspec.Struct, frozen=True):
    """What a reading did not add up: money in another currency, or that could not be read.

    Attributes:
        contrast: The contrast whose units it belongs to.
        arm: Their arm.
        currency: The other currency; None where amount, currency or interval could not be read.
        items: Stretches of terms, orders, canceled orders and refunds left out.
        units: Units they belong to.
    """

    contrast: Contrast
    arm: str
    currency: str | None
    items: int
    units: int


class Observations(msgspec.Struct, frozen=True):
    """All that one reading is made from.

    Attributes:
        exposed: Arm counts by contrast and stratum, closed windows or not.
        crossed: By contrast, units that were exposed in more than one arm (after a merge).
        sums: Sums by contrast, metric, stratum and arm, over units whose window has closed.
        left_out: What was not added up, in order of contrast, arm and currency.
    """

    exposed: Mapping[Contrast, Mapping[str, Sequence[ArmCount]]]
    crossed: Mapping[Contrast, int]
    sums: Mapping[tuple[Contrast, Metric], Mapping[str, Mapping[str, Sums]]]
    left_out: tuple[LeftOut, ...]


def observe(rows: Mapping[Query, Rows]) -> Observations:
    """Read the rows of ``outcome_queries``; the order of rows does not matter.

    Raises:
        MeasurementError: A row names a contrast or metric that is not known.
    """
    exposed: dict[Contrast, dict[str, list[ArmCount]]] = {contrast: {} for contrast in Contrast}
    crossed = dict.fromkeys(Contrast, 0)
    for contrast_name, stratum, arm, least, greatest, units, crossing in rows[Query.EXPOSED]:
        contrast = _known(Contrast, contrast_name)
        count = ArmCount(str(arm), int(units), _share(least), _share(greatest))
        exposed[contrast].setdefault(str(stratum), []).append(count)
        crossed[contrast] += int(crossing)
    return Observations(
        exposed={
            contrast: {name: tuple(sorted(found, key=_arm)) for name, found in strata.items()}
            for contrast, strata in exposed.items()
        },
        crossed=crossed,
        sums=_sums(rows[Query.SUMS]),
        left_out=tuple(_left_out(rows[Query.LEFT_OUT])),
    )


def _sums(rows: Rows) -> dict[tuple[Contrast, Metric], dict[str, dict[str, Sums]]]:
    """Read the rows of sums; rows of one group, as from partitions, are added."""
    found: dict[tuple[Contrast, Metric], dict[str, dict[str, Sums]]] = {}
    for contrast, stratum, arm, metric, *numbers in rows:
        key = (_known(Contrast, contrast), _known(Metric, metric))
        arms = found.setdefault(key, {}).setdefault(str(stratum), {})
        arms[str(arm)] = arms.get(str(arm), Sums()) + Sums(*(int(number) for number in numbers))
    return found


def _left_out(rows: Rows) -> Iterable[LeftOut]:
    """Read and order the rows of what was left out."""
    found = [
        LeftOut(_known(Contrast, contrast), str(arm), currency, int(items), int(units))
        for contrast, arm, currency, items, units in rows
    ]
    return sorted(found, key=lambda one: (one.contrast.value, one.arm, one.currency or ""))


def _arm(count: ArmCount) -> str:
    """Give the name arms are ordered by."""
    return count.arm


def _share(value: float | None) -> float:
    """Give a planned share; a missing one is 0.0, which no plan holds."""
    return 0.0 if value is None else float(value)


def _known(names: type[Name], value: object) -> Name:
    """Give the member of a closed set a row names."""
    try:
        return names(value)
    except ValueError as error:
        known = [str(member.value) for member in names]
        hint = nearest(str(value), known) or ", ".join(known)
        msg = f"expected a known {names.__name__.lower()} in the rows, got {value!r}; did you mean {hint}?"
        raise MeasurementError(msg) from error
