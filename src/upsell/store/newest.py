"""The newest receipts by channel, and what waits on one: a bounded look, however much was ever sent."""

from __future__ import annotations

import msgspec

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.queries import query


class Newest(msgspec.Struct, frozen=True):
    """What became of the newest messages of one channel.

    Attributes:
        channel: The channel.
        since: Since when they are; None of a channel without any.
        sent: How many of them went out.
        sent_at: When the last of them did; None where none did.
        failed: How many failed for good.
        failed_at: When the last of them did; None where none did.
        reason: Why the last of them did; empty where none did.
    """

    channel: str
    since: Moment | None = None
    sent: int = 0
    sent_at: Moment | None = None
    failed: int = 0
    failed_at: Moment | None = None
    reason: str = ""


def read_newest(connection: Connection, most: int) -> tuple[Newest, ...]:
    """Give what became of the newest messages, by channel; () before the first.

    Args:
        connection: The database.
        most: Among how many of the newest events that guardrails count is looked.
    """
    rows = connection.execute(query("read_newest"), {"most": most}, binary=True)
    return tuple(Newest(*row) for row in rows)


def count_waiting(connection: Connection, channel: str, most: int) -> int:
    """Count the messages that wait to go out by a channel, up to ``most``."""
    row = connection.execute(query("count_waiting"), {"channel": channel, "most": most}).fetchone()
    return row[0] if row is not None else 0
