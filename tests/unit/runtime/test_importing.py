"""Laws of imports: in order of time, once, and nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.made_history import make_lines
from upsell.clock import SystemClock
from upsell.runtime.importing import Imported, import_files
from upsell.sources.defaults import default_mapping
from upsell.sources.rejects import Reject
from upsell.sources.relations import choose_files
from upsell.store.connect import connect

pytestmark = pytest.mark.postgres


def run(database: str, path: Path, *, is_historical: bool = False) -> tuple[Imported, list[Reject]]:
    mapping = default_mapping()
    kept: list[Reject] = []

    def keep(rejects: Iterator[Reject]) -> int:
        kept.extend(rejects)
        return len(kept)

    with connect(database) as connection:
        found = import_files(
            connection,
            mapping,
            choose_files(mapping, [path]),
            SystemClock(),
            lambda *_: None,
            keep,
            is_historical=is_historical,
        )
    return found, kept


def test_an_import_is_in_order_of_time_and_importing_again_changes_nothing(
    database: str, tmp_path: Path
) -> None:
    path = tmp_path / "events.jsonl"
    lines = make_lines()
    path.write_text("\n".join(lines))
    first, rejects = run(database, path, is_historical=True)
    assert (first.appended, first.duplicates, rejects) == (len(lines), 0, [])
    again, _ = run(database, path, is_historical=True)
    assert (again.appended, again.duplicates) == (0, len(lines))
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select occurred_at, is_historical from events order by position"
        ).fetchall()
    assert len(rows) == len(lines)
    assert [at for at, _ in rows] == sorted(at for at, _ in rows)
    assert all(is_historical for _, is_historical in rows)


def test_an_id_that_another_event_has_is_rejected(database: str, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    said = '{"type":"track","messageId":"m","userId":"u","event":"%s","timestamp":"2026-01-01T00:00:00Z"}\n'
    path.write_text(said % "A" + said % "B" + "nope\n")
    found, rejects = run(database, path)
    assert (found.appended, found.rejected, len(rejects)) == (1, 2, 2)
    assert "expected an id of its own" in rejects[-1].reason
