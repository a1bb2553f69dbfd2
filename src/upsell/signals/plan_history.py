"""Plan history: what a subscription was to, and how much of it, in the time that is over.

So that a past period is held against what was had then. The law: what was not told is not known; a word
that comes late and says otherwise makes unknown what was taken for known, never the other way round.
"""

from __future__ import annotations

from typing import Final

from upsell.clock import Moment
from upsell.signals.profiles import Subscription, Term

KEPT_TERMS: Final = 12
"""How many earlier terms of a subscription are kept; what was before them is not known."""

NOTHING: Final = ""
"""The plan of a term in which the subscription was to nothing: before it began, and once it had ended."""

UNTOLD: Final = Term(0, None, 0.0)
"""The time before the first word that is known of a subscription that was there before it."""


def term_within(held: Subscription, start: Moment, end: Moment) -> Term | None:
    """Give what a subscription was to in all of ``[start, end)``; None where that changed or is not known."""
    terms = [Term(start, NOTHING, 0.0), *terms_of(held)]
    ends = [term.since for term in terms[1:]]
    inside = [term for term, until in zip(terms, [*ends, end], strict=True) if until > start]
    inside = [term for term in inside if term.since < end]
    kinds = {(term.plan, term.quantity) for term in inside}
    return inside[0] if len(kinds) == 1 and inside[0].plan is not None else None


def terms_of(held: Subscription) -> list[Term]:
    """Give all that is known of what a subscription was to, in order of time, its end included."""
    terms = [*held.before, Term(held.held_since(), held.plan, held.quantity)]
    if held.started_at < terms[0].since:
        terms.insert(0, Term(held.started_at, None, 0.0))
    if held.ends_at is not None:
        terms = [term for term in terms if term.since < held.ends_at]
        terms.append(Term(held.ends_at, NOTHING, 0.0))
    return terms


def terms_until(held: Subscription, at: Moment) -> list[Term]:
    """Give what is kept of a subscription's terms before ``at``, from when on it is to something else."""
    terms = [term for term in terms_of(held) if term.since < at]
    if len(terms) > KEPT_TERMS:
        forgotten = Term(terms[0].since, None, 0.0)
        terms = [forgotten, *terms[-KEPT_TERMS + 1 :]]
    return terms


def take_late_start(held: Subscription, at: Moment, plan: str, quantity: float) -> None:
    """Take what is told late: that a subscription began at ``at``; before all that is known, it is added."""
    first = held.before[0] if held.before else Term(held.held_since(), held.plan, held.quantity)
    if at >= first.since:
        take_late_word(held, at, plan, quantity)
    elif held.held_at is not None:
        held.before = [Term(at, plan, quantity), *held.before]


def take_late_word(held: Subscription, at: Moment, plan: str | None, quantity: float | None) -> None:
    """Take what is told late to have been so from ``at`` on, before the last that was told.

    What is not as it was known makes all before the last word unknown: what else was not told cannot be
    known either.

    Args:
        held: The subscription, changed in place.
        at: Since when it is said to have been so.
        plan: The plan that is said, None for none.
        quantity: The quantity that is said, None for none.
    """
    known = [*held.before, Term(held.held_since(), held.plan, held.quantity)]
    then = next((term for term in reversed(known) if term.since <= at), None)
    if then is None or not _agrees(then, plan, quantity):
        held.before, held.held_at = [UNTOLD], max(held.changed_at, held.started_at)


def _agrees(then: Term, plan: str | None, quantity: float | None) -> bool:
    """Tell whether what is told late of a time is as it was known, or nothing was."""
    return then.plan is None or (plan in (None, then.plan) and quantity in (None, then.quantity))
