"""Who stands where is counted as the store holds it, in every version, phase and arm, and nobody twice."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.commands import typed
from tests.live_world import LiveWorld, make_documents, open_world, two_mails
from tests.sinks import open_sink
from tests.stories.world import DAY, HOUR, workflow
from upsell.errors import ConfigError
from upsell.journeys.household import Unit
from upsell.runtime.drawn import drawn_content, find_whereabouts, live_outline, outline_of
from upsell.workspace.compile import compile_documents
from upsell.workspace.outline import Outline, items_of
from upsell.workspace.whereabouts import Stand

pytestmark = pytest.mark.postgres

EMAIL = "{email: {content: t1, intent: show}}"


def crowd(world: LiveWorld) -> None:
    """Let 60 enter a workflow with a holdout, some of them frozen, and then 5 its next version."""
    world.apply(make_documents({"w": two_mails("2 days", holdout="30%"), "other": two_mails("9 days")}))
    for number in range(60):
        who = f"c{number}"
        world.happens("Customer Identified", who, email=f"{who}@example.com")
        world.happens("Pricing Viewed", who)
    world.after(1 * HOUR)
    for number in range(20):
        world.happens("Ticket Opened", f"c{number}", ticket_id="1")
    journey = f"[{EMAIL}, {{wait: 5 days}}, {EMAIL}]"
    text = workflow(trigger="{on: Pricing Viewed, again_after: 1 days}", journey=journey, holdout="30%")
    world.apply(make_documents({"w": text, "other": two_mails("9 days")}), expected=1)
    for number in range(60, 65):
        who = f"c{number}"
        world.happens("Customer Identified", who, email=f"{who}@example.com")
        world.happens("Pricing Viewed", who)
    world.settle()


def kept(world: LiveWorld, workflow: str) -> Counter[tuple[str, str, str]]:
    """Count, in Python over every record, who stands where and how: the oracle."""
    phases = {"walking": "waiting", "speaking": "being told"}
    decode = msgspec.json.Decoder(Unit).decode
    return Counter(
        (
            each.version,
            each.step or "",
            "held out" if each.is_shadow else phases.get(each.phase.value, each.phase.value),
        )
        for (state,) in world.rows("select state from units")
        for each in decode(state).enrollments.values()
        if each.workflow == workflow
    )


def counted(world: LiveWorld, drawn: Outline) -> Counter[tuple[str, str, str]]:
    found = find_whereabouts(world.connection, drawn)
    return Counter(
        {
            (drawn.version, step, stand.value): count
            for step, counts in found.here.items()
            for stand, count in counts.items()
        }
    )


def test_counts_are_those_of_the_records(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        crowd(world)
        drawn = live_outline(world.connection, "w")
        records = kept(world, "w")
        found = find_whereabouts(world.connection, drawn)
        assert counted(world, drawn) == Counter(
            {at: count for at, count in records.items() if at[0] == drawn.version}
        )
        others = Counter({at: count for at, count in records.items() if at[0] != drawn.version})
        assert sum(others.values()) == 60
        by_step: Counter[str] = Counter()
        for (_, step, _), count in others.items():
            by_step[step] += count
        assert list(found.elsewhere.values()) == [by_step]
        assert sum(found.everywhere().values()) == 5


def test_every_way_to_stand_is_told_apart(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        text = workflow(
            trigger="{on: Pricing Viewed, again_after: 1 days}",
            journey=f"[{EMAIL}, {{wait: 2 days}}, {EMAIL}]",
            holdout="30%",
        )
        world.apply(make_documents({"w": text}))
        for number in range(40):
            who = f"c{number}"
            world.happens("Customer Identified", who, email=f"{who}@example.com")
            world.happens("Pricing Viewed", who)
        world.after(1 * HOUR)
        for number in range(20):
            world.happens("Ticket Opened", f"c{number}", ticket_id="1")
        world.after(2 * DAY - 2 * HOUR)
        world.worker.run_until_idle()
        waiting = find_whereabouts(world.connection, live_outline(world.connection, "w")).everywhere()
        assert set(waiting) == {Stand.WAITING, Stand.SHADOW}
        world.clock.move_to(world.clock.now() + 2 * HOUR)
        world.worker.run_until_idle()
        drawn = live_outline(world.connection, "w")
        found = find_whereabouts(world.connection, drawn).everywhere()
        assert {Stand.SPEAKING, Stand.FROZEN} <= set(found)
        assert counted(world, drawn) == kept(world, "w")


def test_with_nobody_there_all_counts_are_zero(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"w": two_mails()}))
        drawn = live_outline(world.connection, "w")
        content = drawn_content(drawn, find_whereabouts(world.connection, drawn))
        assert content["under_way"] == {
            "all": 0,
            "waiting": 0,
            "speaking": 0,
            "frozen": 0,
            "capped": 0,
            "shadow": 0,
        }
        assert content["other_versions"] == {}


def test_a_workflow_that_is_not_there_is_told_with_those_that_are(database: str) -> None:
    program = compile_documents(make_documents({"first": two_mails(), "second": two_mails()})).program
    with pytest.raises(ConfigError, match="got frist; did you mean first\\? the workflows are first, second"):
        outline_of(program, "frist")
    with open_world(database) as world, pytest.raises(ConfigError, match="run upsell apply WORKSPACE"):
        live_outline(world.connection, "first")


def test_the_command_draws_what_the_database_holds(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = make_documents({"w": two_mails("2 days")})
    for path, text in documents.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(documents)
        for who in ("ada", "bob"):
            world.happens("Customer Identified", who, email=f"{who}@example.com")
            world.happens("Pricing Viewed", who)
        world.settle()
    monkeypatch.setenv("UPSELL_DATABASE_URL", database)
    code, shown, _ = typed("draw", tmp_path, "w", "--text", "--live")
    assert code == 0
    assert "1  Wait 2 days  <- 2 here\n" in shown
    assert "2 under way now in version " in shown
    code, shown, _ = typed("draw", tmp_path, "w")
    assert code == 0
    assert shown.startswith("<svg ")
    assert "under way" not in shown
    target = tmp_path / "w.svg"
    code, shown, _ = typed("draw", tmp_path, "w", "--live", "-o", target)
    assert (code, shown) == (0, f"Drawn to {target}.\n")
    assert "1: Wait 2 days; 2 here" in target.read_text(encoding="utf-8")
    code, _, complaint = typed("draw", tmp_path, "v")
    assert code == 1
    assert "the workflows are w" in complaint


def test_the_same_is_told_to_machines_step_by_step(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        crowd(world)
        drawn = live_outline(world.connection, "w")
        found = find_whereabouts(world.connection, drawn)
        content: dict[str, Any] = json.loads(json.dumps(drawn_content(drawn, found)))
        assert [each["words"] for each in content["steps"]] == [item.words for item in items_of(drawn.items)]
        assert sum(each["here"]["all"] for each in content["steps"]) == content["under_way"]["all"] == 5
        assert sum(sum(each.values()) for each in content["other_versions"].values()) == 60
