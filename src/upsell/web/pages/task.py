"""One task: why now, what to offer and to say, what is known of them, and what became of it so far."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.catalog.offers import Objection
from upsell.clock import Clock, Moment, format_moment, parse_moment
from upsell.decisions.task_outcomes import MEANINGS, SAID
from upsell.ids import bare, is_account
from upsell.runtime.costless import costless_task
from upsell.runtime.explained import standing_content
from upsell.runtime.explaining import Shelf
from upsell.runtime.order_events import OF_AN_ORDER
from upsell.runtime.queue_reading import Asked, Opened, live_program, read_opened
from upsell.runtime.standing_words import Use, plan_words, uses_of
from upsell.runtime.task_content import is_overdue, task_content
from upsell.runtime.task_words import (
    closed_words,
    minute_words,
    owner_words,
    terms_words,
    value_words,
    who_words,
)
from upsell.signals.events import (
    TASK_CLOSED,
    TASK_GIVEN,
    TASK_OPENED,
    TASK_OVERDUE,
    TASK_SNOOZED,
    TASK_TAKEN,
    TASK_UPDATED,
)
from upsell.store.lending import Lender
from upsell.store.task_queue import TaskChange
from upsell.web.access import Right
from upsell.web.pages.known import path_of
from upsell.web.pages.queue import PATH, asked_of, due_said, queue_path
from upsell.web.pages.shell import Trouble, refuse, shown

_CHANGED = {
    TASK_OPENED: "asked for",
    TASK_UPDATED: "said anew",
    TASK_GIVEN: "given to {owner}",
    TASK_TAKEN: "taken by {owner}",
    TASK_SNOOZED: "put off until {until}",
    TASK_OVERDUE: "overdue",
    TASK_CLOSED: "closed as {outcome}",
}
"""What each change of a task is called."""


class Outcome(msgspec.Struct, frozen=True):
    """An outcome that may be said: its code, the key that chooses it, and what it means."""

    code: str
    key: str
    label: str
    means: str


class Change(msgspec.Struct, frozen=True):
    """One change of a task in words: when, what, by whom, and what else was said."""

    when: str
    what: str
    by: str
    said: str


class TaskPage(msgspec.Struct, frozen=True):
    """One task.

    Attributes:
        title: What is to be done.
        key: Its key.
        lead: What it may earn, and by when.
        due: By when, in words.
        is_overdue: Whether that has passed.
        state: Whose it is, or what came of it.
        is_open: Whether it is open.
        is_mine: Whether the reader has taken it up.
        may_take: Whether the reader is of its queue, or anybody may have it.
        ends_with_order: Whether it is closed by its order alone.
        who: Whom it is about.
        who_path: Where they have their page.
        payer: Who pays for them, where that is somebody else; empty otherwise.
        payer_path: Where they have theirs.
        queue: Its queue.
        workflow: The workflow that asked for it; empty where none did.
        why: What led to it.
        proof: What can be proved to them.
        offer: What is offered, in a line; empty for nothing.
        talk_track: How to lead the talk; empty for nothing.
        objections: What they may say against it.
        plan: What they pay for.
        uses: What they use against its limits.
        changes: What became of it, the newest first.
        is_whole: Whether these are all changes there were.
        outcomes: What may be said came of it.
        people: Who may have it, by id and name; () where anybody may.
        currency: The workspace's currency.
        of: Whose tasks the reader goes through.
        lane: Which queue's; empty for every one.
        list: Where those stand.
        next: What comes after it; empty for nothing.
        next_path: Where that is.
    """

    title: str
    key: str
    lead: str
    due: str
    is_overdue: bool
    state: str
    is_open: bool
    is_mine: bool
    may_take: bool
    ends_with_order: bool
    who: str
    who_path: str
    payer: str
    payer_path: str
    queue: str
    workflow: str
    why: tuple[str, ...]
    proof: tuple[str, ...]
    offer: str
    talk_track: str
    objections: tuple[Objection, ...]
    plan: str
    uses: tuple[Use, ...]
    changes: tuple[Change, ...]
    is_whole: bool
    outcomes: tuple[Outcome, ...]
    people: tuple[tuple[str, str], ...]
    currency: str
    of: str
    lane: str
    list: str
    next: str
    next_path: str


OUTCOMES = tuple(
    Outcome(each.value, str(number), each.value.replace("_", " ").capitalize(), MEANINGS[each])
    for number, each in enumerate(SAID, 1)
)
"""What may be said came of a task, each with the key that chooses it."""


def task_route(lender: Lender, shelf: Shelf, clock: Clock) -> HTTPRouteHandler:
    """Give the route of one task."""

    @route([f"{PATH}/{{key:str}}"], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_task(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
        """Show one task, open or closed."""
        asked, now, address = asked_of(request), clock.now(), request.state.visit.name
        with lender.lent() as connection, shelf.lent(connection, is_past=False) as programs:
            opened = read_opened(connection, programs, key, asked, address, now)
            program = live_program(programs)
        if opened is None or program is None:
            said = Trouble(
                "There is no such task",
                "Nothing is open or closed under this key.",
                "What waits stands in the queue.",
            )
            return refuse(request, said, "unknown", HTTPStatus.NOT_FOUND)
        if Right.SEE_MARGINS not in request.state.visit.rights:
            opened = msgspec.structs.replace(opened, task=costless_task(opened.task))
        page = task_page(opened, asked, address, program.currency, now)
        told = msgspec.json.encode(opened_content(opened, asked, now))
        return shown(request, "task.html", page, told=told)

    return show_task


def task_page(opened: Opened, asked: Asked, address: str, currency: str, now: Moment) -> TaskPage:
    """Give what the page says to whoever signs in with an address."""
    task, following = opened.task, opened.following
    is_own = task.household_id != task.unit_id
    mine = {address, *(each.id for each in opened.people if each.mail.casefold() == address.casefold())}
    return TaskPage(
        title=task.title,
        key=task.key,
        lead=_lead(opened),
        due=due_said(task, now),
        is_overdue=is_overdue(task, now),
        state=owner_words(task) if task.closed_at is None else closed_words(task),
        is_open=task.closed_at is None,
        may_take=not opened.people or any(each.id in mine for each in opened.people),
        is_mine=bool(address) and task.taken_at is not None and task.owner in mine,
        ends_with_order=task.source == OF_AN_ORDER,
        who=bare(task.unit_id) if is_own else who_words(task),
        who_path=path_of(task.unit_id),
        payer=bare(task.household_id) if is_own else "",
        payer_path=path_of(task.household_id) if is_own else "",
        queue=task.queue,
        workflow=task.workflow,
        why=task.why,
        proof=task.proof,
        offer=terms_words(task.terms) if task.terms is not None else task.offer or "",
        talk_track=task.talk_track,
        objections=task.objections,
        plan=plan_words(opened.standing),
        uses=uses_of(opened.standing),
        changes=tuple(map(change_row, opened.changes)),
        is_whole=any(each.name == TASK_OPENED for each in opened.changes),
        outcomes=OUTCOMES,
        people=tuple((each.id, each.name) for each in opened.people),
        currency=currency,
        of=asked.of.value,
        lane=asked.queue,
        list=queue_path(asked),
        next=f"{following.title}, for {who_words(following)}" if following is not None else "",
        next_path=queue_path(asked, following.key) if following is not None else "",
    )


def opened_content(opened: Opened, asked: Asked, now: Moment) -> dict[str, Any]:
    """Give the same as plain data."""
    following = opened.following
    return {
        **task_content(opened.task, now),
        "account": standing_content(opened.standing),
        "people": [each.id for each in opened.people],
        "changes": [
            {"at": format_moment(each.changed_at), "what": each.name, "said": each.said}
            for each in opened.changes
        ],
        "next": queue_path(asked, following.key) if following is not None else None,
    }


def change_row(change: TaskChange) -> Change:
    """Say one change of a task."""
    said = {name: str(value) for name, value in change.said.items()}
    until = parse_moment(said.get("until", ""))
    said |= {"until": minute_words(until)} if until is not None else {}
    words = _CHANGED[change.name].format_map(
        {"owner": "somebody", "until": "later", "outcome": "done", **said}
    )
    return Change(minute_words(change.changed_at), words, said.get("by", ""), "; ".join(_else_said(said)))


def _else_said(said: dict[str, str]) -> Iterator[str]:
    """Give what else was said of an outcome."""
    for name, words in (("reason", "why: "), ("feature", "missing: "), ("note", "")):
        if name in said:
            yield f"{words}{said[name]}"
    if "minutes" in said:
        yield f"{float(said['minutes']):g} minutes"


def _lead(opened: Opened) -> str:
    """Say for whom it is, and what it may earn."""
    task = opened.task
    worth = value_words(task.value)
    chance = f", at a chance of {task.value.chance:.0%}" if worth and task.value.chance is not None else ""
    earns = f"may earn {worth} over twelve months{chance}" if worth else "what it may earn is not known"
    kind = "the account " if is_account(task.unit_id) else ""
    return f"For {kind}{who_words(task)}; {earns}."
