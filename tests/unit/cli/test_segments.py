"""``upsell segments``: what it prints of segments, of one, and of a rule that nobody saved."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest

from tests.live_world import make_documents, open_world
from tests.stories.world import HOUR
from upsell.cli.main import main

pytestmark = pytest.mark.postgres

Run = Callable[..., tuple[int, str, str]]

SEGMENTS = """
keen:
  unit: customer
  rule: event_count('Pricing Viewed', interval '3000 days') >= 1
  meaning: Customers who looked at prices.
big: {unit: account, rule: account.seats > 10}
"""


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("UPSELL_DATABASE_URL", database)

    def run_command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["upsell", *words])
        with pytest.raises(SystemExit) as left:
            main()
        shown = capsys.readouterr()
        return (left.value.code if isinstance(left.value.code, int) else 0), shown.out, shown.err

    return run_command


@pytest.fixture
def filled(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({}, segments=SEGMENTS))
        world.happens("Account Identified", "ada", "acme", seats=12)
        world.happens("Pricing Viewed", "ada")
        world.clock.move_to(world.clock.now() + HOUR)
        world.happens("Pricing Viewed", "bob")
        world.worker.run_until_idle()


@pytest.mark.usefixtures("filled")
def test_every_segment_is_told_with_its_count(run: Run) -> None:
    code, out, _ = run("segments")
    assert code == 0
    assert out == (
        "big            1 account  account.seats > 10\n"
        "keen         2 customers  Customers who looked at prices.\n"
    )
    said = json.loads(run("segments", "--json")[1])
    assert [(one["segment"], one["unit"], one["count"]) for one in said["segments"]] == [
        ("big", "account", 1),
        ("keen", "customer", 2),
    ]


@pytest.mark.usefixtures("filled")
def test_the_units_of_one_are_listed_with_since_when_and_where_to_go_on(run: Run) -> None:
    code, out, _ = run("segments", "keen", "--limit", "1")
    assert code == 0
    assert out.splitlines() == [
        "keen: 2 customers",
        "  Customers who looked at prices.",
        "  event_count('Pricing Viewed', interval '3000 days') >= 1",
        f"{'c:ada':<32}  since 2026-03-02 09:00 UTC",
        "There are more: --after c:ada",
    ]
    said = json.loads(run("segments", "keen", "--after", "c:ada", "--json")[1])
    assert said["count"] == 2
    assert said["units"] == [{"unit": "c:bob", "since": "2026-03-02T10:00:00Z"}]
    assert said["next_after"] is None


@pytest.mark.usefixtures("filled")
def test_a_rule_that_nobody_saved_is_counted_and_may_name_segments(run: Run) -> None:
    assert run("segments", "--rule", "keen and account.seats > 1", "--unit", "customer")[:2] == (
        0,
        "1 customer\n",
    )
    assert run("segments", "--rule", "true", "--unit", "account")[1] == "1 account\n"
    said = json.loads(run("segments", "--rule", "keen", "--unit", "customer", "--json")[1])
    assert (said["rule"], said["unit"], said["count"]) == ("keen", "customer", 2)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("kene",), 1, "did you mean keen?"),
        (("--rule", "plan.teir > 1", "--unit", "account"), 1, "did you mean plan.tier?"),
        (("--rule", "true"), 2, "expected --rule and --unit together"),
        (("keen", "--rule", "true", "--unit", "account"), 2, "got keen and a rule"),
        (("keen", "--limit", "0"), 2, "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_said(run: Run, words: tuple[str, ...], code: int, told: str) -> None:
    left, _, err = run("segments", *words)
    assert left == code
    assert told in " ".join(err.replace("│", " ").split())


def test_without_definitions_or_segments_it_says_what_to_do(run: Run, database: str) -> None:
    code, _, err = run("segments")
    assert code == 1
    assert "put some live with `upsell apply`" in err
    with open_world(database) as world:
        world.apply(make_documents({}))
    assert run("segments")[1] == "No segment is live; write one in segments.yaml.\n"
    assert "none; write one in segments.yaml" in run("segments", "keen")[2]


@pytest.mark.usefixtures("filled")
def test_explain_says_which_segments_a_unit_is_in(run: Run) -> None:
    assert "\nin segment big since 2026-03-02 09:00 UTC\n" in run("explain", "a:acme")[1]
    said = json.loads(run("explain", "c:ada", "--json")[1])
    assert said["segments"] == [{"segment": "keen", "since": "2026-03-02T09:00:00Z"}]
    past = json.loads(run("explain", "c:ada", "--json", "--at", "2026-03-02T09:00:00Z")[1])
    assert past["segments"] == said["segments"]
