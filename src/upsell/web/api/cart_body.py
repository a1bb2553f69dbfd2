"""Carts in requests: what lies there now, as a page or a server says it.

The law: a price that a page tells counts only where the catalog says the same, for a page is written by
whoever reads it.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from upsell.signals.cart import MOST_LINES
from upsell.sources.bounds import LONGEST_NAME
from upsell.web.api.identity_door import Name, check_print

MOST_SOLD_OUT = 200
"""How many items a request may say cannot be had."""

MOST_PIECES = 1_000_000
"""How many pieces of one item a cart may hold."""

MOST_MONEY = 10**12
"""What one piece, or a cart, may come to at most, in minor units."""

_Amount = Annotated[int, msgspec.Meta(ge=0, le=MOST_MONEY)]


class LineBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One item of a cart; without a price it has the catalog's."""

    id: Name
    quantity: Annotated[int, msgspec.Meta(ge=1, le=MOST_PIECES)] = 1
    price: _Amount | None = None


class CartBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What lies in a cart, what it comes to, and which items the shop has run out of."""

    items: Annotated[list[LineBody], msgspec.Meta(max_length=MOST_LINES)]
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
    total: _Amount | None = None
    sold_out: Annotated[list[Name], msgspec.Meta(max_length=MOST_SOLD_OUT)] = []


def cart_said(cart: CartBody | None, *, is_server: bool) -> dict[str, Any] | None:
    """Give a cart as the request's event says it; None for none.

    Raises:
        msgspec.ValidationError: One item lies there at two prices, or an id holds what no page prints.
    """
    if cart is None:
        return None
    check_print(*(line.id for line in cart.items), *cart.sold_out)
    prices: dict[str, int | None] = {}
    for line in cart.items:
        if prices.setdefault(line.id, line.price) != line.price:
            msg = f"{line.id[:LONGEST_NAME]!r} twice at different prices; say each item at one price"
            raise msgspec.ValidationError(msg)
    said: dict[str, Any] = {
        "items": [
            {"id": line.id, "quantity": line.quantity}
            | ({"price": line.price} if line.price is not None else {})
            for line in cart.items
        ],
        "currency": cart.currency,
    }
    if cart.total is not None:
        said["amount"] = cart.total
    if cart.sold_out:
        said["sold_out"] = list(cart.sold_out)
    if not is_server:
        said["is_checked"] = True
    return said
