"""Checkout: what goes with the cart that a request shows, decided from it and from nothing older."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.stories.world import CATALOG, DAY, HOUR, Reason, Story, make_program, workflow
from upsell.clock import MINUTE
from upsell.decisions.cart_changes import CartChange, Piece
from upsell.errors import DefinitionError
from upsell.signals.profiles import Cart

SHOP = (
    CATALOG
    + """
  better: {kind: upgrade, item: premium, title: The better one, fallback: set}
  set: {kind: cross-sell, item: bundle, title: All in one, fallback: insure}
  insure: {kind: cross-sell, item: warranty, title: Care}
  cup: {kind: cross-sell, item: cup, title: A cup}
  off: {kind: upgrade, item: premium, title: The better one for less, discount: 10%}
largest_step: 150%
items:
  kettle: {name: Kettle, price: 29, premium: kettle-pro, cost: 14}
  kettle-pro: {name: Kettle Pro, price: 59, premium: kettle-max, warranty: care, cost: 30}
  kettle-max: {name: Kettle Max, price: 99, cost: 60}
  toaster: {name: Toaster, price: 35.50, warranty: care, cost: 20}
  cup: {name: Cup, price: 5, cost: 2}
  dish: {name: Dish, price: 7}
  care: {name: Three years of care, price: 12}
  morning: {name: Morning set, price: 38, contains: [toaster, cup]}
  table: {name: Table set, price: 20, contains: [cup, cup, dish, dish]}
"""
)
ASKED = "{on: Placement Asked, where: \"properties.placement = 'checkout'\", again_after: 1 minute}"
BOUGHT = "{event: Order Completed, within: 1 day}"


def journey(offer: str) -> str:
    return f"[{{prompt: {{placement: checkout, as: card, offer: {offer}}}}}, {{wait: 7 days}}]"


def shop(offer: str = "better", *, catalog: str = SHOP, policy: str = "", goal: str = BOUGHT) -> Story:
    text = workflow(trigger=ASKED, journey=journey(offer), goal=goal)
    return Story(make_program({"w": text}, catalog=catalog, policy=policy))


def cart(*lines: Any, currency: str = "USD", **more: Any) -> dict[str, Any]:
    """Write a cart: ids, or pairs of an id and how many, or whole lines."""
    said = [{"id": each} if isinstance(each, str) else {"id": each[0], "quantity": each[1]} for each in lines]
    return {"items": said, "currency": currency, **more}


def ask(story: Story, said: dict[str, Any] | None) -> Any:
    """Ask at the checkout; give what the prompt said, or the reason why there is none."""
    before = len(story.recorded())
    asked: dict[str, Any] = {"cart": said} if said is not None else {}
    story.happens("Placement Asked", placement="checkout", **asked)
    for event in story.recorded()[before:]:
        if event.name == "Prompt Offered":
            return event.properties
        if event.name == "Prompt Withheld":
            return Reason(event.properties["reason"])
    return story.reasons()[-1] if story.reasons() else None


def change(said: Any) -> CartChange:
    assert not isinstance(said, Reason), said
    return msgspec.convert(said["terms"]["cart"], CartChange)


def test_the_better_item_takes_the_place_of_the_whole_line_at_its_own_price() -> None:
    said = ask(shop(), cart(("kettle", 2), "dish"))
    # Oracle: the prices written in the catalog, 59 less 29, twice.
    assert (said["terms"]["thing"], said["terms"]["price"]) == ("kettle-pro", 2 * 3_000)
    swap = change(said)
    assert swap.remove == (Piece("kettle", 2, 2_900),)
    assert swap.add == (Piece("kettle-pro", 2, 5_900),)
    assert swap.step == 6_000


def test_a_bundle_takes_the_place_of_what_it_covers_and_says_what_is_saved() -> None:
    said = ask(shop("set"), cart("toaster", ("cup", 3)))
    # Oracle: 35.50 and 5 one by one are 40.50, and the set is 38.
    assert (said["terms"]["thing"], said["terms"]["price"], said["terms"]["saving"]) == (
        "morning",
        3_800,
        250,
    )
    assert change(said).remove == (Piece("toaster", 1, 3_550), Piece("cup", 1, 500))
    assert change(said).step == -250
    more = ask(shop("set"), cart("toaster"))
    # What is not in the cart yet comes at the catalog's price: it costs 2.50 more, and a cup is worth 5.
    assert (more["terms"]["saving"], change(more).step) == (250, 250)


def test_of_several_bundles_the_one_that_saves_most_is_proposed_and_before_it_one_that_needs_no_more() -> (
    None
):
    said = ask(shop("set"), cart("toaster", ("cup", 2), ("dish", 2)))
    # Oracle: the table set saves 2 x 5 + 2 x 7 - 20 = 4, the morning set 2.50.
    assert (said["terms"]["thing"], said["terms"]["saving"]) == ("table", 400)
    assert ask(shop("set"), cart("toaster", ("cup", 2), "dish"))["terms"]["thing"] == "morning"


def test_a_warranty_covers_every_piece_of_its_line() -> None:
    said = ask(shop("insure"), cart(("toaster", 2)))
    assert (said["terms"]["thing"], said["terms"]["price"]) == ("care", 2 * 1_200)
    assert (change(said).remove, change(said).add) == ((), (Piece("care", 2, 1_200),))


def test_what_goes_not_with_the_cart_gives_way_to_what_falls_back() -> None:
    assert ask(shop(), cart("toaster"))["terms"]["offer"] == "set"
    assert ask(shop(), cart("toaster", sold_out=["morning"]))["terms"]["offer"] == "insure"
    assert ask(shop(), cart("dish", sold_out=["table"])) is Reason.UNAVAILABLE


def test_the_cart_of_the_request_is_the_one_decided_about_whatever_was_told_before_or_dated_ahead() -> None:
    story = shop().happens("Cart Updated", items=[{"id": "toaster"}], currency="USD", ago=-HOUR)
    assert ask(story, cart("kettle"))["terms"]["thing"] == "kettle-pro"
    assert ask(story.after(MINUTE), cart("toaster"))["terms"]["thing"] == "morning"
    assert ask(story.after(MINUTE), cart()) is Reason.UNAVAILABLE
    assert ask(story.after(MINUTE), cart(("kettle", 3)))["terms"]["price"] == 9_000
    # Nor is what is told after it older for a clock that was ahead before it.
    story.after(MINUTE).happens("Cart Updated", items=[{"id": "cup"}], currency="USD")
    assert [line.item for line in (story.unit().profile.cart or Cart([], None, "", 0)).lines] == ["cup"]


def test_without_a_cart_in_the_request_no_change_of_one_is_promised() -> None:
    story = shop().happens("Cart Updated", items=[{"id": "kettle"}], currency="USD").after(MINUTE)
    said = ask(story, None)
    assert (said["terms"]["thing"], "cart" in said["terms"]) == ("kettle-pro", False)


@pytest.mark.parametrize(
    "said",
    [
        cart("kettle", currency="EUR"),
        cart("gone"),
        cart("kettle", "kettle-pro", "kettle-max", "care"),
        cart("kettle", "kettle-max"),
        cart("kettle", sold_out=["kettle-pro", "kettle-max"]),
        {"items": [{"id": "kettle", "price": 2_500}], "currency": "USD", "is_checked": True},
        {"items": [{"id": "kettle", "price": 9_000}], "currency": "USD"},
    ],
    ids=["currency", "unknown", "there", "better-there", "sold-out", "price", "cheaper"],
)
def test_nothing_better_is_offered_that_the_shop_would_not_sell_so(said: dict[str, Any]) -> None:
    catalog = SHOP.replace(", fallback: set}", "}")
    assert ask(shop(catalog=catalog), said) is Reason.UNAVAILABLE


def test_a_price_that_a_server_tells_is_believed_and_one_that_a_page_tells_is_the_catalogs_or_nothing() -> (
    None
):
    line = {"id": "kettle", "price": 2_500}
    believed = {"items": [line], "currency": "USD"}
    assert ask(shop(), believed)["terms"]["price"] == 5_900 - 2_500
    right = {"items": [line | {"price": 2_900}], "currency": "USD", "is_checked": True}
    assert ask(shop(), right)["terms"]["price"] == 3_000
    story = shop(catalog=SHOP.replace(", fallback: set}", "}"))
    assert ask(story, believed | {"is_checked": True}) is Reason.UNAVAILABLE
    seen = {each.term: each.value for each in story.decisions()[-1].seen}
    assert seen == {"kettle in the cart at": 2_500, "in the catalog at": 2_900}


def test_the_nearest_better_one_that_can_be_had_within_the_step_is_proposed() -> None:
    assert ask(shop(), cart("kettle-pro"))["terms"]["thing"] == "kettle-max"
    # From 29 the best one at 99 is a step of 241 %, more than 150 %.
    catalog = SHOP.replace(", fallback: set}", "}")
    assert ask(shop(catalog=catalog), cart("kettle", sold_out=["kettle-pro"])) is Reason.UNAVAILABLE
    wide = catalog.replace("150%", "300%")
    assert ask(shop(catalog=wide), cart("kettle", sold_out=["kettle-pro"]))["terms"]["thing"] == "kettle-max"
    assert ask(shop(catalog=catalog.replace("150%", "50%")), cart("kettle")) is Reason.UNAVAILABLE


def test_nothing_is_sold_below_its_cost_or_for_less_than_the_margin_asked_for() -> None:
    alone = SHOP.replace(", fallback: set}", "}").replace(", fallback: insure}", "}")
    dear = alone.replace("price: 59, premium: kettle-max, warranty: care, cost: 30", "price: 59, cost: 60")
    assert ask(shop(catalog=dear), cart("kettle")) is Reason.PRICE_GUARDRAIL
    margin = "policy: {pricing: {min_margin: 50%}}\n"
    # 59 less 30 is 49.2 % of 59.
    assert ask(shop(catalog=alone, policy=margin), cart("kettle")) is Reason.PRICE_GUARDRAIL
    # The morning set is 38 and costs 20 and 2: 42 %.
    assert ask(shop("set", catalog=alone, policy=margin), cart("toaster")) is Reason.PRICE_GUARDRAIL
    assert isinstance(ask(shop("cup", catalog=alone, policy=margin), cart("toaster")), dict)


def test_a_discount_is_taken_off_the_step_and_the_item_is_sold_at_what_comes_of_it() -> None:
    said = ask(shop("off"), cart("kettle"))
    # Oracle: 30 less ten per cent is 27, beside the 29 that are paid for the kettle.
    assert (said["terms"]["price"], change(said).add) == (2_700, (Piece("kettle-pro", 1, 5_600),))


def test_each_change_of_each_cart_has_a_key_of_its_own_and_asked_again_keeps_it() -> None:
    story = shop()
    one = ask(story, cart("kettle"))["prompt"]
    two = ask(story.after(MINUTE), cart(("kettle", 2)))["prompt"]
    again = ask(story.after(MINUTE), cart("kettle", "dish"))["prompt"]
    assert (one, one == two) == (again, False)
    assert len(story.exposures()) == 1, "one passage, one exposure"


def test_what_was_shown_for_this_cart_is_honoured_and_another_cart_has_todays_prices() -> None:
    text = workflow(trigger=ASKED, journey=journey("better"), goal=BOUGHT)
    catalog = SHOP.replace("title: The better one, ", "title: The better one, valid_for: 2 days, ")
    story = Story(make_program({"w": text}, catalog=catalog))
    assert ask(story, cart("kettle"))["terms"]["price"] == 3_000
    dearer = make_program(
        {"w": text}, catalog=catalog.replace("Kettle Pro, price: 59", "Kettle Pro, price: 65")
    )
    later = Story(dearer, household=story.household)
    later.now = story.now + HOUR
    assert ask(later, cart("kettle"))["terms"]["price"] == 3_000
    assert ask(later.after(MINUTE), cart(("kettle", 2)))["terms"]["price"] == 2 * 3_600


@pytest.mark.parametrize(("answer", "rest"), [("not_now", 0), ("never", 400)])
def test_what_was_declined_rests_or_is_never_offered_again_in_any_cart(answer: str, rest: int) -> None:
    story = shop(catalog=SHOP.replace(", fallback: set}", "}"))
    key = ask(story, cart("kettle"))["prompt"]
    story.happens("Offer Declined", offer="better", thing="kettle-pro", key=key, answer=answer)
    story.after(rest * DAY + MINUTE)
    assert ask(story, cart(("kettle", 2))) is Reason.DECLINED


def test_who_closed_it_is_not_asked_again_where_the_journey_says_so() -> None:
    closing = "[{prompt: {placement: checkout, offer: cup}}, {wait: {for: Prompt Dismissed, up_to: 1 day}}]"
    trigger = ASKED.replace("1 minute", "7 days")
    story = Story(make_program({"w": workflow(trigger=trigger, journey=closing, goal=BOUGHT)}, catalog=SHOP))
    key = ask(story, cart("kettle"))["prompt"]
    story.happens("Prompt Dismissed", key=key)
    assert not isinstance(ask(story.after(MINUTE), cart("kettle")), dict)
    assert isinstance(ask(story.after(8 * DAY), cart("kettle")), dict)


def test_who_has_something_broken_or_a_full_cap_is_offered_nothing_at_the_checkout() -> None:
    assert ask(shop().happens("Ticket Opened", ticket_id="1"), cart("kettle")) is Reason.SENSITIVE
    capped = "policy: {caps: [{at_most: 1, within: 30 minutes, channels: [prompt]}]}\n"
    story = shop(policy=capped)
    assert isinstance(ask(story, cart("kettle")), dict)
    # The same passage again, for another cart, is the same place under the cap.
    assert isinstance(ask(story.after(MINUTE), cart(("kettle", 2))), dict)
    assert len(story.unit().contact.touches) == 1
    story.happens("Order Completed", order_id="1", items=[{"id": "cup"}]).after(MINUTE)
    assert ask(story, cart("kettle")) is Reason.CAPPED


def test_what_was_taken_as_the_better_one_is_not_to_be_bettered_again_until_it_is_ordered() -> None:
    story = shop()
    said = ask(story, cart("kettle"))
    story.happens("Offer Accepted", key=said["prompt"], offer="better", terms=said["terms"]).after(MINUTE)
    assert ask(story, cart("kettle-pro"))["terms"]["offer"] == "insure"
    story.happens("Order Completed", order_id="1", items=["cup"]).after(MINUTE)
    assert ask(story, cart("kettle-pro"))["terms"]["thing"] == "kettle-max"


def test_after_an_order_the_same_cart_is_another_cart() -> None:
    story = shop("insure", goal="{event: Subscription Upgraded, within: 30 days}")
    first = ask(story, cart("toaster"))["prompt"]
    story.happens("Order Completed", order_id="1", items=[{"id": "toaster"}]).after(MINUTE)
    assert ask(story, cart("toaster"))["prompt"] != first


def test_a_visitor_keeps_their_arm_over_requests_and_when_they_say_who_they_are() -> None:
    text = workflow(trigger=ASKED, journey=journey("better"), goal=BOUGHT, holdout="50%")
    program = make_program({"w": text}, catalog=SHOP)
    arms = set()
    for number in range(30):
        story = Story(program, f"c:anon:v{number}")
        first = ask(story, cart("kettle"))
        assert (first is Reason.HELD_OUT) == (ask(story.after(HOUR), cart("kettle")) is Reason.HELD_OUT)
        arms.add(first is Reason.HELD_OUT)
        known = Story(program, "a:home").member(f"ada{number}")
        known.household.customers[f"anon:v{number}"] = story.household.customers[f"anon:v{number}"]
        known.now = story.now + MINUTE
        merged: dict[str, Any] = {"from": f"anon:v{number}"}
        known.happens("Customers Merged", by=f"ada{number}", **merged)
        before = len(known.recorded())
        known.happens("Placement Asked", by=f"ada{number}", placement="checkout", cart=cart("kettle"))
        (answer,) = [each for each in known.recorded()[before:] if each.name.startswith("Prompt")]
        assert (answer.name == "Prompt Withheld") == (first is Reason.HELD_OUT)
    assert arms == {True, False}


def test_rules_and_mails_see_the_bundle_and_what_it_saves() -> None:
    when = "{when: \"cart.bundle = 'morning' and cart.bundle_saving >= 250\"}"
    text = workflow(trigger=when, journey="[{email: {content: t1, intent: help}}]")
    story = Story(make_program({"w": text}, catalog=SHOP))
    assert story.happens("Cart Updated", items=["dish"], currency="USD").mails() == []
    assert len(story.happens("Cart Updated", items=["toaster"], currency="USD").mails()) == 1


@pytest.mark.parametrize(
    ("written", "told_of"),
    [
        ("x: {name: X, price: 1, contains: [cup, cop]}", "did you mean cup"),
        ("x: {name: X, price: 1, contains: [cup, morning]}", "no bundle"),
        ("x: {name: X, price: 1, contains: [cup, x]}", "no bundle"),
        ("x: {name: X, contains: [cup, dish]}", "expected a price of the bundle x"),
        ("x: {name: X, price: 12, contains: [cup, dish]}", "costs less than its parts"),
        ("x: {name: X, price: 1, cost: 2}", "covers its cost"),
        ("x: {name: X, price: 1, contains: [cup]}", "at least 2"),
        ("bundle: {name: X}", "not a word of offers"),
    ],
)
def test_a_bundle_that_is_none_is_told_at_check(written: str, told_of: str) -> None:
    text = workflow(trigger="{on: Go}", journey=journey("cup"), goal="{}")
    with pytest.raises(DefinitionError, match=told_of):
        make_program({"w": text}, catalog=f"{SHOP}  {written}\n")


def test_a_largest_step_of_nothing_is_refused() -> None:
    with pytest.raises(DefinitionError, match="a share above 0%"):
        shop(catalog=SHOP.replace("150%", "0%"))


def test_a_cart_kept_before_requests_showed_one_is_still_read() -> None:
    kept = msgspec.json.decode(b'[[["kettle",1,2900]],2900,"USD",5,null]', type=Cart)
    assert (kept.lines[0].item, kept.asked_at, kept.emptied_at) == ("kettle", None, 0)
