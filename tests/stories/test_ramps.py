"""Ramps and strata: who is outside is in no arm, who was inside stays; steps and prices are strata."""

from __future__ import annotations

import pytest

from tests.stories.world import CATALOG, DAY, START, Reason, Story, make_program, workflow
from upsell.clock import format_moment, to_datetime
from upsell.decisions.assignment import is_drawn
from upsell.decisions.ramps import RampStep, ask_ramp
from upsell.journeys.explain import explain
from upsell.journeys.program import Program, with_earlier

GATE = "{on: Feature Gate Hit, again_after: 1 seconds}"
KEEN = "{when: customer.keen}"
HELP = "[{email: {content: t1, intent: help}}]"
TWICE = "[{email: {content: t1, intent: help}}, {wait: 5 days}, {email: {content: t2, intent: help}}]"
STEPS = ", ramp: [{}]".format(
    ", ".join(
        f"{{from: '{format_moment(START + days * DAY)}', share: {share}}}"
        for days, share in ((-1, "5%"), (3, "25%"), (10, "100%"))
    )
)
SALT = "w/ramp"
NAMES = [f"c:u{number}" for number in range(400)]


def ramped(ramp: str, *, trigger: str = KEEN, journey: str = HELP, **more: str) -> Program:
    return make_program({"w": workflow(trigger=trigger, journey=journey, experiment=ramp, **more)})


def drawn_between(low: float, high: float) -> str:
    """Give the first customer whom a ramp of ``high`` takes in and one of ``low`` does not."""
    return next(
        name
        for name in NAMES
        if is_drawn(high, SALT, name) and not is_drawn(low, SALT, name) and not is_drawn(0.1, "w", name)
    )


INSIDE, SECOND, THIRD = drawn_between(0, 0.05), drawn_between(0.05, 0.25), drawn_between(0.25, 1)


def keen_story(program: Program, name: str) -> Story:
    return Story(program, name).happens("Customer Identified", email="a@example.com", keen=True)


def test_who_is_outside_the_ramp_waits_and_is_neither_held_out_nor_exposed() -> None:
    story = keen_story(ramped(STEPS), SECOND)
    (decision,) = story.decisions()
    assert decision.reason is Reason.NOT_IN_RAMP
    assert [seen.term for seen in decision.seen] == ["ramp", "drawn"]
    assert decision.seen[0].value == 0.05
    assert story.exposures() == []
    assert story.unit().watches["w"].waiting is not None


def test_a_step_takes_in_who_waits_for_it_at_its_own_moment_and_not_before() -> None:
    story = keen_story(ramped(STEPS), SECOND).after(3 * DAY - 1)
    assert story.reasons() == [Reason.NOT_IN_RAMP]
    story.after(1)
    assert story.reasons()[:2] == [Reason.NOT_IN_RAMP, Reason.ENROLLED]
    assert story.contents() == ["t1"]


def test_whoever_waits_longer_than_candidates_do_lapses_and_may_try_again_at_the_next_firing() -> None:
    story = keen_story(ramped(", ramp: 5%"), THIRD).after(14 * DAY)
    assert story.reasons() == [Reason.NOT_IN_RAMP, Reason.LAPSED]
    story.happens("Customer Identified", keen=False).happens("Customer Identified", keen=True)
    assert story.reasons()[2:] == [Reason.NOT_IN_RAMP]


def test_who_waits_for_the_ramp_waits_no_longer_than_the_trigger_is_true() -> None:
    story = keen_story(ramped(STEPS), THIRD).after(DAY).happens("Customer Identified", keen=False)
    story.after(20 * DAY)
    assert story.reasons() == [Reason.NOT_IN_RAMP, Reason.TRIGGER_GONE]


def test_a_ramp_grown_by_hand_lets_in_who_waits_when_it_goes_live() -> None:
    before, after = ramped(", ramp: 5%"), ramped(", ramp: 25%")
    first = keen_story(before, SECOND).after(DAY)
    later = Story(with_earlier(after, before.workflows.values()), household=first.household)
    later.now = first.now
    assert later.launches().reasons()[0] is Reason.ENROLLED


def test_who_was_let_in_goes_on_as_they_began_when_the_ramp_grows() -> None:
    story = keen_story(ramped(STEPS, journey=TWICE), INSIDE).after(6 * DAY)
    assert story.contents() == ["t1", "t2"]
    assert [exposure.stratum.rpartition(" ramp ")[2] for exposure in story.exposures()] == ["5%"]


def test_each_step_is_a_stratum_beside_version_and_share_held_out() -> None:
    program = ramped(STEPS, holdout="10%")
    version = program.workflows["w"].version
    strata = {
        name: keen_story(program, name).after(10 * DAY).exposures()[0].stratum
        for name in (INSIDE, SECOND, THIRD)
    }
    assert strata == {
        INSIDE: f"{version} holdout 10% ramp 5%",
        SECOND: f"{version} holdout 10% ramp 25%",
        THIRD: f"{version} holdout 10% ramp 100%",
    }


def test_within_a_ramp_as_many_are_held_out_as_without_one() -> None:
    program = ramped(", ramp: 25%", holdout="50%")
    let_in = [name for name in NAMES if ask_ramp([RampStep(0.25)], SALT, name, 0) is None]
    for name in let_in[:40]:
        first = keen_story(program, name).reasons()[0]
        assert first is (Reason.HELD_OUT if is_drawn(0.5, "w", name) else Reason.ENROLLED)


def test_the_ramp_is_asked_before_the_control_so_that_no_control_is_drawn_outside_it() -> None:
    text = workflow(trigger=KEEN, journey=HELP, experiment=", ramp: 25%")
    program = make_program({"w": text}, policy="policy: {global_control: 50%}\n")
    for name in NAMES[:40]:
        first = keen_story(program, name).reasons()[0]
        if not is_drawn(0.25, SALT, name):
            assert first is Reason.NOT_IN_RAMP
        else:
            assert first is (Reason.CONTROL if is_drawn(0.5, "control", name) else Reason.ENROLLED)


def test_the_ramp_is_asked_after_every_other_gate() -> None:
    program = ramped(", ramp: 0%", eligible="[customer.adult]")
    assert keen_story(program, INSIDE).reasons() == [Reason.INELIGIBLE]


def test_a_workflow_that_drops_who_is_blocked_refuses_who_is_outside() -> None:
    story = keen_story(ramped(", ramp: 5%", more="blocked: drop"), SECOND)
    assert story.reasons() == [Reason.NOT_IN_RAMP]
    assert story.unit().watches["w"].waiting is None


def test_explain_says_how_far_the_ramp_is_and_when_it_takes_them_in() -> None:
    program = ramped(STEPS)
    story = keen_story(program, SECOND)
    (told,) = explain(program, story.household, SECOND, story.now)
    assert told.reason is Reason.NOT_IN_RAMP
    assert not told.would_enter
    assert "ramp is 0.05, drawn is 0." in told.words
    assert f"until {to_datetime(START + 3 * DAY):%Y-%m-%d %H:%M} UTC" in told.words


@pytest.mark.parametrize("share", ["100%", "1"])
def test_a_ramp_open_to_all_is_none(share: str) -> None:
    bare, ramp = ramped(""), ramped(f", ramp: {share}")
    assert ramp.workflows["w"].version == bare.workflows["w"].version
    assert ramped(", ramp: 99%").workflows["w"].version != bare.workflows["w"].version


def test_a_date_begins_with_its_day_in_the_teams_zone() -> None:
    program = ramped(", ramp: [{from: 2026-03-05, share: 100%}]")
    # Midnight in Berlin is eleven in the evening before, in UTC, in winter.
    story = keen_story(program, SECOND)
    (decision,) = story.decisions()
    waiting = story.unit().watches["w"].waiting
    assert decision.reason is Reason.NOT_IN_RAMP
    assert waiting is not None
    assert waiting.retry_at is not None
    assert format_moment(waiting.retry_at) == "2026-03-04T23:00:00Z"


OFFER = "[{email: {content: t1, intent: offer, offer: pro-annual}}]"


def test_a_changed_price_opens_a_stratum_though_the_workflow_is_the_same() -> None:
    text = workflow(trigger=KEEN, journey=OFFER)
    before = make_program({"w": text})
    after = make_program({"w": text}, catalog=CATALOG.replace("month: 149", "month: 159"))
    other = make_program({"w": text}, catalog=CATALOG.replace("month: 49", "month: 59"))
    assert before.workflows["w"].version == after.workflows["w"].version
    stratum, dearer, same = (
        keen_story(each, SECOND).exposures()[0].stratum for each in (before, after, other)
    )
    assert stratum.startswith(f"{before.workflows['w'].version} holdout 0% prices ")
    assert stratum == same != dearer


def test_what_offers_nothing_has_no_price_in_its_stratum() -> None:
    program = ramped("")
    (exposure,) = keen_story(program, SECOND).exposures()
    assert exposure.stratum == f"{program.workflows['w'].version} holdout 0%"
