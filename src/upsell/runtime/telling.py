"""Telling: how an order stands, said to whoever accepted, and why something was not taken.

The laws: billing's own words come first; nothing is said to have cost nothing unless that is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

import msgspec

from upsell.channels.money_words import money_words
from upsell.channels.prompt_view import day_words, locale_of
from upsell.channels.prompt_words import WORDS, language_of
from upsell.runtime.accept_checks import NotAcceptedError, Refusal
from upsell.store.orders import Order, OrderState


class Told(msgspec.Struct, frozen=True):
    """What whoever accepted is told.

    Attributes:
        order: The order as it stands.
        message: In their language.
        is_failed: Whether it could not be made theirs.
    """

    order: Order
    message: str
    is_failed: bool


_NOT_THEIRS: Final = frozenset({OrderState.FAILED, OrderState.REFUSED, OrderState.LAPSED})
"""Where what was accepted has come to nothing."""


def tell(order: Order, locales: Sequence[object]) -> Told:
    """Say how an order stands to whoever accepted: in billing's words where it has some."""
    language = language_of(*locales)
    words = WORDS[language]
    is_failed = order.state in _NOT_THEIRS
    by = ""
    if order.decide_by is not None:
        by = day_words(order.decide_by, locale_of(locales, language))
    match order.state:
        case OrderState.FULFILLED:
            said = words.accepted
        case OrderState.FULFILLING | OrderState.WAITING if order.pay_url:
            said = words.to_pay
        case OrderState.ACCEPTED | OrderState.FULFILLING:
            said = words.pending
        case OrderState.WAITING:
            said = words.pending if order.checkout else words.waiting
        case OrderState.IN_CART:
            said = words.in_cart
        case OrderState.LEFT_OUT:
            said = words.over
        case OrderState.FAILED if order.pay_by is not None:
            said = words.not_paid
        case OrderState.FAILED:
            said = words.stuck if order.is_given_up else words.refused
        case OrderState.ASKED:
            said = words.asked
        case OrderState.REFUSED:
            said = words.not_approved
        case OrderState.LAPSED:
            said = words.lapsed
        case _:
            assert_never(order.state)
    message = order.answer or said.format(name=order.terms.name, by=by)
    if order.state is OrderState.FULFILLED and order.paid:
        paid = money_words(order.paid, order.terms.currency, locale_of(locales, language_of(*locales)))
        message = f"{message} {words.charged.format(paid=paid)}"
    return Told(order, message, is_failed)


def refusal_words(error: NotAcceptedError, locales: Sequence[object]) -> str:
    """Say to whoever wanted to accept why it was not taken."""
    words = WORDS[language_of(*locales)]
    return {
        Refusal.NOT_FOUND: words.unknown,
        Refusal.NOT_YOURS: words.not_yours,
        Refusal.ROLE: words.role,
        Refusal.OVER: words.over,
        Refusal.PRICE: words.price,
    }[error.refusal]
