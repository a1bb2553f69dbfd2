"""A worker killed at random while events come in leaves exactly what an undisturbed one makes of the ledger.

The ledger of the run that was disturbed, receipts included, is told again to another database, where one
worker takes it in peace. Every table is compared, to the microsecond.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest

from tests.live_world import LiveWorld, everything, make_documents, open_world
from tests.plant import Plant, is_at_rest, open_plant, progress, wait_for
from tests.sinks import Sink, open_sink
from tests.stories.world import workflow
from upsell.clock import SystemClock
from upsell.runtime.apply import apply
from upsell.runtime.worker import ALL_SHARDS
from upsell.signals.events import Event
from upsell.store.connect import Connection, connect
from upsell.store.ledger import Head, LedgerInput, append, read_inputs
from upsell.store.revisions import Revision, read_revisions
from upsell.workspace.documents import Documents

pytestmark = pytest.mark.postgres

T1, T2, T3 = (f"{{email: {{content: t{n}, intent: help}}}}" for n in (1, 2, 3))
CAPS = "policy: {caps: [{at_most: 1, within: 1 seconds}]}\n"
AT_ONCE = 40
"""How many moments of the ledger are told again before the worker takes them."""


def documents(last: str) -> Documents:
    """Journeys of a few seconds with every kind of wait, a shadow, a goal, a cap, a task and a jump."""
    waits = (
        f"[{T1}, {{wait: {{for: Order Completed, up_to: 1 seconds}}}}, "
        "{if: arrived, then: [{update: {keen: 'true'}}], else: [{split: "
        f"{{a: {{share: 50%, steps: [{T2}]}}, b: {{share: 50%, steps: [{{wait: 1 seconds}}, {last}]}}}}}}]}}]"
    )
    loops = (
        "[{email: {content: t2, intent: help}, name: again}, {wait: {until: clicked, up_to: 1 seconds}}, "
        "{go: {to: again, at_most: 1}}, {task: {queue: success, title: Call them, due: 2 days}}]"
    )
    on_goal = "on_goal: [{email: {content: t4, intent: service}}]"
    return make_documents(
        {
            "waits": workflow(
                trigger="{on: Pricing Viewed, again_after: 1 seconds}",
                journey=waits,
                holdout="20%",
                goal="{event: Subscription Started, within: 30 days}",
                more=on_goal,
            ),
            "loops": workflow(trigger="{on: Feature Gate Hit}", journey=loops, unit="account"),
        },
        policy=CAPS,
    )


def happenings(chance: random.Random, people: int) -> Iterator[Event]:
    """What happens to people, a third of them in accounts of three, in an order that is drawn."""
    numbers = range(people)
    at = SystemClock()
    homes = {n: f"acme{n // 9}" if n % 9 < 3 else None for n in numbers}

    def event(number: int, name: str, **said: Any) -> Event:
        ident = f"{name}/{number}/{chance.getrandbits(40)}"
        return Event(ident, name, at.now(), 0, f"u{number}", homes[number], said)

    for number in numbers:
        if homes[number] is not None:
            yield event(number, "Account Identified", roles=["admin"])
        yield event(number, "Customer Identified", email=f"u{number}@example.com")
    told: list[tuple[str, dict[str, Any]]] = [
        *[("Pricing Viewed", dict[str, Any]())] * 5,
        ("Order Completed", {}),
        ("Order Completed", {}),
        ("Feature Gate Hit", {}),
        ("Feature Gate Hit", {}),
        ("Subscription Started", {"plan": "pro", "amount": 14900, "currency": "USD"}),
        ("Consent Withdrawn", {}),
        ("Consent Given", {}),
    ]
    for number in chance.choices(numbers, k=people * 4):
        name, said = chance.choice(told)
        yield event(number, name, **said)


def feed(url: str, people: int) -> None:
    """Let everything happen, a few events at a time, and let another revision go live in between."""
    chance = random.Random(20260302)
    waiting = list(happenings(chance, people))
    middle = len(waiting) // 2
    with connect(url) as connection:
        while waiting:
            some, waiting = waiting[:7], waiting[7:]
            append(connection, some, SystemClock())
            if len(waiting) <= middle:
                apply(connection, documents(T1), SystemClock(), expected=None)
            time.sleep(chance.uniform(0.0, 0.05))


@contextmanager
def fed(url: str, people: int) -> Iterator[Thread]:
    feeder = Thread(target=feed, args=(url, people), name="feeder")
    feeder.start()
    try:
        yield feeder
    finally:
        feeder.join()


def disturb(connection: Connection, plant: Plant, kills: int, feeder: Thread) -> None:
    """Kill the process so often, each time at a random moment after it has got something done."""
    chance = random.Random(20260303)
    for _ in range(kills):
        before = progress(connection)
        give_up_at = time.monotonic() + 5
        while progress(connection) == before and time.monotonic() < give_up_at:
            plant.assert_running()
            time.sleep(0.01)
        time.sleep(chance.uniform(0.0, 0.4))
        plant.end(signal.SIGKILL)
        plant.start()
    feeder.join()
    wait_for(lambda: is_at_rest(connection), plant)


def read_all(connection: Connection) -> tuple[list[LedgerInput], list[Revision]]:
    names = [row[0] for row in connection.execute("select distinct name from events where not is_derived")]
    inputs = read_inputs(connection, ALL_SHARDS, names, Head(0, 0), 1 << 40, 1 << 30)
    return inputs, read_revisions(connection, 1)


def tell_again(world: LiveWorld, inputs: list[LedgerInput], revisions: list[Revision]) -> None:
    """Tell a ledger to another database: the same events, seen at the same moments, in the same order."""
    ahead = list(revisions)
    for number, item in enumerate(inputs):
        while ahead and ahead[0].live_from < item.position:
            world.clock.move_to(ahead[0].live_at)
            apply(world.connection, ahead.pop(0).documents, world.clock, expected=None)
        world.clock.move_to(item.event.seen_at)
        world.append([msgspec.structs.replace(item.event, seen_at=0)])
        if number % AT_ONCE == 0:
            world.worker.run_until_idle()
    world.worker.run_until_idle()


def wrote(world: LiveWorld) -> dict[str, list[tuple[Any, ...]]]:
    """All that the worker wrote; what became of messages is the dispatcher's."""
    tables = everything(world)
    return tables | {"outbox": [row[:6] for row in tables["outbox"]]}


def soak(database: str, second_database: str, folder: Path, *, kills: int, people: int) -> None:
    with open_sink() as sink, connect(database) as connection:
        apply(connection, documents(T3), SystemClock(), expected=0)
        with open_plant(database, sink, folder) as plant, fed(database, people) as feeder:
            disturb(connection, plant, kills, feeder)
        inputs, revisions = read_all(connection)
        assert_said_once(connection, sink)
    with open_world(database) as world:
        disturbed = wrote(world)
        ((end,),) = world.rows("select seen_at from ledger_head")
    with open_world(second_database) as world:
        tell_again(world, inputs, revisions)
        world.clock.move_to(end)
        world.worker.run_until_idle()
        undisturbed = wrote(world)
    for table, rows in undisturbed.items():
        assert disturbed[table] == rows, table
    assert len(revisions) == 2
    reasons = {row[3] for row in undisturbed["decisions"]}
    assert reasons >= {"enrolled", "held_out", "goal_reached", "finished", "capped"}
    assert len(undisturbed["outbox"]) > people


def assert_said_once(connection: Connection, sink: Sink) -> None:
    states: dict[str, str] = dict(connection.execute("select key, state from outbox").fetchall())
    assert max(sink.accepted.values()) == 1
    may_be = {key for key, state in states.items() if state in ("sent", "unknown")}
    assert {key for key, state in states.items() if state == "sent"} <= set(sink.accepted) <= may_be


@pytest.mark.slow
def test_a_worker_killed_while_events_come_in_leaves_what_an_undisturbed_one_does(
    database: str, second_database: str, tmp_path: Path
) -> None:
    soak(database, second_database, tmp_path, kills=2, people=30)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_worker_killed_forty_times_while_events_come_in_does_as_well(
    database: str, second_database: str, tmp_path: Path
) -> None:
    soak(database, second_database, tmp_path, kills=40, people=450)
