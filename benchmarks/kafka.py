"""Kafka into PostgreSQL: messages per second and memory, beside reading the same messages alone.

The cluster is the one that librdkafka tests itself with, in a process of its own; the consumer is the
program's, in this process. What a message costs to be read into a draft is measured beside it.

    python benchmarks/kafka.py [--messages 100000]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial

import msgspec
import psycopg
from confluent_kafka import Consumer as Bare
from confluent_kafka import Producer

from upsell.clock import SystemClock
from upsell.runtime.consuming import Consumer, Reading
from upsell.sources.kafka import KafkaSource
from upsell.sources.kafka_messages import From, KeyIs, Message, Partition, read_message
from upsell.sources.kafka_stream import KafkaStream, Subscription
from upsell.store.embedded import embedded_url
from upsell.store.migrate import migrate

CLUSTER = """
import sys
from confluent_kafka import Producer
cluster = Producer({"test.mock.num.brokers": 1, "log_level": 0})
told = cluster.list_topics(timeout=10)
print(",".join(f"{each.host}:{each.port}" for each in told.brokers.values()), flush=True)
sys.stdin.read()
"""
TOPIC = "bench"
PARTITIONS = 4
"""As many as the cluster gives a topic that it makes by itself."""


def main() -> None:
    """Run every measurement and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    count = parser.parse_args().messages
    values = [_value(number) for number in range(count)]
    print(f"{count:,} messages of {len(values[0])} bytes in {PARTITIONS} partitions")
    _read(values)
    cluster = subprocess.Popen(
        [sys.executable, "-c", CLUSTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert cluster.stdout is not None
        servers = cluster.stdout.readline().strip()
        _send(servers, values)
        del values
        bare = _take(servers, count)
        print(f"taken from Kafka alone: {bare:,.0f} messages/s")
        before = _memory()
        with tempfile.TemporaryDirectory(prefix="upsell-bench-", ignore_cleanup_errors=True) as folder:
            whole = _consume(embedded_url(f"{folder}/data"), servers, count)
        print(f"into PostgreSQL, offsets with it: {whole:,.0f} messages/s; {whole / bare:.2f} of that")
        print(f"memory at most: {_memory():,.0f} MB, {_memory() - before:,.0f} MB above what stood before")
    finally:
        cluster.terminate()
        cluster.wait()


def _value(number: int) -> bytes:
    said = {"path": "/docs/page", "seconds": number % 60, "referrer": "search"}
    item = {"type": "track", "event": "Page Seen", "userId": f"u{number % 10_000}", "properties": said}
    return msgspec.json.encode(item)


def _read(values: list[bytes]) -> None:
    """Read messages to drafts, with nothing before or behind."""
    source, now = KafkaSource("bench"), SystemClock().now()
    messages = [
        Message(Partition(TOPIC, 0), number, value, sent_at=now) for number, value in enumerate(values)
    ]
    started = time.perf_counter()
    for message in messages:
        read_message(message, source, "T", KeyIs.NOTHING, now)
    print(f"read to drafts alone: {len(values) / (time.perf_counter() - started):,.0f} messages/s")


def _send(servers: str, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": servers, "log_level": 0, "queue.buffering.max.messages": 0})
    producer.list_topics(TOPIC, timeout=10)
    for number, value in enumerate(values):
        producer.produce(TOPIC, value=value, partition=number % PARTITIONS)
    producer.flush()


def _take(servers: str, count: int) -> float:
    """Take messages and do nothing with them; give how many a second, from the first on."""
    bare = Bare(
        {"bootstrap.servers": servers, "group.id": "bare", "auto.offset.reset": "earliest", "log_level": 0}
    )
    bare.subscribe([TOPIC])
    taken = len(bare.consume(1, 30))
    started = time.perf_counter()
    while taken < count:
        taken += len(bare.consume(500, 1))
    rate = taken / (time.perf_counter() - started)
    bare.close()
    return rate


def _consume(url: str, servers: str, count: int) -> float:
    """Consume messages as the program does; give how many a second, from the first commit on."""
    migrate(url)
    reading = Reading(KafkaSource("bench"), From.EARLIEST, KeyIs.NOTHING)
    subscription = Subscription((TOPIC,), "bench", {"bootstrap.servers": servers})
    consumer = Consumer(url, SystemClock(), reading, partial(KafkaStream, subscription))
    written, started, worked = 0, time.perf_counter(), time.process_time()
    while written < count:
        batch = consumer.take(0.5)
        if not written:
            started, worked = time.perf_counter(), time.process_time()
        consumer.write(batch)
        written += len(batch.messages)
    rate = written / (time.perf_counter() - started)
    each = (time.process_time() - worked) / written
    print(f"work of the consumer's process: {each * 1e6:.0f} microseconds a message")
    consumer.close()
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from events where source = 'bench'").fetchone()
    assert row == (count,), row
    return rate


def _memory() -> float:
    """Give the most memory this process ever had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
