"""Tasks: what is open for a household, and how that ends without anybody's hand.

The laws: of a household one task is open for each reason; and what a task was about ends with it, so that
nobody works at what is over.
"""

from __future__ import annotations

from typing import Final

from upsell.clock import Moment, format_moment, parse_moment
from upsell.decisions.decision import Verdict
from upsell.decisions.policy import OPEN_DEAL, OPEN_TASK
from upsell.decisions.reasons import Reason
from upsell.decisions.sensitive import name_state, open_state
from upsell.decisions.task_outcomes import TaskOutcome
from upsell.ids import UnitId, bare, is_account
from upsell.journeys.household import Enrollment, HeldTask, Unit
from upsell.journeys.scene import Scene
from upsell.signals.events import (
    TASK_CLOSED,
    TASK_OPENED,
    TASK_OVERDUE,
    TASK_SNOOZED,
    TASK_TAKEN,
    TASK_UPDATED,
    Event,
)

STANDS_FOR: Final = "task/"
"""How the key begins by which a deal is open that only a task's closing told of."""

ENDS_CAUSE: Final = frozenset(
    {
        Reason.GOAL_REACHED,
        Reason.INELIGIBLE,
        Reason.TRIGGER_GONE,
        Reason.ENDED,
        Reason.ENDED_BY_HAND,
        Reason.ENTITLED,
        Reason.OFFER_GONE,
        Reason.UNAVAILABLE,
        Reason.TOO_SMALL,
        Reason.NOT_NEEDED,
        Reason.DECLINED,
        Reason.FROZEN_TOO_LONG,
    }
)
"""Why a passage ends so that nothing is left to do of the tasks it asked for. A journey that came to its
end, or whose later messages reach nobody, leaves its task behind: often that is what the task is for."""


def has_tasks(scene: Scene, unit: Unit) -> bool:
    """Tell, at the cost of a look, whether anything may be open for a unit."""
    account = scene.household.account
    return bool(unit.tasks) or (account is not None and bool(account.tasks))


def held_tasks(scene: Scene, unit: Unit) -> list[tuple[Unit, HeldTask]]:
    """Give the tasks that a unit's passages asked for, each with whose record it stands in."""
    principal = scene.principal()
    holders = (principal,) if principal is unit else (principal, unit)
    return [(holder, task) for holder in holders for task in holder.tasks.values() if task.unit_id == unit.id]


def find_held(scene: Scene, unit: Unit, reason: str) -> HeldTask | None:
    """Give the task that is open for a reason in a unit's household; None for none.

    It stands with whoever pays, or with somebody who brought it into the account.
    """
    if not reason:
        return None
    # Whoever has brought one is engaged, and so loaded.
    holders = (scene.principal(), unit, *scene.household.customers.values())
    open_for = (task for holder in holders for task in holder.tasks.values() if task.reason == reason)
    return next(open_for, None)


def hold_task(scene: Scene, task: HeldTask) -> None:
    """Let whoever pays hold an open task from now on, so that time and its causes are asked about it."""
    principal = scene.principal()
    for unit in scene.household.customers.values():
        if unit is not principal:
            unit.tasks.pop(task.key, None)
    principal.tasks[task.key] = task
    _touch(scene, task)


def share_reasons(scene: Scene) -> None:
    """Let one task be open for each reason once records came together: the one that was opened first.

    It is asked for by what asked for the others, which close.
    """
    by_reason: dict[str, list[tuple[Unit, HeldTask]]] = {}
    for holder in scene.units():
        for task in holder.tasks.values():
            if task.reason:
                by_reason.setdefault(task.reason, []).append((holder, task))
    for doubled in by_reason.values():
        if len(doubled) == 1:
            continue
        (_, first), *others = sorted(doubled, key=lambda each: (each[1].opened_at, each[1].key))
        for holder, task in others:
            first.causes.extend(cause for cause in task.causes if cause not in first.causes)
            if task.key != first.key:
                close_task(scene, holder, task, _in_favour_of(first))
        hold_task(scene, first)


def end_cause(scene: Scene, unit: Unit, enrollment: Enrollment, verdict: Verdict) -> None:
    """Let a passage ask for its tasks no more; those that nobody asks for and whose cause is over close.

    Where a task itself is what the passage stood still for, its cause is not over.
    """
    is_over = verdict.reason in ENDS_CAUSE
    if verdict.reason is Reason.FROZEN_TOO_LONG and verdict.rule == OPEN_TASK:
        is_over = False
    principal = scene.principal()
    for holder in (principal,) if principal is unit else (principal, unit):
        for task in [*holder.tasks.values()] if holder.tasks else ():
            if enrollment.id not in task.causes:
                continue
            task.causes.remove(enrollment.id)
            _touch(scene, task)
            if is_over and not task.causes:
                close_task(scene, holder, task, verdict)


def close_task(scene: Scene, holder: Unit, task: HeldTask, verdict: Verdict) -> None:
    """Close a task because its cause is over; work that nobody took up took no minutes."""
    holder.tasks.pop(task.key, None)
    _touch(scene, task)
    said: dict[str, object] = {"outcome": TaskOutcome.CAUSE_ENDED.value, "cause": verdict.reason.value}
    if verdict.rule:
        said["rule"] = verdict.rule
    if not task.is_taken:
        said["minutes"] = 0
    scene.tell(task_event(scene, TASK_CLOSED, task.key, task, **said))


def say_overdue(scene: Scene, unit: Unit) -> None:
    """Say of tasks that a unit's passages asked for that they are overdue, each once."""
    for _, task in held_tasks(scene, unit):
        if not task.is_overdue and overdue_at(task) <= scene.now:
            task.is_overdue = True
            due_at = format_moment(task.due_at)
            scene.tell(task_event(scene, TASK_OVERDUE, task.key, task, due_at=due_at))


def overdue_at(task: HeldTask) -> int:
    """Give when a task is overdue: once it is due, and not put off."""
    return max(task.due_at, task.snoozed_until)


def begin_deal(scene: Scene, key: str, at: Moment) -> None:
    """Let selling wait for the deal that a task was closed as, until that is told of by its own name."""
    for state in scene.program.policy.states:
        if state.name == OPEN_DEAL:
            open_state(scene.principal().profile, OPEN_DEAL, f"{STANDS_FOR}{key}", at)


def name_deals(scene: Scene, event: Event) -> None:
    """Let an event about a deal take the place of what a task's closing said of it."""
    name_state(scene.principal().profile, OPEN_DEAL, STANDS_FOR, event.occurred_at)


def rename_holder(scene: Scene, gone_id: UnitId, stays_id: UnitId) -> None:
    """Let tasks that the passages of one customer asked for be those of the customer they turn out to be."""
    for holder in scene.units():
        for task in holder.tasks.values():
            if task.unit_id == gone_id:
                task.unit_id = stays_id
                _touch(scene, task)


def take_task(scene: Scene, event: Event) -> HeldTask | None:
    """Take what somebody outside did about a task; give the one that it closes.

    One that is opened for a reason for which another is open by now is closed again. What says no due time
    was opened before tasks were held, and is not.
    """
    said, key = event.properties, event.properties.get("key")
    if not isinstance(key, str) or event.is_historical:
        return None
    if event.name == TASK_OPENED:
        _take_opened(scene, event, key)
        return None
    for holder in scene.units():
        task = holder.tasks.get(key)
        if task is None:
            continue
        if event.name == TASK_CLOSED:
            del holder.tasks[key]
            _touch(scene, task)
            return task
        if event.name == TASK_TAKEN:
            task.is_taken = True
        elif event.name == TASK_SNOOZED:
            task.snoozed_until = parse_moment(str(said.get("until"))) or 0
        elif event.name == TASK_UPDATED:
            task.title = str(said.get("title") or task.title)
            task.due_at = min(task.due_at, parse_moment(str(said.get("due_at"))) or task.due_at)
        _touch(scene, task)
    return None


def _take_opened(scene: Scene, event: Event, key: str) -> None:
    said = event.properties
    due_at = parse_moment(str(said.get("due_at")))
    if due_at is None or event.source == "core":
        return
    principal = scene.principal()
    reason = str(said.get("task_reason") or "")
    other = find_held(scene, principal, reason)
    if other is not None and other.key == key:
        return
    task = HeldTask(
        key=key,
        unit_id=principal.id,
        opened_at=event.occurred_at,
        due_at=due_at,
        reason=reason,
        queue=str(said.get("queue") or ""),
        title=str(said.get("title") or ""),
    )
    hold_task(scene, task)
    if other is not None:
        close_task(scene, principal, task, _in_favour_of(other))


def _in_favour_of(other: HeldTask) -> Verdict:
    return Verdict(Reason.ALREADY_ENROLLED, f"task {other.key}")


def task_event(scene: Scene, name: str, told_as: str, task: HeldTask, **said: object) -> Event:
    """Make an event of the core's own about a task, of whoever asked for it."""
    household_id = scene.household.id
    return Event(
        id=f"{name}/{told_as}",
        name=name,
        occurred_at=scene.now,
        seen_at=scene.now,
        customer_id=_customer_of(task.unit_id),
        account_id=bare(household_id) if is_account(household_id) else None,
        properties={"key": task.key, "unit": task.unit_id, "queue": task.queue, "title": task.title, **said},
        source="core",
    )


def _customer_of(unit_id: UnitId) -> str | None:
    return None if is_account(unit_id) else bare(unit_id)


def _touch(scene: Scene, task: HeldTask) -> None:
    """Let it be found out anew when time next concerns whoever asked for a task."""
    customer_id = _customer_of(task.unit_id)
    # Whoever has asked for an open task is engaged, and so loaded; somebody who left the account is not.
    unit = scene.principal() if customer_id is None else scene.household.customers.get(customer_id)
    if unit is not None:
        scene.tasked.append(unit)
