"""What rules see of a cart: its worth, its moments, and the better item that could be offered.

Items (catalog) and carts (signals) meet here, so that neither needs the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from upsell.catalog.catalog import Catalog
from upsell.catalog.items import Item
from upsell.rules.facts import Scalar
from upsell.signals.profiles import Cart, CartLine


def cart_facts(cart: Cart, catalog: Catalog) -> Mapping[str, Scalar]:
    """Give what rules and templates see of a cart; moments as integers, money in minor units.

    ``amount`` is what was said, else the sum over lines whose prices are all known; ``items`` counts
    pieces. ``item`` is the dearest line (of equals the one that comes first) that has a premium
    counterpart that is sold and not in the cart itself, ``premium`` that counterpart, and
    ``premium_difference`` what it costs more for one piece; null without one.
    ``warranty_item`` is likewise the dearest line that has a warranty, and ``warranty`` that.
    """
    item, premium = _dearest(cart, catalog, lambda item: item.premium)
    covered, warranty = _dearest(cart, catalog, lambda item: item.warranty)
    return {
        "amount": cart.amount if cart.amount is not None else _worth(cart, catalog),
        "currency": cart.currency or None,
        "items": sum(line.quantity for line in cart.lines),
        "updated_at": cart.updated_at,
        "checkout_started_at": cart.checkout_started_at,
        "item": item.id if item is not None else None,
        "premium": premium.id if premium is not None else None,
        "premium_difference": _difference(cart, catalog, item, premium),
        "warranty": warranty.id if warranty is not None else None,
        "warranty_item": covered.id if covered is not None else None,
    }


def _dearest(
    cart: Cart, catalog: Catalog, partner_of: Callable[[Item], str | None]
) -> tuple[Item, Item] | tuple[None, None]:
    """Give the dearest item that has such a partner, sold and not in the cart, and that partner."""
    inside = {line.item for line in cart.lines}
    found = []
    for line in cart.lines:
        item = catalog.items.get(line.item)
        partner = catalog.items.get(partner_of(item) or "") if item is not None else None
        if item is not None and partner is not None and partner.is_for_sale and partner.id not in inside:
            found.append((_price(line, catalog) or 0, item, partner))
    if not found:
        return None, None
    _, item, partner = max(found, key=lambda one: one[0])
    return item, partner


def _difference(cart: Cart, catalog: Catalog, item: Item | None, premium: Item | None) -> int | None:
    if item is None or premium is None or premium.price is None:
        return None
    if cart.currency and cart.currency != premium.price.currency:
        return None
    line = next(line for line in cart.lines if line.item == item.id)
    price = _price(line, catalog)
    return None if price is None else premium.price.amount - price


def _worth(cart: Cart, catalog: Catalog) -> int | None:
    prices = [(_price(line, catalog), line.quantity) for line in cart.lines]
    if any(price is None for price, _ in prices):
        return None
    return round(sum((price or 0) * quantity for price, quantity in prices))


def _price(line: CartLine, catalog: Catalog) -> int | None:
    if line.price is not None:
        return line.price
    item = catalog.items.get(line.item)
    return item.price.amount if item is not None and item.price is not None else None
