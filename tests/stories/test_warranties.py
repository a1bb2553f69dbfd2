"""Warranties: each of what lies in the cart now, sold where the customer is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stories.test_offers import CATALOG, asked, terms_of, told
from tests.stories.world import DAY, Reason, Story, make_program, workflow
from upsell.errors import DefinitionError
from upsell.journeys.effects import Speak

SHOP = CATALOG.replace("premium: kettle-pro}", "premium: kettle-pro, warranty: care}").replace(
    "  care: {name",
    "  oven: {name: Oven, price: 400, warranty: oven-care}\n"
    "  oven-care: {name: Care for ovens, price: 70}\n  care: {name",
    1,
)
SHOP += "  insure: {kind: cross-sell, item: warranty, title: Care}\n"


def cart(*items: Any, catalog: str = SHOP, offer: str = "insure") -> Story:
    return told(offer, catalog=catalog).happens("Cart Updated", items=list(items), currency="USD")


@pytest.mark.parametrize(
    ("items", "warranty", "price"),
    [(["kettle"], "care", 1_200), (["oven"], "oven-care", 7_000), (["kettle", "oven"], "oven-care", 7_000)],
)
def test_the_warranty_is_that_of_the_dearest_item_in_the_cart(
    items: list[str], warranty: str, price: int
) -> None:
    # Oracle: the prices written in the catalog.
    terms = terms_of(asked(cart(*items)))
    assert (terms["thing"], terms["price"]) == (warranty, price)


def test_what_is_in_the_cart_with_its_warranty_gives_way_to_the_next() -> None:
    assert terms_of(asked(cart("kettle", "oven", "oven-care")))["thing"] == "care"
    assert asked(cart("oven", "oven-care")) is Reason.UNAVAILABLE


def test_nothing_is_offered_to_an_empty_cart_or_for_what_has_no_warranty() -> None:
    assert asked(cart()) is Reason.UNAVAILABLE
    assert asked(cart("kettle-pro")) is Reason.UNAVAILABLE
    assert asked(told("insure", catalog=SHOP)) is Reason.UNAVAILABLE


def test_a_warranty_ordered_for_one_thing_is_none_of_the_next() -> None:
    story = told("insure", catalog=SHOP)
    story.happens("Order Completed", order_id="o1", items=["kettle", "care"], amount=4_200).after(DAY)
    story.happens("Cart Updated", items=["kettle"], currency="USD")
    assert terms_of(asked(story))["thing"] == "care"


@pytest.mark.parametrize("offer", ["better", "care", "insure"])
def test_an_item_is_offered_only_where_it_is_sold(offer: str) -> None:
    def sold(word: str) -> str:
        at = SHOP.replace("price: 60}", f"price: 60, {word}}}")
        return at.replace("price: 12}", f"price: 12, {word}}}")

    catalog = sold("regions: [DE, AT]")
    for home in ("de", "fr", ""):
        catalog = sold("for_sale: false" if home == "de" else "regions: [DE, AT]")
        story = cart("kettle", catalog=catalog, offer=offer)
        if home:
            story.happens("Customer Identified", country=home)
        assert asked(story) is Reason.UNAVAILABLE, home
    story = cart("kettle", catalog=catalog, offer=offer).happens("Customer Identified", country="at")
    assert isinstance(asked(story), Speak)


def test_what_the_cart_has_a_warranty_for_is_seen_by_rules_and_templates() -> None:
    text = "cart.warranty = 'oven-care' and cart.warranty_item = 'oven'"
    program = make_program(
        {"w": workflow(trigger=f'{{when: "{text}"}}', journey="[{email: {content: t1, intent: help}}]")},
        catalog=SHOP,
    )
    story = Story(program).happens("Cart Updated", items=["kettle"], currency="USD")
    assert story.mails() == []
    assert len(story.happens("Cart Updated", items=["kettle", "oven"], currency="USD").mails()) == 1


@pytest.mark.parametrize(
    ("written", "told_of"),
    [("warranty: car}", "did you mean care"), ("warranty: kettle}", "name of an item")],
)
def test_a_warranty_that_is_none_is_refused(written: str, told_of: str) -> None:
    with pytest.raises(DefinitionError, match=told_of):
        told("insure", catalog=SHOP.replace("warranty: care}", written))


def test_no_item_is_called_as_offers_call_what_goes_with_another() -> None:
    with pytest.raises(DefinitionError, match="not a word of offers"):
        told("insure", catalog=SHOP.replace("  oven: {", "  warranty: {name: W}\n  oven: {"))
