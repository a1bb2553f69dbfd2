"""A plant: a real worker process over a database, which tests start and kill as they like."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sinks import HOST, Sink
from upsell.store.connect import Connection

SEND_BATCH = 40
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
    """Tell whether everything is taken and sent, and nobody is due within a minute, all at one moment."""
    left = """
        select
            (select count(*) from cursors where position < (select position from ledger_head))
            + (select count(*) from outbox where state in ('reserved', 'claimed', 'sending'))
            + (select count(*) from units where next_due_at < now() + interval '1 minute')
    """
    return number_of(connection, left) == 0
