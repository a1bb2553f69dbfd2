"""Task values: what doing a task may earn, and in which order a queue is worked.

The law: a value is made of what was offered and of a chance that somebody stated, and where it is not known
it is not known; it is never a zero.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from upsell.clock import Moment
from upsell.decisions.commitments import TERM_MONTHS, committed_total
from upsell.decisions.terms import Terms

MOST_AMOUNT: Final = 2**53
"""Amounts beyond this, in minor units, are as if not told: JSON does not hold them exactly."""

TaskRank: TypeAlias = tuple[int, str, int, Moment, str]
"""What tasks of a queue are sorted by, the first to be done first."""


class TaskValue(msgspec.Struct, frozen=True):
    """What a task may earn.

    Attributes:
        amount: In minor units; None where it is not known.
        currency: ISO 4217 code of it.
        chance: How likely that is, 0 to 1, as it was counted in; None where nobody says.
    """

    amount: int | None = None
    currency: str = ""
    chance: float | None = None


def task_value(
    terms: Terms | None,
    months: int | None,
    paid: int | None,
    worth: float | None,
    currency: str,
    chance: float | None,
) -> TaskValue:
    """Say what a task may earn.

    Where the workflow says what letting a unit in is expected to earn, that: the chance is in it. Else what
    falls due over the first twelve months under the terms offered, less what they pay over twelve months for
    what it takes the place of, and times the chance where one is stated. Not known where that is below
    nothing or above ``MOST_AMOUNT``: terms that lower what they pay earn nothing beyond keeping them, which
    nobody knows, and what is no amount of money says nothing.

    Args:
        terms: What is offered, None for nothing.
        months: How many months its discount lasts; None for as long as it is kept.
        paid: What they pay a month now, in minor units of the currency of the terms, for what would be
            replaced; 0 where nothing is, None where it is not known.
        worth: What the workflow says, in minor units; None where it says nothing.
        currency: The currency of ``worth``.
        chance: How likely they are to take it, 0 to 1; None where nobody says.
    """
    if worth is not None:
        return _known_value(worth, currency, None)
    total = committed_total(terms, months) if terms is not None else None
    if terms is None or total is None or paid is None:
        return TaskValue()
    more = total - paid * TERM_MONTHS
    return _known_value(more if chance is None else more * chance, terms.currency, chance)


def _known_value(amount: float, currency: str, chance: float | None) -> TaskValue:
    """Give a value of an amount, one that is not known where no amount of money is that."""
    is_amount = 0 <= amount <= MOST_AMOUNT
    return TaskValue(round(amount), currency, chance) if is_amount else TaskValue()


def task_rank(value: TaskValue, currency: str, due_at: Moment, key: str) -> TaskRank:
    """Give what a task is sorted by.

    The greatest value first, in the workspace's currency; then those in other currencies, which cannot be
    compared with it, by currency and value; then those of which none is known. Of one value the one due
    first. What is overdue is marked and no further ahead for it: sorted by lateness, a queue that is behind
    works off what it left lying because it was worth least.

    Args:
        value: What it may earn.
        currency: The workspace's currency.
        due_at: By when it should be done.
        key: Its key, so that the order is one.
    """
    if value.amount is None:
        return (2, "", 0, due_at, key)
    is_own = value.currency == currency
    return (0 if is_own else 1, "" if is_own else value.currency, -value.amount, due_at, key)
