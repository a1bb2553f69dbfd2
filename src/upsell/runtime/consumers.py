"""Consumers: the sources of Kafka of the workspace that is live, each read by a consumer.

For the commands ``consume`` and ``up``. The laws: a revision that changes a source is taken up without a
restart; and what is wrong with one source stops neither another nor the rest of the program.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Final

import msgspec
import psycopg
import structlog

from upsell.clock import Clock
from upsell.config import Settings
from upsell.errors import StoreError, UpsellError
from upsell.runtime.consuming import Consumer, Reading
from upsell.runtime.live_sources import Streams, read_streams
from upsell.runtime.processes import collect_rarely
from upsell.runtime.staying import LONGEST_WAIT
from upsell.sources.kafka import KafkaDefinition
from upsell.sources.kafka_stream import KafkaStream, Subscription
from upsell.store.connect import Connection, connect
from upsell.store.revisions import newest_number

ASKED_EACH: Final = 2.0
"""Seconds after which it is asked again whether another revision is live."""

TRIED_EACH: Final = 10.0
"""Seconds after which a source that stopped is tried again, beside others."""

_log = structlog.get_logger(__name__)


def open_consumer(
    url: str, settings: Settings, definition: KafkaDefinition, clock: Clock, is_stopped: Callable[[], bool]
) -> Consumer:
    """Open the consumer of a source.

    Raises:
        ConfigError: A variable that it names is not set.
        StreamError: Kafka's client does not take its configuration.
    """
    config = definition.config(settings.secrets)
    reading = Reading(definition.open(settings.secrets), definition.start, definition.key_is)
    subscription = Subscription(definition.topics, definition.group, config)
    return Consumer(url, clock, reading, partial(KafkaStream, subscription), is_stopped)


def run_consumer(
    url: str, settings: Settings, name: str, clock: Clock, is_stopped: Callable[[], bool]
) -> None:
    """Read one source until stopped; a revision that changes it begins anew with what it says.

    Raises:
        ConfigError: There is no such source, or a variable that it names is not set.
        OffsetError: An offset is not there any more; a person decides where to go on.
        StreamError: Kafka does not let us in, or says what nobody expects.
    """
    collect_rarely()
    with connect(url) as connection:
        live = read_streams(connection)
    while not is_stopped():
        definition = live.find(name)
        watch = _Watch(url, live)
        _log.info("consumer_started", source=name, topics=list(definition.topics), group=definition.group)
        is_over = partial(_is_over, is_stopped, watch, definition)
        open_consumer(url, settings, definition, clock, is_over).run()
        live = watch.close()


def run_consumers(url: str, settings: Settings, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Read every source, each by a thread of its own, until stopped; one that stops is tried again."""
    running: dict[str, Thread] = {}
    asked_at = -ASKED_EACH
    while not is_stopped():
        if time.monotonic() >= asked_at + ASKED_EACH:
            for name in _names(url) - {name for name, thread in running.items() if thread.is_alive()}:
                work = partial(_try, url, settings, name, clock, is_stopped)
                running[name] = Thread(target=work, name=f"consumer-{name}", daemon=True)
                running[name].start()
            asked_at = time.monotonic()
        time.sleep(LONGEST_WAIT / 5)
    for thread in running.values():
        thread.join()


def _is_over(is_stopped: Callable[[], bool], watch: _Watch, definition: KafkaDefinition) -> bool:
    return is_stopped() or watch.tells_another(definition)


def _try(url: str, settings: Settings, name: str, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Run a consumer; when it stops by itself, say why and wait before it may be tried again."""
    try:
        run_consumer(url, settings, name, clock, is_stopped)
    except (UpsellError, psycopg.Error) as error:
        _log.error("consumer_stopped", source=name, error=str(error).strip())
        give_up_at = time.monotonic() + TRIED_EACH
        while time.monotonic() < give_up_at and not is_stopped():
            time.sleep(LONGEST_WAIT / 5)


def _names(url: str) -> set[str]:
    try:
        with connect(url) as connection:
            return set(read_streams(connection).sources)
    except (UpsellError, psycopg.Error) as error:
        _log.warning("sources_not_read", error=str(error).strip())
        return set()


class _Watch:
    """Asks now and then whether another revision is live; while the database is away, none is."""

    def __init__(self, url: str, live: Streams) -> None:
        self._url = url
        self._live = live
        self._asked_at = time.monotonic()
        self._connection: Connection | None = None

    def tells_another(self, definition: KafkaDefinition) -> bool:
        """Tell whether the source is another now, or gone."""
        if time.monotonic() >= self._asked_at + ASKED_EACH:
            self._asked_at = time.monotonic()
            try:
                self._ask()
            except (StoreError, psycopg.Error):
                self._connection = None
        found = self._live.sources.get(definition.name)
        return found is None or _placeless(found) != _placeless(definition)

    def close(self) -> Streams:
        """Give the connection back, and what was heard last."""
        if self._connection is not None:
            self._connection.close()
        return self._live

    def _ask(self) -> None:
        if self._connection is None:
            self._connection = connect(self._url)
        if newest_number(self._connection) != self._live.number:
            self._live = read_streams(self._connection)


def _placeless(definition: KafkaDefinition) -> KafkaDefinition:
    """Give a definition without where it is written: a comment before it changes nothing."""
    return msgspec.structs.replace(definition, place=None)
