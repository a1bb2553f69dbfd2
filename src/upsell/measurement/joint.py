"""Sufficient statistics of two numbers of each unit, beside each other: exact sums that add.

For the readings that need a second number: an outcome before the exposure, or how many units an account
has. The law: the sums are whole, and moments about a mean are taken in whole numbers or fractions of
them, so that nothing is lost to cancellation.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import msgspec

from upsell.measurement.moments import Moments


class JointSums(msgspec.Struct, frozen=True):
    """The sums of whole numbers x and y over the members of a group.

    Attributes:
        units: How many members, n.
        x: Sum of x.
        y: Sum of y.
        xx: Sum of x squared.
        xy: Sum of x times y.
        yy: Sum of y squared.
        xxx: Sum of x cubed.
        xxy: Sum of x squared times y.
        xyy: Sum of x times y squared.
        yyy: Sum of y cubed.
    """

    units: int = 0
    x: int = 0
    y: int = 0
    xx: int = 0
    xy: int = 0
    yy: int = 0
    xxx: int = 0
    xxy: int = 0
    xyy: int = 0
    yyy: int = 0

    def __add__(self, other: JointSums) -> JointSums:
        """Give the sums over the members of both groups, which share none."""
        mine, theirs = msgspec.structs.astuple(self), msgspec.structs.astuple(other)
        return JointSums(*(one + another for one, another in zip(mine, theirs, strict=True)))

    @property
    def x_scatter(self) -> Fraction:
        """The sum of squares of x about its mean; 0 for no members."""
        return self.xx - Fraction(self.x**2, self.units or 1)

    @property
    def joint_scatter(self) -> Fraction:
        """The sum of products of x and y about their means; 0 for no members."""
        return self.xy - Fraction(self.x * self.y, self.units or 1)

    def less_explained(self, slope: Fraction, around: Fraction) -> Moments:
        """Give the moments of y - slope (x - around); needs two members."""
        mean = (self.y - slope * (self.x - around * self.units)) / self.units
        second, third = self._about_mean(slope)
        return Moments(self.units, float(mean), float(second / (self.units - 1)), float(third) / self.units)

    def ratio(self) -> Moments:
        """Give the moments of Σy / Σx over its members by the delta method; needs two, and x above 0.

        A member's part in the ratio R is (y - R x) / x̄ (Deng, Knoblich and Lu, KDD 2018, section 3).
        """
        size = Fraction(self.x, self.units)
        ratio = Fraction(self.y, self.x)
        second, third = self._about_mean(ratio)
        return Moments(
            self.units,
            float(ratio),
            float(second / (self.units - 1) / size**2),
            float(third / size**3) / self.units,
        )

    def _about_mean(self, slope: Fraction) -> tuple[Fraction, Fraction]:
        """Give the sums of squares and of cubes of y - slope x about its mean."""
        n, b = self.units, slope
        total = self.y - b * self.x
        squares = self.yy - 2 * b * self.xy + b**2 * self.xx
        cubes = self.yyy - 3 * b * self.xyy + 3 * b**2 * self.xxy - b**3 * self.xxx
        mean = total / n
        return squares - n * mean**2, cubes - 3 * mean * squares + 2 * n * mean**3


def find_slope(groups: Iterable[JointSums]) -> Fraction:
    """Find how much of y a unit of x explains within groups, pooled; 0 where x does not vary."""
    whole = list(groups)
    spread = sum((group.x_scatter for group in whole), Fraction(0))
    return sum((group.joint_scatter for group in whole), Fraction(0)) / spread if spread else Fraction(0)
