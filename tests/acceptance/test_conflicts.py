"""Collisions of a history made by hand, where every count is known."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.commands import run_command
from tests.live_world import make_documents, open_world
from tests.stories.world import START, workflow
from upsell.cli.conflicts_text import collisions_text
from upsell.clock import DAY, SystemClock, format_moment
from upsell.journeys.conflicts import find_conflicts
from upsell.runtime.backtest import Backtest, Question, run_backtest
from upsell.runtime.conflicts import Collision, find_collisions
from upsell.sources.defaults import default_mapping
from upsell.sources.relations import choose_files
from upsell.workspace.compile import compile_documents


def shows(event: str, wait: int, more: str = "", unit: str = "customer") -> str:
    journey = f"[{{email: {{content: t1, intent: show}}}}, {{wait: {wait} days}}]"
    return workflow(trigger=f"{{on: {event}}}", journey=journey, more=more, unit=unit)


DOCUMENTS = make_documents(
    {
        "long": shows("Long Asked", 30, "priority: 2"),
        "short": shows("Short Asked", 5),
        "brief": shows("Brief Asked", 5, "blocked: drop"),
        "team": shows("Team Asked", 30, unit="account"),
    }
)


def history() -> list[dict[str, Any]]:
    """Make the lines: who asked for what on which day."""
    lines: list[dict[str, Any]] = []

    def say(who: str, day: float, call: str, account: str | None = None, **said: Any) -> None:
        at = format_moment(START + int(day * DAY))
        place = {"context": {"groupId": account}} if account and call == "track" else {}
        lines.append(
            {"type": call, "messageId": f"m{len(lines)}", "userId": who, "timestamp": at, **place, **said}
        )

    def meet(who: str, *asked: tuple[str, float], account: str | None = None) -> None:
        say(who, 0, "identify", traits={"email": f"{who}@example.com"})
        if account is not None:
            say(who, 0.1, "group", groupId=account, traits={"roles": ["admin"]})
        for event, day in asked:
            say(who, day, "track", account, event=event)

    # Three want both at once: long has the slot for 30 days, short lapses after its 14.
    for number in range(3):
        meet(f"both{number}", ("Long Asked", 1), ("Short Asked", 1))
    # Two had short for 5 days; long waits, and gets the slot then.
    for number in range(2):
        meet(f"late{number}", ("Short Asked", 1), ("Long Asked", 2))
    # Two who want the brief one while long goes on: it is dropped at once.
    for number in range(2):
        meet(f"drop{number}", ("Long Asked", 1), ("Brief Asked", 3))
    # One after the other, they never meet.
    meet("after", ("Short Asked", 1), ("Long Asked", 20))
    for number in range(4):
        meet(f"long{number}", ("Long Asked", 1))
    # Acme's journey holds its admin's slot; Bolt's admin is in a journey of their own when Bolt asks.
    meet("acme-admin", ("Team Asked", 1), ("Short Asked", 2), account="acme")
    meet("bolt-admin", ("Long Asked", 1), ("Team Asked", 2), account="bolt")
    return lines


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "events.jsonl"
    path.write_text("\n".join(map(json.dumps, history())) + "\n", encoding="utf-8")
    return path


def asked(file: Path, workers: int) -> Backtest:
    mapping = default_mapping()
    question = Question(
        DOCUMENTS, mapping, choose_files(mapping, [file]), until=START + 90 * DAY, workers=workers
    )
    return run_backtest(question, SystemClock(), lambda *_: None, list)


def counted(collisions: list[Collision]) -> dict[tuple[str, str], Any]:
    return {
        (each.conflict.one, each.conflict.other): (
            each.both,
            each.collisions,
            {loss.workflow: (loss.lost, loss.in_vain) for loss in each.losses if loss.lost},
        )
        for each in collisions
    }


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_history_made_by_hand_gives_the_counts_it_was_made_with(file: Path, workers: int) -> None:
    program = compile_documents(DOCUMENTS).program
    found = asked(file, workers)
    collisions = find_collisions(find_conflicts(program), found)
    assert counted(collisions) == {
        ("long", "short"): (6, 5, {"long": (2, 0), "short": (3, 3)}),
        ("brief", "long"): (2, 2, {"brief": (2, 2)}),
        ("brief", "short"): (0, 0, {}),
        ("team", "short"): (1, 1, {"short": (1, 1)}),
        ("team", "long"): (1, 1, {"team": (1, 1)}),
        ("team", "brief"): (0, 0, {}),
    }
    assert [each.collisions for each in collisions] == [5, 2, 1, 1, 0, 0], "the worst first"
    for outcome in found.outcomes:
        tally = outcome.tally
        assert tally.answers.total() + tally.waiting.total() == tally.candidates, outcome.workflow
    text = collisions_text(program, collisions, found)
    assert "long and short, over the slots of customers" in text
    assert max(map(len, text.split("\n"))) <= 80


def run(*words: str, **env: str) -> CompletedProcess[str]:
    return run_command(*words, **env)


def write(folder: Path) -> Path:
    for name, text in DOCUMENTS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_the_command_tells_pairs_alone_and_with_a_history(tmp_path: Path, file: Path) -> None:
    folder = write(tmp_path / "w")
    alone = run("conflicts", str(folder))
    assert (alone.returncode, alone.stderr) == (0, "")
    assert "4 live workflows take it, 6 pairs may meet over it" in alone.stdout
    assert "long wins: priority 2 over 0" in alone.stdout
    counts = run("conflicts", str(folder), "--events", str(file), "--json", "--rejects", str(tmp_path / "r"))
    assert counts.returncode == 0, counts.stderr
    (worst, *_) = json.loads(counts.stdout)["pairs"]
    assert (worst["conflict"]["one"], worst["both"]) == ("long", 6)
    refused = run("conflicts", str(folder), "--from", "2026-01-01")
    assert refused.returncode == 1
    assert "expected --events beside them" in refused.stderr


@pytest.mark.postgres
def test_a_plan_tells_of_new_and_changed_workflows_alone(database: str, tmp_path: Path) -> None:
    folder = write(tmp_path)
    with open_world(database) as world:
        world.apply(DOCUMENTS)
        same = run("plan", str(folder), UPSELL_DATABASE_URL=database)
        assert "there is nothing to apply" in same.stdout
        text = shows("Short Asked", 6)
        (folder / "workflows/short.yaml").write_text(text, encoding="utf-8")
        (folder / "workflows/new.yaml").write_text(shows("New Asked", 1), encoding="utf-8")
        told = run("plan", str(folder), UPSELL_DATABASE_URL=database)
        assert told.returncode == 0, told.stderr
        pairs = {line.split(",")[0].strip() for line in told.stdout.split("\n") if ", over " in line}
        assert pairs == {
            "brief and new",
            "brief and short",
            "long and new",
            "long and short",
            "new and short",
            "team and new",
            "team and short",
        }
