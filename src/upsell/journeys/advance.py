"""Advance: a household and its inputs in, the household and effects out; the one way anything moves.

``advance(program, household, inputs)`` is a pure function. The live worker, the backtest, the
simulation and ``explain`` all run it, through ``Session`` where they own the household. The laws:
inputs may be split in any way without changing anything, and a due timer comes before any later
input, at its own due moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import assert_never

import msgspec

from upsell.clock import Moment
from upsell.ids import bare, is_account
from upsell.journeys.concerns import Concerns, concerns_of
from upsell.journeys.effects import Effect
from upsell.journeys.household import Household, Unit
from upsell.journeys.inputs import Arrived, Input, Launched, Tick
from upsell.journeys.memberships import NOBODY, Asked, ask_after, ask_arrived, ask_due, ask_launched
from upsell.journeys.merging import merge_customers
from upsell.journeys.program import Program
from upsell.journeys.prompting import answer_placement
from upsell.journeys.scene import Scene
from upsell.journeys.settling import ask_anew, ask_freed, due_of, launch, settle, wake
from upsell.journeys.taking import end_pending_cancellation, take_event
from upsell.journeys.tasks import has_tasks, held_tasks
from upsell.signals.events import CUSTOMERS_MERGED, PLACEMENT_ASKED, Event
from upsell.signals.subscriptions import SUBSCRIPTION_EVENTS


class Session:
    """A household being advanced by whoever owns it; it is changed in place."""

    __slots__ = ("_next_due_at", "_scene", "household")

    def __init__(self, program: Program, household: Household) -> None:
        """Open a session; ``household`` belongs to it from now on."""
        self.household = household
        self._scene = Scene(program, concerns_for(program), household)
        self._next_due_at = self._find_due()

    def take(self, item: Input) -> list[Effect]:
        """Take one input: due timers first, each at its own moment, then the input; give the effects."""
        scene = self._scene
        scene.effects = []
        seen_at = max(item.seen_at, self.household.taken_at)
        if self._next_due_at is not None and self._next_due_at <= seen_at:
            self._wake(seen_at)
        self.household.taken_at = seen_at
        scene.now = seen_at
        match item:
            case Event():
                if item.name in scene.concerns.by_name:
                    self._take(item)
            case Tick():
                pass
            case Launched():
                ask_launched(scene)
                for unit in scene.units():
                    launch(scene, unit)
                self._close(self._take_told(scene.units()))
            case Arrived():
                asked = ask_arrived(scene, item.customer_id)
                self._close(self._take_told(self._tell(asked, [])))
            case _:
                assert_never(item)
        return scene.effects

    def next_due_at(self) -> Moment | None:
        """Give when time alone next concerns a loaded unit, None when nothing waits for time."""
        return self._next_due_at

    def _take(self, event: Event) -> None:
        """Change the records by an event and by what is derived from it; only then ask anyone anything."""
        scene = self._scene
        concern = scene.concerns.by_name[event.name]
        has_segments = scene.concerns.has_segments
        is_stirred = has_segments and self._is_stirred(event)
        if event.name == CUSTOMERS_MERGED:
            merge_customers(scene, event)
        touched = scene.touched(event)
        scene.has_new_holdings = False
        taken: tuple[Event, ...] = (event,)
        derived = take_event(scene, event, concern, touched)
        if derived is not None:
            take_event(scene, derived, scene.concerns.by_name[derived.name], touched)
            taken = (event, derived)
        asked = ask_after(scene, taken, touched, is_stirred=is_stirred) if has_segments else NOBODY
        is_shared = _is_shared(event)
        moved = touched
        has_account = self.household.account is not None
        if has_account and (concern.states or is_shared or scene.has_new_holdings):
            moved = scene.concerned(touched)
        for unit in moved:
            settle(scene, unit, taken, is_about=is_shared or unit in touched)
        if asked.units:
            moved = self._tell(asked, moved)
        moved = self._take_told(moved)
        if event.name == PLACEMENT_ASKED and not event.is_historical:
            answer_placement(scene, event, touched)
        self._close(moved)

    def _wake(self, until: Moment) -> None:
        scene = self._scene
        while self._next_due_at is not None and self._next_due_at <= until:
            scene.now = max(self._next_due_at, self.household.taken_at)
            self.household.taken_at = scene.now
            due = [u for u in scene.units() if u.next_due_at is not None and u.next_due_at <= scene.now]
            has_ended = scene.has_ended_subscription()
            if has_ended:
                scene.refresh_facts()
                end_pending_cancellation(scene)
                due = scene.concerned(due)
            asked = ask_due(scene, due, has_ended=has_ended) if scene.concerns.has_segments else NOBODY
            for unit in due if has_ended else ():
                ask_anew(scene, unit)
            for unit in due:
                wake(scene, unit)
            self._close(self._take_told(self._tell(asked, due)))

    def _take_told(self, moved: list[Unit]) -> list[Unit]:
        """Take what the core told itself, as it came; give everybody who moved by now."""
        scene = self._scene
        while scene.told:
            event = scene.told.pop(0)
            is_stirred = self._is_stirred(event)
            touched = scene.touched(event)
            concern = scene.concerns.by_name[event.name]
            take_event(scene, event, concern, touched)
            has_segments = scene.concerns.has_segments
            asked = ask_after(scene, (event,), touched, is_stirred=is_stirred) if has_segments else NOBODY
            hearing = scene.concerned(touched) if concern.states else touched
            moved = [*moved, *(unit for unit in hearing if unit not in moved)]
            for unit in hearing:
                settle(scene, unit, (event,), is_about=True)
            moved = self._tell(asked, moved)
        return moved

    def _is_stirred(self, event: Event) -> bool:
        """Tell, before it is taken, whether an event changes what every member's segments may read."""
        concerns, account = self._scene.concerns, self.household.account
        if not concerns.stirring or account is None:
            return False
        return concerns.stirs(event, account.profile.traits)

    def _tell(self, asked: Asked, moved: list[Unit]) -> list[Unit]:
        """Let what waits for a change of membership hear of it; give everyone who moved, in their order."""
        if not asked.units:
            return moved
        scene = self._scene
        everyone = {unit.id: unit for unit in (*moved, *asked.units)}
        for event, about in ((change.event, change.about) for change in asked.changes):
            concern = scene.concerns.by_name.get(event.name)
            if concern is None:
                continue
            hearing = scene.concerned(list(about)) if concern.states else about
            everyone.update((unit.id, unit) for unit in hearing)
            for unit in hearing:
                settle(scene, unit, (event,), is_about=unit in about)
        return [everyone[unit_id] for unit_id in sorted(everyone)]

    def _close(self, moved: list[Unit]) -> None:
        """Let those who waited have what was freed, then find out when time next concerns who moved."""
        scene = self._scene
        while scene.has_freed or scene.told:
            moved = scene.concerned(moved)
            if scene.has_freed:
                scene.has_freed = False
                for unit in moved:
                    ask_freed(scene, unit)
            moved = self._take_told(moved)
        if scene.tasked:
            tasked = {unit.id: unit for unit in scene.tasked}
            moved = [*moved, *(unit for unit in tasked.values() if unit not in moved)]
            scene.tasked.clear()
        for unit in moved:
            unit.next_due_at = due_of(scene, unit)
        if self.household.account is not None:
            self._engage([*moved, *scene.reslotted])
        scene.reslotted.clear()
        self._next_due_at = self._find_due()

    def _engage(self, moved: list[Unit]) -> None:
        household = self.household
        for unit in moved:
            if is_account(unit.id):
                continue
            customer_id = bare(unit.id)
            is_waiting = any(watch.candidates for watch in unit.watches.values()) or self._is_tasked(unit)
            is_engaged = bool(unit.enrollments or unit.trials) or is_waiting or unit.slot is not None
            if is_engaged and customer_id not in household.engaged:
                household.engaged = sorted([*household.engaged, customer_id])
            elif not is_engaged and customer_id in household.engaged:
                household.engaged.remove(customer_id)

    def _is_tasked(self, unit: Unit) -> bool:
        return has_tasks(self._scene, unit) and bool(held_tasks(self._scene, unit))

    def _find_due(self) -> Moment | None:
        household = self.household
        dues = [unit.next_due_at for unit in household.customers.values() if unit.next_due_at is not None]
        if household.account is not None and household.account.next_due_at is not None:
            dues.append(household.account.next_due_at)
        return min(dues) if dues else None


def _is_shared(event: Event) -> bool:
    """Whether an event is about everyone in its account: it names nobody, or is about what all share."""
    return event.customer_id is None or event.name in SUBSCRIPTION_EVENTS or event.source == "core"


def advance(
    program: Program, household: Household, inputs: Iterable[Input]
) -> tuple[Household, list[Effect]]:
    """Advance a household through its inputs.

    ``advance(h, a + b)`` equals ``advance`` of ``a``, then of ``b``, for any split; the argument is
    not touched. Inputs are taken in the order given; one seen before the last taken counts as seen
    with it. No inputs give an equal household and no effects.
    """
    copy = msgspec.json.decode(msgspec.json.encode(household), type=Household)
    session = Session(program, copy)
    effects: list[Effect] = []
    for item in inputs:
        effects.extend(session.take(item))
    return session.household, effects


@lru_cache(maxsize=8)
def _concerns_by_identity(holder: _Held) -> Concerns:
    return concerns_of(holder.program)


class _Held:
    """A program as a cache key: by identity, because its rules cannot be compared."""

    __slots__ = ("program",)

    def __init__(self, program: Program) -> None:
        self.program = program

    def __hash__(self) -> int:
        return id(self.program)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.program is self.program


def concerns_for(program: Program) -> Concerns:
    """Give what a program looks out for, found once per program."""
    return _concerns_by_identity(_Held(program))
