"""Counted: how many stand where in each workflow, kept for as long as counting them anew would be felt.

The laws: what is told is exact, as of the moment that is told beside it; whoever looks at a page waits for no
count of a large company, which is made beside them and shown to whoever looks next.
"""

from __future__ import annotations

import threading
from typing import Final

import msgspec
import psycopg
import structlog

from upsell.clock import SECOND, Clock, Duration, Moment
from upsell.errors import UpsellError
from upsell.store.connect import Connection
from upsell.store.lending import Lender
from upsell.store.passages import PassageCount, count_passages, measure_units

SMALL: Final = 16 * 2**20
"""Up to how many bytes of units a count is made while somebody waits for it."""

LEAST_KEPT: Duration = 10 * SECOND
"""For how long at least a count of a large company is shown."""

REST: Final = 20
"""For how many times as long as it took a count is shown, so that counting is never most of the work."""

_log = structlog.get_logger(__name__)


class Counted(msgspec.Struct, frozen=True):
    """Who stands where in a workflow, and as of when that is."""

    at: Moment
    counts: tuple[PassageCount, ...]


class CountBook:
    """What was counted of each workflow of one database."""

    def __init__(self, lender: Lender, clock: Clock, small: int = SMALL) -> None:
        """Know nothing yet; units of more than ``small`` bytes are counted aside."""
        self._lender = lender
        self._clock = clock
        self._small = small
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Moment, Counted]] = {}
        self._running: dict[str, threading.Thread] = {}

    def read(self, workflow: str) -> Counted | None:
        """Give who stands where in a workflow; None while a large company is counted for the first time."""
        with self._lender.lent() as connection:
            if measure_units(connection) <= self._small:
                return self._count(connection, workflow)
        with self._lock:
            until, kept = self._kept.get(workflow, (0, None))
            if workflow not in self._running and self._clock.now() >= until:
                thread = threading.Thread(target=self._count_aside, args=(workflow,), daemon=True)
                self._running[workflow] = thread
                thread.start()
        return kept

    def wait(self, workflow: str) -> Counted:
        """Give the same, for whoever would rather wait for the first count."""
        found = self.read(workflow)
        if found is not None:
            return found
        with self._lender.lent() as connection:
            return self._count(connection, workflow)

    def _count_aside(self, workflow: str) -> None:
        try:
            with self._lender.lent() as connection:
                self._count(connection, workflow)
        except (UpsellError, psycopg.Error) as error:
            _log.warning("count failed", workflow=workflow, error=str(error))
        finally:
            with self._lock:
                del self._running[workflow]

    def _count(self, connection: Connection, workflow: str) -> Counted:
        at = self._clock.now()
        found = Counted(at, tuple(count_passages(connection, workflow)))
        took = self._clock.now() - at
        with self._lock:
            self._kept[workflow] = (at + max(LEAST_KEPT, REST * took), found)
        return found
