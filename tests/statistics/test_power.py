"""Power against statsmodels, and against simulated experiments read as they will be read."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import NormalIndPower, normal_power_het, normal_sample_size_one_tail

from tests.drawing import examples
from upsell.clock import DAY
from upsell.measurement.answers import Effect, Undetermined, UndeterminedReason
from upsell.measurement.estimates import Stratum, compare
from upsell.measurement.power import (
    Baseline,
    Needed,
    RampDay,
    Split,
    count_exposed,
    find_days,
    find_needed,
    find_power,
    find_smallest,
    least_readable,
)
from upsell.measurement.question import Metric
from upsell.measurement.sums import Sums

SPLITS = [Split(0.9, 0.1), Split(0.7, 0.3), Split(0.5, 0.5)]


def sums_of(outcomes: Sequence[int]) -> Sums:
    return Sums(len(outcomes), sum(outcomes), sum(y**2 for y in outcomes), sum(y**3 for y in outcomes))


def rate_of(converted: int, units: int) -> Baseline:
    return Baseline(Metric.CONVERSION, Sums(units, converted, converted, converted))


def money() -> Baseline:
    generator = np.random.default_rng(7)
    outcomes = [int(y) for y in generator.gamma(2.0, 5_000.0, 4_000)]
    return Baseline(Metric.NET_COMMITTED_REVENUE, sums_of(outcomes))


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize(("rate", "difference"), [(0.08, 0.02), (0.3, -0.05), (0.5, 0.1)])
@pytest.mark.parametrize("units", [400, 5_000])
def test_the_power_for_a_conversion_is_that_of_two_proportions_with_their_own_variances(
    split: Split, rate: float, difference: float, units: int
) -> None:
    baseline = rate_of(round(rate * 10_000), 10_000)
    arm = rate + difference
    spread = math.sqrt(arm * (1 - arm) / split.arm + rate * (1 - rate) / split.against)
    expected = normal_power_het(difference, units, 0.05, std_null=spread, std_alternative=spread)
    assert find_power(baseline, difference, units, split) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("units", [400, 5_000])
def test_the_power_for_money_is_that_of_two_means_with_one_variance(split: Split, units: int) -> None:
    baseline = money()
    difference = 0.1 * baseline.mean
    expected = NormalIndPower().power(
        difference / math.sqrt(baseline.variance),
        units * split.arm,
        0.05,
        ratio=split.against / split.arm,
    )
    assert find_power(baseline, difference, units, split) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("power", [0.8, 0.9])
def test_the_units_needed_are_those_that_statsmodels_finds(split: Split, power: float) -> None:
    baseline = rate_of(3_000, 10_000)
    spread = math.sqrt(0.35 * 0.65 / split.arm + 0.3 * 0.7 / split.against)
    expected = normal_sample_size_one_tail(0.05, power, 0.025, std_null=spread, std_alternative=spread)
    found = find_needed(baseline, 0.05, split, power)
    assert isinstance(found, Needed)
    assert found.units == math.ceil(expected)
    assert not found.is_for_shape
    assert (found.arm + found.against, found.against) == (found.units, math.ceil(found.units * split.against))
    means = money()
    effect = 0.1 * means.mean / math.sqrt(means.variance)
    arm = NormalIndPower().solve_power(effect, None, 0.05, power, split.against / split.arm)
    needed = find_needed(means, 0.1 * means.mean, split, power)
    assert isinstance(needed, Needed)
    assert needed.units == pytest.approx(arm / split.arm, abs=1)


@settings(max_examples=examples(200), deadline=None)
@given(
    st.integers(10, 990),
    st.integers(600, 1_000_000),
    st.sampled_from(SPLITS),
    st.floats(0.55, 0.99),
)
def test_the_smallest_difference_is_seen_with_just_the_power_asked_for(
    converted: int, units: int, split: Split, power: float
) -> None:
    baseline = rate_of(converted, 1_000)
    found = find_smallest(baseline, units, split, power)
    if isinstance(found, Undetermined):
        assert units < least_readable(baseline, split) or found.reason is UndeterminedReason.OUT_OF_REACH
        return
    assert find_power(baseline, found, units, split) == pytest.approx(power, abs=1e-4)
    needed = find_needed(baseline, found, split, power)
    assert isinstance(needed, Needed)
    assert needed.units == pytest.approx(units, abs=2) or needed.is_for_shape


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "lift", "split"), [(0.1, 0.03, Split(0.7, 0.3)), (0.3, 0.06, SPLITS[0])])
def test_simulated_experiments_see_the_lift_as_often_as_was_planned(
    rate: float, lift: float, split: Split
) -> None:
    # Oracle: experiments of the size planned, read by the estimator that will read the real one.
    needed = find_needed(rate_of(round(rate * 1_000), 1_000), lift, split)
    assert isinstance(needed, Needed)
    generator = np.random.default_rng(11)
    seen, runs = 0, 1_500
    for _ in range(runs):
        arm = int(generator.binomial(needed.arm, rate + lift))
        against = int(generator.binomial(needed.against, rate))
        stratum = Stratum(
            Sums(needed.arm, arm, arm, arm), Sums(needed.against, against, against, against), 1.0
        )
        effect = compare([stratum]).absolute
        seen += isinstance(effect, Effect) and effect.low > 0
    # Four standard errors of a share of 80 % in 1,500 runs are 4 points.
    assert seen / runs == pytest.approx(0.8, abs=0.04)


def test_a_plan_asks_for_no_fewer_units_than_an_interval_is_given_for() -> None:
    # One in a thousand converts: a lift of a hundredfold is seen in no time, but not read.
    baseline, split = rate_of(20, 20_000), Split(0.9, 0.1)
    needed = find_needed(baseline, 0.1, split)
    assert isinstance(needed, Needed)
    assert needed.is_for_shape
    arm, against = round(needed.arm * 0.001), round(needed.against * 0.001)
    read = compare(
        [Stratum(Sums(needed.arm, arm, arm, arm), Sums(needed.against, against, against, against), 1.0)]
    )
    assert isinstance(read.absolute, Effect)
    fewer = needed.units // 2
    arm, against = round(fewer * 0.9 * 0.001), round(fewer * 0.1 * 0.001)
    sums = (Sums(round(fewer * 0.9), arm, arm, arm), Sums(round(fewer * 0.1), against, against, against))
    assert isinstance(compare([Stratum(*sums, 1.0)]).absolute, Undetermined)


@pytest.mark.parametrize(
    ("baseline", "difference", "split", "reason"),
    [
        (rate_of(0, 500), 0.1, SPLITS[0], UndeterminedReason.NO_VARIATION),
        (rate_of(1, 1), 0.1, SPLITS[0], UndeterminedReason.TOO_FEW),
        (rate_of(450, 500), 0.2, SPLITS[0], UndeterminedReason.OUT_OF_REACH),
        (rate_of(50, 500), 0.1, Split(1.0, 0.0), UndeterminedReason.ARM_EMPTY),
    ],
)
def test_what_cannot_be_planned_is_undetermined_with_its_reason(
    baseline: Baseline, difference: float, split: Split, reason: UndeterminedReason
) -> None:
    found = find_needed(baseline, difference, split)
    assert isinstance(found, Undetermined)
    assert found.reason is reason


RAMP = [RampDay(0, 0.01), RampDay(7 * DAY, 0.25), RampDay(14 * DAY, 1.0)]


def test_days_are_counted_through_the_ramp_and_until_the_last_window_has_closed() -> None:
    # A hundred a day: 7 in the first week, 175 in the second, then a hundred a day.
    assert find_days(7, 100, 30 * DAY, RAMP) == 37 * DAY
    assert find_days(182, 100, 30 * DAY, RAMP) == 44 * DAY
    assert find_days(1_182, 100, 30 * DAY, RAMP) == 54 * DAY
    assert find_days(1_182, 100, 30 * DAY) == pytest.approx(41.82 * DAY, abs=1)
    assert isinstance(find_days(10, 0, DAY), Undetermined)
    assert isinstance(find_days(1e9, 1, DAY), Undetermined)


@settings(max_examples=examples(200), deadline=None)
@given(st.floats(0.1, 1_000), st.floats(1, 10_000), st.booleans())
def test_as_many_are_exposed_by_then_as_it_took_that_long_for(
    per_day: float, units: float, is_ramped: bool
) -> None:
    ramp = RAMP if is_ramped else []
    found = find_days(units, per_day, 0, ramp)
    if isinstance(found, int):
        assert count_exposed(found, per_day, ramp) == pytest.approx(units, rel=1e-6)


def test_before_the_beginning_nobody_is_exposed() -> None:
    assert count_exposed(0, 100) == count_exposed(-DAY, 100, RAMP) == 0
    assert count_exposed(DAY, 100, [RampDay(2 * DAY, 1.0)]) == 0
