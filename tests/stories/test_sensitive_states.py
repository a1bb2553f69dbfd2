"""Sensitive states: what starts and holds them, by event, by condition, by rule, for one or for everyone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.world import DAY, HOUR, START, Reason, Story, make_program, workflow
from upsell.decisions.incidents import ASKED_EACH, RELEASED_OVER, Incident
from upsell.errors import DefinitionError
from upsell.journeys.advance import advance
from upsell.journeys.explain import explain
from upsell.journeys.gate import ask_gate
from upsell.journeys.program import Program, with_incidents

Said = dict[str, Any]

GATE = "{on: Feature Gate Hit, again_after: 1 seconds}"
OFFER = "[{email: {content: t1, intent: offer, offer: pro-annual}}]"
SHOW = "[{email: {content: t1, intent: show}}]"
HELP = "[{email: {content: t1, intent: help}}]"


def offering(policy: str = "", *, journey: str = OFFER, **more: str) -> Program:
    return make_program({"w": workflow(trigger=GATE, journey=journey)}, policy=policy, **more)


def silenced(story: Story) -> bool:
    """Whether a candidate that comes now is silenced by a sensitive state."""
    before = len(story.mails())
    story.happens("Feature Gate Hit")
    assert (story.reasons()[-1] is Reason.SENSITIVE) is (len(story.mails()) == before)
    return len(story.mails()) == before


def rule_of(story: Story) -> str:
    return story.decisions()[-1].rule


@pytest.mark.parametrize(
    ("answer", "is_low"),
    [
        ({"kind": "nps", "score": 6}, True),
        ({"kind": "nps", "score": 7}, False),
        ({"kind": "csat", "score": 2}, True),
        ({"kind": "csat", "score": 3}, False),
        ({"kind": "ces", "score": 1}, False),
        ({"kind": "nps"}, False),
        ({"score": 0}, False),
    ],
)
def test_low_satisfaction_silences_offers_for_sixty_days_and_a_good_answer_does_not(
    answer: Said, is_low: bool
) -> None:
    assert silenced(Story(offering()).happens("Survey Answered", **answer)) is is_low
    if is_low:
        later = Story(offering()).happens("Survey Answered", **answer).after(60 * DAY - 1)
        assert silenced(later)
        assert not silenced(Story(offering()).happens("Survey Answered", **answer).after(60 * DAY))


def test_a_severe_ticket_stops_even_help_and_a_mild_one_does_not() -> None:
    for severity, is_silent in (("urgent", True), ("high", True), ("low", False), (None, False)):
        story = Story(offering(journey=HELP)).happens("Ticket Opened", ticket_id="7", severity=severity)
        assert silenced(story) is is_silent


def test_a_state_may_ask_what_its_starting_event_says() -> None:
    policy = (
        "policy: {states: {open_ticket: {where: \"properties.severity = 'urgent'\"}, severe_ticket: off}}\n"
    )
    assert not silenced(Story(offering(policy)).happens("Ticket Opened", ticket_id="7", severity="low"))
    assert silenced(Story(offering(policy)).happens("Ticket Opened", ticket_id="7", severity="urgent"))


def test_an_event_that_starts_and_ends_a_state_ends_it_where_the_condition_is_false() -> None:
    policy = (
        "policy: {states: {unhappy: {starts: [Mood Told], ends: [Mood Told], where: properties.mood < 3}}}\n"
    )
    story = Story(offering(policy)).happens("Mood Told", mood=1)
    assert silenced(story)
    assert silenced(story.happens("Mood Told", mood="unclear"))
    assert not silenced(Story(offering(policy)).happens("Mood Told", mood=1).happens("Mood Told", mood=4))


def test_onboarding_stops_the_offer_and_not_the_feature_until_the_days_are_over() -> None:
    created: Said = {"created_at": "2026-03-01T09:00:00Z"}
    assert silenced(Story(offering()).happens("Customer Identified", **created))
    assert rule_of(
        Story(offering()).happens("Customer Identified", **created).happens("Feature Gate Hit")
    ) == ("onboarding")
    assert not silenced(Story(offering(journey=SHOW)).happens("Customer Identified", **created))
    waiting = Story(offering()).happens("Customer Identified", **created).happens("Feature Gate Hit")
    waiting.after(13 * DAY - 1)
    assert waiting.mails() == []
    waiting.after(1)
    assert waiting.contents() == ["t1"]


def new_customer() -> Story:
    return Story(offering()).happens("Customer Identified", createdAt="2026-03-01T09:00:00Z")


def test_onboarding_ends_when_it_is_said_to_be_finished_and_needs_to_know_the_beginning() -> None:
    assert silenced(new_customer())
    assert not silenced(new_customer().happens("Onboarding Finished"))
    assert not silenced(Story(offering()))


def used(story: Story, times: int, *, ago: int = 0) -> Story:
    for place in range(times):
        story.happens("Feature Used", feature="export", ago=ago + place * HOUR)
    return story


def test_falling_engagement_is_at_risk_and_leaves_help_alone() -> None:
    for before, lately, is_silent in ((20, 10, True), (20, 11, False), (19, 0, False)):
        story = used(used(Story(offering()), before, ago=30 * DAY), lately, ago=DAY)
        assert silenced(story) is is_silent
    helping = used(Story(offering(journey=HELP)), 20, ago=30 * DAY)
    assert not silenced(helping)


def test_an_account_at_risk_silences_offers_to_its_members() -> None:
    story = Story(offering(), "a:acme").member("ada").member("bob")
    for place in range(20):
        story.happens("Feature Used", by="ada", feature="export", ago=30 * DAY + place * HOUR)
    story.happens("Feature Gate Hit", by="bob")
    assert story.mails() == []
    assert rule_of(story) == "at_risk"


def test_a_built_in_rule_state_can_be_turned_off_moved_or_written_anew() -> None:
    created: Said = {"created_at": "2026-03-01T09:00:00Z"}
    off = "policy: {states: {onboarding: off}}\n"
    assert not silenced(Story(offering(off)).happens("Customer Identified", **created))
    moved = "lifecycle: {onboarding: 12 hours}\n"
    assert not silenced(Story(offering(moved)).happens("Customer Identified", **created))
    wider = "policy: {states: {onboarding: {stops: [show, offer]}}}\n"
    assert silenced(Story(offering(wider, journey=SHOW)).happens("Customer Identified", **created))
    by_events = "policy: {states: {onboarding: {starts: [Joined], ends: [Ready]}}}\n"
    assert not silenced(Story(offering(by_events)).happens("Customer Identified", **created))
    assert silenced(Story(offering(by_events)).happens("Joined"))
    signal: Said = {"signals": "at_risk: customer.health = 'red'\n"}
    assert silenced(Story(offering(**signal)).happens("Customer Identified", health="red"))


def test_what_only_events_can_have_is_refused_beside_a_rule() -> None:
    for extra in ("cool_down: 3 days", "key: id", "ends: [Ready]", "where: properties.a = 1"):
        with pytest.raises(DefinitionError) as caught:
            offering(f"policy: {{states: {{new: {{when: customer.new, {extra}}}}}}}\n")
        assert {problem.code for problem in caught.value.problems} == {"state-without-events"}


def test_a_trait_declared_as_something_else_than_a_built_in_signal_reads_is_said() -> None:
    with pytest.raises(DefinitionError) as caught:
        offering("traits: {account: {created_at: text}}\n")
    assert [problem.code for problem in caught.value.problems] == ["built-in-signal"]
    offering("traits: {account: {created_at: text}}\n", signals="onboarding: false\n")
    offering("traits: {account: {created_at: text}}\npolicy: {states: {onboarding: off}}\n")


OPEN = Incident("INC-1", "mail is slow", START + HOUR)
OVER = Incident("INC-1", "mail is slow", START + HOUR, START + 5 * HOUR)


def test_an_incident_for_everyone_silences_from_its_start_to_a_day_after_its_end() -> None:
    program = with_incidents(offering(journey=HELP), (OVER,))
    for at, is_silent in (
        (HOUR - 1, False),
        (HOUR, True),
        (5 * HOUR + DAY - 1, True),
        (5 * HOUR + DAY, False),
    ):
        assert silenced(Story(program).after(at)) is is_silent, at


def test_an_incident_known_to_end_later_is_open_until_then() -> None:
    still_open = Story(with_incidents(offering(), (OPEN,))).after(2 * HOUR).happens("Feature Gate Hit")
    known = Story(with_incidents(offering(), (OVER,))).after(2 * HOUR).happens("Feature Gate Hit")
    assert still_open.decisions() == known.decisions()
    assert still_open.household == known.household


def test_who_waits_for_an_incident_is_asked_again_within_the_hour_after_it_is_forgotten() -> None:
    story = Story(with_incidents(offering(), (OVER,))).after(2 * HOUR).happens("Feature Gate Hit")
    story.after(3 * HOUR + DAY)
    assert story.mails() == []
    story.after(max(RELEASED_OVER, 2 * ASKED_EACH))
    assert story.contents() == ["t1"]


def test_the_gate_before_sending_sees_an_incident_that_began_since() -> None:
    program = offering()
    story = Story(program, delivers=False).happens("Feature Gate Hit")
    (mail,) = story.mails()
    assert ask_gate(program, story.household, mail, START) is None
    refused = ask_gate(with_incidents(program, (OPEN,)), story.household, mail, START + HOUR)
    assert refused is not None
    assert refused.reason is Reason.SENSITIVE
    assert refused.rule == "incident"


def test_with_the_state_turned_off_an_incident_for_everyone_silences_nobody() -> None:
    program = with_incidents(offering("policy: {states: {incident: off}}\n"), (OPEN,))
    assert not silenced(Story(program).after(2 * HOUR))


def test_splitting_the_inputs_changes_nothing_while_an_incident_comes_and_goes() -> None:
    program = with_incidents(offering(), (OVER,))
    story = Story(program).after(30 * 60_000_000).happens("Feature Gate Hit").after(2 * HOUR)
    story.happens("Feature Gate Hit").after(2 * DAY)
    fresh = Story(program).household
    whole, _ = advance(program, fresh, story.inputs)
    for cut in range(len(story.inputs)):
        first, _ = advance(program, fresh, story.inputs[:cut])
        second, _ = advance(program, first, story.inputs[cut:])
        assert second == whole


def test_explain_names_the_incident_and_the_rule_that_holds_a_state() -> None:
    program = with_incidents(offering(), (OPEN,))
    story = Story(program).after(2 * HOUR)
    (answer,) = explain(program, story.household, "c:ada", story.now)
    assert "mail is slow" in answer.words
    risky = used(Story(offering()), 20, ago=30 * DAY)
    (answer,) = explain(offering(), risky.household, "c:ada", risky.now)
    assert "(at_risk)" in answer.words
