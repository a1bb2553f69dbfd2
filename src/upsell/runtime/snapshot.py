"""Snapshots: households as they are at this very moment, also when the worker is behind.

For the second gate and for ``explain``. The law: what a snapshot shows has taken every input of the
ledger, those the worker has not come to yet too; it is a copy, and what comes of advancing it is
thrown away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

import msgspec

from upsell.channels.devices import Device
from upsell.clock import Moment
from upsell.decisions.addresses import address_key
from upsell.decisions.policy import Per, caps_per
from upsell.decisions.reach import CHANNELS, PUSH
from upsell.ids import SHARDS, UnitId, bare, customer_unit, is_account, shard_of
from upsell.journeys.advance import concerns_for
from upsell.journeys.effects import Speak
from upsell.journeys.household import Household
from upsell.journeys.program import Program
from upsell.journeys.speaking import address_of
from upsell.runtime.batches import (
    Batch,
    Gathered,
    merging_customers,
    named_customers,
    stirring,
    with_moves,
)
from upsell.runtime.left_addresses import heed_left
from upsell.runtime.lines import Lines
from upsell.runtime.programs import Programs
from upsell.runtime.suppressing import heed_suppressions
from upsell.store.connect import Connection, one_moment
from upsell.store.cursors import Cursor, read_cursors
from upsell.store.devices import read_devices
from upsell.store.households import Homes, Reading, find_homes, load_households
from upsell.store.identities import Identity, find_identities, find_merge_homes
from upsell.store.ledger import Head, LedgerInput, read_household_inputs
from upsell.store.left_addresses import LeftAddress
from upsell.store.outbox import Queued
from upsell.store.places import read_places
from upsell.store.suppressions import Suppressed

Unheard: TypeAlias = tuple[str, Suppressed]
"""A customer whose record has not heard that their address is suppressed, and why it is."""


class Snapshot:
    """Copies of the households that some messages concern, up to date with the ledger.

    Attributes:
        program: What they were advanced with.
        lines: The lines in which the messages stand; empty where no cap counts people.
        unheard: Customers whose record had not heard that their address is suppressed, each with why.
        unheard_left: Customers whose record had not heard what was left at their address, each with that.
        devices: The devices of whom pushes are for, by customer id.
    """

    def __init__(self, program: Program, homes: Homes, identities: Mapping[str, Identity]) -> None:
        """Hold copies of households, and who went into whom."""
        self.program = program
        self.lines = Lines({}, ())
        self.unheard: Sequence[Unheard] = ()
        self.unheard_left: Sequence[tuple[str, LeftAddress]] = ()
        self.devices: Mapping[str, tuple[Device, ...]] = {}
        self._homes = homes
        self._identities = identities

    def message(self, queued: Queued) -> Speak:
        """Give a message as it is said today: to the one its person went into, if they did."""
        return _today(queued.message, self._identities)

    def household(self, queued: Queued) -> Household:
        """Give the household a message is about, with the person it is addressed to."""
        message = self.message(queued)
        unit_id, customer_id = message.unit_id, message.customer_id
        household_id = unit_id if is_account(unit_id) else self._homes.home_of(bare(unit_id))
        household = self._homes.households[household_id or queued.household_id]
        home = self._homes.home_of(customer_id)
        if home is not None and home != household.id:
            # Somebody who belongs to several accounts; nothing moves any more, so one record serves all.
            household.customers[customer_id] = self._homes.households[home].customers[customer_id]
        return household

    def heed(self, connection: Connection, messages: Sequence[Queued]) -> None:
        """Put into the copies what holds of addresses by now, whoever's mail came back or was left there."""
        people = {}
        for queued in messages:
            message = self.message(queued)
            person = self.household(queued).customers.get(message.customer_id)
            if person is not None and message.channel in CHANNELS:
                people[person.id] = person
        self.unheard = heed_suppressions(connection, people.values())
        self.unheard_left = heed_left(connection, people.values())
        pushed = {self.message(queued).customer_id for queued in messages if queued.message.channel == PUSH}
        self.devices = read_devices(connection, pushed)

    def line_up(self, connection: Connection, messages: Sequence[Queued], now: Moment) -> None:
        """Read who stands in line at the addresses of messages, where some cap per person counts them."""
        caps = caps_per(self.program.policy, Per.PERSON)
        if not caps:
            return
        addresses = {}
        for queued in messages:
            message = self.message(queued)
            person = self.household(queued).customers.get(message.customer_id)
            is_person = person is not None and message.channel in CHANNELS
            address = address_of(person, message.channel) if person is not None and is_person else None
            if address is not None:
                addresses[message.key] = address_key(message.channel, address)
        since = now - max(cap.within for cap in caps)
        self.lines = Lines(addresses, read_places(connection, addresses, since))


def take_snapshot(
    connection: Connection, programs: Programs, messages: Sequence[Queued], now: Moment
) -> Snapshot:
    """Read the households of messages, and take copies through what the worker has yet to take.

    The program is that of the newest revision launched in the shards concerned.
    """
    with one_moment(connection):
        people = {queued.message.customer_id for queued in messages} - {""}
        identities = find_identities(connection, people)
        said = [(queued, _today(queued.message, identities)) for queued in messages]
        home_of = find_homes(connection, {message.unit_id for _, message in said})
        addressed: dict[UnitId, set[str]] = {
            household_id: set() for household_id in find_merge_homes(connection, identities.values())
        }
        for queued, message in said:
            household_id = home_of.get(message.unit_id, queued.household_id)
            addressed.setdefault(household_id, set()).update({message.customer_id} - {""})
        cursors = read_cursors(connection, range(SHARDS))
        shards = {shard_of(household_id) for household_id in addressed}
        number = max(cursor.revision for cursor in cursors if cursor.shard in shards)
        program = programs.program(number)
        homes = take_pending(connection, program, addressed, cursors, now)
        snapshot = Snapshot(program, homes, identities)
        snapshot.heed(connection, messages)
        snapshot.line_up(connection, messages, now)
    return snapshot


def take_pending(
    connection: Connection,
    program: Program,
    wanted: Mapping[UnitId, Collection[str]],
    cursors: Sequence[Cursor],
    now: Moment,
) -> Homes:
    """Read copies of households, advanced as ``take_through`` does."""
    return take_through(connection, program, wanted, cursors, now)[0]


def take_through(
    connection: Connection,
    program: Program,
    wanted: Mapping[UnitId, Collection[str]],
    cursors: Sequence[Cursor],
    now: Moment,
) -> tuple[Homes, Gathered]:
    """Read copies of households, take them through what their shards have not come to; give the effects.

    Args:
        connection: The database.
        program: What they are advanced with.
        wanted: The households, each with the customers who must be there.
        cursors: How far every shard has come.
        now: The present.
    """
    concerns = concerns_for(program)
    household_ids = set(wanted)
    while True:
        pending = _pending(connection, household_ids, cursors, concerns.names)
        going = [customer_unit(customer_id) for customer_id in merging_customers(pending)]
        # What happened to somebody before they went into another is pending where they were.
        found = household_ids.union(going, find_homes(connection, going).values() if going else ())
        if found == household_ids:
            break
        household_ids = found
    named = {household_id: set(customers) for household_id, customers in wanted.items()}
    for household_id, customers in named_customers(pending).items():
        named.setdefault(household_id, set()).update(customers)
    named = with_moves(connection, named, pending)
    is_stirred = stirring(concerns, pending, now)
    homes = load_households(connection, named, concerns.roles, now, Reading.READ, is_stirred)
    batch = Batch(program, homes)
    batch.take(pending)
    return homes, batch.gathered


def _pending(
    connection: Connection,
    household_ids: Collection[UnitId],
    cursors: Sequence[Cursor],
    names: Collection[str],
) -> list[LedgerInput]:
    """Inputs of the households that their shards have not come to."""
    shards = {shard_of(household_id) for household_id in household_ids}
    first = min((cursor for cursor in cursors if cursor.shard in shards), key=lambda cursor: cursor.position)
    reached = {cursor.shard: cursor.position for cursor in cursors}
    after = Head(first.position, first.seen_at)
    found = read_household_inputs(connection, sorted(household_ids), sorted(names), after)
    return [item for item in found if item.position > reached[item.shard]]


def _today(message: Speak, identities: Mapping[str, Identity]) -> Speak:
    known = identities.get(message.customer_id)
    if known is None:
        return message
    is_own = message.unit_id == customer_unit(message.customer_id)
    unit_id = customer_unit(known.customer_id) if is_own else message.unit_id
    return msgspec.structs.replace(message, customer_id=known.customer_id, unit_id=unit_id)
