"""Tasks as text: the queue, and one with its reasons, its offer and what to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from upsell.clock import Moment
from upsell.runtime.task_content import is_overdue
from upsell.runtime.task_desk import Changed
from upsell.runtime.task_words import (
    closed_words,
    due_words,
    minute_words,
    owner_words,
    terms_words,
    value_words,
    who_words,
)
from upsell.store.tasks import Task

SHOWN = 10
"""How many characters of a key are shown in a list; `upsell tasks show` takes them."""


def list_lines(listed: Sequence[Task], number: int, now: Moment) -> Iterator[str]:
    """Write tasks in the order they are given in.

    Args:
        listed: Those that are shown.
        number: How many there are.
        now: The present.
    """
    if not listed:
        yield "Nothing is open for that; what is put off is shown with --snoozed."
        return
    late = sum(is_overdue(task, now) for task in listed)
    yield f"{number:,} open, {late:,} of those shown overdue; times are in UTC"
    for place, task in enumerate(listed, 1):
        worth = value_words(task.value) or "value not known"
        yield f"{place:>3}. {worth:>18}  {due_words(task, now):<28}  {task.key[:SHOWN]}  {owner_words(task)}"
        yield from _wrapped(f"{task.title}, for {who_words(task)} [{task.queue}]", 5)
        if task.why:
            yield from _wrapped(task.why[0], 5)
    if number > len(listed):
        yield f"and {number - len(listed):,} more: --limit shows more of them"


def show_lines(task: Task, now: Moment) -> Iterator[str]:
    """Write one task."""
    yield f"{task.title}, for {who_words(task)} (times are in UTC)"
    yield f"  {task.key}"
    yield f"  queue {task.queue}, {owner_words(task)}; opened {minute_words(task.opened_at)}" + (
        f", said anew {minute_words(task.updated_at)}" if task.updated_at is not None else ""
    )
    if task.closed_at is None:
        yield f"  {due_words(task, now)}"
    else:
        yield f"  {closed_words(task)}"
    worth = value_words(task.value)
    if worth:
        chance = task.value.chance
        yield f"  may earn {worth} over twelve months" + (
            f", at a chance of {chance:.0%}" if chance is not None else ""
        )
    yield from _section("why", task.why)
    if task.terms is not None:
        yield from _section("to offer", [terms_words(task.terms)])
    yield from _section("what to say", [task.talk_track] if task.talk_track else [])
    yield from _section("can be proved", task.proof)
    yield from _section("they may say", [f"{each.says} - {each.answer}" for each in task.objections])


def changed_words(changed: Changed, what: str) -> str:
    """Say what became of a task, and whether that is new."""
    task = changed.task
    if not changed.is_new:
        return f"{task.key[:SHOWN]} was {what} so already; nothing changed."
    if task.closed_at is not None:
        return f"{task.key[:SHOWN]} is {closed_words(task)}."
    put_off = f", put off until {minute_words(task.snoozed_until)}" if what == "put off" else ""
    due = f"due {minute_words(task.due_at)}"
    return f"{task.key[:SHOWN]} is {what}: {task.title}, {owner_words(task)}, {due}{put_off}."


def _section(heading: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"  {heading}:"
    for line in lines:
        yield from _wrapped(line, 4)


def _wrapped(line: str, indent: int) -> Iterator[str]:
    yield from wrap(line, 98, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2))
