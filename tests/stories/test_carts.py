"""Carts: what lies in them, what better item there is, and what neither late nor done fills again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stories.world import CATALOG, DAY, HOUR, START, Reason, Story, make_program, workflow
from upsell.channels.render import template_facts
from upsell.clock import MINUTE
from upsell.errors import DefinitionError
from upsell.journeys.program import Program
from upsell.signals.cart import MOST_LINES, take_cart
from upsell.signals.events import Event
from upsell.signals.profiles import Cart, Profile

SHOP = (
    CATALOG
    + """
items:
  kettle: {name: Kettle, price: 29, premium: kettle-pro}
  kettle-pro: {name: Kettle Pro, price: 59, premium: kettle-max, difference: Boils in half the time}
  kettle-max: {name: Kettle Max, price: 99}
  toaster: {name: Toaster, price: 35.50, premium: toaster-pro}
  toaster-pro: {name: Toaster Pro}
  cup: {name: Cup, price: 5}
"""
)
SPEAK = "[{email: {content: t1, intent: show}}]"
BETTER = "{when: cart.premium is not null and cart.checkout_started_at is not null}"
ABANDONED = "{when: days_since(cart.updated_at) >= 1 and cart.amount > 0}"


def shop(trigger: str = BETTER, **more: Any) -> Program:
    return make_program({"w": workflow(trigger=trigger, journey=SPEAK)}, catalog=SHOP, **more)


def cart_of(story: Story, unit: str = "c:ada") -> dict[str, Any]:
    scene = story.session._scene  # the facts rules are asked over
    return {name: said for name, said in scene.facts(story.unit(unit)).cart.items() if said is not None}


def items(*ids: str) -> list[dict[str, Any]]:
    return [{"id": item} for item in ids]


def test_a_checkout_with_a_better_item_fires_and_one_without_does_not() -> None:
    story = Story(shop()).happens("Cart Updated", items=items("cup"))
    story.happens("Checkout Started")
    assert story.mails() == []
    story.happens("Cart Updated", items=items("cup", "kettle"))
    assert story.contents() == ["t1"]


def test_a_cart_says_what_it_holds_and_what_would_be_better() -> None:
    story = Story(shop("{on: Never}"))
    assert cart_of(story) == {}
    story.happens("Cart Updated", items=[{"id": "cup", "quantity": 4}, *items("kettle", "toaster")])
    assert cart_of(story) == {
        "amount": 4 * 500 + 2900 + 3550,
        "items": 6,
        "updated_at": START,
        "item": "toaster",
        "premium": "toaster-pro",
    }
    story.happens("Cart Updated", items=items("kettle"), amount=2500, currency="USD")
    assert cart_of(story)["amount"] == 2500
    assert (cart_of(story)["premium"], cart_of(story)["premium_difference"]) == ("kettle-pro", 3000)
    story.happens("Cart Updated", items=[{"id": "kettle", "price": 2500}], currency="USD")
    assert cart_of(story)["premium_difference"] == 5900 - 2500
    story.happens("Cart Updated", items=items("kettle"), currency="EUR")
    assert "premium_difference" not in cart_of(story)


def test_what_is_in_the_cart_already_and_what_is_unknown_is_never_the_better_item() -> None:
    story = Story(shop("{on: Never}")).happens("Cart Updated", items=items("kettle", "kettle-pro"))
    assert cart_of(story)["item"] == "kettle-pro"
    story.happens("Cart Updated", items=items("kettle-max", "gone"))
    assert "premium" not in cart_of(story)
    assert "amount" not in cart_of(story)


def test_the_products_of_segments_clients_are_read_by_their_ids_and_priced_by_the_catalog() -> None:
    story = Story(shop("{on: Never}"))
    products = [{"product_id": "kettle", "price": 29.0, "quantity": 2}, {"sku": "cup"}]
    story.happens("Checkout Started", products=products, currency="USD")
    assert (cart_of(story)["amount"], cart_of(story)["items"]) == (2 * 2900 + 500, 3)


def test_an_order_empties_the_cart_and_a_late_word_never_fills_it_again() -> None:
    story = Story(shop()).happens("Cart Updated", items=items("kettle")).after(HOUR)
    story.happens("Order Completed", order_id="1", amount=2900).after(MINUTE)
    story.happens("Checkout Started", items=items("kettle"), ago=10 * MINUTE)
    assert story.mails() == []
    assert (cart_of(story)["amount"], cart_of(story)["items"]) == (0, 0)
    story.happens("Checkout Started", items=items("kettle"))
    assert story.contents() == ["t1"]


def test_a_checkout_that_says_no_items_is_of_those_that_lie_there() -> None:
    story = Story(shop("{on: Never}")).happens("Cart Updated", items=items("kettle"), amount=2800)
    story.after(MINUTE).happens("Checkout Started")
    assert (cart_of(story)["item"], cart_of(story)["amount"]) == ("kettle", 2800)
    assert cart_of(story)["checkout_started_at"] == story.now
    story.after(MINUTE).happens("Cart Updated", items=items("kettle", "cup"))
    assert cart_of(story)["amount"] == 3400


def test_a_cart_left_alone_for_a_day_fires_to_the_moment_and_a_bought_one_never() -> None:
    story = Story(shop(ABANDONED)).happens("Cart Updated", items=items("kettle"))
    story.after(DAY - 1)
    assert story.mails() == []
    story.after(1)
    assert story.contents() == ["t1"]
    bought = Story(shop(ABANDONED)).happens("Cart Updated", items=items("kettle")).after(HOUR)
    bought.happens("Order Completed", order_id="1").after(10 * DAY)
    assert bought.mails() == []


def test_a_visitor_who_becomes_known_keeps_the_cart() -> None:
    program = shop()
    story = Story(program, "a:acme").member("ada")
    story.happens("Checkout Started", by="anon:v1", items=items("kettle"))
    assert story.mails() == []
    assert story.reasons() == [Reason.NO_RECIPIENT]
    merged: dict[str, Any] = {"from": "anon:v1"}
    story.happens("Customers Merged", by="ada", **merged)
    assert cart_of(story, "c:ada")["item"] == "kettle"
    assert [mail.customer_id for mail in story.mails()] == ["ada"]


def test_an_account_has_no_cart() -> None:
    story = Story(shop("{on: Never}"), "a:acme").member("ada")
    story.happens("Cart Updated", by="ada", items=items("kettle"))
    assert cart_of(story, "a:acme") == {}
    assert cart_of(story, "c:ada")["item"] == "kettle"


@pytest.mark.parametrize(
    "said",
    [
        {"items": "kettle"},
        {"items": [None, 3, [], {"id": None}, {"id": True}, {"id": "kettle", "quantity": "many"}]},
        {"items": [{"id": "kettle", "quantity": 0}]},
        {"amount": "much"},
        {"items": {"id": "kettle"}},
    ],
)
def test_what_cannot_be_read_of_a_cart_is_left_out(said: Any) -> None:
    story = Story(shop("{on: Never}")).happens("Cart Updated", **said)
    assert "item" not in cart_of(story)


def test_a_template_names_the_item_its_better_one_and_the_difference_as_money() -> None:
    program = make_program({"w": workflow(trigger="{on: Go}", journey=SPEAK)}, catalog=SHOP)
    story = Story(program).happens("Checkout Started", items=items("kettle")).happens("Go")
    said = template_facts(program, story.household, story.mails()[0], story.now)["cart"]
    assert (said["item_name"], said["premium_name"]) == ("Kettle", "Kettle Pro")
    assert said["premium_gain"] == "Boils in half the time"
    assert str(said["premium_difference"]) == "$30.00"


def test_the_catalog_refuses_circles_and_unknown_counterparts_and_warns_of_cheaper_ones() -> None:
    def problems(written: str) -> list[str]:
        with pytest.raises(DefinitionError) as caught:
            shop_of = CATALOG + f"items:\n{written}"
            make_program({"w": workflow(trigger="{on: Go}", journey=SPEAK, goal="{}")}, catalog=shop_of)
        codes = [problem.code for problem in caught.value.problems if problem.file == "catalog.yaml"]
        return [str(code) for code in codes]

    assert problems("  a: {name: A, premium: b}\n  b: {name: B, premium: a}\n") == ["premium-circle"] * 2
    assert problems("  a: {name: A, premium: a}\n") == ["premium-circle"]
    assert problems("  a: {name: A, premium: c}\n") == ["unknown-item"]
    assert problems("  a: {name: A, price: 5, premium: b}\n  b: {name: B, price: 5}\n") == ["premium-price"]
    assert problems("  a: {name: A, price: 5.001}\n") == ["too-precise"]
    assert problems("  a: {name: A, price: 5, premium: b}\n  b: {name: B, price: 6}\n") == []


told = st.lists(
    st.tuples(
        st.sampled_from(["Cart Updated", "Checkout Started", "Order Completed"]),
        st.integers(0, 1_000),
        st.lists(st.sampled_from(["kettle", "cup", "toaster"]), max_size=3),
    ),
    max_size=8,
    unique_by=lambda one: one[1],
)


@settings(deadline=None)
@given(told, st.randoms())
def test_whatever_the_order_of_arrival_the_last_word_on_the_cart_holds(
    words: list[tuple[str, int, list[str]]], luck: Any
) -> None:
    def taken(order: list[tuple[str, int, list[str]]]) -> Cart | None:
        profile = Profile()
        for name, at, ids in order:
            take_cart(profile, Event("e", name, at, 2_000, "ada", properties={"items": items(*ids)}))
        return profile.cart

    mixed = list(words)
    luck.shuffle(mixed)
    cart, late = taken(sorted(words, key=lambda one: one[1])), taken(mixed)
    assert (cart is None) == (late is None) == (not words)
    if cart is not None and late is not None:
        assert (late.lines, late.updated_at) == (cart.lines, cart.updated_at)


def test_a_cart_is_bounded() -> None:
    profile = Profile()
    many = items(*(str(number) for number in range(1_000)))
    take_cart(profile, Event("e", "Cart Updated", 1, 1, "ada", properties={"items": many}))
    assert profile.cart is not None
    assert len(profile.cart.lines) == MOST_LINES
