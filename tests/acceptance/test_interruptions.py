"""Interrupted at every single statement, worker and dispatcher still do everything once.

Where the crash test kills processes at random, this one breaks the connection's work at the first
statement, then at the second, and so on, until a run comes through.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.live_world import LiveWorld, everything, make_documents, open_world, two_mails
from tests.sinks import open_sink
from tests.stories.world import workflow
from upsell.clock import HOUR, MINUTE
from upsell.runtime.launch import AT_ONCE
from upsell.store.connect import Connection

pytestmark = pytest.mark.postgres


class LostError(Exception):
    """The process is gone, as far as this test is concerned."""


class Fuse:
    """Lets so many statements pass and breaks at the next."""

    def __init__(self) -> None:
        self.left: int | None = None

    def burn(self) -> None:
        if self.left is not None:
            if self.left == 0:
                raise LostError
            self.left -= 1


def put_fuse(connection: Connection) -> Fuse:
    """Make a connection break where its fuse says."""
    fuse = Fuse()

    class Fused(psycopg.Cursor[tuple[Any, ...]]):
        def execute(self, *args: Any, **kwargs: Any) -> Any:
            fuse.burn()
            return super().execute(*args, **kwargs)

        def copy(self, *args: Any, **kwargs: Any) -> Any:
            fuse.burn()
            return super().copy(*args, **kwargs)

    connection.cursor_factory = Fused
    return fuse


def interrupt_everywhere(fuse: Fuse, act: Callable[[], object]) -> int:
    """Act, broken at the first statement, then at the second...; give how often it was broken."""
    for statements in range(1000):
        fuse.left = statements
        try:
            act()
        except LostError:
            continue
        finally:
            fuse.left = None
        return statements
    msg = "it never came through"
    raise AssertionError(msg)


def make_history(world: LiveWorld) -> None:
    """A little of everything: mails, tasks, shadows, joins, goals, timers that are due."""
    task = "[{task: {queue: success, title: Call them, due: 2 days}}, {email: {content: t2, intent: help}}]"
    paid = "{event: Order Completed, within: 30 days}"
    called = workflow(trigger="{on: Pricing Viewed}", journey=task, goal=paid)
    held = two_mails("1 hours", holdout="50%")
    world.apply(make_documents({"w": held, "v": called}))
    customers = [f"u{n}" for n in range(6)]
    for who in customers:
        world.happens("Customer Identified", who, email=f"{who}@example.com")
        world.happens("Pricing Viewed", who)
    world.happens("Account Identified", "u1", "acme", roles=["admin"])
    world.happens("Order Completed", "u2")
    world.happens("Subscription Started", "u3", plan="starter", amount=4900, currency="USD", interval="month")
    world.happens("Subscription Changed", "u3", plan="pro", amount=14900, currency="USD", interval="month")
    world.clock.move_to(world.clock.now() + 2 * HOUR)


def test_a_worker_interrupted_at_any_statement_does_everything_once(
    database: str, second_database: str
) -> None:
    with open_world(second_database) as world:
        make_history(world)
        world.worker.run_until_idle()
        undisturbed = everything(world)
    with open_world(database) as world:
        make_history(world)
        fuse = put_fuse(world.worker.connection)
        broken = interrupt_everywhere(fuse, world.worker.run_until_idle)
        assert everything(world) == undisturbed
    assert broken > 10
    assert {row[3] for row in undisturbed["decisions"]} >= {"enrolled", "held_out", "goal_reached"}
    assert len(undisturbed["derived"]) > 5


def test_a_launch_interrupted_at_any_statement_launches_everybody_once(
    database: str, second_database: str
) -> None:
    def grow(world: LiveWorld) -> None:
        world.apply(make_documents({"w": two_mails()}))
        known = [f"u{n}" for n in range(AT_ONCE * 2)]
        # Two clicks before the rule that counts them is there.
        world.append([world.event("Clicked", who) for who in known])
        world.append([world.event("Clicked", who) for who in known])
        world.append([world.event("Customer Identified", who, email="a@example.com") for who in known])
        world.worker.run_until_idle()
        rule = "{when: \"event_count('Clicked', interval '7 days') >= 2\"}"
        documents = make_documents({"w": two_mails(), "v": two_mails(trigger=rule)})
        world.apply(documents, expected=1)

    with open_world(second_database) as world:
        grow(world)
        world.worker.run_until_idle()
        undisturbed = everything(world)
    with open_world(database) as world:
        grow(world)
        fuse = put_fuse(world.worker.connection)
        assert interrupt_everywhere(fuse, world.worker.run_until_idle) > 20
        assert everything(world) == undisturbed
    assert [row[3] for row in undisturbed["decisions"]] == ["existing"] * 2 * AT_ONCE


def test_a_dispatcher_interrupted_at_any_statement_sends_nothing_twice(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": two_mails("30 days")}))
        customers = [f"u{n}" for n in range(120)]
        for who in customers:
            world.happens("Customer Identified", who, email=f"{who}@example.com")
        fuse = put_fuse(world.dispatcher.connection)
        spoken = iter(customers)

        def send_one_more() -> None:
            # Each time there is a fresh message, and what the last interruption left can be taken up.
            world.happens("Pricing Viewed", next(spoken))
            world.clock.move_to(world.clock.now() + 2 * MINUTE)
            world.worker.run_until_idle()
            world.dispatcher.run_until_idle()

        broken = interrupt_everywhere(fuse, send_one_more)
        assert broken > 10
        world.clock.move_to(world.clock.now() + 2 * MINUTE)
        world.settle()
        assert max(sink.accepted.values()) == 1
        states = dict(world.rows("select key, state from outbox"))
        assert len(states) == broken + 1
        assert set(states.values()) == {"sent", "unknown"}
        sent = {key for key, state in states.items() if state == "sent"}
        assert sent <= set(sink.accepted)
        receipts = dict(
            world.rows("select properties::json ->> 'key', name from events where source = 'dispatcher'")
        )
        assert {key: name.split()[1].lower() for key, name in receipts.items()} == states
