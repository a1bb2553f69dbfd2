"""What goes with a cart: the better item, the warranty, the bundle, and what rules see of it.

Items (catalog) and carts (signals) meet here, so that neither needs the other. The laws: nothing is proposed
that lies in the cart, that cannot be had, or whose price nobody states; and what is told of a price by
somebody who could say anything counts only where the catalog says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.items import Item
from upsell.decisions.decision import Seen
from upsell.rules.facts import Scalar
from upsell.signals.profiles import Cart, CartLine


class Beside(msgspec.Struct, frozen=True):
    """A line of a cart, what the catalog says of it, and the item that goes with it."""

    line: CartLine
    item: Item
    partner: Item


class Covering(msgspec.Struct, frozen=True):
    """A bundle that covers some of a cart.

    Attributes:
        bundle: The bundle, which has a price.
        is_whole: Whether all it holds lies in the cart.
        taken: The lines it covers, each with how many of it.
        worth: What all its parts come to one by one in minor units: those in the cart at the cart's prices,
            the others at the catalog's.
    """

    bundle: Item
    is_whole: bool
    taken: tuple[tuple[CartLine, int], ...]
    worth: int

    @property
    def saving(self) -> int:
        """What it costs less than its parts one by one, in minor units."""
        return self.worth - (self.bundle.price.amount if self.bundle.price is not None else 0)


def cart_facts(cart: Cart, catalog: Catalog) -> Mapping[str, Scalar]:
    """Give what rules and templates see of a cart; moments as integers, money in minor units.

    ``amount`` is what was said, else the sum over lines whose prices are all known; ``items`` counts
    pieces. ``item`` is the line of ``find_premium``, ``premium`` its counterpart, and
    ``premium_difference`` what it costs more for one piece; null without one.
    ``warranty_item`` is likewise the line of ``find_warranty``, and ``warranty`` that. ``bundle`` is that of
    ``find_bundle``, and ``bundle_saving`` what it saves.
    """
    better, covered = find_premium(cart, catalog), find_warranty(cart, catalog)
    bundled = find_bundle(cart, catalog)
    return {
        "amount": cart.amount if cart.amount is not None else _worth(cart, catalog),
        "currency": cart.currency or None,
        "items": sum(line.quantity for line in cart.lines),
        "updated_at": cart.updated_at,
        "checkout_started_at": cart.checkout_started_at,
        "item": better.item.id if better is not None else None,
        "premium": better.partner.id if better is not None else None,
        "premium_difference": difference(cart, catalog, better) if better is not None else None,
        "warranty": covered.partner.id if covered is not None else None,
        "warranty_item": covered.item.id if covered is not None else None,
        "bundle": bundled.bundle.id if bundled is not None else None,
        "bundle_saving": bundled.saving if bundled is not None else None,
    }


def find_premium(cart: Cart, catalog: Catalog) -> Beside | None:
    """Give the dearest line (of equals the first) with a premium counterpart that can be had.

    The counterpart is the nearest one on the way up that is sold, in stock and no larger a step than the
    catalog allows. A line that has any of its way up beside it in the cart has none, nor has one that was
    taken as the better one itself: that need is met.
    """
    return _dearest(cart, catalog, lambda line, item: _better(line, item, cart, catalog))


def find_warranty(cart: Cart, catalog: Catalog) -> Beside | None:
    """Give the dearest line (of equals the first) with a warranty that can be had, and is not in the cart."""

    def warranty(_: CartLine, item: Item) -> Item | None:
        """Give the warranty of an item."""
        found = catalog.items.get(item.warranty or "")
        return found if found is not None and can_be_had(found, cart) else None

    return _dearest(cart, catalog, warranty)


def find_bundle(cart: Cart, catalog: Catalog) -> Covering | None:
    """Give the bundle that saves most, of equals the first by its id; one that needs no more comes before.

    It covers something of the cart, what it holds besides can be had, and it costs less than all that one
    by one. Currencies are never compared: a cart in another one than the catalog has none.
    """
    if cart.currency and cart.currency != catalog.currency:
        return None
    lines = {line.item: line for line in cart.lines if not is_doubtful(line, cart, catalog)}
    near = sorted({bundle for item in lines for bundle in catalog.bundled.get(item, ())})
    found = [each for key in near if (each := _cover(catalog.items[key], lines, cart, catalog)) is not None]
    return max(found, key=lambda each: (each.is_whole, each.saving), default=None)


def difference(cart: Cart, catalog: Catalog, beside: Beside) -> int | None:
    """Give what the item beside a line costs more for one piece.

    None where a price is not known, or is in another currency than the cart.
    """
    price = beside.partner.price
    if price is None or (cart.currency and cart.currency != price.currency):
        return None
    paid = line_price(beside.line, catalog)
    return None if paid is None else price.amount - paid


def can_be_had(item: Item, cart: Cart) -> bool:
    """Tell whether an item may be put into a cart: sold, in stock, not there yet, and priced."""
    # What events tell of a cart is spoken of in mails, which may name no price.
    is_stated = item.price is not None or cart.asked_at is None
    is_inside = any(line.item == item.id for line in cart.lines)
    return item.is_for_sale and item.id not in cart.sold_out and is_stated and not is_inside


def is_doubtful(line: CartLine, cart: Cart, catalog: Catalog) -> bool:
    """Tell whether a line's price was told by somebody who could say anything, and is not the catalog's."""
    if not cart.is_checked or line.price is None:
        return False
    item = catalog.items.get(line.item)
    return item is None or item.price is None or item.price.amount != line.price


def doubts(cart: Cart | None, catalog: Catalog) -> tuple[Seen, ...]:
    """Give what speaks against a cart: its currency, and prices that are not the catalog's."""
    if cart is None:
        return ()
    seen = [Seen("cart.currency", cart.currency)] if cart.currency not in ("", catalog.currency) else []
    for line in cart.lines:
        item = catalog.items.get(line.item)
        if item is not None and is_doubtful(line, cart, catalog):
            stated = item.price.amount if item.price is not None else None
            seen += [Seen(f"{line.item} in the cart at", line.price), Seen("in the catalog at", stated)]
    return tuple(seen)


def line_price(line: CartLine, catalog: Catalog) -> int | None:
    """Give what one of a line costs in minor units: as told, else as the catalog says; None where neither."""
    if line.price is not None:
        return line.price
    item = catalog.items.get(line.item)
    return item.price.amount if item is not None and item.price is not None else None


def _dearest(
    cart: Cart, catalog: Catalog, partner_of: Callable[[CartLine, Item], Item | None]
) -> Beside | None:
    """Give the dearest line that has such a partner, with it."""
    found = []
    for line in cart.lines:
        item = catalog.items.get(line.item)
        if item is None or is_doubtful(line, cart, catalog):
            continue
        partner = partner_of(line, item)
        if partner is not None:
            found.append((line_price(line, catalog) or 0, Beside(line, item, partner)))
    return max(found, key=lambda one: one[0])[1] if found else None


def _better(line: CartLine, item: Item, cart: Cart, catalog: Catalog) -> Item | None:
    """Give the nearest better item than a line's that can be had at a step that is allowed."""
    if item.id in cart.taken:
        return None
    inside = {each.item for each in cart.lines}
    price, better = line_price(line, catalog), None
    if price is None and cart.asked_at is not None:
        return None
    for each in _way_up(item, catalog):
        if each.id in inside:
            return None
        if better is None and can_be_had(each, cart) and _is_near(price, each, catalog):
            better = each
    return better


def _way_up(item: Item, catalog: Catalog) -> Iterator[Item]:
    passed = {item.id}
    at = catalog.items.get(item.premium or "")
    while at is not None and at.id not in passed:
        yield at
        passed.add(at.id)
        at = catalog.items.get(at.premium or "")


def _is_near(price: int | None, dearer: Item, catalog: Catalog) -> bool:
    """Tell whether an item is no larger a step up from a price than is allowed; an unknown price never is."""
    if catalog.largest_step is None:
        return True
    if price is None or dearer.price is None:
        return False
    return dearer.price.amount - price <= catalog.largest_step * price


def _cover(bundle: Item, lines: Mapping[str, CartLine], cart: Cart, catalog: Catalog) -> Covering | None:
    """Say what a bundle covers of a cart, or None where it may not be proposed."""
    if bundle.price is None or not can_be_had(bundle, cart):
        return None
    taken, missing, paid = [], 0, 0
    for part, count in bundle.parts.items():
        line, item = lines.get(part), catalog.items[part]
        held = min(count, int(line.quantity)) if line is not None else 0
        if line is not None and held:
            price = line_price(line, catalog)
            if price is None:
                return None
            taken.append((line, held))
            paid += held * price
        if held < count:
            if not item.is_for_sale or part in cart.sold_out or item.price is None:
                return None
            missing += (count - held) * item.price.amount
    is_whole = sum(count for _, count in taken) == len(bundle.contains)
    covering = Covering(bundle, is_whole, tuple(taken), paid + missing)
    return covering if taken and covering.saving > 0 and _is_near(paid, bundle, catalog) else None


def _worth(cart: Cart, catalog: Catalog) -> int | None:
    prices = [(line_price(line, catalog), line.quantity) for line in cart.lines]
    if any(price is None for price, _ in prices):
        return None
    return round(sum((price or 0) * quantity for price, quantity in prices))
