"""The stream: messages of a consumer group of Kafka, from where the reader says it stands.

The laws: Kafka is never asked where we stand, only told; a batch into which a rebalance came is dropped and
read again; and nothing is skipped: an offset that is not there any more stops the stream.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, Protocol

import msgspec
import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as Received

from upsell.sources.kafka_messages import MILLISECOND, Message, Partition
from upsell.sources.kafka_topics import (
    KafkaTopics,
    StreamError,
    Topics,
    refused_config,
    words_of,
)

MOST_BYTES: Final = 8 * 1024 * 1024
"""About how many bytes of messages are taken together at most."""

_CHUNK: Final = 500
_PATIENCE: Final = 10.0

_log = structlog.get_logger(__name__)

_DENIED: Final = frozenset(
    {
        KafkaError._AUTHENTICATION,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)
_PASSING: Final = frozenset(
    {
        KafkaError._PARTITION_EOF,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._TRANSPORT,
        KafkaError._RESOLVE,
        KafkaError._TIMED_OUT,
        KafkaError._MAX_POLL_EXCEEDED,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.ILLEGAL_GENERATION,
    }
)
"""What goes by itself: nothing was read, and nothing is skipped by waiting."""


class GoneError(StreamError):
    """What is to be read next of a partition is not there any more."""

    def __init__(self, partition: Partition) -> None:
        """Keep which partition it is."""
        self.partition = partition
        super().__init__(f"what is to be read next of {partition} is not there any more")


class Subscription(msgspec.Struct, frozen=True):
    """What is read, and how Kafka is reached.

    Attributes:
        topics: Names of topics.
        group: The consumer group: each partition is read by one of its members.
        config: How the servers are reached, in librdkafka's own words; it may hold secrets.
    """

    topics: tuple[str, ...]
    group: str
    config: Mapping[str, str | int]


Locate = Callable[[Collection[Partition]], Mapping[Partition, int]]
"""What is asked where to begin when partitions are assigned."""


class Stream(Protocol):
    """What a consumer needs of Kafka."""

    @property
    def assigned(self) -> frozenset[Partition]:
        """The partitions that are ours now."""

    @property
    def topics(self) -> Topics:
        """What is asked about topics."""

    def take(self, most: int, seconds: float) -> list[Message]:
        """Wait up to so many seconds for messages and take those that came, in order within partitions."""

    def go_to(self, offsets: Mapping[Partition, int]) -> None:
        """Read on from there; partitions that are not ours are left alone."""

    def wait(self, seconds: float) -> None:
        """Wait without reading, and stay a member of the group."""

    def ends(self) -> dict[Partition, int]:
        """Give where partitions that are ours end, as far as that was heard."""

    def tell(self, offsets: Mapping[Partition, int]) -> None:
        """Tell Kafka where we stand, for tools that show how far behind a group is."""

    def close(self) -> None:
        """Leave the group."""


class KafkaStream:
    """A stream over librdkafka."""

    def __init__(self, subscription: Subscription, locate: Locate) -> None:
        """Join the group; partitions come while messages are taken.

        Raises:
            StreamError: The configuration cannot be.
        """
        self._config: dict[str, Any] = {
            "client.id": "upsell", **subscription.config, "log_level": 2, "error_cb": self._heard,
        }  # fmt: skip
        self._locate = locate
        self._assigned: frozenset[Partition] = frozenset()
        self._begun: Mapping[Partition, int] = {}
        self._rebalances = 0
        self._failed: Exception | None = None
        own: dict[str, Any] = {
            "group.id": subscription.group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "check.crcs": True,
            "queued.max.messages.kbytes": 2 * MOST_BYTES // 1024,
        }
        try:
            self._consumer = Consumer(own | self._config)
            self._consumer.subscribe(
                list(subscription.topics),
                on_assign=self._assign,
                on_revoke=self._revoke,
                on_lost=self._revoke,
            )
        except (KafkaException, ValueError) as error:
            raise StreamError(refused_config(error)) from error
        self._topics = KafkaTopics(self._consumer, subscription.config)

    @property
    def assigned(self) -> frozenset[Partition]:
        """The partitions that are ours now."""
        return self._assigned

    @property
    def topics(self) -> Topics:
        """What is asked about topics."""
        return self._topics

    def take(self, most: int, seconds: float) -> list[Message]:
        """Wait up to so many seconds for messages and take those that came, in order within partitions.

        Raises:
            GoneError: What is to be read next is not there any more.
            StreamError: Kafka lets us in no more, or says what nobody expects.
        """
        before = self._rebalances
        taken: list[Message] = []
        size = 0
        received = self._consumer.consume(1, seconds)
        while received and self._failed is None and self._rebalances == before:
            for each in received:
                error = each.error()
                if error is not None:
                    self._look_at(error, each)
                    continue
                taken.append(_message(each))
                size += len(each)
            if len(taken) >= most or size >= MOST_BYTES:
                break
            received = self._consumer.consume(min(_CHUNK, most - len(taken)), 0)
        if self._failed is not None:
            raise self._failed
        if self._rebalances != before:
            # What was taken may be of an assignment that is over, and what came after it is read once more.
            self.go_to(self._begun)
            return []
        return taken

    def go_to(self, offsets: Mapping[Partition, int]) -> None:
        """Read on from there; partitions that are not ours are left alone.

        Raises:
            StreamError: Kafka's client does not follow.
        """
        give_up_at = time.monotonic() + _PATIENCE
        for partition in self._assigned & offsets.keys():
            place = TopicPartition(partition.topic, partition.number, offsets[partition])
            while True:
                try:
                    self._consumer.seek(place)
                    break
                except KafkaException as error:
                    # Until the client has begun to fetch a partition, it has no place to move from.
                    if time.monotonic() > give_up_at:
                        msg = f"expected to read {partition} from {place.offset}, got: {words_of(error)}"
                        raise StreamError(msg) from error
                    time.sleep(0.02)
        self._consumer.resume(self._places())

    def wait(self, seconds: float) -> None:
        """Wait without reading, and stay a member of the group; ``go_to`` reads on."""
        self._consumer.pause(self._places())
        self._consumer.poll(seconds)
        if self._failed is not None:
            raise self._failed

    def ends(self) -> dict[Partition, int]:
        """Give where partitions that are ours end, as far as that was heard."""
        found: dict[Partition, int] = {}
        for partition in self._assigned:
            place = TopicPartition(partition.topic, partition.number)
            _, high = self._consumer.get_watermark_offsets(place, cached=True)
            if high >= 0:
                found[partition] = high
        return found

    def tell(self, offsets: Mapping[Partition, int]) -> None:
        """Tell Kafka where we stand, for tools that show how far behind a group is; nothing rests on it."""
        ours = self._assigned & offsets.keys()
        if not ours:
            return
        places = [TopicPartition(each.topic, each.number, offsets[each]) for each in ours]
        try:
            self._consumer.commit(offsets=places, asynchronous=True)
        except KafkaException as error:
            _log.debug("kafka_not_told", error=words_of(error))

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._rebalances += 1
        ours = [Partition(each.topic, each.partition) for each in partitions]
        try:
            self._begun = self._locate(ours)
        except Exception as error:  # it is raised again where messages are taken
            self._failed = error
            consumer.assign([])
            return
        self._assigned = frozenset(self._begun)
        _log.info("kafka_assigned", partitions=[str(each) for each in sorted(self._assigned)])
        consumer.assign(
            [TopicPartition(each.topic, each.number, offset) for each, offset in self._begun.items()]
        )

    def _revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:  # noqa: ARG002  # the client's own signature
        self._rebalances += 1
        self._assigned, self._begun = frozenset(), {}
        _log.info("kafka_revoked", partitions=len(partitions))

    def _heard(self, error: KafkaError) -> None:
        """Hear what is the matter with the client as a whole."""
        if error.code() in _DENIED:
            self._failed = _denied(error)
        else:
            _log.warning("kafka_away", error=error.str())

    def _look_at(self, error: KafkaError, where: Received) -> None:
        """Let pass what goes by itself, and keep what must stop the stream."""
        code = error.code()
        partition = Partition(where.topic() or "", where.partition() or 0)
        if code == KafkaError._AUTO_OFFSET_RESET:
            self._failed = GoneError(partition)
        elif code in _DENIED:
            self._failed = _denied(error)
        elif code in _PASSING or error.retriable():
            if code != KafkaError._PARTITION_EOF:
                _log.warning("kafka_away", error=error.str())
        else:
            msg = f"expected messages of {partition}, got: {error.str()} ({error.name()})"
            self._failed = StreamError(msg)

    def _places(self) -> list[TopicPartition]:
        return [TopicPartition(each.topic, each.number) for each in self._assigned]


def _denied(error: KafkaError) -> StreamError:
    return StreamError(f"Kafka does not let us in: {error.str()} ({error.name()}); see the source's security")


def _message(received: Received) -> Message:
    kind, sent = received.timestamp()
    headers: Iterable[tuple[str, Any]] = received.headers() or ()  # type: ignore[assignment]  # a list of pairs, always
    return Message(
        partition=Partition(received.topic() or "", received.partition() or 0),
        offset=received.offset() or 0,
        value=_bytes(received.value()),
        key=_bytes(received.key()),
        headers={name: (_bytes(said) or b"").decode("utf-8", "replace") for name, said in headers},
        sent_at=sent * MILLISECOND if kind and sent >= 0 else None,
    )


def _bytes(said: Any) -> bytes | None:
    return said.encode() if isinstance(said, str) else said
