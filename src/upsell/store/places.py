"""Places at addresses: what was reserved for whoever is written to there, whatever id they go by.

For the worker, which takes them with the messages they belong to, and for the gate before sending.
The law: of two places the one with the smaller number was committed first, so whoever sees a place
sees every one that was taken before it at its address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from upsell.catalog.offers import OfferKind
from upsell.clock import Moment
from upsell.decisions.contact import ON_THE_WAY, Touch
from upsell.decisions.intents import Intent
from upsell.journeys.effects import Spend
from upsell.store.connect import Connection
from upsell.store.queries import query

_LOCK = 7_207_736_502  # an arbitrary number that no other advisory lock of ours uses


class Place(msgspec.Struct, frozen=True):
    """One place at an address.

    Attributes:
        number: Where it stands among all places; a greater one was taken later.
        address: Key of the address.
        customer_id: For whom it was taken; the id may have gone into another since.
        touch: What is said, and the message's key.
    """

    number: int
    address: str
    customer_id: str
    touch: Touch


def order_places(connection: Connection) -> None:
    """Let nobody else take a place until the transaction that is open ends; all taken before are seen."""
    connection.execute(query("order_places"), {"lock": _LOCK})


def keep_places(connection: Connection, spent: Sequence[Spend]) -> None:
    """Take places, in this order; a message that has one already keeps it. A transaction is open."""
    if not spent:
        return
    touches = [each.touch for each in spent]
    values = {
        "keys": [touch.key for touch in touches],
        "addresses": [each.address for each in spent],
        "customers": [each.customer_id for each in spent],
        "reserved": [touch.at for touch in touches],
        "intents": [touch.intent.value for touch in touches],
        "channels": [touch.channel for touch in touches],
        "workflows": [touch.workflow for touch in touches],
        "categories": [touch.category for touch in touches],
        "kinds": [touch.kind.value if touch.kind is not None else None for touch in touches],
        "open": [touch.is_open for touch in touches],
    }
    order_places(connection)
    connection.execute(query("keep_places"), values)


def free_places(connection: Connection, keys: Sequence[str]) -> None:
    """Give the places of messages back; one that has none changes nothing."""
    if keys:
        connection.execute(query("free_places"), {"keys": list(keys)})


def settle_places(connection: Connection, keys: Sequence[str], at: Moment) -> None:
    """Count messages that were on their way from when they were said; one without a place changes nothing."""
    if keys:
        connection.execute(query("settle_places"), {"keys": list(keys), "at": at})


def move_places(connection: Connection, moved: Mapping[str, str]) -> None:
    """Put the places of messages, by key, at other addresses, as if they were taken there now."""
    values = {"keys": list(moved), "addresses": list(moved.values())}
    with connection.transaction():
        # Whoever gives places back holds them before they wait for anybody's order, so here too.
        connection.execute(query("hold_places"), values)
        order_places(connection)
        connection.execute(query("move_places"), values)


def read_places(connection: Connection, asked: Mapping[str, str], since: Moment) -> list[Place]:
    """Read the lines in which messages stand, in the order of their places.

    Args:
        connection: The database.
        asked: By the key of each message, the address it would go to today.
        since: Places of others that were taken up to this moment are left out; of those on their way those
            up to ``ON_THE_WAY`` before.

    Returns:
        The messages' own places, wherever they are, and at each address those taken before the last
        of its messages; at the address of a message without a place every one.
    """
    values = {
        "keys": list(asked),
        "addresses": list(asked.values()),
        "since": since,
        "open_since": since - ON_THE_WAY,
    }
    rows = connection.execute(query("read_places"), values, binary=True)
    return [_place(row) for row in rows]


def forget_places(connection: Connection, before: Moment) -> int:
    """Forget places taken up to a moment, on their way up to ``ON_THE_WAY`` before; give how many."""
    values = {"before": before, "open_before": before - ON_THE_WAY}
    return connection.execute(query("forget_places"), values).rowcount


def _place(row: tuple[Any, ...]) -> Place:
    number, address, customer_id, key, reserved_at, intent, channel, workflow, category, kind, is_open = row
    said = (Intent(intent), channel, workflow, category, OfferKind(kind) if kind is not None else None)
    return Place(number, address, customer_id, Touch(key, reserved_at, *said, is_open))
