"""Devices: the browsers and apps in which customers see notifications, and whose each is.

For whoever sends pushes, and for pages and apps that tell of a device. The law: a device is one person's,
theirs who told of it last, so that nobody sees what is for whoever sat at it before.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from upsell.channels.devices import Device, DeviceKind
from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.identities import find_gone
from upsell.store.queries import query

MOST: Final = 10
"""How many devices of one customer are kept; those told of longest ago are forgotten beyond it."""


def keep_device(connection: Connection, customer_id: str, device: Device, now: Moment) -> str | None:
    """Keep a device as a customer's; give whose it was, None where nobody's. A transaction is open."""
    owner = find_owners(connection, [device.id]).get(device.id)
    values = {
        "id": device.id,
        "customer": customer_id,
        "kind": device.kind.value,
        "address": device.address,
        "p256dh": device.p256dh,
        "auth": device.auth,
        "now": now,
    }
    connection.execute(query("keep_device"), values)
    connection.execute(query("crop_devices"), {"customer": customer_id, "most": MOST})
    return owner


def find_owners(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """Give whose devices are, by their ids, and hold them until the transaction ends."""
    if not ids:
        return {}
    return dict(connection.execute(query("find_device_owners"), {"ids": sorted(ids)}, binary=True).fetchall())


def read_devices(connection: Connection, customer_ids: Collection[str]) -> dict[str, tuple[Device, ...]]:
    """Give the devices of customers, those told of last first; of whoever went into them too."""
    if not customer_ids:
        return {}
    gone = find_gone(connection, customer_ids)
    values = {"customers": sorted({*customer_ids, *gone})}
    found: dict[str, tuple[Device, ...]] = dict.fromkeys(customer_ids, ())
    for customer_id, kind, *said in connection.execute(query("read_devices"), values, binary=True):
        who = customer_id if customer_id in found else gone[customer_id]
        found[who] = (*found[who], Device(DeviceKind(kind), *said))
    return found


def forget_devices(connection: Connection, ids: Collection[str]) -> set[str]:
    """Forget devices; give whose they were. A transaction is open."""
    if not ids:
        return set()
    rows = connection.execute(query("forget_devices"), {"ids": sorted(ids)}, binary=True)
    return {row[0] for row in rows}
