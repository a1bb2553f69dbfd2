"""A cluster of Kafka inside the process: the one that librdkafka tests itself with.

The Python client can start it and not steer it, so topics are made and rebalances hastened by the library's
own functions (``rdkafka_mock.h``), found in the file that the client has loaded.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import confluent_kafka
from confluent_kafka import Producer

from upsell.sources.kafka_stream import Subscription

_PRODUCER = 0
_BROKER = 1
PATIENCE = 60.0
GROUP = "g"
HASTY: Mapping[str, str | int] = {
    "session.timeout.ms": 2_000,
    "heartbeat.interval.ms": 100,
    "fetch.wait.max.ms": 50,
    "reconnect.backoff.ms": 20,
    "reconnect.backoff.max.ms": 100,
}
"""What lets a member of a group be heard of soon."""


def _library() -> ctypes.CDLL:
    folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    (path,) = folder.glob("librdkafka*.so*")
    library = ctypes.CDLL(str(path))
    handle, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, takes, gives in (
        ("rd_kafka_new", [number, handle, text, ctypes.c_size_t], handle),
        ("rd_kafka_destroy", [handle], None),
        ("rd_kafka_set_log_level", [handle, number], None),
        ("rd_kafka_mock_cluster_new", [handle, number], handle),
        ("rd_kafka_mock_cluster_destroy", [handle], None),
        ("rd_kafka_mock_cluster_bootstraps", [handle], text),
        ("rd_kafka_mock_set_controller_id", [handle, ctypes.c_int32], number),
        ("rd_kafka_mock_topic_create", [handle, text, number, number], number),
        ("rd_kafka_mock_topic_delete", [handle, text], number),
        ("rd_kafka_mock_group_initial_rebalance_delay_ms", [handle, ctypes.c_int32], None),
        (
            "rd_kafka_mock_partition_delete_records",
            [handle, text, ctypes.c_int32, ctypes.c_int64],
            number,
        ),
        ("rd_kafka_mock_broker_set_down", [handle, ctypes.c_int32], number),
        ("rd_kafka_mock_broker_set_up", [handle, ctypes.c_int32], number),
    ):
        function = getattr(library, name)
        function.argtypes, function.restype = takes, gives
    return library


class Cluster:
    """One broker, and a producer to it.

    Attributes:
        servers: Where it is.
    """

    def __init__(self) -> None:
        self._library = _library()
        said = ctypes.create_string_buffer(512)
        self._client = self._library.rd_kafka_new(_PRODUCER, None, said, 512)
        assert self._client, said.value
        self._library.rd_kafka_set_log_level(self._client, 0)
        self._cluster = self._library.rd_kafka_mock_cluster_new(self._client, 1)
        self._library.rd_kafka_mock_set_controller_id(self._cluster, _BROKER)
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, 50)
        self.servers = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()
        self._producer = self.producer()

    def producer(self, **config: Any) -> Producer:
        return Producer({"bootstrap.servers": self.servers, "log_level": 0, "linger.ms": 1, **config})

    def make_topic(self, topic: str, partitions: int) -> None:
        assert not self._library.rd_kafka_mock_topic_create(self._cluster, topic.encode(), partitions, 1)

    def delete_topic(self, topic: str) -> None:
        assert not self._library.rd_kafka_mock_topic_delete(self._cluster, topic.encode())

    def delete_before(self, topic: str, partition: int, offset: int) -> None:
        """Delete messages, as a topic's retention does."""
        delete = self._library.rd_kafka_mock_partition_delete_records
        assert not delete(self._cluster, topic.encode(), partition, offset)

    def go_down(self) -> None:
        assert not self._library.rd_kafka_mock_broker_set_down(self._cluster, _BROKER)

    def come_up(self) -> None:
        assert not self._library.rd_kafka_mock_broker_set_up(self._cluster, _BROKER)

    def send(self, topic: str, partition: int, *values: bytes | None, **said: Any) -> None:
        """Send messages and wait until the cluster has them."""
        for value in values:
            self._producer.produce(topic, value=value, partition=partition, **said)
        assert self._producer.flush(PATIENCE) == 0

    def subscription(self, *topics: str, config: Mapping[str, str | int] = {}) -> Subscription:
        return Subscription(topics, GROUP, {"bootstrap.servers": self.servers, **HASTY, **config})

    def close(self) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)


@contextmanager
def open_cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    try:
        yield cluster
    finally:
        cluster.close()


def wait_until(is_so: Callable[[], bool], doing: Callable[[], object] = lambda: time.sleep(0.02)) -> None:
    """Do something again and again until something is so."""
    give_up_at = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < give_up_at, "nothing came of it"
        doing()
