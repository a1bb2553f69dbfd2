"""Importing: the events of files and queries into the ledger, in the order they happened, in large batches.

The law: what was imported once is not imported again. A file is known by its content, however long ago it
was read; the same row of the same file always has the same id; and an import that was killed goes on behind
the last event it took, because how far it is was committed with that event.
"""

from __future__ import annotations

import contextlib
import itertools
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import psycopg

from upsell.clock import DAY, Clock, Moment, to_datetime
from upsell.errors import ConfigError, StoreError
from upsell.ids import digest
from upsell.runtime.admitting import admit_events
from upsell.signals.events import Event
from upsell.sources.contents import has_grown, hash_content, hash_mapping
from upsell.sources.mapping import Format, Mapping
from upsell.sources.rejects import Reject
from upsell.sources.relations import DataFile
from upsell.sources.staging import Staging, reopen
from upsell.store.connect import Connection
from upsell.store.imports import (
    ImportState,
    ReadFile,
    Took,
    find_earlier,
    find_finished,
    finish_import,
    held_alone,
    move_import,
    read_conflicts,
    read_import,
    start_import,
)
from upsell.store.ledger import Appended, Outcome, hash_event
from upsell.store.rejections import Rejection, keep_rejections

SOURCE: Final = "import"
"""What imported events say they came from."""

STAGED_DAYS: Final = 7
"""For how many days what an import laid down on disk waits for it to go on."""


class Imported(msgspec.Struct, frozen=True):
    """What an import came to.

    Attributes:
        appended: Events that are in the ledger now and were not before.
        duplicates: Events that were in the ledger already.
        rejected: Rows that could not be taken, or whose id another event had.
        skipped: Rows the mapping leaves out.
        resumed: Of the first two and the events rejected, how many an earlier run took that was broken off.
        known: Files that were imported before and have not changed: they were not read.
        grown: Files that are longer than when they were imported before.
    """

    appended: int
    duplicates: int
    rejected: int
    skipped: int
    resumed: int = 0
    known: tuple[str, ...] = ()
    grown: tuple[str, ...] = ()


class Importing(msgspec.Struct, frozen=True):
    """How an import is done.

    Attributes:
        folder: Under which what is read is laid down until it is taken.
        is_historical: Whether the events only build up what is known and start nothing.
        is_again: Whether files are read also when they were imported before.
        dedup_days: For how many days ids of events are remembered.
        warehouse: What the warehouse is called that queries are put to; empty without any.
    """

    folder: Path
    is_historical: bool
    is_again: bool = False
    dedup_days: int = 30
    warehouse: str = ""


def import_files(
    connection: Connection,
    mapping: Mapping,
    files: Sequence[DataFile],
    clock: Clock,
    progress: Callable[[str, int, int], None],
    keep_rejects: Callable[[Iterator[Reject]], int],
    how: Importing,
) -> Imported:
    """Append the events of files to the ledger, a batch in each transaction.

    Args:
        connection: The database.
        mapping: How rows become events.
        files: The files, and queries that can be run.
        clock: Tells the present: when events are seen.
        progress: Told now and then how far it is.
        keep_rejects: Given what was refused; says how much that was.
        how: Where it is staged, and what is made of files read before.

    Raises:
        DefinitionError: The mapping is wrong.
        ConfigError: A file cannot be read, or has grown since it was read so long ago that what it says
            could not be told from what is new.
        StoreError: Another process is at the same import, or the database goes away.
        WarehouseError: A query cannot be run.
    """
    progress("looking at files", 0, 0)
    contents = {file.number: _content_of(file) for file in files}
    mapped = hash_mapping(mapping)
    known, grown = _known(connection, mapping, mapped, files, contents, clock.now(), how)
    wanted = tuple(msgspec.structs.replace(file, is_known=file.number in known) for file in files)
    named = tuple(file.path.name for file in wanted if file.is_known)
    if len(named) == len(files):
        return Imported(0, 0, 0, 0, known=named)
    read = [contents[file.number] for file in wanted if not file.is_known]
    key = _key(mapped, read, how)
    try:
        with held_alone(connection, key, f"the import of {', '.join(each.name for each in read)[:120]}"):
            work = _Import(connection, mapping, wanted, clock, progress, how, _Told(key, mapped, read))
            done = work.run(keep_rejects)
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())
        msg = f"the database broke off: {reason}; once it is well, say the same again: the import goes on"
        raise StoreError(msg) from error
    return msgspec.structs.replace(done, known=named, grown=grown)


def _content_of(file: DataFile) -> ReadFile:
    """Give what tells a file; of a query, its text."""
    return ReadFile(file.path.name, file.path.stat().st_size, hash_content(file.path))


def _key(mapped: str, read: Sequence[ReadFile], how: Importing) -> str:
    told = sorted(f"{file.name}\t{file.hash}" for file in read)
    return digest("import", mapped, str(how.is_historical), how.warehouse, *told)


def _known(
    connection: Connection,
    mapping: Mapping,
    mapped: str,
    files: Sequence[DataFile],
    contents: dict[int, ReadFile],
    now: Moment,
    how: Importing,
) -> tuple[set[int], tuple[str, ...]]:
    """Tell which files were read before as they are, and give the names of those that have grown since.

    A query is never known: its rows are another's. With tables, files make events together, so that they
    are known together only.

    Raises:
        ConfigError: A file has grown since ids of what it said were forgotten.
    """
    if how.is_again:
        return set(), ()
    told = {file.number: contents[file.number] for file in files if file.format is not Format.QUERY}
    hashes = [each.hash for each in told.values()]
    finished = find_finished(connection, mapped, hashes, is_historical=how.is_historical)
    known = {number for number, each in told.items() if each.hash in finished}
    if mapping.tables and len(known) < len(files):
        known = set()
    grown = []
    earlier = find_earlier(connection, [each.name for number, each in told.items() if number not in known])
    for file in files:
        if file.number in known or file.number not in told:
            continue
        for before in (each for each in earlier if each.file.name == file.path.name and each.file.size):
            if has_grown(file.path, before.file.hash, before.file.size):
                if now - before.moved_at > how.dedup_days * DAY:
                    raise _forgotten(file.path, before.moved_at, how.dedup_days)
                grown.append(file.path.name)
                break
    return known, tuple(grown)


def _forgotten(path: Path, at: Moment, days: int) -> ConfigError:
    return ConfigError(
        f"expected a file that was not imported before, but {path} was on {to_datetime(at):%Y-%m-%d} and "
        f"has grown since: ids are remembered for {days} days (UPSELL_DEDUP_DAYS), so its old rows would "
        "be taken twice; put the new rows into a file of their own, or say --again to take all of it"
    )


class _Told(msgspec.Struct, frozen=True):
    """What tells an import from others: its key, and what that is made of."""

    key: str
    mapped: str
    read: Sequence[ReadFile]


class _Import:
    """One import under way; nobody else is at it."""

    def __init__(
        self,
        connection: Connection,
        mapping: Mapping,
        files: Sequence[DataFile],
        clock: Clock,
        progress: Callable[[str, int, int], None],
        how: Importing,
        told: _Told,
    ) -> None:
        self._connection = connection
        self._mapping = mapping
        self._files = files
        self._clock = clock
        self._progress = progress
        self._how = how
        self._key = told.key
        self._told = told
        self._folder = how.folder / "imports" / told.key

    def run(self, keep_rejects: Callable[[Iterator[Reject]], int]) -> Imported:
        """Stage what is not staged, take what is not taken, and say what it came to."""
        _make_room(self._how.folder / "imports", self._clock.now())
        with contextlib.closing(self._staged()) as staging:
            state = self._state(staging)
            resumed = state.taken
            self._take(staging, state)
            done = read_import(self._connection, self._key) or state
            conflicts = (
                Reject("", 0, reason, body)
                for reason, body in read_conflicts(self._connection, self._place, done.started_at)
            )
            rejected = keep_rejects(itertools.chain(staging.rejects(), conflicts))
            skipped = staging.counts().skipped
        finish_import(self._connection, self._key, rejected, skipped, self._clock.now())
        shutil.rmtree(self._folder, ignore_errors=True)
        return Imported(done.appended, done.duplicates, rejected, skipped, resumed)

    @property
    def _place(self) -> str:
        """What conflicts of this import are kept under."""
        return f"import {self._key}"

    def _staged(self) -> Staging:
        """Give what was laid down before, or read the files."""
        if (found := reopen(self._folder, self._files)) is not None:
            return found
        shutil.rmtree(self._folder, ignore_errors=True)
        try:
            self._folder.mkdir(parents=True)
        except OSError as error:
            msg = f"expected a folder that can be written at {self._folder}, got: {error.strerror}"
            raise ConfigError(f"{msg}; set UPSELL_DATA_FOLDER") from error
        staging = Staging(self._folder)
        asks = any(file.format is Format.QUERY for file in self._files)
        # Rows of a query come in another order each time: a place among them is one only as they lie here.
        token = secrets.token_hex(8) if asks else self._key
        self._progress("reading", 0, 0)
        try:
            staging.load(
                self._mapping,
                self._files,
                self._clock.now(),
                token=token,
                progress=lambda rows: self._progress("reading", rows, 0),
            )
        except BaseException:
            staging.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return staging

    def _state(self, staging: Staging) -> ImportState:
        """Tell how far it is; one whose staging is another's begins anew."""
        token = staging.find(self._files) or self._key
        state = read_import(self._connection, self._key)
        if state is not None and state.token == token and state.finished_at is None:
            return state
        start_import(
            self._connection,
            self._key,
            self._told.mapped,
            token,
            self._told.read,
            staging.counts().events,
            self._clock.now(),
            is_historical=self._how.is_historical,
        )
        started = read_import(self._connection, self._key)
        if started is None:
            msg = "expected the import just begun in the table imports, found none"
            raise StoreError(msg)
        return started

    def _take(self, staging: Staging, state: ImportState) -> None:
        """Append what is behind the last event taken, with the note that it is."""
        done = state.taken
        self._progress("importing", done, state.events)
        for staged in staging.batches(
            (state.seen_at, state.place), source=SOURCE, is_historical=self._how.is_historical
        ):
            with self._connection.transaction():
                hashes = [hash_event(event) for event in staged.events]
                answers = admit_events(self._connection, self._clock, staged.events, hashes)
                now = self._clock.now()
                refused = [
                    Rejection(now, SOURCE, self._place, "conflict", *_conflict(event, answer))
                    for event, answer in zip(staged.events, answers, strict=True)
                    if answer.outcome is Outcome.CONFLICT
                ]
                keep_rejections(self._connection, refused)
                appended = sum(answer.outcome is Outcome.APPENDED for answer in answers)
                took = Took(appended, len(answers) - appended - len(refused), len(refused))
                move_import(self._connection, self._key, took, staged.upto, now)
            done += len(staged.events)
            self._progress("importing", done, state.events)


def _make_room(folder: Path, now: Moment) -> None:
    """Remove what imports laid down that nobody went on with for days."""
    for left in folder.glob("*"):
        with contextlib.suppress(OSError):
            if now - left.stat().st_mtime_ns // 1000 > STAGED_DAYS * DAY:
                shutil.rmtree(left, ignore_errors=True)


def _conflict(event: Event, answer: Appended) -> tuple[str, str]:
    """Say that an id was taken by another event."""
    reason = (
        f"expected an id of its own, got {event.id}: position {answer.position} holds another event under it "
        "(a file is imported again as it was the first time, with or without --historical)"
    )
    return reason, msgspec.json.encode(event).decode()
