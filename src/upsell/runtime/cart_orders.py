"""Cart orders: what became of what was taken in a checkout, as the shop's orders show it.

For the guard. The law: something taken for a cart is theirs when the first order after it holds it, was left
out when that order does not, and lies in the cart for as long as none came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from upsell.clock import DAY, Clock, Duration, Moment
from upsell.money import Money
from upsell.signals.lines import read_lines
from upsell.store.connect import Connection
from upsell.store.orders import Order, OrderState, find_carts_ordered, find_order, settle_order_by_hand

LOOKED_BACK: Final[Duration] = 90 * DAY
"""How old what was taken may be for an order to settle it; what is older stays as it is."""


def settle_carts(connection: Connection, clock: Clock) -> int:
    """Settle what lies in carts that were ordered since; give how much."""
    now = clock.now()
    first: dict[str, Mapping[str, Any]] = {}
    for key, said in find_carts_ordered(connection, max(0, now - LOOKED_BACK)):
        first.setdefault(key, said)
    settled = 0
    for key, said in first.items():
        order = find_order(connection, key)
        if order is not None and order.state is OrderState.IN_CART:
            settled += settle_order_by_hand(connection, _after(order, said, now), OrderState.IN_CART)
    return settled


def _after(order: Order, said: Mapping[str, Any], now: Moment) -> Order:
    """Give where a change of a cart stands after an order: theirs where it holds what was added."""
    change = order.terms.cart
    added = change.add if change is not None else ()
    held = {item: price for item, quantity, price in read_lines(said) if quantity > 0}
    which = str(said.get("order_id") or "") or "an order without an id"
    if not all(each.id in held for each in added):
        detail = f"ordered without it: {which}"
        return msgspec.structs.replace(order, state=OrderState.LEFT_OUT, detail=detail, finished_at=now)
    detail = f"ordered: {which}"
    for each in added:
        price = held[each.id]
        if price is not None and price != each.price:
            currency = order.terms.currency
            detail += f", at {Money(price, currency)} instead of {Money(each.price, currency)} as shown"
    return msgspec.structs.replace(order, state=OrderState.FULFILLED, detail=detail, finished_at=now)
