"""Soundness of a live report: what was reached another way is counted, and what was checked is said."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import Sink, open_sink
from tests.stories.world import workflow
from tests.unit.runtime.test_reporting import PEOPLE, live_through
from upsell.cli.results_text import results_lines
from upsell.clock import DAY
from upsell.measurement.answers import Effect, Undetermined
from upsell.runtime.reporting import live_program, question_of, report
from upsell.runtime.results import Results, holdout_lifts, results_json
from upsell.runtime.soundness import count_contaminated, dilute

pytestmark = pytest.mark.postgres


@pytest.fixture
def sink() -> Iterator[Sink]:
    with open_sink() as opened:
        yield opened


def test_held_out_units_that_an_offer_reached_another_way_are_counted_once_in_each(
    database: str, sink: Sink
) -> None:
    with open_world(database, sink) as world:
        live_through(world, 20)
        (workflow,) = live_program(world.connection).workflows.values()
        asked = question_of(workflow, "USD", world.clock.now())
        held_out = [
            unit
            for (unit,) in world.rows("select unit_id from exposures where arm = 'holdout' order by unit_id")
        ]

        def sent(key: str, unit: str, by: str, offer: str, after: int) -> None:
            world.connection.execute(
                "insert into outbox select (jsonb_populate_record(outbox, jsonb_build_object("
                "'key', %s::text, 'unit_id', %s::text, 'household_id', %s::text, 'customer_id', %s::text,"
                " 'workflow', %s::text, 'offer', %s::text,"
                " 'finished_at', (select min(exposed_at) from exposures) + %s * interval '1 day'))).*"
                " from outbox where state = 'sent' limit 1",
                (key, unit, unit, unit[2:], by, offer, after),
            )

        def ways() -> dict[str, int]:
            now = world.clock.now()
            return count_contaminated(world.connection, asked, ["pro"], len(held_out), now).ways

        nobody = {"message": 0, "task": 0, "prompt": 0, "accepted": 0}
        assert ways() == nobody
        sent("1", held_out[0], workflow.key, "pro", 2)  # its own
        sent("2", held_out[1], "other", "team", 2)  # another offer
        sent("3", held_out[2], "other", "pro", -2)  # before the exposure
        assert ways() == nobody
        sent("4", held_out[3], "other", "pro", 2)
        sent("5", held_out[3], "other", "pro", 3)
        sent("6", held_out[4], "another", "pro", 3)
        assert ways() == {**nobody, "message": 2}
        # Whoever takes it, however they came by it.
        world.happens("Offer Accepted", held_out[5][2:], offer="pro")
        world.happens("Offer Accepted", held_out[6][2:], offer="team")
        assert ways() == {**nobody, "message": 2, "accepted": 1}


def held_out_of(world: LiveWorld) -> list[str]:
    return [unit for (unit,) in world.rows("select unit_id from exposures where arm = 'holdout' order by 1")]


def ways_of(world: LiveWorld) -> dict[str, int]:
    """Count by way, leaving out ways nobody was reached by."""
    (flow,) = live_program(world.connection).workflows.values()
    asked, now = question_of(flow, "USD", world.clock.now()), world.clock.now()
    found = count_contaminated(world.connection, asked, ["pro"], len(held_out_of(world)), now)
    return {way: count for way, count in found.ways.items() if count}


def test_a_task_about_the_same_counts_while_it_is_open_and_at_most_fourteen_days(
    database: str, sink: Sink
) -> None:
    with open_world(database, sink) as world:
        live_through(world, 120)
        units = held_out_of(world)

        def opened(key: str, unit: str, after: float, closed: float | None, by: str = "other") -> None:
            world.connection.execute(
                "insert into tasks"
                " (key, unit_id, household_id, enrollment, workflow, queue, title, offer,"
                " opened_at, due_at, closed_at)"
                " select %s, %s, %s, 'n', %s, 'q', 't', 'pro', at + %s * interval '1 day', at,"
                " at + %s * interval '1 day' from (select min(exposed_at) as at from exposures) as first",
                (key, unit, unit, by, after, closed),
            )

        (key,) = [flow.key for flow in live_program(world.connection).workflows.values()]
        opened("own", units[0], 1, None, by=key)
        opened("closed before", units[1], -5, -1)
        opened("forgotten", units[2], -15, None)
        opened("closed long after", units[3], -20, 5)
        opened("after the horizon", units[4], 91, None)
        opened("of somebody treated", "c:nobody", 1, None)
        assert ways_of(world) == {}
        opened("in the window", units[5], 2, 3)
        opened("the same again", units[5], 4, 5)
        assert ways_of(world) == {"task": 1}
        opened("open then, closed since", units[6], -3, 1)
        opened("still open", units[7], -13, None)
        assert ways_of(world) == {"task": 3}
        # Of an id that went into a held-out customer's.
        merged = "insert into identities values ('gone', %s, 1, now())"
        world.connection.execute(merged.encode(), (units[8][2:],))
        opened("by another id", "c:gone", 2, None)
        assert ways_of(world) == {"task": 4}


def test_a_prompt_about_the_same_counts_without_a_discount_too(database: str, sink: Sink) -> None:
    with open_world(database, sink) as world:
        live_through(world, 20)
        people = [unit[2:] for unit in held_out_of(world)]
        (own,) = [flow.key for flow in live_program(world.connection).workflows.values()]

        def offered(person: str, key: str, by: str, **said: object) -> None:
            properties = {"key": f"{key}/asked", "prompt": key, "unit": f"c:{person}", "workflow": by, **said}
            world.happens("Prompt Offered", person, **properties)

        offered(people[0], "k0", own, offer="pro")
        offered(people[1], "k1", "other", offer="team")
        offered(people[2], "k2", "other", content="a feature, without an offer")
        world.happens("Prompt Shown", people[3], key="k0/asked", offer="pro")
        world.happens("Prompt Shown", people[3], key="k0", offer="pro")
        world.happens("Prompt Withheld", people[4], offer="pro", workflow="other")
        assert ways_of(world) == {}
        offered(people[5], "k5", "other", offer="pro", terms={"offer": "pro"})
        offered(people[5], "k6", "third", offer="pro", terms={"offer": "pro", "discount_rate": 0.1})
        assert ways_of(world) == {"prompt": 1}
        # Somebody else's system shows it, with a key of its own or none.
        world.happens("Prompt Shown", people[6], offer="pro")
        world.happens("Prompt Shown", people[7], key="elsewhere", offer="pro")
        assert ways_of(world) == {"prompt": 3}


def test_another_offer_of_the_same_plan_reaches_the_held_out_as_well(database: str, sink: Sink) -> None:
    offering = workflow(
        trigger="{on: Pricing Viewed}",
        journey="[{prompt: {placement: usage-page, offer: pro-annual}}, {wait: 20 days}]",
        holdout="50%",
    )
    with open_world(database, sink) as world:
        world.apply(make_documents({"flow": offering}))
        for person in PEOPLE:
            world.happens("Customer Identified", person, email=f"{person}@example.com")
            world.happens("Pricing Viewed", person)
            world.settle()
            world.happens("Placement Asked", person, placement="usage-page")
        world.after(DAY)
        first, second, *_ = held_out_of(world)
        world.happens("Prompt Shown", first[2:], key="elsewhere", offer="pro-trial")
        world.happens("Prompt Shown", second[2:], key="elsewhere", offer="starter-trial")
        world.settle()
        program, now = live_program(world.connection), world.clock.now()
        (found,) = report(world.connection, program, now, has_health=True).workflows
        assert found.health is not None
        assert {way: count for way, count in found.health.contamination.ways.items() if count} == {
            "prompt": 1
        }
        printed = "\n".join(
            results_lines(Results("", report(world.connection, program, now, has_health=True)))
        )
        assert "held out and reached another way: 1 by prompt of " in printed


def test_the_report_says_what_was_checked_and_changes_no_reading(database: str, sink: Sink) -> None:
    with open_world(database, sink) as world:
        live_through(world, 130)
        program, now = live_program(world.connection), world.clock.now()
        bare = report(world.connection, program, now)
        found = report(world.connection, program, now, has_health=True)
        assert found.workflows[0].lift == bare.workflows[0].lift
        printed = "\n".join(results_lines(Results("", found)))
        for said in (
            "health of these numbers",
            "A against A, Conversion, 30 days: not known: 0 partings could be read, 100 are needed",
            "held out and reached another way: none of ",
            f"exposed: {len(PEOPLE)} of {len(PEOPLE)} considered",
            f"exposed after event Pricing Viewed: {len(PEOPLE) - len(held_out_of(world))} treated, "
            f"{len(held_out_of(world))} held out; as planned (p = ",
            "trigger at exposure, treated and held out: not known: no stratum has two values",
        ):
            assert said in printed
        (flow,) = json.loads(results_json(Results("", found)))["workflows"]
        assert set(flow["health"]) == {"checks", "contamination", "dilution"}
        assert json.loads(results_json(Results("", bare)))["workflows"][0]["health"] is None


def test_an_effect_is_spread_over_whoever_was_considered(database: str, sink: Sink) -> None:
    with open_world(database, sink) as world:
        live_through(world, 130)
        (found,) = report(world.connection, live_program(world.connection), world.clock.now()).workflows
        spread = dilute(found.lift, 4 * len(PEOPLE))
        assert (spread.exposed, spread.considered) == (len(PEOPLE), 4 * len(PEOPLE))
        for lift in holdout_lifts(found):
            diluted = spread.effects[lift.metric.value]
            if isinstance(lift.absolute, Undetermined):
                assert diluted == lift.absolute
            else:
                assert isinstance(diluted, Effect)
                assert diluted.estimate == pytest.approx(lift.absolute.estimate / 4)
