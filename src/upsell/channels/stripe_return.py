"""Stripe return: what is to be changed at Stripe for somebody who goes back.

Pure. The laws: what an order made is found by its key, and only what still is as the order left it is put
back; what somebody else has changed, added or ended since is for the team, with what was found; and that it
is done is written there by the very request that does it.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final

import msgspec
from stripe.params import InvoiceCreatePreviewParams, SubscriptionUpdateParams
from stripe.params._invoice_create_preview_params import InvoiceCreatePreviewParamsSubscriptionDetailsItem
from stripe.params._subscription_update_params import SubscriptionUpdateParamsItem

from upsell.channels.stripe_before import Before, read_before
from upsell.channels.stripe_objects import (
    BEFORE,
    ORDER,
    Invoice,
    Item,
    Subscription,
    to_stripe,
)
from upsell.channels.stripe_params import Proration
from upsell.channels.stripe_sale import UnclearError
from upsell.clock import HOUR, SECOND, Moment
from upsell.decisions.terms import Terms

LONGEST_MARK: Final = 20
"""How much of the key of an order a mark at Stripe says; they take 40 characters as a name."""


class Way(enum.Enum):
    """How somebody goes back.

    The item is as it was; it goes; the subscription, which the order made, ends now; or with its period.
    """

    RESTORE = "restore"
    REMOVE = "remove"
    END_NOW = "end_now"
    END_LATER = "end_later"


class Return(msgspec.Struct, frozen=True):
    """What is to be changed of one subscription.

    Attributes:
        way: How they go back.
        subscription: Which subscription it is.
        item: The line it is about.
        before: What that was; None where the order made the subscription.
        mark: What was written there when it was done; None where it is still to be done.
    """

    way: Way
    subscription: Subscription
    item: Item
    before: Before | None = None
    mark: Mark | None = None


class Mark(msgspec.Struct, frozen=True):
    """What is written at Stripe as somebody has gone back.

    Attributes:
        refunded: What was given back, in Stripe's units.
        credited: What was credited, in Stripe's units.
        until: Until when they keep it, in Unix seconds; 0 where it is gone.
    """

    refunded: int = 0
    credited: int = 0
    until: int = 0


def find_return(
    taken: str, terms: Terms, back: str, held: Sequence[Subscription], *, has_refund: bool
) -> Return:
    """Say what is to be changed of what somebody holds, or held.

    Args:
        taken: Key of the order that made it.
        terms: What was accepted by that order.
        back: Key of the order that takes it back.
        held: Their subscriptions, those that have ended among them.
        has_refund: Whether what was paid is given back.

    Raises:
        UnclearError: It cannot be told, or somebody has changed it since.
    """
    for each in held:
        if (mark := _read_mark(each, back)) is not None:
            return Return(Way.RESTORE, each, each.items.data[0], mark=mark)
    for each in held:
        if each.metadata.get(ORDER) == taken:
            return _end(each, taken, terms, has_refund=has_refund)
        for line in each.items.data:
            if line.metadata.get(ORDER) == taken:
                return _put_back(each, line, has_refund=has_refund)
    msg = "expected what the order made of a subscription, found nothing of it at Stripe; somebody changed it"
    raise UnclearError(msg)


def reckoned_at(found: Return, at: Moment, *, has_refund: bool) -> int:
    """Give from when going back is reckoned, in Unix seconds.

    From the full hour they asked in; where what was paid is given back, from when they took it, or from when
    its present period began.
    """
    begun = found.item.current_period_start
    before = found.before
    taken_at = before.at if before is not None else 0
    return max(begun, taken_at if has_refund else at // HOUR * (HOUR // SECOND))


def back_preview_params(found: Return, at: int) -> InvoiceCreatePreviewParams:
    """Say of which change back an invoice is to be previewed, reckoned from a moment."""
    changed: InvoiceCreatePreviewParamsSubscriptionDetailsItem = {"id": found.item.id}
    before = found.before
    if found.way is Way.REMOVE or before is None:
        changed["deleted"] = True
    else:
        changed["price"], changed["quantity"] = before.price, before.quantity
        if found.item.discounts:
            changed["discounts"] = ""
    return {
        "customer": found.subscription.customer.id,
        "subscription": found.subscription.id,
        "subscription_details": {
            "items": [changed],
            "proration_behavior": "always_invoice",
            "proration_date": at,
        },
    }


def back_params(
    found: Return, back: str, mark: Mark, at: int, proration: Proration
) -> SubscriptionUpdateParams:
    """Say a change back, with the mark by which it is known to be done.

    Args:
        found: What is changed.
        back: Key of the order that takes it back.
        mark: What comes of it.
        at: From when it is reckoned, where it is.
        proration: Whether the rest of the period is credited, or nothing is.
    """
    marked = {mark_name(back): msgspec.json.encode(mark).decode()}
    if found.way is Way.END_LATER:
        return {"cancel_at_period_end": True, "metadata": marked}
    changed: SubscriptionUpdateParamsItem = {"id": found.item.id}
    before = found.before
    if found.way is Way.REMOVE or before is None:
        changed["deleted"] = True
    else:
        changed["price"], changed["quantity"] = before.price, before.quantity
        changed["metadata"] = {ORDER: "", BEFORE: ""}
        if found.item.discounts:
            changed["discounts"] = ""
    params: SubscriptionUpdateParams = {
        "items": [changed],
        "proration_behavior": proration,
        "payment_behavior": "error_if_incomplete",
        "off_session": True,
        "metadata": marked,
    }
    if proration == "always_invoice":
        params["proration_date"] = at
    return params


def mark_name(back: str) -> str:
    """Give the name under which Stripe keeps that somebody has gone back by an order."""
    return f"upsell_back_{back[:LONGEST_MARK]}"


def credit_of(invoice: Invoice) -> int:
    """Give what a change back comes to, in Stripe's units.

    Raises:
        UnclearError: It would be charged for.
    """
    if invoice.total > 0:
        msg = f"expected that going back costs nothing, but Stripe would charge {invoice.total}"
        raise UnclearError(f"{msg} in {invoice.currency.upper()}")
    return -invoice.total


def _end(subscription: Subscription, taken: str, terms: Terms, *, has_refund: bool) -> Return:
    """Let a subscription end that the order made: now where it is not paid for, or what was is given back."""
    if any(line.metadata.get(ORDER, taken) != taken for line in subscription.items.data):
        msg = f"expected {subscription.id} as the order made it, found that another order changed it since"
        raise UnclearError(msg)
    _ask_alone(subscription)
    # On a page they pay on no item is marked: what was accepted tells whether it is as the order made it.
    line, wanted = subscription.items.data[0], to_stripe(terms.full or 0, terms.currency)
    amount = line.price.amount_in(terms.currency)
    is_other = amount is not None and terms.full is not None and amount * terms.quantity != wanted
    if line.quantity != terms.quantity or is_other:
        msg = (
            f"expected {line.id} as the order made it, {terms.quantity:g} for {wanted} in {terms.currency}, "
        )
        raise UnclearError(f"{msg}found {line.quantity} of {line.price.id}")
    _ask_live(subscription)
    is_now = has_refund or subscription.is_our_trial
    way = Way.END_NOW if is_now else Way.END_LATER
    return Return(way, subscription, line)


def _put_back(subscription: Subscription, line: Item, *, has_refund: bool) -> Return:
    """Let an item be what it was before the order."""
    before = read_before(line.metadata)
    if before is None:
        msg = f"expected to find at Stripe what {line.id} was before, found nothing of it written there"
        raise UnclearError(msg)
    _ask_live(subscription)
    if (line.price.id, line.quantity) != (before.sold, before.units):
        msg = (
            f"expected {line.id} as the order left it, {before.units} of {before.sold}, found "
            f"{line.quantity} of {line.price.id}"
        )
        raise UnclearError(msg)
    if before.is_trial:
        _ask_alone(subscription)
        return Return(Way.END_NOW if has_refund else Way.END_LATER, subscription, line, before)
    if subscription.cancel_at_period_end or subscription.cancel_at is not None:
        msg = f"expected a subscription that goes on, found {subscription.id}, which is to end"
        raise UnclearError(msg)
    if before.is_discounted:
        msg = f"expected an item that had no discount before, found that {line.id} had one; give it again"
        raise UnclearError(msg)
    if not before.price and len(subscription.items.data) == 1:
        msg = f"expected something beside {line.id}, found nothing else in {subscription.id}"
        raise UnclearError(msg)
    return Return(Way.RESTORE if before.price else Way.REMOVE, subscription, line, before)


def _ask_alone(subscription: Subscription) -> None:
    """Refuse to end what holds more than the order put there: all of it would end."""
    items = subscription.items.data
    if len(items) != 1:
        msg = f"expected {subscription.id} to hold what the order made alone, found {len(items)} items in it"
        raise UnclearError(msg)


def _ask_live(subscription: Subscription) -> None:
    if subscription.status not in ("active", "trialing"):
        msg = f"expected a subscription that is paid, found {subscription.id} {subscription.status}"
        raise UnclearError(msg)


def _read_mark(subscription: Subscription, back: str) -> Mark | None:
    """Read what was written as somebody went back: in metadata, or in the words with which it was ended."""
    name, details = mark_name(back), subscription.cancellation_details
    written = subscription.metadata.get(name, "")
    comment = details.comment if details is not None else None
    if not written and comment and comment.startswith(name):
        written = comment.removeprefix(name).strip()
    if not written:
        return None
    try:
        return msgspec.json.decode(written, type=Mark)
    except msgspec.DecodeError:
        return Mark()
