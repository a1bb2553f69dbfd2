"""Vendor ids: whom each id that a vendor has for its customer means, by the source that told it."""

from __future__ import annotations

from upsell.sources.vendor_ids import Naming, Owner
from upsell.store.connect import Connection
from upsell.store.queries import query


def find_owner(connection: Connection, source: str, vendor_id: str) -> Owner | None:
    """Give whom an id means; None for one that nothing was told of."""
    row = connection.execute(query("find_vendor_id"), {"source": source, "vendor_id": vendor_id}).fetchone()
    return Owner(row[0], row[1]) if row is not None else None


def keep_owner(connection: Connection, source: str, naming: Naming) -> None:
    """Keep whom an id means; what its vendor's customer does not say itself replaces nothing."""
    if naming.owner is not None:
        said = {"source": source, "vendor_id": naming.vendor_id, "is_own": naming.is_own}
        named = {"customer_id": naming.owner.customer_id, "account_id": naming.owner.account_id}
        connection.execute(query("keep_vendor_id"), {**said, **named})
