"""Planted worlds: each way of reading covers what it promises, and an early look fails only the plain one.

Worlds are drawn at the layer of statistics, seeded: 300 in the default run (100 where each is looked at
daily), 2,000 in ``make test-all``. Each count is held to 99.9 % of what a binomial of the nominal rate gives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import stats

from tests.statistics.test_coverage import sums
from upsell.measurement.answers import Effect, Undetermined
from upsell.measurement.bayes import Prior, find_posterior
from upsell.measurement.effects import Cell
from upsell.measurement.estimates import Stratum, compare
from upsell.measurement.exact import Counted, exact_difference
from upsell.measurement.joint import JointSums
from upsell.measurement.moments import Moments
from upsell.measurement.readings import (
    read_at_any_time,
    read_held,
    read_together,
    read_with_metrics,
    read_with_past,
)
from upsell.measurement.sequential import always_valid
from upsell.money import Money

Ints = NDArray[np.int64]

WORLDS = [300, pytest.param(2_000, marks=pytest.mark.slow)]
STRATA = [(300, 300), (700, 200)]


def assert_nominal(hits: int, tries: int, worlds: int) -> None:
    """Expect 95 % within the binomial error, of at least four fifths of the worlds."""
    assert tries >= worlds * 4 // 5
    assert stats.binom.ppf(0.0005, tries, 0.95) <= hits <= stats.binom.ppf(0.9995, tries, 0.95)


def assert_at_least(hits: int, tries: int) -> None:
    """Expect 95 % or more, within the binomial error of exactly so many."""
    assert hits >= stats.binom.ppf(0.001, tries, 0.95)


def covered(effects: list[Effect | Undetermined], truth: float) -> tuple[int, int]:
    known = [effect for effect in effects if isinstance(effect, Effect)]
    return sum(effect.low <= truth <= effect.high for effect in known), len(known)


def pays(chance: Generator, units: int, rate: float, sigma: float = 1.2) -> Ints:
    """Draw revenue of whoever pays, of a heavy tail."""
    paying = chance.random(units) < rate
    return (paying * np.rint(chance.lognormal(np.log(4_900), sigma, units))).astype(np.int64)


def joint(x: Ints, y: Ints) -> JointSums:
    a, b = x.astype(object), y.astype(object)
    powers = [(1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (3, 0), (2, 1), (1, 2), (0, 3)]
    return JointSums(len(x), *(int((a**i * b**j).sum()) for i, j in powers))


# Winsorised.


@pytest.mark.parametrize("worlds", WORLDS)
@pytest.mark.parametrize("lift", [0.0, 0.1], ids=["AA", "lift"])
def test_held_outcomes_cover_the_difference_of_held_means(worlds: int, lift: float) -> None:
    # Planted truth: means of outcomes held to the quantile of both arms' mixture, from two million draws.
    chance = np.random.default_rng(31)
    arms, against = 700, 500
    many = [pays(chance, n, rate) for n, rate in ((1_400_000, 0.3 + lift), (1_000_000, 0.3))]
    cut = np.quantile(np.concatenate(many), 0.99)
    truth = float(np.minimum(many[0], cut).mean() - np.minimum(many[1], cut).mean()) if lift else 0.0
    found = []
    for _ in range(worlds):
        one, other = pays(chance, arms, 0.3 + lift), pays(chance, against, 0.3)
        seen = np.sort(np.concatenate([one, other]))
        held_at = int(seen[int(np.ceil(0.99 * len(seen))) - 1])
        cell = Cell(sums(np.minimum(one, held_at)), sums(np.minimum(other, held_at)), arms, against)
        found.append(read_held([cell], Money(held_at, "USD")).absolute)
    assert_nominal(*covered(found, truth), worlds)


# CUPED.


@pytest.mark.parametrize("worlds", WORLDS)
@pytest.mark.parametrize("lift", [0.0, 0.08], ids=["AA", "lift"])
def test_less_its_past_an_effect_over_strata_is_covered_and_narrower(worlds: int, lift: float) -> None:
    # Planted truth: who paid before pays again nine times in ten; treated, others begin a little more often.
    chance = np.random.default_rng(32)
    found, ratio = [], []
    for _ in range(worlds):
        pairs, plain = [], []
        for arm, against in STRATA:
            both = []
            for units, more in ((arm, lift), (against, 0.0)):
                before = pays(chance, units, 0.4, 0.4)
                goes_on = chance.random(units) < 0.9
                begins = pays(chance, units, 0.1 + more, 0.4)
                both.append((before, np.where(before > 0, before * goes_on, begins)))
            pairs.append((joint(*both[0]), joint(*both[1])))
            plain.append(Stratum(sums(both[0][1]), sums(both[1][1]), (arm + against) / 1_500))
        reading = read_with_past(pairs).absolute
        usual = compare(plain).absolute
        found.append(reading)
        if isinstance(reading, Effect) and isinstance(usual, Effect):
            ratio.append((reading.high - reading.low) / (usual.high - usual.low))
    # Of the 60 % who had not paid before, so many more begin.
    truth = 0.6 * lift * 4_900 * float(np.exp(0.4**2 / 2))
    assert_nominal(*covered(found, truth), worlds)
    assert np.median(ratio) < 0.75


# Accounts.


@pytest.mark.parametrize("worlds", WORLDS)
def test_over_accounts_the_effect_is_covered_where_people_taken_alone_would_not(worlds: int) -> None:
    # Planted truth: accounts of 1 to 12 people who convert together, at rates of a beta(2, 8); no effect.
    chance = np.random.default_rng(33)
    found, alone = [], []
    for _ in range(worlds):
        arms = []
        for accounts in (160, 120):
            sizes = chance.integers(1, 13, accounts)
            arms.append((sizes, chance.binomial(sizes, chance.beta(2, 8, accounts))))
        one, other = (joint(*arm).ratio() for arm in arms)
        found.append(compare([Stratum(one, other, 1.0)]).absolute)
        people = [np.repeat([1, 0], [int(y.sum()), int((x - y).sum())]).astype(np.int64) for x, y in arms]
        alone.append(compare([Stratum(sums(people[0]), sums(people[1]), 1.0)]).absolute)
    assert_nominal(*covered(found, 0.0), worlds)
    hits, tries = covered(alone, 0.0)
    assert hits < 0.9 * tries


# Several arms.


@pytest.mark.parametrize("worlds", WORLDS)
def test_all_pairs_of_four_arms_hold_together_and_the_plain_ones_do_not(worlds: int) -> None:
    chance = np.random.default_rng(34)
    together, plainly = 0, 0
    for _ in range(worlds):
        arms = [sums(pays(chance, 500, 0.3, 0.5)) for _ in range(4)]
        cells = [Cell(arms[n], arms[m], 500, 500) for n in range(4) for m in range(n)]
        read = [read_together([cell], len(cells)).absolute for cell in cells]
        usual = [compare([Stratum(cell.arm, cell.against, 1.0)]).absolute for cell in cells]
        together += covered(read, 0.0)[0] == len(cells)
        plainly += covered(usual, 0.0)[0] == len(cells)
    assert_at_least(together, worlds)
    assert plainly < 0.9 * worlds


@pytest.mark.parametrize("worlds", [100, pytest.param(2_000, marks=pytest.mark.slow)])
def test_all_metrics_of_all_pairs_hold_together_and_those_of_pairs_alone_do_not(worlds: int) -> None:
    # Planted truth: no effect on who buys, on what is paid, or on two others that hang on neither.
    chance = np.random.default_rng(39)
    together, by_pairs = 0, 0
    for _ in range(worlds):
        arms = []
        for _ in range(3):
            paid = pays(chance, 500, 0.3, 0.5)
            others = [chance.poisson(4.0, 500), chance.binomial(1, 0.2, 500)]
            metrics = [paid, np.minimum(paid, 1), paid + 100 * others[0], *others]
            arms.append([sums(np.asarray(each, dtype=np.int64)) for each in metrics])
        cells = [
            Cell(arms[n][metric], arms[m][metric], 500, 500)
            for metric in range(5)
            for n in range(3)
            for m in range(n)
        ]
        read = [read_with_metrics([cell], 3, 5).absolute for cell in cells]
        fewer = [read_together([cell], 3).absolute for cell in cells]
        together += covered(read, 0.0)[0] == len(cells)
        by_pairs += covered(fewer, 0.0)[0] == len(cells)
    assert_at_least(together, worlds)
    assert by_pairs < 0.9 * worlds


# Looked at daily.


@pytest.mark.parametrize("worlds", [100, pytest.param(2_000, marks=pytest.mark.slow)])
def test_over_strata_looked_at_daily_the_watched_interval_holds_and_the_plain_one_fails(worlds: int) -> None:
    # Planted truth: no effect, two strata of other levels and shares that begin one after the other.
    chance, days, daily = np.random.default_rng(35), 40, 30
    missed, naively = 0, 0
    for _ in range(worlds):
        levels = np.repeat([0, 1], days // 2 * daily)
        outcomes = chance.exponential(10.0, days * daily) + 30.0 * levels
        treated = chance.random(days * daily) < np.where(levels, 0.8, 0.5)
        watched, plain = [], []
        for seen in range(4 * daily, days * daily + 1, daily):
            strata = []
            for level in (0, 1):
                cells = [
                    outcomes[:seen][(levels[:seen] == level) & (treated[:seen] == side)] for side in (1, 0)
                ]
                if min(map(len, cells)) > 1:
                    strata.append((moments(cells[0]), moments(cells[1])))
            whole = sum(one.units + other.units for one, other in strata)
            weighed = [Stratum(one, other, (one.units + other.units) / whole) for one, other in strata]
            watched.append(always_valid(weighed))
            plain.append(compare(weighed).absolute)
        missed += covered(watched, 0.0)[0] < covered(watched, 0.0)[1]
        naively += covered(plain, 0.0)[0] < covered(plain, 0.0)[1]
    assert_at_least(worlds - missed, worlds)
    assert naively > 0.15 * worlds


def moments(values: NDArray[np.float64]) -> Moments:
    mean = float(values.mean())
    return Moments(len(values), mean, float(values.var(ddof=1)), float(((values - mean) ** 3).mean()))


# Small arms.


@pytest.mark.parametrize("worlds", WORLDS)
@pytest.mark.parametrize(("rates", "sizes"), [((0.15, 0.05), (28, 12)), ((0.01, 0.01), (900, 100))])
def test_the_exact_interval_covers_at_least_95_percent(
    worlds: int, rates: tuple[float, float], sizes: tuple[int, int]
) -> None:
    chance = np.random.default_rng(36)
    known: dict[tuple[int, int], Effect] = {}
    hits = 0
    for _ in range(worlds):
        one, other = (int(chance.binomial(n, p)) for n, p in zip(sizes, rates, strict=True))
        if (one, other) not in known:
            known[one, other] = exact_difference(Counted(one, sizes[0]), Counted(other, sizes[1]))
        hits += known[one, other].low <= rates[0] - rates[1] <= known[one, other].high
    assert_at_least(hits, worlds)


@pytest.mark.parametrize("worlds", WORLDS)
def test_what_is_likely_covers_on_average_over_rates_of_the_prior(worlds: int) -> None:
    # Planted truth: both rates drawn from the prior itself, where 95 % is exact.
    chance, prior = np.random.default_rng(37), Prior(2.0, 18.0, 6)
    hits = 0
    for _ in range(worlds):
        rates = chance.beta(2.0, 18.0, 2)
        one, other = (
            Counted(int(chance.binomial(28, rates[0])), 28),
            Counted(int(chance.binomial(12, rates[1])), 12),
        )
        found = find_posterior(one, other, prior).difference
        hits += found.low <= rates[0] - rates[1] <= found.high
    assert_nominal(hits, worlds, worlds)


# Outside their regime.


@pytest.mark.parametrize("worlds", [200])
def test_outside_the_regime_every_way_but_the_small_ones_is_silent(worlds: int) -> None:
    chance = np.random.default_rng(38)
    spoken: dict[str, int] = {}

    def hear(name: str, effect: Any) -> None:
        spoken[name] = spoken.get(name, 0) + isinstance(effect, Effect)

    for _ in range(worlds):
        one, other = pays(chance, 900, 0.01), pays(chance, 49, 0.01)
        cell = Cell(sums(one), sums(other), 900, 49)
        hear("held", read_held([cell], Money(10**9, "USD")).absolute)
        hear("past", read_with_past([(joint(one, one), joint(other, other))]).absolute)
        hear("watched", read_at_any_time([cell]).absolute)
        hear("together", read_together([cell], 3).absolute)
    assert set(spoken.values()) == {0}
