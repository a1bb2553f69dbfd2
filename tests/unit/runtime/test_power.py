"""What power makes of a history: its rate of late, and a ramp counted from its first step."""

from __future__ import annotations

import pytest

from upsell.clock import DAY
from upsell.decisions.ramps import RampStep
from upsell.errors import ConfigError
from upsell.journeys.workflow import Experiment
from upsell.measurement.answers import Undetermined
from upsell.measurement.power import Baseline, RampDay
from upsell.measurement.question import Metric
from upsell.measurement.sums import Sums
from upsell.runtime.power import LEAST_LATELY, Lift, ramp_days, rate_of, read_lift_asked


def test_the_rate_is_that_of_the_second_half_where_it_holds_enough() -> None:
    # A hundred in the first five days, who were there already; then four a day.
    burst = [at * DAY // 20 for at in range(100)]
    later = [(50 + at) * DAY + DAY * part // 4 for at in range(50) for part in range(4)]
    assert rate_of([*burst, *later], 0, 100 * DAY) == (4.0, True)
    few = [*burst, *later[: LEAST_LATELY - 1]]
    assert rate_of(few, 0, 100 * DAY) == (len(few) / 100, False)
    assert rate_of([], 0, 100 * DAY) == (0.0, False)
    assert rate_of([5], 5, 5) == (0.0, False)


def test_a_ramp_is_counted_from_its_first_step() -> None:
    steps = (RampStep(0.01, 100 * DAY), RampStep(0.25, 107 * DAY), RampStep(1.0, 121 * DAY))
    assert ramp_days(Experiment(0.1, "s", ramp=steps)) == (
        RampDay(0, 0.01),
        RampDay(7 * DAY, 0.25),
        RampDay(21 * DAY, 1.0),
    )
    assert ramp_days(Experiment(0.1, "s", ramp=(RampStep(0.05),))) == (RampDay(0, 0.05),)
    assert ramp_days(Experiment(0.1, "s")) == ()


@pytest.mark.parametrize(
    ("text", "lift"),
    [("10%", Lift(0.1)), ("2.5 %", Lift(0.025)), ("2pp", Lift(None, 0.02)), ("0.5 pp", Lift(None, 0.005))],
)
def test_a_lift_is_a_share_of_what_is_there_or_points(text: str, lift: Lift) -> None:
    assert read_lift_asked(text) == lift


@pytest.mark.parametrize("text", ["", "10", "-5%", "0pp", "%", "10 percent"])
def test_any_other_lift_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected a lift above zero"):
        read_lift_asked(text)


def test_a_lift_is_taken_over_the_baseline_or_said_to_mean_nothing() -> None:
    rate = Baseline(Metric.CONVERSION, Sums(200, 20, 20, 20))
    money = Baseline(Metric.NET_COMMITTED_REVENUE, Sums(2, 300, 50_000, 9_000_000))
    assert Lift(0.1).over(rate) == pytest.approx(0.01)
    assert Lift(None, 0.02).over(rate) == 0.02
    assert Lift(0.1).over(money) == pytest.approx(15)
    nobody = Baseline(Metric.CONVERSION, Sums(200, 0, 0, 0))
    assert isinstance(Lift(None, 0.02).over(money), Undetermined)
    assert isinstance(Lift(0.1).over(nobody), Undetermined)
