"""Laws of imports: in order of time, once, nothing lost, and on where a killed one was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import msgspec
import psycopg
import pytest

from tests.acceptance.made_history import make_lines
from upsell.clock import DAY, SetClock, SystemClock
from upsell.errors import ConfigError, StoreError
from upsell.runtime.importing import Imported, Importing, import_files
from upsell.sources.defaults import default_mapping
from upsell.sources.mapping import Format, parse_mapping
from upsell.sources.rejects import Reject
from upsell.sources.relations import choose_files
from upsell.sources.warehouse import WarehouseError, rows_of
from upsell.store.connect import connect

pytestmark = pytest.mark.postgres

ROWS = """
files: {rows: {match: '*.*'}}
records:
  - from: rows
    event: Report Run
    customer: user_id
    occurred_at: {of: n, unit: s}
    properties: {n: n}
"""
LINE = '{"type":"track","messageId":"%s","userId":"u","event":"%s","timestamp":"2026-01-01T00:00:00Z"}\n'


def run(
    database: str,
    *paths: Path,
    mapping: str | None = None,
    warehouse: str = "",
    days: int = 0,
    is_historical: bool = False,
    is_again: bool = False,
) -> tuple[Imported, list[Reject]]:
    """Import files, ``days`` from now; queries are put to the warehouse."""
    rows = parse_mapping("map.yaml", mapping) if mapping is not None else default_mapping()
    files = tuple(
        msgspec.structs.replace(file, rows=rows_of(warehouse, file.path.read_text(), "WAREHOUSE"))
        if file.format is Format.QUERY
        else file
        for file in choose_files(rows, paths)
    )
    kept: list[Reject] = []

    def keep(rejects: Iterator[Reject]) -> int:
        kept.extend(rejects)
        return len(kept)

    with connect(database) as connection:
        found = import_files(
            connection,
            rows,
            files,
            SetClock(SystemClock().now() + days * DAY),
            lambda *_: None,
            keep,
            Importing(folder=paths[0].parent / "data", is_historical=is_historical, is_again=is_again),
        )
    return found, kept


def count_events(database: str) -> tuple[int, int]:
    """Count events, and the different things they say."""
    with psycopg.connect(database) as connection:
        row = connection.execute("select count(*), count(distinct properties) from events").fetchone()
    assert row is not None
    return row


def start_and_kill(database: str, folder: Path, *arguments: str, **environment: str) -> int:
    """Import by the command line, kill the process once it has taken something; give how much."""
    process = subprocess.Popen(
        [sys.executable, "-m", "upsell", "import", *arguments],
        env={**os.environ, "UPSELL_DATABASE_URL": database, "UPSELL_DATA_FOLDER": str(folder), **environment},
    )
    taken = 0
    with psycopg.connect(database, autocommit=True) as connection:
        while not taken and process.poll() is None:
            row = connection.execute("select coalesce(sum(appended), 0) from imports").fetchone()
            taken = int(row[0]) if row is not None else 0
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        row = connection.execute("select sum(appended) from imports").fetchone()
    assert row is not None
    return int(row[0])


def make_rows(path: Path, count: int) -> Path:
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select 'u' || n % 100 as user_id, n from range({count}) t(n) order by hash(n)) "
            f"to '{path}'"
        )
    return path


def test_an_import_is_in_order_of_time_and_importing_again_changes_nothing(
    database: str, tmp_path: Path
) -> None:
    path = tmp_path / "events.jsonl"
    lines = make_lines()
    path.write_text("\n".join(lines))
    first, rejects = run(database, path, is_historical=True)
    assert (first.appended, first.duplicates, rejects) == (len(lines), 0, [])
    again, _ = run(database, path, is_historical=True)
    assert (again.appended, again.duplicates, again.known) == (0, 0, ("events.jsonl",))
    anyway, _ = run(database, path, is_historical=True, is_again=True)
    assert (anyway.appended, anyway.duplicates, anyway.known) == (0, len(lines), ())
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select occurred_at, is_historical from events order by position"
        ).fetchall()
    assert len(rows) == len(lines)
    assert [at for at, _ in rows] == sorted(at for at, _ in rows)
    assert all(is_historical for _, is_historical in rows)


def test_an_id_that_another_event_has_is_rejected(database: str, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(LINE % ("m", "A") + LINE % ("m", "B") + "nope\n")
    found, rejects = run(database, path)
    assert (found.appended, found.rejected, len(rejects)) == (1, 2, 2)
    assert "expected an id of its own" in rejects[-1].reason


def test_an_import_that_was_killed_goes_on_behind_the_last_event_it_took(
    database: str, tmp_path: Path
) -> None:
    count = 60_000
    path = make_rows(tmp_path / "rows.parquet", count)
    mapping = tmp_path / "map.yaml"
    mapping.write_text(ROWS)
    taken = start_and_kill(database, tmp_path / "data", "--events", str(path), "--map", str(mapping))
    assert 0 < taken < count
    assert count_events(database) == (taken, taken)
    found, rejects = run(database, path, mapping=ROWS)
    assert (found.resumed, found.appended, found.duplicates, rejects) == (taken, count, 0, [])
    assert count_events(database) == (count, count)
    with psycopg.connect(database) as connection:
        said = connection.execute("select occurred_at from events order by position").fetchall()
    assert said == sorted(said)
    assert list((tmp_path / "data" / "imports").iterdir()) == []


@pytest.mark.parametrize("left", [b"", b"torn" * 3_000, None])
def test_what_was_staged_in_part_is_staged_anew(database: str, tmp_path: Path, left: bytes | None) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(LINE % ("a", "A") + LINE % ("b", "B"))

    def stop(what: str, *_: int) -> None:
        if what == "importing":
            raise KeyboardInterrupt

    rows = default_mapping()
    how = Importing(folder=tmp_path / "data", is_historical=False)
    with pytest.raises(KeyboardInterrupt), connect(database) as connection:
        import_files(
            connection, rows, choose_files(rows, [path]), SystemClock(), stop, lambda _: 0, how
        )  # fmt: skip
    (folder,) = (tmp_path / "data" / "imports").iterdir()
    if left is None:
        (folder / "staging.duckdb").unlink()
        with duckdb.connect(str(folder / "staging.duckdb")) as staged:
            staged.execute("create schema upsell")
            staged.execute("create table upsell.events (nothing integer)")
    else:
        (folder / "staging.duckdb").write_bytes(left)
    found, _ = run(database, path)
    assert (found.appended, found.duplicates) == (2, 0)


def test_a_query_that_was_killed_goes_on_with_the_rows_it_was_given(database: str, tmp_path: Path) -> None:
    count = 60_000
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"create table runs as select 'u' as user_id, n from range({count}) t(n)")
    query = tmp_path / "runs.sql"
    query.write_text("select * from runs order by random()")
    (tmp_path / "map.yaml").write_text(ROWS)
    arguments = ("--query", str(query), "--from", "UPSELL_SECRET_RUNS", "--map", str(tmp_path / "map.yaml"))
    taken = start_and_kill(database, tmp_path / "data", *arguments, UPSELL_SECRET_RUNS=f"duckdb:{warehouse}")
    assert 0 < taken < count
    warehouse.unlink()
    # By the command line too, for the name of the setting is part of what tells an import.
    done = subprocess.run(
        [sys.executable, "-m", "upsell", "import", *arguments],
        env={**os.environ, "UPSELL_DATABASE_URL": database, "UPSELL_DATA_FOLDER": str(tmp_path / "data"),
             "UPSELL_SECRET_RUNS": f"duckdb:{warehouse}"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"went on behind the {taken:,} events" in done.stdout
    assert f"{count:,} events imported, 0 were there already" in done.stdout
    assert count_events(database) == (count, count)


def test_a_file_that_changed_is_another_and_one_that_grew_adds_only_what_is_new(
    database: str, tmp_path: Path
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(LINE % ("a", "A"))
    run(database, path)
    path.write_text(LINE % ("a", "A") + LINE % ("b", "B"))
    grown, _ = run(database, path)
    assert (grown.appended, grown.duplicates, grown.grown) == (1, 1, ("events.jsonl",))
    path.write_text(LINE % ("c", "C"))
    changed, _ = run(database, path)
    assert (changed.appended, changed.duplicates, changed.grown) == (1, 0, ())


def test_a_file_is_known_however_long_ago_but_one_that_grew_since_ids_were_forgotten_is_refused(
    database: str, tmp_path: Path
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(LINE % ("a", "A"))
    run(database, path)
    late, _ = run(database, path, days=400)
    assert late.known == ("events.jsonl",)
    path.write_text(LINE % ("a", "A") + LINE % ("b", "B"))
    with pytest.raises(ConfigError, match=r"has grown since: ids are remembered for 30 days"):
        run(database, path, days=31)
    assert count_events(database)[0] == 1


def test_of_a_folder_only_the_files_that_are_new_are_read_and_ids_do_not_depend_on_the_others(
    database: str, tmp_path: Path
) -> None:
    (tmp_path / "b.csv").write_text("user_id,n\nu,1\n")
    run(database, tmp_path / "b.csv", mapping=ROWS)
    (tmp_path / "a.csv").write_text("user_id,n\nu,2\nu,x\n")
    both, rejects = run(database, tmp_path / "a.csv", tmp_path / "b.csv", mapping=ROWS)
    assert (both.appended, both.duplicates, both.known) == (1, 0, ("b.csv",))
    assert [(each.file, each.line) for each in rejects] == [("a.csv", 3)]
    again, _ = run(database, tmp_path / "a.csv", tmp_path / "b.csv", mapping=ROWS, is_again=True)
    assert (again.appended, again.duplicates) == (0, 2)


def test_rows_of_a_query_are_events_and_those_that_cannot_be_are_rejected_by_their_number(
    database: str, tmp_path: Path
) -> None:
    query = tmp_path / "runs.sql"
    query.write_text("select * from (values ('u1', 5), (null, 6), ('u2', 7), ('u3', null)) v (user_id, n);")
    # The second warehouse says the same, which is nothing new, in whatever order.
    for warehouse, appended in ((database, 2), (f"duckdb:{make_rows_file(tmp_path)}", 0)):
        found, rejects = run(database, query, mapping=ROWS, warehouse=warehouse)
        assert [(each.file, each.line) for each in rejects] == [("runs.sql", 2), ("runs.sql", 4)]
        assert "expected a customer or an account" in rejects[0].reason
        assert (found.appended, found.duplicates, found.rejected) == (appended, 2 - appended, 2)


def make_rows_file(folder: Path) -> Path:
    path = folder / "empty.duckdb"
    duckdb.connect(str(path)).close()
    return path


def test_a_query_that_cannot_be_run_leaves_nothing_behind(database: str, tmp_path: Path) -> None:
    query = tmp_path / "runs.sql"
    query.write_text("select nope from pg_class")
    with pytest.raises(WarehouseError, match='column "nope" does not exist'):
        run(database, query, mapping=ROWS, warehouse=database)
    query.write_text("select 'u' as user_id, 10 / (5000 - g) as n from generate_series(1, 20000) g")
    with pytest.raises(WarehouseError, match="division by zero"):
        run(database, query, mapping=ROWS, warehouse=database)
    assert count_events(database) == (0, 0)
    assert list((tmp_path / "data" / "imports").iterdir()) == []


def test_an_import_that_another_process_is_at_is_refused(database: str, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(LINE % ("a", "A"))
    rows = default_mapping()
    with connect(database) as connection:

        def meanwhile(what: str, *_: int) -> None:
            if what == "importing":
                run(database, path)

        with pytest.raises(StoreError, match="another process is at it"):
            import_files(
                connection, rows, choose_files(rows, [path]), SystemClock(), meanwhile, lambda _: 0,
                Importing(folder=tmp_path / "data", is_historical=False),
            )  # fmt: skip
