"""Imports: how far each is, kept in the transaction that appends what it took, and which files were read.

The law: an event that an import took and the note that it did are one commit, so that an import that was
killed goes on at the very event behind the last one it took.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.errors import StoreError
from upsell.store.connect import Connection
from upsell.store.queries import query

BEGINNING: Final = (-1, -1)
"""The place before the first event."""


class ReadFile(msgspec.Struct, frozen=True):
    """A file as it was read: its name, how many bytes it had, and a hash of them."""

    name: str
    size: int
    hash: str


class EarlierFile(msgspec.Struct, frozen=True):
    """A file that was read before, and when it was last taken from."""

    file: ReadFile
    moved_at: Moment


class ImportState(msgspec.Struct, frozen=True):
    """How far an import is.

    Attributes:
        token: Which staging the place is of.
        started_at: When it began.
        moved_at: When it last took something.
        finished_at: When it was done, None while it is not.
        seen_at: Moment of the last event taken, as its file has it.
        place: Place of that event in the staging.
        events: How many events it has to take.
        appended: Events it added to the ledger.
        duplicates: Events that were there already.
        conflicts: Events whose id another event had.
        rejected: Rows that could not be taken, known when it is done.
        skipped: Rows the mapping leaves out, known when it is done.
    """

    token: str
    started_at: Moment
    moved_at: Moment
    finished_at: Moment | None
    seen_at: int
    place: int
    events: int
    appended: int
    duplicates: int
    conflicts: int
    rejected: int
    skipped: int

    @property
    def taken(self) -> int:
        """How many events it has dealt with."""
        return self.appended + self.duplicates + self.conflicts


class Took(msgspec.Struct, frozen=True):
    """What became of the events of one batch."""

    appended: int
    duplicates: int
    conflicts: int


@contextmanager
def held_alone(connection: Connection, key: str, what: str) -> Iterator[None]:
    """Be the only one at some work; the database lets it go when the connection ends.

    Raises:
        StoreError: Another is at it.
    """
    if not try_hold(connection, key):
        msg = f"expected to be alone at {what}, but another process is at it; wait until it is done"
        raise StoreError(msg)
    try:
        yield
    finally:
        if not connection.closed and not connection.broken:
            let_go(connection, key)


def try_hold(connection: Connection, key: str) -> bool:
    """Become the only one at some work, unless another is; tell whether that came about."""
    return connection.execute(query("hold_import"), {"key": key}).fetchone() == (True,)


def let_go(connection: Connection, key: str) -> None:
    """Let others at some work again."""
    connection.execute(query("let_import_go"), {"key": key})


def read_import(connection: Connection, key: str) -> ImportState | None:
    """Tell how far an import is; None when it never began."""
    row = connection.execute(query("read_import"), {"key": key}, binary=True).fetchone()
    return ImportState(*row) if row is not None else None


def start_import(
    connection: Connection,
    key: str,
    mapping: str,
    token: str,
    files: Sequence[ReadFile],
    events: int,
    now: Moment,
    *,
    is_historical: bool,
) -> None:
    """Begin an import, or begin it anew."""
    values = {
        "key": key, "mapping": mapping, "is_historical": is_historical, "token": token,
        "events": events, "now": now,
    }  # fmt: skip
    with connection.transaction():
        connection.execute(query("start_import"), values)
        if files:
            connection.execute(
                query("keep_imported_files"),
                {
                    "key": key,
                    "names": [file.name for file in files],
                    "sizes": [file.size for file in files],
                    "hashes": [file.hash for file in files],
                },
            )


def move_import(connection: Connection, key: str, took: Took, upto: tuple[int, int], now: Moment) -> None:
    """Say how far an import is; belongs into the transaction that appends what is before."""
    values = {
        "key": key, "seen_at": upto[0], "place": upto[1], "now": now,
        "appended": took.appended, "duplicates": took.duplicates, "conflicts": took.conflicts,
    }  # fmt: skip
    connection.execute(query("move_import"), values)


def finish_import(connection: Connection, key: str, rejected: int, skipped: int, now: Moment) -> None:
    """Say that an import is done."""
    values = {"key": key, "rejected": rejected, "skipped": skipped, "now": now}
    connection.execute(query("finish_import"), values)


def find_finished(
    connection: Connection, mapping: str, hashes: Sequence[str], *, is_historical: bool
) -> dict[str, Moment]:
    """Give which contents were read to their end through this mapping before, and when."""
    values = {"hashes": list(hashes), "mapping": mapping, "is_historical": is_historical}
    return dict(connection.execute(query("find_imported_files"), values, binary=True).fetchall())


def find_earlier(connection: Connection, names: Sequence[str]) -> list[EarlierFile]:
    """Give what was read before under some names, the newest first."""
    found = connection.execute(query("find_earlier_files"), {"names": list(names)}, binary=True)
    return [EarlierFile(ReadFile(name, size, said), at) for name, size, said, at in found]


def read_conflicts(connection: Connection, place: str, since: Moment) -> list[tuple[str, str]]:
    """Give reason and event of what an import could not take because of its id."""
    values = {"place": place, "since": since}
    return [(reason, body) for reason, body in connection.execute(query("read_import_conflicts"), values)]
