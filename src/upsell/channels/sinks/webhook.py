"""A webhook: a server of the team's own, or a tool it uses, that is told of events.

Each event is one POST signed by Standard Webhooks, whose ``webhook-id`` stays the same however often it
comes. The law: nobody's traits are told unless the file asks for them by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from upsell.channels.border import Border, BorderError
from upsell.channels.calling import Caller, CallError
from upsell.channels.signing import read_secret, sign
from upsell.channels.sinks.definition import Sort, usual_setting
from upsell.channels.sinks.sink import Parcel, Reply, Sink, failed_reply, read_reply
from upsell.clock import SECOND, Moment, format_moment
from upsell.config import secrets_of
from upsell.decisions.reach import ADDRESS_TRAITS
from upsell.errors import ConfigError
from upsell.ids import digest
from upsell.signals.event_table import EVENT_TABLE, meant_event
from upsell.signals.events import ACCOUNT_IDENTIFIED, CUSTOMER_IDENTIFIED, Event
from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import Record
from upsell.workspace.scalars import EVENT, SETTING, TRAIT_NAME, URL, count_to
from upsell.workspace.shapes import Key, ListOf, RecordOf

TIMEOUT: Final = 15.0
"""Seconds a server may take over one answer."""

MOST_AT_ONCE: Final = 32

USUAL: Final = frozenset(
    {
        "Message Sent", "Message Failed", "Message Bounced", "Message Complained", "Message Clicked",
        "Prompt Clicked", "Prompt Dismissed", "Offer Accepted", "Offer Declined", "Trial Granted",
        "Approval Asked", "Approval Given", "Approval Refused", "Approval Lapsed", "Return Asked",
        "Task Opened", "Task Updated", "Task Given", "Task Closed", "Subscription Upgraded",
        "Subscription Downgraded", "Segment Entered", "Segment Left",
    }
)  # fmt: skip
"""What a webhook is told of that names no events: what was said, what was answered, and what came of it."""

PERSONAL: Final = frozenset(ADDRESS_TRAITS.values())
"""Properties of events that are traits of a person, wherever they stand."""

KNOCK: Final = "sink.knock"
"""The type of what is sent to see whether anybody is there."""

_TOLD_TRAITS: Final = frozenset({CUSTOMER_IDENTIFIED, ACCOUNT_IDENTIFIED})
_WORD: Final = re.compile(r"[A-Za-z0-9]+")
_encode = msgspec.json.Encoder().encode

_SHAPE: Final = RecordOf(
    {
        "webhook": Key(
            RecordOf(
                {
                    "url": Key(URL, "where it is told, with https beyond this machine", True),
                    "secrets": Key(
                        ListOf(SETTING, least=1),
                        "variables that hold what it is signed with (whsec_...), two while one is changed "
                        "for the other; without it UPSELL_SECRET_SINK_ and the file's name",
                    ),
                    "at_once": Key(
                        count_to(MOST_AT_ONCE),
                        "how many are under way at once; with 1, which is usual, they come in the order in "
                        "which they happened to be seen",
                    ),
                }
            ),
            "a server that is told by signed requests",
            True,
        ),
        "events": Key(
            ListOf(EVENT, least=1),
            "what it is told of: names of the event table or your own; without it what was said to "
            "customers, what they answered, and what came of it",
        ),
        "traits": Key(
            ListOf(TRAIT_NAME, least=1),
            "traits of the customer and the account that go with each event; without it none does",
        ),
    }
)


class WebhookDefinition(msgspec.Struct, frozen=True):
    """A webhook as it is written."""

    name: str
    place: Place
    where: str
    events: frozenset[str]
    traits: tuple[str, ...]
    at_once: int
    settings: tuple[str, ...]
    is_desk: bool = False

    def open(self, secrets: Mapping[str, str], border: Border) -> Sink:
        """Give the webhook with its secrets.

        Raises:
            ConfigError: None is set, or one is not written as ``whsec_`` and base64.
        """
        named = [name for name in self.settings if secrets.get(name, "").strip()]
        if not named:
            msg = f"expected {' or '.join(self.settings)} to be set, by which it knows us; it is not"
            raise ConfigError(msg)
        held = zip(named, secrets_of(named, secrets), strict=True)
        return WebhookSink(self, tuple(read_secret(secret, name) for name, secret in held), border)


class WebhookSink:
    """A webhook with its secrets."""

    def __init__(self, definition: WebhookDefinition, secrets: tuple[bytes, ...], border: Border) -> None:
        """Open nothing yet."""
        self._url = definition.where
        self._traits = frozenset(definition.traits)
        self._secrets = secrets
        self._caller = Caller(border, connections=definition.at_once, timeout=TIMEOUT)

    async def deliver(self, parcel: Parcel, now: Moment) -> Reply:
        """Post one event; see ``Sink.deliver``."""
        return await self._post(parcel.id, write_event(parcel, self._traits), now)

    async def knock(self, now: Moment) -> Reply:
        """Post a test that is no event, of the type ``sink.knock``; see ``Sink.knock``."""
        said = {"type": KNOCK, "timestamp": format_moment(now), "data": {}}
        return await self._post(f"knock_{digest('knock', str(now))}", _encode(said), now)

    async def close(self) -> None:
        """Close every kept connection."""
        await self._caller.close()

    async def _post(self, message_id: str, body: bytes, now: Moment) -> Reply:
        headers = {"content-type": "application/json", **sign(self._secrets, message_id, now // SECOND, body)}
        try:
            answer = await self._caller.call("POST", self._url, headers, body)
        except (BorderError, CallError) as error:
            return failed_reply(error)
        return read_reply(answer, now)


def write_event(parcel: Parcel, traits: frozenset[str]) -> bytes:
    """Write what a server is told of an event; of a person's traits only those that are asked for."""
    event = parcel.event
    data: dict[str, object] = {
        "id": parcel.id,
        "event": event.name,
        "source": event.source,
        "source_id": event.id,
        "occurred_at": format_moment(event.occurred_at),
        "seen_at": format_moment(event.seen_at),
        "customer_id": event.customer_id,
        "account_id": event.account_id,
        "properties": _told(event, traits),
    }
    if traits:
        data["traits"] = parcel.traits
    said = {"type": event_type(event.name), "timestamp": format_moment(event.occurred_at), "data": data}
    return _encode(said)


def event_type(name: str) -> str:
    """Give a name as Standard Webhooks writes types: ``Offer Accepted`` is ``offer.accepted``."""
    first, *rest = _WORD.findall(name.lower()) or ["event"]
    return f"{first}.{'_'.join(rest)}" if rest else first


def _told(event: Event, traits: frozenset[str]) -> dict[str, Any]:
    """Give the properties of an event without traits that were not asked for."""
    hides_all = event.name in _TOLD_TRAITS
    return {
        name: value
        for name, value in event.properties.items()
        if name in traits or not (hides_all or name in PERSONAL)
    }


def _read(name: str, written: Record, findings: Findings) -> WebhookDefinition | None:
    webhook = written.record("webhook")
    if webhook is None:
        return None
    for leaf in written.leaves("events"):
        meant = meant_event(leaf.text)
        if leaf.text not in EVENT_TABLE and meant is not None:
            findings.error(
                leaf.place,
                f"expected an event's name, got {leaf.text}, which no source sends under the event table",
                hint=f"did you mean {meant}?",
                code="sink-event",
            )
    return WebhookDefinition(
        name=name,
        place=written.place,
        where=webhook.text("url"),
        events=frozenset(leaf.text for leaf in written.leaves("events")) or USUAL,
        traits=tuple(leaf.text for leaf in written.leaves("traits")),
        at_once=webhook.integer("at_once", 1),
        settings=tuple(leaf.text for leaf in webhook.leaves("secrets")) or (usual_setting(name),),
    )


WEBHOOK: Final = Sort("a server that is told of events by signed requests", _SHAPE, _read)
"""The sort of sink that is posted to."""
