"""Freezing: a journey is frozen while a state stops what it would say, from when that state began.

Time it stood still for another reason is none of it, and whatever has passed in between, the trigger is
asked again before anything is said that the state would have stopped.
"""

from __future__ import annotations

import msgspec

from tests.stories.world import DAY, HOUR, Reason, Story, make_program, workflow
from upsell.journeys.program import with_earlier

HELP, SHOW = "{email: {content: t1, intent: help}}", "{email: {content: t2, intent: show}}"
HOT = "{when: customer.hot = 1}"
CAPS = "policy: {caps: [{at_most: 1, within: 20 days}], patience: 14 days}\n"


def story(journey: str, *, trigger: str = HOT, policy: str = "", holdout: str = "0%") -> Story:
    text = workflow(trigger=trigger, journey=journey, holdout=holdout)
    return Story(make_program({"w": text}, policy=policy)).happens("Customer Identified", hot=1)


def opened(told: Story, ticket: str = "1") -> Story:
    return told.happens("Ticket Opened", ticket_id=ticket)


def closed(told: Story, ticket: str = "1") -> Story:
    return told.happens("Ticket Closed", ticket_id=ticket)


def test_a_state_that_comes_and_goes_within_a_wait_has_the_trigger_asked_again() -> None:
    for holdout in ("0%", "99.99%"):
        for hot, reason in ((0, Reason.TRIGGER_GONE), (1, Reason.FINISHED)):
            told = opened(story(f"[{HELP}, {{wait: 10 days}}, {SHOW}]", holdout=holdout).after(DAY)).after(
                DAY
            )
            closed(told.happens("Customer Identified", hot=hot)).after(20 * DAY)
            assert told.reasons()[-1] is reason
            shown = [e for e in told.recorded() if e.properties.get("intent") == "show"]
            assert len(shown) == hot


def test_without_a_state_a_journey_goes_on_though_its_trigger_has_gone() -> None:
    told = story(f"[{HELP}, {{wait: 10 days}}, {SHOW}]").after(DAY).happens("Customer Identified", hot=0)
    assert told.after(20 * DAY).contents() == ["t1", "t2"]


def test_a_state_that_ended_before_it_began_asks_nothing() -> None:
    told = Story(make_program({"w": workflow(trigger=HOT, journey=f"[{HELP}, {{wait: 1 day}}, {SHOW}]")}))
    closed(opened(told).after(DAY)).after(30 * DAY).happens("Customer Identified", hot=1)
    assert told.happens("Customer Identified", hot=0).after(9 * DAY).contents() == ["t1", "t2"]


def test_what_a_state_does_not_stop_is_said_without_asking() -> None:
    service = "{email: {content: t2, intent: service}}"
    told = opened(story(f"[{HELP}, {{wait: 10 days}}, {service}]").after(DAY)).after(DAY)
    closed(told.happens("Customer Identified", hot=0)).after(20 * DAY)
    assert told.contents() == ["t1", "t2"]


def test_a_journey_is_frozen_from_when_the_state_began_also_within_a_wait() -> None:
    told = opened(story(f"[{HELP}, {{wait: 30 days}}, {SHOW}]").after(DAY)).after(29 * DAY)
    assert told.reasons()[-1] is Reason.FROZEN_TOO_LONG
    told = opened(story(f"[{HELP}, {{wait: 10 days}}, {SHOW}]").after(DAY)).after(14 * DAY - 1)
    assert told.reasons()[-1] is Reason.FROZEN
    assert told.after(1).reasons()[-1] is Reason.FROZEN_TOO_LONG


def test_a_state_from_before_the_journey_freezes_it_from_where_it_stands_still() -> None:
    policy = (
        "policy: {states: {onboarding: {starts: [Account Opened], ends: [Set Up], stops: [show, offer]}}}\n"
    )
    told = story(f"[{HELP}, {{wait: 20 days}}, {SHOW}]", policy=policy, trigger="{on: A}")
    told.happens("Account Opened").happens("A").after(33 * DAY)
    assert told.reasons()[-1] is Reason.FROZEN
    assert told.happens("Set Up").contents() == ["t1", "t2"]


def test_a_state_that_begins_with_the_journey_freezes_it_from_where_it_stands_still() -> None:
    state = "{starts: [Account Opened], ends: [Set Up], stops: [show, offer]}"
    policy = f"policy: {{states: {{onboarding: {state}}}}}\n"
    told = story(f"[{HELP}, {{wait: 20 days}}, {SHOW}]", policy=policy, trigger="{on: Account Opened}")
    told.happens("Account Opened").after(33 * DAY)
    assert told.happens("Set Up").contents() == ["t1", "t2"]


def test_a_paused_workflow_freezes_its_journeys_as_long_as_a_state_would() -> None:
    for step in (SHOW, "{webhook: {url: 'https://hooks.acme.example/x'}}"):
        before, paused = (
            make_program({"w": workflow(trigger="{on: A}", journey=f"[{{wait: 1 day}}, {step}]", more=more)})
            for more in ("", "status: paused")
        )
        told = Story(before).happens("A")
        later = Story(with_earlier(paused, before.workflows.values()), household=told.household)
        later.now = told.now
        later.launches().after(15 * DAY - 1)
        assert later.reasons() == [Reason.FROZEN]
        assert later.after(1).reasons()[-1] is Reason.FROZEN_TOO_LONG
        assert later.mails() == []


def test_time_spent_capped_is_no_time_spent_frozen() -> None:
    told = story(f"[{HELP}, {{wait: 1 day}}, {SHOW}, {{wait: 5 days}}]", policy=CAPS, trigger="{on: A}")
    told.happens("A").after(13 * DAY)
    assert told.reasons()[-1] is Reason.CAPPED
    opened(told).after(5 * DAY)
    assert told.reasons()[-1] is Reason.FROZEN
    assert len(told.enrollments()) == 1


def test_a_freeze_does_not_begin_the_patience_of_a_cap_anew() -> None:
    told = story(f"[{HELP}, {{wait: 1 day}}, {SHOW}, {{wait: 5 days}}]", policy=CAPS, trigger="{on: A}")
    told.happens("A").after(10 * DAY)
    closed(opened(told).after(HOUR)).after(5 * DAY - HOUR)
    assert Reason.LAPSED in told.reasons(), "fourteen days after it was capped first, on the second day"


def test_a_row_from_before_the_two_were_told_apart_keeps_its_patience() -> None:
    told = story(f"[{HELP}, {{wait: 1 day}}, {SHOW}, {{wait: 5 days}}]", policy=CAPS, trigger="{on: A}")
    told.happens("A").after(3 * DAY)
    (going,) = told.enrollments()
    going.held_since, going.capped_since = going.capped_since, None
    assert b"capped_since" not in msgspec.json.encode(going)
    told.after(12 * DAY)
    assert Reason.LAPSED in told.reasons()
