"""Vendor details: what each source told of things that others of its deliveries name by their ids alone."""

from __future__ import annotations

from collections.abc import Set

from upsell.sources.vendor_details import Detail, Details, Named
from upsell.store.connect import Connection
from upsell.store.queries import query


def find_details(connection: Connection, source: str, asked: Set[Named]) -> Details:
    """Give what was told of things, for each of them; nothing of one that nothing told of."""
    values = {
        "source": source,
        "kinds": [each.kind for each in asked],
        "vendor_ids": [each.id for each in asked],
    }
    found: dict[Named, list[Detail]] = {named: [] for named in asked}
    for kind, vendor_id, since, said in connection.execute(query("find_vendor_details"), values):
        named = Named(kind, vendor_id)
        found[named].append(Detail(named, since, said))
    return {named: tuple(each) for named, each in found.items()}


def keep_detail(connection: Connection, source: str, detail: Detail) -> None:
    """Keep what was told of a thing."""
    values = {
        "source": source,
        "kind": detail.named.kind,
        "vendor_id": detail.named.id,
        "since": detail.since,
        "said": detail.said,
    }
    connection.execute(query("keep_vendor_detail"), values)
