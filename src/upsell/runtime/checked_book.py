"""Checked book: the report with its checks and its other readings, read while nobody waits for it."""

from __future__ import annotations

from upsell.clock import HOUR, Clock, Duration, Moment
from upsell.journeys.program import Program
from upsell.runtime.keeping import Keeper
from upsell.runtime.overview import ReportBook
from upsell.runtime.reporting import Report, report
from upsell.store.connect import Connection
from upsell.store.lending import Lender

KEPT: Duration = HOUR
"""How old checks may be that are given again: they read everything that ever happened, several times."""


def open_checked_book(lender: Lender, book: ReportBook, clock: Clock) -> Keeper[Report | None]:
    """Give what keeps the report on what is live in a book, checked and read in every way."""

    def read(connection: Connection, now: Moment) -> Report | None:
        return read_checked(connection, book.program(), now)

    return Keeper("the checks of the report", lender, clock, read, KEPT)


def read_checked(connection: Connection, program: Program | None, now: Moment) -> Report | None:
    """Read the report on a program as of a moment, with checks and every reading; None of no program."""
    if program is None:
        return None
    return report(connection, program, now, has_readings=True, has_health=True)
