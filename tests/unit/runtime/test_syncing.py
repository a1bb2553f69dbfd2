"""Laws of syncing: only what changed is sent, once, whatever is broken off, and a failure is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psycopg
import pytest

from tests.live_world import make_documents
from upsell.clock import DAY, HOUR, MINUTE, SetClock, SystemClock, parse_moment
from upsell.config import Settings
from upsell.errors import UpsellError
from upsell.runtime.apply import apply
from upsell.runtime.diagnosis import diagnose
from upsell.runtime.doctor import examine
from upsell.runtime.examined import Severity
from upsell.runtime.source_runner import ask, find_due, find_queries, run_sources
from upsell.runtime.source_standing import due_at, read_standings, standing_words
from upsell.runtime.syncing import Busy, GoneError, Synced, sync
from upsell.sources.definitions import read_sources
from upsell.sources.query import QueryDefinition
from upsell.store.connect import Connection, connect
from upsell.store.ledger import forget_ids
from upsell.store.source_runs import read_runs

pytestmark = pytest.mark.postgres

NOW = parse_moment("2026-06-01T12:00:00Z") or 0
TRAITS = """\
query:
  sql: select * from accounts
  from: UPSELL_SECRET_W
  schedule: every 1 hour
  gone: clear
  records:
    - account_traits: {seats: seats, plan: plan}
      account: id
"""
EVENTS = """\
query:
  sql: select * from runs
  from: UPSELL_SECRET_W
  cursor: n
  records:
    - event: Report Run
      account: id
      occurred_at: '"at"'
      id: run
"""


def definition(text: str) -> QueryDefinition:
    found = read_sources({"sources/crm.yaml": text})["crm"]
    assert isinstance(found, QueryDefinition)
    return found


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database) as opened:
        opened.execute("create table accounts (id text, seats int, plan text)")
        opened.execute("create table runs (n int, run text, id text, at timestamptz)")
        yield opened


class Desk:
    """A source, and what it says each time it is asked."""

    def __init__(self, connection: Connection, database: str, text: str) -> None:
        self.connection = connection
        self.definition = definition(text)
        self.secrets = {"UPSELL_SECRET_W": database}
        self.clock = SetClock(NOW)
        self.position = 0

    def put(self, *rows: tuple[object, ...], table: str = "accounts") -> None:
        self.connection.execute(f"truncate {table}")
        self.add(*rows, table=table)

    def add(self, *rows: tuple[object, ...], table: str = "accounts") -> None:
        with self.connection.cursor() as cursor:
            marks = ", ".join(["%s"] * len(rows[0])) if rows else ""
            cursor.executemany(f"insert into {table} values ({marks})", rows)

    def sync(self, *, allows_gone: bool = False) -> Synced:
        self.clock.move_to(self.clock.at + HOUR)
        found = sync(self.connection, self.definition, self.secrets, self.clock, allows_gone=allows_gone)
        assert isinstance(found, Synced)
        return found

    def new_events(self) -> list[tuple[str, str, str]]:
        """Give name, account and properties of the events appended since this was last asked."""
        rows = self.connection.execute(
            "select position, name, account_id, properties, source from events "
            "where position > %s order by position",
            [self.position],
        ).fetchall()
        self.position = max([self.position, *(row[0] for row in rows)])
        assert {row[4] for row in rows} <= {"crm"}
        return [row[1:4] for row in rows]


def test_only_traits_that_changed_are_sent_and_one_that_went_is_said_to_be_none(
    connection: Connection, database: str
) -> None:
    desk = Desk(connection, database, TRAITS)
    desk.put(("acme", 5, "pro"), ("zeta", 2, None))
    first = desk.sync()
    assert (first.rows, first.sent, first.same) == (2, 2, 0)
    assert desk.new_events() == [
        ("Account Identified", "acme", '{"seats":5,"plan":"pro"}'),
        ("Account Identified", "zeta", '{"seats":2}'),
    ]
    again = desk.sync()
    assert (again.rows, again.sent, again.same) == (2, 0, 2)
    desk.put(("acme", 6, None), ("zeta", 2, None))
    changed = desk.sync()
    assert (changed.sent, changed.same) == (1, 1)
    assert desk.new_events() == [("Account Identified", "acme", '{"seats":6,"plan":null}')]
    # What was so before may be so again.
    desk.put(("acme", 5, "pro"), ("zeta", 2, None))
    assert desk.sync().sent == 1
    assert desk.new_events() == [("Account Identified", "acme", '{"seats":5,"plan":"pro"}')]


def test_traits_of_who_is_gone_are_cleared_once_and_told_again_when_they_come_back(
    connection: Connection, database: str
) -> None:
    desk = Desk(connection, database, TRAITS)
    desk.put(("acme", 5, "pro"), ("zeta", 2, None))
    desk.sync()
    desk.new_events()
    desk.put(("acme", 5, "pro"))
    assert (desk.sync().cleared, desk.sync().cleared) == (1, 0)
    assert desk.new_events() == [("Account Identified", "zeta", '{"seats":null}')]
    desk.put(("acme", 5, "pro"), ("zeta", 2, None))
    assert (desk.sync().sent, desk.new_events()) == (1, [("Account Identified", "zeta", '{"seats":2}')])


def test_records_that_change_places_and_traits_say_nothing_wrong(
    connection: Connection, database: str
) -> None:
    both = TRAITS.replace("plan: plan", "").replace("seats: seats, ", "seats: seats") + (
        "    - customer_traits: {plan: plan}\n      customer: id\n"
    )
    desk = Desk(connection, database, both)
    desk.put(("acme", 5, "pro"))
    assert desk.sync().sent == 2
    desk.new_events()
    head, first, second = (
        both.partition("    - account")[0],
        *both.partition("records:\n")[2].split("    - ")[1:],
    )
    desk.definition = definition(f"{head}    - {second}    - {first}")
    assert (desk.sync().sent, desk.sync().cleared) == (0, 0)
    # A trait that a record tells no more is said to be none, and one of a record that is gone is cleared.
    desk.definition = definition(TRAITS.replace("seats: seats, plan: plan", "plan: plan"))
    found = desk.sync(allows_gone=True)
    assert (found.sent, found.cleared) == (2, 1)
    told = connection.execute(
        "select name, customer_id, account_id, properties from events order by position desc limit 2"
    ).fetchall()
    assert told == [
        ("Account Identified", None, "acme", '{"plan":"pro","seats":null}'),
        ("Customer Identified", "acme", None, '{"plan":null}'),
    ]


def test_without_gone_clear_what_is_gone_changes_nothing(connection: Connection, database: str) -> None:
    desk = Desk(connection, database, TRAITS.replace("  gone: clear\n", ""))
    desk.put(("acme", 5, "pro"), ("zeta", 2, None))
    desk.sync()
    desk.put(("acme", 5, "pro"))
    assert (desk.sync().sent, desk.sync().cleared) == (0, 0)


def test_a_query_that_suddenly_gives_little_or_nothing_is_not_believed(
    connection: Connection, database: str
) -> None:
    desk = Desk(connection, database, TRAITS)
    desk.put(*((f"a{n}", n, None) for n in range(40)))
    desk.sync()
    desk.new_events()
    for left in (0, 15):
        desk.put(*((f"a{n}", n + 1, None) for n in range(left)))
        with pytest.raises(GoneError, match=r"are gone from the query, so nothing was changed.*--allow-gone"):
            desk.sync()
        assert desk.new_events() == []
    assert desk.sync(allows_gone=True).cleared == 25


def test_a_row_that_cannot_be_taken_is_kept_with_its_number_and_is_not_gone(
    connection: Connection, database: str
) -> None:
    sql = "select *, case when seats > 0 then timestamptz '2026-05-01Z' end as told from accounts order by id"
    timed = TRAITS.replace("account: id", "account: id\n      occurred_at: told")
    desk = Desk(connection, database, timed.replace("select * from accounts", sql))
    desk.put(("acme", 5, "pro"), ("zeta", 2, None))
    desk.sync()
    desk.put(("acme", 5, "pro"), ("zeta", -1, None))
    for _ in range(2):
        found = desk.sync()
        assert (found.rejected, found.cleared, found.sent) == (1, 0, 0)
    kept = connection.execute("select source, place, code, message from rejections").fetchall()
    assert [row[:3] for row in kept] == [("crm", "row 2", "row")]
    assert "expected a time" in kept[0][3]


def test_of_several_rows_of_one_account_the_newest_counts_each_time(
    connection: Connection, database: str
) -> None:
    timed = TRAITS.replace("account: id", "account: id\n      occurred_at: {of: seats, unit: s}")
    desk = Desk(connection, database, timed)
    desk.put(("acme", 7, "new"), ("acme", 5, "old"))
    assert [desk.sync().sent, desk.sync().sent] == [1, 0]
    assert desk.new_events() == [("Account Identified", "acme", '{"seats":7,"plan":"new"}')]


def test_a_cursor_reads_only_what_is_new_and_nothing_twice_however_late(
    connection: Connection, database: str
) -> None:
    desk = Desk(connection, database, EVENTS)
    desk.put(
        (1, "r1", "acme", "2026-05-01T00:00:00Z"), (2, "r2", "acme", "2026-05-02T00:00:00Z"), table="runs"
    )
    assert desk.sync().sent == 2
    # Months later, when ids of messages are long forgotten.
    for months in (2, 2):
        desk.clock.move_to(desk.clock.at + months * 30 * DAY)
        forget_ids(connection, desk.clock.at)
        again = desk.sync()
        assert (again.rows, again.sent, again.same) == (1, 0, 1)
    desk.add(
        (2, "r2b", "acme", "2026-05-02T00:00:00Z"), (3, "r3", "zeta", "2026-05-03T00:00:00Z"), table="runs"
    )
    found = desk.sync()
    assert (found.rows, found.sent, found.same) == (3, 2, 1)
    assert [name for name, *_ in desk.new_events()] == ["Report Run"] * 4
    left = connection.execute("select key from source_items order by key").fetchall()
    assert left == [("er2",), ("er2b",), ("er3",)]


def test_a_cursor_of_times_reads_back_as_far_as_it_says(connection: Connection, database: str) -> None:
    text = EVENTS.replace("cursor: n", "cursor: {column: at, overlap: 1 hour}")
    desk = Desk(connection, database, text)
    desk.put(
        (1, "r1", "acme", "2026-05-01T10:00:00Z"), (2, "r2", "acme", "2026-05-01T12:00:00Z"), table="runs"
    )
    assert desk.sync().sent == 2
    desk.add(
        (3, "late", "acme", "2026-05-01T11:00:00Z"),
        (4, "later", "acme", "2026-05-01T10:59:59Z"),
        table="runs",
    )
    found = desk.sync()
    assert (found.rows, found.sent) == (2, 1)


def test_an_id_under_which_something_else_was_sent_is_refused(connection: Connection, database: str) -> None:
    desk = Desk(connection, database, EVENTS)
    desk.put((1, "r1", "acme", "2026-05-01T00:00:00Z"), table="runs")
    desk.sync()
    desk.put((1, "r1", "zeta", "2026-05-01T00:00:00Z"), table="runs")
    found = desk.sync()
    assert (found.sent, found.rejected) == (0, 1)
    assert connection.execute("select code, place from rejections").fetchall() == [("conflict", "id r1")]


@pytest.mark.parametrize(
    ("change", "expected", "times"),
    [
        (("select * from accounts", "select nope from accounts"), 'column "nope" does not exist', 8),
        (("seats: seats", "seats: saets"), "saets", 1),
        (("gone: clear", "cursor: updated"), "expected the column updated of the cursor", 1),
    ],
)
def test_a_run_that_fails_is_kept_with_its_reason_and_tried_again_after_a_pause_that_grows(
    connection: Connection, database: str, change: tuple[str, str], expected: str, times: int
) -> None:
    desk = Desk(connection, database, TRAITS.replace(*change))
    desk.put(("acme", 5, "pro"))
    waits = []
    for _ in range(times):
        with pytest.raises(UpsellError):
            desk.sync()
        run = read_runs(connection, ["crm"])["crm"]
        at = due_at(desk.definition, run, desk.clock.at)
        assert at is not None
        waits.append((at - desk.clock.at) // MINUTE)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60][:times]
    (standing,) = read_standings(connection, [desk.definition], desk.clock.at)
    words = standing_words(standing)
    assert expected in words
    assert ("failed once" if times == 1 else f"failed {times} times in a row") in words
    # Once it is well, it is as if nothing had been.
    desk.definition = definition(TRAITS)
    assert desk.sync().sent == 1
    assert read_runs(connection, ["crm"])["crm"].failures == 0


def test_one_asks_at_a_time(connection: Connection, database: str) -> None:
    desk = Desk(connection, database, TRAITS)
    desk.put(("acme", 5, "pro"))
    others = []

    def meanwhile(*_: object) -> None:
        with connect(database) as other:
            others.append(sync(other, desk.definition, desk.secrets, desk.clock))

    sync(connection, desk.definition, desk.secrets, desk.clock, meanwhile)
    assert others
    assert set(others) == {Busy()}
    assert desk.sync().same == 1


def test_a_run_that_was_broken_off_is_due_again_and_sends_the_rest(
    connection: Connection, database: str
) -> None:
    desk = Desk(connection, database, TRAITS)
    connection.execute("insert into accounts select 'a' || n, n from generate_series(1, 12000) n")

    def stop(what: str, done: int, _: int) -> None:
        if what == "sending" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), connect(database) as other:
        sync(other, desk.definition, desk.secrets, desk.clock, stop)
    sent = len(desk.new_events())
    assert 0 < sent < 12_000
    run = read_runs(connection, ["crm"])["crm"]
    assert run.is_open
    assert due_at(desk.definition, run, desk.clock.at) == desk.clock.at
    rest = desk.sync()
    assert (rest.sent, rest.same) == (12_000 - sent, sent)


def test_the_runner_asks_what_is_due_and_a_failing_warehouse_stops_nobody(
    connection: Connection, database: str, tmp_path: Path
) -> None:
    warehouse = tmp_path / "w.duckdb"
    with duckdb.connect(str(warehouse)) as other:
        other.execute("create table accounts as select 'acme' as id, 5 as seats, 'pro' as plan")
    documents = {
        "sources/crm.yaml": TRAITS,
        "sources/away.yaml": TRAITS.replace("SECRET_W", "SECRET_AWAY"),
        "sources/by-hand.yaml": TRAITS.replace("  schedule: every 1 hour\n", ""),
    }
    queries = find_queries(documents)
    clock = SetClock(NOW)
    secrets = {"UPSELL_SECRET_W": f"duckdb:{warehouse}", "UPSELL_SECRET_AWAY": "postgresql://127.0.0.1:1/x"}
    assert find_due(connection, queries, clock) == ["away", "crm"]
    for name in ("away", "crm"):
        ask(database, queries[name], secrets, clock)
    assert connection.execute("select source, account_id from events").fetchall() == [("crm", "acme")]
    runs = read_runs(connection, queries)
    assert (runs["away"].failures, "Connection refused" in runs["away"].error) == (1, True)
    assert (runs["crm"].failures, runs["crm"].sent) == (0, 1)
    assert find_due(connection, queries, clock) == []
    clock.move_to(NOW + MINUTE)
    assert find_due(connection, queries, clock) == ["away"]
    clock.move_to(NOW + HOUR)
    assert find_due(connection, queries, clock) == ["away", "crm"]


def test_the_process_asks_what_is_live_and_takes_up_a_new_revision(
    connection: Connection, database: str
) -> None:
    connection.execute("insert into accounts values ('acme', 5, 'pro')")
    settings = Settings(secrets={"UPSELL_SECRET_W": database})
    stopped = threading.Event()
    running = threading.Thread(target=run_sources, args=(database, settings, SystemClock(), stopped.is_set))
    running.start()
    try:
        documents = {**make_documents({}), "sources/crm.yaml": TRAITS}
        apply(connection, documents, SystemClock(), expected=None)
        until = time.monotonic() + 60
        while not (found := read_runs(connection, ["crm"])) or found["crm"].is_open:
            assert time.monotonic() < until
            time.sleep(0.1)
    finally:
        stopped.set()
        running.join()
    assert found["crm"].sent == 1


def test_a_source_whose_warehouse_is_not_set_fails_and_says_so(database: str, connection: Connection) -> None:
    ask(database, definition(TRAITS), {}, SetClock(NOW))
    assert "expected the address of a warehouse" in read_runs(connection, ["crm"])["crm"].error


def test_a_password_is_not_in_what_is_kept_of_a_failure(database: str, connection: Connection) -> None:
    ask(
        database,
        definition(TRAITS),
        {"UPSELL_SECRET_W": "postgresql://joe:hunter2@127.0.0.1:1/x"},
        SetClock(NOW),
    )
    with psycopg.connect(database) as other:
        (error,) = other.execute("select error from source_runs").fetchone() or ("",)
    assert "hunter2" not in error


def test_the_doctor_tells_how_each_query_stands(connection: Connection, database: str) -> None:
    desk = Desk(connection, database, TRAITS)
    desk.put(("acme", 5, "pro"))
    documents = {**make_documents({}), "sources/crm.yaml": TRAITS}
    apply(connection, documents, SetClock(NOW), expected=None)

    def told(at: int) -> tuple[str, Severity, str]:
        (found,) = (each for each in diagnose(examine(connection, at)) if each.subject == "crm")
        return found.code, found.severity, found.said

    assert told(NOW)[:2] == ("query-run", Severity.NOTE)
    desk.sync()
    ran = desk.clock.at
    words = "last 2026-06-01 13:00 UTC: 1 rows read, 1 events sent, 0 rejected; "
    assert told(ran) == ("query-run", Severity.NOTE, f"{words}next 2026-06-01 14:00 UTC")
    late = told(ran + 3 * HOUR)
    assert late == ("query-late", Severity.WARNING, f"{words}due since 2026-06-01 14:00 UTC")
    desk.secrets = {}
    for severity in [Severity.WARNING] * 4 + [Severity.ERROR]:
        with pytest.raises(UpsellError):
            desk.sync()
        assert told(desk.clock.at)[:2] == ("query-failed", severity)
