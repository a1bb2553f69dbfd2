"""Proof on the live path: benchmarks made once a day, tasks that carry their facts, prompts beside them."""

from __future__ import annotations

import threading
import time
from subprocess import CompletedProcess
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from tests.commands import run_command
from tests.live_world import LiveWorld, open_world
from tests.stories.test_prompts import ON_REQUEST
from tests.stories.test_proof import CATALOG
from tests.stories.world import SETTINGS, TEMPLATE, workflow
from upsell.clock import DAY, HOUR, format_moment
from upsell.decisions.proof_words import proof_content
from upsell.runtime.benchmarking import Benchmarked, benchmark
from upsell.runtime.explaining import explain_now, explain_past
from upsell.runtime.live import run_learner
from upsell.store.benchmarks import newest_benchmark_day, read_benchmarks
from upsell.web.app import make_app
from upsell.workspace.documents import Documents

pytestmark = pytest.mark.postgres

TASK = "[{task: {queue: success, title: Talk about the plan, due: 2 days}}]"
PROMPT = "[{prompt: {placement: usage-page, offer: pro}}, {wait: 7 days}]"


def documents_of(*, catalog: str = CATALOG) -> Documents:
    return {
        "upsell.yaml": SETTINGS,
        "catalog.yaml": catalog,
        "workflows/call.yaml": workflow(unit="account", trigger="{on: Pricing Viewed}", journey=TASK),
        "workflows/page.yaml": workflow(unit="account", trigger=ON_REQUEST, journey=PROMPT),
        "templates/t1.html": TEMPLATE.format(name="t1"),
    }


def grow(world: LiveWorld, accounts: int = 30) -> None:
    """Accounts of three seats, each with reports in its first month: a hundred, and one more each."""
    terms = {"plan": "starter", "amount": 4900, "currency": "USD", "quantity": 3}
    names = [f"a{number}" for number in range(accounts)]
    world.append([world.event("Subscription Started", None, name, **terms) for name in names])
    world.after(DAY)
    world.append(
        [
            world.event("Usage Recorded", None, name, metric="reports", quantity=100 + number)
            for number, name in enumerate(names)
        ]
    )
    world.after(35 * DAY)


def facts(world: LiveWorld) -> dict[str, dict[str, Any]]:
    rows = world.rows("select unit_id, facts from tasks")
    return {unit: msgspec.json.decode(said) for unit, said in rows if said is not None}


def proof_at(world: LiveWorld, unit_id: str, at: int | None = None) -> dict[str, Any]:
    if at is None:
        answer = explain_now(world.connection, unit_id, world.clock.now(), None)
    else:
        answer = explain_past(world.connection, unit_id, at, None)
    assert answer.standing is not None
    return proof_content(answer.standing.proof)


def test_a_task_carries_the_facts_of_its_moment_and_a_replay_finds_them_again(database: str) -> None:
    with open_world(database) as world:
        world.apply(documents_of())
        grow(world)
        world.happens("Pricing Viewed", None, "a1")
        world.settle()
        world.after(HOUR)
        assert benchmark(world.connection, world.clock) == Benchmarked(kept=1, withheld=0)
        world.happens("Pricing Viewed", None, "a2")
        world.settle()
        told = facts(world)
        assert "peers" not in told["a:a1"]
        peers = told["a:a2"]["peers"]["reports"]
        # Oracle: by hand; of 100, 101, ... 129 the middle is 114.5, in two digits 110.
        assert (peers["used"], peers["median"], peers["units"]) == (102, 110, 30)
        assert peers["who"] == "accounts of 2\N{EN DASH}5 seats"
        assert proof_at(world, "a:a2") == told["a:a2"]
        world.after(9 * DAY)
        assert "peers" not in proof_at(world, "a:a2"), "a benchmark that is too old"
        for unit_id, opened_at in world.rows("select unit_id, opened_at from tasks"):
            assert proof_at(world, unit_id, opened_at) == told[unit_id]


def test_a_day_has_one_benchmark_however_often_it_is_tried(database: str) -> None:
    with open_world(database) as world:
        assert benchmark(world.connection, world.clock) is None, "nothing is live"
        world.apply(documents_of(catalog=CATALOG.replace(", benchmark: true", "")))
        assert benchmark(world.connection, world.clock) is None, "no metric is compared"
        world.apply(documents_of(), expected=1)
        grow(world, 12)
        assert benchmark(world.connection, world.clock) == Benchmarked(kept=0, withheld=1)
        world.after(HOUR)
        assert benchmark(world.connection, world.clock) is None
        world.after(DAY)
        assert benchmark(world.connection, world.clock) == Benchmarked(kept=0, withheld=1)
        assert world.rows("select count(*) from benchmark_days") == [(2,)]
        assert read_benchmarks(world.connection) == []


def test_a_prompt_is_offered_with_what_can_be_proved_beside_it(database: str) -> None:
    with open_world(database) as world:
        world.apply(documents_of())
        grow(world)
        benchmark(world.connection, world.clock)
        with TestClient(make_app(database, world.clock)) as client:
            said = client.post("/v1/decide", json={"accountId": "a3", "placement": "usage-page"}).json()
            assert said["prompt"]["proof"] == proof_at(world, "a:a3")
            assert said["prompt"]["proof"]["peers"]["reports"]["used"] == 103
            assert said["prompt"]["proof"]["value"]["last"]["worth"] == {"amount": 36_050, "currency": "USD"}
            new = client.post("/v1/decide", json={"accountId": "new", "placement": "usage-page"}).json()
            assert new["prompt"]["proof"] == {}
            told = client.get("/v1/customers/a:a3/explain").json()["standing"]["proof"]
            assert told == said["prompt"]["proof"]


def test_a_milestone_is_in_the_ledger_and_new_counters_count_it(database: str) -> None:
    with open_world(database) as world:
        world.apply(documents_of())
        grow(world, 2)
        found = world.rows(
            "select household_id, properties::json ->> 'milestone', is_derived from events"
            " where name = 'Milestone Reached' order by 1"
        )
        assert found == [("a:a0", "100", True), ("a:a1", "100", True)]
        rule = "{when: \"event_count('Milestone Reached', interval '60 days') >= 1\"}"
        celebrate = {"workflows/celebrate.yaml": workflow(unit="account", trigger=rule, journey=TASK)}
        world.apply({**documents_of(), **celebrate}, expected=1)
        world.settle()
        assert [reason for (reason,) in world.rows("select reason from decisions")] == ["existing"] * 2


def test_the_learner_makes_the_days_benchmark_by_itself(database: str) -> None:
    is_over = threading.Event()
    with open_world(database) as world:
        world.apply(documents_of())
        grow(world)
        learner = threading.Thread(target=run_learner, args=(database, world.clock, is_over.is_set))
        learner.start()
        try:
            while newest_benchmark_day(world.connection) is None:
                assert learner.is_alive()
                time.sleep(0.02)
        finally:
            is_over.set()
            learner.join(20)
        assert len(read_benchmarks(world.connection)) == 1


def test_the_command_shows_the_last_benchmark_or_says_why_there_is_none(database: str) -> None:
    def run(*words: str) -> CompletedProcess[str]:
        return run_command("benchmark", *words, UPSELL_DATABASE_URL=database)

    with open_world(database) as world:
        none = run()
        assert (none.returncode, "benchmark: true" in none.stdout) == (1, True)
        world.apply(documents_of())
        none = run("--show")
        assert (none.returncode, "leave out --show" in none.stdout) == (1, True)
        grow(world)
        benchmark(world.connection, world.clock)
        shown = run("--show")
        assert shown.returncode == 0
        made_at = format_moment(world.clock.now())[:10]
        assert shown.stdout.startswith(f"Benchmark of {made_at}")
        assert shown.stdout.split()[-5:] == ["seats", "110", "110", "120", "(30)"]
