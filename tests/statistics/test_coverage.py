"""Simulated worlds: intervals cover what they promise, and a test of A against A finds nothing.

Worlds are drawn at the layer of statistics, seeded. Each count of worlds is held to 99.9 % of what
a binomial of the nominal rate gives.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import stats

from upsell.measurement.answers import Effect
from upsell.measurement.estimates import Comparison, Stratum, compare
from upsell.measurement.sums import Sums

Draw = Callable[[Generator, int], NDArray[np.int64]]

WORLDS = 2000


def sums(outcomes: NDArray[np.int64]) -> Sums:
    whole = outcomes.astype(object)
    return Sums(len(whole), int(sum(whole)), int(sum(whole**2)), int(sum(whole**3)))


def converts(rate: float) -> Draw:
    return lambda chance, units: (chance.random(units) < rate).astype(np.int64)


def pays(rate: float, typical: float) -> Draw:
    """Draw revenue: most owe nothing, the rest a lognormal amount of sigma 0.6."""
    return lambda chance, units: (
        (chance.random(units) < rate) * np.rint(chance.lognormal(np.log(typical), 0.6, units))
    ).astype(np.int64)


def mean_of(rate: float, typical: float) -> float:
    return rate * typical * float(np.exp(0.6**2 / 2))


def worlds(seed: int, treated: Draw, held_out: Draw, sizes: list[tuple[int, int]]) -> list[Comparison]:
    chance = np.random.default_rng(seed)
    whole = sum(one + other for one, other in sizes)
    return [
        compare(
            [
                Stratum(sums(treated(chance, one)), sums(held_out(chance, other)), (one + other) / whole)
                for one, other in sizes
            ]
        )
        for _ in range(WORLDS)
    ]


def assert_nominal(hits: int, tries: int) -> None:
    """Expect 95 % within the binomial error, of at least four fifths of the worlds."""
    assert tries >= WORLDS * 4 // 5
    assert stats.binom.ppf(0.0005, tries, 0.95) <= hits <= stats.binom.ppf(0.9995, tries, 0.95)


@pytest.mark.parametrize(
    ("treated", "held_out", "difference", "ratio", "sizes"),
    [
        # A against A: nothing is there to be found.
        (converts(0.08), converts(0.08), 0.0, 0.0, [(1050, 450)]),
        (pays(0.3, 4900), pays(0.3, 4900), 0.0, 0.0, [(1050, 450)]),
        # An effect is there, in one stratum and over a ramp of three.
        (converts(0.12), converts(0.08), 0.04, 0.5, [(1050, 450)]),
        (
            pays(0.4, 4900),
            pays(0.3, 4900),
            mean_of(0.4, 4900) - mean_of(0.3, 4900),
            1 / 3,
            [(50, 450), (400, 400), (900, 100)],
        ),
    ],
    ids=["AA-conversion", "AA-revenue", "conversion", "revenue-ramp"],
)
def test_intervals_cover_at_their_level_inside_their_regime(
    treated: Draw, held_out: Draw, difference: float, ratio: float, sizes: list[tuple[int, int]]
) -> None:
    found = worlds(20, treated, held_out, sizes)
    absolute = [one.absolute for one in found if isinstance(one.absolute, Effect)]
    relative = [one.relative for one in found if isinstance(one.relative, Effect)]
    assert_nominal(sum(one.low <= difference <= one.high for one in absolute), len(absolute))
    assert_nominal(sum(one.low <= ratio <= one.high for one in relative), len(relative))


def test_outside_the_regime_nearly_every_world_is_undetermined() -> None:
    # Two conversions are expected among the held out: Welch's interval would cover about 85 %.
    found = worlds(21, converts(0.02), converts(0.02), [(900, 100)])
    assert sum(isinstance(one.absolute, Effect) for one in found) <= WORLDS // 100
