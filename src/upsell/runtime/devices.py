"""Devices told of by pages and apps, and forgotten when they show nothing any more.

For the server's routes and the dispatcher. The laws: somebody's devices are one address, the trait
``push_token``, which is there as long as they have one; consent is given where a person said yes and nowhere
else, with the words they saw; and a device changes hands, or is lost, in the transaction that says so in the
ledger.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final
from uuid import uuid4

import msgspec

from upsell.channels.devices import Device, DeviceKind
from upsell.channels.seals import open_seal, seal
from upsell.clock import Clock, Moment
from upsell.decisions.addresses import devices_address, is_of_devices
from upsell.decisions.reach import ADDRESS_TRAITS, PUSH
from upsell.runtime.identities import NotAVisitorError
from upsell.signals.events import CONSENT_GIVEN, CUSTOMER_IDENTIFIED, Event
from upsell.store.connect import Connection
from upsell.store.consents import ConsentText, keep_text
from upsell.store.devices import find_owners, forget_devices, keep_device, read_devices
from upsell.store.households import read_traits
from upsell.store.identities import find_identities
from upsell.store.ledger import append
from upsell.store.link_secrets import read_link_secrets

SOURCE: Final = "devices"
"""The source of the events made here."""

_PURPOSE: Final = "device"
_TRAIT: Final = ADDRESS_TRAITS[PUSH]


class Yes(msgspec.Struct, frozen=True):
    """How somebody agreed to be sent notifications: where, and the words they saw, None where not told."""

    how: str
    text: ConsentText | None = None


def take_device(
    connection: Connection,
    clock: Clock,
    customer_id: str,
    device: Device,
    yes: Yes | None,
    *,
    is_visitor: bool = False,
) -> str:
    """Keep a device as a customer's, and that they agreed where they just did.

    ``is_visitor`` is whether a page named them by the id of a device, which proves nothing.

    Returns:
        What the device shows to be renewed or forgotten: it needs nobody who is signed in.

    Raises:
        NotAVisitorError: The visitor is somebody who is known by now.
    """
    now = clock.now()
    known = find_identities(connection, [customer_id]).get(customer_id)
    if is_visitor and known is not None:
        msg = "expected a token of whoever is signed in, got the id of a device whose visitor is known by now"
        raise NotAVisitorError(msg)
    who = known.customer_id if known is not None else customer_id
    with connection.transaction():
        owner = keep_device(connection, who, device, now)
        lost = set() if owner is None else _today(connection, [owner]) - {who}
        events = _settle(connection, {who, *lost}, now, told={who} if owner != who else ())
        if yes is not None:
            events.append(_consent(who, yes, now))
            if yes.text is not None:
                keep_text(connection, yes.text, now)
        append(connection, events, clock)
    return seal(read_link_secrets(connection, now)[0], _PURPOSE, bytes.fromhex(device.id))


def renew_device(connection: Connection, clock: Clock, token: str, device: Device) -> str | None:
    """Put a device in the place of the one that a token was given for, as its browser does by itself.

    Returns:
        The token of the new one; None where the token is none, or its device was forgotten.
    """
    old = _opened(connection, token, clock.now())
    if old is None:
        return None
    with connection.transaction():
        owner = find_owners(connection, [old]).get(old)
        if owner is None:
            return None
        if old != device.id:
            forget_devices(connection, [old])
        return take_device(connection, clock, owner, device, None)


def end_device(connection: Connection, clock: Clock, token: str) -> bool:
    """Forget the device that a token was given for; tell whether the token is one. Twice is once."""
    now = clock.now()
    device = _opened(connection, token, now)
    if device is None:
        return False
    with connection.transaction():
        append(connection, lose_devices(connection, {}, [device], now), clock)
    return True


def lose_devices(
    connection: Connection, addressed: Mapping[str, str], gone: Collection[str], now: Moment
) -> list[Event]:
    """Forget devices that show nothing any more; give what is to be appended of it. A transaction is open.

    Args:
        connection: The database.
        addressed: Whom each of them was written to as, by its id, where that is known: the token of an app
            may be the trait itself, and kept nowhere else.
        gone: Ids of the devices.
        now: The present.
    """
    if not gone:
        return []
    owners = forget_devices(connection, gone)
    owners.update(addressed[each] for each in gone if each in addressed)
    return _settle(connection, _today(connection, owners), now, gone)


def _settle(
    connection: Connection,
    customer_ids: Collection[str],
    now: Moment,
    gone: Collection[str] = (),
    told: Collection[str] = (),
) -> list[Event]:
    """Let customers have an address for pushes as long as they have a device: give the events that say so.

    Args:
        connection: The database.
        customer_ids: Whose devices changed.
        now: The present.
        gone: Ids of devices that show nothing any more.
        told: Of whom a device was told that was not theirs before. What the worker has yet to take of them
            may say that they have none.
    """
    events = []
    for who, devices in sorted(read_devices(connection, customer_ids).items()):
        held = read_traits(connection, who).get(_TRAIT)
        is_token = isinstance(held, str) and held != "" and not is_of_devices(held)
        if is_token and Device(DeviceKind.APP, str(held)).id not in gone:
            # An app tells its token by itself; the devices beside it are reached all the same.
            continue
        if not devices:
            events.append(_identified(who, None, now))
        elif is_token or not held or who in told:
            events.append(_identified(who, devices_address(who), now))
    return events


def _today(connection: Connection, customer_ids: Collection[str]) -> set[str]:
    """Give who some ids are by now."""
    known = find_identities(connection, customer_ids)
    return {known[each].customer_id if each in known else each for each in customer_ids}


def _identified(customer_id: str, address: str | None, now: Moment) -> Event:
    said = {_TRAIT: address}
    return Event(uuid4().hex, CUSTOMER_IDENTIFIED, now, 0, customer_id, None, said, SOURCE)


def _consent(customer_id: str, yes: Yes, now: Moment) -> Event:
    said = {"channel": PUSH, "proof": yes.how}
    if yes.text is not None:
        said["text_version"] = yes.text.version
    return Event(uuid4().hex, CONSENT_GIVEN, now, 0, customer_id, None, said, SOURCE)


def _opened(connection: Connection, token: str, now: Moment) -> str | None:
    said = open_seal(read_link_secrets(connection, now), _PURPOSE, token, now)
    return said.hex() if said is not None else None
