"""``upsell worker``: take the ledger further, send messages, watch guardrails, ask queries, tell sinks."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upsell.clock import Clock
    from upsell.config import Settings


def worker() -> None:
    """Take events and due timers, send messages, watch guardrails, ask queries and tell sinks."""
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.carriers import check_channels
    from upsell.runtime.live import check_billing, run_dispatcher, run_guard, run_worker
    from upsell.runtime.processes import run_together
    from upsell.store.connect import database_url

    settings = load_settings(os.environ)
    check_channels(settings)
    check_billing(settings)
    url = database_url(settings)
    run_together(
        {
            "worker": partial(run_worker, url, settings, SystemClock()),
            "dispatcher": partial(run_dispatcher, url, settings, SystemClock()),
            "guard": partial(run_guard, url, settings, SystemClock()),
            "sources": partial(_run_sources, url, settings, SystemClock()),
            "sinks": partial(_run_sinks, url, settings, SystemClock()),
        }
    )


def _run_sources(url: str, settings: Settings, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Ask queries when they are due, from when there is one; only then is loaded what reads warehouses."""
    from upsell.runtime.staying import wait_for_sort

    wait_for_sort(url, "query", is_stopped)
    if is_stopped():
        return
    from upsell.runtime.source_runner import run_sources

    run_sources(url, settings, clock, is_stopped)


def _run_sinks(url: str, settings: Settings, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Tell sinks of events, from when there is one; only then is loaded what calls other servers."""
    from upsell.runtime.staying import wait_for_sinks

    wait_for_sinks(url, is_stopped)
    if is_stopped():
        return
    from upsell.runtime.sink_runner import run_sinks

    run_sinks(url, settings, clock, is_stopped)
