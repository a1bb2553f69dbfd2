"""Purchases: of which product families something was bought for money, as far as orders say.

For the soft opt-in, which comes from a sale of something similar (ePrivacy directive, Art. 13(2)). The
law: what nothing was paid for is no sale, and what was paid is not guessed. Nothing is kept but the
families, each with the moment it was last bought.
"""

from __future__ import annotations

from collections.abc import Mapping

from upsell.clock import Moment
from upsell.signals.events import Event
from upsell.signals.lines import read_amount, read_lines

Families = Mapping[str, frozenset[str]]
"""The product families of what can be ordered, by id."""


def take_purchase(bought: dict[str, Moment], event: Event, families: Families) -> bool:
    """Take an ``Order Completed`` into what is kept; tell whether a family is new.

    An item counts when its order came to more than nothing, and it is not said to have cost nothing
    itself; of an order that says no amount, when the item's own price is said. What is not in the
    catalog is of no family.

    Args:
        bought: When something of each family was last bought; changed in place.
        event: The order; the moment is when it happened, at the latest when it was told.
        families: What can be ordered.
    """
    amount = read_amount(event.properties)
    if not families or (amount is not None and amount <= 0):
        return False
    at = min(event.occurred_at, event.seen_at)
    known = len(bought)
    for item, quantity, price in read_lines(event.properties):
        is_paid = price > 0 if price is not None else amount is not None
        if quantity > 0 and is_paid:
            for family in families.get(item, ()):
                bought[family] = max(at, bought.get(family, at))
    return len(bought) > known


def merge_purchases(stays: dict[str, Moment], gone: Mapping[str, Moment]) -> None:
    """Take what one bought into what another did, in place; of one family the later moment."""
    for family, at in gone.items():
        stays[family] = max(at, stays.get(family, at))
