"""Readings beside the plain one: the same effect with its extremes held, its past taken off, or watched.

For whoever doubts a plain reading. The law: the plain reading stands first and decides; each other one
says what it is the interval of, and holds in the regime of ``estimates``.

- **Winsorised**: outcomes of money above the ``HELD_AT`` quantile of all closed units of the contrast are
  held to it. The interval is of the difference of *held* means.
- **CUPED**: less what the same outcome in the period of equal length before the exposure explains (Deng, Xu,
  Kohavi, Walker, WSDM 2013, section 3), with one slope for all strata and both arms. It estimates what the
  plain reading estimates.
- **Always valid**: ``sequential``; holds however often somebody looks.
- **Exact** and **Bayesian**, of conversion in arms too small for the plain reading: ``exact``, ``bayes``.
- **Simultaneous**: of the m pairs of arms of a contrast, all intervals of a metric hold together at
  ``LEVEL``, each at 1 - (1 - ``LEVEL``) / m (Bonferroni: Dunn, JASA 56, 1961).
- **All metrics**: of the m pairs of arms of a contrast and k metrics told of each, all m k intervals hold
  together at ``LEVEL``, likewise. Bonferroni asks nothing of how metrics hang together, and revenue, margin
  and recurring revenue do.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from fractions import Fraction

import msgspec

from upsell.measurement.answers import LEVEL, Effect, Undetermined
from upsell.measurement.effects import Cell, Effects, estimate, in_total, over_exposed_units, over_own_units
from upsell.measurement.joint import JointSums, find_slope
from upsell.measurement.sequential import always_valid
from upsell.measurement.sums import Sums
from upsell.money import Money


class ReadingKind(enum.Enum):
    """A way of reading an effect beside the plain one."""

    WINSORISED = "winsorised"
    CUPED = "cuped"
    ALWAYS_VALID = "always_valid"
    SIMULTANEOUS = "simultaneous"
    ALL_METRICS = "all_metrics"
    EXACT = "exact"
    BAYESIAN = "bayesian"


class Reading(msgspec.Struct, frozen=True):
    """An effect read in one more way.

    Attributes:
        reading: The way.
        detail: What it is the interval of, in plain words.
        absolute: Effect per unit exposed.
        relative: The same as a fraction of the other arm's mean; None where the way gives none.
        total: Effect on the arm's own closed units together.
    """

    reading: ReadingKind
    detail: str
    absolute: Effect | Undetermined
    relative: Effect | Undetermined | None
    total: Effect | Undetermined


def read_held(cells: Sequence[Cell], cut: Money) -> Reading:
    """Read outcomes that were held to a cut."""
    detail = f"of outcomes held to {cut}, which 99 in 100 of all do not exceed"
    return _reading(ReadingKind.WINSORISED, detail, estimate(cells))


def read_with_past(pairs: Sequence[tuple[JointSums, JointSums]]) -> Reading:
    """Read an outcome less what its own past explains; pairs are strata, each with two units in each arm."""
    both = [one + other for one, other in pairs]
    slope = find_slope(both)
    cells = [
        Cell(
            one.less_explained(slope, Fraction(whole.x, whole.units)),
            other.less_explained(slope, Fraction(whole.x, whole.units)),
            one.units,
            other.units,
        )
        for (one, other), whole in zip(pairs, both, strict=True)
    ]
    detail = f"less {float(slope):.3g} times the same outcome in as long before the exposure"
    return _reading(ReadingKind.CUPED, detail, estimate(cells))


def read_at_any_time(cells: Sequence[Cell]) -> Reading:
    """Read the plain effect with an interval that may be looked at at any time."""
    absolute = always_valid(over_exposed_units(cells))
    total = in_total(always_valid(over_own_units(cells)), cells)
    detail = "holds over all looks together, however many"
    return Reading(ReadingKind.ALWAYS_VALID, detail, absolute, None, total)


def read_together(cells: Sequence[Cell], pairs: int) -> Reading:
    """Read the plain effect with an interval that holds together with those of all pairs of arms."""
    detail = f"holds together with all {pairs} pairs of arms (Bonferroni)"
    return _reading(ReadingKind.SIMULTANEOUS, detail, estimate(cells, level_together(pairs)))


def read_with_metrics(cells: Sequence[Cell], pairs: int, metrics: int) -> Reading:
    """Read the plain effect with an interval that holds together with those of all pairs and metrics."""
    of_pairs = f" of all {pairs} pairs of arms" if pairs > 1 else ""
    detail = f"holds together with all {metrics} metrics{of_pairs} (Bonferroni)"
    return _reading(ReadingKind.ALL_METRICS, detail, estimate(cells, level_together(pairs * metrics)))


def level_together(intervals: int) -> float:
    """Give the level at which each of so many intervals is taken, for all to hold together at ``LEVEL``."""
    return 1 - (1 - LEVEL) / intervals


def held_cells(
    arms: Mapping[str, Mapping[str, Sums]], strata: Sequence[str], pair: tuple[str, str]
) -> list[Cell]:
    """Give the cells of held sums, for the strata the plain reading reads."""
    both = [(arms[name][pair[0]], arms[name][pair[1]]) for name in strata]
    return [Cell(one, other, one.units, other.units) for one, other in both]


def _reading(kind: ReadingKind, detail: str, found: Effects) -> Reading:
    return Reading(kind, detail, found.absolute, found.relative, found.total)
