"""Health of the number: each check finds what was planted, and seldom anything where nothing was."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import WLS

from tests.statistics.test_coverage import sums
from upsell.measurement.answers import Effect, Undetermined, UndeterminedReason
from upsell.measurement.effects import Cell
from upsell.measurement.health import (
    LEAST_READ,
    Novelty,
    Placebo,
    Symmetry,
    check_symmetry,
    count_alarms,
    find_trend,
)

INSIDE, OUTSIDE = Effect(0.1, -1.0, 1.0), Effect(2.0, 1.0, 3.0)


# A against A.


@pytest.mark.parametrize(
    ("found", "is_nominal"), [(0, False), (2, True), (10, True), (19, True), (23, False)]
)
def test_false_alarms_of_200_partings_are_nominal_from_2_to_22(found: int, is_nominal: bool) -> None:
    placebo = count_alarms([OUTSIDE] * found + [INSIDE] * (200 - found))
    assert isinstance(placebo, Placebo)
    assert (placebo.read, placebo.found) == (200, found)
    ends = stats.binomtest(found, 200).proportion_ci(0.999)
    assert (placebo.low, placebo.high) == pytest.approx((ends.low, ends.high), rel=1e-9)
    assert placebo.is_nominal is is_nominal


def test_too_few_readable_partings_are_said() -> None:
    few = Undetermined(UndeterminedReason.TOO_FEW, "")
    found = count_alarms([INSIDE] * (LEAST_READ - 1) + [few] * 101)
    assert isinstance(found, Undetermined)


# Symmetry.


def test_one_stratum_is_scipys_test_of_homogeneity_and_strata_add() -> None:
    one = {"trial": (300, 120), "active": (500, 260), "past": (200, 70)}
    other = {"trial": (50, 45), "active": (60, 65)}
    found = [stats.chi2_contingency(list(each.values()), correction=False) for each in (one, other)]
    alone = check_symmetry([one])
    assert isinstance(alone, Symmetry)
    assert alone.p_value == pytest.approx(found[0].pvalue, rel=1e-9)
    both = check_symmetry([one, other])
    assert isinstance(both, Symmetry)
    whole = sum(each.statistic for each in found)
    assert both.p_value == pytest.approx(stats.chi2.sf(whole, 3), rel=1e-9)


def test_values_too_rare_to_be_tested_alone_are_put_together_and_never_dropped() -> None:
    counts = {"usual": (100, 100), **{f"rare{n}": (2, 1) for n in range(5)}}
    found = check_symmetry([counts])
    assert isinstance(found, Symmetry)
    oracle = stats.chi2_contingency([(100, 100), (10, 5)], correction=False)
    assert found.p_value == pytest.approx(oracle.pvalue, rel=1e-9)
    assert isinstance(check_symmetry([{"all": (100, 100)}]), Undetermined)
    assert isinstance(check_symmetry([{"one": (100, 0), "other": (90, 0)}]), Undetermined)


def test_arms_that_are_alike_are_blamed_seldom_and_arms_that_are_not_are_found() -> None:
    # Planted truth: 2,000 worlds of five stages in two strata, 70 to 30; then one stage exposed more often.
    chance, worlds, shares = np.random.default_rng(9), 2_000, [0.4, 0.3, 0.2, 0.08, 0.02]
    few = 0
    for _ in range(worlds):
        strata = []
        for units in (400, 150):
            ones = chance.multinomial(units * 7 // 10, shares)
            others = chance.multinomial(units * 3 // 10, shares)
            strata.append(
                {str(n): (int(a), int(b)) for n, (a, b) in enumerate(zip(ones, others, strict=True))}
            )
        found = check_symmetry(strata)
        assert isinstance(found, Symmetry)
        few += found.p_value < 0.05
    assert stats.binom.ppf(0.0005, worlds, 0.05) <= few <= stats.binom.ppf(0.9995, worlds, 0.05)
    skewed = check_symmetry([{"trial": (350, 150), "active": (350, 60)}])
    assert isinstance(skewed, Symmetry)
    assert not skewed.is_alike


# Novelty.


def weekly(chance: np.random.Generator, effects: list[float]) -> dict[int, list[Cell]]:
    found = {}
    for week, effect in enumerate(effects):
        one = np.rint(chance.normal(5_000 + effect, 900, 140)).astype(np.int64)
        other = np.rint(chance.normal(5_000, 900, 60)).astype(np.int64)
        found[week] = [Cell(sums(one), sums(other), 140, 60)]
    return found


def test_the_slope_is_weighted_least_squares_as_statsmodels_has_it() -> None:
    weeks = weekly(np.random.default_rng(1), [400.0, 300.0, 100.0, 150.0, 0.0])
    found = find_trend(weeks)
    assert isinstance(found, Novelty)
    variances = [
        c.arm.variance / c.arm.units + c.against.variance / c.against.units for (c,) in weeks.values()
    ]
    design = np.column_stack([np.ones(5), np.arange(5)])
    fitted = WLS([e.estimate for e in found.weeks.values()], design, 1 / np.array(variances)).fit(
        cov_type="fixed scale"
    )
    assert found.slope.estimate == pytest.approx(fitted.params[1], rel=1e-9)
    low, high = fitted.conf_int()[1]
    assert (found.slope.low, found.slope.high) == pytest.approx((low, high), rel=1e-9)
    assert found.p_value == pytest.approx(fitted.pvalues[1], rel=1e-6)


def test_a_steady_effect_has_no_trend_more_often_than_it_says_and_one_that_fades_is_found() -> None:
    chance, worlds = np.random.default_rng(2), 400
    trends = [find_trend(weekly(chance, [300.0] * 6)) for _ in range(worlds)]
    wrong = sum(isinstance(each, Novelty) and each.p_value < 0.05 for each in trends)
    # Variances are estimated and taken as known, from 60 units: a little more than one in twenty.
    assert stats.binom.ppf(0.0005, worlds, 0.05) <= wrong <= stats.binom.ppf(0.9995, worlds, 0.065)
    fading = find_trend(weekly(chance, [900.0, 600.0, 300.0, 0.0, 0.0, 0.0]))
    assert isinstance(fading, Novelty)
    assert fading.slope.high < 0


def test_weeks_too_small_by_themselves_are_read_together_and_the_slope_is_still_by_the_week() -> None:
    # Each effect is 500 less 10 a week; with a pair of units in an arm no week can be read by itself.
    chance = np.random.default_rng(5)
    weeks = {}
    for week in range(52):
        one = np.rint(chance.normal(5_500 - 10 * week, 60, 12)).astype(np.int64)
        other = np.rint(chance.normal(5_000, 60, 5)).astype(np.int64)
        weeks[week] = [Cell(sums(one), sums(other), 12, 5)]
    found = find_trend(weeks)
    assert isinstance(found, Novelty)
    assert found.width > 1
    assert list(found.weeks) == list(range(0, 52, found.width))
    assert found.slope.low < -10 < found.slope.high


def test_two_weeks_make_no_trend() -> None:
    found = find_trend(weekly(np.random.default_rng(3), [0.0, 0.0]))
    assert isinstance(found, Undetermined)
    assert found.reason is UndeterminedReason.TOO_FEW
