"""Syncing: a query is asked, and what changed since the last time goes into the ledger.

The laws: one run of a source at a time, whoever starts it; what was sent before is not sent again, however
long ago, for what was sent is committed with its events; and a run that was broken off is begun again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import duckdb
import msgspec
import psycopg
import pyarrow as pa

from upsell.clock import Clock, Moment
from upsell.errors import DefinitionError, UpsellError
from upsell.ids import digest
from upsell.runtime.admitting import admit_events
from upsell.signals.events import ACCOUNT_IDENTIFIED, CUSTOMER_IDENTIFIED, Event
from upsell.sources.mapping import Format, Subject
from upsell.sources.query import MARKED, Gone, QueryDefinition
from upsell.sources.relations import DataFile, named, quoted, rows_table
from upsell.sources.staging import Staging
from upsell.sources.warehouse import address_of, rows_of
from upsell.store.connect import Connection
from upsell.store.imports import let_go, try_hold
from upsell.store.ledger import Outcome, hash_event
from upsell.store.rejections import Rejection, forget_rows, keep_rejections
from upsell.store.source_runs import (
    SentItem,
    count_items,
    fail_run,
    find_items,
    finish_run,
    forget_items,
    forget_passed,
    keep_items,
    list_items,
    read_runs,
    start_run,
)

MOST_KEPT: Final = 1_000
"""How many of the rows that a run cannot take are kept with their reason; all are counted."""

MOST_GONE: Final = 0.5
"""The largest share of customers and accounts that may be gone at once without anybody saying so."""

FEW: Final = 20
"""With no more customers and accounts than these, any share may be."""

_ROLES: Final = ("role", "roles")
_SEPARATOR: Final = "\x1f"
_encode = msgspec.json.Encoder(order="deterministic").encode
_decode_names = msgspec.json.Decoder(list[str]).decode


class Synced(msgspec.Struct, frozen=True):
    """What a run came to.

    Attributes:
        rows: Rows the warehouse gave.
        sent: Events appended.
        same: What was sent before just so, and not again.
        cleared: Customers and accounts that were gone and whose traits were cleared.
        rejected: Rows that could not be taken.
        skipped: Rows the records leave out, or that a newer row of the same customer or account replaces.
    """

    rows: int
    sent: int
    same: int
    cleared: int
    rejected: int
    skipped: int


class Busy(msgspec.Struct, frozen=True):
    """Another process is at the same source."""


class GoneError(UpsellError):
    """So much is gone from a query at once that it is not believed."""


def sync(
    connection: Connection,
    definition: QueryDefinition,
    secrets: Mapping[str, str],
    clock: Clock,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    *,
    allows_gone: bool = False,
) -> Synced | Busy:
    """Ask a source, and append what changed; busy when another process is at it.

    Args:
        connection: The database.
        definition: The source.
        secrets: What the variables hold that it names.
        clock: Tells the present.
        progress: Told now and then how far it is.
        allows_gone: Whether any share of customers and accounts may be gone.

    Raises:
        UpsellError: The warehouse does not answer, or its rows do not fit the records; the failure is kept.
    """
    key = f"source {definition.name}"
    if not try_hold(connection, key):
        return Busy()
    try:
        number = start_run(connection, definition.name, clock.now())
        try:
            with tempfile.TemporaryDirectory(prefix="upsell-sync-") as folder:
                run = _Run(connection, definition, clock, progress, number)
                return run.do(Path(folder), secrets, allows_gone=allows_gone)
        except psycopg.OperationalError:
            raise
        except (UpsellError, psycopg.Error, duckdb.Error, OSError) as error:
            fail_run(connection, definition.name, error_words(error), clock.now())
            raise
    finally:
        if not connection.closed and not connection.broken:
            let_go(connection, key)


def error_words(error: Exception) -> str:
    """Say on one line why a run failed."""
    if isinstance(error, DefinitionError):
        said = "; ".join(
            f"{problem.message} ({problem.hint})" if problem.hint else problem.message
            for problem in error.problems
        )
    else:
        said = str(error)
    return " ".join(said.split())[:500] or type(error).__name__


class _Run:
    """One run of one source; nobody else is at it."""

    def __init__(
        self,
        connection: Connection,
        definition: QueryDefinition,
        clock: Clock,
        progress: Callable[[str, int, int], None],
        number: int,
    ) -> None:
        self._connection = connection
        self._definition = definition
        self._source = definition.name
        self._clock = clock
        self._progress = progress
        self._number = number
        self._sent = self._same = self._conflicts = 0

    def do(self, folder: Path, secrets: Mapping[str, str], *, allows_gone: bool) -> Synced:
        """Read, send what changed, and say that it is done."""
        definition, now = self._definition, self._clock.now()
        before = read_runs(self._connection, [self._source])[self._source]
        since = before.cursor if definition.cursor is not None else None
        file = _file(definition, address_of(definition.warehouse, secrets), since)
        with Staging(folder) as staging:
            self._progress("reading", 0, 0)
            staging.load(
                definition.mapping, [file], now, progress=lambda rows: self._progress("reading", rows, 0)
            )
            traits = [
                place
                for place, record in enumerate(definition.mapping.records)
                if record.subject is not Subject.EVENT
            ]
            replaced = staging.keep_newest(traits) if traits else 0
            rows = _count_rows(staging, rows_table(file))
            cursor = self._cursor(staging, rows_table(file)) or since
            gone = self._gone(staging, allows_gone=allows_gone)
            counts = staging.counts()
            # First, so that what another record says of them holds.
            cleared = self._clear(gone, now)
            self._take(staging, frozenset(traits), counts.events, now)
            rejected = counts.rejected + self._conflicts
            with self._connection.transaction():
                self._keep_rejects(staging, now)
                if definition.cursor is not None:
                    forget_passed(self._connection, self._source, self._number)
                finish_run(
                    self._connection, self._source, cursor, (rows, self._sent, cleared, rejected),
                    self._clock.now(),
                )  # fmt: skip
        return Synced(rows, self._sent, self._same, cleared, rejected, counts.skipped + replaced)

    def _take(self, staging: Staging, traits: frozenset[int], events: int, now: Moment) -> None:
        done = 0
        for staged in staging.batches(source=self._source):
            told = [
                self._trait(event, record, now) if record in traits else _event(event)
                for event, record in zip(staged.events, staged.records, strict=True)
            ]
            self._send(told, now)
            done += len(told)
            self._progress("sending", done, events)

    def _trait(self, event: Event, record: int, now: Moment) -> tuple[SentItem, Event]:
        """Give what is remembered of traits, and the event that tells them."""
        key = _key(self._definition.marks[record], event.customer_id, event.account_id)
        names = sorted(name for name in event.properties if name not in _ROLES)
        said = _hash((event.name, event.customer_id, event.account_id, event.properties))
        item = SentItem(key, said, msgspec.json.encode(names).decode())
        at = min(event.occurred_at, now)
        return item, msgspec.structs.replace(event, id=self._id(key, said.hex()), occurred_at=at)

    def _id(self, *parts: str) -> str:
        """Make the id of an event of this run: what was said before may be said again later."""
        return digest("sync", self._source, str(self._number), *parts)

    def _send(self, told: Sequence[tuple[SentItem, Event]], now: Moment) -> None:
        """Append what was not sent before just so, and remember it, in one transaction."""
        newest = {item.key: (item, event) for item, event in told}
        with self._connection.transaction():
            known = find_items(self._connection, self._source, list(newest))
            items, events, seen, refused = [], [], [], []
            for key, (item, event) in newest.items():
                before = known.get(key)
                if before is None or (before.hash != item.hash and key.startswith("t")):
                    items.append(item)
                    events.append(_with_nulls(event, before, item))
                else:
                    seen.append(before)
                    if before.hash != item.hash:
                        refused.append(_conflict(self._source, event, now))
            answers = admit_events(self._connection, self._clock, events, [*map(hash_event, events)])
            refused += [
                _conflict(self._source, event, now)
                for event, answer in zip(events, answers, strict=True)
                if answer.outcome is Outcome.CONFLICT
            ]
            if self._definition.cursor is not None:
                # What is read again stays known; the rest the cursor has passed.
                items += [item for item in seen if item.key.startswith("e")]
            keep_items(self._connection, self._source, self._number, items)
            keep_rejections(self._connection, refused)
        sent = sum(answer.outcome is Outcome.APPENDED for answer in answers)
        self._sent += sent
        self._conflicts += len(refused)
        self._same += len(told) - sent - len(refused)

    def _gone(self, staging: Staging, *, allows_gone: bool) -> list[str]:
        """Give the keys of traits whose row is gone, where they are to be cleared.

        Raises:
            GoneError: It is more than is believed.
        """
        if self._definition.gone is not Gone.CLEAR:
            return []
        connection = staging.connection
        connection.execute(_MAKE_KNOWN)
        for keys in list_items(self._connection, self._source):
            connection.register("upsell_keys", pa.table({"key": keys}))
            connection.execute("insert into upsell.known select key from upsell_keys")
            connection.unregister("upsell_keys")
        gone = [row[0] for row in connection.execute(_GONE, [list(self._definition.marks)]).fetchall()]
        known = count_items(self._connection, self._source)
        is_most = known > FEW and len(gone) > MOST_GONE * known
        if not allows_gone and gone and (is_most or len(gone) == known):
            msg = (
                f"expected most of the {known:,} customers and accounts that were there before, but "
                f"{len(gone):,} are gone from the query, so nothing was changed; if that is so, say "
                f"`upsell sources sync {self._source} --allow-gone`"
            )
            raise GoneError(msg)
        return gone

    def _clear(self, gone: list[str], now: Moment) -> int:
        """Clear the traits of who is gone; they are remembered no more."""
        for start in range(0, len(gone), 5_000):
            keys = gone[start : start + 5_000]
            with self._connection.transaction():
                known = find_items(self._connection, self._source, keys)
                events = [event for key in keys if (event := self._cleared(known[key], now)) is not None]
                answers = admit_events(self._connection, self._clock, events, [*map(hash_event, events)])
                forget_items(self._connection, self._source, keys)
            self._sent += sum(answer.outcome is Outcome.APPENDED for answer in answers)
        return len(gone)

    def _cleared(self, item: SentItem, now: Moment) -> Event | None:
        """Give the event that clears traits; None where there were none."""
        names = _decode_names(item.names)
        mark, customer_id, account_id = item.key[1:].split(_SEPARATOR)
        if not names:
            return None
        is_customer = mark.startswith(MARKED[Subject.CUSTOMER])
        return Event(
            id=self._id("gone", item.key),
            name=CUSTOMER_IDENTIFIED if is_customer else ACCOUNT_IDENTIFIED,
            occurred_at=now,
            seen_at=now,
            customer_id=(customer_id or None) if is_customer else None,
            account_id=account_id or None,
            properties=dict.fromkeys(names),
            source=self._source,
        )

    def _cursor(self, staging: Staging, table: str) -> str | None:
        """Give from where the next run reads, as SQL writes it; None when nothing says.

        Raises:
            CursorError: The query gives no such column.
        """
        cursor = self._definition.cursor
        if cursor is None:
            return None
        column = named(cursor.column.strip('"'))
        try:
            kind = str(staging.connection.execute(f"describe select {column} from {table}").fetchall()[0][1])
            newest = f"max({column})"
            if cursor.overlap:
                newest = f"{newest} - to_microseconds({cursor.overlap})"
            row = staging.connection.execute(f"select ({newest})::varchar from {table}").fetchone()
        except duckdb.Error as error:
            msg = (
                f"expected the column {cursor.column} of the cursor, a number, a time or a text, got: {error}"
            )
            raise CursorError(" ".join(msg.split())) from error
        if row is None or row[0] is None:
            return None
        is_number = not kind.startswith(("TIME", "DATE", "VARCHAR", "UUID"))
        return str(row[0]) if is_number else quoted(str(row[0]))

    def _keep_rejects(self, staging: Staging, now: Moment) -> None:
        """Keep rows that could not be taken with their number and reason; those of a full reading replace."""
        if self._definition.cursor is None:
            forget_rows(self._connection, self._source)
        kept = [
            Rejection(now, self._source, f"row {reject.line}", "row", reject.reason, reject.row)
            for reject, _ in zip(staging.rejects(), range(MOST_KEPT), strict=False)
        ]
        keep_rejections(self._connection, kept)


class CursorError(UpsellError):
    """The column of a cursor is not there, or cannot be one."""


def _file(definition: QueryDefinition, address: str, since: str | None) -> DataFile:
    """Give what is staged: the rows of a query from a place of the cursor on, None for all."""
    return DataFile(
        path=Path(definition.name),
        number=0,
        rule=definition.mapping.files[0],
        format=Format.QUERY,
        label=definition.name,
        rows=rows_of(address, definition.select(since), definition.warehouse),
    )


def _event(event: Event) -> tuple[SentItem, Event]:
    """Give what is remembered of an event beside it."""
    return SentItem(f"e{event.id}", hash_event(event), "[]"), event


def _key(mark: str, customer_id: str | None, account_id: str | None) -> str:
    return f"t{mark}{_SEPARATOR}{customer_id or ''}{_SEPARATOR}{account_id or ''}"


def _hash(said: object) -> bytes:
    return bytes.fromhex(digest("traits", _encode(said).decode()))


def _with_nulls(event: Event, before: SentItem | None, item: SentItem) -> Event:
    """Say of traits that were there before and are no more that they are none."""
    if before is None or not item.key.startswith("t"):
        return event
    missing = [name for name in _decode_names(before.names) if name not in event.properties]
    return msgspec.structs.replace(event, properties={**event.properties, **dict.fromkeys(missing)})


def _conflict(source: str, event: Event, now: Moment) -> Rejection:
    reason = f"expected an id of its own, got {event.id}, under which something else was sent"
    return Rejection(now, source, f"id {event.id}", "conflict", reason, _encode(event).decode())


def _count_rows(staging: Staging, table: str) -> int:
    row = staging.connection.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row is not None else 0


_MAKE_KNOWN: Final = "create table upsell.known (key varchar)"

# Rows that could not be taken count as there: they are not gone.
_GONE: Final = """
    select key from upsell.known
    anti join (
        select 't' || concat_ws(chr(31),
            list_extract($1, (place >> 52) + 1), coalesce(customer_id, ''), coalesce(account_id, '')) as key
        from upsell.events
    ) as given using (key)
    order by key
"""
