"""Sufficient statistics of one outcome in one arm: exact sums that add.

For the estimators, which see nothing else. The law: sums are whole numbers, so they add in any
order and any split to the same digit, and moments about the mean lose nothing to cancellation,
because the subtraction is done before the first rounding.
"""

from __future__ import annotations

import msgspec


class Sums(msgspec.Struct, frozen=True):
    """The sums of a whole-numbered outcome y over the units of a group.

    Attributes:
        units: How many units, n.
        total: Sum of y.
        squares: Sum of y squared.
        cubes: Sum of y cubed.
    """

    units: int = 0
    total: int = 0
    squares: int = 0
    cubes: int = 0

    def __add__(self, other: Sums) -> Sums:
        """Give the sums over the units of both groups, which share none."""
        return Sums(
            units=self.units + other.units,
            total=self.total + other.total,
            squares=self.squares + other.squares,
            cubes=self.cubes + other.cubes,
        )

    @property
    def mean(self) -> float:
        """The mean outcome; needs at least one unit."""
        return self.total / self.units

    @property
    def variance(self) -> float:
        """The sample variance, (n Σy² - (Σy)²) / (n (n - 1)); needs at least two units."""
        return (self.units * self.squares - self.total**2) / (self.units * (self.units - 1))

    @property
    def third_moment(self) -> float:
        """The third moment about the mean, Σ(y - ȳ)³ / n; needs at least one unit."""
        n, total = self.units, self.total
        return (n**2 * self.cubes - 3 * n * total * self.squares + 2 * total**3) / n**3
