"""Segments: who is in one is watched live by its rule, and every change is an event."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.stories.world import DAY, HOUR, START, Reason, Story, make_program, workflow
from upsell.clock import Moment
from upsell.journeys.explain import explain_segments
from upsell.journeys.household import Membership, empty_household
from upsell.journeys.program import Program
from upsell.signals.events import Event

KEEN = "keen: {unit: customer, rule: \"event_count('Pricing Viewed', interval '2 days') >= 2\"}\n"
PAYING = "paying: {unit: customer, rule: plan.tier >= 1}\n"
ENTERED, LEFT = "Segment Entered", "Segment Left"


def changes(story: Story) -> list[tuple[Moment, str, str]]:
    """When each change of membership happened, and to which unit's membership of which segment."""
    return [
        (told.occurred_at, told.name, f"{told.properties['unit']} {told.properties['segment']}")
        for told in story.recorded()
        if told.name in (ENTERED, LEFT)
    ]


def told(story: Story) -> list[Event]:
    return [event for event in story.recorded() if event.name in (ENTERED, LEFT)]


def on(event: str, segment: str, *, unit: str = "customer") -> str:
    trigger = f"{{on: {event}, where: \"properties.segment = '{segment}'\", again_after: 1 hours}}"
    return workflow(trigger=trigger, unit=unit, journey="[{email: {content: t1, intent: help}}]")


def test_a_unit_enters_as_the_rule_becomes_true_and_leaves_at_the_very_instant_it_no_longer_is() -> None:
    story = Story(make_program({}, segments=KEEN))
    story.happens("Pricing Viewed").after(HOUR).happens("Pricing Viewed").happens("Pricing Viewed")
    assert story.unit().segments == {"keen": Membership(START + HOUR, START + HOUR + 2 * DAY)}
    story.after(9 * DAY)
    # The two views of an hour later leave the window together.
    assert changes(story) == [
        (START + HOUR, ENTERED, "c:ada keen"),
        (START + HOUR + 2 * DAY, LEFT, "c:ada keen"),
    ]
    assert story.unit().segments == {}


def test_entering_starts_a_workflow_leaving_ends_a_wait_and_a_goal_may_be_either() -> None:
    trigger = "{on: Segment Entered, where: \"properties.segment = 'keen'\"}"
    journey = (
        "[{email: {content: t1, intent: help}}, {wait: {for: Segment Left, up_to: 9 days}},"
        " {if: arrived, then: [{email: {content: t2, intent: help}}], else: []}, {wait: 9 days}]"
    )
    goal = "{event: Segment Entered, within: 9 days}"
    text = workflow(trigger=trigger, journey=journey, goal=goal)
    story = Story(make_program({"w": text}, segments=KEEN))
    story.happens("Pricing Viewed").happens("Pricing Viewed")
    assert story.contents() == ["t1"]
    story.after(2 * DAY)
    assert story.contents() == ["t1", "t2"]
    story.happens("Pricing Viewed").happens("Pricing Viewed")
    assert story.reasons() == [Reason.ENROLLED, Reason.GOAL_REACHED, Reason.COOLING_DOWN]
    assert story.enrollments() == []


def test_rules_count_changes_of_membership_and_a_segment_may_count_those_of_another() -> None:
    lapsed = (
        "lapsed: {unit: customer, rule: \"event_count('Segment Left', interval '5 days',"
        " properties.segment = 'keen') >= 1 and not keen\"}\n"
    )
    when = "{when: \"event_count('Segment Entered', interval '30 days') >= 3\"}"
    text = workflow(trigger=when, journey="[{email: {content: t1, intent: help}}]")
    story = Story(make_program({"w": text}, segments=lapsed + KEEN))
    story.happens("Pricing Viewed").happens("Pricing Viewed").after(3 * DAY)
    assert changes(story)[1:] == [
        (START + 2 * DAY, LEFT, "c:ada keen"),
        (START + 2 * DAY, ENTERED, "c:ada lapsed"),
    ]
    assert story.contents() == []
    story.happens("Pricing Viewed").happens("Pricing Viewed")
    assert changes(story)[3:] == [
        (START + 3 * DAY, ENTERED, "c:ada keen"),
        (START + 3 * DAY, LEFT, "c:ada lapsed"),
    ]
    assert story.contents() == ["t1"]


def test_a_segments_name_means_its_rule_in_other_rules() -> None:
    text = workflow(
        trigger="{when: keen and plan.tier = 0}", journey="[{email: {content: t1, intent: help}}]"
    )
    story = Story(make_program({"w": text}, segments=KEEN))
    story.happens("Pricing Viewed").happens("Pricing Viewed")
    assert story.contents() == ["t1"]


def test_history_changes_membership_is_told_as_history_and_starts_nothing() -> None:
    story = Story(make_program({"w": on(ENTERED, "keen")}, segments=KEEN))
    story.happens("Pricing Viewed", ago=HOUR, historical=True)
    story.happens("Pricing Viewed", ago=HOUR, historical=True)
    assert [(event.name, event.occurred_at, event.is_historical) for event in told(story)] == [
        (ENTERED, START, True)
    ]
    assert story.reasons() == [Reason.HISTORICAL]
    # What time changes afterwards happens now.
    story.after(2 * DAY)
    assert [(event.name, event.is_historical) for event in told(story)][1:] == [(LEFT, False)]


def launched(program: Program, before: Story) -> Story:
    story = Story(program, household=before.household)
    story.now = before.now
    return story.launches()


def test_whoever_matches_as_a_segment_goes_live_is_in_it_from_then_on_and_nothing_starts_or_ends() -> None:
    of_keen = "\"properties.segment = 'keen'\""
    wait = workflow(
        trigger="{on: Refund Asked}",
        journey=f"[{{wait: {{for: Segment Entered, where: {of_keen}, up_to: 9 days}}}},"
        " {email: {content: t2, intent: help}}]",
        goal=f"{{event: Segment Entered, where: {of_keen}, within: 9 days}}",
    )
    counting = (
        "counting: {unit: customer, rule: \"event_count('Segment Entered', interval '9 days',"
        " properties.segment = 'keen') >= 1\"}\n"
    )
    before = Story(make_program({"wait": wait}, segments=PAYING)).happens("Subscription Started", plan="pro")
    before.happens("Refund Asked").happens("Pricing Viewed").happens("Pricing Viewed").after(HOUR)
    # Counters that are new with a revision are filled from the ledger; here the earlier one keeps them.
    kept = Story(make_program({"wait": wait}, segments="old_keen" + KEEN[4:]), household=before.household)
    kept.now = before.now
    kept.happens("Pricing Viewed").happens("Pricing Viewed")
    segments = counting + KEEN + "old_keen" + KEEN[4:]
    story = launched(make_program({"w": on(ENTERED, "keen"), "wait": wait}, segments=segments), kept)
    assert [(event.name, event.properties["segment"]) for event in told(story)] == [
        (LEFT, "paying"),
        (ENTERED, "keen"),
        (ENTERED, "counting"),
    ]
    assert {(event.source, event.is_historical, event.occurred_at) for event in told(story)} == {
        ("launch", True, START + HOUR)
    }
    assert story.reasons() == []
    assert story.contents() == []
    assert len(story.enrollments()) == 1


def test_a_changed_rule_and_a_segment_that_is_gone_are_left_at_launch() -> None:
    story = Story(make_program({}, segments=KEEN + PAYING))
    story.happens("Pricing Viewed").happens("Pricing Viewed")
    story.happens("Subscription Started", plan="pro").after(HOUR)
    narrower = launched(make_program({}, segments=KEEN.replace(">= 2", ">= 3")), story)
    assert changes(narrower) == [
        (START + HOUR, LEFT, "c:ada paying"),
        (START + HOUR, LEFT, "c:ada keen"),
    ]
    assert narrower.unit().segments == {}
    without = launched(make_program({}), narrower)
    assert told(without) == []
    assert without.unit().segments is None


def test_what_a_launch_of_the_same_segments_finds_is_what_was_known() -> None:
    story = Story(make_program({}, segments=KEEN))
    story.happens("Pricing Viewed").happens("Pricing Viewed").after(HOUR)
    kept = msgspec.json.encode(story.unit().segments)
    again = launched(make_program({}, segments=KEEN), story)
    assert told(again) == []
    assert msgspec.json.encode(again.unit().segments) == kept


def test_a_plan_that_ends_by_time_alone_is_left_at_that_instant_by_the_account_and_all_its_people() -> None:
    segments = PAYING + "customers_paying: {unit: account, rule: paying}\n"
    story = Story(make_program({}, segments=segments), "a:acme").member("ada").member("bob")
    story.happens("Subscription Started", plan="pro")
    assert changes(story) == [
        (START, ENTERED, "c:ada paying"),
        (START, ENTERED, "c:bob paying"),
        (START, ENTERED, "a:acme customers_paying"),
    ]
    story.happens("Subscription Canceled", ends_at="2026-03-05T09:00:00Z").after(9 * DAY)
    assert changes(story)[3:] == [
        (START + 3 * DAY, LEFT, "c:ada paying"),
        (START + 3 * DAY, LEFT, "c:bob paying"),
        (START + 3 * DAY, LEFT, "a:acme customers_paying"),
    ]


def test_everybody_of_an_account_is_asked_when_a_trait_they_share_changes_and_not_when_it_is_told_again() -> (
    None
):
    segments = "german: {unit: customer, rule: \"account.country = 'DE'\"}\n"
    program, calls = counting_calls(make_program({}, segments=segments), "german")
    story = Story(program, "a:acme").member("ada").member("bob")
    story.happens("Account Identified", country="DE", by="ada")
    assert [what for _, _, what in changes(story)] == ["c:ada german", "c:bob german"]
    calls.clear()
    story.happens("Account Identified", country="DE", by="ada")
    assert len(calls) == 1


def test_an_account_counts_who_of_its_people_entered_and_its_workflow_hears_of_them() -> None:
    segments = KEEN + (
        "courted: {unit: account, rule: \"event_count('Segment Entered', interval '9 days',"
        " properties.segment = 'keen') >= 2\"}\n"
    )
    program = make_program({"w": on(ENTERED, "keen", unit="account")}, segments=segments)
    story = Story(program, "a:acme").member("ada", "admin").member("bob")
    for who in ("ada", "bob"):
        story.happens("Pricing Viewed", by=who).happens("Pricing Viewed", by=who)
    assert [what for _, _, what in changes(story)] == ["c:ada keen", "c:bob keen", "a:acme courted"]
    assert story.decisions()[0].unit_id == "a:acme"
    assert story.contents() == ["t1"]


def test_two_who_turn_out_to_be_one_are_one_member_since_the_earlier_of_both() -> None:
    story = Story(make_program({}, segments=KEEN), "a:acme").member("ada").member("bob")
    story.happens("Pricing Viewed", by="ada").happens("Pricing Viewed", by="ada").after(HOUR)
    story.happens("Pricing Viewed", by="bob")
    gone: dict[str, Any] = {"from": "ada"}
    story.happens("Customers Merged", by="bob", **gone)
    assert (story.unit("c:bob").segments or {})["keen"].since == START
    assert "ada" not in story.household.customers
    assert changes(story) == [(START, ENTERED, "c:ada keen")]
    # Of three views two are left in the window until the first two have left it.
    story.after(9 * DAY)
    assert changes(story)[1:] == [(START + 2 * DAY, LEFT, "c:bob keen")]


def test_a_state_may_begin_with_a_membership() -> None:
    policy = (
        "policy: {states: {courted: {starts: [Segment Entered], where: \"properties.segment = 'keen'\","
        " ends: [Segment Left], cool_down: 0 days, stops: [help]}}}\n"
    )
    text = workflow(trigger="{on: Asked}", journey="[{email: {content: t1, intent: help}}]")
    story = Story(make_program({"w": text}, policy=policy, segments=KEEN))
    story.happens("Pricing Viewed").happens("Pricing Viewed").happens("Asked")
    assert story.reasons() == [Reason.SENSITIVE]
    story.after(2 * DAY)
    assert story.contents() == ["t1"]


def test_a_new_unit_is_in_a_segment_of_those_to_whom_something_never_happened() -> None:
    segments = "quiet: {unit: customer, rule: \"last_event('Report Viewed') is null\"}\n"
    story = Story(make_program({}, segments=segments))
    assert changes(story) == [(START, ENTERED, "c:ada quiet")]
    story.happens("Report Viewed")
    assert changes(story)[1:] == [(START, LEFT, "c:ada quiet")]


def counting_calls(program: Program, name: str) -> tuple[Program, list[Moment]]:
    """The program with a segment whose rule notes when it is asked."""
    calls: list[Moment] = []
    segment = program.segments[name]

    def value(facts: object) -> object:
        calls.append(facts.now)  # type: ignore[attr-defined]  # facts as rules see them
        return segment.rule.value(facts)  # type: ignore[arg-type]  # the same

    rule = msgspec.structs.replace(segment.rule, value=value)
    noted = {**program.segments, name: msgspec.structs.replace(segment, rule=rule)}
    return msgspec.structs.replace(program, segments=noted), calls


@pytest.mark.parametrize(
    "event", ["Report Viewed", "Usage Recorded", "Account Identified", "Subscription Started", "Cart Updated"]
)
def test_an_event_that_no_segments_rule_reads_asks_none(event: str) -> None:
    program, calls = counting_calls(make_program({}, segments=KEEN), "keen")
    story = Story(program)
    calls.clear()
    story.happens(event, plan="pro", metric="api_calls")
    assert calls == []
    story.happens("Pricing Viewed")
    assert calls == [START]


def test_a_workspace_without_segments_keeps_nothing_of_them() -> None:
    story = Story(make_program({})).happens("Subscription Started", plan="pro").after(DAY)
    assert b"segments" not in msgspec.json.encode(story.household)
    story.launches()
    assert b"segments" not in msgspec.json.encode(story.household)
    assert told(story) == []


def test_a_unit_written_before_there_were_segments_is_read_and_asked() -> None:
    household = empty_household("c:ada")
    plain = msgspec.json.encode(household)
    assert b"segments" not in plain
    read = msgspec.json.decode(plain, type=type(household))
    story = Story(make_program({}, segments=KEEN + "all_of: {unit: customer, rule: true}\n"), household=read)
    story.happens("Pricing Viewed")
    assert changes(story) == [(START, ENTERED, "c:ada all_of")]


def test_explain_says_which_segments_a_unit_is_in_and_since_when_also_after_time_alone() -> None:
    program = make_program({}, segments=KEEN + "any_plan: {unit: customer, rule: plan.tier >= 0}\n")
    story = Story(program).after(HOUR).happens("Pricing Viewed").happens("Pricing Viewed")
    found = explain_segments(program, story.household, "c:ada", story.now)
    assert [(one.segment, one.since) for one in found] == [("any_plan", START), ("keen", START + HOUR)]
    later = explain_segments(program, story.household, "c:ada", story.now + 3 * DAY)
    assert [one.segment for one in later] == ["any_plan"]
