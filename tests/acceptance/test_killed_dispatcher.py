"""A dispatcher killed under load: every message ends in a named state, and no key is accepted twice.

The dispatcher is a real process with a full outbox before it, the mail server another, which outlives it and
counts what it accepted by Message-ID. Each time the dispatcher is killed (SIGKILL) at a random moment after
it has begun to hand over, so that letters are in flight.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.process import BaseProcess

import pytest

from tests.live_world import make_documents, open_world, two_mails
from tests.plant import PATIENCE, number_of
from upsell.clock import SystemClock
from upsell.config import Settings
from upsell.runtime.live import run_dispatcher
from upsell.store.connect import Connection, connect
from upsell.testing.mail_sink import HOST, MailSinkProcess, open_mail_sink

pytestmark = pytest.mark.postgres

A_KILL = 60
"""How many messages there are for each time the dispatcher is killed, so that there is always a load."""

THINKS = 0.003
"""Seconds the mail server thinks about each letter: what is in flight is in flight for a while."""

IN_FLIGHT = 20
"""How many messages are handed over at a time."""

SPAWN = get_context("forkserver")
SPAWN.set_forkserver_preload(["upsell.runtime.live"])


def fill(database: str, messages: int) -> None:
    """Let a message be reserved for each of many people; all share one address and a cap nobody reaches."""
    with open_world(database) as world:
        world.clock.move_to(SystemClock().now())
        policy = "policy: {caps: [{at_most: 1000000, within: 7 days}]}\n"
        world.apply(make_documents({"w": two_mails("1 days")}, policy=policy))
        for start in range(0, messages, 500):
            people = [f"u{number}" for number in range(start, min(start + 500, messages))]
            world.append(
                [world.event("Customer Identified", who, email=f"{who}@example.com") for who in people]
                + [world.event("Pricing Viewed", who) for who in people]
            )
            world.worker.run_until_idle()
        assert world.states() == {"reserved": messages}


def be_dispatcher(database: str, port: int) -> None:
    """Be a process that sends until it is killed."""
    settings = Settings(
        database_url=database, smtp_host=HOST, smtp_port=port, lease_seconds=1, send_batch_size=IN_FLIGHT
    )
    run_dispatcher(database, settings, SystemClock(), lambda: False)


@contextmanager
def dispatching(database: str, sink: MailSinkProcess) -> Iterator[BaseProcess]:
    """Run a dispatcher in a process of its own, and kill it at the end."""
    process = SPAWN.Process(target=be_dispatcher, args=(database, sink.port), daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def kill_under_load(database: str, kills: int) -> None:
    chance = random.Random(20261126)
    messages = kills * A_KILL
    fill(database, messages)
    in_flight = 0
    with open_mail_sink(pause=THINKS) as sink, connect(database) as connection:
        for _ in range(kills):
            begun = total(sink)
            with dispatching(database, sink) as process:
                await_progress(sink, begun, process)
                time.sleep(chance.uniform(0.0, 0.03))
            in_flight += number_of(connection, "select count(*) from outbox where state = 'sending'")
        with dispatching(database, sink) as process:
            await_rest(connection, process)
        assert_promise(connection, sink.taken().accepted, messages, in_flight)


def assert_promise(connection: Connection, accepted: Counter[str], messages: int, in_flight: int) -> None:
    states: dict[str, str] = dict(connection.execute("select key, state from outbox").fetchall())
    assert len(states) == messages
    assert set(states.values()) <= {"sent", "unknown"}, "every message ends in a named state"
    assert set(accepted.values()) == {1}, "each key is accepted at most once"
    unknown = {key for key, state in states.items() if state == "unknown"}
    assert set(states) - unknown <= set(accepted) <= set(states), "what is called sent was accepted"
    # What one kill left in `sending` may be counted again at the next one, while its lease goes on.
    assert len(unknown) <= in_flight, "unknowns are never more than what was in flight"
    assert unknown, "no kill fell between: the test proves nothing"
    kept = number_of(connection, "select count(*) from letters")
    assert kept == messages, "also of those that are unknown it is known what would have been read"
    receipts: dict[str, str] = dict(
        connection.execute(
            "select properties::json ->> 'key', name from events where source = 'dispatcher'"
        ).fetchall()
    )
    names = {"sent": "Message Sent", "unknown": "Message Unknown"}
    assert receipts == {key: names[state] for key, state in states.items()}
    assert number_of(connection, "select count(*) from events where source = 'dispatcher'") == messages


def total(sink: MailSinkProcess) -> int:
    return sum(sink.taken().accepted.values())


def await_progress(sink: MailSinkProcess, begun: int, process: BaseProcess) -> None:
    """Wait until a letter was accepted since."""
    give_up_at = time.monotonic() + PATIENCE
    while total(sink) == begun:
        assert process.is_alive()
        assert time.monotonic() < give_up_at, "there is no load any more"
        time.sleep(0.002)


def await_rest(connection: Connection, process: BaseProcess) -> None:
    give_up_at = time.monotonic() + PATIENCE
    left = "select count(*) from outbox where state in ('reserved', 'claimed', 'sending')"
    while number_of(connection, left):
        assert process.is_alive()
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def test_a_dispatcher_killed_ten_times_under_load_keeps_its_promise(database: str) -> None:
    kill_under_load(database, kills=10)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_dispatcher_killed_two_hundred_times_under_load_keeps_its_promise(
    database: str,
) -> None:
    kill_under_load(database, kills=200)


def test_two_dispatchers_at_once_send_no_key_twice(database: str) -> None:
    messages = 400
    fill(database, messages)
    with (
        open_mail_sink(pause=THINKS) as sink,
        connect(database) as connection,
        dispatching(database, sink) as one,
        dispatching(database, sink) as other,
    ):
        await_rest(connection, one)
        assert other.is_alive()
        accepted = sink.taken().accepted
        assert set(accepted.values()) == {1}
        assert len(accepted) == messages
        ((states,),) = connection.execute("select array_agg(distinct state) from outbox").fetchall()
        assert states == ["sent"]
