"""The queue of tasks as people work it: page by page in its order, counted, and what became of one.

The laws: the order is that of ``task_rank``, whoever gives it; a page begins after the place where the one
before ended; and what is read is bounded, however much is open.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import msgspec

from upsell.clock import Moment
from upsell.decisions.task_value import TaskRank
from upsell.signals.events import TASK_CHANGES
from upsell.store.connect import Connection
from upsell.store.queries import query
from upsell.store.tasks import Task, as_task

LOOKED_BACK: Final = 2_000
"""How many of the newest events of a household are looked through for those about a task."""


class Lane(msgspec.Struct, frozen=True):
    """Which tasks are asked for, of those that are open.

    Attributes:
        queue: Only this queue's; None for any.
        owners: Only those people's, by id; None for anybody's.
        is_put_off: Those put off until later; else those that are not.
    """

    queue: str | None = None
    owners: tuple[str, ...] | None = None
    is_put_off: bool = False


class QueueCount(msgspec.Struct, frozen=True):
    """How much is open in a queue.

    Attributes:
        queue: Its name.
        waiting: Tasks that are not put off.
        overdue: Of those, how many are past their time.
        put_off: Tasks that are put off until later.
        mine: Of those that wait, how many are some people's.
    """

    queue: str
    waiting: int
    overdue: int
    put_off: int
    mine: int


class TaskChange(msgspec.Struct, frozen=True):
    """One change of a task: when, the event, and what that says."""

    changed_at: Moment
    name: str
    said: dict[str, Any]


def rank_open_tasks(
    connection: Connection, lane: Lane, currency: str, now: Moment, most: int, after: TaskRank | None = None
) -> list[Task]:
    """Give open tasks, the first to be done first, at most so many.

    Args:
        connection: The database.
        lane: Which.
        currency: The workspace's, in which values are compared.
        now: The present.
        most: How many at most.
        after: The place after which they begin; None for the top.
    """
    place, abroad, less, due_at, key = after or (None, "", 0, 0, "")
    values = {
        "queue": lane.queue,
        "owners": list(lane.owners) if lane.owners is not None else None,
        "snoozed": lane.is_put_off,
        "at": now,
        "currency": currency,
        "place": place,
        "abroad": abroad,
        "less": less,
        "due": due_at,
        "name": key,
        "most": most,
    }
    return [as_task(row) for row in connection.execute(query("rank_tasks"), values, binary=True)]


def count_queues(connection: Connection, owners: Collection[str], now: Moment) -> list[QueueCount]:
    """Count what is open by queue, in order of their names, and what of it is some people's."""
    values = {"owners": list(owners), "at": now}
    return [QueueCount(*row) for row in connection.execute(query("count_queues"), values)]


def read_task_changes(connection: Connection, task: Task, most: int) -> list[TaskChange]:
    """Give what became of a task, the newest first, as far as ``LOOKED_BACK`` events go back."""
    values = {
        "household": task.household_id,
        "since": task.opened_at,
        "looked": LOOKED_BACK,
        "names": sorted(TASK_CHANGES),
        "key": task.key,
        "most": most,
    }
    found = connection.execute(query("read_task_events"), values, binary=True)
    changes = [TaskChange(at, name, msgspec.json.decode(said)) for at, name, said in found]
    return [each for each in changes if each.said.get("key") == task.key]
