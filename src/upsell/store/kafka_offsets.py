"""Offsets: where each source of Kafka stands in each partition, kept with what was read.

For consumers, whoever moves an offset by hand, and the doctor. The law: an offset moves in the transaction
that writes what was read up to it, and only from where whoever moves it believes it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from upsell.clock import Moment
from upsell.sources.kafka_messages import Partition
from upsell.store.connect import Connection
from upsell.store.queries import query


class Stand(msgspec.Struct, frozen=True):
    """Where a partition stands.

    Attributes:
        next_offset: The first offset that is not in the ledger.
        moves: How often a person put it elsewhere.
    """

    next_offset: int
    moves: int = 0


class Kept(msgspec.Struct, frozen=True):
    """All that is kept of a partition.

    Attributes:
        source: The name of the source that reads it.
        partition: Which.
        stand: Where it stands.
        topic_id: What Kafka calls the topic, "" where it does not say.
        taken: How many messages became events, or were there already.
        refused: How many were refused, each with its reason.
        empty: How many said nothing: they had no value, or their mapping passes over them.
        last_sent_at: Kafka's time of the last that was read, None before the first.
        end_offset: Where it ended when its consumer was heard last, None before that.
        heard_at: When that was.
        trouble: Why reading it stopped, "" while nothing is the matter.
    """

    source: str
    partition: Partition
    stand: Stand
    topic_id: str
    taken: int
    refused: int
    empty: int
    last_sent_at: Moment | None
    end_offset: int | None
    heard_at: Moment | None
    trouble: str

    @property
    def behind(self) -> int | None:
        """How many offsets it was behind when its consumer was heard last, None before that."""
        return None if self.end_offset is None else max(0, self.end_offset - self.stand.next_offset)


class Move(msgspec.Struct, frozen=True):
    """How far a partition is moved, and what the messages up to there came to; see ``Kept``."""

    next_offset: int
    taken: int
    refused: int
    empty: int
    last_sent_at: Moment | None


def start_offsets(
    connection: Connection, source: str, starts: Mapping[Partition, int], topic_ids: Mapping[str, str]
) -> None:
    """Begin partitions at offsets; one that somebody began before stays where it is."""
    values = _asked(source, list(starts)) | {
        "offsets": list(starts.values()),
        "ids": [topic_ids.get(partition.topic, "") for partition in starts],
    }
    connection.execute(query("start_kafka_offsets"), values)


def read_offsets(connection: Connection, source: str | None = None) -> dict[tuple[str, Partition], Kept]:
    """Read where a source stands, or every source for None, by source and partition."""
    kept = {}
    for row in connection.execute(query("read_kafka_offsets"), {"source": source}, binary=True):
        name, topic, number, next_offset, moves, *rest = row
        partition = Partition(topic, number)
        kept[name, partition] = Kept(name, partition, Stand(next_offset, moves), *rest)
    return kept


def hold_offsets(
    connection: Connection, source: str, partitions: Sequence[Partition]
) -> dict[Partition, Stand]:
    """Give where partitions stand, and let nobody else move them until the transaction ends."""
    rows = connection.execute(query("hold_kafka_offsets"), _asked(source, partitions), binary=True)
    return {Partition(topic, number): Stand(next_offset, moves) for topic, number, next_offset, moves in rows}


def move_offsets(connection: Connection, source: str, moves: Mapping[Partition, Move]) -> None:
    """Move partitions that are held past what was read."""
    values = _asked(source, list(moves)) | {
        "offsets": [move.next_offset for move in moves.values()],
        "taken": [move.taken for move in moves.values()],
        "refused": [move.refused for move in moves.values()],
        "empty": [move.empty for move in moves.values()],
        "sent": [move.last_sent_at for move in moves.values()],
    }
    connection.execute(query("move_kafka_offsets"), values)


def hear_ends(connection: Connection, source: str, ends: Mapping[Partition, int], now: Moment) -> None:
    """Note that partitions are read, and where they end."""
    if ends:
        values = _asked(source, list(ends)) | {"ends": list(ends.values()), "now": now}
        connection.execute(query("hear_kafka_ends"), values)


def note_trouble(connection: Connection, source: str, partitions: Sequence[Partition], said: str) -> None:
    """Note why reading partitions stopped."""
    connection.execute(query("note_kafka_trouble"), _asked(source, partitions) | {"trouble": said})


def put_offset(
    connection: Connection, source: str, partition: Partition, next_offset: int, topic_id: str
) -> bool:
    """Put a partition elsewhere; False when nobody ever began it.

    What a consumer has in hand is written no more: it reads again from there.
    """
    values = {
        "source": source, "topic": partition.topic, "partition": partition.number,
        "next_offset": next_offset, "topic_id": topic_id,
    }  # fmt: skip
    return connection.execute(query("put_kafka_offset"), values).rowcount > 0


def _asked(source: str, partitions: Sequence[Partition]) -> dict[str, object]:
    return {
        "source": source,
        "topics": [partition.topic for partition in partitions],
        "partitions": [partition.number for partition in partitions],
    }
