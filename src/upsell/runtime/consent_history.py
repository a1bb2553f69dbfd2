"""The history of a consent: what a customer said, when, how, in answer to what, and under which words.

For whoever has to show it. The law: it is read off the ledger, so it is what the gates went by; an answer
names the message and the text as they were, and says where one of them is not kept here.

Source: Regulation (EU) 2016/679, Article 7(1): the controller shall be able to demonstrate consent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from upsell.clock import Moment, format_moment, parse_moment
from upsell.decisions.consents import EVERYTHING, MARKETING, SERVICE, Scope, is_proof, kept_scope, told_scope
from upsell.decisions.contact import Contact
from upsell.decisions.reach import EMAIL
from upsell.errors import ConfigError
from upsell.ids import customer_unit
from upsell.runtime.preferences import read_customer
from upsell.runtime.programs import Programs
from upsell.signals.events import CONSENT_GIVEN, CONSENT_WITHDRAWN, Event
from upsell.store.connect import Connection
from upsell.store.consents import (
    AnsweredMessage,
    ConsentText,
    read_answered,
    read_consent_events,
    read_texts,
)
from upsell.store.households import find_homes
from upsell.store.identities import find_identities


class Entry(msgspec.Struct, frozen=True):
    """One thing a customer said.

    Attributes:
        said_at: When they said it.
        seen_at: When it was taken.
        kind: ``gave``, ``withdrew``, ``paused``, ``resumed`` or ``complained``.
        scope: For what.
        until: When a pause ends, None for anything else.
        how: How it was said, in the words of whoever told it; empty when nobody told.
        source: Who told it.
        key: Key of the message that was answered by it, empty for none.
        message: That message, None when it is not kept here.
        text_version: Version of the words that were shown, empty for none.
        text: Those words, None when they are not kept here.
    """

    said_at: Moment
    seen_at: Moment
    kind: str
    scope: Scope
    until: Moment | None
    how: str
    source: str
    key: str
    message: AnsweredMessage | None
    text_version: str
    text: ConsentText | None


class History(msgspec.Struct, frozen=True):
    """What a customer said, oldest first, and what holds now.

    Attributes:
        customer_id: Whom it is about, as they are called today.
        at: The moment it is as of.
        contact: What they allow.
        entries: What they said.
    """

    customer_id: str
    at: Moment
    contact: Contact
    entries: tuple[Entry, ...]


def find_history(connection: Connection, name: str, now: Moment) -> History:
    """Give what a customer said about consent, also under ids that went into theirs.

    Args:
        connection: The database.
        name: The customer's id, with or without ``c:`` before it.
        now: The present.

    Raises:
        ConfigError: Nothing is known of such a customer, or nothing is live.
    """
    customer_id = name.removeprefix("c:")
    known = find_identities(connection, [customer_id]).get(customer_id)
    customer_id = known.customer_id if known is not None else customer_id
    events = read_consent_events(connection, customer_id)
    if not events and not find_homes(connection, [customer_unit(customer_id)]):
        msg = (
            f"expected a customer that something is known of, got {name}; write the id as your events name "
            "it, such as ada or c:ada"
        )
        raise ConfigError(msg)
    programs = Programs()
    programs.refresh(connection)
    newest = programs.newest()
    if newest is None:
        msg = "expected definitions that are live, found none; put a workspace live with `upsell apply`"
        raise ConfigError(msg)
    customer, at = read_customer(connection, programs.program(newest.number), customer_id, now)
    contact = customer.contact if customer is not None else Contact()
    return History(customer_id, at, contact, _entries(connection, events))


def history_content(history: History) -> dict[str, Any]:
    """Give a history as JSON has it."""
    contact = history.contact
    return {
        "customer": history.customer_id,
        "at": format_moment(history.at),
        "withdrawn": {key: format_moment(at) for key, at in sorted(contact.withdrawn.items())},
        "given": {key: format_moment(at) for key, at in sorted(contact.given.items())},
        "paused": {
            key: format_moment(pause.until)
            for key, pause in sorted(contact.pauses.items())
            if pause.until > history.at
        },
        "history": [_content(entry) for entry in history.entries],
    }


def scope_words(scope: Scope) -> str:
    """Give what a consent is about in words."""
    channel = "every channel" if scope.channel == EVERYTHING else scope.channel
    what = "everything, also service" if scope.purpose == SERVICE else scope.purpose
    return f"{channel}, {what}" + (f" about {scope.family}" if scope.family else "")


def standing_words(history: History) -> list[tuple[str, Moment]]:
    """Give what holds now in words, each with the moment since when, or until when it does."""
    contact = history.contact
    return [
        *((f"withdrawn: {scope_words(kept_scope(key))}, since", at) for key, at in contact.withdrawn.items()),
        *(
            (f"paused: {scope_words(kept_scope(key))}, until", pause.until)
            for key, pause in contact.pauses.items()
            if pause.until > history.at
        ),
        *(
            (f"given{_proved(contact, key)}: {scope_words(kept_scope(key))}, last", at)
            for key, at in contact.given.items()
        ),
    ]


def _proved(contact: Contact, key: str) -> str:
    proof = contact.proofs.get(key)
    return "" if proof is not None and is_proof(proof) else " without proof"


def _content(entry: Entry) -> dict[str, Any]:
    message = entry.message
    return {
        "said_at": format_moment(entry.said_at),
        "seen_at": format_moment(entry.seen_at),
        "kind": entry.kind,
        "channel": entry.scope.channel,
        "purpose": entry.scope.purpose,
        "family": entry.scope.family or None,
        "until": format_moment(entry.until) if entry.until is not None else None,
        "how": entry.how or None,
        "source": entry.source,
        "message": entry.key or None,
        "workflow": message.workflow if message is not None else None,
        "step": message.step if message is not None else None,
        "template": message.content if message is not None else None,
        "text_version": entry.text_version or None,
        "language": entry.text.language if entry.text is not None else None,
        "text": entry.text.said if entry.text is not None else None,
    }


def _entries(connection: Connection, events: Sequence[Event]) -> tuple[Entry, ...]:
    messages = read_answered(connection, {_text(event, "key") for event in events} - {""})
    texts = read_texts(connection, {_text(event, "text_version") for event in events} - {""})
    return tuple(_entry(event, messages, texts) for event in events)


def _entry(event: Event, messages: Mapping[str, AnsweredMessage], texts: Mapping[str, ConsentText]) -> Entry:
    said = event.properties
    until = parse_moment(_text(event, "until")) if event.name == CONSENT_WITHDRAWN else None
    if event.name == CONSENT_GIVEN:
        kind = "gave"
    elif event.name != CONSENT_WITHDRAWN:
        kind = "complained"
    elif until is None:
        kind = "withdrew"
    else:
        kind = "paused" if until > event.occurred_at else "resumed"
    if kind == "complained":
        scope = told_scope(said.get("channel", EMAIL), SERVICE)
    else:
        scope = told_scope(said.get("channel"), said.get("purpose", MARKETING), said.get("family"))
    key, version = _text(event, "key"), _text(event, "text_version")
    return Entry(
        said_at=event.occurred_at,
        seen_at=event.seen_at,
        kind=kind,
        scope=scope,
        until=until,
        how=_text(event, "proof"),
        source=event.source,
        key=key,
        message=messages.get(key),
        text_version=version,
        text=texts.get(version),
    )


def _text(event: Event, name: str) -> str:
    value = event.properties.get(name)
    return value if isinstance(value, str) else ""
