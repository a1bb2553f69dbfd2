"""Batches: inputs of many households taken in ledger order, and what came of them.

The law: this is where live households move, and nothing here acts; whoever runs a batch writes
what it gathered in the transaction that read the households.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import assert_never

from upsell.clock import Moment
from upsell.decisions.decision import Decision, Exposure
from upsell.decisions.policy import Cap, Per, caps_per
from upsell.ids import UnitId, customer_unit
from upsell.journeys.advance import Session
from upsell.journeys.concerns import Concerns
from upsell.journeys.effects import (
    Decided,
    Effect,
    Exposed,
    OpenTask,
    Record,
    Speak,
    Spend,
    UpdateTask,
    Withdraw,
)
from upsell.journeys.household import Household
from upsell.journeys.inputs import Arrived, Input, Tick
from upsell.journeys.merging import gone_of, rename_member
from upsell.journeys.program import Program
from upsell.runtime.backlog import spread_backlog
from upsell.runtime.lines import find_places
from upsell.runtime.task_giving import Queues, keep_work
from upsell.signals.events import ACCOUNT_LEFT, CUSTOMERS_MERGED, TASK_CLOSED, TASK_OVERDUE, Event
from upsell.store.acceptances import keep_prompted
from upsell.store.answers import keep_decisions, keep_exposures
from upsell.store.connect import Connection
from upsell.store.households import Homes, find_homes, keep_households
from upsell.store.ledger import LedgerInput, append_derived
from upsell.store.outbox import hand_over_messages, keep_messages, withdraw_messages
from upsell.store.places import keep_places, order_places, read_places
from upsell.store.tasks import ClosedTask, close_tasks, closed_task, mark_overdue


class Gathered:
    """Effects by kind, each list in the order in which they were asked."""

    def __init__(self) -> None:
        """Begin empty."""
        self.derived: list[tuple[UnitId, Event]] = []
        self.decisions: list[Decision] = []
        self.exposures: list[Exposure] = []
        self.tasks: list[OpenTask] = []
        self.updated: list[OpenTask] = []
        self.closed: list[ClosedTask] = []
        self.overdue: dict[str, Moment] = {}
        self.messages: list[tuple[UnitId, Speak]] = []
        self.spent: list[Spend] = []
        self.withdrawn: list[Withdraw] = []
        self.merged: dict[str, tuple[str, UnitId]] = {}

    def add(self, household_id: UnitId, effects: Iterable[Effect]) -> None:
        """Put effects of a household to their kind."""
        for effect in effects:
            match effect:
                case Decided(decision=decision):
                    self.decisions.append(decision)
                case Record(event=event):
                    self.derived.append((household_id, event))
                    self.note_task(event)
                case Exposed(exposure=exposure):
                    self.exposures.append(exposure)
                case Speak():
                    self.messages.append((household_id, effect))
                case Spend():
                    self.spent.append(effect)
                case Withdraw():
                    self.withdrawn.append(effect)
                case OpenTask():
                    self.tasks.append(effect)
                case UpdateTask(task=task):
                    self.updated.append(task)
                case _:
                    assert_never(effect)

    def note_task(self, event: Event) -> None:
        """Put an event that closes a task, or finds it overdue, to its kind; any other is nothing."""
        if event.name == TASK_CLOSED and (closed := closed_task(event)) is not None:
            self.closed.append(closed)
        elif event.name == TASK_OVERDUE:
            self.overdue[str(event.properties.get("key"))] = event.occurred_at

    def keep(
        self,
        connection: Connection,
        now: Moment,
        caps: Sequence[Cap],
        not_before: Mapping[str, Moment],
        queues: Queues,
    ) -> None:
        """Write everything in the transaction that is open; the ledger is held last and so shortest.

        Args:
            connection: The database.
            now: The moment everything is written at.
            caps: Those per person, which places at addresses are for.
            not_before: From when on some messages may be sent, by key.
            queues: By whose rules tasks are given.
        """
        keep_decisions(connection, self.decisions)
        keep_exposures(connection, self.exposures)
        given = keep_work(connection, queues, self.tasks, self.updated) if self.tasks or self.updated else []
        mark_overdue(connection, self.overdue)
        close_tasks(connection, self.closed)
        keep_messages(connection, self.messages, not_before)
        hand_over_messages(connection, self.merged)
        withdraw_messages(connection, self.withdrawn, now)
        self._keep_places(connection, caps)
        keep_prompted(connection, (event for _, event in self.derived))
        append_derived(connection, [*self.derived, *given])

    def _keep_places(self, connection: Connection, caps: Sequence[Cap]) -> None:
        """Take the places of what was not taken back at once; of shadows those there are."""
        taken_back = {withdrawn.key for withdrawn in self.withdrawn}
        spent = [each for each in self.spent if each.touch.key not in taken_back]
        shadows = {each.touch.key: each.address for each in spent if each.is_shadow}
        if shadows and caps:
            order_places(connection)
            since = min(each.touch.at for each in spent) - max(cap.within for cap in caps)
            spent = find_places(spent, read_places(connection, shadows, since), caps)
        keep_places(connection, spent)


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
            if item.event.name == TASK_CLOSED:
                self.gathered.note_task(item.event)
            customer_id = item.event.customer_id
            if customer_id is not None:
                self._bring_home(customer_id, item.household_id)
                if item.event.name == CUSTOMERS_MERGED:
                    self._take_merge(item, customer_id)
                    continue
                if item.event.name == ACCOUNT_LEFT:
                    self._take_leave(item, customer_id)
                    continue
            self.take_one(item.household_id, item.event)

    def take_one(self, household_id: UnitId, item: Input) -> None:
        """Take one input of one household."""
        for customer_id in self._homes.guests(household_id):
            self._bring_home(customer_id, household_id)
        self._take(household_id, item)
        self._receive(household_id, item.seen_at)

    def tick(self, until: Moment) -> int:
        """Let time come to ``until`` for every household loaded; give for how many it meant anything."""
        woken = 0
        tick = Tick(until)
        for household_id in self._homes.households:
            due_at = self._session(household_id).next_due_at()
            if due_at is not None and due_at <= until:
                self.take_one(household_id, tick)
                woken += 1
            self._receive(household_id, until)
        return woken

    def keep(self, connection: Connection, now: Moment, present: Moment | None = None) -> None:
        """Write the households that changed and everything that was gathered.

        With ``present``, what was decided long before it is sent spread out.
        """
        keep_households(connection, self._homes)
        said = (message for _, message in self.gathered.messages)
        not_before = spread_backlog(said, present) if present is not None else {}
        program = self._program
        queues = Queues(program.queues, program.zone)
        self.gathered.keep(connection, now, caps_per(program.policy, Per.PERSON), not_before, queues)

    def _take(self, household_id: UnitId, item: Input) -> None:
        session = self._session(household_id)
        try:
            effects = session.take(item)
        except Exception as error:
            # A broken promise of the core stops the worker; whoever repairs it needs to know where.
            error.add_note(f"while {household_id} was taking {item!r}")
            raise
        self.gathered.add(household_id, effects)

    def _receive(self, household_id: UnitId, at: Moment) -> None:
        """Ask the segments of customers who came into a household, and of new ones no event asked yet."""
        if not self._program.segments:
            return
        customers = self._homes.households[household_id].customers
        for customer_id, has_moved in sorted(self._homes.take_arrivals(household_id).items()):
            unit = customers.get(customer_id)
            if unit is not None and (has_moved or unit.segments is None):
                self._take(household_id, Arrived(at, customer_id))

    def _bring_home(self, customer_id: str, household_id: UnitId) -> None:
        """Hand a customer's record over when an event finds them in another household than before."""
        home = self._homes.home_of(customer_id)
        if home is None:
            self._homes.admit(self._homes.households[household_id], customer_id, None)
        if home is None or home == household_id:
            return
        self._homes.move(customer_id, household_id)
        # A session looks its household's members up once, so both begin anew.
        self._sessions.pop(home, None)
        self._sessions.pop(household_id, None)

    def _take_merge(self, item: LedgerInput, stays_id: str) -> None:
        """Bring the record that goes to the one it goes into, and let the core make them one."""
        gone_id = gone_of(item.event)
        home = self._homes.home_of(gone_id) if gone_id is not None else None
        if gone_id is None:
            self.take_one(item.household_id, item.event)
            return
        if home is not None and home != item.household_id:
            # What was due of it before is due where it was.
            self.take_one(home, Tick(item.event.seen_at))
            self._bring_home(gone_id, item.household_id)
        self.take_one(item.household_id, item.event)
        self._homes.forget(gone_id, stays_id)
        for household in self._homes.households.values():
            if household.id != item.household_id and rename_member(household, gone_id, stays_id):
                self._homes.invite(stays_id, household.id)
        self.gathered.merged[gone_id] = (stays_id, item.household_id)

    def _take_leave(self, item: LedgerInput, customer_id: str) -> None:
        """Let the account be left, then take the record out of it to a household of its own."""
        self.take_one(item.household_id, item.event)
        own = customer_unit(customer_id)
        if own in self._homes.households and self._homes.home_of(customer_id) == item.household_id != own:
            self._homes.dismiss(customer_id, item.household_id)
            self._bring_home(customer_id, own)
            self._receive(own, item.event.seen_at)

    def _session(self, household_id: UnitId) -> Session:
        session = self._sessions.get(household_id)
        if session is None:
            session = Session(self._program, self._homes.households[household_id])
            self._sessions[household_id] = session
        return session


def stirring(
    concerns: Concerns, inputs: Iterable[LedgerInput], until: Moment
) -> Callable[[Household], bool] | None:
    """Give what tells of an account whether inputs, or time up to ``until``, concern its every member.

    None where no segment hangs on what members share, so that nothing is asked.
    """
    if not concerns.stirring:
        return None
    told: dict[UnitId, list[Event]] = {}
    for item in inputs:
        if item.event.name in concerns.stirring:
            told.setdefault(item.household_id, []).append(item.event)

    def is_stirred(household: Household) -> bool:
        if household.account is None:
            return False
        profile = household.account.profile
        if any(concerns.stirs(event, profile.traits) for event in told.get(household.id, ())):
            return True
        ends = (held.ends_at for held in profile.subscriptions.values())
        return any(at is not None and household.taken_at < at <= until for at in ends)

    return is_stirred


def named_customers(inputs: Iterable[LedgerInput]) -> Mapping[UnitId, set[str]]:
    """Give the households of inputs, each with the customers that its inputs name."""
    named: dict[UnitId, set[str]] = {}
    for item in inputs:
        customers = named.setdefault(item.household_id, set())
        if item.event.customer_id is not None:
            customers.add(item.event.customer_id)
    return named


def merging_customers(inputs: Iterable[LedgerInput]) -> dict[str, UnitId]:
    """Give the customers who go into another by these inputs, each with the household they go to."""
    merges = (item for item in inputs if item.event.name == CUSTOMERS_MERGED)
    return {gone_id: item.household_id for item in merges if (gone_id := gone_of(item.event)) is not None}


def with_moves(
    connection: Connection, wanted: Mapping[UnitId, Collection[str]], inputs: Collection[LedgerInput]
) -> dict[UnitId, set[str]]:
    """Add who changes households by these inputs: who goes into another, and who leaves an account."""
    found = {household_id: set(customers) for household_id, customers in wanted.items()}
    for item in inputs:
        if item.event.name == ACCOUNT_LEFT and item.event.customer_id is not None:
            found.setdefault(customer_unit(item.event.customer_id), set()).add(item.event.customer_id)
    going = merging_customers(inputs)
    if going:
        homes = find_homes(connection, [customer_unit(customer_id) for customer_id in going])
        for customer_id, household_id in going.items():
            home = homes.get(customer_unit(customer_id), household_id)
            found.setdefault(home, set()).add(customer_id)
    return found
