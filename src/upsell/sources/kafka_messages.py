"""Kafka's messages as what the ledger takes: drafts of events, or what was refused and why.

Pure: what the time is comes as an argument. The laws: one bad message never stops the others, and each that
is refused says what was expected and what came; the same message read again is the same event, under the
same id.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from upsell.clock import Moment
from upsell.ids import digest
from upsell.sources.bounds import LARGEST_BATCH, LARGEST_EVENT
from upsell.sources.segment import Draft, Refusal, read_item

LONGEST_STEM: Final = 150
"""How many characters of a topic's name are part of a message's id; beyond, a digest of it is."""


class Partition(NamedTuple):
    """One partition of a topic, by the topic's name and the partition's number."""

    topic: str
    number: int

    def __str__(self) -> str:
        """Write it as people name it: ``events/3``."""
        return f"{self.topic}/{self.number}"


class KeyIs(enum.Enum):
    """Whose id the key of a message is, where its value names nobody."""

    NOTHING = "nothing"
    CUSTOMER = "customer"
    ACCOUNT = "account"


class Message(msgspec.Struct, frozen=True):
    """One message as it was read.

    Attributes:
        partition: Where it lies.
        offset: Its number there.
        value: What it says; None for a tombstone, which says that its key is gone.
        key: Its key, None when it has none.
        headers: Its headers as text; of several of one name the last.
        sent_at: Kafka's own time of it, None when it has none.
    """

    partition: Partition
    offset: int
    value: bytes | None
    key: bytes | None = None
    headers: Mapping[str, str] = {}
    sent_at: Moment | None = None

    @property
    def place(self) -> str:
        """Where it is, as people name it: ``events/3/1042``."""
        return f"{self.partition}/{self.offset}"


Shape = Callable[[Message, Moment], Sequence[bytes | Refusal]]
"""What takes a message apart into Segment-shaped items, as JSON, and what it keeps aside."""


def read_segment(message: Message, now: Moment) -> Sequence[bytes | Refusal]:  # noqa: ARG001  # a ``Shape``
    """Take a message as one item in Segment's shape, which is the shape that holds by default."""
    return (message.value or b"",)


def read_message(
    message: Message, source: str, topic_id: str, key_is: KeyIs, shape: Shape, now: Moment
) -> list[Draft | Refusal]:
    """Read one message; [] for a tombstone, and for one of which its shape makes nothing.

    Args:
        message: What was read.
        source: The name of the source, which its events carry.
        topic_id: What Kafka calls the topic, so that one made anew has other ids; "" where it does not say.
        key_is: Whose id the key is.
        shape: What takes it apart.
        now: The present.
    """
    if message.value is None:
        return []
    if len(message.value) > LARGEST_BATCH:
        return [_refuse(message, "too_large", f"expected at most {LARGEST_BATCH:,} bytes")]
    read: list[Draft | Refusal] = []
    for index, item in enumerate(shape(message, now)):
        if isinstance(item, Refusal):
            read.append(item)
            continue
        answer = _read(item, message, _id_of(message, topic_id, index), key_is, now)
        if isinstance(answer, Draft):
            event = msgspec.structs.replace(answer.event, source=source)
            answer = msgspec.structs.replace(answer, event=event, merge=_of_source(answer.merge, source))
        read.append(answer)
    return read


def _read(item: bytes, message: Message, message_id: str, key_is: KeyIs, now: Moment) -> Draft | Refusal:
    """Read one item, completed by what its message says beside it.

    When a message was sent is no reason to move its time: it may have lain in its topic for days.
    """
    if len(item) > LARGEST_EVENT:
        return _refuse(message, "too_large", f"expected at most {LARGEST_EVENT:,} bytes", len(item))
    try:
        said = _decode(item)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        answer = read_item(item, None, now)
        return answer if isinstance(answer, Refusal) else _refuse(message, "malformed", str(error))
    said.pop("sentAt", None)
    if said.get("messageId", _NULL) == _NULL:
        said["messageId"] = _raw(message_id)
    if key_is is not KeyIs.NOTHING and message.key is not None:
        try:
            _name(said, key_is, message.key.decode().strip())
        except UnicodeDecodeError:
            return _refuse(message, "invalid_key", "expected a key of UTF-8 text, as an id is")
    has_time = said.get("timestamp", _NULL) != _NULL
    happened_at = now if has_time or message.sent_at is None else min(message.sent_at, now)
    return read_item(_encode(said), None, happened_at)


def _name(said: dict[str, msgspec.Raw], key_is: KeyIs, key: str) -> None:
    """Let an item that names nobody of a kind be about whom the key names."""
    if not key:
        return
    if key_is is KeyIs.CUSTOMER:
        if all(said.get(field, _NULL) == _NULL for field in ("userId", "anonymousId")):
            said["userId"] = _raw(key)
    elif said.get("groupId", _NULL) == _NULL:
        context: dict[str, Any] | None = msgspec.json.decode(said.get("context", _NULL))
        if not isinstance(context, dict) or context.get("groupId") is None:
            said["groupId"] = _raw(key)


def _id_of(message: Message, topic_id: str, index: int) -> str:
    """Make the id of an item from where it lies."""
    topic = message.partition.topic
    stem = topic_id or (topic if len(topic) <= LONGEST_STEM else digest("topic", topic))
    place = f"{stem}/{message.partition.number}/{message.offset}"
    return f"{place}/{index}" if index else place


def _of_source(draft: Draft | None, source: str) -> Draft | None:
    if draft is None:
        return None
    return msgspec.structs.replace(draft, event=msgspec.structs.replace(draft.event, source=source))


def _refuse(message: Message, code: str, said: str, size: int | None = None) -> Refusal:
    value = message.value or b""
    got = f", got {len(value) if size is None else size:,}" if code == "too_large" else ""
    return Refusal(code, said + got, value[:LARGEST_EVENT].decode("utf-8", "replace"))


_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
_NULL: Final = msgspec.Raw(b"null")


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(_encode(text))
