"""Orders as text: the list, and one with its terms."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from upsell.clock import Moment, to_datetime
from upsell.decisions.cart_changes import CartChange
from upsell.money import Money
from upsell.runtime.order_words import MEANINGS, what_words, who_words
from upsell.store.orders import Order, OrderState


def list_lines(counts: Mapping[OrderState, int], listed: Sequence[Order]) -> Iterator[str]:
    """Write the counts by state, and orders, the newest first."""
    if not counts:
        yield "Nothing was accepted yet."
    else:
        yield ", ".join(f"{count:,} {state.value.replace('_', ' ')}" for state, count in counts.items())
    if listed:
        yield ""
    for order in listed:
        yield f"{at_words(order.accepted_at)}  {order.state.value:<10}  {order.key[:12]}  {who_words(order)}"
        yield f"  {what_words(order)}"
        if order.detail and (order.state is not OrderState.FULFILLED or order.terms.cart is not None):
            yield from textwrap.wrap(order.detail, 100, initial_indent="  ", subsequent_indent="  ")
    more = sum(counts.values()) - len(listed)
    if more > 0:
        yield f"and {more:,} more: --limit shows more of them; --state chooses"


def show_lines(order: Order) -> Iterator[str]:
    """Write one order: where it stands, what was accepted by whom, and what was said."""
    yield f"{order.key}: {order.state.value.replace('_', ' ')}, {MEANINGS[order.state]}"
    yield f"  {what_words(order)}"
    terms = order.terms
    if terms.cart is not None:
        yield from _change_lines(terms.cart, terms.currency)
    if terms.full is not None and terms.price is not None and terms.full != terms.price:
        yield f"  instead of {Money(terms.full, terms.currency)}; the discount comes to " + str(
            Money(terms.discount, terms.currency)
        )
    yield f"  for {who_words(order)}; made by workflow {order.workflow}, passage {order.enrollment}"
    yield f"  accepted {at_words(order.accepted_at)} by {order.via.value}"
    if order.attempts:
        yield f"  billing was told {order.attempts} time{'s' if order.attempts != 1 else ''}"
    if order.state in (OrderState.ACCEPTED, OrderState.FULFILLING) and order.next_attempt_at is not None:
        yield f"  is told next at {at_words(order.next_attempt_at)}"
    if order.pay_url and order.pay_by is not None:
        yield f"  is to be paid until {at_words(order.pay_by)} at {order.pay_url}"
    if order.paid is not None:
        yield f"  charged at once: {Money(order.paid, order.terms.currency)}"
    if order.round:
        yield f"  told anew by hand {order.round} time{'s' if order.round != 1 else ''}"
    yield from outcome_lines(order)
    if order.answer:
        yield from textwrap.wrap(order.answer, 100, initial_indent="  customer: ", subsequent_indent="  ")
    if order.finished_at is not None:
        yield f"  since {at_words(order.finished_at)}"
    if order.task:
        yield f"  task {order.task}"


def outcome_lines(order: Order) -> Iterator[str]:
    """Write what came of telling billing: what somebody who goes back has of it, and what billing said."""
    for word, amount in (("given back", order.refunded), ("credited", order.credited)):
        if amount:
            yield f"  {word}: {Money(amount, order.terms.currency)}"
    if order.keeps_until is not None:
        yield f"  {order.terms.name} is kept until {at_words(order.keeps_until)}"
    if order.detail:
        yield from textwrap.wrap(order.detail, 100, initial_indent="  said: ", subsequent_indent="  ")


def _change_lines(change: CartChange, currency: str) -> Iterator[str]:
    """Write what a cart was changed by."""
    for word, pieces in (("out of", change.remove), ("into", change.add)):
        for each in pieces:
            yield f"  {word} the cart: {each.quantity:g} of {each.id} at {Money(each.price, currency)}"


def at_words(at: Moment) -> str:
    """Write a moment to the minute."""
    return f"{to_datetime(at):%Y-%m-%d %H:%M} UTC"
