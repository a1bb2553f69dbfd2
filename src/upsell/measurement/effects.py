"""The three effects of a pair of arms over strata: per unit, as a fraction, and in total.

For lift and the readings beside the plain one, which differ in what they estimate from and not in how.
The law: the first two weigh strata by all their units, the mean effect over the exposed; the total weighs
them by the arm's own units, because it is what happened to those.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from upsell.measurement.answers import LEVEL, Effect, Undetermined
from upsell.measurement.estimates import Stratum, compare
from upsell.measurement.moments import Moments
from upsell.measurement.sums import Sums


class Cell(msgspec.Struct, frozen=True):
    """The two arms of one stratum, and how many units stand in each.

    Attributes:
        arm: What the arm whose effect is asked is estimated from.
        against: The same of the arm it is compared with.
        arm_units: Closed units of the arm, whatever its sums are over.
        against_units: Closed units of the other.
    """

    arm: Sums | Moments
    against: Sums | Moments
    arm_units: int
    against_units: int

    @property
    def units(self) -> int:
        """Closed units of both arms."""
        return self.arm_units + self.against_units


class Effects(msgspec.Struct, frozen=True):
    """The effect of an arm per unit, as a fraction of the other's mean, and on its own units together."""

    absolute: Effect | Undetermined
    relative: Effect | Undetermined
    total: Effect | Undetermined


def estimate(cells: Sequence[Cell], level: float = LEVEL) -> Effects:
    """Estimate all three; ``cells`` has at least one member."""
    over_exposed = compare(over_exposed_units(cells), level)
    per_unit = compare(over_own_units(cells), level).absolute
    return Effects(over_exposed.absolute, over_exposed.relative, in_total(per_unit, cells))


def silenced(why: Undetermined) -> Effects:
    """Give effects nobody can know for one reason."""
    return Effects(why, why, why)


def over_exposed_units(cells: Sequence[Cell]) -> list[Stratum]:
    """Weigh strata by the units of both arms."""
    return _strata(cells, [cell.units for cell in cells])


def over_own_units(cells: Sequence[Cell]) -> list[Stratum]:
    """Weigh strata by the units of the arm whose effect is asked."""
    return _strata(cells, [cell.arm_units for cell in cells])


def in_total(per_unit: Effect | Undetermined, cells: Sequence[Cell]) -> Effect | Undetermined:
    """Give an effect per own unit over all of the arm's."""
    if isinstance(per_unit, Undetermined):
        return per_unit
    units = sum(cell.arm_units for cell in cells)
    return Effect(per_unit.estimate * units, per_unit.low * units, per_unit.high * units, per_unit.level)


def _strata(cells: Sequence[Cell], units: Sequence[int]) -> list[Stratum]:
    whole = sum(units)
    return [Stratum(cell.arm, cell.against, n / whole) for cell, n in zip(cells, units, strict=True)]
