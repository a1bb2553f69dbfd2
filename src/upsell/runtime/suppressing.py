"""Suppressing: what reports of mail and people of the team say of addresses, made to hold at once.

For whatever takes reports, for the gate before sending and for the command. The laws: an address is
suppressed in the transaction that keeps what says so, and everybody known to have it is told in the
ledger, so that their records come out the same from the ledger alone; whoever else turns out to have it is
told when the gate first asks. The outbox comes first, then suppressions, then the ledger: whoever holds one
never waits for one before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from upsell.clock import Clock, Moment
from upsell.decisions.addresses import address_key, address_keys, hide_address, hide_addresses
from upsell.decisions.reach import EMAIL
from upsell.errors import ConfigError
from upsell.journeys.household import Unit
from upsell.runtime.evidence import evidence_of_sending
from upsell.signals.events import (
    ADDRESS_FREED,
    ADDRESS_SUPPRESSED,
    MESSAGE_BOUNCED,
    MESSAGE_COMPLAINED,
    REPORTS,
    Event,
)
from upsell.store.connect import Connection
from upsell.store.households import read_traits
from upsell.store.ledger import append
from upsell.store.reported import Sent, find_reported
from upsell.store.suppressions import (
    SOFT_IN_A_ROW,
    Cause,
    Suppress,
    Suppressed,
    end_suppression,
    find_addressed,
    find_soft_addresses,
    forget_soft_bounces,
    forget_told,
    keep_soft_bounces,
    keep_told,
    read_suppressed,
    suppress_addresses,
)

SOURCE = "suppressions"
"""The source of the events made here."""

SOFT = frozenset({"soft", "temporary", "transient"})
"""Kinds of bounce after which the address may be written to again."""


class Freed(msgspec.Struct, frozen=True):
    """What came of letting an address be written to again: its suppression's number, and who was told."""

    number: int
    customers: tuple[str, ...]


def take_reports(connection: Connection, events: Iterable[Event], now: Moment) -> list[Event]:
    """Let reports hold before they are appended: what they prove was sent, and whose address is no good.

    A report of a message that is not ours, or of imported history, changes nothing. A transaction is open,
    and the ledger is not held.

    Returns:
        Events that tell whoever has an address that it is suppressed; they are to be appended too.
    """
    reports = [each for each in events if each.name in REPORTS and not each.is_historical]
    keys = {key for each in reports if isinstance(key := each.properties.get("key"), str)}
    sent = {each.key: each for each in find_reported(connection, keys)} if keys else {}
    if not sent:
        return []
    evidence_of_sending(connection, sent)
    known = [(each, sent[each.properties["key"]]) for each in reports if each.properties.get("key") in sent]
    asked = [
        found
        for event, message in known
        if message.address and (found := _suppression(event, message.address, now)) is not None
    ]
    return suppress(connection, [*asked, *_take_soft(connection, known, now)], now)


def suppress(connection: Connection, asked: Sequence[Suppress], now: Moment) -> list[Event]:
    """Suppress addresses; give the events that tell whoever was written to there. A transaction is open."""
    hidden = [msgspec.structs.replace(each, why=hide_addresses(each.why)) for each in asked]
    begun = {each.address: each for each in suppress_addresses(connection, hidden)}
    told = keep_told(connection, find_addressed(connection, begun))
    return [_event(begun[address], customer_id, now) for address, customer_id in told]


def heed_suppressions(connection: Connection, people: Iterable[Unit]) -> list[tuple[str, Suppressed]]:
    """Put into copies of people's records which of their addresses are suppressed by now.

    Returns:
        Who had not heard of it, by customer id.
    """
    addresses = {(unit.id[2:], key): unit for unit in people for key in address_keys(unit.profile.traits)}
    held = read_suppressed(connection, {key for _, key in addresses})
    unheard = []
    for (customer_id, key), unit in addresses.items():
        if key in held and key not in unit.contact.bounced:
            unit.contact.bounced.append(key)
            unheard.append((customer_id, held[key]))
    return unheard


def suppressed_of(connection: Connection, unit: Unit) -> dict[str, Suppressed]:
    """Give those of a customer's addresses that are suppressed, by key."""
    return read_suppressed(connection, address_keys(unit.profile.traits))


def tell_unheard(
    connection: Connection, unheard: Sequence[tuple[str, Suppressed]], now: Moment
) -> list[Event]:
    """Give the events that tell people of suppressions they had not heard of; each is told once."""
    held = {(each.address, customer_id): each for customer_id, each in unheard}
    told = keep_told(connection, sorted(held))
    return [_event(held[address, customer_id], customer_id, now) for address, customer_id in told]


def tell_customer(connection: Connection, clock: Clock, customer_id: str) -> None:
    """Tell a customer in the ledger that their address is suppressed, if it is and they never heard."""
    keys = address_keys(read_traits(connection, customer_id))
    held = read_suppressed(connection, keys)
    if not held:
        return
    with connection.transaction():
        unheard = [(customer_id, each) for each in held.values()]
        append(connection, tell_unheard(connection, unheard, clock.now()), clock)


def suppress_by_hand(
    connection: Connection, clock: Clock, address: str, by: str, why: str, channel: str = EMAIL
) -> Suppressed | None:
    """Suppress an address because somebody of the team says so; None when it is already."""
    held = suppress_all_by_hand(connection, clock, [(channel, address)], by, why)
    return held[0] if held else None


def suppress_all_by_hand(
    connection: Connection, clock: Clock, addresses: Sequence[tuple[str, str]], by: str, why: str
) -> list[Suppressed]:
    """Suppress addresses, each by channel and address, at once; give those that were not yet."""
    now = clock.now()
    asked = [
        Suppress(address_key(channel, address), Cause.BY_HAND, by, why, now, hide_address(address))
        for channel, address in addresses
    ]
    with connection.transaction():
        held = read_suppressed(connection, [each.address for each in asked])
        new = [each for each in asked if each.address not in held]
        if not new:
            return []
        append(connection, suppress(connection, new, now), clock)
        return sorted(
            read_suppressed(connection, [each.address for each in new]).values(), key=lambda each: each.number
        )


def free_by_hand(
    connection: Connection, clock: Clock, address: str, by: str, why: str, channel: str = EMAIL
) -> Freed:
    """Let an address be written to again, whoever has it, and say so to everybody who was told otherwise.

    Raises:
        ConfigError: It is not suppressed.
    """
    (freed,) = free_all_by_hand(connection, clock, [(channel, address)], by, why)
    return freed


def free_all_by_hand(
    connection: Connection,
    clock: Clock,
    addresses: Sequence[tuple[str, str]],
    by: str,
    why: str,
    only: Cause | None = None,
) -> list[Freed]:
    """Let addresses be written to again, each by channel and address, at once; as ``free_by_hand``.

    Of ``only`` one cause where that is given: another may have come meanwhile.

    Raises:
        ConfigError: One of them is not suppressed; nothing is changed then.
    """
    now = clock.now()
    done: list[Freed] = []
    events: list[Event] = []
    with connection.transaction():
        for channel, address in addresses:
            key = address_key(channel, address)
            number = end_suppression(connection, key, by, why, now, only)
            if number is None:
                msg = (
                    f"expected an address that is suppressed, got {address}, which is not; "
                    "`upsell suppressions list` shows those that are"
                )
                raise ConfigError(msg)
            customers = forget_told(connection, key)
            said = {"address_key": key, "by": by, "why": why}
            events += [
                Event(f"{number}/freed/{who}", ADDRESS_FREED, now, 0, who, None, said, SOURCE)
                for who in customers
            ]
            done.append(Freed(number, tuple(customers)))
        append(connection, events, clock)
    return done


def _take_soft(connection: Connection, known: Sequence[tuple[Event, Sent]], now: Moment) -> list[Suppress]:
    """Count what came back for now, each message once; say which addresses have refused it too often.

    What reached the mailbox after all is forgotten.
    """
    soft: dict[str, tuple[Event, str, Moment]] = {}
    reached: dict[str, Moment] = {}
    for event, message in known:
        at = min(event.occurred_at, now)
        if event.name == MESSAGE_BOUNCED:
            if _is_soft(event) and message.address:
                soft[message.key] = (event, message.address, at)
        elif event.name != MESSAGE_COMPLAINED:
            reached[message.key] = max(at, reached.get(message.key, at))
    keep_soft_bounces(connection, ((key, address, at) for key, (_, address, at) in soft.items()))
    forget_soft_bounces(connection, reached)
    last = {address: (event, at) for event, address, at in soft.values()}
    asked = []
    for address in find_soft_addresses(connection, last):
        event, at = last[address]
        why = f"{SOFT_IN_A_ROW} messages in a row came back, the last: {event.properties.get('reason') or ''}"
        asked.append(Suppress(address, Cause.SOFT_BOUNCES, event.source, why[:500], at, _shown(event)))
    return asked


def _suppression(event: Event, address: str, now: Moment) -> Suppress | None:
    """Say why a report suppresses the address its message went to; None when it does not."""
    at, shown = min(event.occurred_at, now), _shown(event)
    if event.name == MESSAGE_COMPLAINED:
        return Suppress(address, Cause.COMPLAINT, event.source, "marked as spam", at, shown)
    if event.name == MESSAGE_BOUNCED and not _is_soft(event):
        why = str(event.properties.get("reason") or "it came back for good")
        return Suppress(address, Cause.HARD_BOUNCE, event.source, why[:500], at, shown)
    return None


def _shown(event: Event) -> str:
    """Give the address with most of it hidden, where the report says it."""
    return str(event.properties.get("mailbox") or "")


def _is_soft(event: Event) -> bool:
    return str(event.properties.get("kind")).strip().casefold() in SOFT


def _event(held: Suppressed, customer_id: str, now: Moment) -> Event:
    said = {
        "address_key": held.address,
        "reason": held.cause.value,
        "by": held.source,
        "why": held.why,
    }
    return Event(f"{held.number}/{customer_id}", ADDRESS_SUPPRESSED, now, 0, customer_id, None, said, SOURCE)
