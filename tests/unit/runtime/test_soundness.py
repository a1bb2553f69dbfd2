"""Soundness of a live report: what was reached another way is counted, and what was checked is said."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.live_world import open_world
from tests.sinks import Sink, open_sink
from tests.unit.runtime.test_reporting import PEOPLE, live_through
from upsell.cli.results_text import results_lines
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
