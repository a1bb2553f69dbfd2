"""Back view: how the page on which somebody goes back says what comes of it, before and after.

Pure. The law: every figure is one that billing named; where it named none, that is said, and nothing is put
in its place.
"""

from __future__ import annotations

from upsell.channels.money_words import money_words
from upsell.channels.stripe_returner import BackForeseen, BackOutlook
from upsell.clock import Moment
from upsell.runtime.promises import Promise
from upsell.store.orders import Order, OrderState
from upsell.web.pages.offer_view import Manner


def foreseen_lines(seen: BackForeseen | None, name: str, manner: Manner) -> tuple[str, ...]:
    """Say beforehand what going back comes to; nothing where nobody can, or the team does it.

    Args:
        seen: What billing named; None where no billing can say it.
        name: What they go back from.
        manner: In which words, money and clock.
    """
    if seen is None:
        return ()
    match seen.outlook:
        case BackOutlook.BY_HAND:
            return ()
        case BackOutlook.SILENT:
            return (manner.words.back_silent,)
        case BackOutlook.AT_ONCE:
            said = _lines((seen.refunded, seen.credited), seen.until, seen.currency, name, manner)
            return said or (manner.words.back_costs_nothing,)


def back_news(promise: Promise, manner: Manner) -> str:
    """Say how it stands with going back, which was asked for."""
    words, back = manner.words, promise.back
    day = manner.day(promise.asked_at) if promise.asked_at is not None else ""
    if back is None or back.state in (OrderState.WAITING, OrderState.FAILED):
        return words.back_since.format(day=day)
    if back.state is not OrderState.FULFILLED:
        return words.back_pending.format(day=day)
    return " ".join(each for each in (*_done_words(back, manner), back.answer) if each)


def _done_words(back: Order, manner: Manner) -> tuple[str, ...]:
    words, name = manner.words, back.terms.name
    figures = (back.refunded or 0, back.credited or 0)
    said = _lines(figures, back.keeps_until, back.terms.currency, name, manner)
    if back.keeps_until is not None:
        return said
    to = back.had.name if back.had is not None and back.had.name else ""
    done = words.back_returned.format(name=to) if to else words.back_returned_somewhere
    if back.refunded is None and back.has_refund:
        return (done, words.back_refunded)
    return (done, *said)


def _lines(
    figures: tuple[int, int], until: Moment | None, currency: str, name: str, manner: Manner
) -> tuple[str, ...]:
    words, (refunded, credited) = manner.words, figures
    said = []
    if refunded:
        said.append(words.back_gives.format(amount=money_words(refunded, currency, manner.locale)))
    if credited:
        said.append(words.back_credits.format(amount=money_words(credited, currency, manner.locale)))
    if until is not None:
        said.append(words.back_keeps.format(name=name, day=manner.day(until)))
    return tuple(said)
