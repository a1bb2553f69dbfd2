"""Tasks in words: whom one is about, whose it is, by when, what it may earn, what is offered.

For the terminal and the pages, which say the same of the same task.
"""

from __future__ import annotations

from upsell.clock import Moment, to_datetime
from upsell.decisions.task_outcomes import MEANINGS, read_outcome
from upsell.decisions.task_value import TaskValue
from upsell.decisions.terms import Terms
from upsell.ids import bare, is_account
from upsell.money import Money
from upsell.runtime.task_content import is_overdue
from upsell.store.tasks import Task


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
        return f"put off until {minute_words(task.snoozed_until)}"
    return f"{'OVERDUE since' if is_overdue(task, now) else 'due'} {minute_words(task.due_at)}"


def closed_words(task: Task) -> str:
    """Say when a task was closed, by whom, and as what."""
    outcome = read_outcome(task.outcome or "")
    means = f" ({MEANINGS[outcome]})" if outcome is not None else ""
    by = f" by {task.closed_by}" if task.closed_by else ""
    because = f", because {task.because}" if task.because else ""
    amount = ""
    if task.amount is not None and task.amount_currency:
        amount = f", {Money(task.amount, task.amount_currency)}"
    return f"closed {minute_words(task.closed_at)}{by} as {task.outcome or 'done'}{means}{because}{amount}"


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
    until = f", until {minute_words(terms.expires_at)}" if terms.expires_at is not None else ""
    return f"{terms.name} ({terms.offer}){price}{off}{until}"


def minute_words(at: Moment | None) -> str:
    """Write a moment to the minute, in UTC."""
    return f"{to_datetime(at):%Y-%m-%d %H:%M}" if at is not None else "never"
