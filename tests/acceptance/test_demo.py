"""The demo in small: a simulated company through intake, worker, outbox and a real mail server.

The simulated world is the oracle: what it did in memory, by the pure core alone, is what the live
path must have done.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psycopg
import pytest

from upsell.clock import DAY, HOUR, Moment, parse_moment
from upsell.ids import account_unit, bare
from upsell.journeys.program import Program
from upsell.runtime.apply import apply
from upsell.runtime.company import RESPONSES, Company, Habits, Response, account_id, index_of
from upsell.runtime.explaining import decide_again, explain_now, explain_past
from upsell.runtime.replay import Heard, Replay, Step
from upsell.runtime.reporting import Report, exposed_units, live_program, question_of, report
from upsell.runtime.results import Results, holdout_lifts, results_json
from upsell.runtime.simulate import Simulation
from upsell.runtime.sink import MailSink, open_sink
from upsell.runtime.truth import Rerun, planted_truth
from upsell.runtime.worlds import live_through
from upsell.store.connect import Connection
from upsell.workspace.documents import Documents, read_workspace

pytestmark = pytest.mark.postgres

STARTS_AT: Moment = parse_moment("2026-01-01T00:00:00Z") or 0
STEP = 12 * HOUR
WORKSPACE = Path(__file__).parents[2] / "examples" / "saas"

LARGE_RESPONSE = {
    **RESPONSES,
    "usage-limit": Response((0.0, 0.0, 0.9)),
    "locked-feature": Response((0.0, 0.9)),
}


class Lived(NamedTuple):
    """A small company's half year, lived for real."""

    company: Company
    documents: Documents
    program: Program
    connection: Connection
    heard: list[Heard]
    end: Step
    report: Report


def company_of(accounts: int, days: int) -> Company:
    # So many tickets that some are opened between a message's decision and its sending.
    return Company(
        seed=3,
        accounts=accounts,
        starts_at=STARTS_AT,
        lasts=days * DAY,
        responses=LARGE_RESPONSE,
        habits=Habits(ticket_rate=0.8),
    )


@contextmanager
def lived(url: str, company: Company) -> Iterator[Lived]:
    documents = read_workspace(WORKSPACE)
    with open_sink() as sink:
        replay = Replay(url, sink, company.starts_at, step=STEP)
        try:
            yield _live(replay, company, documents)
        finally:
            replay.close()


def _live(replay: Replay, company: Company, documents: Documents) -> Lived:
    simulation = Simulation(company)
    heard: list[Heard] = []

    def hear(mail: Heard) -> None:
        heard.append(mail)
        simulation.hear(bare(mail.unit_id), mail.workflow, mail.at)

    apply(replay.connection, documents, replay.clock, expected=0)
    replay.take(simulation.history())
    end = replay.run(simulation, company.ends_at, hear, lambda _step: None)
    program = live_program(replay.connection)
    reported = report(replay.connection, program, company.ends_at)
    return Lived(company, documents, program, replay.connection, heard, end, reported)


@pytest.fixture(scope="module")
def world(postgres_url: str, migrated_template: str) -> Iterator[Lived]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database demo template {migrated_template}")
    with lived(postgres_url.replace("/postgres?", "/demo?", 1), company_of(260, 210)) as found:
        yield found
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database demo with (force)")


def rows(world: Lived, statement: str) -> list[tuple[Any, ...]]:
    return world.connection.execute(statement).fetchall()


def test_every_mail_at_the_server_has_a_sent_row_and_every_sent_row_has_its_mail(world: Lived) -> None:
    sent = rows(world, "select unit_id, workflow, finished_at from outbox where state = 'sent'")
    assert Counter((mail.unit_id, mail.workflow, mail.at) for mail in world.heard) == Counter(sent)
    assert len(sent) > 200


def test_the_gate_before_sending_stopped_what_became_wrong_in_between(world: Lived) -> None:
    withheld = rows(world, "select reason from outbox where state = 'withdrawn'")
    assert any("open_ticket" in reason for (reason,) in withheld)


def test_every_message_ended_in_a_named_state_and_none_is_unknown(world: Lived) -> None:
    states = dict(rows(world, "select state, count(*) from outbox group by state"))
    assert states.keys() <= {"sent", "withdrawn", "reserved"}
    waiting = rows(world, "select reserved_at from outbox where state = 'reserved'")
    assert [at for (at,) in waiting if at <= world.company.ends_at - STEP] == []


def test_nobody_held_out_of_a_workflow_heard_from_it(world: Lived) -> None:
    held_out = set(rows(world, "select unit_id, workflow from exposures where arm = 'holdout'"))
    assert len(held_out) > 30
    assert {(mail.unit_id, mail.workflow) for mail in world.heard} & held_out == set()


def test_the_live_path_did_exactly_what_the_core_does_in_memory(world: Lived) -> None:
    live_events = Counter(rows(world, "select household_id, name, occurred_at from events"))
    live_exposures = set(rows(world, "select unit_id, workflow, contrast, arm, exposed_at from exposures"))
    events: Counter[tuple[str, str, Moment]] = Counter()
    exposures: dict[tuple[str, str, str], tuple[str, Moment]] = {}
    heard: Counter[tuple[str, str, Moment]] = Counter()
    for index in range(world.company.accounts):
        unit_id = account_unit(account_id(index))
        lived_again = live_through(world.program, world.company, index, STEP)
        events.update((unit_id, event.name, event.occurred_at) for event in lived_again.events)
        heard.update((unit_id, workflow, at) for workflow, at in lived_again.heard)
        for seen in lived_again.exposures:
            exposures.setdefault((seen.unit_id, seen.workflow, seen.contrast), (seen.arm, seen.exposed_at))
    assert events == live_events
    assert {(*key, *value) for key, value in exposures.items()} == live_exposures
    assert heard == Counter((mail.unit_id, mail.workflow, mail.at) for mail in world.heard)


def test_the_funnel_adds_up_and_counts_what_was_sent(world: Lived) -> None:
    for found in world.report.workflows:
        funnel = found.funnel
        assert funnel.considered == funnel.let_in + funnel.held_out + sum(r.count for r in funnel.not_let_in)
        assert funnel.messages_sent == sum(mail.workflow == found.key for mail in world.heard)


@pytest.fixture(scope="module")
def results(world: Lived) -> Results:
    reruns = [
        Rerun(
            documents=dict(world.documents),
            company=world.company,
            step=STEP,
            question=question_of(flow, "USD", world.company.ends_at),
            indexes=tuple(index_of(bare(unit)) for unit in exposed_units(world.connection, key)),
        )
        for key, flow in world.program.workflows.items()
    ]
    return Results("", world.report, planted_truth(reruns, 1, lambda _share: None))


def test_a_large_planted_effect_is_found_with_its_sign(results: Results) -> None:
    found = next(found for found in results.report.workflows if found.key == "usage-limit")
    conversion = holdout_lifts(found)[0]
    truth = results.truth_of(conversion)
    assert truth is not None
    assert truth.effect > 0.3
    assert isinstance(conversion.arm.mean, float)
    assert isinstance(conversion.against.mean, float)
    assert conversion.arm.mean - conversion.against.mean > 0.2


def test_the_truth_is_about_the_units_whose_windows_have_closed(results: Results) -> None:
    for found in results.report.workflows:
        for lift in holdout_lifts(found):
            truth = results.truth_of(lift)
            assert truth is not None
            assert truth.units == lift.arm.closed + lift.against.closed


def test_in_each_world_the_arm_that_was_lived_has_the_outcome_that_was_reported(results: Results) -> None:
    # The treated among the exposed lived the treated world, so the mean over all must lie between.
    for found in results.report.workflows:
        conversion = holdout_lifts(found)[0]
        truth = results.truth_of(conversion)
        assert truth is not None
        total = conversion.arm.total + conversion.against.total
        assert conversion.arm.total <= round(truth.treated * truth.units)
        assert conversion.against.total <= round(truth.held_out * truth.units)
        assert total <= round((truth.treated + truth.held_out) * truth.units)


def test_results_are_json_with_effects_or_reasons(results: Results) -> None:
    content = msgspec.json.decode(results_json(results))
    assert content["as_of"] == "2026-07-30T00:00:00Z"
    kinds = {lift["absolute"]["kind"] for flow in content["workflows"] for lift in flow["lifts"]}
    assert kinds <= {"effect", "undetermined"}
    assert all("planted_truth" in lift for flow in content["workflows"] for lift in flow["lifts"])


def test_the_past_explained_from_the_ledger_is_the_present_explained_from_the_store(world: Lived) -> None:
    now = world.company.ends_at
    for unit in ("a:acct-00003", "a:acct-00017", "a:acct-00042", "a:acct-00101"):
        assert explain_past(world.connection, unit, now, None) == explain_now(
            world.connection, unit, now, None
        )


@pytest.mark.parametrize("step", [10, pytest.param(1, marks=pytest.mark.slow)])
def test_every_decision_of_the_year_is_taken_again_from_the_events_alone(world: Lived, step: int) -> None:
    """Of every tenth account, and of all where there is time."""
    decided = "select unit_id, workflow, version, decided_at, reason, rule, seen, enrollment from decisions"
    asked = range(0, world.company.accounts, step)
    units = {account_unit(account_id(index)) for index in asked}
    recorded = Counter(row for row in rows(world, decided) if row[0] in units)
    again: Counter[tuple[Any, ...]] = Counter()
    ends_at = max(at for _, _, _, at, *_ in recorded)
    for index in asked:
        for each in decide_again(world.connection, account_unit(account_id(index)), ends_at):
            seen = msgspec.json.encode(each.seen).decode()
            said = (each.workflow, each.version, each.decided_at, each.reason.value, each.rule, seen)
            again[each.unit_id, *said, each.enrollment] += 1
    assert sum(recorded.values()) > 500 // step
    assert again == recorded


def test_a_seed_gives_the_same_decisions_every_time(postgres_url: str, migrated_template: str) -> None:
    company = company_of(20, 60)
    told = []
    for name in ("once", "again"):
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f"create database {name} template {migrated_template}")
        with lived(postgres_url.replace("/postgres?", f"/{name}?", 1), company) as found:
            said = "select unit_id, workflow, decided_at, reason, rule, seen, enrollment from decisions"
            told.append(sorted(rows(found, said), key=str))
    assert told[0] == told[1]
    assert len(told[0]) > 5


def test_a_sink_counts_what_it_accepted_and_lets_go_of_its_port() -> None:
    with open_sink() as sink:
        assert isinstance(sink, MailSink)
        assert sink.port > 0
        assert sink.take() == []


def demo(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "upsell", "demo", *arguments],
        cwd=cwd,
        capture_output=True,
        check=False,
        text=True,
        timeout=110,
    )


@pytest.mark.slow
def test_the_command_runs_a_small_year_and_prints_estimates_beside_the_truth(tmp_path: Path) -> None:
    ended = demo("--small", "--no-serve", "--data", str(tmp_path / "kept"), cwd=WORKSPACE.parents[1])
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("planted truth\n") == 3
    own_words = [line for line in ended.stdout.splitlines() if str(tmp_path) not in line]
    assert max(len(line) for line in own_words) <= 80
    assert "The simulated year, 1 Jan 2027: 100%" in ended.stderr
    assert (tmp_path / "kept" / "postgres").is_dir()


def test_the_command_never_takes_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    ended = demo("--small", "--no-serve", "--data", str(tmp_path), cwd=WORKSPACE.parents[1])
    assert ended.returncode == 1
    assert "expected an empty folder" in ended.stderr
    assert ended.stdout == ""
