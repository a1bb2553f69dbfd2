"""Source runs: how the queries of a workspace were asked, and what each has sent before.

The law: that something was sent is remembered in the transaction that appends it, so that a run that was
broken off is simply begun again and says nothing twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.queries import query

_LISTED: Final = 50_000


class SourceRun(msgspec.Struct, frozen=True):
    """How the last run of a query went.

    Attributes:
        source: Which query.
        number: The how manieth run it was.
        started_at: When it began.
        finished_at: When a run last ended, well or not; None before.
        succeeded_at: When a run last ended well; None before.
        cursor: From where the next reads, as SQL writes it; None for everything.
        rows: How many rows the last that went well was given.
        sent: How many events it appended.
        cleared: Of how many customers and accounts it cleared traits.
        rejected: How many rows it could not take.
        failures: How many runs have failed in a row.
        error: Why the last of these did.
    """

    source: str
    number: int
    started_at: Moment
    finished_at: Moment | None
    succeeded_at: Moment | None
    cursor: str | None
    rows: int
    sent: int
    cleared: int
    rejected: int
    failures: int
    error: str

    @property
    def is_open(self) -> bool:
        """Whether it is under way, or was broken off."""
        return self.finished_at is None or self.finished_at < self.started_at


class SentItem(msgspec.Struct, frozen=True):
    """Something a source sent: a key, a hash of what was said, and the names of the traits in it as JSON."""

    key: str
    hash: bytes
    names: str


def read_runs(connection: Connection, sources: Collection[str]) -> dict[str, SourceRun]:
    """Give the last run of each of some queries; one that never ran is absent."""
    found = connection.execute(query("read_source_runs"), {"sources": list(sources)}, binary=True)
    return {row[0]: SourceRun(*row) for row in found}


def start_run(connection: Connection, source: str, now: Moment) -> int:
    """Begin a run, and give its number."""
    row = connection.execute(query("start_source_run"), {"source": source, "now": now}).fetchone()
    return int(row[0]) if row is not None else 0


def finish_run(
    connection: Connection, source: str, cursor: str | None, counts: tuple[int, int, int, int], now: Moment
) -> None:
    """Say that a run ended well: with rows, sent, cleared and rejected."""
    rows, sent, cleared, rejected = counts
    values = {
        "source": source, "cursor": cursor, "rows": rows, "sent": sent, "cleared": cleared,
        "rejected": rejected, "now": now,
    }  # fmt: skip
    connection.execute(query("finish_source_run"), values)


def fail_run(connection: Connection, source: str, error: str, now: Moment) -> None:
    """Say that a run failed."""
    connection.execute(query("fail_source_run"), {"source": source, "error": error, "now": now})


def find_items(connection: Connection, source: str, keys: Sequence[str]) -> dict[str, SentItem]:
    """Give what a source has sent under some keys."""
    found = connection.execute(
        query("find_source_items"), {"source": source, "keys": list(keys)}, binary=True
    )
    return {key: SentItem(key, said, names) for key, said, names in found}


def keep_items(connection: Connection, source: str, number: int, items: Sequence[SentItem]) -> None:
    """Remember what a source sends in a run."""
    if items:
        values = {
            "source": source,
            "number": number,
            "keys": [item.key for item in items],
            "hashes": [item.hash for item in items],
            "names": [item.names for item in items],
        }
        connection.execute(query("keep_source_items"), values)


def count_items(connection: Connection, source: str) -> int:
    """Count the customers and accounts of which a source has sent traits."""
    row = connection.execute(query("count_source_items"), {"source": source}).fetchone()
    return int(row[0]) if row is not None else 0


def list_items(connection: Connection, source: str) -> Iterator[list[str]]:
    """List the keys of customers and accounts of which a source has sent traits, many at a time."""
    after = ""
    while True:
        values = {"source": source, "after": after, "limit": _LISTED}
        keys = [row[0] for row in connection.execute(query("list_source_items"), values)]
        if not keys:
            return
        yield keys
        after = keys[-1]


def forget_items(connection: Connection, source: str, keys: Sequence[str]) -> None:
    """Forget what a source has sent under some keys."""
    connection.execute(query("forget_source_items"), {"source": source, "keys": list(keys)})


def forget_passed(connection: Connection, source: str, number: int) -> None:
    """Forget the events that no run from this one on reads again."""
    connection.execute(query("forget_passed_items"), {"source": source, "number": number})
