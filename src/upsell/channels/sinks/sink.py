"""The shape of a sink: whatever events go to, and what it answers to each.

For whoever delivers, and whoever adds a sort of sink. The law: a reply never guesses. Taken means that the
other side said so; whatever else is failed, and is delivered again under the same id.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, Protocol

import msgspec

from upsell.channels.border import BorderError
from upsell.channels.calling import Called, CallError
from upsell.channels.retry_after import read_retry_after
from upsell.channels.sinks.cards import TaskCard
from upsell.clock import Duration, Moment
from upsell.ids import digest
from upsell.rules.facts import Scalar
from upsell.signals.events import Event

LONGEST_SAID: Final = 300
"""How much of a reply is kept, in characters."""

_PAUSES: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_FAULTS: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""Client errors that say nothing against what was sent."""


class Parcel(msgspec.Struct, frozen=True):
    """An event made ready for a sink.

    Attributes:
        id: What it is known by there, the same however often it comes.
        event: The event.
        traits: Those traits of whom it is about that the sink asks for, as they are now.
        card: For a desk, the task that it is about, as it is now; None for no task.
    """

    id: str
    event: Event
    traits: Mapping[str, Scalar] = {}
    card: TaskCard | None = None


class Outcome(enum.Enum):
    """What became of a parcel: taken; failed, so that it is tried again; or nobody is there any more."""

    TAKEN = "taken"
    FAILED = "failed"
    GONE = "gone"


class Reply(msgspec.Struct, frozen=True):
    """What a sink answered to one parcel.

    Attributes:
        outcome: What became of it.
        said: What it said, or what went wrong, for people.
        retry_after: For how long it asks to be left alone; None where it does not say.
        is_fault: Whether a failure tells against the sink, and nothing against the parcel.
        vendor_id: What a desk calls the task from now on; empty for as before.
    """

    outcome: Outcome
    said: str
    retry_after: Duration | None = None
    is_fault: bool = False
    vendor_id: str = ""


class Closing(msgspec.Struct, frozen=True):
    """A task that was closed at a desk: its key, when, as what, and by whom; empty where it does not say."""

    key: str
    closed_at: Moment
    outcome: str
    by: str = ""


class Sink(Protocol):
    """Whatever takes events."""

    async def deliver(self, parcel: Parcel, now: Moment) -> Reply:
        """Hand over one parcel, perhaps again, and give what was answered; raises nothing."""
        ...

    async def knock(self, now: Moment) -> Reply:
        """See whether it answers and knows us, changing nothing that matters there; raises nothing."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Desk(Sink, Protocol):
    """A place where people work, to which tasks go and from which their outcomes come."""

    async def closings(self, since: Moment) -> list[Closing]:
        """Give the tasks of ours that were closed there since a moment, perhaps some from before.

        Raises:
            CallError: It did not answer as it should.
            BorderError: It is where nothing may go.
        """
        ...


def parcel_id(event: Event, position: int) -> str:
    """Give the id of an event's parcel: made of where it stands in the ledger, so always the same."""
    return f"evt_{digest('parcel', event.source, event.id, str(position))}"


def read_reply(answer: Called, now: Moment) -> Reply:
    """Read an answer: 2xx took it, 410 is gone, everything else failed.

    Source: Standard Webhooks 1.0.0, "Delivery success and failure".
    """
    said = answer.said(LONGEST_SAID)
    if answer.is_success:
        return Reply(Outcome.TAKEN, said)
    if answer.status == HTTPStatus.GONE:
        return Reply(Outcome.GONE, said)
    is_fault = not 400 <= answer.status < 500 or answer.status in _FAULTS
    pause = read_retry_after(answer.headers.get("retry-after"), now) if answer.status in _PAUSES else None
    return Reply(Outcome.FAILED, said, pause, is_fault)


def failed_reply(error: BorderError | CallError) -> Reply:
    """Give the reply where nothing was answered."""
    return Reply(Outcome.FAILED, str(error)[:LONGEST_SAID], is_fault=True)
