"""Staying: how a part of the live program lasts while its database goes away, and waits until it is wanted.

For every part of ``worker`` and ``up``. It loads next to nothing, so that a part which nobody needs yet costs
next to nothing: what does the part's work is loaded when a revision is live that has something for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

import psycopg
import structlog

from upsell.sources.sort_keys import is_source, sorts_of
from upsell.store.connect import Connection, connect
from upsell.store.revisions import newest_number, newest_revision
from upsell.workspace.documents import SINKS

LONGEST_WAIT: Final = 0.5
"""Seconds after which a wait looks up, so that a stop is heard."""

ASKED_EACH: Final = 2.0
"""Seconds after which it is asked again whether a part is wanted."""

_PAUSE: Final = 1.0
_log = structlog.get_logger(__name__)


def keep_going(url: str, work: Callable[[Connection], None], is_stopped: Callable[[], bool]) -> None:
    """Work over a connection, over a new one when it breaks."""
    while not is_stopped():
        connection = connect(url)
        try:
            work(connection)
        except psycopg.OperationalError as error:
            _log.warning("database_lost", error=str(error).strip())
            time.sleep(_PAUSE)
        finally:
            connection.close()


def wait_for_sort(url: str, sort: str, is_stopped: Callable[[], bool]) -> None:
    """Wait until the workspace that is live has a source of a sort, told by its one key, or until stopped.

    Raises:
        StoreError: The schema is not this program's.
    """
    wait_for(url, lambda documents: has_sort(documents, sort), is_stopped)


def wait_for_sinks(url: str, is_stopped: Callable[[], bool]) -> None:
    """Wait until the workspace that is live has a sink, or until stopped.

    Raises:
        StoreError: The schema is not this program's.
    """
    wait_for(url, lambda documents: any(path.startswith(f"{SINKS}/") for path in documents), is_stopped)


def wait_for(
    url: str, is_wanted: Callable[[Mapping[str, str]], bool], is_stopped: Callable[[], bool]
) -> None:
    """Wait until the documents that are live want a part of the program, or until stopped.

    Raises:
        StoreError: The schema is not this program's.
    """
    wanted = False

    def work(connection: Connection) -> None:
        nonlocal wanted
        number, ask_at = 0, time.monotonic()
        while not (wanted or is_stopped()):
            if time.monotonic() >= ask_at:
                if (newest := newest_number(connection)) != number:
                    live, number = newest_revision(connection), newest
                    wanted = live is not None and is_wanted(live.documents)
                ask_at = time.monotonic() + ASKED_EACH
            else:
                time.sleep(LONGEST_WAIT / 5)

    keep_going(url, work, lambda: wanted or is_stopped())


def has_sort(documents: Mapping[str, str], sort: str) -> bool:
    """Tell whether a source among documents is of a sort, without loading what reads sources."""
    return any(is_source(path) and sort in sorts_of(path, text) for path, text in documents.items())
