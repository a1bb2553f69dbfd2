"""The shape of a source: what a vendor sends becomes items in Segment's shapes, or is kept aside.

Pure: what the time is comes as an argument. Every source, whatever it reads, gives items that go through one
reading (``segment``) to the intake, so there is one set of checks. The laws: what does not prove itself is
never read; what is not understood becomes no event; and an event carries the name of the source it came from,
so ids of two sources never clash.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol, TypeAlias

import msgspec

from upsell.clock import Moment
from upsell.sources.bounds import LARGEST_EVENT
from upsell.sources.reports import MalformedError
from upsell.sources.segment import Draft, Refusal, read_item

Item: TypeAlias = Mapping[str, Any]
"""What one call of Segment's says: ``type``, ``event``, ``messageId``, ``userId``, ``timestamp``..."""

NOBODYS: Final = frozenset(
    """
    accepting api core desk dispatcher file honouring import incident links preferences prompts returned
    """.split()
)
"""What is the source of events that come in other ways, so that no source may be called so."""

_HIDDEN: Final = "[secret]"
_BAD_ITEM = (msgspec.EncodeError, TypeError, ValueError, RecursionError)


class Delivery(msgspec.Struct, frozen=True):
    """What came in one request, or in one message of a queue.

    Attributes:
        body: The body, unpacked.
        headers: Its headers, names in small letters.
        query: What its address asks for, by name.
        url: The address it was sent to, as the sender knows it; empty where there is none.
        method: How it was sent.
    """

    body: bytes
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    url: str = ""
    method: str = "POST"


class Aside(msgspec.Struct, frozen=True):
    """What is kept aside: a short stable code, what was expected and came, what came, and where in it."""

    code: str
    message: str
    body: str = ""
    place: str = "body"


class Read(msgspec.Struct, frozen=True):
    """What was read.

    Attributes:
        items: What is to be taken, in order.
        asides: What was not understood, and why.
        passed_over: How much was understood and is of no use here.
    """

    items: tuple[Item, ...] = ()
    asides: tuple[Aside, ...] = ()
    passed_over: int = 0


class Source(Protocol):
    """Whatever reads what a vendor sends."""

    @property
    def name(self) -> str:
        """What it is called; the ``source`` of its events."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What proves its senders; shown in nothing that is kept."""

    def prove(self, delivery: Delivery, now: Moment) -> None:
        """Hold a delivery to coming from whom it says.

        Raises:
            ForgedError: It does not prove it.
        """

    def read(self, delivery: Delivery, now: Moment) -> Read:
        """Read a delivery that proved itself.

        Raises:
            MalformedError: Nothing of it can be read.
        """


class Taken(msgspec.Struct, frozen=True):
    """What a delivery comes to: its items as drafts and refusals, in order, and the rest as of ``Read``."""

    items: tuple[Draft | Refusal, ...] = ()
    asides: tuple[Aside, ...] = ()
    passed_over: int = 0


def take_delivery(source: Source, delivery: Delivery, now: Moment) -> Taken:
    """Prove and read a delivery.

    Raises:
        ForgedError: It does not prove who it comes from.
        MalformedError: Nothing of it can be read; no secret is in what it says.
    """
    source.prove(delivery, now)
    return read_delivery(source, delivery, now)


def read_delivery(source: Source, delivery: Delivery, now: Moment) -> Taken:
    """Read a delivery that proved itself, or need not.

    Raises:
        MalformedError: Nothing of it can be read; no secret is in what it says.
    """
    try:
        read = source.read(delivery, now)
    except MalformedError as error:
        raise MalformedError(hide(str(error), source.secrets)) from error
    asides = tuple(
        msgspec.structs.replace(
            each, message=hide(each.message, source.secrets), body=hide(each.body, source.secrets)
        )
        for each in read.asides
    )
    items = (draft_item(source.name, item, now) for item in read.items)
    hidden = (_hidden(each, source.secrets) if isinstance(each, Refusal) else each for each in items)
    return Taken(tuple(hidden), asides, read.passed_over)


def draft_item(name: str, item: Item, now: Moment) -> Draft | Refusal:
    """Read one item as ``/v1/batch`` does; its event is of the source called ``name``."""
    try:
        body = msgspec.json.encode(item)
    except _BAD_ITEM as error:
        return Refusal("invalid", f"expected an item that JSON can hold, got: {error}")
    answer = read_item(body, None, now)
    return answer if isinstance(answer, Refusal) else _of(answer, name)


def hide(text: str, secrets: tuple[str, ...]) -> str:
    """Give a text without any of the secrets."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, _HIDDEN)
    return text


def shown_body(body: bytes) -> str:
    """Give as much of a body as is kept with a reason."""
    return body[:LARGEST_EVENT].decode("utf-8", "replace")


def _of(draft: Draft, name: str) -> Draft:
    """Give a draft as one of a source."""
    event = msgspec.structs.replace(draft.event, source=name)
    merge = _of(draft.merge, name) if draft.merge is not None else None
    return Draft(event, draft.hash, merge)


def _hidden(refusal: Refusal, secrets: tuple[str, ...]) -> Refusal:
    return Refusal(refusal.code, hide(refusal.message, secrets), hide(refusal.body, secrets))
