"""Consuming: messages of Kafka are written to the ledger in one transaction with where we stand.

The laws: an offset moves in the transaction that writes what was read up to it, and only from where this
consumer stands, so a message is written once, whoever is killed, loses a partition without knowing, or does
not hear whether a commit went through; and after whatever went wrong what counts is what the store says.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import msgspec
import psycopg
import structlog

from upsell.clock import SECOND, Clock, Duration, Moment
from upsell.errors import StoreError
from upsell.runtime.admitting import admit
from upsell.runtime.consumed import conflict_of, moves_of, rejections_of
from upsell.runtime.source_desk import drafts_of
from upsell.sources.kafka_messages import From, KeyIs, Message, Partition, read_message
from upsell.sources.kafka_stream import GoneError, Locate, Stream
from upsell.sources.kafka_topics import AwayError, StreamError
from upsell.sources.source import Aside, Source, Taken, shown_body
from upsell.store.connect import Connection, connect
from upsell.store.kafka_offsets import (
    Kept,
    Stand,
    hear_ends,
    hold_offsets,
    move_offsets,
    note_trouble,
    read_offsets,
    start_offsets,
)
from upsell.store.rejections import keep_rejections

MOST_TOGETHER: Final = 5_000
"""How many messages are committed together at most."""

HEARD_EACH: Final[Duration] = 5 * SECOND
"""How often it is noted where partitions end, and looked whether they were put elsewhere."""

ASKED_EACH: Final[Duration] = 30 * SECOND
"""How often it is asked whether topics are still those that were begun."""

_LONGEST_WAIT: Final = 0.5
_SHORTEST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_GONE: Final = (psycopg.OperationalError, StoreError)

_log = structlog.get_logger(__name__)


class Reading(msgspec.Struct, frozen=True):
    """How messages are read: by what, where a topic is begun, and whose id a key is."""

    source: Source
    start: From | Moment
    key_is: KeyIs


class Batch(msgspec.Struct, frozen=True):
    """Messages in hand, and where each of their partitions stood when they were taken."""

    messages: Sequence[Message]
    stands: Mapping[Partition, Stand]


class OffsetError(StreamError):
    """What a source reads next is not there any more; ``partitions`` says where, and a person decides."""

    def __init__(self, message: str, partitions: Sequence[Partition]) -> None:
        """Keep the partitions concerned."""
        self.partitions = tuple(partitions)
        super().__init__(message)


class MovedError(StoreError):
    """A partition stands elsewhere than its consumer believes: what it has in hand is not its to write."""


class _Stopped(Exception):  # noqa: N818  # nothing went wrong
    """A stop was asked for while something was waited for."""


class Consumer:
    """One consumer of a source: takes messages and writes them, for as long as it is run."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        reading: Reading,
        open_stream: Callable[[Locate], Stream],
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Write to the database at ``url``, by the given clock, what a stream brings."""
        self._url = url
        self._clock = clock
        self._reading = reading
        self._name = reading.source.name
        self._is_stopped = is_stopped
        self._connection: Connection | None = None
        self._stands: dict[Partition, Stand] = {}
        self._kept: dict[Partition, Kept] = {}
        self._heard_at: Moment | None = None
        self._asked_at: Moment | None = None
        self._stream = open_stream(self._locate)

    @property
    def partitions(self) -> frozenset[Partition]:
        """The partitions that are this consumer's now."""
        return self._stream.assigned

    def run(self) -> None:
        """Take and write until stopped; a database that goes away is come back to.

        Raises:
            OffsetError: An offset is not there any more; a person decides where to go on.
            StreamError: Kafka lets us in no more, or says what nobody expects.
        """
        try:
            while not self._is_stopped():
                try:
                    self.write(self.take(_LONGEST_WAIT))
                    self.hear()
                except _GONE as error:
                    _log.warning("database_lost", source=self._name, error=str(error).strip())
                    self._wait_for_database()
        except _Stopped:
            pass
        except OffsetError as error:
            self._note(error)
            raise
        finally:
            self.close()

    def take(self, seconds: float) -> Batch:
        """Wait up to so many seconds for messages, and take those that come and were not written yet.

        Raises:
            OffsetError: An offset is not there any more; a person decides where to go on.
            StreamError: Kafka lets us in no more, or says what nobody expects.
        """
        try:
            taken = self._stream.take(MOST_TOGETHER, seconds)
        except GoneError as error:
            raise self._explained(error) from error
        self._stands = {each: self._stands[each] for each in self._stream.assigned}
        reached = {partition: stand.next_offset for partition, stand in self._stands.items()}
        fresh: list[Message] = []
        for message in taken:
            if message.offset >= reached.get(message.partition, message.offset + 1):
                fresh.append(message)
                reached[message.partition] = message.offset + 1
        concerned = {message.partition for message in fresh}
        return Batch(fresh, {each: self._stands[each] for each in concerned})

    def write(self, batch: Batch) -> bool:
        """Write a batch with where it leaves us; False where it was not ours to write, and nothing was.

        Raises:
            psycopg.OperationalError: The database went away; whether it was written the store knows.
        """
        if not batch.messages:
            return True
        try:
            self._write(batch)
        except MovedError as error:
            _log.warning("kafka_batch_dropped", source=self._name, why=str(error))
            self.go_back()
            return False
        return True

    def go_back(self) -> None:
        """Read on from where the store says we stand."""
        kept = read_offsets(self._connected(), self._name)
        self._kept = {each: kept[self._name, each] for each in self._stream.assigned}
        self._stands = {partition: each.stand for partition, each in self._kept.items()}
        self._stream.go_to({each: stand.next_offset for each, stand in self._stands.items()})

    def hear(self) -> None:
        """Each few seconds: note where partitions end, and follow a person who put one elsewhere."""
        now = self._clock.now()
        if self._heard_at is not None and now < self._heard_at + HEARD_EACH:
            return
        connection = self._connected()
        kept = read_offsets(connection, self._name)
        if any(kept[self._name, each].stand != stand for each, stand in self._stands.items()):
            self.go_back()
        if self._asked_at is None or now >= self._asked_at + ASKED_EACH:
            self._check_ids(self._stream.topics.find_ids({each.topic for each in self._stands}))
            self._asked_at = now
        hear_ends(connection, self._name, self._stream.ends(), now)
        self._stream.tell({each: stand.next_offset for each, stand in self._stands.items()})
        self._heard_at = now

    def close(self) -> None:
        """Tell Kafka where we stand, leave the group, and give the connection back."""
        self._stream.tell({each: stand.next_offset for each, stand in self._stands.items()})
        self._stream.close()
        if self._connection is not None:
            self._connection.close()

    def _write(self, batch: Batch) -> None:
        """Write messages; those that cannot be held are found by halving, and kept with its reason.

        What else is wrong with the database is no fault of a message, so that is raised and loses none.
        """
        try:
            self._commit(batch, [self._read(message) for message in batch.messages])
        except (psycopg.DataError, RecursionError) as error:
            if len(batch.messages) == 1:
                said = f"expected what the ledger can hold, got: {str(error).strip()}"
                body = shown_body(batch.messages[0].value or b"")
                self._commit(batch, [Taken(asides=(Aside("unwritable", said, body),))])
                return
            middle = len(batch.messages) // 2
            for half in (batch.messages[:middle], batch.messages[middle:]):
                partitions = {message.partition for message in half}
                self._write(Batch(half, {each: self._stands[each] for each in partitions}))

    def _read(self, message: Message) -> Taken:
        topic_id = self._kept[message.partition].topic_id
        return read_message(message, self._reading.source, topic_id, self._reading.key_is, self._clock.now())

    def _commit(self, batch: Batch, read: Sequence[Taken]) -> None:
        """Write what was read and move the offsets, in one transaction.

        Raises:
            MovedError: A partition stands elsewhere than it did when the batch was taken; nothing is written.
        """
        connection = self._connected()
        now = self._clock.now()
        drafts = [drafts_of(taken) for taken in read]
        kept = [
            rejections_of(self._name, message, taken, now)
            for message, taken in zip(batch.messages, read, strict=True)
        ]
        with connection.transaction():
            self._hold(connection, batch)
            answers = iter(
                admit(
                    connection,
                    self._clock,
                    [draft for each in drafts for draft in each],
                    [rejection for each in kept for rejection in each],
                )
            )
            conflicts = [
                [
                    found
                    for draft in each
                    if (found := conflict_of(message, draft, next(answers), now)) is not None
                ]
                for message, each in zip(batch.messages, drafts, strict=True)
            ]
            keep_rejections(connection, [rejection for each in conflicts for rejection in each])
            moves = moves_of(batch.messages, drafts, [[*a, *b] for a, b in zip(kept, conflicts, strict=True)])
            move_offsets(connection, self._name, moves)
        for partition, move in moves.items():
            stand = self._stands[partition]
            self._stands[partition] = msgspec.structs.replace(stand, next_offset=move.next_offset)

    def _hold(self, connection: Connection, batch: Batch) -> None:
        """Hold the partitions of a batch to standing where they did when it was taken."""
        held = hold_offsets(connection, self._name, list(batch.stands))
        for partition, stand in batch.stands.items():
            if held.get(partition) != stand:
                msg = f"expected {partition} at {_shown(stand)}, found it at {_shown(held.get(partition))}"
                raise MovedError(msg)

    def _locate(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Say where partitions that became ours are read on, however long that takes to be answered."""
        pause = _SHORTEST_PAUSE
        while not self._is_stopped():
            try:
                return self._find(partitions)
            except (*_GONE, AwayError) as error:
                _log.warning("kafka_waits", source=self._name, error=str(error).strip())
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                self._drop_connection()
        raise _Stopped

    def _find(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Find where partitions are read on.

        A topic that was never read is begun where the source says, all of its partitions at once. A
        partition that is there later is new, and read from its first message.
        """
        connection = self._connected()
        kept = read_offsets(connection, self._name)
        known = {partition.topic for _, partition in kept}
        topics = {partition.topic for partition in partitions}
        live = self._stream.topics.find_ids(topics)
        starts = {partition: 0 for partition in partitions if partition.topic in known}
        for topic in topics - known:
            starts |= self._stream.topics.find_starts(topic, self._reading.start)
        if any((self._name, partition) not in kept for partition in starts):
            start_offsets(connection, self._name, starts, live)
            kept = read_offsets(connection, self._name)
        self._kept = {partition: kept[self._name, partition] for partition in partitions}
        self._stands = {partition: each.stand for partition, each in self._kept.items()}
        self._check_ids(live)
        for partition, stand in self._stands.items():
            self._check_bounds(partition, stand.next_offset)
        return {partition: stand.next_offset for partition, stand in self._stands.items()}

    def _check_ids(self, live: Mapping[str, str]) -> None:
        """Hold topics to being those that were begun."""
        for partition, each in self._kept.items():
            found = live.get(partition.topic, "")
            if each.topic_id and found and found != each.topic_id:
                anew = [other for other in self._kept if other.topic == partition.topic]
                msg = (
                    f"source {self._name}: topic {partition.topic} was deleted and made anew, and offset "
                    f"{self._stands[partition].next_offset} of {partition} is one of the topic that is gone; "
                    f"{_advice(self._name, partition.topic)}"
                )
                raise OffsetError(msg, anew)

    def _check_bounds(self, partition: Partition, next_offset: int) -> None:
        """Hold an offset to being there, or being the next to come."""
        low, high = self._stream.topics.find_bounds(partition)
        if low <= next_offset <= high:
            return
        found = f"it begins at {low}: {low - next_offset} were deleted before they were read"
        if next_offset > high:
            found = f"it ends at {high}: the topic was cut off or made anew"
        msg = (
            f"source {self._name}: expected offset {next_offset} of {partition}, but {found}; "
            f"{_advice(self._name, str(partition))}"
        )
        raise OffsetError(msg, [partition])

    def _explained(self, error: GoneError) -> OffsetError:
        """Say of an offset that is gone why, as far as Kafka tells, and what to do."""
        partition = error.partition
        try:
            self._check_ids(self._stream.topics.find_ids({partition.topic}))
            self._check_bounds(partition, self._stands[partition].next_offset)
        except OffsetError as told:
            return told
        return OffsetError(
            f"source {self._name}: {error}; {_advice(self._name, str(partition))}", [partition]
        )

    def _note(self, error: OffsetError) -> None:
        """Keep why reading stopped, for the doctor; where the database is away, the log has it."""
        try:
            note_trouble(self._connected(), self._name, error.partitions, str(error))
        except _GONE as lost:
            _log.warning("database_lost", source=self._name, error=str(lost).strip())

    def _wait_for_database(self) -> None:
        """Stay a member of the group until the database answers, then read on from where it says."""
        pause = _SHORTEST_PAUSE
        while not self._is_stopped():
            self._drop_connection()
            self._stream.wait(pause)
            try:
                self.go_back()
            except _GONE:
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                return

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url)
        return self._connection

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _shown(stand: Stand | None) -> str:
    if stand is None:
        return "no offset"
    return (
        f"{stand.next_offset} (put elsewhere {stand.moves} times)" if stand.moves else str(stand.next_offset)
    )


def _advice(name: str, what: str) -> str:
    return f"decide where to go on, such as `upsell offsets {name} --put {what} --at earliest`"
