"""Unknown messages in the store: what is not known of them, what was heard since, and how they are settled.

The law: only an unknown message is settled here, and once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.outbox import Finished, Queued, as_queued
from upsell.store.queries import query


class HandedOver(msgspec.Struct, frozen=True):
    """A mail that was handed to a provider: the message, whom, under which Message-ID, and since when."""

    queued: Queued
    provider: str
    message_id: str
    sending_at: Moment


def read_unknown(connection: Connection, keys: Collection[str] | None, limit: int) -> list[HandedOver]:
    """Read unknown mails, those named or all, the newest first."""
    values = {"all": keys is None, "keys": sorted(keys or ()), "limit": limit}
    return [_handed_over(row) for row in connection.execute(query("read_unknown"), values, binary=True)]


def read_control(connection: Connection, provider: str, after: Moment, before: Moment) -> HandedOver | None:
    """Read a mail that a provider is known to have accepted between two moments; None without one."""
    values = {"provider": provider, "after": after, "before": before}
    row = connection.execute(query("read_control"), values, binary=True).fetchone()
    return _handed_over(row) if row is not None else None


def find_arrived(connection: Connection, keys: Collection[str]) -> dict[str, str]:
    """Give which mails were heard of since they were sent, by key, with the event that tells it."""
    if not keys:
        return {}
    return dict(connection.execute(query("find_arrived"), {"keys": sorted(keys)}, binary=True))


def settle_unknown(connection: Connection, settled: Sequence[Finished]) -> frozenset[str]:
    """Say what became of unknown messages; give the keys of those that were unknown still."""
    if not settled:
        return frozenset()
    values = {
        "keys": [told.key for told in settled],
        "states": [told.state.value for told in settled],
        "reasons": [told.reason for told in settled],
        "providers": [told.provider_id for told in settled],
        "nexts": [told.next_attempt_at for told in settled],
    }
    return frozenset(row[0] for row in connection.execute(query("settle_unknown"), values, binary=True))


def _handed_over(row: tuple[Any, ...]) -> HandedOver:
    (queued,) = as_queued([row[:-3]])
    return HandedOver(queued, *row[-3:])
