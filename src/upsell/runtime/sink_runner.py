"""The sink runner: a lane for each sink of the live workspace, each by itself.

For ``up`` and ``worker``, in a process of its own. The laws: one that is slow or dead keeps nobody
waiting but itself; whoever else runs, one tells a sink at a time; and a new revision is taken up within
seconds.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from upsell.channels.border import Border, read_border
from upsell.channels.sinks.definition import Definition
from upsell.channels.sinks.definitions import read_sinks
from upsell.clock import Clock
from upsell.config import Settings
from upsell.errors import ConfigError, DefinitionError
from upsell.runtime.lanes import Lane
from upsell.runtime.staying import LONGEST_WAIT, keep_going
from upsell.store import ledger
from upsell.store.connect import Connection
from upsell.store.revisions import newest_number, newest_revision
from upsell.store.sinks import hold_sink, leave_sink, note_trouble, note_unheard

if TYPE_CHECKING:
    from upsell.workspace.documents import Documents

ASKED_EACH: Final = 1.0
"""Seconds after which it is asked again whether another revision is live."""

_PATIENCE: Final = 5.0
"""Seconds that a lane is waited for; what it had in hand is told again by whoever has it next."""

_log = structlog.get_logger(__name__)


class _Running(msgspec.Struct, frozen=True):
    """A lane that runs: what it was made of, its thread, and what stops it."""

    definition: Definition
    thread: threading.Thread
    stopped: threading.Event


def run_sinks(url: str, settings: Settings, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Tell every sink of the live workspace, until stopped.

    Raises:
        ConfigError: What may be reached is not told as it should be.
    """
    border = read_border(settings.webhook_hosts)
    running: dict[str, _Running] = {}

    def start(definition: Definition) -> None:
        stopped = threading.Event()
        arguments = (url, settings.secrets, border, definition, clock, stopped.is_set)
        thread = threading.Thread(target=run_lane, args=arguments, name=definition.name, daemon=True)
        running[definition.name] = _Running(definition, thread, stopped)
        thread.start()

    def work(connection: Connection) -> None:
        number, sinks = 0, dict[str, Definition]()
        while not is_stopped():
            if (newest := newest_number(connection)) != number:
                live = newest_revision(connection)
                number, sinks = newest, find_sinks(live.documents if live is not None else {})
            _end([each for name, each in running.items() if each.definition != sinks.get(name)])
            for name in [name for name, each in running.items() if not each.thread.is_alive()]:
                del running[name]
            for name, definition in sinks.items():
                if name not in running:
                    start(definition)
            _sleep(ASKED_EACH, is_stopped)

    try:
        keep_going(url, work, is_stopped)
    finally:
        _end(running.values())


def find_sinks(documents: Documents) -> dict[str, Definition]:
    """Give the sinks of documents; none where this release does not take what another applied."""
    try:
        return dict(read_sinks(documents))
    except DefinitionError as error:
        _log.warning("sinks_not_read", error=str(error))
        return {}


def run_lane(
    url: str,
    secrets: Mapping[str, str],
    border: Border,
    definition: Definition,
    clock: Clock,
    is_stopped: Callable[[], bool],
) -> None:
    """Tell one sink until stopped; while another process does, or its secret is missing, stand by."""

    def work(connection: Connection) -> None:
        try:
            sink = definition.open(secrets, border)
        except ConfigError as error:
            _log.warning("sink_closed", sink=definition.name, error=str(error))
            _stand_by(connection, definition.name, str(error), is_stopped)
            return
        while not hold_sink(connection, definition.name):
            if _sleep(ASKED_EACH, is_stopped):
                return
        note_trouble(connection, definition.name, "")
        note_unheard(connection, definition.name, "")  # it may be a desk no more
        _log.info("sink_opened", sink=definition.name)
        connection.execute(f"listen {ledger.CHANNEL}")
        with asyncio.Runner() as runner:
            lane = Lane(connection, clock, definition, sink, runner)
            try:
                while not is_stopped():
                    if not lane.run_once(is_stopped):
                        list(connection.notifies(timeout=LONGEST_WAIT, stop_after=1))
            finally:
                runner.run(sink.close())

    keep_going(url, work, is_stopped)


def _stand_by(connection: Connection, name: str, trouble: str, is_stopped: Callable[[], bool]) -> None:
    """Say why a sink cannot be opened, while nobody else tells it, until stopped; keep it from nobody."""
    while not is_stopped():
        if hold_sink(connection, name):
            note_trouble(connection, name, trouble)
            leave_sink(connection, name)
        _sleep(ASKED_EACH, is_stopped)


def _end(lanes: Iterable[_Running]) -> None:
    """Stop lanes and wait for them: each ends with what it has in hand."""
    ending = list(lanes)
    for each in ending:
        each.stopped.set()
    for each in ending:
        each.thread.join(_PATIENCE)


def _sleep(seconds: float, is_stopped: Callable[[], bool]) -> bool:
    """Sleep, looking up for a stop; give whether one came."""
    until = time.monotonic() + seconds
    while not is_stopped() and time.monotonic() < until:
        time.sleep(LONGEST_WAIT / 5)
    return is_stopped()
