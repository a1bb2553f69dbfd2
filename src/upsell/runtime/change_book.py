"""The change book: what is to be known of a change before somebody decides about it, read and kept.

For the pages. What follows from documents alone is kept by what they are known by; what was counted is kept
for ``KEPT``. One thread reads at a time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import partial
from typing import Final, TypeVar

import msgspec

from upsell.clock import DAY, MINUTE, Clock, Duration, Moment
from upsell.errors import DefinitionError, Problem
from upsell.journeys.program import LaunchApproval, Program
from upsell.runtime.apply import newly_meant
from upsell.runtime.change_reach import Reach, find_reach
from upsell.runtime.changes import documents_before, find_change
from upsell.runtime.differences import FileDifference, find_differences
from upsell.runtime.overview import ReportBook
from upsell.runtime.whole import compile_whole
from upsell.store.changes import Change, ChangeRecord, read_change_documents, read_change_records
from upsell.store.connect import Connection
from upsell.store.revisions import newest_number, newest_revision
from upsell.workspace.compile import Compiled
from upsell.workspace.documents import Documents
from upsell.workspace.linting import Linted, lint

KEPT: Duration = 5 * MINUTE
"""How old a count may be that is shown again."""

_MOST: Final = 16

_Kept = TypeVar("_Kept")


class Checked(msgspec.Struct, frozen=True):
    """What the checks of a change say.

    Attributes:
        problems: What has to be put right before it is asked for.
        linted: What may stand and is probably not meant, and what was waived.
        compiled: What the documents come to; None with problems.
    """

    problems: tuple[Problem, ...]
    linted: Linted
    compiled: Compiled | None


class Looked(msgspec.Struct, frozen=True):
    """A change as somebody looks at it.

    Attributes:
        change: The change.
        records: What was done about it, the first first.
        differences: What changes in each file, against the revision it was made from.
        live: Number of the revision that is live, 0 for none.
        checked: What its checks say; None of a change that is closed.
        reach: Whom it concerns; None of one that is closed, does not compile, or is over what is not live.
        counted_at: As of when that is.
        needs_approval: Whether another person has to approve it.
        meant: What workflows mean from now on by what they do not say, and meant otherwise.
    """

    change: Change
    records: tuple[ChangeRecord, ...]
    differences: tuple[FileDifference, ...]
    live: int
    checked: Checked | None
    reach: Reach | None
    counted_at: Moment
    needs_approval: bool
    meant: tuple[str, ...] = ()

    @property
    def is_stale(self) -> bool:
        """Whether another revision is live than the one it was made from."""
        return self.change.is_open and self.change.made_from != self.live


class ChangeBook:
    """Looks at changes, and keeps what costs time to find."""

    def __init__(self, clock: Clock) -> None:
        """Know nothing yet."""
        self._clock = clock
        self._lock = threading.Lock()
        self._differences: OrderedDict[Hashable, tuple[FileDifference, ...]] = OrderedDict()
        self._checked: OrderedDict[Hashable, Checked] = OrderedDict()
        self._meant: OrderedDict[Hashable, tuple[str, ...]] = OrderedDict()
        self._reach: OrderedDict[Hashable, tuple[Moment, Reach]] = OrderedDict()

    def look(self, connection: Connection, number: int, live: Program | None) -> Looked:
        """Look at a change.

        Args:
            connection: The database; no transaction is open.
            number: Number of the change.
            live: What is live, None for nothing.

        Raises:
            ConfigError: There is none.
        """
        change = find_change(connection, number)
        with self._lock:
            now, newest = self._clock.now(), newest_number(connection)
            known = (change.number, change.hash, change.made_from)
            read = partial(read_change_documents, connection, change)
            differences = _kept(
                self._differences,
                known,
                lambda: find_differences(documents_before(connection, change), read()),
            )
            checked, reach, counted_at = None, None, now
            meant: tuple[str, ...] = ()
            if change.is_open:
                checked = _kept(self._checked, (*known, now // DAY), lambda: check(read(), now))
            if checked is not None and checked.compiled is not None and change.made_from == newest:
                counted_at, reach = self._find_reach(connection, known, live, checked.compiled, now)
                meant = _kept(self._meant, known, lambda: _newly_meant(connection, read()))
                meant = (*_lets_all_through(live, checked.compiled.program), *meant)
        return Looked(
            change=change,
            records=read_change_records(connection, number),
            differences=differences,
            live=newest,
            checked=checked,
            reach=reach,
            counted_at=counted_at,
            needs_approval=_needs_approval(live, checked),
            meant=meant,
        )

    def prepare(self, connection: Connection, number: int, book: ReportBook) -> None:
        """Find what the page of a change says before it is asked for: whoever wrote it waits, no reader."""
        try:
            self.look(connection, number, book.program())
        except DefinitionError:
            # What is live is not taken by this release: the page itself says so.
            return

    def _find_reach(
        self,
        connection: Connection,
        known: Hashable,
        live: Program | None,
        compiled: Compiled,
        now: Moment,
    ) -> tuple[Moment, Reach]:
        kept = self._reach.get(known)
        if kept is None or now >= kept[0] + KEPT:
            self._reach.pop(known, None)
        return _kept(
            self._reach,
            known,
            lambda: (now, find_reach(connection, live, compiled, now)),
        )


def check(documents: Documents, now: Moment) -> Checked:
    """Check documents as ``upsell check`` does."""
    try:
        compiled = compile_whole(documents).compiled
    except DefinitionError as error:
        errors = tuple(each for each in error.problems if each.severity == "error")
        warnings = tuple(each for each in error.problems if each.severity != "error")
        return Checked(errors, Linted(warnings, ()), None)
    return Checked((), lint(compiled, now), compiled)


def _lets_all_through(live: Program | None, proposed: Program) -> tuple[str, ...]:
    """Say that no change after this one has to be approved, where those before had to be."""
    if not _asks(live) or _asks(proposed):
        return ()
    return (
        "upsell.yaml says going_live.approval: none: once this is live, whoever may propose a change "
        "launches it alone, and nobody else looks at it",
    )


def _asks(program: Program | None) -> bool:
    """Tell whether another person has to approve a change to what is live."""
    return program is None or program.launch_approval is not LaunchApproval.NONE


def _newly_meant(connection: Connection, documents: Documents) -> tuple[str, ...]:
    live = newest_revision(connection)
    return tuple(newly_meant(live, documents)) if live is not None else ()


def _needs_approval(live: Program | None, checked: Checked | None) -> bool:
    """Tell whether another person has to approve, as what is live says; where nothing is, the change."""
    return _asks(live if live is not None else _proposed(checked))


def _proposed(checked: Checked | None) -> Program | None:
    return checked.compiled.program if checked is not None and checked.compiled is not None else None


def _kept(book: OrderedDict[Hashable, _Kept], key: Hashable, find: Callable[[], _Kept]) -> _Kept:
    """Give what is kept under a key, or find and keep it in the place of what was asked for longest ago."""
    if key not in book:
        book[key] = find()
    book.move_to_end(key)
    while len(book) > _MOST:
        book.popitem(last=False)
    return book[key]
