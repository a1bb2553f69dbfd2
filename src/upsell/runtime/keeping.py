"""Keeping: what takes long to read, read by a thread of its own and shown as it was last read.

For pages over what everything that ever happened comes to: a report, counts over everybody, trends. The laws:
nobody who asks waits for longer than they said, ``PATIENCE`` if they said nothing; what is shown is as old as
it says; and where nobody asks, nothing is read.

A page gives its keeper what reads a value, as of a moment, and asks it in the request::

    counts = Keeper("the counts", lender, clock, read_counts)
    found = counts.newest()

The first to ask is told ``BeingReadError``, which the gate makes into a page that loads itself again. Whoever
makes a keeper closes it: ``TeamPages.close`` is the place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Generic, TypeVar

import psycopg
import structlog

from upsell.clock import MINUTE, SECOND, Clock, Duration, Moment
from upsell.errors import UpsellError
from upsell.store.connect import Connection
from upsell.store.lending import Lender
from upsell.store.revisions import newest_number

PATIENCE: float = 0.05
"""For how many seconds whoever asks waits, where nothing is kept or reading was that quick before."""

KEPT: Final[Duration] = 30 * SECOND
"""How old something is before it is read anew; what took long to read is kept for longer."""

SPARED: Final = 20
"""For how many times as long as it took to read something it is not read anew."""

ASKED_FOR: Final[Duration] = 10 * MINUTE
"""For how long after somebody asked it is read anew without anybody asking."""

LONGEST_END: Final = 5.0
"""For how many seconds the end of a server waits for what is being read to be broken off."""

T = TypeVar("T")
_log = structlog.get_logger(__name__)


class BeingReadError(UpsellError):
    """What was asked for is being read for the first time, and not there yet: ask again in some seconds."""


class Keeper(Generic[T]):
    """Keeps one thing that is read from the database, and reads it anew while somebody asks for it."""

    def __init__(
        self,
        name: str,
        lender: Lender,
        clock: Clock,
        read: Callable[[Connection, Moment], T],
        kept: Duration = KEPT,
    ) -> None:
        """Know nothing yet.

        Args:
            name: What it is called in what is said and logged.
            lender: Lends the connection that it is read over.
            clock: Says how old it is.
            read: Reads it as of a moment, in a thread of the keeper.
            kept: How old it is before it is read anew, where it was read quickly.
        """
        self._name = name
        self._lender = lender
        self._clock = clock
        self._read = read
        self._lasts = kept
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._reading: Connection | None = None
        self._is_closed = False
        self._is_awaited = False
        self._kept: tuple[int, T] | None = None
        self._error: Exception | None = None
        self._wanted = 0
        self._asked_at: Moment = 0
        self._due_at: Moment = 0
        self._took = 0.0

    def newest(self, patience: float | None = None) -> T:
        """Give what was last read, and have it read anew where it is old or of another revision.

        Args:
            patience: For how many seconds it is waited for where nothing is kept, or it was read that
                quickly before; ``PATIENCE`` if not said.

        Raises:
            BeingReadError: Nothing was read yet, and it was not there within that time.
            Exception: Whatever kept it from being read for the revision that is live.
        """
        waited = PATIENCE if patience is None else patience
        with self._lender.lent() as connection:
            number = newest_number(connection)
        with self._changed:
            now = self._clock.now()
            self._asked_at, self._wanted = now, number
            if self._kept is None or self._kept[0] != number or now >= self._due_at:
                self._begin()
                if self._took <= waited:
                    self._changed.wait_for(lambda: not self._is_awaited or self._is_closed, waited)
            kept = self._kept
            if self._error is not None and (kept is None or kept[0] != number):
                raise self._error
        if kept is None:
            msg = f"expected {self._name}, which is being read for the first time; ask again in some seconds"
            raise BeingReadError(msg)
        return kept[1]

    def at_hand(self) -> T | None:
        """Give what was last read, and have it read where it is due.

        None where nothing was read yet, or it cannot be read; why is in what was logged.
        """
        try:
            return self.newest(0)
        except Exception:
            return None

    def is_behind(self) -> bool:
        """Tell whether what is kept is of another revision than was live when it was asked for last."""
        with self._changed:
            return self._kept is not None and self._kept[0] != self._wanted

    def close(self) -> None:
        """Read nothing any more: the statement that is running is broken off, and its end waited for."""
        self.stop()
        if self._thread is not None:
            self._thread.join(LONGEST_END)

    def stop(self) -> None:
        """Read nothing any more, without waiting for the end of what is being read."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            reading = self._reading
        if reading is not None:
            with suppress(psycopg.Error):
                reading.cancel_safe()

    def go_on(self) -> None:
        """Do nothing while it may be read on; for what reads to ask now and then.

        Raises:
            BeingReadError: It is to be broken off.
        """
        if self._is_closed:
            msg = f"expected {self._name}, which was broken off"
            raise BeingReadError(msg)

    def _begin(self) -> None:
        """Have it read, by the thread that is there or is started now."""
        if self._is_closed:
            return
        self._is_awaited = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _work(self) -> None:
        while self._is_due():
            self._renew()

    def _is_due(self) -> bool:
        """Wait until it is to be read; tell whether it is, for once closed it never will be."""
        with self._changed:
            while not self._is_closed:
                now = self._clock.now()
                if self._is_awaited or self._due_at <= now < self._asked_at + ASKED_FOR:
                    return True
                self._changed.wait(self._seconds_to_next(now))
            return False

    def _seconds_to_next(self, now: Moment) -> float | None:
        """Give in how many seconds it is due by itself; None where it never is unless somebody asks."""
        is_coming = now < self._due_at < self._asked_at + ASKED_FOR
        return (self._due_at - now) / SECOND if is_coming else None

    def _renew(self) -> None:
        number, now, began = self._wanted, self._clock.now(), time.monotonic()
        found: tuple[int, T] | None = None
        failure: Exception | None = None
        try:
            with self._lender.lent() as connection:
                self._reading = connection
                found = (number, self._read(connection, now))
        except Exception as error:
            # Whoever asks is told, where nothing older can be shown.
            failure = error
            if not self._is_closed:
                _log.warning("not_read", what=self._name, error=str(error).strip())
        with self._changed:
            self._reading = None
            self._took = time.monotonic() - began
            self._due_at = now + max(self._lasts, round(SPARED * self._took * SECOND))
            self._error = failure
            if found is not None:
                self._kept = found
            # What was applied meanwhile is read once more; what failed is not tried over and over.
            self._is_awaited = failure is None and number != self._wanted
            self._changed.notify_all()
