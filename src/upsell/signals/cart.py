"""Carts: what lies in a customer's cart now, as the last word on it says.

The law: a word from before the last changes nothing, so that a late event never fills a cart again
that was emptied by its order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from upsell.clock import Moment
from upsell.signals.events import CART_UPDATED, CHECKOUT_STARTED, ORDER_COMPLETED, Event
from upsell.signals.lines import has_lines, read_amount, read_lines
from upsell.signals.profiles import Cart, CartLine, Profile

CART_EVENTS: Final = frozenset({CART_UPDATED, CHECKOUT_STARTED, ORDER_COMPLETED})
"""Names of the events that change a cart."""

MOST_LINES: Final = 50
"""How many lines of a cart are kept; of a longer one the first."""


def take_cart(profile: Profile, event: Event) -> None:
    """Take a cart event into a customer's profile, by when it happened.

    ``Cart Updated`` and ``Checkout Started`` say what lies in it: ``items`` (Segment's ``products``
    will do), each with ``id``, ``quantity`` (default 1) and ``price`` of one in minor units;
    ``amount`` and ``currency``. A checkout that says no items is of those that lie there. An order
    empties it.
    """
    held = profile.cart
    emptied_at = held.emptied_at if held is not None else 0
    if event.name == ORDER_COMPLETED:
        emptied_at = max(emptied_at, event.occurred_at)
    if held is not None and event.occurred_at < held.updated_at:
        held.emptied_at = emptied_at
        return
    if event.name == ORDER_COMPLETED:
        profile.cart = Cart([], 0, "", event.occurred_at, None, emptied_at=emptied_at)
        return
    said = event.properties
    is_checkout = event.name == CHECKOUT_STARTED
    lines = _lines(said)
    if lines is None:
        lines = held.lines if held is not None and is_checkout else []
    amount = read_amount(said)
    if amount is None and is_checkout and held is not None and lines == held.lines:
        amount = held.amount
    currency = said.get("currency")
    checkout_started_at = held.checkout_started_at if held is not None else None
    profile.cart = Cart(
        lines=lines,
        amount=amount,
        currency=currency if isinstance(currency, str) else (held.currency if held is not None else ""),
        updated_at=event.occurred_at,
        checkout_started_at=event.occurred_at if is_checkout else checkout_started_at,
        emptied_at=emptied_at,
        taken=held.taken if held is not None else [],
    )


def take_asked_cart(profile: Profile, event: Event, now: Moment) -> None:
    """Take the cart that a request for a prompt shows into a customer's profile.

    Unlike what events tell of it, it is what lies there at ``now``, so it is the last word whatever
    somebody's clock said before. A request that shows none changes nothing.
    """
    said = event.properties.get("cart")
    if not isinstance(said, dict):
        return
    held, currency, sold_out = profile.cart, said.get("currency"), said.get("sold_out")
    profile.cart = Cart(
        lines=_lines(said) or [],
        amount=read_amount(said),
        currency=currency if isinstance(currency, str) else "",
        updated_at=event.occurred_at,
        checkout_started_at=held.checkout_started_at if held is not None else None,
        asked_at=now,
        emptied_at=held.emptied_at if held is not None else 0,
        sold_out=[each for each in sold_out if isinstance(each, str)] if isinstance(sold_out, list) else [],
        is_checked=said.get("is_checked") is True,
        taken=held.taken if held is not None else [],
    )


def take_taken(profile: Profile, event: Event) -> None:
    """Note what an ``Offer Accepted`` puts into a customer's cart; of an older cart it is nothing."""
    terms, cart = event.properties.get("terms"), profile.cart
    change = terms.get("cart") if isinstance(terms, dict) else None
    if cart is None or not isinstance(change, dict) or event.occurred_at < cart.emptied_at:
        return
    added = change.get("add")
    for each in added if isinstance(added, list | tuple) else ():
        item = each.get("id") if isinstance(each, dict) else None
        if isinstance(item, str) and item not in cart.taken and len(cart.taken) < MOST_LINES:
            cart.taken = [*cart.taken, item]


def merge_carts(stays: Cart | None, gone: Cart | None) -> Cart | None:
    """Give the cart of whoever two ids turn out to be: the one the later word is about."""
    if stays is None or gone is None:
        return stays or gone
    later = gone if gone.updated_at > stays.updated_at else stays
    later.emptied_at = max(stays.emptied_at, gone.emptied_at)
    return later


def _lines(said: Mapping[str, Any]) -> list[CartLine] | None:
    """Give the lines an event says, those of one item together; None when it says none at all."""
    if not has_lines(said):
        return None
    lines: dict[str, CartLine] = {}
    for item_id, quantity, price in read_lines(said):
        known = lines.get(item_id)
        if known is not None:
            known.quantity += quantity
        elif len(lines) < MOST_LINES:
            lines[item_id] = CartLine(item_id, quantity, price)
    return [line for line in lines.values() if line.quantity > 0]
