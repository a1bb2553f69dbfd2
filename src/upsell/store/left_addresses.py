"""Left addresses: what was left by a message, kept for the address it went to.

For the gate before sending, and for whoever takes withdrawals. The law: an address is kept as a key alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.queries import query


class LeftAddress(msgspec.Struct, frozen=True):
    """What was left at an address.

    Attributes:
        address: Key of the address.
        scope: The scope, as records keep it.
        left_at: Since when.
        key: The message by which it was left.
    """

    address: str
    scope: str
    left_at: Moment
    key: str


def keep_left(connection: Connection, left: Sequence[LeftAddress]) -> None:
    """Keep what was left at addresses; said again, the later moment holds."""
    if left:
        values = {
            "addresses": [each.address for each in left],
            "scopes": [each.scope for each in left],
            "ats": [each.left_at for each in left],
            "keys": [each.key for each in left],
        }
        connection.execute(query("keep_left_addresses"), values)


def read_left(connection: Connection, addresses: Collection[str]) -> list[LeftAddress]:
    """Give what was left at some addresses, in order."""
    if not addresses:
        return []
    rows = connection.execute(query("read_left_addresses"), {"addresses": sorted(addresses)}, binary=True)
    return [LeftAddress(*row) for row in rows]


def forget_left(connection: Connection, address: str, scopes: Collection[str]) -> None:
    """Forget that scopes were left at an address."""
    if scopes:
        connection.execute(query("forget_left_addresses"), {"address": address, "scopes": sorted(scopes)})
