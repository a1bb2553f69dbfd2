"""The export: whole, once, and asked the same as the database."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.commands import typed
from tests.live_world import LiveWorld, make_documents, open_world, two_mails
from tests.sinks import Sink, open_sink
from tests.stories.world import workflow
from upsell.analysis import open_export
from upsell.clock import DAY, from_datetime
from upsell.errors import ConfigError
from upsell.measurement.health import Placebo
from upsell.runtime.exports import writing
from upsell.runtime.exports.manifest import Manifest, read_manifest
from upsell.runtime.exports.reading import ExportedTables, asked_as_database
from upsell.runtime.exports.tables import TABLES
from upsell.runtime.exports.writing import export
from upsell.runtime.reporting import live_program, report
from upsell.runtime.trends import read_trends
from upsell.store.connect import connect
from upsell.store.queries import query

pytestmark = pytest.mark.postgres

CONTROL = "policy: {global_control: 20%}\ncosts: {messages: {email: 12.5}, task_minute: 80}\n"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with open_sink() as opened:
        yield opened


def live(world: LiveWorld, people: range, days: int) -> None:
    """Everybody looks at the prices; some buy, in two currencies, give back, or turn out to be another."""
    for number in people:
        world.happens("Customer Identified", f"p{number}", email=f"p{number}@example.com", note='a "b"\n,c')
        world.happens("Pricing Viewed", f"p{number}")
    world.after(2 * DAY)
    for number in people[::3]:
        terms = {"plan": "pro", "amount": 4900 + number, "interval": "month"}
        world.happens("Subscription Started", f"p{number}", currency="EUR" if number % 4 else "USD", **terms)
    for number in people[::5]:
        world.happens("Order Completed", f"p{number}", order_id=f"o{number}", total=1999, currency="USD")
    for number in people[::7]:
        world.happens("Customers Merged", f"p{number}", previous_id=f"p{number + 1}")
    world.after(days * DAY)


def begin(world: LiveWorld) -> None:
    flows = {"one": two_mails(holdout="50%"), "two": two_mails(holdout="30%")}
    world.apply(make_documents(flows, policy=CONTROL))


def kept(url: str) -> dict[str, list[str]]:
    """Every row of every table of an export, as the database has it."""
    with connect(url) as connection:
        connection.execute("set timezone to 'UTC'")
        values = {"after": 0, "up_to": 2**60}
        return {
            table.name: sorted(
                repr(row) for row in connection.execute(query(f"export_{table.name}"), values).fetchall()
            )
            for table in TABLES
        }


def exported(folder: Path) -> dict[str, list[str]]:
    """Every row that a tool finds which looks for Parquet files and knows of no manifest."""
    found = {}
    for table in TABLES:
        rows = []
        for path in sorted((folder / table.name).rglob("*.parquet")):
            assert not path.name.startswith(".")
            for row in pq.read_table(path, partitioning=None).to_pylist():
                said = (row[column.name] for column in table.columns)
                rows.append(repr(tuple(from_datetime(v) if hasattr(v, "tzinfo") else v for v in said)))
        found[table.name] = sorted(rows)
    return found


def test_an_export_in_pieces_holds_every_row_once_and_a_second_run_writes_nothing(
    database: str, sink: Sink, tmp_path: Path
) -> None:
    with open_world(database, sink) as world:
        begin(world)
        live(world, range(30), 20)
        first = export(database, tmp_path, world.clock)
        assert exported(tmp_path) == kept(database)
        assert first.written == first.rows
        again = export(database, tmp_path, world.clock)
        assert (again.files, sum(again.written.values()), again.rows) == (0, 0, first.rows)
        before = len(kept(database)["events"])
        live(world, range(30, 45), 20)
        third = export(database, tmp_path, world.clock)
        assert exported(tmp_path) == kept(database)
        assert third.written["events"] == len(kept(database)["events"]) - before
        assert third.written["revisions"] == 0
        month = "month=2026-03"
        assert any(month in str(path) for path in (tmp_path / "exposures").rglob("*.parquet"))


def test_what_is_asked_of_an_export_is_answered_as_by_the_database(
    database: str, sink: Sink, tmp_path: Path
) -> None:
    with open_world(database, sink) as world:
        begin(world)
        live(world, range(24), 80)
        export(database, tmp_path, world.clock)
        now = world.clock.now()
        program = live_program(world.connection)
        tables = ExportedTables(tmp_path)
        with asked_as_database(tables) as asked:
            assert live_program(asked).version == program.version
            for at in (now, now - 60 * DAY):
                found = report(asked, live_program(asked), at, by_stage=True, has_readings=True)
                assert found == report(world.connection, program, at, by_stage=True, has_readings=True)
                assert found.programme is not None
                assert read_trends(asked, program, at) == read_trends(world.connection, program, at)
        tables.close()


def test_the_health_of_numbers_over_an_export_is_that_of_the_database(
    database: str,
    sink: Sink,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journey = "[{prompt: {placement: usage-page, offer: pro-annual}}, {wait: 20 days}]"
    flow = workflow(trigger="{on: Pricing Viewed}", journey=journey, holdout="50%")
    with open_world(database, sink) as world:
        world.apply(make_documents({"one": flow}, policy=CONTROL))
        people = [f"p{number}" for number in range(320)]
        for person in people:
            world.happens("Customer Identified", person, email=f"{person}@example.com")
            world.happens("Pricing Viewed", person)
            world.happens("Placement Asked", person, placement="usage-page")
        world.after(DAY)
        held_out = [unit for (unit,) in world.rows("select unit_id from exposures where arm = 'holdout'")]
        told = {"workflow": "two", "offer": "pro-trial"}
        world.happens("Prompt Offered", held_out[0][2:], key="a/1", prompt="a", unit=held_out[0], **told)
        world.happens("Prompt Shown", held_out[1][2:], key="elsewhere", offer="pro-annual")
        world.happens("Offer Accepted", held_out[2][2:], offer="pro-annual")
        world.connection.execute(
            "insert into tasks"
            " (key, unit_id, household_id, enrollment, workflow, queue, title, offer, opened_at, due_at)"
            " select 't', %s, %s, 'n', 'two', 'q', 't', 'pro-trial', max(exposed_at), max(exposed_at)"
            " from exposures",
            (held_out[3], held_out[3]),
        )
        for number, person in enumerate(people):
            if number % 3 == 0:
                terms = {"plan": "pro", "amount": 4900 + number, "interval": "month", "currency": "USD"}
                world.happens("Subscription Started", person, **terms)
        world.after(125 * DAY)
        export(database, tmp_path, world.clock)
        here = report(
            world.connection,
            live_program(world.connection),
            world.clock.now(),
            has_readings=True,
            has_health=True,
        )
    with open_export(tmp_path) as data:
        found = data.report(has_readings=True, has_health=True)
    assert found == here
    health = found.workflows[0].health
    assert health is not None
    assert health.contamination.ways == {"message": 0, "task": 1, "prompt": 2, "accepted": 1}
    assert any(isinstance(placebo, Placebo) for placebo in health.checks.placebo.values())
    # From the command line, without a database to ask.
    monkeypatch.setenv("UPSELL_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    code, out, err = typed("report", "--health", "--export", str(tmp_path))
    assert (code, err) == (0, "")
    assert "held out and reached another way: 1 by task, 2 by prompt, 1 by accepted" in out
    code, out, err = typed("report", "--export", str(tmp_path / "none"))
    assert (code, out) == (1, "")
    assert "expected an export at" in err


@pytest.mark.parametrize("lost_at", [0, 2, 4, "manifest"])
def test_a_run_that_was_lost_shows_nothing_by_halves_and_is_made_good(
    database: str, sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost_at: int | str
) -> None:
    with open_world(database, sink) as world:
        begin(world)
        live(world, range(20), 40)
        export(database, tmp_path, world.clock)
        before, files = read_manifest(tmp_path), exported(tmp_path)
        live(world, range(20, 40), 40)
        settled = 0

        settle = writing._settle

        def lose(beside: Path, place: Path) -> None:
            nonlocal settled
            if settled == lost_at:
                raise KeyboardInterrupt
            settled += 1
            settle(beside, place)

        def lose_manifest(folder: Path, manifest: Manifest) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(writing, "_settle", lose)
            if lost_at == "manifest":
                patched.setattr(writing, "write_manifest", lose_manifest)
            with pytest.raises(KeyboardInterrupt):
                export(database, tmp_path, world.clock)
        assert read_manifest(tmp_path) == before
        # Whoever looks for files meets whole ones alone, and everything that was there before.
        seen, whole = exported(tmp_path), kept(database)
        assert set(seen["events"]) <= set(whole["events"])
        assert set(files["events"]) <= set(seen["events"])
        live(world, range(40, 45), 1)
        export(database, tmp_path, world.clock)
        assert exported(tmp_path) == kept(database)
        assert not list(tmp_path.rglob("*.writing"))


def test_a_decision_under_way_below_the_last_number_is_waited_for(
    database: str, sink: Sink, tmp_path: Path
) -> None:
    said = "insert into decisions (unit_id, workflow, version, decided_at, reason, rule, seen) values"
    with open_world(database, sink) as world, connect(database) as slow, connect(database) as quick:
        begin(world)
        running = threading.Thread(target=export, args=(database, tmp_path, world.clock))
        with slow.transaction():
            slow.execute(f"{said} ('c:slow', 'one', 'v', moment(0), 'enrolled', '', '{{}}')")
            quick.execute(f"{said} ('c:quick', 'one', 'v', moment(0), 'enrolled', '', '{{}}')")
            running.start()
            waiting = "select count(*) from pg_locks where not granted and mode = 'ShareLock'"
            while world.rows(waiting)[0][0] == 0:
                assert running.is_alive()
        running.join()
        assert exported(tmp_path)["decisions"] == kept(database)["decisions"]
        assert len(exported(tmp_path)["decisions"]) == 2


def test_memory_holds_some_rows_at_a_time(
    database: str, sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "AT_ONCE", 16)
    with open_world(database, sink) as world:
        begin(world)
        live(world, range(30), 5)
        export(database, tmp_path, world.clock)
        assert exported(tmp_path) == kept(database)
        (file,) = (tmp_path / "events").rglob("*.parquet")
        sizes = [pq.ParquetFile(file).metadata.row_group(n).num_rows for n in range(3)]
        assert max(sizes) <= 16


def test_a_tool_that_knows_nothing_of_us_reads_it_by_month(database: str, sink: Sink, tmp_path: Path) -> None:
    with open_world(database, sink) as world:
        begin(world)
        live(world, range(20), 40)
        export(database, tmp_path, world.clock)
        glob = f"read_parquet('{tmp_path}/events/*/*.parquet', hive_partitioning = true)"
        told = f"select count(*), count(*) filter (where month <> strftime(occurred_at, '%Y-%m')) from {glob}"
        with duckdb.connect() as engine:
            engine.execute("set timezone = 'UTC'")
            assert engine.execute(told).fetchone() == (len(kept(database)["events"]), 0)


def test_what_is_no_export_of_this_database_is_refused(
    database: str, second_database: str, sink: Sink, tmp_path: Path
) -> None:
    with open_world(database, sink) as world:
        begin(world)
        live(world, range(3), 1)
        export(database, tmp_path / "mine", world.clock)
        with pytest.raises(ConfigError, match="expected the database of this export"):
            export(second_database, tmp_path / "mine", world.clock)
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "thesis.txt").write_text("x")
        with pytest.raises(ConfigError, match=r"thesis\.txt"):
            export(database, tmp_path / "other", world.clock)
        assert (tmp_path / "other" / "thesis.txt").exists()
        with (tmp_path / "mine" / ".lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with pytest.raises(ConfigError, match="another export is running"):
                export(database, tmp_path / "mine", world.clock)
        manifest = tmp_path / "mine" / "manifest.json"
        manifest.write_text(manifest.read_text().replace('"version": 1', '"version": 9'))
        with pytest.raises(ConfigError, match="expected an export of version 1"):
            export(database, tmp_path / "mine", world.clock)
        with pytest.raises(ConfigError, match="make it with: upsell export"):
            ExportedTables(tmp_path / "nowhere")


def test_an_export_is_made_from_the_command_line_and_of_nothing_as_well(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSELL_DATABASE_URL", database)
    code, out, err = typed("export", tmp_path / "x")
    assert (code, err) == (0, "")
    assert "Wrote 0 files" in out
    tables = ExportedTables(tmp_path / "x")
    assert {table.name: tables.arrow(f"from {table.name}").schema.names for table in TABLES} == {
        table.name: [column.name for column in table.columns] for table in TABLES
    }
    with asked_as_database(tables) as asked, pytest.raises(ConfigError, match="upsell apply"):
        live_program(asked)
    tables.close()
