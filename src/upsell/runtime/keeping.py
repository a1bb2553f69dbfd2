"""Keeping: what takes long to read, read by a thread of its own and shown as it was last read.

For pages over what everything that ever happened comes to: a report, counts over everybody, trends. The laws:
nobody who asks waits longer than ``PATIENCE``; what is shown is as old as it says; and where nobody asks,
nothing is read.

A page gives its keeper what reads a value, and asks it in the request::

    counts = Keeper("counts", lender, lambda connection, workflow: read_counts(connection, workflow), clock)
    found = counts.ask(workflow)

The first to ask for a key is told ``CountingError``, which the gate makes into a page that loads itself
again. Whoever makes a keeper closes it: ``TeamPages.close`` is the place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Final, Generic, TypeVar

import psycopg
import structlog

from upsell.clock import MINUTE, SECOND, Clock, Duration, Moment
from upsell.errors import CountingError
from upsell.store.connect import Connection
from upsell.store.lending import Lender

PATIENCE: float = 0.05
"""How many seconds whoever asks waits for what is being read, where that was quick before or is the first."""

FRESH: Final[Duration] = 30 * SECOND
"""How old a value is before it is read anew."""

ASKED_FOR: Final[Duration] = 10 * MINUTE
"""For how long after somebody asked a value is read anew."""

MOST_KEPT: Final = 200
"""How many values a keeper keeps; beyond, the one that was asked for longest ago goes."""

_REST: Final = 9
"""How many times as long as a reading took is rested after it: a tenth of the time goes into reading."""

_CLOSED_WITHIN_SECONDS: Final = 10.0

_log = structlog.get_logger(__name__)

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class _Entry(Generic[T]):
    """What is kept of one key; changed under the keeper's lock."""

    def __init__(self) -> None:
        self.value: tuple[T] | None = None
        self.error: Exception | None = None
        self.mark: Hashable = None
        """Of what the value is."""
        self.wanted: Hashable = None
        """Of what it was asked for last."""
        self.asked_at: Moment = 0
        self.due_at: Moment = 0
        self.seconds = 0.0
        """How long the last reading took."""
        self.is_awaited = True

    def is_old(self, now: Moment) -> bool:
        return self.value is None or self.mark != self.wanted or now >= self.due_at

    def is_due(self, now: Moment) -> bool:
        return self.is_awaited or (now >= self.due_at and now < self.asked_at + ASKED_FOR)


class Keeper(Generic[K, T]):
    """Keeps a value for each key, and reads them anew one after the other while somebody asks."""

    def __init__(
        self,
        name: str,
        lender: Lender,
        read: Callable[[Connection, K], T],
        clock: Clock,
        fresh: Duration = FRESH,
    ) -> None:
        """Read nothing yet.

        Args:
            name: What is kept, for the log.
            lender: Lends the connection it is read by.
            read: Reads the value of a key, in the keeper's thread.
            clock: By which a value grows old.
            fresh: How old a value is before it is read anew.
        """
        self._name = name
        self._lender = lender
        self._read = read
        self._clock = clock
        self._fresh = fresh
        self._reading: Connection | None = None
        self._changed = threading.Condition()
        self._entries: dict[K, _Entry[T]] = {}
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def ask(self, key: K, mark: Hashable = None) -> T:
        """Give the value of a key as it was last read.

        Args:
            key: Of what.
            mark: What a value is true of, such as the number of a revision: one of another is old at once.

        Raises:
            CountingError: It was never read to the end; that has begun.
            Exception: Whatever kept the first reading, or that of another mark, from its end.
        """
        with self._changed:
            entry = self._entries.get(key) or self._enter(key)
            now = self._clock.now()
            entry.asked_at, entry.wanted = now, mark
            if entry.is_old(now):
                self._want(entry)
                if entry.seconds <= PATIENCE:
                    self._changed.wait_for(lambda: not entry.is_awaited or self._is_closed, PATIENCE)
            if entry.error is not None and (entry.value is None or entry.mark != mark):
                raise entry.error
            if entry.value is not None:
                return entry.value[0]
        msg = f"expected the {self._name}, and it is being counted for the first time; ask again in a while"
        raise CountingError(msg)

    def close(self) -> None:
        """Read nothing any more: the statement that is running is interrupted, and its end waited for."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            thread, reading = self._thread, self._reading
        if reading is not None:
            with suppress(psycopg.Error):
                reading.cancel_safe()
        if thread is not None:
            thread.join(_CLOSED_WITHIN_SECONDS)

    def _enter(self, key: K) -> _Entry[T]:
        if len(self._entries) >= MOST_KEPT:
            del self._entries[min(self._entries, key=lambda each: self._entries[each].asked_at)]
        entry = self._entries[key] = _Entry[T]()
        return entry

    def _want(self, entry: _Entry[T]) -> None:
        entry.is_awaited = True
        if self._thread is None and not self._is_closed:
            self._thread = threading.Thread(target=self._run, name=f"keeper-{self._name}", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        while (found := self._next()) is not None:
            self._renew(*found)

    def _next(self) -> tuple[K, _Entry[T]] | None:
        """Wait for a value that is due, those somebody waits for first; None once closed."""
        with self._changed:
            while not self._is_closed:
                now = self._clock.now()
                due = [(key, entry) for key, entry in self._entries.items() if entry.is_due(now)]
                if due:
                    return min(due, key=lambda each: (not each[1].is_awaited, each[1].due_at))
                self._changed.wait(self._seconds_to_next(now))
            return None

    def _seconds_to_next(self, now: Moment) -> float | None:
        """Give how long nothing is due; None where nothing will be unless somebody asks."""
        coming = [
            entry.due_at
            for entry in self._entries.values()
            if now < entry.due_at < entry.asked_at + ASKED_FOR
        ]
        return (min(coming) - now) / SECOND if coming else None

    def _renew(self, key: K, entry: _Entry[T]) -> None:
        mark, began = entry.wanted, time.monotonic()
        value: tuple[T] | None = None
        failure: Exception | None = None
        try:
            with self._lender.lent() as connection:
                self._reading = connection
                value = (self._read(connection, key),)
        except Exception as error:
            # Whoever asks is told, or shown what was read before.
            failure = error
            if not self._is_closed:
                _log.warning("not_read_anew", kept=self._name, error=str(error).strip())
        with self._changed:
            self._reading = None
            entry.seconds = time.monotonic() - began
            entry.due_at = self._clock.now() + max(self._fresh, int(entry.seconds * _REST * SECOND))
            entry.error = failure
            if value is not None:
                entry.value, entry.mark = value, mark
            entry.is_awaited = failure is None and entry.mark != entry.wanted
            self._changed.notify_all()
