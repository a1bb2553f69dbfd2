"""Texting: what people text back is heard, and what they ask for is done at once.

For the mail desk. The laws: whoever asks in any reasonable wording for no more texts gets none from the
moment it is committed, whoever else has the number too, also none about what they have; they are told so
once. Only the person's own words bring texts back. Twilio's own answers are not doubled.

Source: 47 CFR 64.1200(a)(10) and (12).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import structlog

from upsell.channels.languages import language_of
from upsell.channels.text_words import WORDS
from upsell.clock import Clock, Moment
from upsell.decisions.addresses import address_key
from upsell.decisions.consents import SERVICE, Scope, kept_scope
from upsell.decisions.reach import SMS
from upsell.decisions.replies import Meaning, is_keyword, read_reply
from upsell.errors import StoreError
from upsell.journeys.program import Program
from upsell.runtime.programs import Programs
from upsell.signals.events import CONSENT_GIVEN, CONSENT_WITHDRAWN, MESSAGE_ANSWERED, Event
from upsell.sources.hooks.twilio import Text
from upsell.store.connect import Connection
from upsell.store.consents import ConsentText, keep_text
from upsell.store.households import read_traits
from upsell.store.ledger import append
from upsell.store.left_addresses import LeftAddress, forget_left, keep_left, read_left
from upsell.store.reported import Sent, find_last_to
from upsell.store.suppressions import find_addressed
from upsell.store.texts import remember_text

SOURCE: Final = "twilio"
"""The source of the events made here."""

ALL_TEXTS: Final = Scope(SMS, SERVICE)
"""What is left by a text: whoever says stop means all of them, and carriers block all of them."""

LONGEST_WORDS: Final = 1_600

_log = structlog.get_logger(__name__)


class Heard(msgspec.Struct, frozen=True):
    """What came of a text: what is answered, empty for nothing, and whether we ever wrote to the number."""

    answer: str
    is_known: bool


class _About(msgspec.Struct, frozen=True):
    """Whom a text is from: their address, the last message there, and who was written to there."""

    address: str
    last: Sent | None
    people: Sequence[str]


class TextBook:
    """Takes texts that people send, for the threads of a server."""

    def __init__(self, *, has_keywords: bool) -> None:
        """Answer as the settings have it; ``has_keywords`` is whether Twilio answers keywords itself."""
        self._has_keywords = has_keywords
        self._programs = Programs()

    def take(self, connection: Connection, clock: Clock, text: Text) -> Heard:
        """Do what a text asks for, in one transaction; told again it changes nothing and is not answered."""
        now = clock.now()
        meaning = Meaning(text.asked.lower()) if text.asked else read_reply(text.words)
        about = _about(connection, address_key(SMS, text.sender))
        is_answered = bool(text.asked) or (self._has_keywords and is_keyword(text.words))
        with connection.transaction():
            if not remember_text(connection, text.sid, now):
                return Heard("", is_known=bool(about.people))
            held = read_left(connection, [about.address])
            was_left = any(kept_scope(each.scope) == ALL_TEXTS for each in held)
            words = "" if is_answered else self._words(connection, meaning, about, is_silent=was_left)
            if meaning is Meaning.STOP:
                keep_left(connection, [LeftAddress(about.address, ALL_TEXTS.key, now, _key(about, text))])
            elif meaning is Meaning.START:
                over = {each.scope for each in held if Scope(SMS).covers(kept_scope(each.scope))}
                forget_left(connection, about.address, over)
            asked = ConsentText("", f"texted: {text.words[:300]}")
            if meaning is Meaning.START:
                keep_text(connection, asked, now)
            events = _events(text, meaning, about, words, asked.version, now)
            append(connection, events, clock, [event.id.encode() for event in events])
        _log.info("text_heard", meaning=meaning.value, people=len(about.people))
        return Heard(words, is_known=bool(about.people))

    def _words(self, connection: Connection, meaning: Meaning, about: _About, *, is_silent: bool) -> str:
        """Write what is answered; empty where nothing is, or where it was said before."""
        if meaning not in (Meaning.STOP, Meaning.START, Meaning.HELP):
            return ""
        if meaning is Meaning.STOP and is_silent:
            return ""
        traits = read_traits(connection, about.people[0]) if about.people else {}
        words = WORDS[language_of(traits)]
        program = self._program(connection)
        sender = None
        if program is not None:
            workflow = program.workflows.get(about.last.workflow) if about.last is not None else None
            sender = program.sender_of(workflow)
        name = sender.name if sender is not None else ""
        if meaning is Meaning.HELP:
            if sender is None:
                return words.help.format(who="us")
            # An address often begins with the name.
            where = sender.postal_address.removeprefix(f"{name}, ")
            return words.help.format(who=", ".join(each for each in (name, where, sender.address) if each))
        said = words.left if meaning is Meaning.STOP else words.back
        return said.format(name=name).removeprefix(": ")

    def _program(self, connection: Connection) -> Program | None:
        """Give what is live; None where nothing is, or it is of another release: answering must work."""
        try:
            self._programs.refresh(connection)
            newest = self._programs.newest()
            return self._programs.program(newest.number) if newest is not None else None
        except StoreError as error:
            _log.warning("sender_unknown", error=str(error))
            return None


def _about(connection: Connection, address: str) -> _About:
    last = find_last_to(connection, SMS, address)
    people = [customer_id for _, customer_id in find_addressed(connection, [address])]
    if last is not None and last.customer_id in people:
        people = [last.customer_id, *(each for each in people if each != last.customer_id)]
    return _About(address, last, people)


def _key(about: _About, text: Text) -> str:
    """Give by which message a number was left: the last one there, else the text itself."""
    return about.last.key if about.last is not None else f"text/{text.sid}"


def _events(
    text: Text, meaning: Meaning, about: _About, words: str, text_version: str, now: Moment
) -> list[Event]:
    """Write what is recorded: what was said, and of everybody at the number what they allow from now on."""
    if not about.people:
        return []
    said = text.words[:LONGEST_WORDS]
    events = []
    name = {Meaning.STOP: CONSENT_WITHDRAWN, Meaning.START: CONSENT_GIVEN}.get(meaning)
    for customer_id in about.people if name is not None else ():
        told = {"channel": SMS, "proof": f"texted: {said[:300]}"}
        if meaning is Meaning.STOP:
            told["purpose"] = SERVICE
        else:
            told["text_version"] = text_version
        if about.last is not None:
            # With its key a guardrail counts that message once, however many are told.
            told["key"] = about.last.key
        events.append(_event(f"{name}/{text.sid}/{customer_id}", name or "", customer_id, told, now))
    told = {"channel": SMS, "words": said, "meaning": meaning.value}
    if words:
        told["answer"] = words
    if about.last is not None:
        told |= {
            "key": about.last.key,
            "enrollment": about.last.enrollment,
            "unit": about.last.unit_id,
            "workflow": about.last.workflow,
            "step": about.last.step,
            "intent": about.last.intent,
        }
    events.append(_event(f"{MESSAGE_ANSWERED}/{text.sid}", MESSAGE_ANSWERED, about.people[0], told, now))
    return events


def _event(number: str, name: str, customer_id: str, said: dict[str, str], now: Moment) -> Event:
    return Event(number, name, now, 0, customer_id, None, said, SOURCE)
