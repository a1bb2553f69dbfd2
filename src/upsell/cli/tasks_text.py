"""Tasks as text: the queue, and one with its reasons, its offer and what to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from upsell.clock import Moment, to_datetime
from upsell.decisions.task_outcomes import MEANINGS, read_outcome
from upsell.decisions.task_value import TaskValue
from upsell.decisions.terms import Terms
from upsell.ids import bare, is_account
from upsell.money import Money
from upsell.runtime.task_content import is_overdue
from upsell.runtime.task_desk import Changed
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
    yield f"  queue {task.queue}, {owner_words(task)}; opened {_at(task.opened_at)}" + (
        f", said anew {_at(task.updated_at)}" if task.updated_at is not None else ""
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
    put_off = f", put off until {_at(task.snoozed_until)}" if what == "put off" else ""
    return (
        f"{task.key[:SHOWN]} is {what}: {task.title}, {owner_words(task)}, due {_at(task.due_at)}{put_off}."
    )


def who_words(task: Task) -> str:
    """Name whom a task is about."""
    if is_account(task.unit_id) or not is_account(task.household_id):
        return bare(task.unit_id)
    return f"{bare(task.unit_id)} of {bare(task.household_id)}"


def owner_words(task: Task) -> str:
    """Say whose a task is."""
    if task.owner is None:
        return "nobody's"
    return f"{task.owner} has taken it" if task.taken_at is not None else f"{task.owner}'s"


def due_words(task: Task, now: Moment) -> str:
    """Say by when a task should be done, and whether that has passed."""
    if task.is_snoozed(now):
        return f"put off until {_at(task.snoozed_until)}"
    return f"{'OVERDUE since' if is_overdue(task, now) else 'due'} {_at(task.due_at)}"


def closed_words(task: Task) -> str:
    """Say when a task was closed, by whom, and as what."""
    outcome = read_outcome(task.outcome or "")
    means = f" ({MEANINGS[outcome]})" if outcome is not None else ""
    by = f" by {task.closed_by}" if task.closed_by else ""
    because = f", because {task.because}" if task.because else ""
    amount = ""
    if task.amount is not None and task.amount_currency:
        amount = f", {Money(task.amount, task.amount_currency)}"
    return f"closed {_at(task.closed_at)}{by} as {task.outcome or 'done'}{means}{because}{amount}"


def value_words(value: TaskValue) -> str:
    """Write what a task may earn; nothing where it is not known."""
    return str(Money(value.amount, value.currency)) if value.amount is not None else ""


def terms_words(terms: Terms) -> str:
    """Write what is offered."""
    if terms.outcome_price is not None:
        price = f": {Money(terms.outcome_price, terms.currency)} per {terms.outcome_per}"
    elif terms.price is not None:
        per = f" per {terms.interval}" if terms.interval else ""
        price = f": {Money(terms.price, terms.currency)}{per}"
    else:
        price = ""
    off = f", {terms.discount_rate:.0%} off" if terms.discount_rate > 0 else ""
    until = f", until {_at(terms.expires_at)}" if terms.expires_at is not None else ""
    return f"{terms.name} ({terms.offer}){price}{off}{until}"


def _section(heading: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"  {heading}:"
    for line in lines:
        yield from _wrapped(line, 4)


def _wrapped(line: str, indent: int) -> Iterator[str]:
    yield from wrap(line, 98, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2))


def _at(at: Moment | None) -> str:
    return f"{to_datetime(at):%Y-%m-%d %H:%M}" if at is not None else "never"
