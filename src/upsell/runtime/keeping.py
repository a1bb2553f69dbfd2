"""Keeping: what is read from everything that ever happened, read beside whoever asks and shown again.

For pages. The laws: one thread at a time reads one thing, whoever else asks is given what was read before;
what took long to read is kept for longer; and nobody waits for longer than they said.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from time import monotonic
from typing import Final, Generic, TypeVar

import structlog

from upsell.clock import SECOND, Clock, Duration, Moment
from upsell.errors import UpsellError
from upsell.store.connect import Connection
from upsell.store.lending import Lender
from upsell.store.revisions import newest_number

KEPT: Final[Duration] = 30 * SECOND
"""How old something may be that is shown again; what took long to read is kept for longer."""

PATIENCE = 1.0
"""For how many seconds a page waits for what it cannot do without, where nothing is kept."""

SPARED: Final = 20
"""For how many times as long as it took to read something it is not read anew."""

QUICK: Final = 0.1
"""What took at most so many seconds is read anew while somebody waits; what took longer beside them."""

LONGEST_END: Final = 3.0
"""For how many seconds the end of a server waits for what is being read to be broken off."""

T = TypeVar("T")
_log = structlog.get_logger(__name__)


class BeingReadError(UpsellError):
    """What was asked for is being read, and not there yet: ask again in some seconds."""


class Keeper(Generic[T]):
    """Keeps one thing that is read from the database, of the revision that is live."""

    def __init__(
        self, name: str, lender: Lender, clock: Clock, read: Callable[[Connection, Moment], T]
    ) -> None:
        """Know nothing yet.

        Args:
            name: What it is called in what is logged.
            lender: Lends the connection that it is read over.
            clock: Says how old it is.
            read: Reads it as of a moment, in a thread of its own.
        """
        self._name = name
        self._lender = lender
        self._clock = clock
        self._read = read
        self._lock = threading.Lock()
        self._kept: tuple[int, Moment, float, T] | None = None
        self._under_way: tuple[int, Future[T]] | None = None
        self._threads: dict[threading.Thread, Connection | None] = {}
        self._is_closed = False

    def close(self) -> None:
        """Break off what is being read, for good, and wait until it is."""
        self.stop()
        with self._lock:
            threads = tuple(self._threads)
        for thread in threads:
            thread.join(LONGEST_END)

    def stop(self) -> None:
        """Break off what is being read, for good."""
        with self._lock:
            self._is_closed = True
            connections = [each for each in self._threads.values() if each is not None]
        for connection in connections:
            connection.cancel_safe()

    def go_on(self) -> None:
        """Do nothing while it may be read on; for what reads to ask now and then.

        Raises:
            BeingReadError: It is to be broken off.
        """
        if self._is_closed:
            msg = f"expected {self._name}, which was broken off"
            raise BeingReadError(msg)

    def newest(self, patience: float) -> T:
        """Give what is kept, and have it read anew where it is old.

        Where nothing is kept of the revision that is live it is waited for.

        Args:
            patience: For how many seconds it is waited for at most.

        Raises:
            BeingReadError: It was not there within that time.
        """
        with self._lender.lent() as connection:
            number = newest_number(connection)
        with self._lock:
            kept = self._kept
            is_of_now = kept is not None and kept[0] == number
            if kept is not None and is_of_now and self._clock.now() < kept[1] + _lasts(kept[2]):
                return kept[3]
            reading = self._begin(number)
            if kept is not None and is_of_now and kept[2] > QUICK:
                return kept[3]
        try:
            return reading.result(patience)
        except TimeoutError as error:
            if reading.done():
                raise
            msg = f"expected {self._name}, which is being read; ask again in some seconds"
            raise BeingReadError(msg) from error

    def at_hand(self) -> T | None:
        """Give what is kept of the revision that is live, and have it read where it is due.

        None where nothing is kept yet, or it cannot be read; why is in what was logged.
        """
        try:
            return self.newest(0)
        except Exception:
            return None

    def _begin(self, number: int) -> Future[T]:
        """Have it read for a revision, unless it is being read for it; who failed is asked once about why."""
        if self._under_way is not None and self._under_way[0] == number:
            reading = self._under_way[1]
            if reading.done():
                self._under_way = None
            return reading
        reading = Future[T]()
        if self._is_closed:
            reading.set_exception(BeingReadError(f"expected {self._name}, and this server is about to end"))
            return reading
        self._under_way = (number, reading)
        # No daemon: what counts in the midst of it would end the process with a fault.
        thread = threading.Thread(target=self._work, args=(number, reading), name=self._name)
        self._threads[thread] = None
        thread.start()
        return reading

    def _work(self, number: int, reading: Future[T]) -> None:
        began, now = monotonic(), self._clock.now()
        try:
            with self._lender.lent() as connection:
                with self._lock:
                    if self._is_closed:
                        reading.cancel()
                        return
                    self._threads[threading.current_thread()] = connection
                found = self._read(connection, now)
        except Exception as error:
            # Whoever asks next is told, where nothing older can be shown.
            if self._is_closed:
                reading.set_exception(BeingReadError(f"expected {self._name}, which was broken off"))
                return
            _log.warning("not_read", what=self._name, error=str(error).strip())
            reading.set_exception(error)
            return
        finally:
            with self._lock:
                del self._threads[threading.current_thread()]
        with self._lock:
            self._kept = (number, now, monotonic() - began, found)
            if self._under_way is not None and self._under_way[1] is reading:
                self._under_way = None
        reading.set_result(found)


def _lasts(took: float) -> Duration:
    """Give how long something is kept that took so many seconds to read."""
    return max(KEPT, round(SPARED * took * SECOND))
