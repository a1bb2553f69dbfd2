"""Import of 5,000,000 made events from a Parquet file into an embedded PostgreSQL: rows/s, and memory.

The time includes reading, checking, sorting, ids, deduplication and every commit. Beside it stands what the
machine does at best: DuckDB writes the rows out, and PostgreSQL copies them into a table without an index.
Another number of rows can be given as an argument.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from upsell.clock import SystemClock
from upsell.config import Settings
from upsell.runtime.importing import Importing, import_files
from upsell.runtime.processes import collect_rarely
from upsell.sources.mapping import parse_mapping
from upsell.sources.relations import choose_files
from upsell.store.connect import Connection, connect, database_url

ROWS = 5_000_000
MAPPING = """
zone: UTC
files: {rows: {match: '*.parquet'}}
records:
  - from: rows
    event: {of: event}
    customer: user_id
    account: account_id
    occurred_at: happened
    properties: {amount: amount, plan: plan, page: page}
"""


def main(rows: int) -> None:
    """Print the rate of an import, its memory, and what a bare copy does."""
    # As the command does.
    collect_rarely()
    mapping = parse_mapping("map.yaml", MAPPING)
    with tempfile.TemporaryDirectory(prefix="upsell-bench-", ignore_cleanup_errors=True) as name:
        path = Path(name) / "events.parquet"
        make_events(path, rows)
        size = path.stat().st_size / 1e6
        with connect(database_url(Settings(data_folder=f"{name}/data"))) as connection:
            bare = rows / time_copy(connection, path)
            print(f"DuckDB to PostgreSQL, no checks and no index: {bare:,.0f} rows/s ({size:,.0f} MB)")
            before = peak()
            began = time.perf_counter()
            staged_at = [0.0]

            def progress(what: str, *_: int) -> None:
                if what == "importing" and not staged_at[0]:
                    staged_at[0] = time.perf_counter() - began

            found = import_files(
                connection,
                mapping,
                choose_files(mapping, [path]),
                SystemClock(),
                progress,
                lambda rejects: sum(1 for _ in rejects),
                Importing(folder=Path(name), is_historical=True),
            )
            took = time.perf_counter() - began
            print(
                f"import of a file: {rows / took:,.0f} rows/s ({found.appended:,} appended in {took:,.0f} s, "
                f"{staged_at[0]:,.1f} s of it until staged), 1 to {bare * took / rows:,.1f} of the bare copy"
            )
            print(f"peak memory of the process: {peak():,.0f} MB, {before:,.0f} MB of it before the import")
            began = time.perf_counter()
            import_files(
                connection, mapping, choose_files(mapping, [path]), SystemClock(), progress, lambda _: 0,
                Importing(folder=Path(name), is_historical=True),
            )  # fmt: skip
            print(f"the same file again: left out after {time.perf_counter() - began:,.2f} s")


def make_events(path: Path, rows: int) -> None:
    """Write the events in no order; the same every time."""
    with duckdb.connect(config={"memory_limit": "512MB"}) as connection:
        connection.execute(
            f"""
            copy (
                select 'u' || hash(n) % 200000 as user_id, 'a' || hash(n) % 20000 as account_id,
                    'Report Run' as event,
                    timestamp '2025-01-01' + to_milliseconds((hash(n, 1) % 31536000000)::bigint) as happened,
                    (hash(n, 2) % 200)::integer as amount, 'pro' as plan, '/reports/' || n % 97 as page
                from range({rows}) numbers(n)
            ) to '{path}' (format parquet)
            """
        )


def time_copy(connection: Connection, path: Path) -> float:
    """Tell how many seconds the bare copy takes."""
    began = time.perf_counter()
    written = path.with_suffix(".csv")
    with duckdb.connect(config={"memory_limit": "512MB"}) as reader:
        reader.execute(f"copy (from '{path}') to '{written}' (header false)")
    connection.execute(
        "create temp table bare (user_id text, account_id text, event text, happened timestamp, "
        "amount integer, plan text, page text)"
    )
    with (
        written.open("rb") as file,
        connection.cursor() as cursor,
        cursor.copy("copy bare from stdin (format csv)") as copy,
    ):
        while block := file.read(1 << 20):
            copy.write(block)
    took = time.perf_counter() - began
    written.unlink()
    connection.execute("drop table bare")
    return took


def peak() -> float:
    """Give the most memory the process had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
