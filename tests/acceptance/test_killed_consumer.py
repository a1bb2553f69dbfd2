"""A killed consumer neither loses a message nor writes one twice: real processes, killed as it comes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import msgspec
import psycopg
import pytest

from tests.kafka_cluster import Cluster, open_cluster, wait_until
from tests.live_world import make_documents
from upsell.clock import SystemClock
from upsell.runtime.apply import apply
from upsell.store.connect import connect

TOPIC = "events"
SOURCE = """
kafka:
  servers: {servers}
  topics: [events]
  start: earliest
  lost_after: 1 seconds
"""


class Process:
    """A process of ``upsell consume``, started and killed as the test likes."""

    def __init__(self, url: str, log: Path) -> None:
        self._url = url
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as written:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "upsell", "consume", "orders"],
                env=os.environ | {"UPSELL_DATABASE_URL": self._url},
                stdout=written,
                stderr=written,
                start_new_session=True,
            )

    def end(self, how: signal.Signals) -> int | None:
        """Send a signal to the process and its child, and give what it ended with."""
        if self._process is None:
            return None
        process, self._process = self._process, None
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        return process.wait(20)


@contextmanager
def consuming(url: str, log: Path) -> Iterator[Process]:
    process = Process(url, log)
    process.start()
    try:
        yield process
    finally:
        process.end(signal.SIGKILL)


@contextmanager
def sending(cluster: Cluster) -> Iterator[list[int]]:
    """Send messages all the time, with neither ids nor times; give the numbers of those sent."""
    sent: list[int] = []
    is_over = Event()

    def send() -> None:
        while not is_over.is_set():
            number = len(sent)
            item = {"type": "track", "event": "Order Placed", "userId": "u", "properties": {"number": number}}
            cluster.send(TOPIC, number % 3, msgspec.json.encode(item))
            sent.append(number)
            # The cluster keeps a few megabytes of each partition and then forgets the first.
            time.sleep(0.002)

    thread = Thread(target=send)
    thread.start()
    try:
        yield sent
    finally:
        is_over.set()
        thread.join()


def count(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from events where source = 'orders'").fetchone()
        assert row is not None
        return int(row[0])


def kill_at_random(url: str, folder: Path, kills: int) -> None:
    chance = random.Random(20260301)
    with open_cluster() as cluster, connect(url) as connection:
        cluster.make_topic(TOPIC, 3)
        documents = {**make_documents({}), "sources/orders.yaml": SOURCE.format(servers=cluster.servers)}
        apply(connection, documents, SystemClock(), expected=0)
        with consuming(url, folder / "log") as process:
            with sending(cluster) as sent:
                for _ in range(kills):
                    wait_for_more(url)
                    time.sleep(chance.uniform(0.0, 0.2))
                    process.end(signal.SIGKILL)
                    process.start()
                wait_for_more(url)
            wait_until(lambda: count(url) >= len(sent))
            assert process.end(signal.SIGTERM) == 0, (folder / "log").read_text("utf-8")
        rows = connection.execute(
            "select (properties::json ->> 'number')::int from events where source = 'orders' order by 1"
        ).fetchall()
        assert [row[0] for row in rows] == sent
        # No id kept it so: nothing was ever handed to the ledger twice.
        assert connection.execute("select count(*) from repeats").fetchone() == (0,)


def wait_for_more(url: str) -> None:
    before = count(url)
    wait_until(lambda: count(url) > before)


def test_a_killed_consumer_loses_no_message_and_writes_none_twice(database: str, tmp_path: Path) -> None:
    kill_at_random(database, tmp_path, kills=1)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_consumer_killed_thirty_times_loses_nothing(database: str, tmp_path: Path) -> None:
    kill_at_random(database, tmp_path, kills=30)
