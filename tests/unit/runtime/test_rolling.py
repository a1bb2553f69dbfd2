"""What carries a roll-out and what speaks against it, and the record that is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.stories.world import DAY, START, make_program, workflow
from upsell.decisions.decision import Exposure
from upsell.errors import ConfigError
from upsell.ids import UnitId, share
from upsell.journeys.workflow import Workflow
from upsell.measurement.answers import Effect
from upsell.measurement.question import Metric
from upsell.runtime.outcomes import Ledger
from upsell.runtime.rolling import Roll, choose_arm_of, closed_experiment, plan_roll, write_roll
from upsell.signals.events import Event
from upsell.store.connect import connect
from upsell.store.experiments import keep_closed_experiment, read_closed_experiments

GATE = "{on: Feature Gate Hit, again_after: 1 seconds}"
JOURNEY = "[{email: {content: {one: t1, two: t2}, intent: help}}]"
PROGRAM = make_program(
    {
        "w": workflow(
            trigger=GATE, journey=JOURNEY, experiment=", vary: message, arms: {one: 50%, two: 50%}"
        ),
        "plain": workflow(trigger=GATE, journey="[{email: {content: t1, intent: help}}]"),
    }
)
AS_OF = START + 200 * DAY


def flow() -> Workflow:
    return PROGRAM.workflows["w"]


def ledger_of(
    rates: dict[str, float], units: int = 1_000, amount: int = 0, lost: float = 0.0, who: str = "u"
) -> Ledger:
    """Units by turns in each arm, who convert at its rate, and then pay; some of the first arm are lost."""
    exposures: list[Exposure] = []
    events: list[tuple[UnitId, Event]] = []
    for number in range(units):
        unit_id = f"c:{who}{number}"
        arm = list(rates)[number % len(rates)]
        if arm == next(iter(rates)) and share("lost", unit_id) < lost:
            continue
        exposures.append(Exposure(unit_id, "w", "arms", arm, 1 / len(rates), "s", START + number, "e"))
        if share("converts", unit_id) < rates[arm]:
            at = START + DAY
            events.append((unit_id, Event(f"g{number}", "Subscription Upgraded", at, at)))
            if amount:
                said = {"amount": amount + number % 7, "currency": "USD"}
                events.append((unit_id, Event(f"o{number}", "Order Completed", at, at, properties=said)))
    return Ledger.of(exposures, events)


def roll_of(ledger: Ledger | None, arm: str = "two") -> Roll:
    return plan_roll(flow(), arm, "USD", ledger, AS_OF)


def test_an_arm_that_did_better_beyond_chance_is_carried() -> None:
    roll = roll_of(ledger_of({"one": 0.1, "two": 0.3}))
    assert roll.doubts == ()
    assert roll.exposed == {"one": 500, "two": 500}
    assert (roll.exposed_from, roll.exposed_until) == (START, START + 999)
    assert [(each.against, each.metric) for each in roll.findings] == [
        ("one", Metric.NET_COMMITTED_REVENUE),
        ("one", Metric.CONVERSION),
    ]
    assert isinstance(roll.findings[1].effect, Effect)
    assert roll.findings[1].effect.low > 0


def test_an_arm_that_comes_first_in_the_file_is_read_the_other_way_round() -> None:
    ledger = ledger_of({"one": 0.3, "two": 0.1})
    better, worse = roll_of(ledger, "one"), roll_of(ledger, "two")
    assert better.doubts == ()
    (doubt,) = worse.doubts
    assert doubt.startswith("against one it did worse. Conversion, 30 days: \N{MINUS SIGN}")
    one, other = better.findings[1].effect, worse.findings[1].effect
    assert isinstance(one, Effect)
    assert isinstance(other, Effect)
    assert (one.estimate, one.low, one.high) == (-other.estimate, -other.high, -other.low)


def test_what_may_be_chance_is_doubted() -> None:
    (doubt,) = roll_of(ledger_of({"one": 0.2, "two": 0.21})).doubts
    assert doubt.startswith("against one it may be chance.")


def test_money_decides_where_it_can_be_told() -> None:
    # Twice as many convert in two, and what they pay comes to the same as in one.
    rates = {"one": 0.15, "two": 0.3}
    cheap, dear = ledger_of(rates, 2_000, 4_000), ledger_of(rates, 2_000, 8_000)
    two = {f"c:u{number}" for number in range(1, 2_000, 2)}
    events = [
        row
        for source, is_two in ((dear, False), (cheap, True))
        for row in source.events.to_pylist()
        if (row["unit_id"] in two) is is_two
    ]
    mixed = Ledger(cheap.exposures, type(cheap.events).from_pylist(events, schema=cheap.events.schema))
    (doubt,) = roll_of(mixed).doubts
    assert doubt.startswith("against one it may be chance. Net revenue, 90 days:")
    assert roll_of(cheap).doubts == ()


def test_arms_that_are_not_as_large_as_planned_are_doubted_whatever_they_did() -> None:
    rates = {"one": 0.1, "two": 0.3}
    warned = roll_of(ledger_of(rates, 2_000, lost=0.19)).doubts
    assert [doubt.partition(" (p = ")[0] for doubt in warned] == ["the arms are not as large as planned"]
    blocked = roll_of(ledger_of(rates, 2_000, lost=0.4)).doubts
    assert len(blocked) == 2
    assert blocked[0].startswith("against one nothing can be said:")


def test_every_other_arm_must_have_done_worse() -> None:
    ledger = ledger_of({"one": 0.1, "two": 0.3, "three": 0.3}, 1_500)
    three = make_program(
        {
            "w": workflow(
                trigger=GATE,
                journey=JOURNEY.replace("two: t2", "two: t2, three: t3"),
                experiment=", vary: message, arms: {one: 33.3%, two: 33.3%, three: 33.4%}",
            )
        }
    )
    roll = plan_roll(three.workflows["w"], "two", "USD", ledger, AS_OF)
    assert [doubt[:24] for doubt in roll.doubts] == ["against three it may be "]


def test_arms_of_an_experiment_before_this_one_are_left_out() -> None:
    before = ledger_of({"red": 0.5, "blue": 0.1}, 200, who="v")
    now = ledger_of({"one": 0.1, "two": 0.3})
    both = Ledger.joined([before, now])
    assert roll_of(both).exposed == roll_of(now).exposed
    assert roll_of(both).findings == roll_of(now).findings


def test_without_a_database_nothing_was_measured_and_that_is_a_doubt() -> None:
    roll = roll_of(None)
    assert roll.doubts == ("nothing was measured: there is no database here",)
    assert (roll.exposed, roll.findings) == ({}, ())
    assert roll_of(ledger_of({"one": 0.1, "two": 0.3}, 0)).doubts == (
        "against one nothing can be said: nobody has been exposed",
    )


@pytest.mark.parametrize(
    ("key", "arm", "told"),
    [
        ("v", "two", "expected the key of a workflow, got v"),
        ("w", "tow", "expected an arm of w, got tow; did you mean two?"),
        ("plain", "two", "expected a workflow with arms, got plain, which has none"),
    ],
)
def test_what_is_not_there_cannot_be_rolled_out(key: str, arm: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        choose_arm_of(PROGRAM, key, arm)
    assert told in str(refused.value)


def test_the_record_is_added_to_the_file_and_says_everything(tmp_path: Path) -> None:
    (tmp_path / "workflows").mkdir()
    documents = {"workflows/w.yaml": "name: W\n"}
    for why in ("It earned more.", "Again."):
        roll = roll_of(ledger_of({"one": 0.1, "two": 0.3}))
        record = write_roll(tmp_path, documents, roll, closed_experiment(roll, AS_OF, "ada", why))
        assert record == tmp_path / "experiments" / "w.yaml"
    first, second = yaml.safe_load((tmp_path / "experiments" / "w.yaml").read_text("utf-8"))
    assert (first["why"], second["why"]) == ("It earned more.", "Again.")
    assert (first["closed_by"], first["closed_at"]) == ("ada", "2026-09-18T09:00:00Z")
    assert (first["arm"], first["vary"]) == ("two", "message")
    assert first["arms"] == {"one": 0.5, "two": 0.5}
    assert first["version"] == flow().version
    assert first["exposed"] == {"one": 500, "two": 500}
    assert first["findings"][1]["effect"]["kind"] == "effect"
    assert first["findings"][0]["effect"] == {
        "kind": "undetermined",
        "reason": "no_variation",
        "detail": "every unit of an arm has the same outcome, so its spread cannot be told",
    }
    assert sorted(each.name for each in tmp_path.rglob("*.new")) == []


@pytest.mark.postgres
def test_the_store_keeps_what_was_closed(database: str) -> None:
    roll = roll_of(ledger_of({"one": 0.1, "two": 0.3}))
    closed = closed_experiment(roll, AS_OF, "ada", "It earned more.")
    with connect(database) as connection:
        keep_closed_experiment(connection, closed)
        assert read_closed_experiments(connection) == [closed]
