"""Checked book: the report with its checks and its other readings, read while nobody waits for it.

For the page of an experiment. The law: whoever asks is never kept waiting; what is there is given with the
moment it is of, and what is old is read anew beside.
"""

from __future__ import annotations

import threading
from typing import Final

import psycopg
import structlog

from upsell.clock import HOUR, Clock, Duration
from upsell.errors import UpsellError
from upsell.runtime.overview import ReportBook
from upsell.runtime.reporting import Report, report
from upsell.store.lending import Lender
from upsell.store.revisions import newest_number

KEPT: Duration = HOUR
"""How old checks may be that are given again: they read everything that ever happened, several times."""

LONGEST_WAIT: Final = 5.0
"""How many seconds a server that ends waits for what is being read."""

_log = structlog.get_logger(__name__)


class CheckedBook:
    """The report on what is live, checked and read in every way."""

    def __init__(self, lender: Lender, book: ReportBook, clock: Clock) -> None:
        """Know nothing yet; what is live is as a book has it."""
        self._lender, self._book, self._clock = lender, book, clock
        self._lock = threading.Lock()
        self._is_reading = False
        self._reader: threading.Thread | None = None
        self._kept: tuple[int, Report] | None = None

    def ask(self) -> Report | None:
        """Give what was read last of what is live, None before; what is old is read anew meanwhile."""
        with self._lender.lent() as connection:
            number = newest_number(connection)
        with self._lock:
            kept = self._kept if self._kept is not None and self._kept[0] == number else None
            is_old = kept is None or self._clock.now() >= kept[1].as_of + KEPT
            if is_old and not self._is_reading:
                self._is_reading = True
                self._reader = threading.Thread(target=self._read, args=(number,), name="checks", daemon=True)
                self._reader.start()
        return kept[1] if kept is not None else None

    def read(self) -> Report | None:
        """Read it now; None where nothing is live."""
        program = self._book.program()
        if program is None:
            return None
        with self._lender.lent() as connection:
            return report(connection, program, self._clock.now(), has_readings=True, has_health=True)

    def close(self) -> None:
        """Wait a little for what is being read."""
        reader = self._reader
        if reader is not None:
            reader.join(LONGEST_WAIT)

    def _read(self, number: int) -> None:
        found = None
        try:
            found = self.read()
        except (psycopg.Error, UpsellError) as error:
            # Whoever asks next has it tried again.
            _log.warning("checks_not_read", error=str(error).strip())
        finally:
            with self._lock:
                self._is_reading = False
                if found is not None:
                    self._kept = (number, found)
