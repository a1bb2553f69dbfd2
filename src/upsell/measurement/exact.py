"""An exact interval for the difference of two rates, for arms too small for Welch's.

For conversion in small arms. The law: over every pair of true rates the interval covers at least 95 %; the
price is that for most of them it covers more.

Up to ``MOST_TABLES`` possible outcomes it is that of Chan and Zhang (Biometrics 55, 1999): the score
statistic of Farrington and Manning (Statistics in Medicine 9, 1990), its tail taken at the least favourable
rate, and both one-sided tests of (1 - ``LEVEL``) / 2 turned round. Beyond, each arm has the interval of
Clopper and Pearson (Biometrika 26, 1934) at the root of ``LEVEL``, which hold together at ``LEVEL``, and the
difference lies between their ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from upsell.measurement.answers import LEVEL, Effect

MOST_TABLES = 5_000
"""How many pairs of counts are gone through."""

_ALPHA = (1 - LEVEL) / 2
_STEPS = 64
_FINER = 12
_ERROR = 1e-6

Floats: TypeAlias = NDArray[np.float64]


class Counted(msgspec.Struct, frozen=True):
    """How many of an arm's units converted; ``units`` is at least 1."""

    converted: int
    units: int

    @property
    def rate(self) -> float:
        """The share that did."""
        return self.converted / self.units


def exact_difference(arm: Counted, against: Counted) -> Effect:
    """Give the difference of two rates with its exact interval."""
    estimate = arm.rate - against.rate
    if (arm.units + 1) * (against.units + 1) > MOST_TABLES:
        one, other = _clopper_pearson(arm), _clopper_pearson(against)
        return Effect(estimate, one[0] - other[1], one[1] - other[0])
    # The upper end is the lower end of the difference turned round.
    low = _lower_end(arm, against)
    high = -_lower_end(against, arm)
    return Effect(estimate, min(low, estimate), max(high, estimate))


def tail(arm: Counted, against: Counted, difference: float, *, zooms: int = 3) -> float:
    """Give the chance of so great a score or a greater, at the least favourable rate of this difference."""
    scores = _scores(arm.units, against.units, difference)
    seen = scores[arm.converted, against.converted]
    # What ties but for rounding is as great.
    region = (scores >= seen - 1e-9 * (1 + abs(seen))).astype(np.float64)

    def chance(rates: Floats) -> Floats:
        """Give it at rates of the arm compared with."""
        ours, theirs = _chances(arm.units, np.clip(rates + difference, 0, 1)), _chances(against.units, rates)
        found: Floats = ((region.T @ ours) * theirs).sum(axis=0)
        return found

    return _greatest(chance, max(0.0, -difference), min(1.0, 1.0 - difference), zooms)


def _chances(units: int, rates: Floats) -> Floats:
    """Give the chance of every count, by rate."""
    counts = np.arange(units + 1)[:, None]
    logarithm = special.xlogy(counts, rates) + special.xlog1py(units - counts, -rates)
    ways = special.gammaln(units + 1) - special.gammaln(counts + 1) - special.gammaln(units - counts + 1)
    found: Floats = np.exp(ways + logarithm)
    return found


def _greatest(chance: Callable[[Floats], Floats], least: float, most: float, zooms: int) -> float:
    """Find the maximum over rates: a grid denser at both ends, then finer ones around its highest points."""
    grid = least + (most - least) * (1 - np.cos(np.linspace(0, math.pi, _STEPS + 1))) / 2
    grid = np.clip(grid, least, most)
    found = chance(grid)
    best = float(found.max())
    for _ in range(zooms):
        around = np.argsort(found)[-2:]
        finer = [
            np.linspace(grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)], _FINER)
            for place in around
        ]
        grid = np.unique(np.concatenate(finer))
        found = chance(grid)
        best = max(best, float(found.max()))
    return best


def _lower_end(arm: Counted, against: Counted) -> float:
    """Find the smallest difference that its test does not refuse.

    The tail is not sure to grow with the difference, so it is looked for from below.
    """
    below = -1.0
    for step in np.linspace(-1.0, 1.0, 101)[1:-1]:
        # The grid alone is nearly right: near enough to say where to look closely.
        if tail(arm, against, float(step), zooms=0) > 0.98 * _ALPHA:
            break
        below = float(step)
    else:
        return below
    above = min(below + 0.02, 1.0)
    while above - below > _ERROR:
        middle = (below + above) / 2
        if tail(arm, against, middle) > _ALPHA:
            above = middle
        else:
            below = middle
    return below


def _scores(units: int, others: int, difference: float) -> Floats:
    """Give the score of every pair of counts under a difference, 0 where nothing speaks against it."""
    x, y = np.meshgrid(np.arange(units + 1), np.arange(others + 1), indexing="ij")
    p1, p0 = _restricted(x, units, y, others, difference)
    variance = p1 * (1 - p1) / units + p0 * (1 - p0) / others
    distance = x / units - y / others - difference
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = distance / np.sqrt(variance)
    certain = variance <= 1e-15
    scores[certain] = np.where(np.abs(distance[certain]) < 1e-12, 0.0, np.sign(distance[certain]) * 1e9)
    found: Floats = scores
    return found


def _restricted(
    x: NDArray[np.int_], units: int, y: NDArray[np.int_], others: int, difference: float
) -> tuple[Floats, Floats]:
    """Give the likeliest rates that differ by so much, in closed form (Farrington and Manning, appendix)."""
    theta = others / units
    r1, r0 = x / units, y / others
    a = 1 + theta
    b = -(1 + theta + r1 + theta * r0 + difference * (theta + 2))
    c = difference**2 + difference * (2 * r1 + theta + 1) + r1 + theta * r0
    d = -r1 * difference * (1 + difference)
    v = b**3 / (3 * a) ** 3 - b * c / (6 * a**2) + d / (2 * a)
    u = np.copysign(np.sqrt(np.maximum(b**2 / (3 * a) ** 2 - c / (3 * a), 0.0)), v)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = np.where(u == 0, 0.0, v / np.where(u == 0, 1.0, u) ** 3)
    w = (math.pi + np.arccos(np.clip(cosine, -1, 1))) / 3
    p1 = np.clip(2 * u * np.cos(w) - b / (3 * a), max(0.0, difference), min(1.0, 1 + difference))
    return p1, np.clip(p1 - difference, 0.0, 1.0)


def _clopper_pearson(arm: Counted) -> tuple[float, float]:
    """Give the exact interval of one rate at the root of ``LEVEL``."""
    found = stats.binomtest(arm.converted, arm.units).proportion_ci(math.sqrt(LEVEL), method="exact")
    return float(found.low), float(found.high)
