"""Snapshots: households as they are at this very moment, also when the worker is behind.

For the second gate. The law: what a snapshot shows has taken every input of the ledger, those the
worker has not come to yet too; it is a copy, and what comes of advancing it is thrown away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from upsell.clock import Moment
from upsell.ids import UnitId, shard_of
from upsell.journeys.advance import concerns_for
from upsell.journeys.household import Household
from upsell.journeys.program import Program
from upsell.runtime.batches import Batch, named_customers
from upsell.runtime.programs import Programs
from upsell.store.connect import Connection
from upsell.store.cursors import Cursor, read_cursors
from upsell.store.households import Homes, Reading, find_homes, load_households
from upsell.store.ledger import Head, LedgerInput, read_household_inputs
from upsell.store.outbox import Queued


class Snapshot:
    """Copies of the households that some messages concern, up to date with the ledger.

    Attributes:
        program: What they were advanced with.
    """

    def __init__(self, program: Program, homes: Homes, home_of: Mapping[UnitId, UnitId]) -> None:
        """Hold copies of households, and who lives where."""
        self.program = program
        self._homes = homes
        self._home_of = home_of

    def household(self, queued: Queued) -> Household:
        """Give the household a message is about, with the person it is addressed to."""
        household = self._homes.households[_household_of(queued, self._home_of)]
        customer_id = queued.message.customer_id
        home = self._homes.home_of(customer_id)
        if home is not None and home != household.id:
            # Somebody who belongs to several accounts; nothing moves any more, so one record serves all.
            household.customers[customer_id] = self._homes.households[home].customers[customer_id]
        return household


def take_snapshot(
    connection: Connection, programs: Programs, messages: Sequence[Queued], now: Moment
) -> Snapshot:
    """Read the households of messages, and take copies through what the worker has yet to take.

    The program is that of the newest revision launched in the shards concerned.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        home_of = find_homes(connection, {queued.message.unit_id for queued in messages})
        addressed: dict[UnitId, set[str]] = {}
        for queued in messages:
            addressed.setdefault(_household_of(queued, home_of), set()).add(queued.message.customer_id)
        cursors = read_cursors(connection, sorted({shard_of(household_id) for household_id in addressed}))
        program = programs.program(max(cursor.revision for cursor in cursors))
        concerns = concerns_for(program)
        pending = _pending(connection, addressed, cursors, concerns.names)
        for household_id, customers in named_customers(pending).items():
            addressed[household_id] |= customers
        homes = load_households(connection, addressed, concerns.roles, now, Reading.READ)
    Batch(program, homes).take(pending)
    return Snapshot(program, homes, home_of)


def _pending(
    connection: Connection,
    household_ids: Collection[UnitId],
    cursors: Sequence[Cursor],
    names: Collection[str],
) -> list[LedgerInput]:
    """Inputs of the households that their shards have not come to."""
    first = min(cursors, key=lambda cursor: cursor.position)
    reached = {cursor.shard: cursor.position for cursor in cursors}
    after = Head(first.position, first.seen_at)
    found = read_household_inputs(connection, sorted(household_ids), sorted(names), after)
    return [item for item in found if item.position > reached[item.shard]]


def _household_of(queued: Queued, home_of: Mapping[UnitId, UnitId]) -> UnitId:
    return home_of.get(queued.message.unit_id, queued.household_id)
