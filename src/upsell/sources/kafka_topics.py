"""Topics of Kafka: what they are called, where their partitions begin and end, and where one would begin.

For consumers, and for whoever puts an offset elsewhere by hand. Asking makes nobody a member of a group.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, Protocol

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from upsell.clock import Moment
from upsell.errors import IntakeError
from upsell.sources.kafka_messages import MILLISECOND, From, Partition

_PATIENCE: Final = 10.0
_NO_ID: Final = "AAAAAAAAAAAAAAAAAAAAAA"
"""How a topic id of zeros is written, which is what a broker without topic ids says."""

_log = structlog.get_logger(__name__)


class StreamError(IntakeError):
    """Reading Kafka cannot go on by itself."""


class AwayError(StreamError):
    """Kafka did not answer a question; it can be asked again."""


class Topics(Protocol):
    """What is asked about topics."""

    def find_starts(self, topic: str, start: From | Moment) -> dict[Partition, int]:
        """Find where every partition of a topic is begun.

        Raises:
            AwayError: Kafka does not answer, or knows no such topic.
        """

    def find_ids(self, topics: Collection[str]) -> dict[str, str]:
        """Find what Kafka calls topics; one that it does not say is left out."""

    def find_bounds(self, partition: Partition) -> tuple[int, int]:
        """Find the first offset that is there and the one after the last.

        Raises:
            AwayError: Kafka does not answer.
        """


class KafkaTopics:
    """What librdkafka says about topics."""

    def __init__(self, consumer: Consumer, config: Mapping[str, str | int]) -> None:
        """Ask over a consumer, which may be of no group, and over a client of its own."""
        self._consumer = consumer
        self._config: dict[str, Any] = {"client.id": "upsell", **config, "log_level": 2}
        self._admin: AdminClient | None = None

    def find_starts(self, topic: str, start: From | Moment) -> dict[Partition, int]:
        """Find where every partition of a topic is begun.

        Args:
            topic: Its name.
            start: The first that is there, the end, or the first that was sent at a moment or after it.

        Raises:
            AwayError: Kafka does not answer, or knows no such topic.
        """
        try:
            return self._starts(topic, start)
        except KafkaException as error:
            msg = f"expected Kafka to say where {topic} is begun, got: {words_of(error)}"
            raise AwayError(msg) from error

    def find_ids(self, topics: Collection[str]) -> dict[str, str]:
        """Find what Kafka calls topics; one that it does not say is left out."""
        if not topics:
            return {}
        if self._admin is None:
            self._admin = AdminClient(self._config)
        found: dict[str, str] = {}
        asked = self._admin.describe_topics(TopicCollection(list(topics)), request_timeout=_PATIENCE)
        for topic, answer in asked.items():
            try:
                said = str(answer.result().topic_id)
            except KafkaException as error:
                _log.warning("kafka_names_no_topic_id", topic=topic, error=words_of(error))
                continue
            if said != _NO_ID:
                found[topic] = said
        return found

    def find_bounds(self, partition: Partition) -> tuple[int, int]:
        """Find the first offset that is there and the one after the last.

        Raises:
            AwayError: Kafka does not answer.
        """
        place = TopicPartition(partition.topic, partition.number)
        try:
            low, high = self._consumer.get_watermark_offsets(place, timeout=_PATIENCE)
        except KafkaException as error:
            msg = f"expected Kafka to say where {partition} begins and ends, got: {words_of(error)}"
            raise AwayError(msg) from error
        return low, high

    def _starts(self, topic: str, start: From | Moment) -> dict[Partition, int]:
        told = self._consumer.list_topics(topic, timeout=_PATIENCE).topics[topic]
        if told.error is not None:
            raise KafkaException(told.error)
        partitions = [Partition(topic, number) for number in sorted(told.partitions)]
        if isinstance(start, From):
            place = 0 if start is From.EARLIEST else 1
            return {partition: self.find_bounds(partition)[place] for partition in partitions}
        since = -(-start // MILLISECOND)
        asked = [TopicPartition(each.topic, each.number, since) for each in partitions]
        found = self._consumer.offsets_for_times(asked, timeout=_PATIENCE)
        offsets = {Partition(each.topic, each.partition): each.offset for each in found}
        return {
            partition: offset if offset >= 0 else self.find_bounds(partition)[1]
            for partition, offset in offsets.items()
        }


def open_topics(config: Mapping[str, str | int]) -> KafkaTopics:
    """Ask about topics without being a member of any group.

    Raises:
        StreamError: Kafka's client does not take the configuration.
    """
    try:
        consumer = Consumer({"client.id": "upsell", **config, "log_level": 2, "group.id": "upsell-asks"})
    except (KafkaException, ValueError) as error:
        raise StreamError(refused_config(error)) from error
    return KafkaTopics(consumer, config)


def refused_config(error: Exception) -> str:
    """Say that Kafka's client does not take a configuration; no secret is in it."""
    return f"expected a configuration that Kafka's client takes, got: {words_of(error)}"


def words_of(error: Exception) -> str:
    """Give what an error of Kafka's client says."""
    said = error.args[0] if error.args else error
    return said.str() if isinstance(said, KafkaError) else str(said)
