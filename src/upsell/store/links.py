"""Links: where those in messages lead, and the visits that came over them, until they expire.

The law: what came over a link is held back until it is told whether a person came, and is forgotten with
the link.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.queries import query

_BETWEEN = "\n"
"""Stands between targets; none holds a line end."""


SOURCE: Final = "links"
"""The source of events that tell what people did with links."""


FORGOTTEN_AT_ONCE: Final = 5_000
"""Of how many messages the links are forgotten at once at most, so that nothing else waits for it."""


class VisitKind(enum.Enum):
    """What came: something followed a link, or fetched the picture that tells of opening."""

    CLICK = "click"
    OPEN = "open"


class Kept(msgspec.Struct, frozen=True):
    """The links of one message.

    Attributes:
        number: Number of the message.
        key: Its key.
        expires_at: Until when they lead anywhere.
        targets: Where they lead, by their place.
    """

    number: int
    key: str
    expires_at: Moment
    targets: tuple[str, ...]


class Came(msgspec.Struct, frozen=True):
    """A visit as it came.

    Attributes:
        number: Number of the message.
        kind: What came.
        place: Place of the link.
        said: What it said of itself that shows a machine, empty for nothing.
        visited_at: When.
    """

    number: int
    kind: VisitKind
    place: int
    said: str
    visited_at: Moment


class Held(msgspec.Struct, frozen=True):
    """A visit as it is kept: one a second for each thing it said of itself.

    Attributes:
        came: The visit.
        second: The second it is kept under.
        verdict: Empty for a person's, a reason for a machine's; None while it is held back.
    """

    came: Came
    second: int
    verdict: str | None


class Visited(msgspec.Struct, frozen=True):
    """A message that was visited: its links, and when sending it began."""

    number: int
    key: str
    sending_at: Moment
    targets: tuple[str, ...]


class Addressed(msgspec.Struct, frozen=True):
    """Whom a message went to and what said it, as of today."""

    key: str
    customer_id: str
    household_id: str
    enrollment: str
    unit_id: str
    workflow: str
    step: str
    channel: str
    intent: str


def keep_links(connection: Connection, kept: Sequence[Kept], now: Moment) -> None:
    """Keep the links of messages that are about to be sent now."""
    if not kept:
        return
    values = {
        "now": now,
        "numbers": [each.number for each in kept],
        "keys": [each.key for each in kept],
        "expire": [each.expires_at for each in kept],
        "targets": [_BETWEEN.join(each.targets) for each in kept],
    }
    connection.execute(query("keep_links"), values)


def find_targets(connection: Connection, number: int) -> tuple[str, ...] | None:
    """Give where the links of a message lead, None when they are forgotten."""
    row = connection.execute(query("find_targets"), {"number": number}, binary=True).fetchone()
    return _targets(row[0]) if row is not None else None


def keep_visits(connection: Connection, visits: Sequence[Came]) -> None:
    """Keep visits, held back; a second one in the same second changes nothing."""
    if not visits:
        return
    values = {
        "numbers": [visit.number for visit in visits],
        "kinds": [visit.kind.value for visit in visits],
        "links": [visit.place for visit in visits],
        "said": [visit.said for visit in visits],
        "visited": [visit.visited_at for visit in visits],
    }
    connection.execute(query("keep_visits"), values)


def hold_visited(connection: Connection, held_to: Moment, limit: int) -> list[Visited]:
    """Hold messages with visits that are held back since ``held_to`` or before; a transaction is open."""
    values = {"held_to": held_to, "limit": limit}
    rows = connection.execute(query("hold_visited"), values, binary=True)
    return [Visited(number, key, at, _targets(targets)) for number, key, at, targets in rows]


def read_visits(connection: Connection, numbers: Sequence[int], since: Moment) -> list[Held]:
    """Read the visits of messages that are held back, and those since a moment, in order."""
    values = {"numbers": numbers, "since": since}
    return [
        Held(Came(number, VisitKind(kind), place, said, visited_at), second, verdict)
        for number, kind, place, second, said, visited_at, verdict in connection.execute(
            query("read_visits"), values, binary=True
        )
    ]


def find_addressed(connection: Connection, keys: Iterable[str]) -> dict[str, Addressed]:
    """Give whom messages went to, by their keys."""
    rows = connection.execute(query("find_visited"), {"keys": list(keys)}, binary=True)
    return {row[0]: Addressed(*row) for row in rows}


def tell_visits(connection: Connection, told: Sequence[tuple[Held, str]]) -> None:
    """Say what visits were: empty for a person's, a reason for a machine's."""
    if not told:
        return
    values = {
        "numbers": [held.came.number for held, _ in told],
        "kinds": [held.came.kind.value for held, _ in told],
        "links": [held.came.place for held, _ in told],
        "seconds": [held.second for held, _ in told],
        "said": [held.came.said for held, _ in told],
        "verdicts": [verdict for _, verdict in told],
    }
    connection.execute(query("tell_visits"), values)


def count_visits(connection: Connection, since: Moment) -> list[tuple[VisitKind, str, int]]:
    """Count visits since a moment by kind and verdict, the most frequent first."""
    rows = connection.execute(query("count_visits"), {"since": since}, binary=True)
    return [(VisitKind(kind), verdict, count) for kind, verdict, count in rows]


def forget_links(connection: Connection, now: Moment) -> int:
    """Forget links that have expired, with their visits, of at most so many messages; give of how many."""
    return connection.execute(query("forget_links"), {"now": now, "limit": FORGOTTEN_AT_ONCE}).rowcount


def _targets(kept: str) -> tuple[str, ...]:
    return tuple(kept.split(_BETWEEN)) if kept else ()
