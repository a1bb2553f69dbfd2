"""Prices of offers: what is not sold at a price is not offered at it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.test_offers import CATALOG, asked, on, terms_of, told
from tests.stories.world import Reason, Story
from upsell.errors import DefinitionError
from upsell.journeys.effects import Speak

MORE = CATALOG + (
    "  team-yearly: {kind: upgrade, plan: team, interval: year, title: Team by the year}\n"
    "  business-yearly: {kind: upgrade, plan: business, interval: year, title: Business by the year}\n"
    "  more-yearly: {kind: cross-sell, product: more, interval: year, title: More by the year}\n"
    "  more: {kind: cross-sell, product: more, title: More}\n"
    "  talk: {kind: upgrade, plan: talk, title: Talk to us}\n"
)
TALK = MORE.replace(
    "products:\n", "  talk: {name: Enterprise, tier: 4, limits: {reports: unlimited}}\nproducts:\n", 1
)


def offered(offer: str, plan: str = "starter", **terms: Any) -> Speak | Reason:
    return asked(on(told(offer, catalog=TALK), plan, **terms))


@pytest.mark.parametrize(
    ("offer", "plan", "terms"),
    [
        ("yearly", "business", {}),
        ("yearly", "starter", {"currency": "EUR"}),
        ("yearly", "talk", {}),
        ("business", "starter", {"currency": "EUR"}),
        ("business-yearly", "starter", {}),
        ("team-yearly", "starter", {"currency": "EUR"}),
        ("pack", "starter", {"currency": "EUR"}),
        ("more", "starter", {"currency": "EUR"}),
        ("more-yearly", "starter", {}),
        ("seats", "business", {"currency": "EUR"}),
    ],
)
def test_what_has_no_such_price_is_not_offered(offer: str, plan: str, terms: dict[str, Any]) -> None:
    assert offered(offer, plan, **terms) is Reason.UNAVAILABLE


def test_what_has_it_is_offered_at_it() -> None:
    # Oracle: the prices written in the catalog.
    assert terms_of(offered("team-yearly"))["price"] == 99_000
    assert terms_of(offered("team", currency="EUR"))["price"] == 9_500
    # A plan that is sold by the month alone is so to whoever pays by the year now.
    by_month = terms_of(offered("business", interval="year"))
    assert (by_month["price"], by_month["interval"]) == (29_900, "month")


def test_what_states_no_price_at_all_may_be_spoken_of_without_one() -> None:
    assert terms_of(offered("talk"))["price"] is None


@pytest.mark.parametrize("offer", ["better", "care"])
def test_an_item_of_another_currency_than_the_cart_is_not_offered(offer: str) -> None:
    def cart(currency: str) -> Story:
        return told(offer).happens("Cart Updated", items=[{"id": "kettle"}], currency=currency)

    assert asked(cart("EUR")) is Reason.UNAVAILABLE
    assert isinstance(asked(cart("USD")), Speak)


def test_a_better_item_that_costs_less_is_not_offered_at_less_than_nothing() -> None:
    def cart(price: int) -> Story:
        items = [{"id": "kettle", "price": price}]
        return told("better").happens("Cart Updated", items=items, currency="USD")

    assert asked(cart(7_000)) is Reason.UNAVAILABLE
    assert terms_of(asked(cart(6_000)))["price"] == 0


def test_a_feature_that_nobody_sells_is_refused_at_check() -> None:
    with pytest.raises(DefinitionError, match="did you mean sso"):
        told("try-sso", catalog=CATALOG.replace("feature: sso", "feature: ssso"))
