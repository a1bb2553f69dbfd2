"""Lending: connections for a server's threads, opened once and used again.

The law: a connection is lent to one caller at a time, and one that broke is not lent again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Full, LifoQueue
from typing import Final

import psycopg
from psycopg.pq import TransactionStatus

from upsell.store.connect import Connection, connect

MOST_KEPT: Final = 4
"""How many connections are kept while nobody uses them."""


class Lender:
    """Lends connections to the database at a URL."""

    def __init__(self, url: str) -> None:
        """Open nothing yet."""
        self._url = url
        self._kept: LifoQueue[Connection] = LifoQueue(MOST_KEPT)

    @contextmanager
    def lent(self) -> Iterator[Connection]:
        """Lend a connection in autocommit for as long as a caller needs it.

        Raises:
            StoreError: The database does not answer.
        """
        connection = self._take()
        try:
            yield connection
        finally:
            self._give_back(connection)

    def close(self) -> None:
        """Close what is kept."""
        while True:
            try:
                self._kept.get_nowait().close()
            except Empty:
                return

    def _take(self) -> Connection:
        while True:
            try:
                connection = self._kept.get_nowait()
            except Empty:
                return connect(self._url)
            # The server may have gone and come again since it was used last.
            if not connection.closed and _answers(connection):
                return connection
            connection.close()

    def _give_back(self, connection: Connection) -> None:
        if connection.closed or connection.info.transaction_status is not TransactionStatus.IDLE:
            connection.close()
            return
        try:
            self._kept.put_nowait(connection)
        except Full:
            connection.close()


def _answers(connection: Connection) -> bool:
    """Tell whether the server still is behind a connection."""
    try:
        connection.execute("select")
    except psycopg.Error:
        return False
    return True
