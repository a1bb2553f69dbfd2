"""Reading an export: the store's own queries over its files, in DuckDB.

Whatever reports on the database reports on an export, and says the same to the last digit, because it
asks the same: each query of the store is carried from PostgreSQL to DuckDB by sqlglot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa
import sqlglot
from pyarrow import csv
from sqlglot import exp

from upsell.clock import from_datetime
from upsell.errors import ConfigError
from upsell.runtime.exports.manifest import Manifest, TableState, read_manifest
from upsell.runtime.exports.tables import TABLES, ExportTable
from upsell.store.connect import Connection

_COPY = re.compile(r"\A\s*(?:--[^\n]*\n\s*)*copy \((.*)\) to stdout \(format csv\)\s*\Z", re.DOTALL)
_PLACE = re.compile(r"%\((\w+)\)[sb]")


class ExportedTables:
    """An export, opened in DuckDB: its tables by the names of the export and of the store.

    Attributes:
        manifest: What it holds.
        engine: DuckDB, in UTC, with a view for each table.
    """

    def __init__(self, folder: Path) -> None:
        """Open the export in a folder.

        Raises:
            ConfigError: There is none.
        """
        manifest = read_manifest(folder)
        if manifest is None:
            msg = f"expected an export at {folder}, found none; make it with: upsell export {folder}"
            raise ConfigError(msg)
        self.manifest: Manifest = manifest
        self.engine = duckdb.connect(config={"threads": 2})
        self.engine.execute("set timezone = 'UTC'")
        self.engine.execute("create macro moment(micros) as make_timestamptz(micros)")
        for table in TABLES:
            self._view(folder, table, manifest.tables.get(table.name, TableState()))

    def arrow(self, statement: str, values: Mapping[str, object] | None = None) -> pa.Table:
        """Run a query in DuckDB's dialect and give its answer as an Arrow table."""
        return self.engine.sql(statement, params=dict(values or {})).to_arrow_table()

    def close(self) -> None:
        """Close the engine."""
        self.engine.close()

    def _view(self, folder: Path, table: ExportTable, state: TableState) -> None:
        self.engine.register(f"empty_{table.name}", table.schema.empty_table())
        source = f"select * from empty_{table.name}"
        if state.files:
            files = ", ".join(_quoted(str(folder / file.path)) for file in state.files)
            # An export of before a column was there has it empty.
            source += f" union all by name select * from read_parquet([{files}], hive_partitioning = false)"
        for name in {table.name, table.relation}:
            self.engine.execute(f"create view {name} as {source}")


@contextmanager
def asked_as_database(tables: ExportedTables) -> Iterator[Connection]:
    """Give what answers the store's reading queries as a connection does, over an export."""
    yield cast(Connection, _Answering(tables))


class _Answering:
    """Looks like a connection to whoever only asks: ``execute``, and ``copy`` of a cursor."""

    def __init__(self, tables: ExportedTables) -> None:
        self._tables = tables

    def execute(
        self, statement: bytes, values: Mapping[str, object] | None = None, *, binary: bool = False
    ) -> _Rows:
        """Answer a query with its rows; the wire's form says nothing here."""
        del binary
        text, names = carried(statement)
        found = self._tables.engine.execute(text, _picked(names, values))
        return _Rows([tuple(map(_plain, row)) for row in found.fetchall()])

    def cursor(self) -> AbstractContextManager[_Answering]:
        """Give itself: a cursor asks the same."""
        return nullcontext(self)

    def copy(
        self, statement: bytes, values: Mapping[str, object] | None = None
    ) -> AbstractContextManager[list[bytes]]:
        """Answer a COPY to CSV with its text, in one block."""
        text, names = carried(statement)
        found = self._tables.arrow(text, _picked(names, values))
        content = BytesIO()
        csv.write_csv(found, content, csv.WriteOptions(include_header=False))
        return nullcontext([content.getvalue()] if found.num_rows else [])


class _Rows:
    """Rows as a cursor gives them."""

    def __init__(self, rows: Sequence[tuple[Any, ...]]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._rows)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Give all rows."""
        return list(self._rows)

    def fetchone(self) -> tuple[Any, ...] | None:
        """Give the first row, None without any."""
        return self._rows[0] if self._rows else None


@cache
def carried(statement: bytes) -> tuple[str, tuple[str, ...]]:
    """Carry a query of the store to DuckDB; give it with the names of its values."""
    text = statement.decode()
    copied = _COPY.match(text)
    text = copied[1] if copied is not None else text
    names = tuple(dict.fromkeys(_PLACE.findall(text)))
    named = _PLACE.sub(r":\1", text).replace("%%", "%")
    tree = sqlglot.parse_one(named, dialect="postgres").transform(_without_patterns)
    return tree.sql(dialect="duckdb"), names


def _without_patterns(node: exp.Expression) -> exp.Expression:
    """Write what PostgreSQL takes out of text by a pattern as DuckDB does: its first group, or null."""
    start = node.args.get("start") if isinstance(node, exp.Substring) else None
    if not isinstance(start, exp.Literal) or not start.is_string:
        return node
    found = exp.RegexpExtract(this=node.this, expression=start, group=exp.Literal.number(1))
    return exp.Nullif(this=found, expression=exp.Literal.string(""))


def _picked(names: Sequence[str], values: Mapping[str, object] | None) -> dict[str, object]:
    return {name: (values or {})[name] for name in names}


def _plain(value: object) -> object:
    """Give a moment as a whole number, as connections do; anything else as it is."""
    return from_datetime(value) if isinstance(value, datetime) else value


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
