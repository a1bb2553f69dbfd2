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
from upsell.measurement.joint import JointSums
from upsell.measurement.queries import Query
from upsell.measurement.question import Contrast, Metric
from upsell.measurement.sample_ratio import ArmCount
from upsell.measurement.sums import Sums

Rows: TypeAlias = Sequence[Sequence[Any]]
"""What an engine answers a query with: whole numbers as int or Decimal, shares as float."""

Key: TypeAlias = tuple[Contrast, Metric]
"""What sums are of."""

Name = TypeVar("Name", bound=enum.Enum)
Added = TypeVar("Added", Sums, JointSums)


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
        exposed_accounts: Accounts by contrast and stratum, each counted once, where whole ones were drawn.
        accounts: Sums over accounts of closed units (x) and their outcomes (y), like ``sums``.
        before: Sums of outcomes (y) beside themselves before the exposure (x), like ``sums``.
        held: Sums of outcomes held to a cut, like ``sums``.
    """

    exposed: Mapping[Contrast, Mapping[str, Sequence[ArmCount]]]
    crossed: Mapping[Contrast, int]
    sums: Mapping[tuple[Contrast, Metric], Mapping[str, Mapping[str, Sums]]]
    left_out: tuple[LeftOut, ...]
    exposed_accounts: Mapping[Contrast, Mapping[str, Sequence[ArmCount]]]
    accounts: Mapping[Key, Mapping[str, Mapping[str, JointSums]]]
    before: Mapping[Key, Mapping[str, Mapping[str, JointSums]]]
    held: Mapping[Key, Mapping[str, Mapping[str, Sums]]]


def observe(rows: Mapping[Query, Rows]) -> Observations:
    """Read the rows of ``outcome_queries`` and ``reading_queries``; the order of rows does not matter.

    Queries that were not run have no rows.

    Raises:
        MeasurementError: A row names a contrast or metric that is not known.
    """
    crossed = dict.fromkeys(Contrast, 0)
    for contrast_name, *_, crossing in rows[Query.EXPOSED]:
        crossed[_known(Contrast, contrast_name)] += int(crossing)
    return Observations(
        exposed=_counts(rows[Query.EXPOSED]),
        crossed=crossed,
        sums=_sums(rows[Query.SUMS], Sums),
        left_out=tuple(_left_out(rows[Query.LEFT_OUT])),
        exposed_accounts=_counts(rows.get(Query.ACCOUNTS_EXPOSED, ())),
        accounts=_sums(rows.get(Query.ACCOUNTS, ()), JointSums),
        before=_sums(rows.get(Query.BEFORE, ()), JointSums),
        held=_sums(rows.get(Query.HELD, ()), Sums),
    )


def _counts(rows: Rows) -> dict[Contrast, dict[str, tuple[ArmCount, ...]]]:
    """Read the rows of how many were exposed."""
    exposed: dict[Contrast, dict[str, list[ArmCount]]] = {contrast: {} for contrast in Contrast}
    for contrast, stratum, arm, least, greatest, units, _ in rows:
        count = ArmCount(str(arm), int(units), _share(least), _share(greatest))
        exposed[_known(Contrast, contrast)].setdefault(str(stratum), []).append(count)
    return {
        contrast: {name: tuple(sorted(found, key=_arm)) for name, found in strata.items()}
        for contrast, strata in exposed.items()
    }


def _sums(rows: Rows, kind: type[Added]) -> dict[Key, dict[str, dict[str, Added]]]:
    """Read the rows of sums; rows of one group, as from partitions, are added."""
    found: dict[Key, dict[str, dict[str, Added]]] = {}
    for contrast, stratum, arm, metric, *numbers in rows:
        key = (_known(Contrast, contrast), _known(Metric, metric))
        arms = found.setdefault(key, {}).setdefault(str(stratum), {})
        arms[str(arm)] = arms.get(str(arm), kind()) + kind(*(int(number) for number in numbers))
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
