"""Giving tasks: each that is opened, or moved to another queue, becomes somebody's by the rule of its queue.

For the worker and the desk. The law: who is chosen is chosen while nobody else opens, gives or closes tasks,
so two workers never give one task twice nor take turns wrongly.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from upsell.decisions.hours import wall_at
from upsell.decisions.queues import Queue, choose_owner
from upsell.ids import UnitId, bare, is_account
from upsell.journeys.effects import OpenTask
from upsell.signals.events import TASK_GIVEN, Event
from upsell.store.connect import Connection
from upsell.store.tasks import (
    assign_task,
    hold_tasks,
    keep_tasks,
    keep_turn,
    read_loads,
    read_turns,
    update_tasks,
)

BY_THE_QUEUE = "queue"
"""Who gave a task that the rule of its queue gave."""


class Queues(msgspec.Struct, frozen=True):
    """The queues of a program, and the zone whose days people are away on."""

    by_name: Mapping[str, Queue]
    zone: str


def keep_work(
    connection: Connection, queues: Queues, opened: Sequence[OpenTask], updated: Sequence[OpenTask]
) -> list[tuple[UnitId, Event]]:
    """Write tasks that are opened and said anew, and give out those nobody has; a transaction is open.

    Gives the events that say whose they are, each with its household. Nothing is held where no queue has
    people.
    """
    asked = {task.key: task for task in (*opened, *updated)}
    if any(_is_given(queues, task) for task in asked.values()):
        hold_tasks(connection)
    new = keep_tasks(connection, opened)
    moved = update_tasks(connection, updated)
    return give_out(connection, queues, [asked[key] for key in dict.fromkeys((*new, *moved))])


def give_out(
    connection: Connection, queues: Queues, tasks: Collection[OpenTask]
) -> list[tuple[UnitId, Event]]:
    """Give tasks that nobody has to people of their queues, in the order they came; they are held."""
    tasks = [task for task in tasks if _is_given(queues, task)]
    if not tasks:
        return []
    loads = read_loads(connection)
    given: list[tuple[UnitId, Event]] = []
    for task in tasks:
        queue = queues.by_name[task.queue]
        day = wall_at(queues.zone, task.opened_at).date().isoformat()
        turns = read_turns(connection, queue.name)
        owner = choose_owner(queue, day, task.prefers, loads, turns)
        if owner is None or not assign_task(connection, task.key, owner, task.opened_at, is_taken=False):
            continue
        loads[owner] = loads.get(owner, 0) + 1
        keep_turn(connection, queue.name, owner)
        household_id = task.household_id or task.unit_id
        given.append((household_id, given_event(task, household_id, owner)))
    return given


def given_event(task: OpenTask, household_id: UnitId, owner: str) -> Event:
    """Give the event that a task became somebody's by the rule of its queue."""
    unit_id = task.unit_id
    return Event(
        id=f"{TASK_GIVEN}/{task.key}/{task.queue}/{task.opened_at}",
        name=TASK_GIVEN,
        occurred_at=task.opened_at,
        seen_at=task.opened_at,
        customer_id=None if is_account(unit_id) else bare(unit_id),
        account_id=bare(household_id) if is_account(household_id) else None,
        properties={
            "key": task.key,
            "unit": unit_id,
            "queue": task.queue,
            "title": task.title,
            "owner": owner,
            "by": BY_THE_QUEUE,
        },
        source="core",
    )


def _is_given(queues: Queues, task: OpenTask) -> bool:
    queue = queues.by_name.get(task.queue)
    return queue is not None and bool(queue.people)
