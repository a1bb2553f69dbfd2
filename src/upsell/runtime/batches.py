"""Batches: inputs of many households taken in ledger order, and what came of them.

The law: this is where live households move, and nothing here acts; whoever runs a batch writes
what it gathered in the transaction that read the households.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

from upsell.clock import Moment
from upsell.decisions.decision import Decision, Exposure
from upsell.ids import UnitId
from upsell.journeys.advance import Session
from upsell.journeys.effects import (
    Decided,
    Effect,
    Exposed,
    OpenTask,
    Record,
    Speak,
    Withdraw,
)
from upsell.journeys.inputs import Input, Tick
from upsell.journeys.program import Program
from upsell.signals.events import Event
from upsell.store.answers import keep_decisions, keep_exposures, keep_tasks
from upsell.store.connect import Connection
from upsell.store.households import Homes, keep_households
from upsell.store.ledger import LedgerInput, append_derived
from upsell.store.outbox import keep_messages, withdraw_messages


class Gathered:
    """Effects by kind, each list in the order in which they were asked."""

    def __init__(self) -> None:
        """Begin empty."""
        self.derived: list[tuple[UnitId, Event]] = []
        self.decisions: list[Decision] = []
        self.exposures: list[Exposure] = []
        self.tasks: list[OpenTask] = []
        self.messages: list[tuple[UnitId, Speak]] = []
        self.withdrawn: list[Withdraw] = []

    def add(self, household_id: UnitId, effects: Iterable[Effect]) -> None:
        """Put effects of a household to their kind."""
        for effect in effects:
            match effect:
                case Decided(decision=decision):
                    self.decisions.append(decision)
                case Record(event=event):
                    self.derived.append((household_id, event))
                case Exposed(exposure=exposure):
                    self.exposures.append(exposure)
                case Speak():
                    self.messages.append((household_id, effect))
                case Withdraw():
                    self.withdrawn.append(effect)
                case OpenTask():
                    self.tasks.append(effect)
                case _:
                    assert_never(effect)

    def keep(self, connection: Connection, now: Moment) -> None:
        """Write everything in the transaction that is open; the ledger is held last and so shortest."""
        keep_decisions(connection, self.decisions)
        keep_exposures(connection, self.exposures)
        keep_tasks(connection, self.tasks)
        keep_messages(connection, self.messages)
        withdraw_messages(connection, self.withdrawn, now)
        append_derived(connection, self.derived)


class Batch:
    """Households being taken through a stretch of the ledger under one program."""

    def __init__(self, program: Program, homes: Homes) -> None:
        """Begin with households as they were loaded."""
        self.gathered = Gathered()
        self._program = program
        self._homes = homes
        self._sessions: dict[UnitId, Session] = {}

    def take(self, inputs: Iterable[LedgerInput]) -> None:
        """Take events in ledger order."""
        for item in inputs:
            customer_id = item.event.customer_id
            if customer_id is not None:
                self._bring_home(customer_id, item.household_id)
            self.take_one(item.household_id, item.event)

    def take_one(self, household_id: UnitId, item: Input) -> None:
        """Take one input of one household."""
        session = self._sessions.get(household_id)
        if session is None:
            session = Session(self._program, self._homes.households[household_id])
            self._sessions[household_id] = session
        try:
            effects = session.take(item)
        except Exception as error:
            # A broken promise of the core stops the worker; whoever repairs it needs to know where.
            error.add_note(f"while {household_id} was taking {item!r}")
            raise
        self.gathered.add(household_id, effects)

    def tick(self, until: Moment) -> int:
        """Let time come to ``until`` for every household loaded; give for how many it meant anything."""
        woken = 0
        tick = Tick(until)
        for household_id, household in self._homes.households.items():
            session = self._sessions.get(household_id)
            if session is None:
                session = self._sessions[household_id] = Session(self._program, household)
            due_at = session.next_due_at()
            if due_at is not None and due_at <= until:
                self.gathered.add(household_id, session.take(tick))
                woken += 1
        return woken

    def keep(self, connection: Connection, now: Moment) -> None:
        """Write the households that changed and everything that was gathered."""
        keep_households(connection, self._homes)
        self.gathered.keep(connection, now)

    def _bring_home(self, customer_id: str, household_id: UnitId) -> None:
        """Hand a customer's record over when an event finds them in another household than before."""
        home = self._homes.home_of(customer_id)
        if home is None or home == household_id:
            return
        self._homes.move(customer_id, household_id)
        # A session looks its household's members up once, so both begin anew.
        self._sessions.pop(home, None)
        self._sessions.pop(household_id, None)


def named_customers(inputs: Iterable[LedgerInput]) -> Mapping[UnitId, set[str]]:
    """Give the households of inputs, each with the customers that its inputs name."""
    named: dict[UnitId, set[str]] = {}
    for item in inputs:
        customers = named.setdefault(item.household_id, set())
        if item.event.customer_id is not None:
            customers.add(item.event.customer_id)
    return named
