"""``upsell up``: everything that runs, as processes of one tree.

Those that ask warehouses, read Kafka and tell sinks stand by until a revision is live that has such a file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upsell.clock import Clock
    from upsell.config import Settings


def up() -> None:
    """Run everything, sources, sinks and consumers of Kafka too, until stopped by a signal.

    When one of them ends by itself the others are stopped and the exit code is 1.
    """
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.carriers import check_channels
    from upsell.runtime.live import (
        check_billing,
        run_dispatcher,
        run_guard,
        run_learner,
        run_worker,
    )
    from upsell.runtime.processes import run_together
    from upsell.store.connect import database_url
    from upsell.web.server import check_address, serve_events, served_at

    settings = load_settings(os.environ)
    check_channels(settings)
    check_billing(settings)
    url = database_url(settings)
    check_address(settings, url, SystemClock())
    tell = partial(print, *served_at(settings, url, SystemClock()), sep="\n", flush=True)
    run_together(
        {
            "server": partial(serve_events, settings, url, SystemClock(), tell=tell),
            "worker": partial(run_worker, url, settings, SystemClock()),
            "dispatcher": partial(run_dispatcher, url, settings, SystemClock()),
            "guard": partial(run_guard, url, settings, SystemClock()),
            "learner": partial(run_learner, url, SystemClock()),
            "sources": partial(_run_sources, url, settings, SystemClock()),
            "reporter": partial(_run_reporter, url, settings, SystemClock()),
            "consumers": partial(_run_consumers, url, settings, SystemClock()),
            "sinks": partial(_run_sinks, url, settings, SystemClock()),
        }
    )


def _run_consumers(url: str, settings: Settings, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Read every source of Kafka, from when there is one; only then is Kafka's client loaded."""
    from upsell.runtime.staying import wait_for_sort

    wait_for_sort(url, "kafka", is_stopped)
    if is_stopped():
        return
    from upsell.runtime.consumers import run_consumers

    run_consumers(url, settings, clock, is_stopped)


def _run_sources(url: str, settings: Settings, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Ask queries when they are due, from when there is one; only then is loaded what reads warehouses."""
    from upsell.runtime.staying import wait_for_sort

    wait_for_sort(url, "query", is_stopped)
    if is_stopped():
        return
    from upsell.runtime.source_runner import run_sources

    run_sources(url, settings, clock, is_stopped)


def _run_reporter(url: str, settings: Settings, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Run the reporter; only its own process loads what reports are made with."""
    from upsell.runtime.reporter import run_reporter

    run_reporter(url, settings, clock, is_stopped)


def _run_sinks(url: str, settings: Settings, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Tell sinks of events, from when there is one; only then is loaded what calls other servers."""
    from upsell.runtime.staying import wait_for_sinks

    wait_for_sinks(url, is_stopped)
    if is_stopped():
        return
    from upsell.runtime.sink_runner import run_sinks

    run_sinks(url, settings, clock, is_stopped)
