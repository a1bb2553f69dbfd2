"""Stripe's discounts that a subscription names by their ids alone: told by other webhooks, never guessed."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.stripe_world import (
    BEGAN,
    Remembering,
    make_coupon,
    make_discount,
    make_hook,
    make_item,
    make_price,
    make_source,
    make_subscription,
    send,
    signed,
)
from upsell.clock import SECOND
from upsell.sources.segment import Draft
from upsell.sources.source import Taken
from upsell.sources.vendor_details import Detail, Named, detail_at
from upsell.sources.vendor_ids import NotYetError

CREATED = "customer.subscription.created"
DISCOUNT = make_hook("customer.discount.created", make_discount("di_1", make_coupon(25)))
CLOVER = make_hook("customer.discount.created", make_discount("di_1", "OFF25"))
COUPON = make_hook("coupon.created", make_coupon(25))


def subscribed(*named: Any, kind: str = CREATED, **changed: Any) -> dict[str, Any]:
    """Give a webhook of a subscription for 20.00 a month with discounts."""
    return make_hook(kind, make_subscription(discounts=list(named) or ["di_1"], **changed))


def amount_in(taken: Taken) -> Any:
    """Give the amount of what was taken, which nothing was kept aside of."""
    assert not taken.asides
    (item,) = taken.items
    assert isinstance(item, Draft)
    return item.event.properties["amount"]


def amount_after(*told: dict[str, Any], hook: dict[str, Any] | None = None) -> Any:
    """Give the amount of a subscription after webhooks that become no event."""
    desk = Remembering()
    for each in told:
        assert desk.send(each) == Taken(passed_over=1)
    return amount_in(desk.send(hook if hook is not None else subscribed()))


def test_what_a_discount_takes_off_is_what_another_webhook_told_of_its_id() -> None:
    assert amount_after(DISCOUNT) == 1500
    updated = make_hook("customer.discount.updated", DISCOUNT["data"]["object"], previous={"id": "di_0"})
    assert amount_after(updated) == 1500
    item = make_item(make_price(), discounts=["di_1"])
    assert amount_after(DISCOUNT, hook=make_hook(CREATED, make_subscription(item))) == 1500
    ends = make_hook("customer.discount.created", make_discount("di_1", make_coupon(25, duration="once")))
    assert amount_after(ends) == 2000


def test_a_coupon_that_a_discount_names_by_id_is_what_yet_another_webhook_told() -> None:
    assert amount_after(CLOVER, COUPON) == amount_after(COUPON, CLOVER) == 1500
    renamed = make_hook("coupon.updated", make_coupon(25), previous={"name": "x"}, created=BEGAN + 900)
    assert amount_after(CLOVER, renamed) == 1500
    assert amount_after(COUPON, hook=subscribed(make_discount("di_1", "OFF25"))) == 1500
    with pytest.raises(NotYetError, match="coupon OFF25 of discount di_1"):
        amount_after(CLOVER)


def test_what_stands_in_the_subscription_whole_goes_before_what_was_told() -> None:
    whole = make_discount("di_1", make_coupon(50))
    assert amount_after(DISCOUNT, hook=subscribed(whole)) == 1000
    assert amount_after(DISCOUNT, hook=subscribed("di_1", discount=whole)) == 1000


def test_a_discount_that_is_not_known_is_asked_for_again_for_an_hour_and_then_told_without_amount() -> None:
    with pytest.raises(NotYetError, match=r"discount di_1 .*customer\.discount\.created"):
        send(subscribed(), (BEGAN + 3_599) * SECOND)
    taken = send(subscribed(), (BEGAN + 3_600) * SECOND)
    (item,) = taken.items
    assert isinstance(item, Draft)
    assert "amount" not in item.event.properties
    (aside,) = taken.asides
    assert (aside.code, "coupon.created" in aside.message) == ("unknown_amount", True)


def test_what_a_subscription_was_to_or_ended_with_is_waited_for_too() -> None:
    plain = make_subscription()
    was = make_hook("customer.subscription.updated", plain, previous={"discounts": ["di_1"]})
    over = make_subscription(discounts=["di_1"], status="canceled", ended_at=BEGAN)
    for hook in (was, make_hook("customer.subscription.deleted", over)):
        with pytest.raises(NotYetError):
            send(hook, (BEGAN + 60) * SECOND)
    assert amount_after(DISCOUNT, hook=was) == 2000
    assert amount_after(DISCOUNT, hook=make_hook("customer.subscription.deleted", over)) == 1500


def test_what_no_webhook_can_tell_is_not_waited_for() -> None:
    tiered = make_item(make_price("price_pro", None, billing_scheme="tiered"))
    taken = send(make_hook(CREATED, make_subscription(tiered, discounts=["di_1"])), (BEGAN + 60) * SECOND)
    assert [each.code for each in taken.asides] == ["unknown_amount"]
    begun = make_subscription(discounts=["di_1"], status="incomplete")
    assert send(make_hook(CREATED, begun), (BEGAN + 60) * SECOND) == Taken(passed_over=1)


def test_a_discount_that_got_another_coupon_takes_off_what_held_then_in_any_order() -> None:
    other = make_hook(
        "customer.discount.updated",
        make_discount("di_1", make_coupon(50), start=BEGAN + 60),
        previous={"coupon": make_coupon(25), "start": BEGAN},
        created=BEGAN + 60,
    )
    later = subscribed()
    later["created"] = BEGAN + 61
    for told in permutations((DISCOUNT, other)):
        assert amount_after(*told) == 1500
        assert amount_after(*told, hook=later) == 1000
    with pytest.raises(NotYetError):
        amount_after(other)


def test_a_coupon_made_anew_under_the_id_of_a_deleted_one_changes_no_discount_of_before() -> None:
    anew = make_hook("coupon.created", make_coupon(50, id="OFF25", created=BEGAN + 60), created=BEGAN + 60)
    later = subscribed()
    later["created"] = BEGAN + 99
    for told in permutations((CLOVER, COUPON, anew)):
        assert amount_after(*told, hook=later) == 1500
    with pytest.raises(NotYetError):
        amount_after(CLOVER, anew, hook=later)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("customer.discount.created", make_discount("di_1", make_coupon(), start="now")),
        ("customer.discount.created", {"id": "di_1", "source": {"coupon": None}}),
        ("coupon.updated", {"id": "OFF25"}),
    ],
)
def test_what_does_not_say_what_it_takes_off_is_kept_aside(kind: str, said: dict[str, Any]) -> None:
    hook = make_hook(kind, said)
    assert make_source().detail(signed(hook, BEGAN * SECOND)) is None
    assert [each.code for each in send(hook).asides] == ["unknown_shape"]


def test_a_discount_of_before_ids_and_ids_that_are_none_do_no_harm() -> None:
    old = make_discount("di_1", make_coupon())
    del old["id"]
    assert send(make_hook("customer.discount.created", old)) == Taken(passed_over=1)
    for odd in (7, None, "", "a\0b", ["di_1"], {"coupon": {"id": []}, "start": True}):
        assert [each.code for each in send(subscribed(odd)).asides] == ["unknown_amount"]


def test_what_held_at_a_moment_is_the_last_that_began_by_then() -> None:
    named = Named("coupon", "A")
    told = tuple(Detail(named, since, str(since)) for since in (20, 0, 10))
    held = [detail_at({named: told}, named, at) for at in (-1, 0, 9, 10, 25)]
    assert [each and each.since for each in held] == [None, 0, 0, 10, 20]
    assert detail_at({}, named, 0) is None
