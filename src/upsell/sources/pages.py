"""Pages: what an event may not say that came with a key which stands in a page, where everybody can read it.

Pure. The law: who may charge an account, and whom billing charges, is told by a server alone.
"""

from __future__ import annotations

from typing import Final

from upsell.signals.events import ACCOUNT_IDENTIFIED, CUSTOMER_IDENTIFIED
from upsell.sources.segment import Draft, Refusal

OF_SERVERS: Final = frozenset({"roles", "stripe_customer_id", "stripe_subscription_id"})
"""Traits that decide who may accept for an account, and whom Stripe charges."""


def hold_to_page(read: Draft | Refusal) -> Draft | Refusal:
    """Refuse an item by which a page would say what only a server may; any other stays as it is."""
    if isinstance(read, Refusal) or read.event.name not in (CUSTOMER_IDENTIFIED, ACCOUNT_IDENTIFIED):
        return read
    said = sorted(OF_SERVERS.intersection(read.event.properties))
    if not said:
        return read
    words = f"expected {' and '.join(said)} from a server, got a key that stands in pages; "
    return Refusal("server_only", words + "say it with a key made by `upsell keys create NAME --server`")
