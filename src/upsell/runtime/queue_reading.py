"""Reading the queue: which tasks somebody asks for, in which order they come, and what stands around one.

For the pages of the queue. The laws: a task is whoever's whom its queue calls by the address they sign in
with; what comes after one is what comes after it in the order that was asked for, and else the first of it.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.decisions.queues import Person
from upsell.decisions.standing import Standing
from upsell.decisions.task_value import TaskRank, task_rank
from upsell.errors import ConfigError
from upsell.journeys.explain import explain_standing
from upsell.journeys.program import Program
from upsell.runtime.explaining import stand_now
from upsell.runtime.programs import Programs
from upsell.store.connect import Connection
from upsell.store.task_queue import (
    Lane,
    QueueCount,
    TaskChange,
    count_queues,
    rank_open_tasks,
    read_task_changes,
)
from upsell.store.tasks import Task, find_task

MOST_TASKS: Final = 50
"""How many tasks stand on one page."""

MOST_CHANGES: Final = 50
"""How many changes of a task are told."""


class Of(enum.Enum):
    """Whose tasks are asked for."""

    EVERYONE = "everyone"
    MINE = "mine"
    PUT_OFF = "later"


class Asked(msgspec.Struct, frozen=True):
    """Which tasks are asked for: whose, and of which queue; empty for every queue."""

    of: Of = Of.EVERYONE
    queue: str = ""


class Waiting(msgspec.Struct, frozen=True):
    """What waits.

    Attributes:
        tasks: Those on this page, the first to be done first.
        counts: What is open by queue.
        after: The place after which the next page begins; None where this is the last.
    """

    tasks: tuple[Task, ...]
    counts: tuple[QueueCount, ...]
    after: TaskRank | None


class Opened(msgspec.Struct, frozen=True):
    """One task with what stands around it.

    Attributes:
        task: It.
        standing: What whoever pays has and uses; None where nothing is known of them.
        people: Who of its queue may have it; () where anybody may.
        changes: What became of it, the newest first.
        following: What comes after it in what was asked for; None for nothing.
    """

    task: Task
    standing: Standing | None
    people: tuple[Person, ...]
    changes: tuple[TaskChange, ...]
    following: Task | None


def live_program(programs: Programs) -> Program | None:
    """Give what is live; None before anything was applied."""
    newest = programs.newest()
    return programs.program(newest.number) if newest is not None else None


def called_by(program: Program, address: str) -> tuple[str, ...]:
    """Give what whoever signs in with an address is called by where tasks are given; () for a guest."""
    if not address:
        return ()
    people = (queue.person(address) for queue in program.queues.values())
    return tuple(dict.fromkeys([address, *(person.id for person in people if person is not None)]))


def read_waiting(
    connection: Connection, program: Program, asked: Asked, address: str, now: Moment, after: TaskRank | None
) -> Waiting:
    """Read a page of what waits for whoever signs in with an address, after a place in it."""
    lane = _lane(program, asked, address)
    found = rank_open_tasks(connection, lane, program.currency, now, MOST_TASKS + 1, after)
    tasks = tuple(found[:MOST_TASKS])
    counts = count_queues(connection, called_by(program, address), now)
    return Waiting(tasks, tuple(counts), _rank(program, tasks[-1]) if len(found) > MOST_TASKS else None)


def read_opened(
    connection: Connection, programs: Programs, key: str, asked: Asked, address: str, now: Moment
) -> Opened | None:
    """Read one task with what stands around it; None where there is none of that key, or nothing is live."""
    program, task = live_program(programs), find_task(connection, key)
    if program is None or task is None:
        return None
    lane, rank = _lane(program, asked, address), _rank(program, task)
    following = rank_open_tasks(connection, lane, program.currency, now, 1, rank)
    queue = program.queues.get(task.queue)
    return Opened(
        task=task,
        standing=_standing(connection, programs, task, now),
        people=queue.people if queue is not None else (),
        changes=tuple(read_task_changes(connection, task, MOST_CHANGES)),
        following=following[0] if following else None,
    )


def find_following(
    connection: Connection, program: Program, task: Task, asked: Asked, address: str, now: Moment
) -> Task | None:
    """Give the task to go on with once one is done: the next in rank, else the first; None for none."""
    lane = _lane(program, asked, address)
    for after in (_rank(program, task), None):
        found = rank_open_tasks(connection, lane, program.currency, now, 2, after)
        others = [each for each in found if each.key != task.key]
        if others:
            return others[0]
    return None


def write_place(rank: TaskRank) -> str:
    """Write a place in the order of a queue, for an address."""
    return ".".join(map(str, rank))


def read_place(said: str) -> TaskRank | None:
    """Read a place in the order of a queue; what is none is the top."""
    parts: Sequence[str] = said.split(".", 4)
    if len(parts) != 5 or not said.isprintable():
        return None
    place, currency, less, due_at, key = parts
    numbers = (place, less.removeprefix("-"), due_at)
    if not all(each.isascii() and each.isdecimal() and len(each) < 18 for each in numbers):
        return None
    if place not in ("0", "1", "2"):
        return None
    return int(place), currency, int(less), int(due_at), key


def _lane(program: Program, asked: Asked, address: str) -> Lane:
    owners = called_by(program, address) if asked.of is Of.MINE else None
    return Lane(asked.queue or None, owners, asked.of is Of.PUT_OFF)


def _rank(program: Program, task: Task) -> TaskRank:
    return task_rank(task.value, program.currency, task.due_at, task.key)


def _standing(connection: Connection, programs: Programs, task: Task, now: Moment) -> Standing | None:
    """Say what whoever pays has and uses; of what nobody ever heard of, nothing."""
    try:
        stood = stand_now(connection, task.household_id, now, programs)
    except ConfigError:
        return None
    at = max(now, stood.household.taken_at)
    return explain_standing(stood.program, stood.household, stood.found.unit_id, at)
