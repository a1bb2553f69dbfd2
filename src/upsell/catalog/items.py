"""Items: what a shop sells one by one, and the better item that stands beside each.

Pure values, compiled from ``catalog.yaml``. The law: an item leads to at most one better one and one
warranty, and no way of better ones comes back to where it began; a bundle holds items, and no bundle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from upsell.clock import Duration
from upsell.money import Money


class Item(msgspec.Struct, frozen=True):
    """One thing that can be put into a cart.

    Attributes:
        id: Its id, as cart events name it.
        name: What customers call it.
        price: What one costs, or None when not known.
        premium: Id of its premium counterpart, or None when there is none.
        warranty: Id of the item that is its warranty, or None when there is none.
        difference: What the customer would gain by being here instead of one below, in one sentence.
        family: The product family it belongs to, empty for the main one.
        again_after: How long after it was ordered it may be offered again, in microseconds; None for never.
        regions: Countries (ISO 3166 codes) it is sold in; empty for everywhere.
        is_for_sale: Whether anybody may still buy it.
        cost: What one costs the shop, or None when not known.
        contains: Ids of the items it holds as a bundle, one as often as there are of it; empty for no bundle.
    """

    id: str
    name: str
    price: Money | None = None
    premium: str | None = None
    warranty: str | None = None
    difference: str = ""
    family: str = ""
    again_after: Duration | None = None
    regions: tuple[str, ...] = ()
    is_for_sale: bool = True
    cost: Money | None = None
    contains: tuple[str, ...] = ()

    @property
    def parts(self) -> Mapping[str, int]:
        """How many of which items it holds, in the order written; none where it is no bundle."""
        return Counter(self.contains)
