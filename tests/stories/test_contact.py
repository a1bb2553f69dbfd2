"""Contact policy: caps of every kind, a hard gap, the recipient's own hours, and what a blocked step does."""

from __future__ import annotations

import pytest

from tests.stories.world import DAY, HOUR, Reason, Story, make_program, workflow
from upsell.clock import MINUTE
from upsell.errors import DefinitionError
from upsell.journeys.gate import ask_gate

HELP = "[{email: {content: t1, intent: help}}]"
SHOW = "[{email: {content: t1, intent: show}}]"
OFFER = "[{email: {content: t1, offer: pro-annual}}]"
ASKED = "{on: Asked, again_after: 1 hour}"


def told(policy: str, journey: str = HELP, more: str = "") -> Story:
    text = workflow(trigger=ASKED, journey=journey, more=more)
    return Story(make_program({"w": text}, policy=f"policy: {{{policy}}}"))


def test_a_calendar_cap_begins_anew_with_the_recipients_day() -> None:
    story = told("caps: [{at_most: 1, calendar: day}]").happens("Customer Identified", timezone="Asia/Tokyo")
    # The story begins on Monday at 09:00 UTC, 18:00 in Tokyo.
    story.happens("Asked").after(2 * HOUR).happens("Asked")
    assert (len(story.mails()), story.reasons()[-1]) == (1, Reason.CAPPED)
    story.after(3 * HOUR + 59 * MINUTE)
    assert len(story.mails()) == 1
    story.after(MINUTE)
    assert len(story.mails()) == 2, "midnight in Tokyo is 15:00 UTC"


def test_a_cap_counts_and_stops_the_category_it_names() -> None:
    texts = {
        "a": workflow(trigger="{on: A, again_after: 1 hour}", journey=HELP, more="category: news"),
        "b": workflow(trigger="{on: B, again_after: 1 hour}", journey=HELP),
    }
    policy = "policy: {caps: [{at_most: 1, within: 7 days, categories: [news]}]}"
    story = Story(make_program(texts, policy=policy))
    story.happens("B").happens("A").after(2 * HOUR).happens("B").happens("A")
    assert [mail.workflow for mail in story.mails()] == ["b", "a", "b"]


def test_a_cap_on_a_kind_of_offer_leaves_other_mail_alone() -> None:
    texts = {
        "a": workflow(
            trigger="{on: A, again_after: 1 hour}", journey="[{email: {content: t1, offer: pro-annual}}]"
        ),
        "b": workflow(trigger="{on: B, again_after: 1 hour}", journey=HELP),
    }
    policy = "policy: {caps: [{at_most: 1, within: 7 days, kinds: [upgrade]}]}"
    story = Story(make_program(texts, policy=policy))
    story.happens("B").happens("A").after(2 * HOUR).happens("B").happens("A")
    assert [mail.workflow for mail in story.mails()] == ["b", "a", "b"]


def test_what_obeys_no_cap_is_counted_and_what_is_not_counted_obeys() -> None:
    free = "[{email: {content: t1, intent: help, obeys_caps: false}}]"
    story = told("caps: [{at_most: 1, within: 7 days}]", free)
    story.happens("Asked").after(2 * HOUR).happens("Asked")
    assert len(story.mails()) == 2
    uncounted = "[{email: {content: t1, intent: help, counts: false}}]"
    story = told("caps: [{at_most: 1, within: 7 days}]", uncounted)
    story.happens("Asked").after(2 * HOUR).happens("Asked")
    assert len(story.mails()) == 2


def test_what_wants_something_always_obeys_the_caps() -> None:
    with pytest.raises(DefinitionError, match="obeys_caps: true"):
        told("gap: 1 day", "[{email: {content: t1, intent: show, obeys_caps: false}}]")


def test_between_two_upsell_touches_lies_the_gap() -> None:
    story = told("gap: 3 days", SHOW)
    story.happens("Asked").after(DAY).happens("Asked")
    assert (len(story.mails()), story.reasons()[-1]) == (1, Reason.CAPPED)
    story.after(2 * DAY)
    assert len(story.mails()) == 2


def test_a_task_for_a_person_spends_a_place() -> None:
    texts = {
        "a": workflow(trigger="{on: A}", journey="[{task: {queue: q, title: Call, due: 1 day}}]"),
        "b": workflow(trigger="{on: B}", journey=HELP),
    }
    story = Story(make_program(texts, policy="policy: {caps: [{at_most: 1, within: 7 days}]}"))
    story.happens("A").happens("B")
    assert (len(story.tasks()), story.reasons()[-1]) == (1, Reason.CAPPED)


def test_nobody_is_written_to_outside_their_own_hours() -> None:
    hours = "hours: {email: {from: '09:00', to: '17:00', days: [mon, tue, wed, thu, fri]}}"
    story = told(hours).happens("Customer Identified", timezone="America/New_York")
    # 09:00 UTC on a Monday is 04:00 in New York; nine o'clock there is 14:00 UTC.
    story.happens("Asked")
    assert (story.mails(), story.reasons()) == ([], [Reason.OUTSIDE_HOURS])
    story.after(5 * HOUR - MINUTE)
    assert story.mails() == []
    story.after(16 * MINUTE)
    assert len(story.mails()) == 1
    sent_at = story.mails()[0].reserved_at
    assert 0 <= sent_at - (story.now - 15 * MINUTE) < 15 * MINUTE, "released over a quarter of an hour"


def test_a_blocked_step_is_passed_over_or_ends_the_journey_as_it_says() -> None:
    for way, contents, last in (
        ("skip", ["t1", "t3"], Reason.FINISHED),
        ("leave", ["t1"], Reason.CAPPED),
        ("wait", ["t1", "t2", "t3"], Reason.FINISHED),
    ):
        journey = (
            "[{email: {content: t1, intent: help}}, "
            f"{{email: {{content: t2, intent: help, blocked: {way}}}}}, "
            "{wait: 2 days}, {email: {content: t3, intent: help}}]"
        )
        story = told("caps: [{at_most: 1, within: 1 day}]", journey)
        story.happens("Asked").after(10 * DAY)
        assert (story.contents(), story.reasons()[-1]) == (contents, last), way


def test_a_blocked_candidate_is_dropped_where_the_workflow_says_so() -> None:
    story = told("caps: [{at_most: 1, within: 2 days}]", more="blocked: drop")
    story.happens("Asked").after(DAY).happens("Asked").after(5 * DAY)
    assert len(story.mails()) == 1
    assert story.unit().watches["w"].waiting is None


def test_while_a_person_works_the_account_automation_waits() -> None:
    story = told("gap: 1 hour", SHOW).happens("Deal Opened", deal_id="d1").happens("Asked")
    assert story.reasons() == [Reason.SENSITIVE]
    story.after(DAY).happens("Deal Closed", deal_id="d1", outcome="lost")
    assert len(story.mails()) == 1


def test_a_task_nobody_closes_holds_two_weeks_at_most() -> None:
    texts = {
        "a": workflow(trigger="{on: A}", journey="[{task: {queue: q, title: Call, due: 1 day}}]"),
        "b": workflow(trigger="{on: B, again_after: 1 day}", journey=SHOW),
    }
    story = Story(make_program(texts)).happens("A").happens("B")
    assert story.reasons()[-1] is Reason.SENSITIVE
    story.after(14 * DAY - HOUR)
    assert story.mails() == []
    story.happens("B").after(2 * HOUR)
    assert len(story.mails()) == 1


def test_what_became_too_late_in_the_outbox_is_held_by_the_gate() -> None:
    hours = "policy: {hours: {email: {from: '08:00', to: '12:00'}}}"
    text = workflow(trigger=ASKED, journey=HELP)
    story = Story(make_program({"w": text}, policy=hours), delivers=False).happens("Asked")
    (mail,) = story.mails()
    # The story begins at 10:00 in Berlin, where the team is.
    assert ask_gate(story.program, story.household, mail, story.now + HOUR) is None
    late = ask_gate(story.program, story.household, mail, story.now + 2 * HOUR)
    assert late is not None
    assert late.reason is Reason.OUTSIDE_HOURS


def test_an_offer_that_was_declined_meanwhile_is_held_by_the_gate() -> None:
    text = {"w": workflow(trigger=ASKED, journey=OFFER)}
    story = Story(make_program(text), delivers=False).happens("Asked")
    (mail,) = story.mails()
    assert ask_gate(story.program, story.household, mail, story.now) is None
    story.happens("Offer Declined", offer="pro-annual", answer="never")
    held = ask_gate(story.program, story.household, mail, story.now)
    assert held is not None
    assert held.reason is Reason.DECLINED
