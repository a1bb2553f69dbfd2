"""Staging: the events of files, mapped and laid down on disk in DuckDB, to be counted and ordered.

Files may be larger than memory and in any order: DuckDB reads them as a stream, sorts outside
memory and keeps what it was given in one database file in a temporary folder. The law: what is
read does not depend on how many threads or processes read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from upsell.clock import Moment
from upsell.errors import ConfigError, DefinitionError
from upsell.signals.events import ACCOUNT_IDENTIFIED, Event
from upsell.sources.mapping import Format, Mapping
from upsell.sources.record_sql import NO_OBJECT, RecordSql, wrong_sql
from upsell.sources.rejects import Reject, count_rejects, keep_unreadable, rejects_of
from upsell.sources.relations import DataFile, named, quoted, relation, rows_table

_FETCHED = 10_000
"""How many rows are brought over from DuckDB at a time."""

_RECORD_BIT = 52
"""From which bit of a place on the number of its record stands."""

DATABASE = "staging.duckdb"
"""What the database file in the folder is called."""


class Staged(msgspec.Struct, frozen=True):
    """Events that follow each other.

    Attributes:
        events: The events.
        upto: The place behind the last of them: its moment and its row.
        records: The number of the record that made each, from 0.
    """

    events: list[Event]
    upto: tuple[int, int]
    records: list[int]


class FileCounts(msgspec.Struct, frozen=True):
    """What became of the rows of all files.

    Attributes:
        events: Events made.
        skipped: Rows the mapping leaves out.
        rejected: Rows and lines that could not be taken.
        by_name: Events by name.
        customers: Different customers named.
        accounts: Different accounts named.
        first_at: When the first event happened, None without events.
        last_at: When the last event was seen, None without events.
    """

    events: int
    skipped: int
    rejected: int
    by_name: dict[str, int]
    customers: int
    accounts: int
    first_at: Moment | None
    last_at: Moment | None


class Staging:
    """Events of files, mapped; whoever opens it closes it."""

    def __init__(self, folder: Path, *, memory: str = "256MB", threads: int | None = None) -> None:
        """Keep everything in ``folder``, using at most ``memory`` and ``threads`` (all cores).

        What another laid down there to its end is found again.
        """
        self.folder = folder
        self._connection = open_duckdb(folder / DATABASE, folder, memory=memory, threads=threads)
        self._connection.execute("create schema if not exists upsell")
        self._files: tuple[DataFile, ...] = ()

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the database file go."""
        self._connection.close()

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The DuckDB connection that holds the tables ``upsell.events`` and ``upsell.membership``."""
        return self._connection

    def find(self, files: Sequence[DataFile]) -> str | None:
        """Find what was laid down of the same files before, and give its token; None when it is not whole."""
        tables = self._connection.execute(
            "select count(*) from duckdb_tables() where schema_name = 'upsell' and table_name = 'staged'"
        ).fetchone()
        if tables != (1,):
            return None
        self._files = tuple(files)
        found = self._connection.execute("select token from upsell.staged").fetchone()
        return str(found[0]) if found is not None else None

    def load(
        self,
        mapping: Mapping,
        files: Sequence[DataFile],
        now: Moment,
        names: Collection[str] | None = None,
        *,
        token: str = "",
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Read all files; events named in ``names`` (None for all) keep their properties.

        Args:
            mapping: How rows become events.
            files: The files, and queries that can be run.
            now: The present, to tell the far future.
            names: Whose properties are kept.
            token: What it is found by again.
            progress: Told how many rows of queries have come.

        Raises:
            WarehouseError: A warehouse does not give the rows of a query.
            DefinitionError: An expression of the mapping is wrong; says where.
            ConfigError: A file cannot be read, or is not in the format its name or the mapping says.
        """
        self._files = tuple(files)
        wanted = "true"
        if names is not None:
            self._connection.execute(
                "create table upsell.wanted as select unnest(?) as name", [sorted(names)]
            )
            wanted = "name in (select name from upsell.wanted)"
        self._run_queries(progress)
        self._open_sources(mapping)
        selects, skipped = self._record_selects(mapping, now)
        try:
            self._connection.execute(_make_events(selects, wanted))
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise _unreadable(error, self.folder) from error
        except duckdb.Error as error:
            raise DefinitionError([wrong_sql(mapping.records[0].source, error)]) from error
        self._refuse_no_json()
        self._connection.execute(_MAKE_MEMBERSHIP)
        keep_unreadable(self._connection)
        self._connection.execute(
            "create table upsell.staged as select ?::varchar as token, ?::bigint as skipped", [token, skipped]
        )

    def _run_queries(self, progress: Callable[[int], None]) -> None:
        """Lay down the rows of every query in the order in which they come."""
        for file in self._files:
            if file.format is not Format.QUERY or file.is_known:
                continue
            if file.rows is None:
                msg = f"expected a warehouse for the query {file.path.name}, got none: name it with --query"
                raise ConfigError(msg)
            with file.rows() as reader:
                watched = _Watched(reader, progress)
                self._connection.register("upsell_reader", watched.reader)
                try:
                    self._connection.execute(
                        f"create table {rows_table(file)} as select * from upsell_reader"
                    )
                except duckdb.Error as error:
                    raise (watched.failure or _unreadable(error, self.folder)) from error
                finally:
                    self._connection.unregister("upsell_reader")

    def _refuse_no_json(self) -> None:
        """Refuse rows whose properties DuckDB takes for JSON and nobody else: NaN, or nested without end."""
        decode = msgspec.json.Decoder(dict[str, object]).decode
        refused = []
        for row, properties in self._connection.execute(_SUSPECT).fetchall():
            try:
                decode(properties)
            except (msgspec.DecodeError, RecursionError):
                refused.append((row,))
        if refused:
            self._connection.executemany(_REFUSE_NO_JSON, refused)

    def _open_sources(self, mapping: Mapping) -> None:
        """Make a view or table of every file and table; a file read more than once is copied first."""
        readers = [record.source.sql for record in mapping.records]
        for rule in mapping.files:
            chosen = [file for file in self._files if file.rule is rule]
            is_copied = bool(mapping.tables) or readers.count(rule.name) > 1
            kind = "table" if is_copied else "view"
            try:
                select = relation(self._connection, chosen)
                self._connection.execute(f"create {kind} {named(rule.name)} as {select}")
            except duckdb.Error as error:
                raise _unreadable(error, self.folder) from error
        for name, query in mapping.tables.items():
            try:
                self._connection.execute(f"create table {named('query ' + name)} as {query.sql}")
            except duckdb.Error as error:
                raise DefinitionError([wrong_sql(query, error)]) from error
            self._connection.execute(_as_source(self._connection, name))

    def _record_selects(self, mapping: Mapping, now: Moment) -> tuple[list[str], int]:
        """Write the SELECT of every record, and of the unread lines of files that no record reads.

        Beside them stands how many rows are left out.
        """
        selects: list[str] = []
        left_out: dict[str, list[str | None]] = {}
        for number, record in enumerate(mapping.records):
            source = record.source.sql
            sql = RecordSql(self._connection, record, named(source))
            is_first = source not in left_out and source not in mapping.tables
            selects.append(sql.select(number, now, reads_unread=is_first))
            left_out.setdefault(source, []).append(sql.skips())
        skipped = sum(self._count_left_out(*each) for each in left_out.items())
        unread = [
            f"select file_number, file_line, unread, {quoted(NO_OBJECT)} as problem "
            f"from {named(rule.name)} where unread is not null"
            for rule in mapping.files
            if rule.name not in left_out
        ]
        return selects + unread, skipped

    def _count_left_out(self, source: str, skips: Sequence[str | None]) -> int:
        """Count the rows of a source that every one of its records leaves out."""
        conditions = [f"({condition})" for condition in skips if condition is not None]
        if len(conditions) < len(skips):
            return 0
        found = self._connection.execute(
            f"select count(*) from {named(source)} where unread is null and {' and '.join(conditions)}"
        ).fetchone()
        return found[0] if found is not None else 0

    def counts(self, until: Moment | None = None) -> FileCounts:
        """Count what became of the rows; events seen from ``until`` on are not counted, None counts all."""
        (totals,) = self._connection.execute(_COUNT_EVENTS, [until]).fetchall()
        events, customers, accounts, first_at, last_at = totals
        by_name = self._connection.execute(_COUNT_NAMES, [until]).fetchall()
        (skipped,) = self._connection.execute("select skipped from upsell.staged").fetchone() or (0,)
        return FileCounts(
            events=events,
            skipped=skipped,
            rejected=count_rejects(self._connection),
            by_name=dict(by_name),
            customers=customers,
            accounts=accounts,
            first_at=first_at,
            last_at=last_at,
        )

    def keep_newest(self, records: Collection[int]) -> int:
        """Of what some records say of one customer and account keep only the newest; give how many go."""
        found = self._connection.execute(_KEEP_NEWEST, [list(records)]).fetchone()
        return found[0] if found is not None else 0

    def rejects(self) -> Iterator[Reject]:
        """List the rows and lines that could not be taken, by file and line."""
        return rejects_of(self._connection, self._files)

    def in_time_order(self, *, is_historical: bool = False, source: str = "file") -> Iterator[list[Event]]:
        """Give all events by the moment they were seen, in batches; see ``batches``."""
        return (staged.events for staged in self.batches(is_historical=is_historical, source=source))

    def batches(
        self, after: tuple[int, int] = (-1, -1), *, is_historical: bool = False, source: str = "file"
    ) -> Iterator[Staged]:
        """Give the events behind a place by the moment they were seen, in batches.

        Rows of one moment come in the order of the mapping's records, then of files, then of lines.
        An event without an id of its own has one made of the file's name, the line and what it
        says, so that the same file gives the same ids. Rows of a query come in any order: theirs is
        made of what they say alone.
        """
        names = [(file.number, file.label, file.format is Format.QUERY) for file in self._files]
        asks = any(is_query for *_, is_query in names)
        self._connection.execute(_MAKE_FILE_NAMES)
        self._connection.executemany(_KEEP_FILE_NAME, [*sorted(names), (-1, "", asks)])
        cursor = self._connection.cursor().execute(_IN_TIME_ORDER, [*after])
        decode = msgspec.json.Decoder(dict[str, object]).decode
        while rows := cursor.fetchmany(_FETCHED):
            events = [
                Event(
                    id=row[0],
                    name=row[1],
                    occurred_at=row[4],
                    seen_at=row[5],
                    customer_id=row[2],
                    account_id=row[3],
                    properties=decode(row[6]),
                    source=source,
                    is_historical=is_historical,
                )
                for row in rows
            ]
            yield Staged(events, (rows[-1][5], rows[-1][7]), [row[7] >> _RECORD_BIT for row in rows])


class _Watched:
    """The rows of a query on their way: counted, and with what stopped them."""

    def __init__(self, reader: pa.RecordBatchReader, progress: Callable[[int], None]) -> None:
        self.failure: Exception | None = None
        self.reader = pa.RecordBatchReader.from_batches(reader.schema, self._batches(reader, progress))

    def _batches(
        self, reader: pa.RecordBatchReader, progress: Callable[[int], None]
    ) -> Iterator[pa.RecordBatch]:
        done = 0
        try:
            for batch in reader:
                done += batch.num_rows
                yield batch
                progress(done)
        except Exception as error:
            # DuckDB says only that there was one.
            self.failure = error
            raise


def reopen(folder: Path, files: Sequence[DataFile]) -> Staging | None:
    """Open what was laid down of the same files before; None when there is nothing, or only a part."""
    if not (folder / DATABASE).exists():
        return None
    try:
        staging = Staging(folder)
    except duckdb.Error:
        # Torn, as when the machine went down while it was written.
        return None
    if staging.find(files) is None:
        staging.close()
        return None
    return staging


def open_duckdb(
    database: Path | None, folder: Path, *, memory: str, threads: int | None
) -> duckdb.DuckDBPyConnection:
    """Open DuckDB so that it stays within its memory, spills into ``folder`` and fetches nothing."""
    connection = duckdb.connect(
        str(database) if database is not None else ":memory:",
        config={
            "memory_limit": memory,
            "temp_directory": str(folder / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            **({"threads": str(threads)} if threads is not None else {}),
        },
    )
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    return connection


def _unreadable(error: duckdb.Error, folder: Path) -> ConfigError:
    """Say that files of events could not be read; DuckDB names the file or the column."""
    reason = str(error).splitlines()[0]
    if isinstance(error, duckdb.OutOfMemoryException) or _FULL.search(str(error)):
        return ConfigError(
            f"expected room in {folder} for what is read, about as much as the files take, got: {reason}; "
            "make room there, or lead UPSELL_DATA_FOLDER (an import) or TMPDIR (a query) to a larger disk"
        )
    return ConfigError(f"expected files of events in the formats and with the columns stated, got: {reason}")


_FULL = re.compile(r"No space left|disk (is )?full|max_temp_directory_size", re.IGNORECASE)


def _as_source(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    """Write the view that gives a table the columns every relation has, where its query lacks them.

    Its rows are numbered by what they hold, so that the numbers are the same every time.
    """
    kept = named("query " + name)
    columns = {row[0] for row in connection.execute(f"describe {kept}").fetchall()}
    added = {
        "file_number": "-1",
        "file_line": "row_number() over (order by all_columns)",
        "unread": "null::varchar",
    }
    missing = [f"{sql} as {column}" for column, sql in added.items() if column not in columns]
    shown = ", ".join(["* exclude (all_columns)", *missing])
    rows = f"select *, to_json({kept})::varchar as all_columns from {kept}"
    return f"create view {named(name)} as select {shown} from ({rows})"


def _make_events(selects: Sequence[str], wanted: str) -> str:
    union = " union all by name ".join(selects)
    return (
        "create table upsell.events as select "
        f"(coalesce(record_number, 0)::bigint << {_RECORD_BIT}) "
        "| ((file_number + 1)::bigint << 40) | file_line as place, "
        "file_number, file_line, unread, problem, id, name, customer_id, account_id, "
        "least(occurred_at, seen_at) as occurred_at, coalesce(seen_at, occurred_at) as seen_at, "
        f"case when {wanted} then properties end as properties "
        f"from ({union})"
    )


_MAKE_MEMBERSHIP = f"""
    create table upsell.membership as
    select customer_id, arg_max(account_id, (seen_at, place)) as account_id
    from upsell.events
    where problem is null and name = {quoted(ACCOUNT_IDENTIFIED)}
    and customer_id is not null and account_id is not null
    group by customer_id
"""

_COUNT_EVENTS = """
    select count(*), count(distinct customer_id), count(distinct account_id), min(occurred_at), max(seen_at)
    from upsell.events where problem is null and seen_at < coalesce($1, 9223372036854775807)
"""

_SUSPECT = """
    select rowid, properties from upsell.events
    where problem is null and (
        properties ilike '%nan%' or properties ilike '%inf%'
        or length(translate(properties, '[{', '')) < length(properties) - 200
    )
"""

_REFUSE_NO_JSON = """
    update upsell.events set problem = 'expected JSON, without NaN and not nested without end'
    where rowid = ?
"""

_KEEP_NEWEST = f"""
    delete from upsell.events
    where problem is null and list_contains($1, place >> {_RECORD_BIT}) and place not in (
        select arg_max(place, (seen_at, place)) from upsell.events
        where problem is null
        group by place >> {_RECORD_BIT}, customer_id, account_id
    )
"""

_COUNT_NAMES = """
    select name, count(*) from upsell.events
    where problem is null and seen_at < coalesce($1, 9223372036854775807)
    group by name order by name
"""

_MAKE_FILE_NAMES = """
    create or replace table upsell.file_names (number integer, file varchar, is_query boolean)
"""

_KEEP_FILE_NAME = "insert into upsell.file_names values (?, ?, ?)"

# An id that is made begins with its moment: so the index of ids grows at its end, not all over.
_IN_TIME_ORDER = f"""
    select
        coalesce(
            events.id,
            lpad(to_hex(seen_at), 14, '0') || left(md5(concat_ws(chr(31),
                coalesce(file, ''), (place >> {_RECORD_BIT})::varchar,
                case when is_query then '' else file_line::varchar end, name, coalesce(customer_id, ''),
                coalesce(account_id, ''), occurred_at::varchar, properties)), 18)
        ),
        name, customer_id, account_id, occurred_at, seen_at, properties, place
    from upsell.events left join upsell.file_names on file_names.number = events.file_number
    where problem is null and (seen_at > $1 or (seen_at = $1 and place > $2))
    order by seen_at, place
"""
