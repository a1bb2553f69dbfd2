"""Whoever watches a source of Kafka, or puts it elsewhere, is told how it stands and what follows."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import psycopg
import pytest
import yaml

from tests.kafka_cluster import Cluster, open_cluster, wait_until
from tests.live_world import make_documents
from upsell.clock import DAY, HOUR, MINUTE, Moment, SystemClock
from upsell.config import load_settings
from upsell.errors import ConfigError
from upsell.runtime.apply import apply
from upsell.runtime.consumers import run_consumers
from upsell.runtime.diagnosis import diagnose
from upsell.runtime.doctor import examine
from upsell.runtime.live_sources import read_streams
from upsell.runtime.offsets import Offset, choose, put_offsets, read_place
from upsell.sources.definitions import read_sources
from upsell.sources.kafka_messages import From, Partition
from upsell.store.connect import Connection, connect
from upsell.store.kafka_offsets import (
    Move,
    hear_ends,
    move_offsets,
    note_trouble,
    put_offset,
    read_offsets,
    start_offsets,
)

NOW = SystemClock().now()
FIRST, SECOND = Partition("events", 0), Partition("events", 1)
SOURCE = "kafka: {{servers: '{servers}', topics: [{topics}], start: earliest, lost_after: 1 seconds}}"


def apply_source(
    connection: Connection, expected: int, *, servers: str = "a:1", topics: str = "events"
) -> None:
    documents = {**make_documents({}), "sources/orders.yaml": SOURCE.format(servers=servers, topics=topics)}
    apply(connection, documents, SystemClock(), expected=expected)


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with connect(database) as opened:
        yield opened


def begin(connection: Connection, *, moved: Move | None = None, heard_at: Moment = NOW) -> None:
    """Let a source be live, begun in two partitions, and heard."""
    apply_source(connection, 0)
    start_offsets(connection, "orders", {FIRST: 0, SECOND: 0}, {"events": "T1"})
    if moved is not None:
        move_offsets(connection, "orders", {FIRST: moved})
    hear_ends(connection, "orders", {FIRST: 10, SECOND: 0}, heard_at)


def told(connection: Connection) -> dict[str, str]:
    found = diagnose(examine(connection, NOW))
    return {each.code: each.said for each in found if each.code.startswith("kafka")}


def test_how_each_partition_stands_is_told(connection: Connection) -> None:
    begin(connection, moved=Move(10, 8, 1, 1, NOW - DAY))
    assert list(told(connection)) == ["kafka-read"]
    said = told(connection)["kafka-read"]
    assert said.startswith("events/0 0 behind, last message of ")
    assert said.endswith(", 1 refused; events/1 0 behind, no message yet")


@pytest.mark.parametrize(("age", "is_told"), [(4 * MINUTE, False), (6 * MINUTE, True)])
def test_a_source_is_behind_when_its_last_message_is_old_and_there_are_more(
    connection: Connection, age: int, is_told: bool
) -> None:
    begin(connection, moved=Move(7, 7, 0, 0, NOW - age))
    assert ("kafka-behind" in told(connection)) is is_told
    if is_told:
        assert told(connection)["kafka-behind"].startswith("3 messages behind in events/0; the last")


def test_a_source_that_nobody_reads_is_told(connection: Connection) -> None:
    apply_source(connection, 0)
    assert told(connection) == {"kafka-unread": "no consumer of it was ever heard"}


def test_a_source_that_was_read_and_is_not_any_more_is_told(connection: Connection) -> None:
    begin(connection, heard_at=NOW - HOUR)
    assert told(connection)["kafka-unread"].startswith("no consumer of it was heard since ")
    hear_ends(connection, "orders", {FIRST: 10}, NOW)
    assert told(connection)["kafka-unread"] == "nobody reads events/1, and others are read"


def test_why_a_source_stopped_is_told_until_it_is_read_again(connection: Connection) -> None:
    begin(connection)
    note_trouble(connection, "orders", [FIRST], "it is gone; decide")
    assert told(connection)["kafka-stopped"] == "it is gone; decide"
    hear_ends(connection, "orders", {FIRST: 10}, NOW)
    assert "kafka-stopped" not in told(connection)


def test_what_a_source_reads_no_more_is_not_told_of(connection: Connection) -> None:
    begin(connection)
    apply_source(connection, 1, topics="others")
    assert told(connection) == {"kafka-unread": "no consumer of it was ever heard"}
    apply(connection, make_documents({}), SystemClock(), expected=2)
    assert told(connection) == {}


class Topics:
    """A topic of one partition left, from 3 to 9, made anew under another id."""

    def find_starts(self, topic: str, start: From | Moment) -> dict[Partition, int]:
        by_word = {From.EARLIEST: 3, From.LATEST: 9}
        return {Partition(topic, 0): by_word[start] if isinstance(start, From) else 5}

    def find_ids(self, topics: Collection[str]) -> dict[str, str]:
        return dict.fromkeys(topics, "T2")

    def find_bounds(self, partition: Partition) -> tuple[int, int]:  # the same for all
        return 3, 9


@pytest.mark.parametrize(
    ("text", "after"), [("earliest", 3), ("latest", 9), ("2026-03-01T00:00:00Z", 5), ("4", 4), ("9", 9)]
)
def test_a_partition_is_put_where_a_person_says_in_the_topic_that_is_there_now(
    connection: Connection, text: str, after: int
) -> None:
    begin(connection, moved=Move(7, 7, 0, 0, NOW))
    chosen = choose(read_offsets(connection, "orders").values(), "events/0")
    (put,) = put_offsets(connection, chosen, read_place(text), Topics())
    assert (put.before, put.after) == (7, after)
    kept = read_offsets(connection, "orders")
    first, second = kept["orders", FIRST], kept["orders", SECOND]
    assert (first.stand.next_offset, first.stand.moves, first.topic_id) == (after, 1, "T2")
    assert (second.stand.next_offset, second.stand.moves, second.topic_id) == (0, 0, "T1")


@pytest.mark.parametrize(
    ("what", "place"), [("events", From.EARLIEST), ("events/0", Offset(2)), ("events/0", Offset(10))]
)
def test_what_cannot_be_put_is_refused_and_nothing_is(connection: Connection, what: str, place: Any) -> None:
    begin(connection)
    before = read_offsets(connection)
    with pytest.raises(ConfigError, match="expected"):
        put_offsets(connection, choose(before.values(), what), place, Topics())
    assert read_offsets(connection) == before


def test_what_was_never_read_or_is_no_place_is_refused(connection: Connection) -> None:
    begin(connection)
    with pytest.raises(ConfigError, match="known are events/0, events/1"):
        choose(read_offsets(connection).values(), "event")
    with pytest.raises(ConfigError, match="got soon"):
        read_place("soon")
    assert not put_offset(connection, "orders", Partition("others", 0), 0, "")


def test_a_name_that_is_no_source_is_refused_with_the_nearest(connection: Connection) -> None:
    with pytest.raises(ConfigError, match="there is none"):
        read_streams(connection).find("orders")
    apply_source(connection, 0)
    with pytest.raises(ConfigError, match="did you mean orders"):
        read_streams(connection).find("order")


def send(cluster: Cluster, topic: str, number: int) -> None:
    item = {"type": "track", "event": "x", "userId": "u", "properties": {"number": number}}
    cluster.send(topic, 0, msgspec.json.encode(item))


def test_a_revision_that_changes_a_source_is_taken_up_without_a_restart(
    database: str,
) -> None:
    stop: list[bool] = []
    with open_cluster() as cluster, connect(database) as connection:
        for topic in ("events", "others"):
            cluster.make_topic(topic, 1)
            send(cluster, topic, len(topic))
        apply_source(connection, 0, servers=cluster.servers)
        thread = Thread(
            target=run_consumers, args=(database, load_settings({}), SystemClock(), lambda: bool(stop))
        )
        thread.start()
        try:
            wait_until(lambda: topics_read(database) == {"events"})
            apply_source(connection, 1, servers=cluster.servers, topics="events, others")
            wait_until(lambda: topics_read(database) == {"events", "others"})
        finally:
            stop.append(True)
            thread.join(30)
        assert not thread.is_alive()


def topics_read(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select topic from kafka_offsets where next_offset > 0").fetchall()
        return {row[0] for row in rows}


def test_the_sources_in_the_guide_can_be_applied() -> None:
    text = (Path(__file__).parents[2] / "docs/guides/kafka.md").read_text("utf-8")
    blocks = [part.split("```")[0] for part in text.split("```yaml\n")[1:]]
    assert len(blocks) == 2
    for block in blocks:
        (found,) = read_sources({"sources/orders.yaml": block}).values()
        assert found.name == "orders"
        assert yaml.safe_load(block)["kafka"]["topics"]
