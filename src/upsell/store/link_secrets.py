"""Link secrets: what the links in messages are sealed with, kept in the store so that every process has it.

The law: a database has one from the first time it is asked for, and a link that was sent opens for as
long as its secret is kept.
"""

from __future__ import annotations

import secrets
from typing import Final

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.queries import query

SIZE: Final = 32
"""Bytes of a secret."""

_LOCK: Final = "select pg_advisory_xact_lock(hashtext('upsell link secrets'))"


def read_link_secrets(connection: Connection, now: Moment) -> tuple[bytes, ...]:
    """Give the secrets, the one that seals first; the first is made when there is none."""
    if known := _read(connection):
        return known
    with connection.transaction():
        connection.execute(_LOCK)
        if not _read(connection):
            add_link_secret(connection, now)
    return _read(connection)


def add_link_secret(connection: Connection, now: Moment) -> None:
    """Make the secret that seals from now on; older ones still open what they sealed."""
    values = {"secret": secrets.token_bytes(SIZE), "now": now}
    connection.execute(query("add_link_secret"), values)


def _read(connection: Connection) -> tuple[bytes, ...]:
    return tuple(bytes(row[0]) for row in connection.execute(query("read_link_secrets"), binary=True))
