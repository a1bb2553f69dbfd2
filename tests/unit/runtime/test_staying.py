"""A part of the live program that nobody needs yet waits at next to no cost, and is there when needed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import partial

import pytest

from tests.live_world import make_documents
from upsell.clock import SystemClock
from upsell.runtime.apply import apply
from upsell.runtime.staying import has_sort, wait_for_sort
from upsell.store.connect import connect

KAFKA = "kafka: {servers: 'a:9092', topics: [orders], start: earliest}\n"
HOOK = "# kafka: is not what this is\nwebhook: {recipe: zendesk}\n"


@pytest.mark.parametrize(
    ("documents", "is_there"),
    [
        ({}, False),
        ({"sources/orders.yaml": KAFKA}, True),
        ({"sources/orders.yaml": HOOK}, False),
        ({"sources/a.yaml": HOOK, "sources/orders.yaml": KAFKA}, True),
        ({"workflows/kafka.yaml": KAFKA}, False),
        ({"sources/orders.yaml": ""}, False),
        ({"sources/orders.yaml": "- kafka\n"}, False),
        ({"sources/orders.yaml": "kafka: {"}, False),
        ({"sources/orders.yaml": "[kafka]: 1\n"}, False),
    ],
)
def test_a_sort_is_told_by_the_key_of_a_source(documents: Mapping[str, str], is_there: bool) -> None:
    assert has_sort(documents, "kafka") is is_there


@pytest.mark.parametrize(
    "heavy", ["duckdb", "pyarrow", "confluent_kafka", "sqlglot", "jmespath", "stripe", "upsell.runtime.live"]
)
def test_what_stands_by_loads_nothing_of_what_it_waits_for(heavy: str) -> None:
    told = f"import upsell.cli.up, upsell.runtime.staying, sys; print({heavy!r} in sys.modules)"
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


@pytest.mark.postgres
def test_a_revision_that_brings_a_sort_ends_the_waiting(database: str) -> None:
    stopped = threading.Event()
    waiting = threading.Thread(target=wait_for_sort, args=(database, "kafka", stopped.is_set))
    put = partial(apply, clock=SystemClock())
    waiting.start()
    try:
        with connect(database) as connection:
            put(connection, {**make_documents({}), "sources/helpdesk.yaml": HOOK}, expected=0)
            waiting.join(3)
            assert waiting.is_alive(), "a webhook is nothing for it"
            put(connection, {**make_documents({}), "sources/orders.yaml": KAFKA}, expected=1)
        waiting.join(20)
        assert not waiting.is_alive()
    finally:
        stopped.set()
        waiting.join()


@pytest.mark.postgres
def test_what_waits_hears_a_stop(database: str) -> None:
    wait_for_sort(database, "query", lambda: True)
    stopped = threading.Event()
    waiting = threading.Thread(target=wait_for_sort, args=(database, "query", stopped.is_set))
    waiting.start()
    stopped.set()
    waiting.join(20)
    assert not waiting.is_alive()
