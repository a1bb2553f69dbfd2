"""A killed process loses no event and sends no second mail: real processes, killed at random moments."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from tests.live_world import make_documents, two_mails
from tests.plant import SEND_BATCH, is_at_rest, number_of, open_plant, progress, wait_for
from tests.sinks import Sink, open_sink
from upsell.clock import SystemClock
from upsell.runtime.apply import apply
from upsell.signals.events import Event
from upsell.store.connect import Connection, connect
from upsell.store.ledger import append

CUSTOMERS_A_ROUND = 60
ROOMY = "policy: {caps: [{at_most: 100000, within: 7 days}]}\n"
"""A cap that nobody reaches, so that every message takes a place at the address all share."""


def identify_and_trigger(connection: Connection, first: int) -> None:
    """Append events of new customers, in batches so small that kills fall between and inside them."""
    clock = SystemClock()
    for start in range(first, first + CUSTOMERS_A_ROUND, 10):
        numbers = range(start, start + 10)
        said = {"email": "someone@example.com"}
        events = [Event(f"i{n}", "Customer Identified", clock.now(), 0, f"u{n}", None, said) for n in numbers]
        events += [Event(f"p{n}", "Pricing Viewed", clock.now(), 0, f"u{n}") for n in numbers]
        append(connection, events, clock)


def kill_at_random(database: str, folder: Path, kills: int) -> None:
    chance = random.Random(20260301)
    with open_sink() as sink, connect(database) as connection:
        documents = make_documents({"w": two_mails("1 seconds")}, policy=ROOMY)
        apply(connection, documents, SystemClock(), expected=0)
        with open_plant(database, sink, folder) as plant:
            for round_number in range(kills):
                before = progress(connection)
                identify_and_trigger(connection, round_number * CUSTOMERS_A_ROUND)
                wait_for(lambda before=before: progress(connection) != before, plant)  # type: ignore[misc]  # mypy cannot type the default
                time.sleep(chance.uniform(0.0, 0.3))
                plant.end(signal.SIGKILL)
                plant.start()
            wait_for(lambda: is_at_rest(connection), plant)
            plant.end(signal.SIGTERM)
            plant.start()
        assert_nothing_lost_or_doubled(connection, sink, kills)


def assert_nothing_lost_or_doubled(connection: Connection, sink: Sink, kills: int) -> None:
    customers = kills * CUSTOMERS_A_ROUND
    enrolled = connection.execute(
        "select count(*), count(distinct unit_id) from decisions where reason = 'enrolled'"
    ).fetchone()
    assert enrolled == (customers, customers)
    finished = "select count(distinct unit_id) from decisions where reason = 'finished'"
    assert number_of(connection, finished) == customers
    states: dict[str, str] = dict(connection.execute("select key, state from outbox").fetchall())
    assert len(states) == 2 * customers
    assert set(states.values()) <= {"sent", "unknown"}
    assert {row[0] for row in connection.execute("select key from places where not is_open")} == set(states)
    unknown = {key for key, state in states.items() if state == "unknown"}
    sent = set(states) - unknown
    assert max(sink.accepted.values()) == 1
    assert sent <= set(sink.accepted) <= sent | unknown
    assert len(unknown) <= kills * SEND_BATCH
    receipts = connection.execute(
        "select properties::json ->> 'key', name from events where source = 'dispatcher'"
    ).fetchall()
    names = {"sent": "Message Sent", "unknown": "Message Unknown"}
    assert sorted(receipts) == sorted((key, names[state]) for key, state in states.items())


def test_a_killed_process_loses_no_event_and_sends_no_mail_twice(database: str, tmp_path: Path) -> None:
    kill_at_random(database, tmp_path, kills=2)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_process_killed_fifty_times_loses_nothing(database: str, tmp_path: Path) -> None:
    kill_at_random(database, tmp_path, kills=50)
