"""Rehearsal: one household's history played through the core, with every delivery succeeding at once.

It is the live path without its database: the same ``Session``, a clock that goes from input to due
moment to input, and a receipt after each message before anything later. The law: nothing here
decides; it only feeds the core and counts what the core says.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from itertools import permutations
from typing import TypeAlias, assert_never
from zoneinfo import ZoneInfo

import msgspec

from upsell.clock import MINUTE, Moment, to_datetime
from upsell.decisions.decision import Decision, Exposure
from upsell.decisions.reasons import Reason
from upsell.ids import UnitId, bare, customer_unit, is_account
from upsell.journeys.advance import Session
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
from upsell.journeys.household import Household, empty_household
from upsell.journeys.inputs import Input, Launched, Tick
from upsell.journeys.program import Program
from upsell.journeys.workflow import Goal, UnitKind
from upsell.runtime.outcomes import OUTCOME_EVENTS
from upsell.runtime.tally import Candidacy, Rate, Tally, is_candidate_answer
from upsell.signals.events import MESSAGE_SENT, Event

_Followed: TypeAlias = dict[tuple[str, UnitId], Candidacy]


class Rehearsal:
    """A program rehearsed over one household after the other.

    Attributes:
        tallies: What each workflow would have done so far, by key.
        exposures: Who would have been exposed, where outcomes are kept.
        homes: The household of each unit exposed, likewise.
        outcomes: What outcomes are made of, each with the exposed unit it counts for, likewise.
    """

    def __init__(
        self, program: Program, since: Moment | None, until: Moment, *, keeps_outcomes: bool = False
    ) -> None:
        """Rehearse up to ``until``; events seen before ``since`` only build up what is known.

        With ``keeps_outcomes`` exposures and outcomes are kept, to be measured.
        """
        self.tallies = {key: Tally() for key in program.workflows}
        self.exposures: list[Exposure] = []
        self.homes: dict[UnitId, UnitId] = {}
        self.outcomes: list[tuple[UnitId, Event]] = []
        self._told: list[Event] = []
        self._kept = OUTCOME_EVENTS | set(_goals(program)) if keeps_outcomes else frozenset[str]()
        self._program = program
        self._before = _without_workflows(program)
        self._since = since
        self._until = until
        self._goals = _goals(program)
        self._zone = ZoneInfo(program.zone)
        self._days: dict[int, str] = {}

    def run(self, household_id: UnitId, events: Sequence[Event]) -> None:
        """Play the events of one household, in the order they were seen, and count what came of them."""
        household = empty_household(household_id)
        self._told = [event for event in events if event.name in self._kept] if self._kept else []
        exposed_before = len(self.exposures)
        if self._since is not None:
            household, events = self._build_up(household, events, self._since)
        followed: _Followed = {}
        session = Session(self._program, household)
        if self._since is not None:
            self._take(session, Launched(self._since), followed)
        goals = self._goals
        for event in events:
            due_at = session.next_due_at()
            if due_at is not None and due_at <= event.seen_at:
                self._reach(session, event.seen_at, followed)
            effects = session.take(event)
            if effects:
                self._note(session, effects, followed)
            if followed and event.name in goals:
                self._note_goal(household_id, event, followed)
        self._reach(session, self._until, followed)
        self._close(session.household, followed)
        if len(self.exposures) > exposed_before:
            exposed = {each.unit_id for each in self.exposures[exposed_before:]}
            self.homes.update(dict.fromkeys(exposed, household_id))
            self._keep_outcomes(household_id, exposed)

    def _keep_outcomes(self, household_id: UnitId, exposed: set[UnitId]) -> None:
        """Keep what the outcomes of the household's exposed units are made of."""
        for event in self._told:
            if household_id in exposed:
                self.outcomes.append((household_id, event))
            person = customer_unit(event.customer_id) if event.customer_id is not None else None
            if person is not None and person in exposed and person != household_id:
                self.outcomes.append((person, event))

    def _build_up(
        self, household: Household, events: Sequence[Event], since: Moment
    ) -> tuple[Household, Sequence[Event]]:
        """Take what came before ``since`` while no workflow was live; give the household and the rest."""
        session = Session(self._before, household)
        for number, event in enumerate(events):
            if event.seen_at >= since:
                return session.household, events[number:]
            session.take(event)
        return session.household, ()

    def _reach(self, session: Session, until: Moment, followed: _Followed) -> None:
        """Let time pass up to and including ``until``, from one due moment to the next."""
        due_at = session.next_due_at()
        while due_at is not None and due_at <= until:
            self._take(session, Tick(due_at), followed)
            due_at = session.next_due_at()

    def _take(self, session: Session, item: Input, followed: _Followed) -> None:
        self._note(session, session.take(item), followed)

    def _note(self, session: Session, effects: list[Effect], followed: _Followed) -> None:
        """Count effects, and answer each message with its receipt; what follows from that is counted too."""
        spoken: deque[Speak] = deque()
        while True:
            for effect in effects:
                match effect:
                    case Decided():
                        self._note_decision(effect.decision, followed)
                    case Speak():
                        self._note_message(effect)
                        spoken.append(effect)
                    case OpenTask():
                        self.tallies[effect.workflow].tasks += 1
                    case Record():
                        if effect.event.name in self._goals:
                            self._note_goal(session.household.id, effect.event, followed)
                        if effect.event.name in self._kept:
                            self._told.append(effect.event)
                    case Exposed():
                        if self._kept:
                            self.exposures.append(effect.exposure)
                    case Spend() | Withdraw() | UpdateTask():
                        pass
                    case _:
                        assert_never(effect)
            if not spoken:
                return
            effects = session.take(_receipt(spoken.popleft(), session.household))

    def _note_decision(self, decision: Decision, followed: _Followed) -> None:
        tally = self.tallies[decision.workflow]
        key = (decision.workflow, decision.unit_id)
        candidacy = followed.get(key)
        if not is_candidate_answer(decision):
            tally.fates[decision.reason.value] += 1
            if decision.reason is Reason.OUTRANKED and candidacy is not None:
                candidacy.lose(decision)
            return
        if candidacy is None:
            is_dropped = self._program.workflows[decision.workflow].is_dropped
            candidacy = followed[key] = Candidacy(tally, decision, is_dropped=is_dropped)
        candidacy.take(decision)

    def _note_message(self, speak: Speak) -> None:
        days = self.tallies[speak.workflow].messages
        days.setdefault(self._day(speak.reserved_at), Counter())[speak.channel] += 1

    def _day(self, at: Moment) -> str:
        """Give the day in the workspace's zone; every zone there is changes its day on a quarter hour."""
        quarter = at // (15 * MINUTE)
        known = self._days.get(quarter)
        if known is None:
            known = self._days[quarter] = to_datetime(at).astimezone(self._zone).date().isoformat()
        return known

    def _note_goal(self, household_id: UnitId, event: Event, followed: _Followed) -> None:
        """Remember when a followed unit first reached its workflow's goal after its trigger fired."""
        for workflow, kind, goal in self._goals[event.name]:
            unit_id = _unit_about(household_id, event, kind)
            candidacy = followed.get((workflow, unit_id)) if unit_id is not None else None
            if candidacy is None or candidacy.goal_at is not None:
                continue
            if not candidacy.triggered_at < event.occurred_at <= candidacy.triggered_at + goal.within:
                continue
            if goal.where is None or goal.where.holds(event.properties) is True:
                candidacy.goal_at = event.occurred_at

    def _note_shared(self, followed: _Followed) -> None:
        """Count units that were candidates of two workflows, for both; a member with their account is one."""
        mine: dict[UnitId, list[str]] = {}
        for key, unit_id in followed:
            mine.setdefault(unit_id, []).append(key)
        of_account = [key for unit_id, keys in mine.items() if is_account(unit_id) for key in keys]
        for unit_id, keys in mine.items():
            pairs = list(permutations(keys, 2))
            if not is_account(unit_id):
                pairs += [
                    pair for own in keys for other in of_account for pair in ((own, other), (other, own))
                ]
            for key, other in pairs:
                self.tallies[key].shared[other] += 1

    def _close(self, household: Household, followed: _Followed) -> None:
        """Count how candidates ended, who was one of several workflows, and who reached the goal in time."""
        if len(followed) > 1:
            self._note_shared(followed)
        for (workflow, unit_id), candidacy in followed.items():
            tally = self.tallies[workflow]
            unit = household.account if is_account(unit_id) else household.customers.get(bare(unit_id))
            watch = unit.watches.get(workflow) if unit is not None else None
            candidacy.close(is_waiting=watch is not None and bool(watch.candidates))
            is_closed = candidacy.triggered_at + self._program.workflows[workflow].goal.within <= self._until
            rate = Rate(1, int(is_closed), int(is_closed and candidacy.goal_at is not None))
            tally.reached.setdefault(candidacy.entered, Rate()).add(rate)


def _without_workflows(program: Program) -> Program:
    """Give the program before its workflows went live: everything is counted, nobody is asked."""
    workflows = {workflow.version: workflow for workflow in program.workflows.values()}
    return msgspec.structs.replace(program, workflows={}, earlier={**program.earlier, **workflows})


def _goals(program: Program) -> dict[str, list[tuple[str, UnitKind, Goal]]]:
    """List workflow, unit and goal by the name of the goal's event."""
    found: dict[str, list[tuple[str, UnitKind, Goal]]] = {}
    for key, workflow in sorted(program.workflows.items()):
        found.setdefault(workflow.goal.event, []).append((key, workflow.unit, workflow.goal))
    return found


def _unit_about(household_id: UnitId, event: Event, kind: UnitKind) -> UnitId | None:
    """Give the unit of a kind that an event of a household is about; None when it is about none."""
    match kind:
        case UnitKind.ACCOUNT:
            return household_id if is_account(household_id) else None
        case UnitKind.CUSTOMER:
            if event.customer_id is not None:
                return customer_unit(event.customer_id)
            return None if is_account(household_id) else household_id


def _receipt(speak: Speak, household: Household) -> Event:
    """Give the receipt of a message that the provider took at once."""
    return Event(
        id=f"{MESSAGE_SENT}/{speak.key}",
        name=MESSAGE_SENT,
        occurred_at=household.taken_at,
        seen_at=household.taken_at,
        customer_id=speak.customer_id,
        account_id=bare(household.id) if is_account(household.id) else None,
        properties={
            "key": speak.key,
            "enrollment": speak.enrollment,
            "unit": speak.unit_id,
            "workflow": speak.workflow,
            "step": speak.step,
        },
        source="dispatcher",
    )
