"""What they have, had ordered or have tried is not offered to them again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.test_offers import CATALOG, asked, on, told
from tests.stories.world import DAY, Reason, Story
from upsell.journeys.effects import Speak

MORE = CATALOG.replace("limits: {reports: unlimited}", "limits: {reports: unlimited, seats: unlimited}")
MORE += (
    "  more: {kind: cross-sell, product: more, title: More}\n"
    "  try-team: {kind: upgrade, plan: team, trial_days: 14, title: Try Team}\n"
)


def ordered(offer: str, item: str, *, catalog: str = MORE) -> Story:
    story = told(offer, catalog=catalog)
    return story.happens("Order Completed", order_id="o1", items=[{"id": item}], amount=1_200).after(2 * DAY)


def is_offered(story: Story) -> bool:
    return isinstance(asked(story), Speak)


def test_an_item_that_was_ordered_is_not_offered() -> None:
    assert asked(ordered("care", "care")) is Reason.ENTITLED
    assert is_offered(ordered("care", "kettle"))
    story = ordered("better", "kettle-pro")
    story.happens("Cart Updated", items=[{"id": "kettle"}], currency="USD")
    assert asked(story) is Reason.ENTITLED


@pytest.mark.parametrize("name", ["Order Canceled", "Refunded"])
def test_what_was_taken_back_is_not_had(name: str) -> None:
    def after(name: str, **said: Any) -> bool:
        """Tell whether it is offered once the time of silence after a refund is over."""
        return is_offered(ordered("care", "care").happens(name, **said).after(60 * DAY))

    assert after(name, order_id="o1")
    assert after(name, order_id="o1", items=["care"])
    assert not after(name, order_id="o1", items=["kettle"])
    assert not after(name, order_id="o2")
    assert not after("Refunded", order_id="o1", amount=100)


def test_what_is_used_up_is_offered_again_in_its_time() -> None:
    catalog = MORE.replace("name: Three years of care,", "name: Care, again_after: 30 days,")
    story = ordered("care", "care", catalog=catalog)
    assert asked(story) is Reason.ENTITLED
    assert is_offered(story.after(29 * DAY))


def test_no_more_of_what_is_unlimited_is_offered() -> None:
    assert asked(on(told("more", catalog=MORE), "business")) is Reason.ENTITLED
    assert asked(on(told("seats", catalog=MORE), "business")) is Reason.ENTITLED
    assert is_offered(on(told("more", catalog=MORE), "team"))


@pytest.mark.parametrize("offer", ["seats", "yearly"])
def test_nothing_more_is_sold_of_a_plan_that_is_sold_no_more(offer: str) -> None:
    catalog = MORE.replace("price: {month: 80}", "price: {month: 80, year: 800}")
    assert asked(on(told(offer, catalog=catalog), "old", amount=8_000)) is Reason.UNAVAILABLE


def test_what_was_tried_is_not_offered_on_trial_again() -> None:
    story = on(told("try-sso", catalog=MORE), "starter").happens("Trial Started", feature="sso")
    story.after(20 * DAY).happens("Trial Ended", feature="sso")
    assert asked(story.after(2 * DAY)) is Reason.ENTITLED
    story = on(told("try-team", catalog=MORE), "starter").happens("Trial Ended", plan="team", converted=False)
    assert asked(story.after(2 * DAY)) is Reason.ENTITLED
    story = on(told("try-team", catalog=MORE), "team", status="trialing").happens("Subscription Canceled")
    assert asked(story.after(60 * DAY)) is Reason.ENTITLED
    assert is_offered(on(told("try-team", catalog=MORE), "starter").happens("Trial Started", plan="business"))


def test_what_was_tried_may_be_offered_to_be_paid_for() -> None:
    assert is_offered(on(told("team", catalog=MORE), "starter").happens("Trial Ended", plan="team"))
