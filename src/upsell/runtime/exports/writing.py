"""Writing an export: what is new since the last one, as Parquet files by month.

The law: all tables are of one state of the database; no file is seen before it is whole; and a run that
was lost anywhere is made good by the next, with no row twice and none missing. Memory holds some tens of
thousands of rows, however many there are.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, assert_never

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from upsell.clock import Clock
from upsell.errors import ConfigError
from upsell.runtime.exports.manifest import ExportFile, Manifest, TableState, read_manifest, write_manifest
from upsell.runtime.exports.tables import TABLES, ExportTable, Growth
from upsell.store.connect import Connection, connect, one_moment
from upsell.store.queries import query

AT_ONCE = 20_000
"""How many rows are in memory at a time; a row group has at most as many."""


class Exported(msgspec.Struct, frozen=True):
    """What a run came to: by table, rows written and rows there are; and the files written."""

    written: Mapping[str, int]
    rows: Mapping[str, int]
    files: int


def export(url: str, folder: Path, clock: Clock) -> Exported:
    """Bring an export up to the database at ``url``; the folder is made where there is none.

    Raises:
        ConfigError: The folder cannot be written, is in use, or holds an export of another database.
    """
    with _held(folder), connect(url) as connection, connect(url) as other:
        before = read_manifest(folder) or Manifest(0, {})
        with one_state(connection, other):
            position, number = connection.execute(query("export_head")).fetchone() or (0, 0)
            heads = {"position": position, "number": number}
            run = _Run(connection, folder, before, heads)
            after = {table.name: run.write(table) for table in TABLES}
        write_manifest(folder, Manifest(clock.now(), after))
        _remove_others(folder, after)
    return Exported(
        written=run.written,
        rows={name: sum(file.rows for file in state.files) for name, state in after.items()},
        files=run.files,
    )


@contextmanager
def one_state(connection: Connection, other: Connection) -> Iterator[None]:
    """Read one state of the database, in which no decision is still under way below the last number.

    Numbers are drawn before they are committed. So whoever is adding is waited for, for a moment and over
    another connection, and the state is taken before anybody adds again.
    """
    with one_moment(connection):
        with other.transaction():
            other.execute(query("hold_decisions"))
            # Moments are compared as text: the same one is written the same way wherever this runs.
            connection.execute("set local timezone to 'UTC'")
            connection.execute("select 1")
        yield


def read_rows(connection: Connection, table: ExportTable, values: Mapping[str, object]) -> Iterator[pa.Table]:
    """Give the rows of a table's query, some tens of thousands at a time; a transaction is open."""
    yield from _batches(connection, table, query(f"export_{table.name}"), values)


class _Run:
    """One run over one state of the database."""

    def __init__(
        self, connection: Connection, folder: Path, before: Manifest, heads: Mapping[str, int]
    ) -> None:
        self._connection = connection
        self._folder = folder
        self._before = before
        self._heads = heads
        self.written: dict[str, int] = {}
        self.files = 0

    def write(self, table: ExportTable) -> TableState:
        """Write what is new of a table; give what it holds then."""
        state = self._before.tables.get(table.name, TableState())
        match table.growth:
            case Growth.APPENDED:
                after = self._append(table, state)
            case Growth.BY_MONTH:
                after = self._rewrite(table, state, self._fingerprints(table))
            case Growth.WHOLE:
                after = self._rewrite(table, state, self._fingerprints(table))
            case _:
                assert_never(table.growth)
        return after

    def _append(self, table: ExportTable, state: TableState) -> TableState:
        head = self._heads[table.ascends_by]
        if head < state.up_to:
            msg = (
                f"expected the database of this export, with {table.name} up to {state.up_to}, got one with "
                f"{head}; export into an empty folder"
            )
            raise ConfigError(msg)
        values = {"after": state.up_to, "up_to": head}
        # The name says where it begins: a run that was lost is written over, not beside.
        name = f"part-{state.up_to + 1:015d}.parquet"
        written = self._pour(table, read_rows(self._connection, table, values), name)
        return TableState((*state.files, *written), head)

    def _rewrite(self, table: ExportTable, state: TableState, marks: Mapping[str, str]) -> TableState:
        kept = {file.path: file for file in state.files}
        files: list[ExportFile] = []
        for month, mark in marks.items():
            path = _path(table, month, "part.parquet")
            known = kept.get(path)
            if known is not None and known.fingerprint == mark:
                files.append(known)
                continue
            (made,) = self._pour(table, self._rows_of(table, month), "part.parquet")
            files.append(msgspec.structs.replace(made, fingerprint=mark))
        self.written.setdefault(table.name, 0)
        return TableState(tuple(files))

    def _fingerprints(self, table: ExportTable) -> dict[str, str]:
        """Give by month what changes when any row of it does; a table without months has one."""
        month = f"to_char({table.month_of} at time zone 'UTC', 'YYYY-MM')" if table.month_of else "''"
        statement = (
            f"select {month}, count(*), sum(hashtextextended(told::text, 0)::numeric)"
            f" from ({query(f'export_{table.name}').decode()}) as told group by 1 order by 1"
        )
        found = self._connection.execute(statement.encode(), {}).fetchall()
        return {name: f"{count}/{hashed}" for name, count, hashed in found}

    def _rows_of(self, table: ExportTable, month: str) -> Iterator[pa.Table]:
        statement = query(f"export_{table.name}").decode()
        if not table.month_of:
            return _batches(self._connection, table, statement.encode(), {})
        is_in = f"to_char(told.{table.month_of} at time zone 'UTC', 'YYYY-MM') = %(month)s"
        narrowed = f"select * from ({statement}) as told where {is_in}"
        return _batches(self._connection, table, narrowed.encode(), {"month": month})

    def _pour(self, table: ExportTable, batches: Iterator[pa.Table], name: str) -> list[ExportFile]:
        """Write rows into a file per month under another name, and give them their own when all are whole."""
        writers: dict[str, tuple[Path, pq.ParquetWriter]] = {}
        rows: dict[str, int] = {}
        try:
            for batch in batches:
                for month, part in _by_month(table, batch):
                    if month not in writers:
                        writers[month] = self._open(table, month, name)
                    writers[month][1].write_table(part)
                    rows[month] = rows.get(month, 0) + part.num_rows
        finally:
            for _, writer in writers.values():
                writer.close()
        made = []
        for month, (beside, _) in sorted(writers.items()):
            path = _path(table, month, name)
            _settle(beside, self._folder / path)
            made.append(ExportFile(path, rows[month]))
        self.written[table.name] = self.written.get(table.name, 0) + sum(rows.values())
        self.files += len(made)
        return made

    def _open(self, table: ExportTable, month: str, name: str) -> tuple[Path, pq.ParquetWriter]:
        place = self._folder / _path(table, month, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        # Readers look for *.parquet; what is being written does not end so, and begins with a dot.
        beside = place.with_name(f".{place.name}.writing")
        return beside, pq.ParquetWriter(beside, table.schema, compression="zstd")


def _batches(
    connection: Connection, table: ExportTable, statement: bytes, values: Mapping[str, object]
) -> Iterator[pa.Table]:
    with connection.cursor(f"export_{table.name}") as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(statement, values, binary=True)
        while rows := cursor.fetchmany(AT_ONCE):
            yield _columns(table, rows)


def _columns(table: ExportTable, rows: Sequence[Sequence[Any]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    arrays = [
        pa.array(values, type=column.type) for column, values in zip(table.columns, columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=table.schema)


def _by_month(table: ExportTable, rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    if not table.month_of:
        yield "", rows
        return
    months = pc.strftime(rows[table.month_of], "%Y-%m")
    for month in sorted(pc.unique(months).to_pylist()):
        yield month, rows.filter(pc.equal(months, month))


def _path(table: ExportTable, month: str, name: str) -> str:
    return f"{table.name}/month={month}/{name}" if month else f"{table.name}/{name}"


def _settle(beside: Path, place: Path) -> None:
    """Bring a file to the disk and give it its name."""
    with beside.open("rb") as opened:
        os.fsync(opened.fileno())
    beside.replace(place)


def _remove_others(folder: Path, after: Mapping[str, TableState]) -> None:
    """Remove files of months that have no row any more, and what a lost run left."""
    named = {file.path for state in after.values() for file in state.files}
    for table in TABLES:
        for path in (folder / table.name).rglob("*"):
            if path.is_file() and path.relative_to(folder).as_posix() not in named:
                path.unlink()


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Make the folder and hold it, so that two runs never write into it at once."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "manifest.json").exists() and any(p.name != ".lock" for p in folder.iterdir()):
            names = {table.name for table in TABLES}
            strange = sorted(p.name for p in folder.iterdir() if p.name not in names and p.name != ".lock")
            if strange:
                msg = f"expected an empty folder or an export at {folder}, got {strange[0]} in it"
                raise ConfigError(msg)
        held = (folder / ".lock").open("w")
    except OSError as error:
        msg = f"expected a folder that can be written at {folder}, got: {error.strerror}"
        raise ConfigError(msg) from error
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            msg = f"expected to export into {folder} alone, but another export is running; wait for it"
            raise ConfigError(msg) from error
        yield
