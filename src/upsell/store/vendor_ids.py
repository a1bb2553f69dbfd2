"""Vendor ids: whom each id that a vendor has for its customer means, as its source told or the team said.

What a source told goes before what the team said of it by a trait.
"""

from __future__ import annotations

from collections.abc import Mapping

from upsell.sources.vendor_ids import Naming, Owner
from upsell.store.connect import Connection
from upsell.store.queries import query


def find_owner(connection: Connection, source: str, vendor_id: str) -> Owner | None:
    """Give whom an id means; None for one that nothing was told or said of."""
    row = connection.execute(query("find_vendor_id"), {"source": source, "vendor_id": vendor_id}).fetchone()
    return Owner(row[0], row[1]) if row is not None else None


def keep_owner(connection: Connection, source: str, naming: Naming) -> None:
    """Keep whom an id means; what its vendor's customer does not say itself replaces nothing."""
    if naming.owner is not None:
        said = {"source": source, "vendor_id": naming.vendor_id, "is_own": naming.is_own}
        named = {"customer_id": naming.owner.customer_id, "account_id": naming.owner.account_id}
        connection.execute(query("keep_vendor_id"), {**said, **named})


def keep_said(connection: Connection, said: Mapping[str, Owner]) -> None:
    """Keep whom ids mean by what the team says of its own customers; what is said last holds."""
    if said:
        values = {
            "vendor_ids": list(said),
            "customers": [owner.customer_id for owner in said.values()],
            "accounts": [owner.account_id for owner in said.values()],
        }
        connection.execute(query("keep_said_vendor_ids"), values)
