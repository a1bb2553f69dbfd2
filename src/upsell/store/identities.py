"""Identities: which customer ids turned out to be another's, and who they are now.

The law: an id goes once and for good. Whoever reads a customer id that is older than the merge
asks here; the record of an id that went is gone, so nobody else can speak for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from upsell.clock import Moment
from upsell.ids import UnitId, customer_unit, is_anonymous
from upsell.journeys.merging import gone_of
from upsell.signals.events import CUSTOMERS_MERGED, Event
from upsell.store.connect import Connection
from upsell.store.queries import query

EVER = (1 << 63) - 1
"""A position no ledger reaches: everything that was merged at all."""


class Identity(msgspec.Struct, frozen=True):
    """Who an id that went is now, and the position of the merge in the ledger."""

    customer_id: str
    position: int


class People:
    """Who is who while a batch is appended: what was known before it, and its own merges so far.

    Attributes:
        named: Every customer the batch names, and who those are now.
        merged: The merges of this batch, by the id that goes.
    """

    def __init__(self, connection: Connection, drafts: Sequence[Event]) -> None:
        """Look up everyone whom the drafts name; the ledger's head is held."""
        named = {draft.customer_id for draft in drafts if draft.customer_id}
        named.update(filter(None, (gone_of(d) for d in drafts if d.name == CUSTOMERS_MERGED)))
        self._known = find_identities(connection, named)
        self.named = named | {known.customer_id for known in self._known.values()}
        self.merged: dict[str, Identity] = {}

    def resolve(self, event: Event) -> Event:
        """Give an event to the customer that stays."""
        if event.customer_id is None:
            return event
        customer_id = self._now(event.customer_id)
        if customer_id == event.customer_id:
            return event
        return msgspec.structs.replace(event, customer_id=customer_id)

    def merge(self, event: Event, gone_id: str, position: int) -> Event | int:
        """Note a merge and give it between the ids of today; the position that said it before if one did.

        A visitor is linked once: that a second person used their device makes the two no one person.
        """
        stays_id = event.customer_id or ""
        before = self._known.get(gone_id)
        known_id = self._now(gone_id)
        if known_id == stays_id or not stays_id or (before is not None and is_anonymous(gone_id)):
            return before.position if before is not None else position
        self.merged[known_id] = self._known[known_id] = Identity(stays_id, position)
        return msgspec.structs.replace(event, properties={**event.properties, "from": known_id})

    def _now(self, customer_id: str) -> str:
        while (known := self._known.get(customer_id)) is not None:
            customer_id = known.customer_id
        return customer_id


def find_identities(connection: Connection, customer_ids: Collection[str]) -> dict[str, Identity]:
    """Give, for those of these ids that went, who they are now; one that stays is absent."""
    if not customer_ids:
        return {}
    found = connection.execute(query("find_identities"), {"customers": list(customer_ids)}, binary=True)
    return {gone_id: Identity(customer_id, position) for gone_id, customer_id, position in found}


def find_gone(connection: Connection, customer_ids: Collection[str], up_to: int = EVER) -> dict[str, str]:
    """Give every id that went into one of these up to a position, with the one it went into."""
    if not customer_ids:
        return {}
    values = {"customers": list(customer_ids), "up_to": up_to}
    return dict(connection.execute(query("find_gone"), values, binary=True).fetchall())


def find_merge_homes(connection: Connection, identities: Collection[Identity]) -> frozenset[UnitId]:
    """Give the households in which merges are taken."""
    if not identities:
        return frozenset()
    positions = [identity.position for identity in identities]
    found = connection.execute(query("find_merge_homes"), {"positions": positions}, binary=True)
    return frozenset(row[0] for row in found)


def keep_identities(
    connection: Connection, merged: Mapping[str, Identity], merged_at: Moment, homeless: Sequence[str]
) -> None:
    """Keep who was found to be whom, and take ``homeless`` from the members of accounts."""
    if not merged:
        return
    values = {
        "gone": list(merged),
        "customers": [kept.customer_id for kept in merged.values()],
        "positions": [kept.position for kept in merged.values()],
        "merged_at": merged_at,
    }
    connection.execute(query("keep_identities"), values)
    if homeless:
        connection.execute(query("forget_members"), {"customers": list(homeless)})


def forget_records(connection: Connection, customer_ids: Collection[str]) -> None:
    """Remove the records of customers who went into another."""
    if customer_ids:
        units = [customer_unit(customer_id) for customer_id in sorted(customer_ids)]
        connection.execute(query("forget_units"), {"units": units})
