"""Milestones: what a customer achieved is celebrated once, when it happens and not when it is told late."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.world import DAY, Reason, Story, make_program, workflow
from upsell.journeys.program import Program

CATALOG = """
default_plan: free
metrics:
  reports: {name: report, milestones: [100, 1000, 10000]}
plans:
  free: {name: Free, tier: 0}
  starter: {name: Starter, tier: 1, price: {month: 49}}
"""
HELP = "[{email: {content: t1, intent: help}}]"
CELEBRATE = workflow(trigger="{on: Milestone Reached, again_after: 1 days}", journey=HELP)


def program_of(text: str = CELEBRATE, *, catalog: str = CATALOG) -> Program:
    return make_program({"w": text}, catalog=catalog)


def begun(program: Program) -> Story:
    return Story(program).happens("Subscription Started", plan="starter", amount=4900, currency="USD")


def used(story: Story, amount: float, **more: Any) -> Story:
    return story.happens("Usage Recorded", metric="reports", quantity=amount, **more)


def milestones(story: Story) -> list[tuple[int, float]]:
    said = [event.properties for event in story.recorded() if event.name == "Milestone Reached"]
    return [(each["milestone"], each["total"]) for each in said]


def test_who_passes_a_milestone_is_congratulated_once() -> None:
    story = used(used(begun(program_of()), 99), 1)
    assert milestones(story) == [(100, 100)]
    assert story.contents() == ["t1"]
    used(story.after(2 * DAY), 1)
    assert milestones(story) == [(100, 100)]
    assert story.contents() == ["t1"]


def test_who_jumps_over_several_milestones_hears_of_the_greatest() -> None:
    story = used(begun(program_of()), 12_000)
    assert milestones(story) == [(10_000, 12_000)]
    assert milestones(used(story, 1)) == [(10_000, 12_000)]


@pytest.mark.parametrize(
    ("how", "reason"), [({"ago": 3 * DAY}, Reason.STALE), ({"historical": True}, Reason.HISTORICAL)]
)
def test_a_milestone_passed_by_late_or_imported_use_starts_nothing_and_is_spent(
    how: dict[str, Any], reason: Reason
) -> None:
    story = used(begun(program_of()), 120, **how)
    assert story.contents() == []
    assert story.reasons() == [reason]
    assert milestones(used(story, 1)) == [(100, 120)]


def test_a_workflow_may_ask_which_milestone_it_was() -> None:
    trigger = (
        "{on: Milestone Reached, where: \"properties.metric = 'reports' and properties.milestone >= 1000\"}"
    )
    story = begun(program_of(workflow(trigger=trigger, journey=HELP)))
    assert used(story, 100).contents() == []
    # A source's own milestone is a word, which is no number.
    assert story.happens("Milestone Reached", milestone="first dashboard").contents() == []
    assert used(story, 900).contents() == ["t1"]


def test_a_milestone_of_an_account_is_that_of_all_its_members_together() -> None:
    story = Story(
        program_of(workflow(unit="account", trigger="{on: Milestone Reached}", journey=HELP)), "a:acme"
    )
    story.member("ada", "admin").member("bob")
    used(used(story, 60, by="ada"), 60, by="bob")
    assert milestones(story) == [(100, 120)]
    assert [mail.customer_id for mail in story.mails()] == ["ada"]


def test_a_milestone_new_in_the_catalog_and_long_passed_is_not_celebrated() -> None:
    before = used(
        begun(program_of(catalog=CATALOG.replace("milestones: [100, 1000, 10000]", "plural: reports"))), 400
    )
    assert milestones(before) == []
    story = Story(program_of(), household=before.household)
    assert milestones(used(story, 1)) == []
    assert milestones(used(story, 600)) == [(1000, 1001)]
