"""Cursors: how far each shard has taken the ledger, and who may take it further."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.ledger import Head
from upsell.store.queries import query

_LOCKS = 7_207_736  # the first half of every shard's advisory lock; the second is the shard


class Cursor(msgspec.Struct, frozen=True):
    """How far a shard has been taken.

    Attributes:
        shard: Which one.
        position: The last place in the ledger that has been taken.
        seen_at: The moment that place was seen at.
        revision: The revision its households have been launched with; 0 for none.
        launched_to: While that launch is under way, the last household launched; None once it is over.
    """

    shard: int
    position: int
    seen_at: Moment
    revision: int
    launched_to: str | None


def hold_shards(connection: Connection, shards: Collection[int]) -> tuple[int, ...]:
    """Try to hold shards for as long as the connection lives; give those that are held now."""
    return tuple(
        shard
        for shard in sorted(shards)
        if connection.execute("select pg_try_advisory_lock(%s, %s)", (_LOCKS, shard)).fetchone() == (True,)
    )


def read_cursors(connection: Connection, shards: Sequence[int]) -> list[Cursor]:
    """Tell how far shards have been taken, in order of shard."""
    rows = connection.execute(query("read_cursors"), {"shards": list(shards)}, binary=True)
    return [Cursor(*row) for row in rows]


def move_cursors(connection: Connection, shards: Sequence[int], head: Head) -> None:
    """Say how far shards have been taken; one that is further already stays."""
    values = {"shards": list(shards), "position": head.position, "seen_at": head.seen_at}
    connection.execute(query("move_cursors"), values)


def mark_launch(connection: Connection, shard: int, revision: int, launched_to: str | None) -> None:
    """Say how far the launch of a revision has come in a shard; None when it is over."""
    values = {"shard": shard, "revision": revision, "launched_to": launched_to}
    connection.execute(query("mark_launch"), values)
