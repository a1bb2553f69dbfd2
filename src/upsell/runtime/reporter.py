"""The reporter: mails owners their week when it is due.

For ``up``, in a process of its own that alone loads what reports are made with.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from upsell.clock import Clock
from upsell.config import Settings
from upsell.runtime.carriers import open_mail
from upsell.runtime.staying import LONGEST_WAIT, keep_going
from upsell.runtime.weekly import mail_weekly
from upsell.store.connect import Connection

REPORTED_EACH = 60.0
"""Seconds after which it is asked again whether a week is due."""

_log = structlog.get_logger(__name__)


def run_reporter(url: str, settings: Settings, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Mail owners their week when it is due, where the live workspace asks for it, until stopped.

    Raises:
        ConfigError: Mail would leave this machine with links that lead nowhere.
    """

    def work(connection: Connection) -> None:
        channel = open_mail(settings)
        asked_at = -REPORTED_EACH
        while not is_stopped():
            if time.monotonic() >= asked_at + REPORTED_EACH:
                for state, count in mail_weekly(connection, channel, clock.now()).items():
                    _log.info("weekly_mailed", state=state.value, owners=count)
                asked_at = time.monotonic()
            time.sleep(LONGEST_WAIT)

    keep_going(url, work, is_stopped)
