"""Segment's shapes: bodies of its calls, alone or in a ``batch``, as events.

Pure: what the time is comes as an argument. The law: one bad item never stops the others, and each
that is refused says what was expected and what came.
"""

from __future__ import annotations

import enum
import json
from hashlib import blake2b
from typing import Any, assert_never

import msgspec

from upsell.clock import Moment, parse_moment
from upsell.errors import IntakeError, nearest
from upsell.ids import anonymous_customer, digest, is_anonymous
from upsell.signals.event_table import EVENT_TABLE
from upsell.signals.events import (
    ACCOUNT_IDENTIFIED,
    CUSTOMER_IDENTIFIED,
    CUSTOMERS_MERGED,
    PAGE_VIEWED,
    SCREEN_VIEWED,
    Event,
)
from upsell.sources.bounds import FARTHEST_AHEAD, LARGEST_EVENT, LONGEST_NAME

_LONGEST_SHOWN = 60


class Call(enum.Enum):
    """What an item does."""

    IDENTIFY = "identify"
    TRACK = "track"
    GROUP = "group"
    PAGE = "page"
    SCREEN = "screen"
    ALIAS = "alias"


_NAMES = {
    Call.IDENTIFY: CUSTOMER_IDENTIFIED,
    Call.GROUP: ACCOUNT_IDENTIFIED,
    Call.PAGE: PAGE_VIEWED,
    Call.SCREEN: SCREEN_VIEWED,
    Call.ALIAS: CUSTOMERS_MERGED,
}


class Draft(msgspec.Struct, frozen=True):
    """An item that can be taken.

    Attributes:
        event: Its event.
        hash: What its body comes to without when it was sent.
        merge: What goes before it: an ``identify`` that names a visitor says who the visitor is.
    """

    event: Event
    hash: bytes
    merge: Draft | None = None


class Refusal(msgspec.Struct, frozen=True):
    """An item that cannot be taken: a short stable code, what was expected and came, and what was sent."""

    code: str
    message: str
    body: str = ""


class Batch(msgspec.Struct, frozen=True):
    """The items of a request, each as sent, and when the client says it sent them."""

    items: tuple[bytes, ...]
    sent_at: str | None = None
    write_key: str | None = None


class _Context(msgspec.Struct):
    group_id: str | int | None = msgspec.field(default=None, name="groupId")
    historical: bool = False


class _Item(msgspec.Struct, rename="camel"):
    """The fields of an item that are read; all others are left alone."""

    type: str | None = None
    event: str | None = None
    message_id: str | None = None
    user_id: str | int | None = None
    group_id: str | int | None = None
    anonymous_id: str | int | None = None
    previous_id: str | int | None = None
    name: str | None = None
    category: str | None = None
    timestamp: str | None = None
    sent_at: str | None = None
    context: _Context | None = None
    historical: bool = False
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None


class _Envelope(msgspec.Struct, rename="camel"):
    batch: list[msgspec.Raw]
    sent_at: str | None = None
    write_key: str | None = None


class _Single(msgspec.Struct, rename="camel"):
    sent_at: str | None = None
    write_key: str | None = None


_read_envelope = msgspec.json.Decoder(_Envelope).decode
_read_single = msgspec.json.Decoder(_Single).decode
_read_item = msgspec.json.Decoder(_Item).decode
_encode = msgspec.json.Encoder().encode
_BAD_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_batch(body: bytes) -> Batch:
    """Take the body of ``batch`` apart into its items, none of which has been read yet.

    Raises:
        IntakeError: It is no JSON object with a list ``batch``.
    """
    try:
        envelope = _read_envelope(body)
    except msgspec.ValidationError as error:
        msg = f'expected an object with a list of items, {{"batch": [...]}}, got: {error}'
        raise IntakeError(msg) from error
    except _BAD_JSON as error:
        return _read_odd_batch(body, error)
    return Batch(tuple(bytes(item) for item in envelope.batch), envelope.sent_at, envelope.write_key)


def read_single(body: bytes) -> Batch:
    """Take the body of one call as a batch of one."""
    try:
        single = _read_single(body)
    except _BAD_JSON:
        return Batch((body,))
    return Batch((body,), single.sent_at, single.write_key)


def read_item(
    body: bytes, call: Call | None, received_at: Moment, sent_at: str | None = None
) -> Draft | Refusal:
    """Read one item.

    Args:
        body: The item as JSON.
        call: What it does; None to go by its ``type``.
        received_at: The present. It is when the event happened if the item does not say.
        sent_at: When the client says it sent the request; what its clock is off is taken out of
            the event's time.
    """
    if len(body) > LARGEST_EVENT:
        return Refusal("too_large", f"expected at most {LARGEST_EVENT:,} bytes, got {len(body):,}")
    try:
        item = _read_item(body)
    except msgspec.ValidationError as error:
        return _refuse(body, "invalid", f"expected an item in Segment's shape, got: {error}")
    except UnicodeDecodeError:
        return _refuse(body, "encoding", "expected UTF-8 text, got other bytes")
    except (msgspec.DecodeError, RecursionError) as error:
        return _refuse(body, "malformed", f"expected JSON, got: {error}")
    answer = _draft(item, call, received_at, sent_at)
    return answer if isinstance(answer, Draft) else _refuse(body, *answer)


def _draft(
    item: _Item, call: Call | None, received_at: Moment, sent_at: str | None
) -> Draft | tuple[str, str]:
    """Make the event of an item, or say with code and message why it cannot be taken."""
    doing = call or _call_of(item)
    if isinstance(doing, tuple):
        return doing
    customer_id, account_id = _ids(item, doing)
    wrong = _wrong_ids(item, doing, customer_id, account_id)
    if wrong is not None:
        return wrong
    occurred_at = _occurred_at(item, received_at, sent_at)
    if isinstance(occurred_at, tuple):
        return occurred_at
    name = _NAMES.get(doing) or (item.event or "").strip()
    said = _said(item, doing)
    if isinstance(said, tuple):
        return said
    refused = _wrong_name(name, is_tracked=doing is Call.TRACK)
    if refused is not None:
        return refused
    is_historical = item.historical or (item.context is not None and item.context.historical)
    body = _encode((name, customer_id, account_id, item.timestamp, said, is_historical))
    event = Event(
        id=item.message_id or digest("body", body.decode()),
        name=name,
        occurred_at=occurred_at,
        seen_at=received_at,
        customer_id=customer_id,
        account_id=account_id,
        properties=said,
        is_historical=is_historical,
    )
    return Draft(event, _hash(body), _merge(item, event) if doing is Call.IDENTIFY else None)


def _said(item: _Item, doing: Call) -> dict[str, Any] | tuple[str, str]:
    """Give the properties of the event an item makes, or say why there can be none."""
    match doing:
        case Call.TRACK:
            return item.properties or {}
        case Call.IDENTIFY | Call.GROUP:
            return item.traits or {}
        case Call.PAGE | Call.SCREEN:
            named = {"name": item.name, "category": item.category}
            return {key: value for key, value in named.items() if value} | (item.properties or {})
        case Call.ALIAS:
            gone = _id(item.previous_id) or _visitor(item)
            if gone is None:
                return ("missing_id", "expected previousId, the id that goes, got none")
            return {"from": gone}
        case _:
            assert_never(doing)


def _merge(item: _Item, known: Event) -> Draft | None:
    """Give the merge of the visitor whom an ``identify`` names into its customer.

    Its id is made of the two ids: however often it is said, it is said once.
    """
    gone = _visitor(item)
    if gone is None or known.customer_id is None or gone == known.customer_id:
        return None
    body = _encode((CUSTOMERS_MERGED, known.customer_id, gone))
    event = msgspec.structs.replace(
        known,
        id=digest("merge", gone, known.customer_id),
        name=CUSTOMERS_MERGED,
        account_id=None,
        properties={"from": gone},
    )
    return Draft(event, _hash(body))


def _hash(body: bytes) -> bytes:
    return blake2b(body, digest_size=16).digest()


def _call_of(item: _Item) -> Call | tuple[str, str]:
    """Give what an item's ``type`` says it does."""
    known = {call.value: call for call in Call}
    if item.type in known:
        return known[item.type]
    near = nearest(item.type or "", known)
    advice = f"; did you mean {near}?" if near else ""
    return ("unknown_type", f"expected a type of {', '.join(known)}, got {_shown(item.type)}{advice}")


def _ids(item: _Item, doing: Call) -> tuple[str | None, str | None]:
    """Give customer and account; for ``group`` the account is the group, else what the context says."""
    said = item.group_id
    if said is None and doing is not Call.GROUP and item.context is not None:
        said = item.context.group_id
    customer_id = _id(item.user_id)
    if customer_id is None and doing not in (Call.ALIAS, Call.GROUP):
        customer_id = _visitor(item)
    return customer_id, _id(said)


def _visitor(item: _Item) -> str | None:
    """Give the customer id of the visitor an item names, None when it names none."""
    said = _id(item.anonymous_id)
    return anonymous_customer(said) if said is not None else None


def _id(said: str | int | None) -> str | None:
    return (str(said).strip() or None) if said is not None else None


def _wrong_ids(
    item: _Item, doing: Call, customer_id: str | None, account_id: str | None
) -> tuple[str, str] | None:
    """Say what is wrong with the ids of an item, None when nothing is."""
    ids = (
        ("userId", _id(item.user_id)),
        ("anonymousId", _id(item.anonymous_id)),
        ("previousId", _id(item.previous_id)),
        ("groupId", account_id),
        ("messageId", item.message_id),
    )
    for key, said in ids:
        if said is not None and (len(said) > LONGEST_NAME or not said.isprintable()):
            return (
                "invalid_id",
                f"expected {key} of at most {LONGEST_NAME} printable characters, got {_shown(said)}",
            )
    said_user = _id(item.user_id)
    if said_user is not None and is_anonymous(said_user) and doing is not Call.ALIAS:
        return ("invalid_id", f"expected an id of a known customer in userId, got {_shown(said_user)}")
    if doing is Call.GROUP and account_id is None:
        return ("missing_id", "expected groupId, the account's id, got none")
    if doing is Call.ALIAS and said_user is None:
        return ("missing_id", "expected userId, the id that stays, got none")
    if doing is Call.IDENTIFY and customer_id is None:
        return ("missing_id", "expected userId, the customer's id, or anonymousId, got neither")
    if customer_id is None and account_id is None:
        return ("missing_id", "expected userId, anonymousId, or groupId in the context, got none")
    return None


def _occurred_at(item: _Item, received_at: Moment, sent_at: str | None) -> Moment | tuple[str, str]:
    """Give when it happened by our clock: the client's time, less what its clock is ahead of ours."""
    if item.timestamp is None:
        return received_at
    said = parse_moment(item.timestamp)
    if said is None:
        return (
            "invalid_time",
            f"expected a timestamp with a zone, such as 2026-03-01T12:00:00Z, got {_shown(item.timestamp)}",
        )
    sent = parse_moment(sent_at or item.sent_at or "")
    occurred_at = said + (received_at - sent) if sent is not None else said
    if occurred_at > received_at + FARTHEST_AHEAD:
        return ("invalid_time", f"expected a timestamp at most a day ahead, got {_shown(item.timestamp)}")
    if occurred_at < 0:
        return ("invalid_time", f"expected a timestamp from 1970 on, got {_shown(item.timestamp)}")
    return occurred_at


def _wrong_name(name: str, *, is_tracked: bool) -> tuple[str, str] | None:
    """Say what is wrong with an event's name, None when nothing is."""
    if not name:
        return ("missing_event", "expected the name of an event in event, got none")
    if len(name) > LONGEST_NAME or not name.isprintable():
        return (
            "invalid_event",
            f"expected a name of at most {LONGEST_NAME} printable characters, got {_shown(name)}",
        )
    known = EVENT_TABLE.get(name)
    if known is not None and known.is_ours:
        return ("reserved_event", f"expected another name: {name} is what Upsell itself records")
    if is_tracked and name == CUSTOMERS_MERGED:
        return ("reserved_event", f"expected a call of type alias for {name}, got track")
    return None


def _read_odd_batch(body: bytes, error: Exception) -> Batch:
    """Take a batch apart that holds text which is not UTF-8 or no Unicode, so that only its item is refused.

    Raises:
        IntakeError: It is no JSON at all.
    """
    try:
        said = json.loads(body.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        msg = f"expected JSON, got: {error}"
        raise IntakeError(msg) from error
    items = said.get("batch") if isinstance(said, dict) else None
    if not isinstance(items, list):
        msg = 'expected an object with a list of items, {"batch": [...]}'
        raise IntakeError(msg) from error
    sent_at, write_key = said.get("sentAt"), said.get("writeKey")
    return Batch(
        tuple(json.dumps(item, ensure_ascii=False).encode("utf-8", "surrogatepass") for item in items),
        sent_at if isinstance(sent_at, str) else None,
        write_key if isinstance(write_key, str) else None,
    )


def _refuse(body: bytes, code: str, message: str) -> Refusal:
    return Refusal(code, message, body[:LARGEST_EVENT].decode("utf-8", "replace"))


def _shown(said: str | None) -> str:
    """Show what came on one line, shortened."""
    if said is None:
        return "none"
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in said)
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."
