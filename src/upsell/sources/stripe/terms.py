"""Terms: what a subscription at Stripe is to, as records of ours: one for its plan, one for what is beside.

The plan keeps the subscription's own id through every change of price and item; an add-on is a subscription
of its own under that id and its own, so that what somebody has is never offered to them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.sources.stripe.discounts import cuts_of_all, cuts_of_item, discounted
from upsell.sources.stripe.revenue import (
    Due,
    UnknownAmountError,
    amount_of,
    due_of,
    is_metered,
    round_together,
    to_iso,
)
from upsell.sources.stripe.shapes import Item, Subscription, id_of, moment_of

NEVER_BEGAN: Final = frozenset({"incomplete", "incomplete_expired"})
"""States of a subscription whose first payment did not come."""

OVER: Final = frozenset({"canceled", "unpaid", "paused"})
"""States in which it gives nothing and is owed nothing. Source: Stripe, Billing metric definitions, and the
subscription object: ``unpaid`` is churn, ``paused`` a trial that ended without a way to pay."""

RUNNING: Final = frozenset({"active", "past_due", "trialing"})
"""States in which it is had. A payment that is past due has failed, which is told by its invoice."""

MOST_DUE: Final = 10**12
"""Above it an amount is taken for a mistake, as measurement does."""

MAIN: Final = ""
"""The part of a subscription that is to a plan of the main family."""


class UnknownPriceError(Exception):
    """No price of a subscription is one of a plan or product that is sold; the message names them."""


class Thing(msgspec.Struct, frozen=True):
    """What a price is of: a plan or product of the catalog, and which part of a subscription is to it."""

    id: str
    part: str = MAIN


class PlanBook(msgspec.Struct, frozen=True):
    """What each price at Stripe is of.

    Attributes:
        things: By id of the price, its lookup key, or id of its product; looked up in that order.
    """

    things: Mapping[str, Thing]

    def find(self, item: Item) -> Thing | None:
        """Give what an item is of; None for what is not sold by the catalog."""
        price = item.price
        named = (price.id, price.lookup_key, id_of(price.product))
        return next((self.things[each] for each in named if each is not None and each in self.things), None)


class Terms(msgspec.Struct, frozen=True):
    """What one part of a subscription is to.

    Attributes:
        subscription_id: Under which id.
        plan: Id of the plan or product.
        quantity: Of the item that says one, the greatest; 1 where none does.
        amount: Due per interval, after discounts that last, in minor units; None where it is not known.
        currency: ISO 4217 code.
        interval: ``month`` or ``year``.
        status: ``active`` or ``trialing``.
        started_at: When it started.
        renews_at: When the next amount falls due; None where that is not said.
        ends_at: When it ends, once that is said; else None.
        items: Of what is beside the plan, its items: taken out and put in again it is another.
    """

    subscription_id: str
    plan: str
    quantity: int
    amount: int | None
    currency: str
    interval: str
    status: str
    started_at: Moment
    renews_at: Moment | None = None
    ends_at: Moment | None = None
    items: tuple[str, ...] = ()


class Standing(msgspec.Struct, frozen=True):
    """What a subscription is to.

    Attributes:
        parts: The terms of each part, by part; none where it is not had.
        is_over: Whether it is over, rather than never begun.
        unknown: Why what it comes to is not known; empty where it is.
        may_be_told: Whether another webhook may yet tell what it comes to.
    """

    parts: Mapping[str, Terms]
    is_over: bool = False
    unknown: str = ""
    may_be_told: bool = False


def standing_of(subscription: Subscription, book: PlanBook) -> Standing:
    """Give what a subscription is to.

    Raises:
        UnknownPriceError: It is to something that is not in the book.
        ValueError: Its state is none that is known.
    """
    if subscription.status in NEVER_BEGAN:
        return Standing({})
    if subscription.status in OVER:
        return Standing({}, is_over=True)
    if subscription.status not in RUNNING:
        msg = f"expected a status such as active, trialing or canceled, got {subscription.status[:60]!r}"
        raise ValueError(msg)
    return had_with(subscription, book)


def had_with(subscription: Subscription, book: PlanBook) -> Standing:
    """Give what a subscription is to, or was while it lasted, whatever its state is now.

    Raises:
        UnknownPriceError: It is to something that is not in the book.
    """
    parts = _parts(subscription, book)
    try:
        dues, unknown, may_be_told = _dues(subscription, parts), "", False
    except UnknownAmountError as error:
        dues, unknown, may_be_told = {}, str(error), error.may_be_told
    currency = _currency(subscription)
    found = {}
    for part, (thing, items) in parts.items():
        due = dues.get(part)
        started = _started_at(subscription, part, items)
        found[part] = Terms(
            subscription_id=f"{subscription.id}/{part}" if part else subscription.id,
            plan=thing.id,
            quantity=_quantity(item for item in items if book.find(item) is not None),
            amount=due[0] if due is not None else None,
            currency=currency,
            interval=due[1] if due is not None else _interval(items),
            status="trialing" if _is_on_trial(subscription) else "active",
            started_at=moment_of(started),
            renews_at=_moment(_period_end(subscription, items)),
            ends_at=_moment(_ends(subscription, items)),
            items=tuple(item.id for item in items) if part else (),
        )
    return Standing(found, unknown=unknown, may_be_told=may_be_told)


def _parts(subscription: Subscription, book: PlanBook) -> dict[str, tuple[Thing, list[Item]]]:
    """Sort the items by what they are of; what is not sold alone counts with the plan it stands beside."""
    if subscription.items.has_more or not subscription.items.data:
        msg = "expected every item of the subscription, got " + (
            "none" if not subscription.items.data else "some"
        )
        raise UnknownPriceError(msg)
    parts: dict[str, tuple[Thing, list[Item]]] = {}
    others = []
    for item in sorted(subscription.items.data, key=lambda each: each.id):
        thing = book.find(item)
        if thing is None:
            others.append(item)
        else:
            parts.setdefault(thing.part, (thing, []))[1].append(item)
    if not others:
        return dict(sorted(parts.items()))
    if MAIN not in parts:
        named = ", ".join(_named(item) for item in others[:5])
        msg = (
            f"expected prices of plans or products of the catalog, got {named}; name them under plans: in "
            "the source's file, or under stripe: in catalog.yaml, and have Stripe send this event again"
        )
        raise UnknownPriceError(msg)
    parts[MAIN][1].extend(others)
    return dict(sorted(parts.items()))


def _named(item: Item) -> str:
    product = id_of(item.price.product)
    return f"{item.price.id} (product {product})" if product else item.price.id


def _dues(
    subscription: Subscription, parts: Mapping[str, tuple[Thing, list[Item]]]
) -> dict[str, tuple[int, str]]:
    """Give what falls due for each part: a whole amount, and how often.

    Raises:
        UnknownAmountError: Something it is made of did not come along.
    """
    currency = _currency(subscription)
    items = [item for _, held in parts.values() for item in held]
    for item in items:
        if (item.price.currency or currency).upper() != currency:
            msg = f"expected every price in {currency}, got {item.price.id} in {item.price.currency}"
            raise UnknownAmountError(msg)
    products = [id_of(item.price.product) for item in items]
    amounts = [
        discounted([amount_of(item)], [product], cuts_of_item(item, currency))[0]
        for item, product in zip(items, products, strict=True)
    ]
    amounts = discounted(amounts, products, cuts_of_all(subscription, currency))
    by_item = {
        item.id: due_of(item, to_iso(amount, currency)) for item, amount in zip(items, amounts, strict=True)
    }
    dues = {part: _joined([by_item[item.id] for item in held]) for part, (_, held) in parts.items()}
    rounded = round_together([due.amount for due in dues.values()])
    if max(rounded) > MOST_DUE:
        msg = f"expected at most {MOST_DUE:,} in minor units, got {max(rounded):,}"
        raise UnknownAmountError(msg)
    return {part: (amount, due.interval) for (part, due), amount in zip(dues.items(), rounded, strict=True)}


def _joined(dues: Iterable[Due]) -> Due:
    """Give several as one: by the year where all are, else by the month."""
    every = list(dues)
    if any(due.interval != every[0].interval for due in every):
        every = [due.monthly() for due in every]
    return Due(sum((due.amount for due in every), Fraction(0)), every[0].interval)


def _currency(subscription: Subscription) -> str:
    said = subscription.currency or subscription.items.data[0].price.currency or ""
    return said.upper()


def _interval(items: Iterable[Item]) -> str:
    rhythms = {item.price.recurring.interval for item in items if item.price.recurring is not None}
    return "year" if rhythms == {"year"} else "month"


def _quantity(items: Iterable[Item]) -> int:
    said = [item.quantity for item in items if item.quantity is not None and not is_metered(item)]
    return max(said, default=1)


def _is_on_trial(subscription: Subscription) -> bool:
    """Tell whether it is on trial, or was when it ended."""
    if subscription.status != "canceled":
        return subscription.status in ("trialing", "paused")
    ended, trial_end = subscription.ended_at, subscription.trial_end
    return trial_end is not None and ended is not None and ended <= trial_end


def _started_at(subscription: Subscription, part: str, items: Iterable[Item]) -> int:
    began = subscription.start_date or subscription.created or 0
    created = [item.created for item in items if item.created is not None]
    return max(began, min(created, default=began)) if part else began


def _period_end(subscription: Subscription, items: Iterable[Item]) -> int | None:
    """Give when the period ends: of the items from 2025-03-31 (basil) on, before that of the whole."""
    ends = [item.current_period_end for item in items if item.current_period_end is not None]
    return min(ends) if ends else subscription.current_period_end


def _ends(subscription: Subscription, items: Iterable[Item]) -> int | None:
    """Give when it is to end: at a date that was set, or with its period."""
    if subscription.cancel_at is not None:
        return subscription.cancel_at
    return _period_end(subscription, items) if subscription.cancel_at_period_end else None


def _moment(said: int | None) -> Moment | None:
    return moment_of(said) if said is not None else None
