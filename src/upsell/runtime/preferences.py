"""Preferences: what customers say on the pages that links in messages lead to, written to the ledger at once.

For the server's pages. The laws: a link speaks for the person its message was for, and for nobody else; what
is said is committed before it is answered, so the gate before sending knows it; said again it changes
nothing. What is kept as proof is the message, the way and the words, and nothing of the reader's machine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final
from uuid import uuid4

import msgspec
import structlog

from upsell.channels.link_facts import key_token, open_key
from upsell.clock import DAY, MINUTE, Clock, Duration, Moment, format_moment
from upsell.decisions.consents import EVERYTHING, MARKETING, Scope, ask_consent
from upsell.decisions.contact import Contact
from upsell.decisions.preferences import (
    Choices,
    Said,
    change_choices,
    everything_on,
    paused_until,
    standing_choices,
)
from upsell.decisions.reach import ADDRESS_TRAITS, CAPPED, CHANNELS, EMAIL, PROMPT, TASK, TRIAL
from upsell.errors import StoreError
from upsell.ids import SHARDS, customer_unit
from upsell.journeys.household import Unit
from upsell.journeys.program import Program
from upsell.journeys.steps import MessageStep, PromptStep, TaskStep
from upsell.rules.facts import Scalar
from upsell.runtime.left_addresses import (
    heed_left,
    is_left_at,
    take_leavings,
    take_returns,
    tell_left,
)
from upsell.runtime.programs import Programs
from upsell.runtime.snapshot import take_pending
from upsell.signals.events import CONSENT_GIVEN, CONSENT_WITHDRAWN, Event
from upsell.store.connect import Connection, connect, one_moment
from upsell.store.consents import Addressee, ConsentText, find_addressee, keep_text
from upsell.store.cursors import read_cursors
from upsell.store.households import find_homes, read_traits
from upsell.store.identities import find_identities
from upsell.store.ledger import append
from upsell.store.link_secrets import read_link_secrets

PAUSE: Duration = 30 * DAY
"""How long a pause lasts that is asked for on the page."""

SOURCE: Final = "preferences"
"""The source of the events made here."""

_READ_EACH: Duration = MINUTE
"""How old what is known of secrets and sender may be when a link does not open: whoever makes up links in
numbers does not ask the database each time."""

_log = structlog.get_logger(__name__)


class Way(msgspec.Struct, frozen=True):
    """How something was said: by what, and under which words, None where none of ours were shown."""

    how: str
    text: ConsentText | None = None


class Standing(msgspec.Struct, frozen=True):
    """What stands for the person a message was for.

    Attributes:
        key: The message's key.
        channel: Its channel.
        sender_name: In whose name it came; empty while nothing is live.
        sender: The address it came from, for answers.
        postal_address: Where they are.
        address: The person's address on that channel, masked; empty when there is none any more.
        traits: What is known of them.
        channels: The channels they may choose among, in order.
        families: The product families they may choose among, in order.
        choices: What is on.
        paused_until: When the pause they asked for ends, None when there is none.
        is_left: Whether the channel of the message promotes to them no more.
    """

    key: str
    channel: str
    sender_name: str
    sender: str
    postal_address: str
    address: str
    traits: dict[str, Scalar]
    channels: tuple[str, ...]
    families: tuple[str, ...]
    choices: Choices
    paused_until: Moment | None
    is_left: bool


class _Person(msgspec.Struct, frozen=True):
    addressee: Addressee
    program: Program
    contact: Contact
    traits: dict[str, Scalar]
    families: tuple[str, ...]
    now: Moment


class Desk:
    """Opens links and takes what is said by them, for a server's threads."""

    def __init__(self, url: str, clock: Clock) -> None:
        """Work over the database at ``url``; nothing is opened yet."""
        self._url = url
        self._clock = clock
        self._programs = Programs()
        self._reading = threading.Lock()
        self._secrets: tuple[bytes, ...] = ()
        self._secrets_at: Moment = 0
        self._sender: str | None = None
        self._sender_at: Moment = 0

    def open(self, purpose: str, token: str) -> str | None:
        """Give the key of the message a link of this purpose is of; None when it is no link of ours."""
        now = self._clock.now()
        key = open_key(self._secrets, purpose, token, now)
        if key is None and (not self._secrets or now >= self._secrets_at + _READ_EACH):
            with connect(self._url) as connection:
                self._secrets = read_link_secrets(connection, now)
            self._secrets_at = now
            key = open_key(self._secrets, purpose, token, now)
        return key

    def token(self, purpose: str, key: str) -> str:
        """Give the token of another link of a message whose link was opened."""
        return key_token(self._secrets[0], purpose, key)

    def pause_ends_at(self) -> Moment:
        """Give when a pause would end that is asked for now."""
        return self._clock.now() + PAUSE

    def sender_address(self) -> str:
        """Give the address messages come from, as of a minute ago at most; empty while nothing is live."""
        now = self._clock.now()
        if self._sender is None or now >= self._sender_at + _READ_EACH:
            with connect(self._url) as connection:
                program = self._newest(connection)
            self._sender = program.sender.address if program is not None else ""
            self._sender_at = now
        return self._sender

    def read(self, key: str) -> Standing | None:
        """Tell what stands for the person a message was for; None when no such message is known."""
        with connect(self._url) as connection:
            person = self._find(connection, key)
        return _standing(key, person) if person is not None else None

    def unsubscribe(self, key: str, way: Callable[[Standing], Way]) -> Standing | None:
        """Withdraw consent for the channel of a message; otherwise as ``read``, as it stands afterwards."""

        def leave(person: _Person) -> list[_Words]:
            channel = person.addressee.channel
            # What they switched off one by one stays as it is; asked again, nothing is said again.
            is_left = ask_consent(person.contact, channel) is not None
            return [] if is_left else [_Words(CONSENT_WITHDRAWN, Scope(channel))]

        return self._say(key, way, leave)

    def subscribe(self, key: str, way: Callable[[Standing], Way]) -> Standing | None:
        """Take leaving by a message back: give consent for its channel; otherwise as ``unsubscribe``."""

        def come_back(person: _Person) -> list[_Words]:
            now = _choices_of(person)
            channels = now.channels | {person.addressee.channel}
            return _words(person, msgspec.structs.replace(now, channels=channels), CAPPED)

        return self._say(key, way, come_back)

    def choose(self, key: str, wanted: Choices, way: Callable[[Standing], Way]) -> Standing | None:
        """Let what is on be what is wanted, of what may be chosen; otherwise as ``unsubscribe``."""
        return self._say(key, way, lambda person: _words(person, wanted, _shown_channels(person)))

    def leave_everything(self, key: str, way: Callable[[Standing], Way]) -> Standing | None:
        """Withdraw consent for every channel; otherwise as ``unsubscribe``."""

        def leave(person: _Person) -> list[_Words]:
            is_left = not _choices_of(person).channels
            return [] if is_left else [_Words(CONSENT_WITHDRAWN, Scope(EVERYTHING))]

        return self._say(key, way, leave)

    def restore_everything(self, key: str, way: Callable[[Standing], Way]) -> Standing | None:
        """Give consent for all there is, and end a pause; otherwise as ``unsubscribe``."""

        def restore(person: _Person) -> list[_Words]:
            said = change_choices(
                person.contact,
                everything_on(person.families),
                person.families,
                person.program.policy.grounds,
                person.now,
            )
            ends = [] if paused_until(person.contact, person.now) is None else [_pause(person.now)]
            return [*_as_words(said), *ends]

        return self._say(key, way, restore)

    def pause(self, key: str, way: Callable[[Standing], Way]) -> Standing | None:
        """Pause everything from now on for as long as ``PAUSE``; otherwise as ``unsubscribe``."""
        return self._say(key, way, lambda person: [_pause(person.now + PAUSE)])

    def resume(self, key: str, way: Callable[[Standing], Way]) -> Standing | None:
        """End a pause; otherwise as ``unsubscribe``."""

        def resume(person: _Person) -> list[_Words]:
            return [] if paused_until(person.contact, person.now) is None else [_pause(person.now)]

        return self._say(key, way, resume)

    def _say(
        self, key: str, way: Callable[[Standing], Way], words: Callable[[_Person], list[_Words]]
    ) -> Standing | None:
        with connect(self._url) as connection:
            person = self._find(connection, key)
            if person is None:
                return None
            said = words(person)
            if said:
                chosen = way(_standing(key, person))
                events = _events(person, key, said, chosen)
                with connection.transaction():
                    if chosen.text is not None:
                        keep_text(connection, chosen.text, person.now)
                    take_returns(connection, events)
                    take_leavings(connection, events)
                    append(connection, events, self._clock)
                _log.info("preferences_changed", message=key, how=chosen.how, said=len(said))
                person = self._find(connection, key)
        return _standing(key, person) if person is not None else None

    def _newest(self, connection: Connection) -> Program | None:
        """Give the newest program; an earlier one where that is of another release, for leaving must work."""
        with self._reading:
            self._programs.refresh(connection)
            newest = self._programs.newest()
            for number in range(newest.number if newest is not None else 0, 0, -1):
                try:
                    return self._programs.program(number)
                except StoreError as error:
                    _log.warning("revision_passed_over", revision=number, error=str(error))
            return None

    def _find(self, connection: Connection, key: str) -> _Person | None:
        """Read the person a message was for, with what the worker has yet to take."""
        addressee = find_addressee(connection, key)
        if addressee is None or not addressee.customer_id:
            return None
        known = find_identities(connection, [addressee.customer_id]).get(addressee.customer_id)
        if known is not None:
            addressee = msgspec.structs.replace(addressee, customer_id=known.customer_id)
        program = self._newest(connection)
        if program is None:
            msg = "expected definitions that are live and compile with this release, found none"
            raise StoreError(msg)
        customer, now = read_customer(connection, program, addressee.customer_id, self._clock.now())
        contact = customer.contact if customer is not None else Contact()
        traits = dict(customer.profile.traits) if customer is not None else {}
        return _Person(addressee, program, contact, traits, _families_of(program), now)


class _Words(msgspec.Struct, frozen=True):
    """One event to be: its name, its scope, and when it ends by itself, None when it does not."""

    name: str
    scope: Scope
    until: Moment | None = None


def read_customer(
    connection: Connection, program: Program, customer_id: str, now: Moment
) -> tuple[Unit | None, Moment]:
    """Read a customer with what the worker has yet to take, and the moment that is now for them.

    What was left at their address is in their record, also where nobody told it yet.
    """
    people, taken_at = _customers(connection, program, customer_id, now)
    heed_left(connection, people)
    return (people[0] if people else None), taken_at


def tell_customer_left(connection: Connection, program: Program, clock: Clock, customer_id: str) -> None:
    """Tell a customer in the ledger what was left at their address, if anything was and they never heard."""
    if not is_left_at(connection, read_traits(connection, customer_id)):
        return
    unheard = heed_left(connection, _customers(connection, program, customer_id, clock.now())[0])
    append(connection, tell_left(unheard, clock.now()), clock)


def _customers(
    connection: Connection, program: Program, customer_id: str, now: Moment
) -> tuple[list[Unit], Moment]:
    unit_id = customer_unit(customer_id)
    with one_moment(connection):
        home = find_homes(connection, [unit_id]).get(unit_id, unit_id)
        cursors = read_cursors(connection, range(SHARDS))
        homes = take_pending(connection, program, {home: (customer_id,)}, cursors, now)
    household = homes.households[homes.home_of(customer_id) or home]
    customer = household.customers.get(customer_id)
    return [] if customer is None else [customer], max(now, household.taken_at)


def _standing(key: str, person: _Person) -> Standing:
    channel, program = person.addressee.channel, person.program
    # A workflow that is gone named a sender that is not known any more.
    sender = program.sender_of(program.workflows.get(person.addressee.workflow))
    choices = _choices_of(person)
    return Standing(
        key=key,
        channel=channel,
        sender_name=sender.name,
        sender=sender.address,
        postal_address=sender.postal_address,
        address=masked(channel, person.traits.get(ADDRESS_TRAITS.get(channel, ""))),
        traits=person.traits,
        channels=_shown_channels(person),
        families=person.families,
        choices=choices,
        paused_until=paused_until(person.contact, person.now),
        is_left=channel not in choices.channels,
    )


def masked(channel: str, address: Scalar) -> str:
    """Give an address so that its owner knows it and nobody else can use it; empty for none.

    Of a mailbox the first letter and the domain stay, of anything else the last two characters.
    """
    if not isinstance(address, str) or not address:
        return ""
    local, at, domain = address.rpartition("@")
    if channel == EMAIL and at:
        return f"{local[:1]}***@{domain}"
    return f"***{address[-2:]}"


def _choices_of(person: _Person) -> Choices:
    return standing_choices(person.contact, person.families, person.program.policy.grounds)


def _shown_channels(person: _Person) -> tuple[str, ...]:
    """Give the channels somebody may choose among: that of the message, and those that journeys speak by."""
    used = {person.addressee.channel}
    for workflow in person.program.workflows.values():
        for step in (*workflow.journey.steps.values(), *workflow.on_goal.steps.values()):
            if isinstance(step, MessageStep):
                used.update(step.channels)
            elif isinstance(step, TaskStep):
                used.add(TASK)
            elif isinstance(step, PromptStep):
                used.add(step.channel or PROMPT)
    reached = [
        channel
        for channel in used
        if channel not in CHANNELS
        or person.traits.get(ADDRESS_TRAITS[channel])
        or channel == person.addressee.channel
    ]
    return tuple(channel for channel in CAPPED if channel in reached and channel != TRIAL)


def _families_of(program: Program) -> tuple[str, ...]:
    """Give the product families that something is offered of, but for the main one."""
    catalog = program.catalog
    things = {offer.thing for offer in catalog.offers.values()}
    named = {offer.family for offer in catalog.offers.values()}
    return tuple(sorted(named.union(*(catalog.families_of(thing) for thing in things)) - {""}))


def _words(person: _Person, wanted: Choices, channels: Iterable[str]) -> list[_Words]:
    """Give what is to be said for what is wanted; what may not be chosen stays as it is, so does a pause."""
    now = _choices_of(person)
    asked = frozenset(channels)
    wanted = msgspec.structs.replace(
        wanted,
        channels=(wanted.channels & asked) | (now.channels - asked),
        families=wanted.families & frozenset(person.families),
    )
    grounds = person.program.policy.grounds
    said = _as_words(change_choices(person.contact, wanted, person.families, grounds, person.now))
    until = paused_until(person.contact, person.now)
    is_ended = any(each.name == CONSENT_GIVEN and each.scope == Scope(EVERYTHING) for each in said)
    return [*said, _pause(until)] if until is not None and is_ended else said


def _as_words(said: Sequence[Said]) -> list[_Words]:
    return [_Words(CONSENT_GIVEN if each.is_consent else CONSENT_WITHDRAWN, each.scope) for each in said]


def _pause(until: Moment) -> _Words:
    return _Words(CONSENT_WITHDRAWN, Scope(EVERYTHING), until)


def _events(person: _Person, key: str, said: Sequence[_Words], way: Way) -> list[Event]:
    """Write what is said as events of the person, with the proof of it."""
    return [
        Event(
            id=uuid4().hex,
            name=each.name,
            occurred_at=person.now,
            seen_at=0,
            customer_id=person.addressee.customer_id,
            properties=_properties(each, key, way),
            source=SOURCE,
        )
        for each in said
    ]


def _properties(said: _Words, key: str, way: Way) -> dict[str, Any]:
    scope = said.scope
    properties = {"channel": scope.channel, "key": key, "proof": way.how}
    if scope.purpose != MARKETING:
        properties["purpose"] = scope.purpose
    if scope.family:
        properties["family"] = scope.family
    if said.until is not None:
        properties["until"] = format_moment(said.until)
    if way.text is not None:
        properties["text_version"] = way.text.version
    return properties
