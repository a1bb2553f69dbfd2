"""Counted: how many stand where in each workflow, kept for as long as counting them anew would be felt.

The laws: what is told is exact, as of the moment that is told beside it; whoever looks at a page waits for no
count of a large company, which is made beside them and shown to whoever looks next.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.clock import SECOND, Clock, Duration, Moment
from upsell.runtime.keeping import Keeper
from upsell.store.connect import Connection
from upsell.store.lending import Lender
from upsell.store.passages import PassageCount, count_all_passages, count_passages, measure_units

SMALL: Final = 16 * 2**20
"""Up to how many bytes of units a count is made while somebody waits for it."""

LEAST_KEPT: Duration = 10 * SECOND
"""For how long at least a count of a large company is shown."""


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
        self._all = Keeper("who stands where", lender, clock, _count_all, LEAST_KEPT)

    def read(self, workflow: str) -> Counted | None:
        """Give who stands where in a workflow; None while a large company is counted for the first time."""
        with self._lender.lent() as connection:
            if measure_units(connection) <= self._small:
                return count_now(connection, workflow, self._clock.now())
        counted = self._all.at_hand()
        if counted is None:
            return None
        at, found = counted
        return Counted(at, found.get(workflow, ()))

    def wait(self, workflow: str) -> Counted:
        """Give the same, for whoever would rather wait for the first count."""
        found = self.read(workflow)
        if found is not None:
            return found
        with self._lender.lent() as connection:
            return count_now(connection, workflow, self._clock.now())

    def close(self) -> None:
        """Count nothing any more."""
        self._all.close()


def count_now(connection: Connection, workflow: str, now: Moment) -> Counted:
    """Count who stands where in a workflow."""
    return Counted(now, tuple(count_passages(connection, workflow)))


def _count_all(connection: Connection, now: Moment) -> tuple[Moment, Mapping[str, tuple[PassageCount, ...]]]:
    """Count of every workflow at once: it reads all units whichever it is asked about."""
    return now, {key: tuple(counts) for key, counts in count_all_passages(connection).items()}
