"""Filling: counters that are new with a revision are counted anew from the ledger.

The law: a filled counter says what it would say had it been kept from the beginning, up to the
place in the ledger where the revision goes live.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from upsell.clock import Moment
from upsell.ids import bare, customer_unit
from upsell.journeys.actors import counted_properties, reads_actor
from upsell.journeys.advance import concerns_for
from upsell.journeys.concerns import Counted
from upsell.journeys.household import Household, Unit
from upsell.journeys.program import Program
from upsell.journeys.scene import kind_of
from upsell.journeys.workflow import UnitKind
from upsell.signals.counters import count_event, reaches_back_to
from upsell.store.connect import Connection
from upsell.store.households import Homes
from upsell.store.identities import find_gone
from upsell.store.ledger import LedgerInput, read_counted
from upsell.store.revisions import Revision

NewCounters: TypeAlias = Mapping[UnitKind, tuple[Counted, ...]]
"""Counters to fill, by the kind of unit that keeps them."""


def new_counters(program: Program, before: Program | None) -> NewCounters:
    """Give the counters that a program keeps and the one before it did not."""
    kept = concerns_for(program).by_name.values()
    known = concerns_for(before).counters if before is not None else {}
    return {
        kind: tuple(
            counted
            for concern in kept
            for counted in concern.counted[kind]
            if counted.counter not in known.get(kind, ())
        )
        for kind in UnitKind
    }


def fill_counters(connection: Connection, homes: Homes, new: NewCounters, revision: Revision) -> None:
    """Count the ledger's events into the new counters of households that are in memory."""
    every = [counted.counter for kind in UnitKind for counted in new[kind]]
    if not every or not homes.households or not revision.live_from:
        return
    for unit in _units(homes.households.values()):
        for counted in new[kind_of(unit)]:
            unit.profile.counters.pop(counted.key, None)
    names = sorted({counter.event for counter in every})
    happened_after = min(reaches_back_to(counter, revision.live_at) for counter in every)
    customers = (customer for home in homes.households.values() for customer in home.customers)
    known = sorted(customers)
    gone = find_gone(connection, known, revision.live_from)
    household_ids = sorted({*homes.households, *(customer_unit(customer) for customer in (*known, *gone))})
    for item in read_counted(connection, household_ids, names, happened_after, revision.live_from):
        _count(homes, new, item, gone, revision.live_at)


def _count(homes: Homes, new: NewCounters, item: LedgerInput, gone: Mapping[str, str], now: Moment) -> None:
    event = item.event
    for unit in _touched(homes, item, gone):
        for counted in new[kind_of(unit)]:
            if counted.counter.event != event.name:
                continue
            said = event.properties
            if reads_actor(counted.counter) and item.household_id in homes.households:
                # Of roles held in the past nothing is kept: it is today's that count.
                said = dict(counted_properties(event, homes.households[item.household_id]))
            if counted.condition is None or counted.condition.holds(said):
                counters = unit.profile.counters
                count_event(counters, counted.key, counted.counter, event.occurred_at, now, said)


def _touched(homes: Homes, item: LedgerInput, gone: Mapping[str, str]) -> Iterator[Unit]:
    """The units an event counted for: the account it was taken in, and the customer it names or named."""
    household = homes.households.get(item.household_id)
    if household is not None and household.account is not None:
        yield household.account
    customer_id = item.event.customer_id
    if customer_id is None and household is not None and household.account is None:
        customer_id = bare(household.id)
    customer_id = gone.get(customer_id, customer_id) if customer_id is not None else None
    home = homes.home_of(customer_id) if customer_id is not None else None
    if home is not None and customer_id is not None:
        yield homes.households[home].customers[customer_id]


def _units(households: Iterable[Household]) -> Iterator[Unit]:
    for household in households:
        if household.account is not None:
            yield household.account
        yield from household.customers.values()
