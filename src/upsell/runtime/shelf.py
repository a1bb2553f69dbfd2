"""The shelf: every report that pages show, each read beside whoever asks, kept, and drawn once.

The laws: a page never waits for what is read from everything that happened; and a report on a page is the
paper that its command writes.
"""

from __future__ import annotations

import threading

import msgspec

from upsell.clock import Clock, Moment
from upsell.runtime.keeping import Keeper
from upsell.runtime.overview import BEHIND, ReportBook
from upsell.runtime.shelved import ReportName, Shelved
from upsell.store.connect import Connection
from upsell.store.lending import Lender


class ReportShelf:
    """Keeps every report."""

    def __init__(self, lender: Lender, clock: Clock, book: ReportBook) -> None:
        """Read nothing yet; ``book`` has the report that others are made from."""
        self._book = book
        # What reads everything that happened does so after one another.
        self._turn = threading.Lock()
        self._keepers = {name: self._keeper(name, lender, clock) for name in ReportName}

    def close(self) -> None:
        """Break off what is being read, the book's as well."""
        for keeper in self._keepers.values():
            keeper.stop()
        # What some of them wait for.
        self._book.close()
        for keeper in self._keepers.values():
            keeper.close()

    def take(self, name: ReportName, patience: float) -> Shelved:
        """Give a report as it is kept; where none is, wait for so many seconds.

        Raises:
            BeingReadError: It was not there within that time.
        """
        keeper = self._keepers[name]
        return _dated(keeper.newest(patience), is_behind=keeper.is_behind())

    def at_hand(self, name: ReportName) -> Shelved | None:
        """Give a report as it is kept, None where none is yet; it is read then."""
        keeper = self._keepers[name]
        found = keeper.at_hand()
        return None if found is None else _dated(found, is_behind=keeper.is_behind())

    def _keeper(self, name: ReportName, lender: Lender, clock: Clock) -> Keeper[Shelved]:
        def read(connection: Connection, now: Moment) -> Shelved:
            at = self._book.moment(now)
            with self._turn:
                # It loads what draws, which takes a while and not every server needs.
                from upsell.runtime.shelf_reading import read_report  # noqa: PLC0415

                keeper.go_on()
                return read_report(name, connection, self._book, at)

        keeper = Keeper(f"the report {name.value}", lender, clock, read)
        return keeper


def _dated(found: Shelved, *, is_behind: bool) -> Shelved:
    """Have a report say that it is of what was live before, where it is."""
    if not is_behind:
        return found
    paper = msgspec.structs.replace(found.paper, about=(*found.paper.about, BEHIND))
    return msgspec.structs.replace(found, paper=paper)
