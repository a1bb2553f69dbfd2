"""Offsets by hand: putting what a source of Kafka reads next elsewhere, by a person's word.

For the command ``offsets``. The law: what a consumer has in hand when an offset is put elsewhere is not
written; it goes on from the new one, within seconds and without a restart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from upsell.clock import Moment, parse_moment
from upsell.errors import ConfigError
from upsell.sources.kafka_messages import From, Partition
from upsell.sources.kafka_topics import Topics
from upsell.store.connect import Connection
from upsell.store.kafka_offsets import Kept, put_offset


class Offset(msgspec.Struct, frozen=True):
    """An offset by its number."""

    number: int


class Put(msgspec.Struct, frozen=True):
    """One partition that was put elsewhere: from where to where."""

    partition: Partition
    before: int
    after: int


def read_place(text: str) -> From | Moment | Offset:
    """Read where to go on: earliest, latest, an offset, or a moment.

    Raises:
        ConfigError: It is none of these.
    """
    if text in {each.value for each in From}:
        return From(text)
    if text.isascii() and text.isdigit():
        return Offset(int(text))
    moment = parse_moment(text)
    if moment is None:
        msg = f"expected earliest, latest, an offset, or a moment such as 2026-03-01T12:00:00Z; got {text}"
        raise ConfigError(msg)
    return moment


def choose(kept: Iterable[Kept], what: str) -> list[Kept]:
    """Give the partitions that ``events`` or ``events/3`` names.

    Raises:
        ConfigError: None of them was ever read.
    """
    known = list(kept)
    found = [each for each in known if what in (each.partition.topic, str(each.partition))]
    if not found:
        listed = ", ".join(str(each.partition) for each in known) or "none, as nothing was read yet"
        msg = (
            f"expected a topic or a partition such as events/3 that was read, got {what}; known are {listed}"
        )
        raise ConfigError(msg)
    return found


def put_offsets(
    connection: Connection, chosen: Collection[Kept], place: From | Moment | Offset, topics: Topics
) -> list[Put]:
    """Put partitions elsewhere, of the topics that are there now.

    Raises:
        AwayError: Kafka does not answer.
        ConfigError: There is no such offset, or no such partition any more.
    """
    names = {each.partition.topic for each in chosen}
    ids = topics.find_ids(names)
    after: dict[Partition, int] = {}
    if not isinstance(place, Offset):
        for topic in names:
            after |= topics.find_starts(topic, place)
    for each in chosen:
        if isinstance(place, Offset):
            low, high = topics.find_bounds(each.partition)
            if not low <= place.number <= high:
                msg = f"expected an offset of {each.partition} from {low} to {high}, got {place.number}"
                raise ConfigError(msg)
            after[each.partition] = place.number
        elif each.partition not in after:
            msg = f"expected {each.partition} to be there, but its topic has fewer partitions now"
            raise ConfigError(msg)
    with connection.transaction():
        for each in chosen:
            topic_id = ids.get(each.partition.topic, "")
            put_offset(connection, each.source, each.partition, after[each.partition], topic_id)
    return [Put(each.partition, each.stand.next_offset, after[each.partition]) for each in chosen]
