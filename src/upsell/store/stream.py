"""The stream: the newest of the ledger, read from its head backwards and never further than is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.ids import UnitId
from upsell.store.census import Refused
from upsell.store.connect import Connection
from upsell.store.ledger import Head
from upsell.store.queries import query

MOST_LOOKED: Final = 5_000
"""Over how many of the newest events, or refusals, is counted."""


class Arrived(msgspec.Struct, frozen=True):
    """One event as it stands in the ledger.

    Attributes:
        position: Its place.
        occurred_at: When it happened.
        seen_at: When it was taken.
        household_id: Whose household it belongs to.
        customer_id: The customer it names, None for none.
        account_id: The account it names, None for none.
        name: Its name.
        source: Where it came from.
        properties: What it says, as JSON.
        is_derived: Whether it is something this program did.
    """

    position: int
    occurred_at: Moment
    seen_at: Moment
    household_id: UnitId
    customer_id: str | None
    account_id: str | None
    name: str
    source: str
    properties: str
    is_derived: bool


class Lately(msgspec.Struct, frozen=True):
    """How many events came in since a moment, by name; of more than were looked at only the newest count.

    Attributes:
        counts: How many, by name; our own are not among them.
        is_cut: Whether there were more than were looked at.
    """

    counts: Mapping[str, int]
    is_cut: bool


def read_newest_events(connection: Connection, most: int) -> tuple[Arrived, ...]:
    """Give the newest events, the newest first."""
    rows = connection.execute(query("newest_events"), {"most": most}, binary=True)
    return tuple(Arrived(*row) for row in rows)


def count_lately(connection: Connection, since: Moment) -> Lately:
    """Count the events that came in since a moment, among the newest ``MOST_LOOKED``."""
    values = {"since": since, "look": MOST_LOOKED}
    rows = connection.execute(query("count_newest_events"), values).fetchall()
    return Lately({name: count for name, count, _ in rows}, any(row[2] >= MOST_LOOKED for row in rows))


def count_newest_rejections(connection: Connection, since: Moment) -> tuple[Refused, ...]:
    """Count what was refused since a moment, among the newest ``MOST_LOOKED``, the most frequent first."""
    values = {"since": since, "look": MOST_LOOKED}
    rows = connection.execute(query("count_newest_rejections"), values, binary=True)
    return tuple(Refused(*row) for row in rows)


def read_learned(connection: Connection) -> tuple[Head, bool]:
    """Tell how far has been learned, and whether there was more than is kept; waits for nobody."""
    row = connection.execute(query("read_learned"), binary=True).fetchone() or (0, 0, False)
    return Head(row[0], row[1]), row[2]
