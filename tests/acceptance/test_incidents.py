"""Incidents on the live path: told by command, held for one household or for everyone, found by a replay."""

from __future__ import annotations

from subprocess import CompletedProcess

import pytest

from tests.commands import run_command
from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import open_sink
from tests.stories.world import START, workflow
from upsell.clock import DAY, HOUR, SetClock
from upsell.decisions.reasons import Reason
from upsell.errors import ConfigError
from upsell.runtime.explaining import explain_now, explain_past
from upsell.runtime.incidents import Turn, tell_incident
from upsell.store.incidents import end_incident, read_incidents, start_incident
from upsell.store.ledger import read_head

pytestmark = pytest.mark.postgres

ONE_MAIL = workflow(
    trigger="{on: Pricing Viewed, again_after: 1 days}", journey="[{email: {content: t1, intent: help}}]"
)


def meet(world: LiveWorld, *customers: str) -> None:
    world.append([world.event("Customer Identified", who, email=f"{who}@example.com") for who in customers])


def reasons(world: LiveWorld) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for unit, reason in world.rows("select unit_id, reason from decisions order by number"):
        found.setdefault(unit, []).append(reason)
    return found


def test_an_incident_for_everyone_stops_what_is_reserved_and_what_comes_and_lets_go_after_a_day(
    database: str,
) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": ONE_MAIL}))
        meet(world, "ada", "bob")
        world.happens("Pricing Viewed", "ada")
        world.worker.run_until_idle()
        assert world.states() == {"reserved": 1}
        assert tell_incident(world.connection, world.clock, Turn.START, "INC-1", title="mail is slow").is_new
        world.happens("Pricing Viewed", "bob")
        world.settle()
        assert not sink.accepted
        assert reasons(world)["c:bob"] == [Reason.SENSITIVE.value]
        world.after(5 * HOUR)
        assert tell_incident(world.connection, world.clock, Turn.END, "INC-1").is_new
        world.after(DAY - 1)
        assert not sink.accepted
        world.after(2 * HOUR)
        assert len(sink.accepted) == 2


def test_an_incident_of_one_account_leaves_the_others_alone_and_needs_to_know_the_account(
    database: str,
) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": ONE_MAIL}))
        meet(world, "ada", "bob")
        world.happens("Account Identified", "ada", "acme")
        world.settle()
        assert tell_incident(world.connection, world.clock, Turn.START, "INC-1", unit_id="a:acme").is_new
        with pytest.raises(ConfigError, match="expected an account or a customer"):
            tell_incident(world.connection, world.clock, Turn.START, "INC-1", unit_id="a:acne")
        world.append([world.event("Pricing Viewed", "ada"), world.event("Pricing Viewed", "bob")])
        world.settle()
        assert len(sink.accepted) == 1
        assert [row[0] for row in world.rows("select customer_id from outbox")] == ["bob"]
        assert tell_incident(world.connection, world.clock, Turn.END, "INC-1", unit_id="a:acme").is_new
        world.after(DAY + HOUR)
        assert len(sink.accepted) == 2


def test_telling_an_incident_twice_changes_nothing_and_an_end_of_none_says_so(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"w": ONE_MAIL}))
        meet(world, "ada")
        world.settle()
        for unit_id in (None, "c:ada"):
            told = [
                tell_incident(world.connection, world.clock, turn, "INC-1", unit_id=unit_id).is_new
                for turn in (Turn.START, Turn.START, Turn.END, Turn.END)
            ]
            assert told == [True, False, True, False]
        assert not tell_incident(world.connection, world.clock, Turn.END, "INC-2").is_new
        assert len(read_incidents(world.connection)) == 1


def test_an_incident_has_one_place_among_the_inputs_whatever_the_clock_says(database: str) -> None:
    with open_world(database) as world:
        meet(world, "ada")
        before = read_head(world.connection).seen_at
        slow = SetClock(START - DAY)
        assert start_incident(world.connection, slow, "INC-1", "mail is slow")
        (incident,) = read_incidents(world.connection)
        assert incident.started_at > before
        after = world.append([world.event("Pricing Viewed", "ada")])[0]
        (seen_at,) = world.rows(f"select seen_at from events where position = {after.position}")[0]
        assert seen_at >= incident.started_at
        assert end_incident(world.connection, slow, "INC-1")
        (ended,) = read_incidents(world.connection)
        assert ended.ended_at is not None
        assert ended.ended_at > seen_at


def test_a_past_moment_is_explained_with_the_incidents_of_that_moment(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"w": ONE_MAIL}))
        meet(world, "ada")
        world.settle()
        world.after(HOUR)
        tell_incident(world.connection, world.clock, Turn.START, "INC-1", title="mail is slow")
        during = world.clock.now() + 1
        world.after(HOUR)
        tell_incident(world.connection, world.clock, Turn.END, "INC-1")
        world.after(3 * DAY)

        def would_enter(at: int | None) -> bool:
            if at is None:
                answer = explain_now(world.connection, "c:ada", world.clock.now(), None)
            else:
                answer = explain_past(world.connection, "c:ada", at, None)
            return answer.explanations[0].would_enter

        assert would_enter(during - HOUR)
        assert not would_enter(during)
        assert would_enter(None)


def test_the_command_tells_what_it_did_and_lists_what_is_open(database: str) -> None:
    def run(*words: str) -> CompletedProcess[str]:
        return run_command("incident", *words, UPSELL_DATABASE_URL=database)

    assert "No incident" in run("list").stdout
    begun = run("start", "INC-7", "--title", "checkout is down")
    assert begun.stdout == "Incident INC-7 has begun for everyone.\n"
    assert "nothing changed" in run("start", "INC-7").stdout
    listed = run("list").stdout
    assert "INC-7" in listed
    assert "open" in listed
    assert "checkout is down" in listed
    assert run("end", "INC-7").returncode == 0
    again = run("end", "INC-7")
    assert (again.returncode, again.stdout) == (
        1,
        "Incident INC-7 is not open for everyone; nothing changed.\n",
    )
    unknown = run("start", "INC-8", "--account", "nobody")
    assert unknown.returncode == 1
    assert "got a:nobody" in unknown.stderr
    assert run("start").returncode == 2
    assert run("list", "INC-7").returncode == 2
