"""Whoever tells sinks may be killed: nothing is lost, and what is repeated has the same id and body.

Real processes, killed as it comes, beside a sink that never answers.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.test_sinks import Receiver, open_receiver
from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import GATEWAY_SECRET
from upsell.clock import SystemClock
from upsell.runtime.apply import apply
from upsell.store.sinks import read_sinks

_RUN = """
import os, signal
from upsell.clock import SystemClock
from upsell.config import load_settings
from upsell.runtime.sink_runner import run_sinks
stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
settings = load_settings(os.environ)
run_sinks(settings.database_url, settings, SystemClock(), lambda: bool(stopped))
"""


@contextmanager
def telling(url: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "UPSELL_DATABASE_URL": url,
        "UPSELL_WEBHOOK_HOSTS": "127.0.0.1",
        "UPSELL_SECRET_SINK_CRM": GATEWAY_SECRET,
        "UPSELL_SECRET_SINK_DEAD": GATEWAY_SECRET,
    }
    with log.open("ab") as written:
        process = subprocess.Popen(
            [sys.executable, "-c", _RUN], env=environment, stdout=written, stderr=written
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


def has_heard(receiver: Receiver, count: int) -> bool:
    return len(receiver.heard) > count


def note(world: LiveWorld, count: int) -> None:
    world.append([world.event("Noted", "ada", number=str(number)) for number in range(count)])


def prepare(world: LiveWorld, receiver: Receiver) -> None:
    texts = {"crm": receiver.url, "dead": "http://127.0.0.1:9/x"}
    sinks = {
        f"sinks/{name}.yaml": f"{{webhook: {{url: '{url}'}}, events: [Noted]}}" for name, url in texts.items()
    }
    apply(world.connection, {**make_documents({}), **sinks}, SystemClock(), expected=0)


@pytest.mark.slow
def test_a_killed_teller_repeats_and_loses_nothing(database: str, tmp_path: Path) -> None:
    chance = random.Random(20260302)
    with open_world(database) as world, open_receiver() as receiver:
        prepare(world, receiver)
        rounds, each = 6, 400
        for _ in range(rounds):
            note(world, each)
            heard = len(receiver.heard)
            with telling(database, tmp_path / "log") as process:
                wait_until(partial(has_heard, receiver, heard + 60))
                time.sleep(chance.uniform(0.0, 0.05))
                process.send_signal(signal.SIGKILL)
        with telling(database, tmp_path / "log") as process:
            wait_until(lambda: len(set(receiver.ids())) >= rounds * each)
            wait_until(lambda: read_sinks(world.connection, "crm")[0].taken >= rounds * each)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0, (tmp_path / "log").read_text("utf-8")
        assert len(set(receiver.ids())) == rounds * each
        bodies = defaultdict(set)
        for (parcel, _), body in zip(receiver.heard, receiver.bodies, strict=True):
            bodies[parcel].add(repr(body))
        assert all(len(said) == 1 for said in bodies.values())
        # At most what was in hand is repeated: fifty for each kill, and one that was under way.
        assert len(receiver.heard) <= rounds * each + rounds * 51
        (dead,) = read_sinks(world.connection, "dead")
        assert (dead.taken, dead.failures >= 5) == (0, True)
