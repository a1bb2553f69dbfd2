"""What comes in: what was learned of events behind the ledger, and what is wrong with it.

For the pages of signals. The laws: counts are said with how far they were learned; and names and kinds are
read here, never a person's values.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from upsell.clock import DAY, HOUR, SECOND, Clock, Duration, Moment
from upsell.errors import DefinitionError
from upsell.journeys.program import Program
from upsell.runtime.diagnosis import INCOMING, diagnose
from upsell.runtime.doctor import examined_program
from upsell.runtime.examined import LOOKED_BACK, Examined, Finding
from upsell.runtime.examined import Program as Live
from upsell.runtime.overview import ReportBook
from upsell.runtime.source_standing import Standing, read_standings
from upsell.sources.definitions import read_sources, source_sorts
from upsell.store.census import Population, Refused
from upsell.store.connect import Connection
from upsell.store.ledger import read_head
from upsell.store.lending import Lender
from upsell.store.repeats import count_repeats
from upsell.store.revisions import Revision, newest_revision
from upsell.store.seen import (
    DaySeen,
    KindSeen,
    ValueSeen,
    read_seen_days,
    read_seen_kinds,
    read_seen_values,
)
from upsell.store.stream import Lately, count_lately, count_newest_rejections, read_learned

DAYS: Final = 28
"""Over how many days events are counted."""

KEPT: Duration = 10 * SECOND
"""How old what was read may be that is shown again."""

_NOBODY: Final = Population(0, 0, 0)


class Incoming(msgspec.Struct, frozen=True):
    """What came in.

    Attributes:
        now: As of when.
        program: What is live; None before anything was applied.
        learned_to: Up to which moment is counted.
        head: The last place of the ledger: 0 where nothing came at all.
        kinds: How often each property of each event had which kind.
        days: What each source sent of each event on each of the last days.
        values: Values that the catalog must know.
        lately: What came in within the last hour.
        repeats: How many events came again, by source and by what became of them.
        refused: What was refused lately.
        read: Names of all events that are read at all, by a rule or by what Upsell does itself.
        sorts: The sort of each source of the workspace, by its name.
        queries: How the queries stand that are put to warehouses.
        findings: What is wrong with it, the worst first.
    """

    now: Moment
    program: Program | None
    learned_to: Moment
    head: int
    kinds: Sequence[KindSeen]
    days: Sequence[DaySeen]
    values: Sequence[ValueSeen]
    lately: Lately
    repeats: Sequence[tuple[str, str, int]]
    refused: Sequence[Refused]
    read: frozenset[str]
    sorts: Mapping[str, str]
    queries: Sequence[Standing]
    findings: tuple[Finding, ...]


class IncomingBook:
    """What came in, read anew when it is old or something was applied; one thread reads at a time."""

    def __init__(self, lender: Lender, book: ReportBook, clock: Clock) -> None:
        """Know nothing yet."""
        self._lender = lender
        self._book = book
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: Incoming | None = None

    def read(self) -> Incoming:
        """Give what came in, at most ``KEPT`` old."""
        program = self._book.program()
        with self._lock:
            now, kept = self._clock.now(), self._kept
            if kept is None or kept.program is not program or now >= kept.now + KEPT:
                with self._lender.lent() as connection:
                    kept = read_incoming(connection, program, now)
                self._kept = kept
            return kept


def read_incoming(connection: Connection, program: Program | None, now: Moment) -> Incoming:
    """Read what came in, and say what is wrong with it."""
    revision = newest_revision(connection) if program is not None else None
    reached, is_full = read_learned(connection)
    days = read_seen_days(connection, now // DAY - 2 * LOOKED_BACK - 1)
    live = (
        examined_program(program, revision.documents)
        if program is not None and revision is not None
        else None
    )
    refused = count_newest_rejections(connection, now - LOOKED_BACK * DAY)
    read = Incoming(
        now=now,
        program=program,
        learned_to=reached.seen_at,
        head=read_head(connection).position,
        kinds=read_seen_kinds(connection),
        days=[each for each in days if each.day > now // DAY - DAYS],
        values=read_seen_values(connection),
        lately=count_lately(connection, now - HOUR),
        repeats=count_repeats(connection, now // DAY - LOOKED_BACK + 1),
        refused=refused,
        read=live.read if live is not None else frozenset(),
        sorts=source_sorts(revision.documents) if revision is not None else {},
        queries=_queries(connection, revision, now),
        findings=(),
    )
    return msgspec.structs.replace(read, findings=_findings(read, live, days, is_full=is_full))


def _queries(connection: Connection, revision: Revision | None, now: Moment) -> tuple[Standing, ...]:
    if revision is None:
        return ()
    try:
        return read_standings(connection, read_sources(revision.documents).values(), now)
    except DefinitionError:
        # Another release applied it; whoever works with it says so.
        return ()


def _findings(
    read: Incoming, live: Live | None, days: Sequence[DaySeen], *, is_full: bool
) -> tuple[Finding, ...]:
    came = {(each.scope, each.property) for each in read.kinds}
    never = {
        (scope, name): 0.0
        for scope, names in (live.traits if live is not None else {}).items()
        for name in names
        # Of a kind of unit that is not heard of at all nothing is missing.
        if (scope, "") in came and (scope, name) not in came
    }
    examined = Examined(
        now=read.now,
        program=live,
        kinds=read.kinds,
        days=days,
        values=read.values,
        is_full=is_full,
        repeats=read.repeats,
        refused=read.refused,
        population=_NOBODY,
        filled=never,
        behind=0,
        behind_since=None,
        messages={},
        queries=read.queries,
    )
    return diagnose(examined, INCOMING)
