"""Estimates against closed forms and a second library, to nine digits."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from upsell.measurement.answers import Effect
from upsell.measurement.estimates import Stratum, compare, weigh
from upsell.measurement.sums import Sums


def sums(outcomes: Sequence[int]) -> Sums:
    return Sums(len(outcomes), sum(outcomes), sum(y**2 for y in outcomes), sum(y**3 for y in outcomes))


def draw(seed: int, mean: float, spread: float, units: int) -> list[int]:
    chance = random.Random(seed)
    return [round(chance.gauss(mean, spread)) for _ in range(units)]


def effects(strata: Sequence[Stratum]) -> tuple[Effect, Effect]:
    found = compare(strata)
    assert isinstance(found.absolute, Effect)
    assert isinstance(found.relative, Effect)
    return found.absolute, found.relative


_outcomes = st.lists(st.integers(-(10**10), 10**10), min_size=2, max_size=40)


@settings(deadline=None)
@given(_outcomes, _outcomes)
def test_sums_add_in_any_order_and_any_split(left: list[int], right: list[int]) -> None:
    assert sums(left) + sums(right) == sums(right) + sums(left) == sums([*right, *left])
    assert sums(left) + Sums() == sums(left)


@settings(deadline=None)
@given(_outcomes)
def test_moments_are_those_of_numpy(outcomes: list[int]) -> None:
    found = sums(outcomes)
    assert found.mean == pytest.approx(np.mean(outcomes), rel=1e-9, abs=1e-4)
    assert found.variance == pytest.approx(np.var(outcomes, ddof=1), rel=1e-9)
    largest = max(abs(y) for y in outcomes) ** 3 or 1
    cubes = np.mean((np.array(outcomes) - np.mean(outcomes)) ** 3)
    assert found.third_moment / largest == pytest.approx(cubes / largest, abs=1e-9)


def test_a_large_mean_costs_no_digit_of_the_variance() -> None:
    # Moving every outcome by the same amount changes no spread: exact in whole numbers, where
    # doubles would have nothing left of a variance of 2/3 beside squares of 10^24.
    near, far = [1, 2, 3] * 20, [10**12 + y for y in (1, 2, 3)] * 20
    assert sums(near).variance == sums(far).variance
    assert sums(near).third_moment == sums(far).third_moment


@pytest.mark.parametrize("seed", range(5))
def test_one_stratum_is_welch_as_statsmodels_has_it(seed: int) -> None:
    treated, held_out = draw(seed, 130, 40, 90 + seed), draw(seed + 50, 100, 15, 60)
    absolute, _ = effects([Stratum(sums(treated), sums(held_out), 1.0)])
    means = CompareMeans(DescrStatsW(treated), DescrStatsW(held_out))
    low, high = means.tconfint_diff(alpha=0.05, usevar="unequal")
    assert absolute.estimate == pytest.approx(np.mean(treated) - np.mean(held_out), rel=1e-9)
    assert absolute.low == pytest.approx(low, rel=1e-9)
    assert absolute.high == pytest.approx(high, rel=1e-9)


def test_the_ratio_is_the_delta_method_on_its_logarithm() -> None:
    # Closed form: log ratio +/- t * sqrt(s1²/(n1 m1²) + s0²/(n0 m0²)), Satterthwaite on those terms.
    treated, held_out = draw(1, 130, 40, 90), draw(2, 100, 15, 60)
    _, relative = effects([Stratum(sums(treated), sums(held_out), 1.0)])
    parts = [np.var(y, ddof=1) / len(y) / np.mean(y) ** 2 for y in (treated, held_out)]
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 89 + parts[1] ** 2 / 59)
    half = stats.t.ppf(0.975, freedom) * sqrt(sum(parts))
    ratio = np.mean(treated) / np.mean(held_out)
    assert relative.estimate == pytest.approx(ratio - 1, rel=1e-9)
    assert relative.low == pytest.approx(exp(log(ratio) - half) - 1, rel=1e-9)
    assert relative.high == pytest.approx(exp(log(ratio) + half) - 1, rel=1e-9)


def test_conversion_is_welch_on_zeros_and_ones_as_statsmodels_has_it() -> None:
    treated, held_out = [1] * 60 + [0] * 340, [1] * 40 + [0] * 360
    absolute, _ = effects([Stratum(sums(treated), sums(held_out), 1.0)])
    means = CompareMeans(DescrStatsW(treated), DescrStatsW(held_out))
    low, high = means.tconfint_diff(alpha=0.05, usevar="unequal")
    assert (absolute.low, absolute.high) == pytest.approx((low, high), rel=1e-9)
    # And within a fiftieth of its width of the interval made for proportions.
    wald = confint_proportions_2indep(60, 400, 40, 400, compare="diff", method="wald")
    assert (absolute.low, absolute.high) == pytest.approx(wald, abs=(high - low) / 50)


def test_strata_are_the_weighted_contrast_with_satterthwaite_freedom() -> None:
    # Closed form: sum of w (m1 - m0), variance sum of w² s²/n over all four cells.
    cells = [
        (draw(1, 130, 40, 90), draw(2, 100, 15, 60), 0.7),
        (draw(3, 80, 9, 40), draw(4, 75, 30, 70), 0.3),
    ]
    absolute, _ = effects([Stratum(sums(one), sums(other), weight) for one, other, weight in cells])
    estimate = sum(w * (np.mean(one) - np.mean(other)) for one, other, w in cells)
    parts = [(w**2 * np.var(y, ddof=1) / len(y), len(y)) for *both, w in cells for y in both]
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / (n - 1) for part, n in parts)
    half = stats.t.ppf(0.975, freedom) * sqrt(variance)
    assert absolute.estimate == pytest.approx(estimate, rel=1e-9)
    assert absolute.low == pytest.approx(estimate - half, rel=1e-9)
    assert absolute.high == pytest.approx(estimate + half, rel=1e-9)


def test_moving_the_means_to_where_a_ratio_exists_does_not_change_the_difference() -> None:
    # Around zero there is no ratio; the same outcomes 10,000 higher have one.
    treated, held_out = draw(1, 4, 40, 90), draw(2, 0, 15, 60)
    around_zero = compare([Stratum(sums(treated), sums(held_out), 1.0)])
    assert not isinstance(around_zero.relative, Effect)
    assert isinstance(around_zero.absolute, Effect)
    higher, _ = effects(
        [Stratum(sums([y + 10_000 for y in treated]), sums([y + 10_000 for y in held_out]), 1.0)]
    )
    assert (around_zero.absolute.low, around_zero.absolute.high) == pytest.approx((higher.low, higher.high))


def test_a_stratum_alone_has_the_freedom_of_its_units() -> None:
    assert weigh([sums(draw(1, 5, 3, 40))], [1.0]).freedom == pytest.approx(39, rel=1e-12)
