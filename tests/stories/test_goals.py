"""Goals: whoever has what a workflow is for is let be, and only news of it is answered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.world import DAY, HOUR, Reason, Story, make_program, workflow

HELP = "{email: {content: t1, intent: help}}"
BOUGHT = "{event: Bought, within: 30 days}"
FIRST_STEPS = "on_goal: [{email: {content: t3, intent: service}}]"
HISTORY: list[dict[str, Any]] = [{"historical": True}, {"ago": 25 * HOUR}]


def story_of(journey: str, *, goal: str = BOUGHT, more: str = FIRST_STEPS, trigger: str = "{on: A}") -> Story:
    """Begin a passage of a workflow that is for a purchase."""
    program = make_program({"w": workflow(trigger=trigger, journey=journey, goal=goal, more=more)})
    return Story(program).happens("A")


@pytest.mark.parametrize("odd", [{"historical": True, "ago": 400 * DAY}, {"ago": 400 * DAY}])
def test_a_purchase_from_before_the_passage_that_is_told_late_is_not_its_goal(odd: dict[str, Any]) -> None:
    story = story_of(f"[{HELP}, {{wait: 20 days}}, {HELP}]").after(DAY).happens("Bought", **odd)
    assert len(story.enrollments()) == 1
    assert story.after(20 * DAY).contents() == ["t1", "t1"]


@pytest.mark.parametrize("odd", HISTORY)
def test_a_purchase_within_the_passage_that_is_told_as_history_or_late_ends_it_without_mail(
    odd: dict[str, Any],
) -> None:
    story = story_of(f"[{HELP}, {{wait: 20 days}}, {HELP}]").after(5 * DAY).happens("Bought", **odd)
    assert story.after(20 * DAY).contents() == ["t1"]
    assert story.reasons()[-1] is Reason.GOAL_REACHED


def test_a_purchase_told_within_a_day_is_news_though_it_came_just_before_the_passage() -> None:
    story = story_of(f"[{HELP}, {{wait: 20 days}}, {HELP}]").happens("Bought", ago=HOUR)
    assert story.contents() == ["t1", "t3"]


HOURS = "policy: {hours: {email: {from: '09:00', to: '17:00'}}}\n"


def test_a_candidate_that_waits_and_reaches_the_goal_by_itself_is_not_let_in() -> None:
    program = make_program({"w": workflow(trigger="{on: A}", journey=f"[{HELP}]", goal=BOUGHT)}, policy=HOURS)
    story = Story(program).after(12 * HOUR).happens("A")
    assert story.reasons() == [Reason.OUTSIDE_HOURS]
    story.happens("Bought").after(2 * DAY)
    assert story.reasons() == [Reason.OUTSIDE_HOURS, Reason.GOAL_REACHED]
    assert story.mails() == []


def test_a_candidate_goes_on_waiting_after_a_purchase_that_is_not_its_goal() -> None:
    goal = "{event: Bought, where: properties.plan = 'pro', within: 30 days}"
    program = make_program({"w": workflow(trigger="{on: A}", journey=f"[{HELP}]", goal=goal)}, policy=HOURS)
    story = Story(program).after(12 * HOUR).happens("A").happens("Bought", plan="starter")
    assert story.happens("Bought", plan="pro", historical=True, ago=9 * DAY).after(DAY).contents() == ["t1"]


UPGRADED = "{event: Subscription Upgraded, within: 30 days}"
LATER = f"{FIRST_STEPS[:-1]}, {{wait: 3 days}}, {{email: {{content: t4, intent: service}}}}]"


@pytest.mark.parametrize(
    ("name", "said"),
    [("Subscription Canceled", {}), ("Subscription Changed", {"plan": "starter", "amount": 4900})],
)
def test_who_cancels_or_goes_down_again_is_not_told_the_first_steps(name: str, said: dict[str, Any]) -> None:
    program = make_program(
        {"w": workflow(trigger="{on: A}", journey=f"[{HELP}, {{wait: 9 days}}]", goal=UPGRADED, more=LATER)}
    )
    story = Story(program).happens("Subscription Started", plan="starter", amount=4900).happens("A")
    story.after(DAY).happens("Subscription Changed", plan="pro", amount=14900)
    assert story.contents() == ["t1", "t3"]
    story.after(DAY).happens(name, **said).after(9 * DAY)
    assert story.contents() == ["t1", "t3"]
    assert story.reasons()[-1] is Reason.INELIGIBLE
    assert story.enrollments() == []


def test_who_stays_on_what_they_took_is_told_the_first_steps() -> None:
    story = story_of(f"[{HELP}]".replace("[", "[{wait: 9 days}, "), goal=UPGRADED, more=LATER)
    story.happens("Subscription Upgraded").after(9 * DAY)
    assert story.contents() == ["t3", "t4"]


def test_who_cancels_an_order_is_told_nothing_more_of_it() -> None:
    more = f"key: order_id\nat_once: 2\n{LATER}"
    written = workflow(trigger="{on: A}", journey=f"[{HELP}, {{wait: 9 days}}]", goal=BOUGHT, more=more)
    story = Story(make_program({"w": written})).happens("A", order_id="1").happens("A", order_id="2")
    story.happens("Bought").after(DAY).happens("Order Canceled", order_id="1").after(9 * DAY)
    assert sorted(story.contents()) == ["t1", "t1", "t3", "t3", "t4"]
