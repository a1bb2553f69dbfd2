"""Connections: where the database is, and how every part of the program opens it.

The law: a connection reads moments as moments, and a database with an older schema is refused
with the command that helps.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg

from upsell.config import Settings
from upsell.errors import StoreError
from upsell.store.embedded import embedded_url
from upsell.store.migrate import migrate, waiting_migrations
from upsell.store.moments import teach_moments

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]
"""A connection whose rows are tuples."""


def database_url(settings: Settings) -> str:
    """Give the URL of the database: the one that is set, or that of the embedded server.

    Without a URL the embedded server under ``data_folder`` is started, unless it runs already, and
    its schema is brought up to date.
    """
    if settings.database_url:
        return settings.database_url
    url = embedded_url(settings.data_folder)
    migrate(url)
    return url


def connect(url: str) -> Connection:
    """Open a connection in autocommit: what belongs together says ``with connection.transaction()``.

    The caller closes it.

    Raises:
        StoreError: Nothing answers at ``url``, or the schema lacks a migration of this program.
    """
    try:
        connection = psycopg.connect(url, autocommit=True)
    except psycopg.OperationalError as error:
        msg = f"expected a PostgreSQL database to answer: {str(error).strip()}; look at UPSELL_DATABASE_URL"
        raise StoreError(msg) from error
    waiting = waiting_migrations(connection)
    if waiting:
        connection.close()
        msg = f"the database lacks the migrations {', '.join(waiting)}: run `upsell migrate`"
        raise StoreError(msg)
    teach_moments(connection)
    return connection


@contextmanager
def together(connection: Connection) -> Generator[None]:
    """Write together: in the transaction that is open, or in one of its own.

    For what is written inside of others' transactions too, and takes nothing back by itself: it asks the
    database for no savepoint, so a failure ends the whole transaction.
    """
    if connection.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS:
        yield
        return
    with connection.transaction():
        yield


@contextmanager
def one_moment(connection: Connection) -> Generator[None]:
    """Read in a transaction that sees one moment of the database and writes nothing.

    It is said with the transaction's begin, which asks the database once less than a statement of its own.
    No transaction may be open.
    """
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    try:
        with connection.transaction():
            yield
    finally:
        if not connection.closed:
            connection.isolation_level = connection.read_only = None
