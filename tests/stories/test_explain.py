"""For everyone, a reason: what ``explain`` says of those who are no candidates, and of those who are."""

from __future__ import annotations

from tests.stories.world import DAY, HOUR, Reason, Story, make_program, workflow
from upsell.journeys.explain import Explanation, explain

OFFER = "[{email: {content: t1, intent: help}}, {wait: 3 days}, {email: {content: t2, intent: show}}]"
INTEREST = (
    "{when: \"event_count('Pricing Viewed', interval '7 days') >= 3\", held_for: 1 days,"
    " again_after: 30 days}"
)


def explained(story: Story, **settings: str) -> Explanation:
    program = make_program({"w": workflow(trigger=INTEREST, journey=OFFER, **settings)})
    (found,) = explain(program, story.household, story.household.id, story.now)
    return found


def story_of(views: int, **settings: str) -> Story:
    story = Story(make_program({"w": workflow(trigger=INTEREST, journey=OFFER, **settings)}))
    for _ in range(views):
        story.happens("Pricing Viewed")
    return story


def test_who_was_never_triggered_is_told_the_rule_and_what_it_saw() -> None:
    found = explained(story_of(2))
    assert found.reason is Reason.NOT_TRIGGERED
    assert "event_count('Pricing Viewed'" in found.words
    assert [seen.value for seen in found.seen] == [2]
    assert found.would_enter


def test_who_has_not_held_long_enough_is_told_until_when() -> None:
    found = explained(story_of(3))
    assert found.reason is Reason.NOT_HELD_LONG_ENOUGH
    assert "2026-03-03 09:00 UTC" in found.words


def test_who_is_inside_is_told_where_and_a_copy_is_what_time_passes_on() -> None:
    story = story_of(3).after(DAY + HOUR)
    before = str(story.household)
    found = explained(story)
    assert found.reason is Reason.ALREADY_ENROLLED
    assert "at step 1" in found.words
    assert str(story.household) == before


def test_who_waits_behind_a_gate_is_told_which() -> None:
    story = story_of(3, suppress="[customer.is_partner]")
    story.happens("Customer Identified", is_partner=True).after(DAY)
    found = explained(story, suppress="[customer.is_partner]")
    assert found.reason is Reason.SUPPRESSED
    assert "customer.is_partner is true" in found.words


def test_a_unit_never_heard_of_has_an_answer_too() -> None:
    program = make_program({"w": workflow(trigger=INTEREST, journey=OFFER)})
    story = Story(program, "a:acme")
    (found,) = explain(program, story.household, "c:nobody", story.now)
    assert found.reason is Reason.NOT_TRIGGERED
    assert not found.would_enter


def test_who_was_in_it_too_recently_is_told_so_beside_what_would_fire_it() -> None:
    text = workflow(trigger="{on: Feature Gate Hit, again_after: 90 days}", journey=OFFER)
    program = make_program({"w": text})
    story = Story(program).happens("Feature Gate Hit").after(4 * DAY)
    assert story.enrollments() == []
    (found,) = explain(program, story.household, "c:ada", story.now)
    assert found.reason is Reason.NOT_TRIGGERED
    assert "were it to fire now: was in this workflow too recently" in found.words


def test_a_customer_without_an_address_is_told_of_as_one_person_and_not_by_a_role() -> None:
    story = Story(make_program({"w": workflow(trigger=INTEREST, journey=OFFER)}))
    story.happens("Customer Identified", email=None)
    found = explained(story)
    assert "nobody it would speak to has an address (the customer)" in found.words
