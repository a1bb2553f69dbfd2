"""``upsell worker``: take the ledger further and send messages, until stopped."""

from __future__ import annotations

import os
from functools import partial


def worker() -> None:
    """Take events and due timers and send messages, in two processes, until stopped by a signal."""
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.live import run_dispatcher, run_worker
    from upsell.runtime.processes import run_together
    from upsell.store.connect import database_url

    settings = load_settings(os.environ)
    url = database_url(settings)
    run_together(
        {
            "worker": partial(run_worker, url, settings, SystemClock()),
            "dispatcher": partial(run_dispatcher, url, settings, SystemClock()),
        }
    )
