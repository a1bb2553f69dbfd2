"""Import of 200,000 made events from a file of JSON lines into an embedded PostgreSQL: events per second.

The time includes reading, sorting, ids, deduplication and every commit.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import duckdb

from upsell.clock import SystemClock
from upsell.config import Settings
from upsell.runtime.importing import import_files
from upsell.sources.defaults import default_mapping
from upsell.sources.relations import choose_files
from upsell.store.connect import connect, database_url

EVENTS = 200_000


def main() -> None:
    """Print the rate of a first import, and of the same again."""
    mapping = default_mapping()
    with tempfile.TemporaryDirectory(prefix="upsell-bench-", ignore_cleanup_errors=True) as name:
        path = Path(name) / "events.jsonl"
        make_events(path)
        with connect(database_url(Settings(data_folder=f"{name}/data"))) as connection:
            for label in ("import of a file", "the same file again"):
                began = time.perf_counter()
                found = import_files(
                    connection,
                    mapping,
                    choose_files(mapping, [path]),
                    SystemClock(),
                    lambda *_: None,
                    lambda rejects: sum(1 for _ in rejects),
                    is_historical=True,
                )
                took = time.perf_counter() - began
                print(
                    f"{label}: {EVENTS / took:,.0f} events/s "
                    f"({found.appended:,} appended, {found.duplicates:,} were there)"
                )


def make_events(path: Path) -> None:
    """Write the events; the same every time."""
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            copy (
                select 'track' as type, 'm' || n as messageId, 'u' || hash(n) % 5000 as userId,
                    'Report Run' as event,
                    strftime(timestamp '2025-01-01' + to_seconds(n * 60), '%Y-%m-%dT%H:%M:%SZ') as timestamp,
                    {{amount: (hash(n, 2) % 200)::integer, plan: 'pro', page: '/reports/' || n % 97}}
                        as properties
                from range({EVENTS}) numbers(n)
            ) to '{path}' (format json)
            """
        )


if __name__ == "__main__":
    main()
