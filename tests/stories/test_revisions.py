"""What a new revision means for units that an earlier one knew: bearings, timers, what is never frozen."""

from __future__ import annotations

from tests.stories.world import DAY, Reason, Story, make_program, workflow
from upsell.journeys.program import with_earlier

GATE = "{on: Feature Gate Hit, again_after: 1 seconds}"
HELP = "[{email: {content: t1, intent: help}}]"
HELP_THEN_OFFER = (
    "[{email: {content: t1, intent: help}}, {wait: 1 day},"
    " {email: {content: t2, intent: offer, offer: pro-annual}}]"
)
RENEWAL = '{when: "days_until(subscription.renews_at) <= %d"}'


def revised(story: Story, before: str, after: str) -> Story:
    """Go on with the household under a revision that changed the one workflow."""
    old, new = make_program({"w": before}), make_program({"w": after})
    later = Story(with_earlier(new, old.workflows.values()), household=story.household)
    later.now = story.now
    return later.launches()


def renewing_story(text: str) -> Story:
    # 2026-03-02T09:00 is the start; 40 days later is 2026-04-11T09:00.
    renews_at = "2026-04-11T09:00:00Z"
    return Story(make_program({"w": text})).happens("Subscription Started", plan="pro", renews_at=renews_at)


def test_a_revised_trigger_fires_at_its_own_instant_and_not_at_the_earlier_versions() -> None:
    before, after = (workflow(trigger=RENEWAL % days, journey=HELP) for days in (30, 35))
    story = revised(renewing_story(before), before, after).after(5 * DAY - 1)
    assert story.contents() == []
    story.after(1)
    assert story.contents() == ["t1"]


def test_no_timer_of_an_earlier_trigger_is_left() -> None:
    before, after = workflow(trigger=RENEWAL % 30, journey=HELP), workflow(trigger=GATE, journey=HELP)
    story = revised(renewing_story(before), before, after)
    assert story.session.next_due_at() is None


def test_what_only_the_revised_trigger_matches_matched_before_it_and_is_let_be() -> None:
    before, after = (workflow(trigger=f"{{when: customer.level > {n}}}", journey=HELP) for n in (5, 2))
    first = Story(make_program({"w": before})).happens("Customer Identified", level=3)
    story = revised(first, before, after).happens("Customer Identified", level=4)
    assert story.reasons() == [Reason.EXISTING]


def test_a_launch_that_changes_nothing_leaves_what_is_being_held_its_moment() -> None:
    text = workflow(trigger="{when: customer.keen, held_for: 2 days}", journey=HELP)
    first = Story(make_program({"w": text})).happens("Customer Identified", keen=True).after(DAY)
    story = revised(first, text, text).after(DAY - 1)
    assert story.contents() == []
    story.after(1)
    assert story.contents() == ["t1"]


def test_suppression_is_never_frozen_with_an_enrollment() -> None:
    before = workflow(trigger=GATE, journey=HELP_THEN_OFFER)
    after = workflow(trigger=GATE, journey=HELP_THEN_OFFER, suppress="[customer.angry]")
    first = Story(make_program({"w": before})).happens("Feature Gate Hit")
    story = revised(first, before, after).happens("Customer Identified", angry=True).after(DAY)
    assert story.reasons() == [Reason.FROZEN]


def test_a_crossing_of_elapsed_time_wakes_when_a_threshold_is_reached_and_not_before() -> None:
    trigger = '{crossing: {of: "days_since(customer.born_at)", at: [7, 14]}, again_after: 1 days}'
    story = Story(make_program({"w": workflow(trigger=trigger, journey=HELP)}))
    story.happens("Customer Identified", born_at="2026-03-02T09:00:00Z")
    assert story.session.next_due_at() == story.now + 7 * DAY
    story.after(14 * DAY)
    assert [mail.trigger["threshold"] for mail in story.mails()] == [7, 14]
