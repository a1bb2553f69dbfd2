"""``upsell serve``: take events over HTTP until stopped."""

from __future__ import annotations

import os
from functools import partial


def serve() -> None:
    """Take events over HTTP until stopped by a signal; what is being written is finished first."""
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.live import check_billing
    from upsell.runtime.processes import run_together
    from upsell.store.connect import database_url
    from upsell.web.server import check_address, serve_events, served_at

    settings = load_settings(os.environ)
    check_billing(settings)
    url = database_url(settings)
    check_address(settings, url, SystemClock())
    tell = partial(print, *served_at(settings, url, SystemClock()), sep="\n", flush=True)
    run_together({"server": partial(serve_events, settings, url, SystemClock(), tell=tell)})
