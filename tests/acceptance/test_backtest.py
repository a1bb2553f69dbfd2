"""Laws of a backtest: it agrees with plain SQL, with the live path, and with itself."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from tests.acceptance.made_history import DAYS, DOCUMENTS, STARTS_AT, make_lines, make_workspace
from upsell.clock import DAY, SystemClock, format_moment
from upsell.runtime.apply import apply
from upsell.runtime.backtest import Backtest, Question, run_backtest
from upsell.runtime.replay import ListedEvents, Replay
from upsell.runtime.reporting import live_program, report
from upsell.runtime.sink import open_sink
from upsell.sources.defaults import default_mapping
from upsell.sources.relations import choose_files
from upsell.sources.staging import Staging


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "events.jsonl"
    path.write_text("\n".join(make_lines()) + "\n")
    return path


def ask(*paths: Path, workers: int = 1, **asked: Any) -> Backtest:
    mapping = default_mapping()
    question = Question(DOCUMENTS, mapping, choose_files(mapping, paths), workers=workers, **asked)
    return run_backtest(question, SystemClock(), lambda *_: None, list)


@pytest.fixture(scope="module")
def found(history: Path) -> Backtest:
    return ask(history)


@pytest.fixture
def sql(history: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "create view said as select *, epoch_us(timestamp::timestamptz) as at_us"
            f" from read_json('{history}',"
            " columns={type: 'varchar', event: 'varchar', userId: 'varchar', groupId: 'varchar',"
            " timestamp: 'varchar', properties: 'json', traits: 'json'})"
        )
        yield connection


def one(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_events_and_units_are_those_that_plain_sql_counts(
    found: Backtest, sql: duckdb.DuckDBPyConnection
) -> None:
    assert found.files.events == one(sql, "select count(*) from said")
    assert found.files.customers == one(sql, "select count(distinct userId) from said")
    assert found.files.accounts == one(sql, "select count(distinct groupId) from said")
    assert found.mattered == one(sql, "select count(*) from said where event is null or event <> 'Noise'")


def test_who_is_triggered_by_a_count_is_whom_plain_sql_finds(
    found: Backtest, sql: duckdb.DuckDBPyConnection
) -> None:
    keen = f"""
        select count(distinct userId) from (
            select userId, count(*) over (
                partition by userId order by at_us
                range between {7 * DAY - 1} preceding and current row
            ) as runs
            from said where event = 'Report Run'
        ) where runs >= 5
    """
    assert found.outcomes[0].tally.triggered == one(sql, keen) > 10


def test_who_is_triggered_by_an_event_is_whom_plain_sql_finds(
    found: Backtest, sql: duckdb.DuckDBPyConnection
) -> None:
    stuck = """
        select count(distinct members.groupId) from said
        join said as members on members.type = 'group' and members.userId = said.userId
        where said.event = 'Feature Gate Hit'
    """
    assert found.outcomes[1].tally.triggered == one(sql, stuck) > 5


def test_every_candidate_has_one_answer_or_waits(found: Backtest) -> None:
    for outcome in found.outcomes:
        tally = outcome.tally
        assert tally.answers.total() + tally.waiting.total() == tally.candidates > tally.triggered
        assert "" not in tally.answers
        assert sum(rate.units for rate in tally.reached.values()) == tally.triggered


def test_a_journey_goes_on_past_its_first_message(found: Backtest) -> None:
    stuck = found.outcomes[1].tally
    assert stuck.tasks > 0
    assert sum(day.total() for day in stuck.messages.values()) > stuck.answers["enrolled"]


def test_the_report_does_not_depend_on_the_number_of_processes(history: Path, found: Backtest) -> None:
    several = ask(history, workers=3)
    assert msgspec.json.encode(several, order="deterministic") == msgspec.json.encode(
        found, order="deterministic"
    )


def test_the_order_of_lines_changes_nothing(tmp_path: Path, history: Path, found: Backtest) -> None:
    lines = history.read_text().splitlines()
    sorted_path = tmp_path / "events.jsonl"
    sorted_path.write_text("\n".join(sorted(lines, key=lambda line: json.loads(line)["timestamp"])))
    assert ask(sorted_path).outcomes == found.outcomes


def test_a_message_id_that_comes_twice_counts_once(tmp_path: Path, history: Path, found: Backtest) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(history.read_text() * 2)
    assert ask(path).outcomes == found.outcomes


def test_before_the_workflows_go_live_everything_is_learned_and_nothing_is_said(
    history: Path, found: Backtest
) -> None:
    since = STARTS_AT + 30 * DAY
    later = ask(history, since=since)
    first_day = format_moment(since - DAY)[:10]
    assert later.files == found.files
    for outcome in later.outcomes:
        assert outcome.tally.messages
        assert min(outcome.tally.messages) >= first_day
    assert later.outcomes[0].tally.answers["existing"] > 0
    earlier = ask(history, until=STARTS_AT + 30 * DAY)
    assert max(earlier.outcomes[0].tally.messages) <= format_moment(since)[:10]


@pytest.mark.parametrize("days", [DAYS // 6, pytest.param(DAYS, marks=pytest.mark.slow)])
def test_a_backtest_decides_as_the_live_path_does(
    database: str, tmp_path: Path, history: Path, days: int
) -> None:
    mapping = default_mapping()
    with Staging(tmp_path) as staging:
        staging.load(mapping, choose_files(mapping, [history]), SystemClock().now())
        events = [event for batch in staging.in_time_order() for event in batch]
    ends_at = STARTS_AT + days * DAY
    with open_sink() as sink:
        replay = Replay(database, sink, STARTS_AT, step=1)
        apply(replay.connection, DOCUMENTS, replay.clock, expected=0)
        end = replay.run(ListedEvents(events), ends_at, lambda _: None, lambda _: None)
        live = report(replay.connection, live_program(replay.connection), ends_at)
        replay.close()
    found = ask(history, until=ends_at)
    messages = 0
    for outcome, reported in zip(found.outcomes, live.workflows, strict=True):
        tally, funnel = outcome.tally, reported.funnel
        rates = tally.reached
        assert tally.triggered == funnel.considered
        assert rates["enrolled"].units == funnel.let_in
        assert rates["held_out"].units == funnel.held_out
        messages += sum(day.total() for day in tally.messages.values())
    assert messages == end.mails > 0


def test_the_command_prints_a_table_of_80_columns_and_json(tmp_path: Path, history: Path) -> None:
    workspace = make_workspace(tmp_path / "workspace")
    table = upsell(tmp_path, "backtest", workspace, "--events", history, "--workers", "1")
    assert table.returncode == 0, table.stderr
    assert max(len(line) for line in table.stdout.splitlines()) <= 80
    assert "stuck: Stuck" in table.stdout
    assert "sum (adds up)" in table.stdout
    answer = upsell(tmp_path, "backtest", workspace, "--events", history, "--workers", "1", "--json")
    assert json.loads(answer.stdout)["files"]["events"] == len(history.read_text().splitlines())


def test_rejected_rows_are_written_with_their_lines_and_end_in_code_2(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "workspace")
    path = tmp_path / "bad.jsonl"
    path.write_bytes(
        b'nope\n{"type":"track","event":"X","userId":"u","timestamp":"2026-01-01T00:00:00Z"}\n\xff\n'
    )
    asked = ("backtest", workspace, "--events", path, "--workers", "1", "--rejects", tmp_path / "r.jsonl")
    assert upsell(tmp_path, *asked).returncode == 2
    rejects = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [(reject["file"], reject["line"]) for reject in rejects] == [("bad.jsonl", 1), ("bad.jsonl", 3)]
    assert upsell(tmp_path, *asked, "--allow-rejects").returncode == 0


def upsell(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "upsell", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
