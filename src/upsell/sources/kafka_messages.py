"""Kafka's messages as what the ledger takes: drafts of events, or what was refused and why.

Pure: what the time is comes as an argument. The laws: one bad message never stops the others, and each that
is refused says what was expected and what came; the same message read again is the same event, under the
same id.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, assert_never

import msgspec

from upsell.clock import SECOND, Duration, Moment, format_moment
from upsell.ids import digest
from upsell.sources.bounds import LARGEST_BATCH, LARGEST_EVENT
from upsell.sources.reports import MalformedError
from upsell.sources.segment import Call, Draft, Refusal
from upsell.sources.source import (
    Aside,
    Delivery,
    Item,
    Read,
    Source,
    Taken,
    draft_item,
    hide,
    hide_secrets,
    shown_body,
)

MILLISECOND: Final[Duration] = SECOND // 1_000
"""In which Kafka tells moments and durations."""

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


class From(enum.Enum):
    """Where a topic that was never read is begun, where that is no moment."""

    EARLIEST = "earliest"
    LATEST = "latest"


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


def read_message(message: Message, source: Source, topic_id: str, key_is: KeyIs, now: Moment) -> Taken:
    """Read one message; nothing at all for a tombstone.

    Args:
        message: What was read.
        source: What takes it apart, and whose name its events carry.
        topic_id: What Kafka calls the topic, so that one made anew has other ids; "" where it does not say.
        key_is: Whose id the key is.
        now: The present.
    """
    if message.value is None:
        return Taken(passed_over=1)
    if len(message.value) > LARGEST_BATCH:
        size = f"expected at most {LARGEST_BATCH:,} bytes, got {len(message.value):,}"
        return _aside(message, "too_large", size)
    try:
        read = source.read(Delivery(message.value, _headers(message)), now)
    except MalformedError as error:
        return _aside(message, "malformed", hide(str(error), source.secrets), source.secrets)
    try:
        key = (message.key or b"").decode().strip() if key_is is not KeyIs.NOTHING else ""
    except UnicodeDecodeError:
        return _aside(
            message, "invalid_key", f"expected a key of UTF-8 text, as an id is, got {message.key!r}"
        )
    items = (
        _draft(item, message, source.name, _id_of(message, topic_id, index), key_is, key, now)
        for index, item in enumerate(read.items)
    )
    return hide_secrets(Taken(tuple(items), read.asides, read.passed_over), source.secrets)


def _headers(message: Message) -> dict[str, str]:
    """Give the headers that rules see: the message's own, and what Kafka says of it."""
    headers = {name.lower(): said for name, said in message.headers.items()}
    headers["kafka-topic"] = message.partition.topic
    headers["kafka-place"] = message.place
    if message.key is not None:
        headers["kafka-key"] = message.key.decode("utf-8", "replace")
    if message.sent_at is not None:
        headers["kafka-time"] = format_moment(message.sent_at)
    return headers


def read_segment(delivery: Delivery) -> Read:
    """Read a message that is one item in Segment's shape, which is what holds where no rules are written.

    What is inside it is not read twice: it stays as it was written.

    Raises:
        MalformedError: It is no JSON object.
    """
    if len(delivery.body) > LARGEST_EVENT:
        msg = f"expected at most {LARGEST_EVENT:,} bytes, got {len(delivery.body):,}"
        return Read(asides=(Aside("too_large", msg, shown_body(delivery.body)),))
    try:
        item = _decode(delivery.body)
    except msgspec.ValidationError as error:
        msg = f"expected an item in Segment's shape, got: {error}"
        return Read(asides=(Aside("invalid", msg, shown_body(delivery.body)),))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"expected JSON, got: {error}"
        raise MalformedError(msg) from error
    if bytes(item.get("type", _NULL)) in _TYPES:
        return Read(items=(item,))
    known = ", ".join(call.value for call in Call)
    said = (
        f"expected an item in Segment's shape, with a type of {known}, got {_shown(item.get('type'))}; "
        "what has another shape is read by rules in the source's file"
    )
    return Read(asides=(Aside("unknown_kind", said, shown_body(delivery.body)),))


def _draft(
    item: Item, message: Message, name: str, message_id: str, key_is: KeyIs, key: str, now: Moment
) -> Draft | Refusal:
    """Draft one item, completed by what its message says beside it.

    When a message was sent is no reason to move its time: it may have lain in its topic for days.
    """
    said = {field: value for field, value in item.items() if field != "sentAt"}
    if _is_absent(said, "messageId"):
        said["messageId"] = message_id
    if key:
        _name(said, key_is, key)
    is_dated = not _is_absent(said, "timestamp") or message.sent_at is None
    return draft_item(name, said, now if is_dated else min(message.sent_at or now, now))


def _name(said: dict[str, Any], key_is: KeyIs, key: str) -> None:
    """Let an item that names nobody of a kind be about whom the key names."""
    match key_is:
        case KeyIs.NOTHING:
            pass
        case KeyIs.CUSTOMER:
            if _is_absent(said, "userId") and _is_absent(said, "anonymousId"):
                said["userId"] = key
        case KeyIs.ACCOUNT:
            if _is_absent(said, "groupId") and not _has_group(said.get("context")):
                said["groupId"] = key
        case _:
            assert_never(key_is)


def _has_group(context: Any) -> bool:
    known = msgspec.json.decode(context) if isinstance(context, msgspec.Raw) else context
    return isinstance(known, Mapping) and known.get("groupId") is not None


def _is_absent(said: Mapping[str, Any], field: str) -> bool:
    value = said.get(field)
    return value is None or value == _NULL


def _id_of(message: Message, topic_id: str, index: int) -> str:
    """Make the id of an item from where it lies."""
    topic = message.partition.topic
    stem = topic_id or (topic if len(topic) <= LONGEST_STEM else digest("topic", topic))
    place = f"{stem}/{message.partition.number}/{message.offset}"
    return f"{place}/{index}" if index else place


def _aside(message: Message, code: str, said: str, secrets: tuple[str, ...] = ()) -> Taken:
    return Taken(asides=(Aside(code, said, hide(shown_body(message.value or b""), secrets)),))


def _shown(value: msgspec.Raw | None) -> str:
    return "none" if value is None else bytes(value)[:60].decode("utf-8", "replace")


_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_NULL: Final = msgspec.Raw(b"null")
_TYPES: Final = frozenset(msgspec.json.encode(call.value) for call in Call)
