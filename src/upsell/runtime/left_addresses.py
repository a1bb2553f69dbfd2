"""Left addresses: what is left by a message holds at its address, for everybody who has that.

For whatever takes withdrawals, and for the gate before sending. The laws: what is withdrawn by a message is
kept for the address it went to, as far as it is about that channel; a pause is of the person alone; whoever
else turns out to have the address is told in the ledger when the gate first asks, so that records come out
the same from the ledger alone; and what somebody consented to later themselves is not undone.

Source: CAN-SPAM Act, 15 U.S.C. 7702(14) and 7704(a)(4): who opts out is the user of an address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from upsell.clock import Moment
from upsell.decisions.addresses import address_keys
from upsell.decisions.consents import EVERYTHING, MARKETING, Scope, kept_scope, told_scope, withdraw_consent
from upsell.ids import digest
from upsell.journeys.household import Unit
from upsell.signals.events import CONSENT_GIVEN, CONSENT_WITHDRAWN, Event
from upsell.store.connect import Connection
from upsell.store.left_addresses import LeftAddress, forget_left, keep_left, read_left
from upsell.store.reported import find_reported

SOURCE = "left_addresses"
"""The source of the events made here."""


def is_leaving(event: Event) -> bool:
    """Tell whether an event is a withdrawal by a message, which holds at that message's address too."""
    said = event.properties
    return event.name == CONSENT_WITHDRAWN and not event.is_historical and isinstance(said.get("key"), str)


def take_leavings(connection: Connection, events: Iterable[Event]) -> None:
    """Keep what is withdrawn by messages for the addresses they went to. A transaction is open.

    One by no message of ours, or with an end, is of the person alone.
    """
    leaving = [each for each in events if is_leaving(each) and each.properties.get("until") is None]
    sent = find_reported(connection, {each.properties["key"] for each in leaving})
    at = {each.key: (each.channel, each.address) for each in sent if each.address is not None}
    left = []
    for event in leaving:
        key = event.properties["key"]
        channel, address = at.get(key, ("", None))
        scope = _scope_of(event)
        if address is not None and scope.channel in (EVERYTHING, channel):
            left.append(LeftAddress(address, replace(scope, channel=channel).key, event.occurred_at, key))
    keep_left(connection, left)


def take_returns(connection: Connection, events: Iterable[Event]) -> None:
    """Forget what was left at the address of a message that allows it again. A transaction is open."""
    given = [
        each for each in events if each.name == CONSENT_GIVEN and isinstance(each.properties.get("key"), str)
    ]
    sent = {each.key: each for each in find_reported(connection, {each.properties["key"] for each in given})}
    for event in given:
        message = sent.get(event.properties["key"])
        if message is not None and message.address is not None:
            scope = _scope_of(event)
            held = read_left(connection, [message.address])
            over = {each.scope for each in held if scope.covers(kept_scope(each.scope))}
            forget_left(connection, message.address, over)


def is_left_at(connection: Connection, traits: Mapping[str, object]) -> bool:
    """Tell whether anything was left at an address among somebody's traits."""
    return bool(read_left(connection, address_keys(traits)))


def heed_left(connection: Connection, people: Iterable[Unit]) -> list[tuple[str, LeftAddress]]:
    """Put into copies of people's records what was left at their addresses.

    Returns:
        Who had not heard of it, by customer id.
    """
    having: dict[str, list[Unit]] = {}
    for unit in people:
        for key in address_keys(unit.profile.traits):
            having.setdefault(key, []).append(unit)
    unheard = []
    for left in read_left(connection, having):
        scope = kept_scope(left.scope)
        for unit in having[left.address]:
            if any(kept_scope(key).covers(scope) for key in unit.contact.withdrawn):
                continue
            withdraw_consent(unit.contact, scope, left.left_at)
            if scope.key in unit.contact.withdrawn:
                unheard.append((unit.id[2:], left))
    return unheard


def tell_left(unheard: Sequence[tuple[str, LeftAddress]], now: Moment) -> list[Event]:
    """Give the events that tell people of what was left at their address; told twice it is the same event."""
    return [_event(customer_id, left, now) for customer_id, left in unheard]


def _scope_of(event: Event) -> Scope:
    said = event.properties
    return told_scope(said.get("channel"), said.get("purpose"), said.get("family"))


def _event(customer_id: str, left: LeftAddress, now: Moment) -> Event:
    scope = kept_scope(left.scope)
    # With its key a guardrail counts that message once, however many are told.
    said = {"channel": scope.channel, "key": left.key, "proof": "left by a message to the same address"}
    if scope.purpose != MARKETING:
        said["purpose"] = scope.purpose
    if scope.family:
        said["family"] = scope.family
    number = digest("left address", left.address, left.scope, str(left.left_at), customer_id)
    return Event(number, CONSENT_WITHDRAWN, now, 0, customer_id, None, said, SOURCE)
