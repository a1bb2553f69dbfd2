"""Consents: whom a link in a message speaks for, what they said, and what they had before their eyes.

The law: the words under which somebody consented or withdrew are kept as they were shown, by a version that
is their hash, and are never written again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.ids import UnitId, customer_unit, digest
from upsell.signals.events import CONSENT_GIVEN, CONSENT_WITHDRAWN, MESSAGE_COMPLAINED, Event
from upsell.store.connect import Connection
from upsell.store.households import find_homes
from upsell.store.identities import find_gone
from upsell.store.ledger import Head, read_household_inputs
from upsell.store.queries import query

NAMES: Final = (CONSENT_GIVEN, CONSENT_WITHDRAWN, MESSAGE_COMPLAINED)
"""The events by which somebody says what they allow."""


class Addressee(msgspec.Struct, frozen=True):
    """Whom a message was for, on which channel, and the key of the workflow it was of."""

    customer_id: str
    channel: str
    workflow: str


class AnsweredMessage(msgspec.Struct, frozen=True):
    """What a message was that somebody answered: its workflow, step, template, and when it was reserved."""

    workflow: str
    step: str
    content: str
    reserved_at: Moment


class ConsentText(msgspec.Struct, frozen=True):
    """What was shown to somebody, in which language."""

    language: str
    said: str

    @property
    def version(self) -> str:
        """Its hash: the same words in the same language have the same."""
        return digest("consent text", self.language, self.said)[:12]


def find_addressee(connection: Connection, key: str) -> Addressee | None:
    """Give whom a message was for; None when no message has this key. One that went into another is named."""
    row = connection.execute(query("find_addressee"), {"key": key}, binary=True).fetchone()
    return Addressee(*row) if row is not None else None


def read_answered(connection: Connection, keys: Collection[str]) -> Mapping[str, AnsweredMessage]:
    """Give what messages with these keys were; those that are not kept here are absent."""
    found = connection.execute(query("read_answered_messages"), {"keys": list(keys)}, binary=True)
    return {key: AnsweredMessage(*said) for key, *said in found}


def keep_text(connection: Connection, text: ConsentText, now: Moment) -> None:
    """Keep a text under which something is said."""
    values = {"version": text.version, "language": text.language, "said": text.said, "now": now}
    connection.execute(query("keep_consent_text"), values)


def read_texts(connection: Connection, versions: Collection[str]) -> Mapping[str, ConsentText]:
    """Give the texts of ours that have these versions; those of other systems are absent."""
    found = connection.execute(query("read_consent_texts"), {"versions": list(versions)}, binary=True)
    return {version: ConsentText(language, said) for version, language, said in found}


def read_consent_events(connection: Connection, customer_id: str) -> list[Event]:
    """Give what a customer said about consent, in the order it was seen; also under ids that went."""
    ids = {customer_id, *find_gone(connection, [customer_id])}
    units = [customer_unit(each) for each in ids]
    households: set[UnitId] = {*units, *find_homes(connection, units).values()}
    inputs = read_household_inputs(connection, sorted(households), list(NAMES), Head(0, 0))
    return [each.event for each in inputs if each.event.customer_id in ids]
