"""Sessions and tries to sign in, as the database keeps them.

The laws: what a browser keeps is known here only by its SHA-256; a limit counts a try before its password is
looked at, so that many at once find no more room than one after the other; and it holds over restarts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from upsell.clock import DAY, MINUTE, Duration, Moment
from upsell.store.acts import Act
from upsell.store.connect import Connection
from upsell.store.queries import query
from upsell.store.users import Role, hash_secret

IDLE: Final[Duration] = DAY
"""After how long without a page a session ends."""

LASTS: Final[Duration] = 14 * DAY
"""After how long a session ends however it is used."""

TRIED_WITHIN: Final[Duration] = 15 * MINUTE
"""Over how long tries to sign in are counted."""


class Signed(msgspec.Struct, frozen=True):
    """Who is signed in.

    Attributes:
        number: The user's number.
        email: Their name.
        role: What they are now.
        seen_at: When the session was last used, to about a minute.
    """

    number: int
    email: str
    role: Role
    seen_at: Moment


class Presence(msgspec.Struct, frozen=True):
    """Where a user is signed in, and when they were last here.

    Attributes:
        sessions: In how many browsers they are signed in.
        seen_at: When they last signed in or looked at a page, to about a minute; None for never.
    """

    sessions: int
    seen_at: Moment | None


def start_session(connection: Connection, token: str, user: int, now: Moment) -> None:
    """Let a user be signed in by a token; sessions of anybody that have run out are forgotten."""
    since = {"idle_since": now - IDLE, "begun_since": now - LASTS}
    connection.execute(query("end_sessions"), {"user": None, **since})
    connection.execute(query("start_session"), {"hash": hash_secret(token), "user": user, "at": now})


def find_session(connection: Connection, token: str, now: Moment) -> Signed | None:
    """Give who is signed in by a token, None when nobody is."""
    values = {"hash": hash_secret(token), "idle_since": now - IDLE, "begun_since": now - LASTS}
    row = connection.execute(query("find_session"), values, binary=True).fetchone()
    return None if row is None else Signed(row[0], row[1], Role(row[2]), row[3])


def read_presence(connection: Connection, now: Moment) -> dict[int, Presence]:
    """Give how everybody who may sign in is here, by their numbers."""
    values = {"idle_since": now - IDLE, "begun_since": now - LASTS, "act": Act.SIGNED_IN.value}
    rows = connection.execute(query("read_presence"), values, binary=True)
    return {number: Presence(sessions, seen_at) for number, sessions, seen_at in rows}


def note_session_seen(connection: Connection, token: str, now: Moment) -> None:
    """Remember that a session was used."""
    connection.execute(query("note_session_seen"), {"hash": hash_secret(token), "at": now})


def end_session(connection: Connection, token: str) -> str | None:
    """End a session; give the name of whose it was, None when there was none."""
    row = connection.execute(query("end_session"), {"hash": hash_secret(token)}).fetchone()
    return None if row is None else str(row[0])


def find_password(connection: Connection, email: str) -> tuple[int, str | None] | None:
    """Give the number of a user and the hash of their password, None of it before they set one."""
    row = connection.execute(query("find_password"), {"email": email}).fetchone()
    return None if row is None else (row[0], row[1])


def note_tried(
    connection: Connection, limits: Sequence[tuple[bytes, int]], now: Moment
) -> tuple[list[int], Moment | None]:
    """Count a try to sign in against limits.

    Args:
        connection: The database, in no transaction: others are to see it at once.
        limits: What each limit is kept by, and how many tries it allows within ``TRIED_WITHIN``.
        now: The present.

    Returns:
        The numbers of the try, to forget it by; and from when on another is allowed, None where this one is.
    """
    since = now - TRIED_WITHIN
    whose = [key for key, _ in limits]
    rows = connection.execute(query("note_sign_in_tried"), {"whose": whose, "at": now}).fetchall()
    numbers = [row[0] for row in rows]
    most = dict(limits)
    counted = connection.execute(query("count_sign_ins_tried"), {"whose": whose, "since": since}, binary=True)
    full = [first for key, count, first in counted if count > most[bytes(key)]]
    return numbers, max(full) + TRIED_WITHIN if full else None


def forget_tried(connection: Connection, numbers: Sequence[int], now: Moment) -> None:
    """Count a try no more: it was let in, or it was turned away unasked; and what is old is forgotten."""
    values = {"numbers": list(numbers), "since": now - TRIED_WITHIN}
    connection.execute(query("forget_sign_ins_tried"), values)
