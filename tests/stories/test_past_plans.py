"""Past periods: held against what was had then, where that was told; what was not told is not counted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.test_offers import on, told, uses
from tests.stories.world import DAY, Story
from upsell.decisions.fit import Fit
from upsell.journeys.explain import explain_standing


def fit_of(story: Story) -> Fit:
    standing = explain_standing(story.program, story.household, "c:ada", story.now)
    assert standing is not None
    assert standing.fit is not None
    return standing.fit


def three_periods_of_900(plan: str, **terms: Any) -> Story:
    """On a plan since the start: months from 2 March on, 900 reports in each of the first three."""
    story = on(told("fitting"), plan, **terms)
    story.now += 29 * DAY
    for _ in range(3):
        uses(story, 900)
        story.now += 30 * DAY
    return story


def over(story: Story) -> tuple[int, int]:
    fit = fit_of(uses(story, 45, days=5))
    return fit.periods, fit.periods_over


def test_who_was_on_the_plan_all_along_was_over_in_every_period() -> None:
    # Starter includes 500.
    assert over(three_periods_of_900("starter")) == (3, 3)


def test_what_a_greater_plan_held_then_was_not_over() -> None:
    story = three_periods_of_900("business", amount=29_900)
    story.happens("Subscription Changed", plan="starter", amount=2_900)
    fit = fit_of(uses(story, 45, days=5))
    assert (fit.periods, fit.periods_over) == (3, 0)
    assert fit.would_have_saved is None, "nothing was charged for overage then"


def test_what_a_smaller_plan_did_not_hold_then_was_over() -> None:
    story = three_periods_of_900("starter")
    story.happens("Subscription Changed", plan="team", amount=9_900)
    assert over(story) == (3, 3)


def test_the_period_in_which_the_plan_changed_is_not_counted() -> None:
    story = on(told("fitting"), "business", amount=29_900)
    story.now += 29 * DAY
    uses(story, 900)
    story.now += 30 * DAY
    uses(story.happens("Subscription Changed", plan="starter", amount=2_900), 900)
    story.now += 30 * DAY
    uses(story, 900)
    story.now += 30 * DAY
    assert over(story) == (2, 1)


def test_what_was_there_before_the_first_word_on_it_is_not_counted() -> None:
    story = told("fitting")
    uses(story, 900)
    story.now += 40 * DAY
    # The first that is told is a change: what they had before it is not known.
    story.happens("Subscription Changed", plan="starter", amount=2_900, currency="USD")
    story.now += 40 * DAY
    assert over(story) == (0, 0)


def test_before_a_first_subscription_the_default_plan_was_in_force() -> None:
    story = told("fitting")
    # In March 60 reports on Free, which includes 50; in April they subscribe.
    uses(story, 60)
    story.now += 40 * DAY
    on(story, "starter")
    story.now += 40 * DAY
    fit = fit_of(uses(story, 45, days=5))
    assert (fit.periods, fit.periods_over) == (1, 1)


def test_an_add_on_counts_for_the_periods_it_was_had_in() -> None:
    # 550 is over 500, and within it and the add-on's 100.
    story = on(told("fitting"), "starter")
    on(story, "more", subscription_id="second", amount=900)
    story.now += 29 * DAY
    uses(story, 550)
    story.now += 30 * DAY
    uses(story.happens("Subscription Canceled", subscription_id="second"), 550)
    story.now += 30 * DAY
    uses(story, 550)
    story.now += 30 * DAY
    assert over(story) == (2, 1), "the first within, the second not known, the third over"


def test_a_subscription_taken_up_again_was_none_in_between() -> None:
    story = on(told("fitting"), "business", amount=29_900)
    story.now += 29 * DAY
    uses(story, 900).happens("Subscription Canceled")
    story.now += 35 * DAY
    uses(story, 60)
    story.now += 40 * DAY
    on(story, "starter")
    story.now += 40 * DAY
    uses(story, 45, days=2)
    fit = fit_of(story)
    assert fit.periods_over == 1, "60 on Free"


@pytest.mark.parametrize("late", [{"plan": "team"}, {"quantity": 3}])
def test_a_late_word_that_says_otherwise_makes_the_time_before_unknown(late: dict[str, Any]) -> None:
    story = three_periods_of_900("starter")
    story.happens("Subscription Renewed")
    story.now += DAY
    assert over(story)[0] == 3
    story = three_periods_of_900("starter")
    story.happens("Subscription Renewed")
    story.happens("Subscription Changed", ago=40 * DAY, **late)
    assert over(story) == (0, 0)
