"""Cart changes: what taking an offer does to a cart, as the shop is asked to do it.

The law: what is added is at a price that is frozen with the terms, and what it costs more or less than what
is taken out is the difference of the two, to the minor unit.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.items import Item
from upsell.catalog.offers import BUNDLE, PREMIUM, WARRANTY
from upsell.decisions.carts import difference, find_bundle, find_premium, find_warranty, line_price
from upsell.money import Money
from upsell.signals.profiles import Cart

Count: TypeAlias = int | float
"""How many pieces; whole wherever they are."""


class Piece(msgspec.Struct, frozen=True):
    """So many of an item, and what one costs in minor units."""

    id: str
    quantity: Count
    price: int


class CartChange(msgspec.Struct, frozen=True):
    """What is taken out of a cart and what is put in, at prices in one currency (ISO 4217 code)."""

    currency: str
    remove: tuple[Piece, ...]
    add: tuple[Piece, ...]

    @property
    def step(self) -> int:
        """What the cart costs more by it, in minor units; below zero where it costs less."""
        return amount_of(self.add) - amount_of(self.remove)

    def is_like(self, other: CartChange | None) -> bool:
        """Tell whether another proposes the same for the same: only the price of what is added may differ."""
        if other is None or (self.currency, self.remove) != (other.currency, other.remove):
            return False
        return [(each.id, each.quantity) for each in self.add] == [
            (each.id, each.quantity) for each in other.add
        ]


class ItemProposal(msgspec.Struct, frozen=True):
    """An item that goes with a cart, before any discount.

    Attributes:
        item: Which.
        price: What one costs; of a premium counterpart how much more than what it replaces. None when not
            known in the cart's currency.
        quantity: How many.
        paid: What one costs besides ``price``, as it is paid for what is replaced, in minor units.
        replaced: What is taken out for it.
        worth: Of a bundle what its parts come to one by one, in minor units; None of anything else.
        cost: What one costs the shop, or None when not known.
    """

    item: Item
    price: Money | None
    quantity: Count = 1
    paid: int = 0
    replaced: tuple[Piece, ...] = ()
    worth: int | None = None
    cost: Money | None = None

    def change(self, unit_price: int, currency: str) -> CartChange:
        """Give what taking it does to the cart when one costs ``unit_price`` after the discount."""
        return CartChange(
            currency, self.replaced, (Piece(self.item.id, self.quantity, self.paid + unit_price),)
        )


def propose_item(cart: Cart | None, catalog: Catalog, named: str) -> ItemProposal | None:
    """Say what an offer of an item, or of what goes with a cart, comes to; None where nothing goes with it.

    A whole line is replaced, and a whole line is covered by a warranty; a bundle is proposed once.

    Args:
        cart: What lies in the cart, None when nothing was ever said of one.
        catalog: What is sold.
        named: Id of an item, or one of the words for what goes with the cart.
    """
    if named == PREMIUM:
        return _premium(cart, catalog) if cart is not None else None
    if named == BUNDLE:
        return _bundle(cart, catalog) if cart is not None else None
    if named == WARRANTY:
        covered = find_warranty(cart, catalog) if cart is not None else None
        if covered is None:
            return None
        item = covered.partner
        return ItemProposal(item, item.price, whole(covered.line.quantity), cost=item.cost)
    item = catalog.items[named]
    return ItemProposal(item, item.price, cost=_cost(item, catalog))


def amount_of(pieces: tuple[Piece, ...]) -> int:
    """Give what pieces come to in minor units."""
    return round(sum(each.price * each.quantity for each in pieces))


def whole(quantity: float) -> Count:
    """Give a quantity as a whole number where it is one."""
    return int(quantity) if quantity == int(quantity) else quantity


def _premium(cart: Cart, catalog: Catalog) -> ItemProposal | None:
    beside = find_premium(cart, catalog)
    if beside is None:
        return None
    item, more = beside.partner, difference(cart, catalog, beside)
    quantity, paid = whole(beside.line.quantity), line_price(beside.line, catalog)
    if more is None or paid is None or item.price is None:
        return ItemProposal(item, None, quantity)
    replaced = (Piece(beside.item.id, quantity, paid),)
    return ItemProposal(item, Money(more, item.price.currency), quantity, paid, replaced, cost=item.cost)


def _bundle(cart: Cart, catalog: Catalog) -> ItemProposal | None:
    found = find_bundle(cart, catalog)
    if found is None:
        return None
    replaced = tuple(Piece(line.item, count, line_price(line, catalog) or 0) for line, count in found.taken)
    return ItemProposal(
        found.bundle,
        found.bundle.price,
        replaced=replaced,
        worth=found.worth,
        cost=_cost(found.bundle, catalog),
    )


def _cost(item: Item, catalog: Catalog) -> Money | None:
    """Give what one costs the shop: as stated, else of a bundle what its parts do; None where not known."""
    if item.cost is not None or not item.contains:
        return item.cost
    costs = [catalog.items[part].cost for part in item.contains]
    known = [each for each in costs if each is not None]
    if len(known) < len(costs) or len({each.currency for each in known}) > 1:
        return None
    return Money(sum(each.amount for each in known), known[0].currency)
