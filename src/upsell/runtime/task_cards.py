"""Task cards: tasks as desks show them, and the outcomes that desks tell of.

The law: a task that is closed already is closed no second time, whoever says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from upsell.channels.sinks.cards import TaskCard
from upsell.channels.sinks.sink import Closing
from upsell.clock import Clock
from upsell.ids import bare, is_account
from upsell.runtime.admitting import admit_events
from upsell.signals.events import TASK_CLOSED, Event
from upsell.store.connect import Connection
from upsell.store.households import read_unit_traits
from upsell.store.ledger import Outcome, hash_event
from upsell.store.sinks import find_vendor_ids
from upsell.store.tasks import Task, find_tasks

DONE: Final = "done"
"""What a task was closed as where its desk does not say."""


def read_cards(
    connection: Connection, sink: str, keys: Collection[str], traits: Collection[str]
) -> Mapping[str, TaskCard]:
    """Give tasks as they are now, by key, with some traits of whom they are about."""
    known = sorted({key for key in keys if key and "\0" not in key})
    if not known:
        return {}
    ids = find_vendor_ids(connection, sink, known)
    return {
        task.key: _card(task, _traits(connection, task, traits), ids.get(task.key, ""))
        for task in find_tasks(connection, keys=known, is_open=None)
    }


def close_told(connection: Connection, clock: Clock, sink: str, told: Sequence[Closing]) -> int:
    """Append what desks say of tasks that are open; give how many were closed by that."""
    if not told:
        return 0
    tasks = {task.key: task for task in find_tasks(connection, keys=[each.key for each in told])}
    events = [_event(sink, tasks[each.key], each) for each in told if each.key in tasks]
    with connection.transaction():
        answers = admit_events(connection, clock, events, [*map(hash_event, events)]) if events else []
    return sum(each.outcome is Outcome.APPENDED for each in answers)


def _event(sink: str, task: Task, told: Closing) -> Event:
    said = {"key": task.key, "queue": task.queue, "title": task.title, "outcome": told.outcome or DONE}
    return Event(
        id=f"{task.key}/closed",
        name=TASK_CLOSED,
        occurred_at=max(told.closed_at, task.opened_at),
        seen_at=0,
        customer_id=None if is_account(task.unit_id) else bare(task.unit_id),
        account_id=bare(task.household_id) if is_account(task.household_id) else None,
        properties={**said, "by": told.by or sink},
        source=f"sink {sink}",
    )


def _card(task: Task, traits: Mapping[str, object], vendor_id: str) -> TaskCard:
    paragraphs = (
        " ".join(task.why),
        f"Offer: {task.offer}" if task.offer else "",
        task.talk_track,
        *(f"If they say: {each.says}\n{each.answer}" for each in task.objections),
        " ".join(task.proof),
    )
    return TaskCard(
        key=task.key,
        queue=task.queue,
        title=task.title,
        paragraphs=tuple(filter(None, paragraphs)),
        due_at=task.due_at,
        owner=task.owner or "",
        closed_at=task.closed_at,
        outcome=task.outcome or "",
        customer_id=None if is_account(task.unit_id) else bare(task.unit_id),
        account_id=bare(task.household_id) if is_account(task.household_id) else None,
        traits={name: said for name, said in traits.items() if isinstance(said, str | int | float)},
        opened_at=task.opened_at,
        vendor_id=vendor_id,
    )


def _traits(connection: Connection, task: Task, names: Collection[str]) -> Mapping[str, object]:
    """Give some traits; those of the unit go before those of the household."""
    if not names:
        return {}
    both = {**read_unit_traits(connection, task.household_id), **read_unit_traits(connection, task.unit_id)}
    return {name: both[name] for name in names if name in both}
