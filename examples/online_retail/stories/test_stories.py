"""What a gift shop promises its buyers, told as stories: pytest examples/online_retail/stories."""

from __future__ import annotations

from pathlib import Path

from upsell.testing.given import Given, given

WORKSPACE = Path(__file__).parent.parent / "workspace"


def buyer(country: str = "United Kingdom") -> Given:
    return given(WORKSPACE).customer("12346", country=country)


def orders(story: Given, count: int) -> Given:
    for number in range(count):
        story.when("Order Completed", order_id=str(number), amount=4000, currency="GBP").after(days=6)
    return story


def test_who_keeps_coming_back_hears_of_a_premium_account_some_days_after_an_order() -> None:
    story = orders(buyer(), 5)
    story.then_sent("premium-account", offer="premium").then_nothing_more()


def test_a_first_order_is_followed_by_nothing() -> None:
    orders(buyer(), 1).after(days=30).then_nothing_more()


def test_the_offer_is_made_where_it_can_be_kept() -> None:
    orders(buyer("France"), 5).then_nothing_more()
