"""``upsell up``: everything that runs, as processes of one tree.

Consumers run where the workspace that is live has a source of Kafka.
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
    """Run server, worker, dispatcher, guard, learner, sources and reporter until stopped by a signal.

    Where the workspace that is live when it starts has a source of Kafka, all such sources are read too.
    When one of them ends by itself the others are stopped and the exit code is 1.
    """
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.live import (
        check_billing,
        check_mail,
        run_dispatcher,
        run_guard,
        run_learner,
        run_worker,
    )
    from upsell.runtime.processes import run_together
    from upsell.store.connect import database_url
    from upsell.web.server import check_address, serve_events, served_at

    settings = load_settings(os.environ)
    check_mail(settings)
    check_billing(settings)
    url = database_url(settings)
    check_address(settings, url, SystemClock())
    for line in served_at(settings):
        print(line, flush=True)
    run_together(
        {
            "server": partial(serve_events, settings, url, SystemClock()),
            "worker": partial(run_worker, url, settings, SystemClock()),
            "dispatcher": partial(run_dispatcher, url, settings, SystemClock()),
            "guard": partial(run_guard, url, settings, SystemClock()),
            "learner": partial(run_learner, url, SystemClock()),
            "sources": partial(_run_sources, url, settings, SystemClock()),
            "reporter": partial(_run_reporter, url, settings, SystemClock()),
            **({"consumers": partial(_run_consumers, url, settings, SystemClock())} if _reads(url) else {}),
        }
    )


def _reads(url: str) -> bool:
    """Tell whether the workspace that is live has a source of Kafka."""
    from upsell.errors import DefinitionError
    from upsell.runtime.live_sources import read_streams
    from upsell.store.connect import connect

    with connect(url) as connection:
        try:
            return bool(read_streams(connection).sources)
        except DefinitionError:
            return False


def _run_consumers(url: str, settings: Settings, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Read every source of Kafka; only this process loads Kafka's client."""
    from upsell.runtime.consumers import run_consumers

    run_consumers(url, settings, clock, is_stopped)


def _run_sources(url: str, settings: Settings, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Ask queries when they are due; only their own process loads what reads warehouses."""
    from upsell.runtime.source_runner import run_sources

    run_sources(url, settings, clock, is_stopped)


def _run_reporter(url: str, settings: Settings, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Run the reporter; only its own process loads what reports are made with."""
    from upsell.runtime.reporter import run_reporter

    run_reporter(url, settings, clock, is_stopped)
