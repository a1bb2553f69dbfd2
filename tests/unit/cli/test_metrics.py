"""``upsell metrics`` over a live database, as its user runs it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.commands import typed
from tests.live_world import make_documents, open_world, two_mails
from tests.sinks import Sink, open_sink
from upsell.clock import DAY, format_moment

pytestmark = pytest.mark.postgres

PEOPLE = [f"p{number}" for number in range(40)]


@pytest.fixture
def sink() -> Iterator[Sink]:
    with open_sink() as opened:
        yield opened


def test_metrics_are_listed_defined_and_written_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSELL_DATABASE_URL", "postgresql://nobody@localhost:1/none")
    code, out, _ = typed("metrics")
    assert code == 0
    assert "signal_to_play_rate" in out
    code, out, _ = typed("metrics", "funnel")
    assert (code, "formula" in out) == (0, True)
    code, out, _ = typed("metrics", "arpa", "--sql", "--dialect", "postgres")
    assert (code, "FROM ledger" in out) == (0, True)
    for words in (("metrics", "funel"), ("metrics", "arpa", "--sql", "--dialect", "postgre")):
        code, _, err = typed(*words)
        assert (code, "did you mean" in err) == (1, True)


def test_a_metric_is_computed_over_what_the_ledger_holds(
    database: str, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSELL_DATABASE_URL", database)
    with open_world(database, sink) as world:
        world.apply(make_documents({"flow": two_mails(holdout="50%")}))
        for person in PEOPLE:
            world.happens("Customer Identified", person, email=f"{person}@example.com")
            world.happens("Pricing Viewed", person)
        world.after(3 * DAY)
        terms = {"plan": "pro", "amount": 4900, "currency": "USD", "interval": "month"}
        for person in PEOPLE[::4]:
            world.happens("Subscription Started", person, **terms)
        world.after(40 * DAY)
        until = format_moment(world.clock.now())
        buyers = [f"c:{person}" for person in PEOPLE[::4]]
        held = {unit for (unit,) in world.rows("select unit_id from exposures where arm = 'holdout'")}
        held_out_buyers = len(held.intersection(buyers))
        held_out = world.rows("select count(*) from exposures where arm = 'holdout'")[0][0]

    def figures(*words: str) -> dict[tuple[str, str], int]:
        code, out, err = typed("metrics", *words, "--run", "--until", until, "--json")
        assert code == 0, err
        return {(each["slice"], each["item"]): each["numerator"] for each in json.loads(out)["figures"]}

    funnel = figures("funnel", "--by", "workflow")
    assert funnel["flow", "considered"] == len(PEOPLE)
    assert funnel["flow", "enrolled"] == funnel["flow", "shown"] == len(PEOPLE) - held_out
    assert figures("arpa")["all", "all"] in (0, 4900 * 10)
    assert sum(figures("mrr_movements")[("all", item)] for item in ("new",)) == 4900 * 10
    words = ("metrics", "retention_by_arm", "--run", "--until", until)
    assert json.loads(typed(*words, "--json")[1])["effects"] == {}
    code, out, err = typed("attribution", "--until", until, "--json")
    assert code == 0, err
    ledger = json.loads(out)
    assert ledger["label"] == "attributed, not caused"
    assert sum(line["upgrades"] for line in ledger["credits"]) == ledger["total"]["upgrades"] == 10
    assert set(ledger["lifts"]) == {"flow"}
    by_line = {line["line"]: line["upgrades"] for line in ledger["credits"]}
    assert by_line["held out"] == held_out_buyers
    assert by_line["credited"] == 10 - held_out_buyers
    code, out, _ = typed("attribution", "--until", until)
    assert (code, "attributed, not caused" in out, "flow, email" in out) == (0, True, True)
    code, out, err = typed("scorecard", "--until", until)
    assert (code, "== expand" in out, "no offer, enrolled" in out) == (0, True, True), err
    code, out, _ = typed("scorecard", "--until", until, "--json")
    assert [line["stage"] for line in json.loads(out)["lines"]][:2] == ["discover", "qualify"]
    code, out, _ = typed("metrics", "open_rate", "--run", "--until", until)
    assert (code, "not known: no Message Opened" in out) == (0, True)
    code, _, err = typed("metrics", "arpa", "--run", "--by", "channel")
    assert (code, "plan, segment, cohort" in err) == (1, True)
