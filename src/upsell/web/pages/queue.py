"""The queue: what waits for a person, in the order in which it is worked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock, Moment
from upsell.runtime.costless import costless_task
from upsell.runtime.explaining import Shelf
from upsell.runtime.queue_reading import (
    Asked,
    Of,
    Waiting,
    live_program,
    read_place,
    read_waiting,
    write_place,
)
from upsell.runtime.task_content import is_overdue, task_content
from upsell.runtime.task_words import minute_words, owner_words, terms_words, value_words, who_words
from upsell.store.lending import Lender
from upsell.store.tasks import Task
from upsell.web.access import Right
from upsell.web.pages.known import path_of
from upsell.web.pages.shell import shown

PATH: Final = "/queue"
"""Where what waits stands, and under which each task has its page."""

_LONGEST: Final = 300


class TaskRow(msgspec.Struct, frozen=True):
    """One task in a few lines: what is to be done, for whom, why, with which offer, by when, whose it is."""

    title: str
    path: str
    who: str
    who_path: str
    queue: str
    why: str
    offer: str
    value: str
    due: str
    is_overdue: bool
    owner: str


class Choice(msgspec.Struct, frozen=True):
    """A way to see other tasks: what it is called, where it leads, how many there are."""

    label: str
    path: str
    count: int
    is_here: bool


class QueuePage(msgspec.Struct, frozen=True):
    """What waits.

    Attributes:
        lead: How much waits, in a sentence.
        is_live: Whether anything was applied.
        whose: Ways to see whose tasks.
        queues: Ways to see one queue's; () where there is but one.
        rows: The tasks of this page.
        more: Where those after them stand; empty where these are the last.
        as_of: As of when it is.
    """

    lead: str
    is_live: bool
    whose: tuple[Choice, ...]
    queues: tuple[Choice, ...]
    rows: tuple[TaskRow, ...]
    more: str
    as_of: str


def queue_route(lender: Lender, shelf: Shelf, clock: Clock) -> HTTPRouteHandler:
    """Give the route of the queue."""

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_queue(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show what waits, what may earn most first."""
        asked, now = asked_of(request), clock.now()
        address: str = request.state.visit.name
        after = read_place(request.query_params.get("after", ""))
        with lender.lent() as connection, shelf.lent(connection, is_past=False) as programs:
            program = live_program(programs)
            found = Waiting((), (), None)
            if program is not None:
                found = read_waiting(connection, program, asked, address, now, after)
        if Right.SEE_MARGINS not in request.state.visit.rights:
            found = msgspec.structs.replace(found, tasks=tuple(map(costless_task, found.tasks)))
        page = queue_page(found, asked, address, now, is_live=program is not None)
        told = msgspec.json.encode(queue_content(found, page, now))
        return shown(request, "queue.html", page, told=told)

    return show_queue


def asked_of(request: Request[Any, Any, Any]) -> Asked:
    """Read which tasks an address asks for; what says nothing known is everyone's, of every queue."""
    said = request.query_params
    return asked_for(said.get("of", ""), said.get("queue", ""))


def asked_for(of: str, queue: str) -> Asked:
    """Read which tasks are asked for; as ``asked_of``."""
    known = next((each for each in Of if each.value == of), Of.EVERYONE)
    return Asked(known, queue[:_LONGEST] if queue.isprintable() else "")


def queue_path(asked: Asked, key: str = "", **more: str) -> str:
    """Give where what is asked for stands, or one task seen from there."""
    said = {"of": asked.of.value if asked.of is not Of.EVERYONE else "", "queue": asked.queue, **more}
    query = urlencode([each for each in said.items() if each[1]])
    path = f"{PATH}/{quote(key, safe='')}" if key else PATH
    return f"{path}?{query}" if query else path


def queue_page(found: Waiting, asked: Asked, address: str, now: Moment, *, is_live: bool) -> QueuePage:
    """Give what the page says."""
    return QueuePage(
        lead=_lead(found, asked),
        is_live=is_live,
        whose=tuple(_whose(found, asked, address)),
        queues=tuple(_queues(found, asked)),
        rows=tuple(task_row(task, asked, now) for task in found.tasks),
        more=queue_path(asked, after=write_place(found.after)) if found.after is not None else "",
        as_of=f"{minute_words(now)} UTC",
    )


def queue_content(found: Waiting, page: QueuePage, now: Moment) -> dict[str, Any]:
    """Give the same as plain data."""
    return {
        "queues": [msgspec.to_builtins(each) for each in found.counts],
        "tasks": [task_content(task, now) for task in found.tasks],
        "more": page.more,
    }


def task_row(task: Task, asked: Asked, now: Moment) -> TaskRow:
    """Say what is to be done in a few lines."""
    return TaskRow(
        title=task.title,
        path=queue_path(asked, task.key),
        who=who_words(task),
        who_path=path_of(task.unit_id),
        queue=task.queue,
        why=task.why[0] if task.why else "",
        offer=terms_words(task.terms) if task.terms is not None else task.offer or "",
        value=value_words(task.value),
        due=due_said(task, now),
        is_overdue=is_overdue(task, now),
        owner=owner_words(task),
    )


def due_said(task: Task, now: Moment) -> str:
    """Say by when a task should be done, in UTC."""
    if task.is_snoozed(now):
        return f"put off until {minute_words(task.snoozed_until)}"
    return f"{'overdue since' if is_overdue(task, now) else 'due'} {minute_words(task.due_at)}"


def _lead(found: Waiting, asked: Asked) -> str:
    """Say how much waits, of the queue that is asked for or of all."""
    counts = [each for each in found.counts if asked.queue in ("", each.queue)]
    waiting, late = sum(each.waiting for each in counts), sum(each.overdue for each in counts)
    put_off = sum(each.put_off for each in counts)
    if not waiting and not put_off:
        return "Nothing waits."
    lead = f"{waiting:,} {'task waits' if waiting == 1 else 'tasks wait'}"
    lead += f", {late:,} of them overdue" if late else ""
    return f"{lead}; {put_off:,} put off until later." if put_off else f"{lead}."


def _whose(found: Waiting, asked: Asked, address: str) -> Iterator[Choice]:
    counts = [each for each in found.counts if asked.queue in ("", each.queue)]
    ways = {
        Of.EVERYONE: ("Everyone's", sum(each.waiting for each in counts)),
        Of.MINE: ("Mine", sum(each.mine for each in counts)),
        Of.PUT_OFF: ("Put off", sum(each.put_off for each in counts)),
    }
    for of, (label, count) in ways.items():
        if of is not Of.MINE or address:
            yield Choice(label, queue_path(Asked(of, asked.queue)), count, of is asked.of)


def _queues(found: Waiting, asked: Asked) -> Iterator[Choice]:
    if len(found.counts) < 2 and not asked.queue:
        return
    here = {Of.EVERYONE: "waiting", Of.MINE: "mine", Of.PUT_OFF: "put_off"}[asked.of]
    counted = {each.queue: int(getattr(each, here)) for each in found.counts}
    yield Choice("Every queue", queue_path(Asked(asked.of)), sum(counted.values()), not asked.queue)
    for queue, count in counted.items():
        yield Choice(queue, queue_path(Asked(asked.of, queue)), count, queue == asked.queue)
