"""Strata as the core names them, read by measurement: weighed, and never pooled raw."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stories.world import DAY, START, Story, make_program, workflow
from upsell.decisions.decision import Exposure
from upsell.ids import UnitId, share
from upsell.journeys.program import Program
from upsell.measurement.answers import Effect
from upsell.measurement.question import Contrast, Metric, Question
from upsell.measurement.sample_ratio import SampleRatio, Verdict
from upsell.runtime.outcomes import Ledger, read_lifts
from upsell.signals.events import Event

GATE = "{on: Feature Gate Hit, again_after: 1 seconds}"
HELP = "[{email: {content: t1, intent: help}}]"
GOAL = "Subscription Upgraded"


def program_of(holdout: str, ramp: str) -> Program:
    experiment = f", ramp: {ramp}"
    return make_program({"w": workflow(trigger=GATE, journey=HELP, holdout=holdout, experiment=experiment)})


def exposures_of(program: Program, names: range, at: int) -> Iterator[Exposure]:
    for number in names:
        story = Story(program, f"c:u{number}")
        story.now = START + at
        yield from story.happens("Feature Gate Hit").exposures()


def conversions(exposures: list[Exposure], rates: dict[str, float]) -> Iterator[tuple[UnitId, Event]]:
    """Whoever is exposed converts at the rate of their stratum, whatever the arm."""
    for number, exposure in enumerate(exposures):
        if share("converts", exposure.unit_id) < rates[exposure.stratum]:
            at = exposure.exposed_at + DAY
            yield exposure.unit_id, Event(str(number), GOAL, at, at, customer_id=exposure.unit_id[2:])


def test_a_ramp_whose_holdout_changes_is_read_stratum_by_stratum() -> None:
    # First a quarter of the units with 20 % held out, when many convert; then all, half of them held out,
    # when few do. Nothing the workflow says changes anything.
    first = list(exposures_of(program_of("20%", "25%"), range(4_000), 0))
    second = list(exposures_of(program_of("50%", "100%"), range(4_000, 5_000), DAY))
    rates = {first[0].stratum: 0.6, second[0].stratum: 0.2}
    assert len(rates) == len({exposure.stratum for exposure in [*first, *second]}) == 2
    exposures = [*first, *second]
    events = list(conversions(exposures, rates))
    question = Question("w", GOAL, 30 * DAY, START + 100 * DAY, "USD")
    lift = next(
        one
        for one in read_lifts(Ledger.of(exposures, events), question).lifts
        if one.contrast is Contrast.HOLDOUT and one.metric is Metric.CONVERSION
    )
    converted = {unit_id for unit_id, _ in events}
    assert isinstance(lift.absolute, Effect)
    assert isinstance(lift.sample_ratio, SampleRatio)
    assert lift.sample_ratio.verdict is Verdict.GOOD
    assert lift.strata == 2
    # Oracle: the definition, from the exposures themselves.
    weighed = sum(
        len(stratum) / len(exposures) * difference(stratum, converted) for stratum in (first, second)
    )
    assert lift.absolute.estimate == pytest.approx(weighed, abs=1e-12)
    assert lift.absolute.low < 0 < lift.absolute.high
    assert abs(difference(exposures, converted)) > 0.1, "pooled raw it would have seemed to harm or help"


def difference(exposures: list[Exposure], converted: set[UnitId]) -> float:
    means = {}
    for arm in ("treated", "holdout"):
        units = [exposure.unit_id for exposure in exposures if exposure.arm == arm]
        means[arm] = sum(unit in converted for unit in units) / len(units)
    return means["treated"] - means["holdout"]
