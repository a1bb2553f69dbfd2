"""Lift: what is compared with what, what is left out, and when the data cannot say."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from tests.unit.measurement.worlds import DuckWorld, Exposure, Told, moment, question
from upsell.clock import DAY
from upsell.errors import MeasurementError
from upsell.measurement.answers import Effect, Undetermined, UndeterminedReason
from upsell.measurement.lift import Lift, LiftReport, read_lift
from upsell.measurement.measuring import measure
from upsell.measurement.queries import Query
from upsell.measurement.question import Contrast, Metric
from upsell.measurement.sample_ratio import SampleRatio, Verdict

Row = Sequence[Any]


def sums_row(arm: str, outcomes: Sequence[int], metric: Metric, stratum: str, contrast: str) -> Row:
    """Add outcomes up as the query does."""
    return (
        contrast,
        stratum,
        arm,
        metric.value,
        len(outcomes),
        sum(outcomes),
        sum(y**2 for y in outcomes),
        sum(y**3 for y in outcomes),
    )


def rows(
    arms: Mapping[tuple[str, str], Sequence[int]],
    *,
    exposed: dict[tuple[str, str], int] | None = None,
    shares: dict[tuple[str, str], float] | None = None,
    metric: Metric = Metric.NET_COMMITTED_REVENUE,
    contrast: str = "holdout",
) -> dict[Query, list[Row]]:
    """Make rows of outcomes by stratum and arm; all exposed have closed unless said otherwise."""
    counts = exposed or {key: len(outcomes) for key, outcomes in arms.items()}
    planned = shares or {}
    return {
        Query.EXPOSED: [
            (contrast, stratum, arm, planned.get((stratum, arm), 0.5), planned.get((stratum, arm), 0.5), n, 0)
            for (stratum, arm), n in counts.items()
        ],
        Query.SUMS: [
            sums_row(arm, outcomes, metric, stratum, contrast)
            for (stratum, arm), outcomes in arms.items()
            if outcomes
        ],
        Query.LEFT_OUT: [],
    }


def the(report: LiftReport, metric: Metric = Metric.NET_COMMITTED_REVENUE) -> Lift:
    """Give the one lift of a metric."""
    (lift,) = [lift for lift in report.lifts if lift.metric is metric]
    return lift


def why(lift: Lift) -> UndeterminedReason:
    """Give the one reason all numbers of a lift are undetermined for."""
    for answer in (lift.absolute, lift.relative, lift.total):
        assert isinstance(answer, Undetermined)
    assert isinstance(lift.absolute, Undetermined)
    return lift.absolute.reason


def draw(seed: int, mean: int, units: int) -> list[int]:
    chance = random.Random(seed)
    return [round(chance.gauss(mean, 20)) for _ in range(units)]


# When the data cannot say.


def test_nobody_exposed_is_undetermined_and_not_zero() -> None:
    report = read_lift(question(), rows({}))
    assert [lift.metric for lift in report.lifts] == list(Metric)
    assert {why(lift) for lift in report.lifts} == {UndeterminedReason.NO_UNITS}
    assert isinstance(report.lifts[0].sample_ratio, Undetermined)
    assert report.lifts[0].arm.mean == report.lifts[0].absolute


def test_an_empty_arm_is_undetermined() -> None:
    lift = the(read_lift(question(), rows({("1", "treated"): draw(1, 100, 200)})))
    assert why(lift) is UndeterminedReason.ARM_EMPTY


def test_an_open_window_is_undetermined_and_counted() -> None:
    seen = rows(
        {("1", "treated"): draw(1, 100, 60), ("1", "holdout"): []},
        exposed={("1", "treated"): 70, ("1", "holdout"): 70},
    )
    lift = the(read_lift(question(), seen))
    assert why(lift) is UndeterminedReason.WINDOW_OPEN
    assert lift.open_units == 80


def test_too_few_units_are_undetermined() -> None:
    seen = rows({("1", "treated"): draw(1, 100, 60), ("1", "holdout"): draw(2, 100, 49)})
    assert why(the(read_lift(question(), seen))) is UndeterminedReason.TOO_FEW


def test_strata_too_small_for_a_variance_are_left_out_and_counted() -> None:
    readable = {("1", "treated"): draw(1, 100, 60), ("1", "holdout"): draw(2, 90, 60)}
    small = {("2", "treated"): draw(3, 500, 9), ("2", "holdout"): draw(4, 500, 1)}
    lift = the(read_lift(question(), rows(readable | small)))
    assert (lift.strata, lift.strata_left_out, lift.units_left_out) == (1, 1, 10)
    assert lift.absolute == the(read_lift(question(), rows(readable))).absolute


def test_no_stratum_with_both_arms_is_undetermined() -> None:
    seen = rows(
        {("1", "treated"): draw(1, 100, 60), ("2", "holdout"): draw(2, 100, 60)},
        shares={("1", "treated"): 1.0, ("2", "holdout"): 1.0},
    )
    assert why(the(read_lift(question(), seen))) is UndeterminedReason.TOO_FEW


@pytest.mark.parametrize("outcomes", [[0] * 80, [300] * 80])
def test_an_arm_that_does_not_vary_is_undetermined(outcomes: list[int]) -> None:
    seen = rows({("1", "treated"): draw(1, 300, 80), ("1", "holdout"): outcomes})
    assert why(the(read_lift(question(), seen))) is UndeterminedReason.NO_VARIATION


def test_a_handful_of_conversions_is_undetermined() -> None:
    few = [1] * 4 + [0] * 396
    seen = rows({("1", "treated"): few, ("1", "holdout"): few}, metric=Metric.CONVERSION)
    assert why(the(read_lift(question(), seen), Metric.CONVERSION)) is UndeterminedReason.TOO_SKEWED


def test_one_enormous_order_is_undetermined() -> None:
    seen = rows({("1", "treated"): [*draw(1, 100, 399), 1_000_000], ("1", "holdout"): draw(2, 100, 400)})
    assert why(the(read_lift(question(), seen))) is UndeterminedReason.TOO_SKEWED


def test_a_ratio_to_nearly_nothing_is_undetermined_while_the_difference_is_not() -> None:
    seen = rows({("1", "treated"): draw(1, 10, 100), ("1", "holdout"): draw(2, 0, 100)})
    lift = the(read_lift(question(), seen))
    assert isinstance(lift.absolute, Effect)
    assert isinstance(lift.relative, Undetermined)
    assert lift.relative.reason is UndeterminedReason.BASE_TOO_NEAR_ZERO


def test_a_loss_in_both_arms_has_no_ratio() -> None:
    seen = rows({("1", "treated"): draw(1, -90, 100), ("1", "holdout"): draw(2, -100, 100)})
    lift = the(read_lift(question(), seen))
    assert isinstance(lift.absolute, Effect)
    assert isinstance(lift.relative, Undetermined)


def test_a_mean_of_exactly_zero_gives_a_difference() -> None:
    seen = rows({("1", "treated"): [-1, 1] * 40, ("1", "holdout"): [-1, 1] * 40})
    lift = the(read_lift(question(), seen))
    assert isinstance(lift.absolute, Effect)
    assert lift.absolute.estimate == pytest.approx(0, abs=1e-12)
    assert lift.absolute.low < 0 < lift.absolute.high


# The sample ratio guards the reading.


def test_a_sample_ratio_far_off_blocks_every_number_that_compares() -> None:
    # 300 against 200 planned half and half: chi-square 20, p = 8e-6.
    seen = rows({("1", "treated"): draw(1, 100, 300), ("1", "holdout"): draw(2, 90, 200)})
    lift = the(read_lift(question(), seen))
    assert why(lift) is UndeterminedReason.SAMPLE_RATIO
    assert isinstance(lift.arm.mean, Undetermined)
    assert (lift.arm.closed, lift.against.closed) == (300, 200)


def test_a_sample_ratio_somewhat_off_warns_and_is_read() -> None:
    # 295 against 205: 0.001 < p < 0.01 by the test that is watched.
    seen = rows({("1", "treated"): draw(1, 100, 295), ("1", "holdout"): draw(2, 90, 205)})
    lift = the(read_lift(question(), seen))
    assert isinstance(lift.sample_ratio, SampleRatio)
    assert lift.sample_ratio.verdict is Verdict.WARN
    assert isinstance(lift.absolute, Effect)


def test_units_whose_window_is_open_count_in_the_sample_ratio() -> None:
    seen = rows(
        {("1", "treated"): draw(1, 100, 100), ("1", "holdout"): draw(2, 90, 100)},
        exposed={("1", "treated"): 300, ("1", "holdout"): 200},
    )
    assert why(the(read_lift(question(), seen))) is UndeterminedReason.SAMPLE_RATIO


# Strata, weights and totals.


def test_strata_are_combined_by_weight_and_never_pooled_raw() -> None:
    # A ramp from one tenth to nine tenths treated while everyone earns ten times more: pooled raw,
    # treatment would seem to earn 82 percentage points of that; within strata it earns nothing.
    seen = rows(
        {
            ("1", "treated"): draw(1, 100, 200),
            ("1", "holdout"): draw(1, 100, 1800),
            ("2", "treated"): draw(2, 1000, 1800),
            ("2", "holdout"): draw(2, 1000, 200),
        },
        shares={("1", "treated"): 0.1, ("1", "holdout"): 0.9, ("2", "treated"): 0.9, ("2", "holdout"): 0.1},
    )
    lift = the(read_lift(question(), seen))
    assert isinstance(lift.absolute, Effect)
    assert lift.arm.total / lift.arm.closed - lift.against.total / lift.against.closed > 700
    assert abs(lift.absolute.estimate) < 5
    assert lift.absolute.low < 0 < lift.absolute.high


def test_the_effect_is_over_the_exposed_and_the_total_over_the_treated() -> None:
    # Stratum 1: effect 10, 600 units, 300 treated. Stratum 2: effect 40, 300 units, 60 treated.
    # Over the exposed (600 * 10 + 300 * 40) / 900 = 20; on the treated 300 * 10 + 60 * 40 = 5400.
    def spread(mean: int, units: int) -> list[int]:
        return [mean - 5, mean + 5] * (units // 2)

    seen = rows(
        {
            ("1", "treated"): spread(110, 300),
            ("1", "holdout"): spread(100, 300),
            ("2", "treated"): spread(140, 60),
            ("2", "holdout"): spread(100, 240),
        },
        shares={("1", "treated"): 0.5, ("1", "holdout"): 0.5, ("2", "treated"): 0.2, ("2", "holdout"): 0.8},
    )
    lift = the(read_lift(question(), seen))
    assert isinstance(lift.absolute, Effect)
    assert isinstance(lift.relative, Effect)
    assert isinstance(lift.total, Effect)
    assert lift.absolute.estimate == pytest.approx(20, rel=1e-12)
    assert lift.relative.estimate == pytest.approx(0.2, rel=1e-12)
    assert lift.total.estimate == pytest.approx(5400, rel=1e-12)
    assert lift.arm.mean == pytest.approx(120, rel=1e-12)
    assert lift.against.mean == pytest.approx(100, rel=1e-12)


def test_each_arm_is_compared_with_every_one_before_it() -> None:
    arms = {("1", arm): draw(seed, 100 * seed, 60) for seed, arm in enumerate(("annual", "trial", "call"), 1)}
    third = {("1", arm): 1 / 3 for arm in ("annual", "trial", "call")}
    seen = rows(arms, contrast="arms", shares=third)
    report = read_lift(question(arms=("trial", "annual")), seen)
    found = [
        (lift.arm.arm, lift.against.arm)
        for lift in report.lifts
        if lift.contrast is Contrast.ARMS and lift.metric is Metric.CONVERSION
    ]
    assert found == [("annual", "trial"), ("call", "trial"), ("call", "annual")]


def test_one_arm_is_compared_with_nobody() -> None:
    seen = rows({("1", "only"): draw(1, 100, 60)}, contrast="arms", shares={("1", "only"): 1.0})
    assert {lift.contrast for lift in read_lift(question(), seen).lifts} == {Contrast.HOLDOUT}


def test_rows_of_a_metric_nobody_knows_are_refused() -> None:
    seen = rows({("1", "treated"): draw(1, 100, 60)})
    seen[Query.SUMS].append(("holdout", "1", "treated", "conversions", 1, 1, 1, 1))
    with pytest.raises(MeasurementError, match="did you mean conversion"):
        read_lift(question(), seen)


# The whole way.


def test_a_planted_effect_is_found_from_rows_and_the_report_is_plain_json() -> None:
    # Treated order 2000 more than the held out, whose orders are 500, 1000 or 1500.
    start = moment("2024-01-01")
    exposures, events = [], []
    for number in range(240):
        arm = "treated" if number % 2 else "holdout"
        unit = f"a:{number}"
        exposures.append(Exposure(unit, start + number, arm))
        amount = 500 * (1 + number // 2 % 3) + (2000 if arm == "treated" else 0)
        events.append(Told(unit, "Order Completed", start + DAY, {"amount": amount, "currency": "USD"}))
    world = DuckWorld(exposures, events)
    report = measure(question(), world.run, world.dialect)
    lift = the(report)
    assert isinstance(lift.absolute, Effect)
    assert isinstance(lift.total, Effect)
    assert lift.absolute.estimate == pytest.approx(2000)
    assert lift.absolute.low < 2000 < lift.absolute.high
    assert lift.total.estimate == pytest.approx(2000 * 120)
    assert the(report, Metric.CONVERSION).absolute != lift.absolute
    assert msgspec.json.decode(msgspec.json.encode(report), type=LiftReport) == report


def test_what_was_drawn_by_account_is_not_read_as_if_its_people_were_independent() -> None:
    made = rows({("1", "treated"): [0, 100] * 200, ("1", "holdout"): [0, 50] * 200})
    plain = msgspec.structs.replace(question(), is_clustered=False)
    clustered = msgspec.structs.replace(plain, is_clustered=True)
    read, refused = (
        next(
            one
            for one in read_lift(asked, made).lifts
            if one.metric is Metric.NET_COMMITTED_REVENUE and one.contrast is Contrast.HOLDOUT
        )
        for asked in (plain, clustered)
    )
    assert isinstance(read.absolute, Effect)
    for answer in (refused.absolute, refused.relative, refused.total, refused.sample_ratio):
        assert isinstance(answer, Undetermined)
        assert answer.reason is UndeterminedReason.CLUSTERED
    # What is there is still told: sizes and means are no claim about chance.
    assert (refused.arm, refused.against) == (read.arm, read.against)
