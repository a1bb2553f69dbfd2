"""Sample ratio against scipy's chi-square, and its verdicts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from upsell.measurement.answers import Undetermined, UndeterminedReason
from upsell.measurement.sample_ratio import ArmCount, SampleRatio, Verdict, check_sample_ratio


def counts(*arms: tuple[str, int, float]) -> list[ArmCount]:
    return [ArmCount(arm, units, share, share) for arm, units, share in arms]


def checked(strata: dict[str, list[ArmCount]]) -> SampleRatio:
    found = check_sample_ratio(strata)
    assert isinstance(found, SampleRatio)
    return found


def reason(strata: dict[str, list[ArmCount]]) -> UndeterminedReason:
    found = check_sample_ratio(strata)
    assert isinstance(found, Undetermined)
    return found.reason


def test_one_stratum_is_pearsons_chi_square() -> None:
    found = checked({"1": counts(("holdout", 130, 0.1), ("treated", 970, 0.9))})
    oracle = stats.chisquare([130, 970], [110, 990])
    assert found.p_value == pytest.approx(oracle.pvalue, rel=1e-9)
    assert found.statistic == pytest.approx(oracle.statistic, rel=1e-9)
    assert found.units == {"holdout": 130, "treated": 970}


def test_the_published_mismatch_of_cookie_cats_is_a_warning_and_not_a_block() -> None:
    # 44,700 at gate 30 and 45,489 at gate 40, planned half and half: p = 0.0086.
    found = checked({"1": counts(("gate_30", 44_700, 0.5), ("gate_40", 45_489, 0.5))})
    assert round(found.p_value, 4) == 0.0086
    assert found.verdict is Verdict.WARN


def test_each_stratum_is_held_to_its_own_plan() -> None:
    # Each stratum is exactly as planned; all in one pot, the plan of neither is kept.
    ramp = {
        "1": counts(("holdout", 900, 0.9), ("treated", 100, 0.1)),
        "2": counts(("holdout", 100, 0.1), ("treated", 900, 0.9)),
    }
    assert checked(ramp).p_value == 1.0
    opposed = {
        "1": counts(("holdout", 560, 0.5), ("treated", 440, 0.5)),
        "2": counts(("holdout", 440, 0.5), ("treated", 560, 0.5)),
    }
    found = checked(opposed)
    one = stats.chisquare([560, 440]).statistic
    assert found.p_value == pytest.approx(stats.chi2.sf(2 * one, 2), rel=1e-9)
    assert found.verdict is Verdict.BLOCK


@pytest.mark.parametrize(
    ("treated", "verdict"),
    [(500, Verdict.GOOD), (540, Verdict.GOOD), (545, Verdict.WARN), (560, Verdict.BLOCK)],
)
def test_a_reader_is_warned_under_a_hundredth_and_blocked_under_a_thousandth(
    treated: int, verdict: Verdict
) -> None:
    # Of 1,000 planned half and half: 540 p = 0.011, 545 p = 0.0044, 560 p = 0.00015.
    found = checked({"1": counts(("holdout", 1000 - treated, 0.5), ("treated", treated, 0.5))})
    assert found.verdict is verdict


def test_an_arm_of_the_plan_that_nobody_reached_is_a_mismatch() -> None:
    assert checked({"1": counts(("treated", 1000, 0.9))}).verdict is Verdict.BLOCK


def test_small_strata_are_not_tested_and_counted() -> None:
    small = counts(("holdout", 0, 0.1), ("treated", 9, 0.9))
    found = checked({"1": counts(("holdout", 110, 0.1), ("treated", 990, 0.9)), "2": small})
    assert (found.strata, found.strata_untested) == (1, 1)
    assert reason({"2": small}) is UndeterminedReason.TOO_FEW


def test_shares_that_are_no_plan_are_undetermined() -> None:
    assert reason({}) is UndeterminedReason.NO_UNITS
    assert reason({"1": [ArmCount("treated", 500, 0.4, 0.6)]}) is UndeterminedReason.SHARES_UNCLEAR
    too_much = counts(("holdout", 500, 0.6), ("treated", 500, 0.6))
    assert reason({"1": too_much}) is UndeterminedReason.SHARES_UNCLEAR
    assert reason({"1": counts(("treated", 500, 0.0))}) is UndeterminedReason.SHARES_UNCLEAR


def test_a_true_plan_is_blocked_once_in_a_thousand_and_warned_of_once_in_a_hundred() -> None:
    worlds = 10_000
    drawn = np.random.default_rng(11).binomial(1500, 0.3, worlds)
    found = {
        n: checked({"1": counts(("holdout", int(n), 0.3), ("treated", 1500 - int(n), 0.7))}).verdict
        for n in np.unique(drawn)
    }
    verdicts = [found[n] for n in drawn]
    blocked = sum(verdict is Verdict.BLOCK for verdict in verdicts)
    alarmed = sum(verdict is not Verdict.GOOD for verdict in verdicts)
    # Inside 99.9 % of what a binomial of the nominal rate gives.
    assert stats.binom.ppf(0.0005, worlds, 0.001) <= blocked <= stats.binom.ppf(0.9995, worlds, 0.001)
    assert stats.binom.ppf(0.0005, worlds, 0.01) <= alarmed <= stats.binom.ppf(0.9995, worlds, 0.01)


# Watched.


@pytest.mark.parametrize(("units", "shares"), [((510, 490), (0.5, 0.5)), ((90, 33, 77), (0.5, 0.2, 0.3))])
def test_the_watched_test_is_the_ratio_of_dirichlet_multinomial_to_multinomial(
    units: tuple[int, ...], shares: tuple[float, ...]
) -> None:
    # Oracle: scipy's two distributions, whose number of orders is the same and falls out.
    arms = [(f"arm{n}", u, s) for n, (u, s) in enumerate(zip(units, shares, strict=True))]
    whole = sum(units)
    against = stats.multinomial.logpmf(units, whole, shares)
    found = [
        stats.dirichlet_multinomial.pmf(units, worth * np.array(shares), whole)
        for worth in (4, 40, 400, 4_000)
    ]
    expected = min(1.0, float(np.exp(against) / np.mean(found)))
    assert checked({"1": counts(*arms)}).watched_p_value == pytest.approx(expected, rel=1e-9)


def test_strata_that_are_watched_multiply_their_evidence() -> None:
    one = counts(("holdout", 700, 0.5), ("treated", 500, 0.5))
    other = counts(("holdout", 60, 0.1), ("treated", 340, 0.9))
    apart = [checked({"1": each}).watched_p_value for each in (one, other)]
    assert checked({"1": one, "2": other}).watched_p_value == pytest.approx(apart[0] * apart[1], rel=1e-9)


@pytest.mark.parametrize("worlds", [100, pytest.param(2_000, marks=pytest.mark.slow)])
def test_looked_at_daily_the_watched_test_warns_seldom_and_the_other_often(worlds: int) -> None:
    # Planted truth: worlds as planned, 100 looks each.
    chance = np.random.default_rng(5)
    treated = chance.binomial(50, 0.7, (worlds, 100)).cumsum(axis=1)
    warned, naively = 0, 0
    for world in treated:
        looks = [(int(one), 50 * day - int(one)) for day, one in enumerate(world, 1)]
        found = [checked({"1": counts(("treated", a, 0.7), ("holdout", b, 0.3))}) for a, b in looks]
        warned += any(each.watched_p_value < 0.01 for each in found)
        naively += any(each.p_value < 0.01 for each in found)
    assert warned <= stats.binom.ppf(0.999, worlds, 0.01)
    assert naively > 0.05 * worlds


def test_a_mismatch_is_blocked_when_it_is_watched_too() -> None:
    arms = {"1": counts(("holdout", 4_700, 0.5), ("treated", 5_300, 0.5))}
    found = check_sample_ratio(arms, is_watched=True)
    assert isinstance(found, SampleRatio)
    assert found.verdict is Verdict.BLOCK
