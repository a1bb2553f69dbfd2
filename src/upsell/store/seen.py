"""Seen: which events and properties came, of which kinds, from where and when.

The law: each event of the ledger is learned once, whoever learns it and however often that is cut
off; and nothing is kept that could be personal: names and kinds, never values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.ledger import Head
from upsell.store.queries import query


class KindSeen(msgspec.Struct, frozen=True):
    """How often a property had a kind.

    Attributes:
        scope: ``customer`` or ``account`` for a trait, or ``event `` with the event's name.
        property: Its name; empty for the events themselves.
        kind: ``text``, ``number``, ``boolean``, ``moment``, ``list`` or ``object``; ``missing`` for
            a required one that was not there, ``event`` for the events themselves.
        count: How often.
        first_at: When first, by when it was taken.
        last_at: When last.
    """

    scope: str
    property: str
    kind: str
    count: int
    first_at: Moment
    last_at: Moment


class DaySeen(msgspec.Struct, frozen=True):
    """What a source sent of one event on one day (its number since 1970), and how much a day late."""

    source: str
    name: str
    day: int
    count: int
    late: int


class ValueSeen(msgspec.Struct, frozen=True):
    """A value that is looked after: a ``plan`` or ``metric``, or a ``consent`` in words nobody reads."""

    field: str
    value: str
    count: int
    last_at: Moment


class Unlearned(msgspec.Struct, frozen=True):
    """An event that was not learned yet, as far as it matters."""

    position: int
    name: str
    source: str
    occurred_at: Moment
    seen_at: Moment
    properties: str
    is_historical: bool


class Lesson(msgspec.Struct, frozen=True):
    """What is to be added."""

    kinds: Sequence[KindSeen]
    days: Sequence[DaySeen]
    values: Sequence[ValueSeen]
    is_full: bool


def hold_learned(connection: Connection) -> tuple[Head, bool]:
    """Tell how far has been learned and whether there was more than is kept; held until the end."""
    row = connection.execute(query("hold_learned"), binary=True).fetchone() or (0, 0, False)
    return Head(row[0], row[1]), row[2]


def read_unlearned(connection: Connection, after: Head, limit: int) -> list[Unlearned]:
    """Read what comes next to be learned, in ledger order."""
    values = {"after": after.position, "since": after.seen_at, "limit": limit}
    return [Unlearned(*row) for row in connection.execute(query("read_unlearned"), values, binary=True)]


def keep_lesson(connection: Connection, lesson: Lesson, head: Head) -> None:
    """Add what was learned, and how far."""
    columns = ("scopes", "properties", "kinds", "counts", "firsts", "lasts")
    _add(connection, "add_seen_kinds", columns, lesson.kinds)
    _add(connection, "add_seen_days", ("sources", "names", "days", "counts", "late"), lesson.days)
    _add(connection, "add_seen_values", ("fields", "values", "counts", "lasts"), lesson.values)
    values = {"position": head.position, "seen_at": head.seen_at, "is_full": lesson.is_full}
    connection.execute(query("move_learned"), values)


def read_seen_kinds(connection: Connection) -> list[KindSeen]:
    """Give all that was learned of names and kinds, in order of name."""
    return [KindSeen(*row) for row in connection.execute(query("read_seen_kinds"), binary=True)]


def read_seen_days(connection: Connection, since: int) -> list[DaySeen]:
    """Give what each source sent since a day (its number since 1970)."""
    return [DaySeen(*row) for row in connection.execute(query("read_seen_days"), {"since": since})]


def count_seen_since(connection: Connection, since: int) -> int:
    """Count the events that came in since a day, as far as they were learned; days are counted from 1970."""
    row = connection.execute(query("count_seen_days"), {"since": since}).fetchone()
    return row[0] if row is not None else 0


def read_seen_values(connection: Connection) -> list[ValueSeen]:
    """Give the values that were seen."""
    return [ValueSeen(*row) for row in connection.execute(query("read_seen_values"), binary=True)]


def forget_seen_days(connection: Connection, before: int) -> None:
    """Forget what was sent on days before one."""
    connection.execute(query("forget_seen_days"), {"before": before})


def _add(connection: Connection, name: str, columns: Sequence[str], rows: Sequence[Any]) -> None:
    if rows:
        lists = zip(*(msgspec.structs.astuple(row) for row in rows), strict=True)
        connection.execute(query(name), dict(zip(columns, map(list, lists), strict=True)))
