"""A killed process loses no event and sends no second mail: real processes, killed at random moments."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live_world import make_documents, two_mails
from tests.sinks import HOST, Sink, open_sink
from upsell.clock import SystemClock
from upsell.runtime.apply import apply
from upsell.signals.events import Event
from upsell.store.connect import Connection, connect
from upsell.store.ledger import append, read_head

SEND_BATCH = 40
CUSTOMERS_A_ROUND = 60
PATIENCE = 60.0


class Plant:
    """A worker process over a database, started and killed as the test likes."""

    def __init__(self, url: str, sink: Sink, folder: Path) -> None:
        self._environment = os.environ | {
            "UPSELL_DATABASE_URL": url,
            "UPSELL_SMTP_HOST": HOST,
            "UPSELL_SMTP_PORT": str(sink.port),
            "UPSELL_BATCH_SIZE": "25",
            "UPSELL_SEND_BATCH_SIZE": str(SEND_BATCH),
            "UPSELL_LEASE_SECONDS": "1",
        }
        self._log = folder / "worker.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "upsell", "worker"],
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def end(self, how: signal.Signals) -> None:
        """Send a signal to the process and all its children, and wait for its end."""
        assert self._process is not None
        os.killpg(self._process.pid, how)
        self._process.wait(PATIENCE)

    def assert_running(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text("utf-8")

    def log(self) -> str:
        return self._log.read_text("utf-8")


@contextmanager
def open_plant(url: str, sink: Sink, folder: Path) -> Iterator[Plant]:
    plant = Plant(url, sink, folder)
    plant.start()
    try:
        yield plant
    finally:
        plant.end(signal.SIGKILL)


def identify_and_trigger(connection: Connection, first: int) -> None:
    """Append events of new customers, in batches so small that kills fall between and inside them."""
    clock = SystemClock()
    for start in range(first, first + CUSTOMERS_A_ROUND, 10):
        numbers = range(start, start + 10)
        said = {"email": "someone@example.com"}
        events = [Event(f"i{n}", "Customer Identified", clock.now(), 0, f"u{n}", None, said) for n in numbers]
        events += [Event(f"p{n}", "Pricing Viewed", clock.now(), 0, f"u{n}") for n in numbers]
        append(connection, events, clock)


def wait_for(condition: Callable[[], bool], plant: Plant) -> None:
    give_up_at = time.monotonic() + PATIENCE
    while not condition():
        plant.assert_running()
        assert time.monotonic() < give_up_at, plant.log()
        time.sleep(0.01)


def number_of(connection: Connection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return int(row[0])


def progress(connection: Connection) -> tuple[int, int]:
    """Something that moves whenever the worker or the dispatcher has done anything."""
    taken = number_of(connection, "select sum(position) from cursors")
    attempted = number_of(connection, "select count(*) from outbox where state <> 'reserved'")
    return taken, attempted


def is_at_rest(connection: Connection) -> bool:
    behind = number_of(
        connection, f"select count(*) from cursors where position < {read_head(connection).position}"
    )
    on_the_way = "select count(*) from outbox where state in ('reserved', 'claimed', 'sending')"
    waiting = "select count(*) from units where next_due_at is not null"
    return not behind and not number_of(connection, on_the_way) and not number_of(connection, waiting)


def kill_at_random(database: str, folder: Path, kills: int) -> None:
    chance = random.Random(20260301)
    with open_sink() as sink, connect(database) as connection:
        apply(connection, make_documents({"w": two_mails("1 seconds")}), SystemClock(), expected=0)
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
    kill_at_random(database, tmp_path, kills=5)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_process_killed_fifty_times_loses_nothing(database: str, tmp_path: Path) -> None:
    kill_at_random(database, tmp_path, kills=50)
