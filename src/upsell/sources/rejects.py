"""Rejects: rows and lines of files that could not be taken, each with its place and the reason."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import duckdb
import msgspec

from upsell.errors import ConfigError
from upsell.sources.mapping import Format
from upsell.sources.relations import DataFile

_LONGEST_SHOWN = 2_000
"""How much of a refused row is kept."""


class Reject(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row that could not be taken.

    Attributes:
        file: Name of the file.
        line: Its line, or for Parquet, queries and tables its row, from 1.
        reason: What was expected, and what came.
        row: The line as it was written, or what was read of it.
    """

    file: str
    line: int
    reason: str
    row: str = ""


def rejects_of(connection: duckdb.DuckDBPyConnection, files: Sequence[DataFile]) -> Iterator[Reject]:
    """List what was refused by file and line: by DuckDB while reading, and by the mapping."""
    unreadable = _unreadable(connection)
    for file in files:
        early = unreadable.get(str(file.path), [])
        has_lines = file.format not in (Format.PARQUET, Format.QUERY)
        lines = [reject.line for reject in early] if has_lines else []
        late = (
            Reject(file.path.name, _true_line(line, lines), reason, row[:_LONGEST_SHOWN])
            for line, reason, row in _rows(connection, file.number)
        )
        yield from heapq.merge(early, late, key=lambda reject: reject.line)
    for line, reason, row in _rows(connection, -1):
        yield Reject("", line, reason, row[:_LONGEST_SHOWN])


def count_rejects(connection: duckdb.DuckDBPyConnection) -> int:
    """Count what was refused."""
    found = connection.execute("select count(*) from upsell.events where problem is not null").fetchone()
    refused: int = found[0] if found is not None else 0
    return refused + sum(len(rejects) for rejects in _unreadable(connection).values())


def keep_unreadable(connection: duckdb.DuckDBPyConnection) -> None:
    """Lay down what DuckDB refused while reading, which it would forget when it is closed."""
    tables = {row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()}
    connection.execute(_NOTHING_UNREADABLE)
    if "reject_errors" in tables:
        connection.execute(_KEEP_UNREADABLE)


def write_rejects(path: Path, rejects: Iterable[Reject]) -> int:
    """Write rejects as JSON lines to ``path``, over what was there; tell how many there were.

    Without any, nothing is written and nothing is left there.

    Raises:
        ConfigError: ``path`` cannot be written.
    """
    encode = msgspec.json.Encoder().encode
    count = 0
    try:
        with path.open("wb") as file:
            for count, reject in enumerate(rejects, 1):  # noqa: B007
                file.write(encode(reject) + b"\n")
        if count == 0:
            path.unlink()
    except OSError as error:
        msg = f"expected a file that can be written at {path}, got: {error.strerror}; see --rejects"
        raise ConfigError(msg) from error
    return count


def _unreadable(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Reject]]:
    """Give what DuckDB refused while reading, by path and by line; a file read twice counts once."""
    found: dict[str, dict[int, Reject]] = {}
    for path, line, error, text in connection.execute(_READ_UNREADABLE).fetchall():
        reject = Reject(Path(path).name, line, _reason(error), (text or "").strip("\n")[:_LONGEST_SHOWN])
        found.setdefault(path, {}).setdefault(line, reject)
    return {path: list(rejects.values()) for path, rejects in found.items()}


def _rows(connection: duckdb.DuckDBPyConnection, number: int) -> Iterator[tuple[int, str, str]]:
    """Give line, reason and text of what the mapping refused in the file of that number."""
    cursor = connection.cursor().execute(_REFUSED, [number])
    while rows := cursor.fetchmany(1_000):
        yield from rows


def _true_line(line: int, unreadable: Sequence[int]) -> int:
    """Turn a row's number among the lines that could be read into its line in the file."""
    for refused in unreadable:
        if refused > line:
            break
        line += 1
    return line


def _reason(error: str) -> str:
    """Say in our words what DuckDB refused a line for."""
    match error:
        case "INVALID ENCODING":
            return "expected UTF-8 text"
        case "LINE SIZE OVER MAXIMUM":
            return "expected a shorter line"
        case "MISSING COLUMNS":
            return "expected as many values as the header has, got fewer"
        case "TOO MANY COLUMNS":
            return "expected as many values as the header has, got more"
        case "UNQUOTED VALUE":
            return "expected a closing quote"
        case _:
            return f"expected a row of CSV, got {error.lower()}"


_NOTHING_UNREADABLE = """
    create table upsell.unreadable (file_path varchar, line ubigint, error_type varchar, csv_line varchar)
"""

_KEEP_UNREADABLE = """
    insert into upsell.unreadable
    select distinct file_path, line, error_type::varchar, csv_line
    from reject_errors join reject_scans using (scan_id, file_id)
"""

_READ_UNREADABLE = "select * from upsell.unreadable order by file_path, line"

_REFUSED = """
    select
        file_line, problem,
        coalesce(
            unread,
            to_json({
                name: name, customer_id: customer_id, account_id: account_id, properties: properties
            })::varchar
        )
    from upsell.events where problem is not null and file_number = ? order by file_line, problem
"""
