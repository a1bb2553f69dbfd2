"""Stripe in any order: whatever order and however often webhooks come, what is known in the end is the same.

The oracle is the life itself: what the subscription at Stripe is to when all was told.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from tests.stripe_world import BEGAN, Life, Remembering, make_coupon, make_discount, make_item, make_price
from upsell.clock import DAY, SECOND, Moment
from upsell.decisions.policy import SENSITIVE_STATES
from upsell.decisions.sensitive import take_state
from upsell.signals.plan_history import terms_of
from upsell.signals.profiles import Profile, Subscription
from upsell.signals.subscriptions import SUBSCRIPTION_EVENTS, Tiers, take_subscription
from upsell.sources.segment import Draft
from upsell.sources.vendor_ids import NotYetError

TIERS = Tiers({"starter": 1, "pro": 2}, beside=frozenset({"sso"}))
MAIN = "sub_1Pgc6rB7WZ01zgkWNy0Cn5nw"
PRICES = {"starter": 2000, "pro": 9900}
FAILED = next(state for state in SENSITIVE_STATES if state.name == "failed_payment")
END = (BEGAN + 400 * 86_400) * SECOND

OPERATIONS = (
    "activate",
    "seats",
    "plan",
    "sso",
    "renew",
    "pause",
    "end-later",
    "go-on",
    "discount",
    "switch",
    "undiscount",
    "note",
    "fail",
    "recover",
)


@dataclass
class Truth:
    """What a subscription at Stripe is to."""

    status: str
    plan: str = "starter"
    seats: int = 1
    has_sso: bool = False
    sso: int = 0
    sso_at: int = 0
    ends: int | None = None
    invoices: int = 0
    discount: str | None = None
    off: int = 0


def live(life: Life, truth: Truth, name: str) -> None:
    """Do one thing to a subscription at Stripe. Seats only ever grow, of both, so no state comes again."""
    match name:
        case "activate" if truth.status == "trialing":
            truth.status = "active"
            life.change(status="active", trial_end=life.now)
            life.now += 1
        case "seats" | "plan" | "sso":
            truth.seats += 1
            if name == "plan":
                truth.plan = "pro" if truth.plan == "starter" else "starter"
            if name == "sso":
                truth.has_sso, truth.sso, truth.sso_at = not truth.has_sso, truth.seats, life.now
            life.set_items(*in_period(life, items_of(truth)))
        case "renew":
            life.renew()
        case "pause":
            life.change(pause_collection={"behavior": "void"})
        case "end-later" if truth.ends is None:
            truth.ends = life.now + 86_400 * 90 + len(life.hooks)
            life.change(cancel_at=truth.ends)
        case "go-on" if truth.ends is not None:
            truth.ends = None
            truth.seats += 1
            items = in_period(life, items_of(truth))
            life.change(cancel_at=None, items={**life.subscription["items"], "data": items})
        case "discount" | "switch" | "undiscount":
            live_discounts(life, truth, name)
        case "note":
            life.change(metadata={"note": str(len(life.hooks))})
        case "fail":
            truth.invoices += 1
            life.tell_invoice("invoice.payment_failed", truth.invoices)
            life.change(status="past_due" if truth.status == "active" else truth.status)
        case "recover" if truth.invoices:
            life.tell_invoice("invoice.paid", truth.invoices, paid=2000)
            life.change(status=truth.status)


def live_discounts(life: Life, truth: Truth, name: str) -> None:
    """Do one thing to the discount of a subscription at Stripe."""
    match name:
        case "discount":
            truth.discount, truth.off = f"di_{len(life.hooks)}", 10 + len(life.hooks)
            said = make_discount(truth.discount, tell_coupon(life, truth.off), start=life.now)
            life.tell("customer.discount.created", said)
            change_discounts(life, truth)
        case "switch" if truth.discount is not None:
            old, truth.discount, truth.off = truth.discount, f"di_{len(life.hooks)}", 10 + len(life.hooks)
            coupon = tell_coupon(life, truth.off)
            changed = "source" if isinstance(coupon, str) else "coupon"
            life.tell(
                "customer.discount.updated",
                make_discount(truth.discount, coupon, start=life.now),
                previous={changed: {"id": "OFF"}, "start": BEGAN, "id": old},
            )
            change_discounts(life, truth)
        case "undiscount" if truth.discount is not None:
            truth.discount, truth.off = None, 0
            change_discounts(life, truth)


def tell_coupon(life: Life, percent: int) -> dict[str, Any] | str:
    """Tell of a coupon; give it whole or by its id, as one version and another have it in a discount."""
    coupon = make_coupon(percent, id=f"OFF{percent}", created=life.now)
    if percent % 2:
        return coupon
    life.tell("coupon.created", coupon)
    return f"OFF{percent}"


def change_discounts(life: Life, truth: Truth) -> None:
    """Have the subscription name its discounts by id alone."""
    truth.seats += 1
    items = {**life.subscription["items"], "data": in_period(life, items_of(truth))}
    life.change(discounts=[truth.discount] if truth.discount is not None else [], items=items)


def items_of(truth: Truth) -> list[dict[str, Any]]:
    """Give the items of a subscription."""
    price = make_price(f"price_{truth.plan}", PRICES[truth.plan])
    items = [make_item(price, truth.seats, id="si_1")]
    return (
        [
            *items,
            make_item(make_price("price_sso", 1000), truth.seats, id=f"si_{truth.sso}", created=truth.sso_at),
        ]
        if truth.has_sso
        else items
    )


def in_period(life: Life, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give items in the period the subscription is in."""
    period = life.subscription["items"]["data"][0]
    bounds = {key: period[key] for key in ("current_period_start", "current_period_end")}
    return [item | bounds for item in items]


@st.composite
def lives(draw: st.DrawFn) -> tuple[Life, Truth]:
    """Draw a life, and what it comes to."""
    status = draw(st.sampled_from(("trialing", "active")))
    truth = Truth(status)
    end = BEGAN + 14 * 86_400 if status == "trialing" else None
    life = Life(*items_of(truth), is_old=draw(st.booleans()), status=status, trial_end=end)
    for name in draw(st.lists(st.sampled_from(OPERATIONS), max_size=9)):
        life.now += draw(st.sampled_from((0, 0, 1, 3_600)))
        live(life, truth, name)
    if draw(st.booleans()):
        life.now += draw(st.sampled_from((0, 1, 3_600)))
        truth.ends = life.now
        life.delete()
    return life, truth


def known_after(hooks: Sequence[dict[str, Any]]) -> Profile:
    """Give what is known when webhooks come in an order; what came before is passed, as by the ledger.

    What cannot be told yet comes again, when all the others have.
    """
    profile = Profile()
    seen: set[str] = set()
    now: Moment = END
    desk, waiting = Remembering(), list(hooks)
    tries = 3 * len(waiting)
    while waiting:
        hook, tries = waiting.pop(0), tries - 1
        assert tries >= 0
        try:
            taken = desk.send(hook)
        except NotYetError:
            waiting.append(hook)
            continue
        assert not taken.asides
        for item in taken.items:
            assert isinstance(item, Draft)
            if item.event.id in seen:
                continue
            seen.add(item.event.id)
            now += SECOND
            event = msgspec.structs.replace(item.event, seen_at=now)
            if event.name in SUBSCRIPTION_EVENTS:
                take_subscription(profile, event, TIERS)
            elif event.name in FAILED.starts + FAILED.ends:
                take_state(profile, FAILED, event)
    return profile


def now_of(held: Subscription) -> Subscription:
    """Give a subscription without what is known of the past, which may be less where words came late."""
    return msgspec.structs.replace(held, priced_at=None, held_at=None, before=[], told=[])


def hold_to_the_life(life: Life, truth: Truth, chance: random.Random) -> None:
    """Hold what is known after webhooks in order, and in any order twice, to the life they tell of."""
    straight = known_after(life.hooks)
    held = straight.subscriptions[MAIN]
    assert (held.plan, held.quantity) == (truth.plan, truth.seats)
    assert held.amount == PRICES[truth.plan] * truth.seats * (100 - truth.off) // 100
    assert held.ends_at == (None if truth.ends is None else truth.ends * SECOND)
    assert held.status == truth.status
    sso = straight.subscriptions.get(f"{MAIN}/sso")
    if truth.has_sso:
        assert sso is not None
        assert sso.ends_at == held.ends_at
    else:
        assert sso is None or sso.ends_at is not None
    shuffled = [*life.hooks, *chance.choices(life.hooks, k=len(life.hooks))]
    chance.shuffle(shuffled)
    other = known_after(shuffled)
    assert {key: now_of(each) for key, each in other.subscriptions.items()} == {
        key: now_of(each) for key, each in straight.subscriptions.items()
    }
    failed = {key for key, span in straight.states.items() if span.opened}
    assert failed == {key for key, span in other.states.items() if span.opened}


def hold_to_the_past(life: Life, chance: random.Random) -> None:
    """Hold what is known of the past after webhooks in any order to what is known after them in order."""
    shuffled = list(life.hooks)
    chance.shuffle(shuffled)
    straight, other = known_after(life.hooks), known_after(shuffled)
    # Within a second nobody knows what came when: moments between two are asked about.
    moments = [BEGAN * SECOND + offset for offset in range(SECOND - 1, 2 * DAY, 1_800 * SECOND)]
    for key, held in other.subscriptions.items():
        truth, told = terms_of(straight.subscriptions[key]), terms_of(held)
        for at in moments:
            known = [term for term in told if term.since <= at]
            really = [term for term in truth if term.since <= at]
            if known and known[-1].plan is not None and really:
                assert (known[-1].plan, known[-1].quantity) == (really[-1].plan, really[-1].quantity)


@settings(max_examples=examples(40), deadline=None)
@given(lives(), st.randoms(use_true_random=False))
def test_any_order_and_number_of_deliveries_leaves_the_state_of_the_life_itself(
    lived: tuple[Life, Truth], chance: random.Random
) -> None:
    hold_to_the_life(*lived, chance)


@settings(max_examples=examples(30), deadline=None)
@given(lives(), st.randoms(use_true_random=False))
def test_what_is_known_of_the_past_out_of_order_is_never_otherwise(
    lived: tuple[Life, Truth], chance: random.Random
) -> None:
    hold_to_the_past(lived[0], chance)


@pytest.mark.slow
@settings(max_examples=examples(1_500), deadline=None)
@given(lives(), st.randoms(use_true_random=False))
def test_many_lives_are_known_alike_in_any_order(lived: tuple[Life, Truth], chance: random.Random) -> None:
    hold_to_the_life(*lived, chance)
    hold_to_the_past(lived[0], chance)
