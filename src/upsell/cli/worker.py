"""``upsell worker``: take the ledger further, send messages and watch guardrails, until stopped."""

from __future__ import annotations

import os
from functools import partial


def worker() -> None:
    """Take events and due timers, send messages and watch guardrails, in three processes, until a signal."""
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.live import check_billing, check_mail, run_dispatcher, run_guard, run_worker
    from upsell.runtime.processes import run_together
    from upsell.store.connect import database_url

    settings = load_settings(os.environ)
    check_mail(settings)
    check_billing(settings)
    url = database_url(settings)
    run_together(
        {
            "worker": partial(run_worker, url, settings, SystemClock()),
            "dispatcher": partial(run_dispatcher, url, settings, SystemClock()),
            "guard": partial(run_guard, url, settings, SystemClock()),
        }
    )
