"""Suppressions: addresses that are written to no more, whoever has them, and the record of why.

For the gate before sending, which asks it in the moment of sending, and for whoever reports or decides
that an address is bad or good again. The laws: an address is kept as a key alone; a row is never
deleted; what is reported of a time before somebody let an address be written to again changes nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from upsell.clock import DAY, Duration, Moment
from upsell.store.connect import Connection
from upsell.store.queries import query

SOFT_IN_A_ROW = 3
"""How many messages in a row must come back for now before their address is suppressed."""

SOFT_OVER: Duration = 3 * DAY
"""Over how long at least: a mailbox that is full for a weekend is not given up."""


class Cause(enum.Enum):
    """Why an address is suppressed."""

    HARD_BOUNCE = "hard_bounce"
    SOFT_BOUNCES = "soft_bounces"
    COMPLAINT = "complaint"
    BY_HAND = "by_hand"


class Suppress(msgspec.Struct, frozen=True):
    """An address to be suppressed.

    Attributes:
        address: Its key.
        cause: Why.
        source: Who says so: a provider, or somebody of the team.
        why: What was said.
        since: From when on.
        shown: The address with most of it hidden, for people; empty where it is not known.
    """

    address: str
    cause: Cause
    source: str
    why: str
    since: Moment
    shown: str = ""


class Suppressed(msgspec.Struct, frozen=True):
    """A suppression that holds: its number, of which address, why, and who says so."""

    number: int
    address: str
    cause: Cause
    source: str
    why: str


class Suppression(msgspec.Struct, frozen=True):
    """One row of the record.

    Attributes:
        number: Its number.
        address: Key of the address.
        shown: The address with most of it hidden; empty where it was not known.
        cause: Why.
        source: Who said so.
        why: What was said.
        since: From when on.
        ended_at: When it was written to again, None while it is not.
        ended_by: Who let it be; None while nobody did.
        ended_why: Why.
    """

    number: int
    address: str
    shown: str
    cause: Cause
    source: str
    why: str
    since: Moment
    ended_at: Moment | None = None
    ended_by: str | None = None
    ended_why: str | None = None


def read_suppressed(connection: Connection, addresses: Collection[str]) -> dict[str, Suppressed]:
    """Give those of some addresses that are suppressed, by key."""
    if not addresses:
        return {}
    rows = connection.execute(query("read_suppressed"), {"addresses": sorted(addresses)}, binary=True)
    return {each.address: each for each in map(_suppressed, rows)}


def suppress_addresses(connection: Connection, asked: Sequence[Suppress]) -> list[Suppressed]:
    """Suppress addresses; give those that were not yet, or not by a complaint. A transaction is open."""
    if not asked:
        return []
    values = {
        "addresses": [each.address for each in asked],
        "showns": [each.shown for each in asked],
        "reasons": [each.cause.value for each in asked],
        "sources": [each.source for each in asked],
        "whys": [each.why.replace("\0", "\ufffd") for each in asked],
        "sinces": [each.since for each in asked],
    }
    rows = connection.execute(query("suppress_addresses"), values, binary=True)
    return sorted(map(_suppressed, rows), key=lambda each: each.number)


def end_suppression(
    connection: Connection, address: str, by: str, why: str, at: Moment, only: Cause | None = None
) -> int | None:
    """Let an address be written to again; give the number of its row, None when it was not suppressed.

    Args:
        connection: The database.
        address: Key of the address.
        by: Who lets it.
        why: Why.
        at: The present.
        only: Of which cause alone; None for any.
    """
    reason = only.value if only is not None else None
    values = {"address": address, "by": by, "why": why, "at": at, "reason": reason}
    row = connection.execute(query("end_suppression"), values, binary=True).fetchone()
    return row[0] if row is not None else None


def read_suppressions(
    connection: Connection, *, address: str | None = None, with_ended: bool = False, limit: int = 1_000
) -> list[Suppression]:
    """Read the record, the newest first: of one address or of all, what has ended only when asked for."""
    values = {"address": address, "with_ended": with_ended, "limit": limit}
    rows = connection.execute(query("read_suppressions"), values, binary=True)
    return [
        Suppression(number, address, shown, Cause(reason), *rest)
        for number, address, shown, reason, *rest in rows
    ]


def find_addressed(connection: Connection, addresses: Collection[str]) -> list[tuple[str, str]]:
    """Find the customers who were written to at some addresses: address and customer, in order."""
    if not addresses:
        return []
    rows = connection.execute(query("find_addressed"), {"addresses": sorted(addresses)}, binary=True)
    return [(address, customer_id) for address, customer_id in rows]


def keep_told(connection: Connection, told: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Remember which customers are told that an address is suppressed; give those who were not yet."""
    if not told:
        return []
    values = {"addresses": [address for address, _ in told], "customers": [who for _, who in told]}
    rows = connection.execute(query("keep_suppressed_customers"), values, binary=True)
    return sorted((address, customer_id) for address, customer_id in rows)


def forget_told(connection: Connection, address: str) -> list[str]:
    """Forget which customers were told that an address is suppressed; give them, in order."""
    rows = connection.execute(query("forget_suppressed_customers"), {"address": address}, binary=True)
    return sorted(row[0] for row in rows)


def keep_soft_bounces(connection: Connection, bounced: Iterable[tuple[str, str, Moment]]) -> None:
    """Keep that messages came back for now: key, address, when."""
    told = sorted(bounced)
    if told:
        values = {
            "keys": [key for key, _, _ in told],
            "addresses": [address for _, address, _ in told],
            "ats": [at for _, _, at in told],
        }
        connection.execute(query("keep_soft_bounces"), values)


def forget_soft_bounces(connection: Connection, reached: Mapping[str, Moment]) -> None:
    """Forget that messages came back for now, by key: at a moment after that they reached the mailbox."""
    if reached:
        values = {"keys": list(reached), "ats": list(reached.values())}
        connection.execute(query("forget_soft_bounces"), values)


def find_soft_addresses(connection: Connection, addresses: Collection[str]) -> list[str]:
    """Find those of some addresses whose last messages came back for now too often, and for long enough."""
    if not addresses:
        return []
    values = {"addresses": sorted(addresses), "in_a_row": SOFT_IN_A_ROW, "over": SOFT_OVER}
    return [row[0] for row in connection.execute(query("find_soft_addresses"), values, binary=True)]


def _suppressed(row: tuple[Any, ...]) -> Suppressed:
    number, address, reason, source, why = row
    return Suppressed(number, address, Cause(reason), source, why)
