"""Kafka: what is read is written once, whatever happens to whoever reads it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import Any

import msgspec
import psycopg
import pytest
from confluent_kafka import Consumer as Asker
from confluent_kafka import TopicPartition

from tests.kafka_cluster import GROUP, Cluster, open_cluster, wait_until
from upsell.clock import SystemClock
from upsell.runtime.consuming import Batch, Consumer, OffsetError, Reading
from upsell.sources.kafka import KafkaSource
from upsell.sources.kafka_messages import From, KeyIs, Partition
from upsell.sources.kafka_stream import KafkaStream
from upsell.sources.kafka_topics import StreamError
from upsell.store.connect import connect
from upsell.store.kafka_offsets import Kept, put_offset, read_offsets

SOURCE = "orders"
TOPIC = "events"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with open_cluster() as opened:
        yield opened


def track(number: int, **said: Any) -> bytes:
    """Write an event that has neither an id nor a time of its own."""
    item = {
        "type": "track",
        "event": "Order Placed",
        "userId": f"u{number}",
        "properties": {"number": number},
    }
    return msgspec.json.encode(item | said)


@contextmanager
def consuming(
    url: str,
    cluster: Cluster,
    *,
    start: From | int = From.EARLIEST,
    key_is: KeyIs = KeyIs.NOTHING,
    config: Mapping[str, str | int] = {},
) -> Iterator[Consumer]:
    """Give a consumer of the topic that the test drives by hand."""
    reading = Reading(KafkaSource(SOURCE), start, key_is)
    open_stream = partial(KafkaStream, cluster.subscription(TOPIC, config=config))
    consumer = Consumer(url, SystemClock(), reading, open_stream)
    try:
        yield consumer
    finally:
        consumer.close()


def take_some(consumer: Consumer, others: Callable[[], object] = lambda: None) -> Batch:
    """Take until something is in hand; others go on meanwhile."""
    found = [consumer.take(0.1)]
    wait_until(lambda: bool(found[0].messages), lambda: (others(), found.__setitem__(0, consumer.take(0.1))))
    return found[0]


def step(*consumers: Consumer) -> None:
    for consumer in consumers:
        consumer.write(consumer.take(0.05))


def numbers(url: str) -> list[int]:
    """Give the number of each event in the ledger."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select (properties::json ->> 'number')::int from events where source = %s order by 1", (SOURCE,)
        )
        return [row[0] for row in rows]


def repeats(url: str) -> int:
    """Give how many events came to the ledger that it had."""
    with psycopg.connect(url) as connection:
        row = connection.execute("select coalesce(sum(count), 0)::int from repeats").fetchone()
        assert row is not None
        return int(row[0])


def stands(url: str) -> dict[int, Kept]:
    with connect(url) as connection:
        return {each.partition.number: each for each in read_offsets(connection, SOURCE).values()}


def consume_all(url: str, cluster: Cluster, count: int, **said: Any) -> None:
    with consuming(url, cluster, **said) as consumer:
        wait_until(lambda: len(numbers(url)) >= count, lambda: step(consumer))


def test_a_message_is_written_with_the_offset_behind_it_and_read_on_from_there(
    database: str, cluster: Cluster
) -> None:
    cluster.make_topic(TOPIC, 2)
    cluster.send(TOPIC, 0, *(track(n) for n in range(3)))
    cluster.send(TOPIC, 1, *(track(n) for n in range(3, 8)))
    consume_all(database, cluster, 8)
    assert {number: kept.stand.next_offset for number, kept in stands(database).items()} == {0: 3, 1: 5}
    cluster.send(TOPIC, 0, track(8))
    consume_all(database, cluster, 9)
    assert numbers(database) == list(range(9))
    assert repeats(database) == 0


def test_a_batch_that_was_taken_and_not_written_is_taken_again_by_whoever_comes(
    database: str, cluster: Cluster
) -> None:
    cluster.make_topic(TOPIC, 1)
    cluster.send(TOPIC, 0, *(track(n) for n in range(5)))
    with consuming(database, cluster) as lost:
        assert take_some(lost).messages
    consume_all(database, cluster, 5)
    assert numbers(database) == list(range(5))


def test_who_lost_a_partition_with_a_batch_in_hand_writes_nothing_of_it(
    database: str, cluster: Cluster
) -> None:
    cluster.make_topic(TOPIC, 2)
    for number in range(10):
        cluster.send(TOPIC, number % 2, track(number))
    with consuming(database, cluster, config={"max.poll.interval.ms": 2_000}) as slow:
        batch = take_some(slow)
        with consuming(database, cluster) as other:
            # The slow one asks for nothing more, so the group goes on without it.
            wait_until(lambda: len(numbers(database)) == 10, lambda: step(other))
            cluster.send(TOPIC, 0, track(10))
            wait_until(lambda: len(numbers(database)) == 11, lambda: step(other))
            assert not slow.write(batch)
            assert numbers(database) == list(range(11))
            cluster.send(TOPIC, 1, track(11))
            wait_until(lambda: len(numbers(database)) == 12, lambda: step(slow, other))
    assert numbers(database) == list(range(12))
    assert repeats(database) == 0


def test_two_consumers_share_a_topic_and_each_message_is_written_once(
    database: str, cluster: Cluster
) -> None:
    cluster.make_topic(TOPIC, 4)
    sent = iter(range(1_000))

    def send_and_step(*consumers: Consumer) -> None:
        for each in range(4):
            cluster.send(TOPIC, each, track(next(sent)))
        step(*consumers)

    send_and_step()
    with consuming(database, cluster) as first:
        wait_until(lambda: len(numbers(database)) == 4, lambda: step(first))
        with consuming(database, cluster) as second:
            # Messages come while the group shares its partitions out anew.
            wait_until(
                lambda: len(first.partitions) == len(second.partitions) == 2,
                lambda: send_and_step(first, second),
            )
            assert first.partitions.isdisjoint(second.partitions)
        wait_until(lambda: len(first.partitions) == 4, lambda: send_and_step(first))
        count = next(sent)
        wait_until(lambda: len(numbers(database)) == count, lambda: step(first))
    assert numbers(database) == list(range(count))
    assert repeats(database) == 0


def test_a_partition_that_is_there_later_is_read_from_its_first_message(
    database: str, cluster: Cluster
) -> None:
    cluster.make_topic(TOPIC, 2)
    cluster.send(TOPIC, 0, track(0))
    cluster.send(TOPIC, 1, track(1), track(2))
    with consuming(database, cluster, start=From.LATEST) as consumer:
        wait_until(lambda: len(stands(database)) == 2, lambda: step(consumer))
    assert numbers(database) == []
    with psycopg.connect(database) as connection:
        connection.execute("delete from kafka_offsets where partition = 1")
    consume_all(database, cluster, 2, start=From.LATEST)
    assert numbers(database) == [1, 2]


def test_a_topic_is_begun_at_a_moment(database: str, cluster: Cluster) -> None:
    cluster.make_topic(TOPIC, 1)
    cluster.send(TOPIC, 0, track(0))
    with consuming(database, cluster, start=SystemClock().now() + 1_000_000) as consumer:
        wait_until(lambda: len(stands(database)) == 1, lambda: step(consumer))
    # The cluster answers the end for every moment, which is also where none was sent since.
    assert stands(database)[0].stand.next_offset == 1


@pytest.mark.parametrize("what", ["anew", "deleted", "anew, id unknown"])
def test_an_offset_that_is_not_there_any_more_stops_and_says_what_to_decide(
    database: str, cluster: Cluster, what: str
) -> None:
    cluster.make_topic(TOPIC, 1)
    cluster.send(TOPIC, 0, *(track(n) for n in range(5)))
    consume_all(database, cluster, 5)
    if what == "deleted":
        cluster.send(TOPIC, 0, *(track(n) for n in range(5, 9)))
        cluster.delete_before(TOPIC, 0, 7)
        said = "it begins at 7: 2 were deleted before they were read"
    else:
        cluster.delete_topic(TOPIC)
        cluster.make_topic(TOPIC, 1)
        cluster.send(TOPIC, 0, *(track(n) for n in range(7, 9)))
        said = "was deleted and made anew"
    if what == "anew, id unknown":
        with psycopg.connect(database) as connection:
            connection.execute("update kafka_offsets set topic_id = ''")
        said = "it ends at 2: the topic was cut off or made anew"
    reading = Reading(KafkaSource(SOURCE), From.EARLIEST, KeyIs.NOTHING)
    stuck = Consumer(database, SystemClock(), reading, partial(KafkaStream, cluster.subscription(TOPIC)))
    with pytest.raises(OffsetError, match=said) as stopped:
        stuck.run()
    assert f"`upsell offsets {SOURCE} --put {TOPIC}" in str(stopped.value)
    assert stands(database)[0].trouble == str(stopped.value)
    assert numbers(database) == list(range(5))
    with connect(database) as connection:
        put_offset(connection, SOURCE, Partition(TOPIC, 0), 7 if what == "deleted" else 0, "")
    consume_all(database, cluster, 7)
    assert numbers(database) == [0, 1, 2, 3, 4, 7, 8]
    assert stands(database)[0].trouble == ""


def test_a_topic_made_anew_while_it_is_read_stops_the_stream(database: str, cluster: Cluster) -> None:
    cluster.make_topic(TOPIC, 1)
    cluster.send(TOPIC, 0, track(0), track(1))
    with consuming(database, cluster) as consumer:
        wait_until(lambda: len(numbers(database)) == 2, lambda: step(consumer))
        cluster.delete_topic(TOPIC)
        cluster.make_topic(TOPIC, 1)
        with pytest.raises(
            OffsetError, match="was deleted and made anew, and offset 2 of events/0 is one of"
        ):
            wait_until(lambda: False, lambda: step(consumer))


def test_a_broker_that_goes_down_is_waited_for(database: str, cluster: Cluster) -> None:
    cluster.make_topic(TOPIC, 1)
    cluster.send(TOPIC, 0, track(0))
    with consuming(database, cluster) as consumer:
        wait_until(lambda: len(numbers(database)) == 1, lambda: step(consumer))
        cluster.go_down()
        for _ in range(10):
            step(consumer)
        cluster.come_up()
        cluster.send(TOPIC, 0, track(1))
        wait_until(lambda: len(numbers(database)) == 2, lambda: step(consumer))
    assert numbers(database) == [0, 1]


def test_an_offset_that_a_person_put_back_is_read_again_and_written_once(
    database: str, cluster: Cluster
) -> None:
    cluster.make_topic(TOPIC, 1)
    cluster.send(TOPIC, 0, *(track(n) for n in range(4)))
    with consuming(database, cluster) as consumer:
        wait_until(lambda: len(numbers(database)) == 4, lambda: step(consumer))
        with connect(database) as connection:
            topic_id = stands(database)[0].topic_id
            assert put_offset(connection, SOURCE, Partition(TOPIC, 0), 1, topic_id)
        consumer.hear()
        wait_until(lambda: stands(database)[0].stand.next_offset == 4, lambda: step(consumer))
    assert numbers(database) == list(range(4))
    assert repeats(database) == 3


def test_what_cannot_be_read_is_kept_with_where_it_lies_and_the_rest_goes_on(
    database: str, cluster: Cluster
) -> None:
    cluster.make_topic(TOPIC, 1)
    cluster.send(TOPIC, 0, b"no json", b"\xff\xfe", b"[1]", b"{}", b"x" * 40_000, b"", None, track(1))
    consume_all(database, cluster, 1)
    with psycopg.connect(database) as connection:
        kept = connection.execute(
            "select place, code from rejections where source = %s order by number", (SOURCE,)
        ).fetchall()
    assert kept == [
        ("events/0/0", "malformed"),
        ("events/0/1", "malformed"),
        ("events/0/2", "invalid"),
        ("events/0/3", "unknown_kind"),
        ("events/0/4", "too_large"),
        ("events/0/5", "malformed"),
    ]
    found = stands(database)[0]
    assert (found.taken, found.refused, found.empty, found.stand.next_offset) == (1, 6, 1, 8)


REFUSE = """
create function refuse() returns trigger language plpgsql as $$
begin
    raise exception 'no' using errcode = '%s';
end $$;
create trigger refuse before insert on events for each row when (new.properties like '%%"number":3}%%')
    execute function refuse();
"""


def test_what_the_database_cannot_hold_is_found_kept_and_passed(database: str, cluster: Cluster) -> None:
    cluster.make_topic(TOPIC, 1)
    with psycopg.connect(database) as connection:
        connection.execute(REFUSE.encode() % b"22P05")
    cluster.send(TOPIC, 0, *(track(n) for n in range(8)))
    consume_all(database, cluster, 7)
    assert numbers(database) == [0, 1, 2, 4, 5, 6, 7]
    with psycopg.connect(database) as connection:
        kept = connection.execute("select place, code from rejections").fetchall()
    assert kept == [("events/0/3", "unwritable")]
    assert stands(database)[0].stand.next_offset == 8


def test_what_is_wrong_with_the_database_itself_is_no_fault_of_a_message(
    database: str, cluster: Cluster
) -> None:
    cluster.make_topic(TOPIC, 1)
    with psycopg.connect(database) as connection:
        connection.execute(REFUSE.encode() % b"42501")
    # The one that is refused comes first: however few are taken at a time, it is among them.
    cluster.send(TOPIC, 0, *(track(n) for n in (3, 4, 5)))
    with consuming(database, cluster) as consumer:
        batch = take_some(consumer)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            consumer.write(batch)
    assert numbers(database) == []
    assert stands(database)[0].stand.next_offset == 0


def test_compressed_messages_with_keys_and_headers_are_read(database: str, cluster: Cluster) -> None:
    cluster.make_topic(TOPIC, 1)
    for number, compression in enumerate(("gzip", "snappy", "lz4", "zstd")):
        producer = cluster.producer(**{"compression.type": compression})
        value = track(number, userId=None)
        producer.produce(TOPIC, value=value, partition=0, key=f"c{number}", headers={"h": b"\xff"})
        assert producer.flush(10) == 0
    consume_all(database, cluster, 4, key_is=KeyIs.CUSTOMER)
    with psycopg.connect(database) as connection:
        rows = connection.execute("select customer_id from events order by position").fetchall()
    assert [row[0] for row in rows] == ["c0", "c1", "c2", "c3"]


def send_transactions(cluster: Cluster) -> None:
    """Send three messages, with a record after each that says its transaction is over."""
    cluster.make_topic(TOPIC, 1)
    producer = cluster.producer(**{"transactional.id": "t"})
    producer.init_transactions(10)
    for number in range(3):
        producer.begin_transaction()
        producer.produce(TOPIC, value=track(number), partition=0)
        producer.commit_transaction(10)


def test_gaps_that_transactions_leave_are_read_over(database: str, cluster: Cluster) -> None:
    send_transactions(cluster)
    # This cluster writes no checksum into the records that end transactions.
    consume_all(database, cluster, 3, config={"check.crcs": "false"})
    assert numbers(database) == [0, 1, 2]
    assert stands(database)[0].stand.next_offset == 5


def test_a_record_whose_checksum_is_wrong_stops_the_stream_and_is_not_passed(
    database: str, cluster: Cluster
) -> None:
    send_transactions(cluster)
    with (
        consuming(database, cluster) as consumer,
        pytest.raises(StreamError, match=r"of events/0, got: .*CRC32C check"),
    ):
        wait_until(lambda: False, lambda: step(consumer))
    assert numbers(database) in ([], [0])
    assert stands(database)[0].stand.next_offset <= 1


def test_kafka_is_told_where_we_stand(database: str, cluster: Cluster) -> None:
    cluster.make_topic(TOPIC, 1)
    cluster.send(TOPIC, 0, *(track(n) for n in range(3)))
    consume_all(database, cluster, 3)
    asker = Asker({"bootstrap.servers": cluster.servers, "group.id": GROUP, "log_level": 0})
    (told,) = asker.committed([TopicPartition(TOPIC, 0)], timeout=10)
    asker.close()
    assert told.offset == 3


def test_a_database_that_goes_away_is_come_back_to_and_nothing_is_lost(
    database: str, cluster: Cluster
) -> None:
    cluster.make_topic(TOPIC, 2)
    stop: list[bool] = []
    reading = Reading(KafkaSource(SOURCE), From.EARLIEST, KeyIs.NOTHING)
    open_stream = partial(KafkaStream, cluster.subscription(TOPIC))
    consumer = Consumer(database, SystemClock(), reading, open_stream, lambda: bool(stop))
    thread = Thread(target=consumer.run)
    thread.start()
    try:
        cluster.send(TOPIC, 0, *(track(n) for n in range(5)))
        wait_until(lambda: len(numbers(database)) == 5)
        name = database.split("?", maxsplit=1)[0].rsplit("/", 1)[1]
        with psycopg.connect(database.replace(f"/{name}?", "/postgres?"), autocommit=True) as other:
            other.execute(f"alter database {name} allow_connections false")
            other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,)
            )
            cluster.send(TOPIC, 1, *(track(n) for n in range(5, 10)))
            time.sleep(0.5)
            other.execute(f"alter database {name} allow_connections true")
        wait_until(lambda: len(numbers(database)) == 10)
    finally:
        stop.append(True)
        thread.join(20)
    assert not thread.is_alive()
    assert numbers(database) == list(range(10))
    assert repeats(database) == 0
