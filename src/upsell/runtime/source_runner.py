"""The source runner: asks each query of the live workspace when it is due.

For ``up`` and ``worker``, in a process of its own. The laws: a warehouse that fails or hangs keeps nobody
waiting but itself, and is asked less often until it answers; and whoever else runs, one asks at a time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import duckdb
import psycopg
import structlog

from upsell.clock import SECOND, Clock, Duration
from upsell.config import Settings
from upsell.errors import DefinitionError, UpsellError
from upsell.runtime.source_standing import due_at
from upsell.runtime.staying import LONGEST_WAIT, keep_going
from upsell.runtime.syncing import Busy, error_words, sync
from upsell.sources.definitions import read_sources
from upsell.sources.query import QueryDefinition
from upsell.store.connect import Connection, connect
from upsell.store.revisions import newest_number, newest_revision
from upsell.store.source_runs import read_runs

if TYPE_CHECKING:
    from upsell.workspace.documents import Documents

ASKED_EACH: Final[Duration] = 5 * SECOND
"""How often it is asked whether a source is due."""

_log = structlog.get_logger(__name__)


def run_sources(url: str, settings: Settings, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Ask the queries of the live workspace when they are due, until stopped."""
    under_way: dict[str, threading.Thread] = {}

    def work(connection: Connection) -> None:
        number, queries = 0, dict[str, QueryDefinition]()
        ask_at = clock.now()
        while not is_stopped():
            if clock.now() >= ask_at:
                if (newest := newest_number(connection)) != number:
                    live = newest_revision(connection)
                    number, queries = newest, find_queries(live.documents if live is not None else {})
                for name in [each for each, thread in under_way.items() if not thread.is_alive()]:
                    del under_way[name]
                for name in find_due(connection, queries, clock):
                    if name not in under_way:
                        arguments = (url, queries[name], settings.secrets, clock)
                        # Nothing is lost with one that hangs when the process ends: it is begun again.
                        under_way[name] = threading.Thread(target=ask, args=arguments, name=name, daemon=True)
                        under_way[name].start()
                ask_at = clock.now() + ASKED_EACH
            time.sleep(LONGEST_WAIT)

    keep_going(url, work, is_stopped)


def find_queries(documents: Documents) -> dict[str, QueryDefinition]:
    """Give the queries of documents by name; none where this release does not take what another applied."""
    try:
        found = read_sources(documents)
    except DefinitionError as error:
        _log.warning("sources_not_read", error=str(error))
        return {}
    return {name: each for name, each in found.items() if isinstance(each, QueryDefinition)}


def find_due(connection: Connection, queries: Mapping[str, QueryDefinition], clock: Clock) -> list[str]:
    """Give the names of the queries that are due."""
    if not queries:
        return []
    now, runs = clock.now(), read_runs(connection, queries)
    due = {name: due_at(each, runs.get(name), now) for name, each in queries.items()}
    return [name for name, at in due.items() if at is not None and at <= now]


def ask(url: str, definition: QueryDefinition, secrets: Mapping[str, str], clock: Clock) -> None:
    """Ask one query over a connection of its own; a failure is kept and told in the log."""
    try:
        with connect(url) as connection:
            found = sync(connection, definition, secrets, clock)
    except (UpsellError, psycopg.Error, duckdb.Error, OSError) as error:
        _log.warning("source_failed", source=definition.name, error=error_words(error))
        return
    if not isinstance(found, Busy):
        _log.info(
            "source_synced", source=definition.name, rows=found.rows, sent=found.sent, rejected=found.rejected
        )
