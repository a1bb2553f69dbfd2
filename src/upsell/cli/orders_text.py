"""Orders as text and as JSON: the list, and one with its terms."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from upsell.clock import Moment, format_moment, to_datetime
from upsell.decisions.cart_changes import CartChange
from upsell.ids import bare, is_account
from upsell.money import Money
from upsell.store.orders import Order, OrderState

_MEANINGS = {
    OrderState.ACCEPTED: "billing is still to be told",
    OrderState.FULFILLING: "billing is being told",
    OrderState.FULFILLED: "it is theirs",
    OrderState.FAILED: "it was not set up; a task says so",
    OrderState.WAITING: "the team has a task to set it up, or they are to pay first",
    OrderState.ASKED: "an approver is to decide; nothing is charged before",
    OrderState.REFUSED: "an approver refused it, and they were told",
    OrderState.LAPSED: "nobody decided in time, and they were told",
    OrderState.IN_CART: "it lies in the cart; an order will show whether it is theirs",
    OrderState.LEFT_OUT: "the cart was ordered without it",
}


def list_lines(counts: Mapping[OrderState, int], listed: Sequence[Order]) -> Iterator[str]:
    """Write the counts by state, and orders, the newest first."""
    if not counts:
        yield "Nothing was accepted yet."
    else:
        yield ", ".join(f"{count:,} {state.value.replace('_', ' ')}" for state, count in counts.items())
    if listed:
        yield ""
    for order in listed:
        yield f"{at_words(order.accepted_at)}  {order.state.value:<10}  {order.key[:12]}  {_who(order)}"
        yield f"  {what_words(order)}"
        if order.detail and (order.state is not OrderState.FULFILLED or order.terms.cart is not None):
            yield from textwrap.wrap(order.detail, 100, initial_indent="  ", subsequent_indent="  ")
    more = sum(counts.values()) - len(listed)
    if more > 0:
        yield f"and {more:,} more: --limit shows more of them; --state chooses"


def show_lines(order: Order) -> Iterator[str]:
    """Write one order: where it stands, what was accepted by whom, and what was said."""
    yield f"{order.key}: {order.state.value.replace('_', ' ')}, {_MEANINGS[order.state]}"
    yield f"  {what_words(order)}"
    terms = order.terms
    if terms.cart is not None:
        yield from _change_lines(terms.cart, terms.currency)
    if terms.full is not None and terms.price is not None and terms.full != terms.price:
        yield f"  instead of {Money(terms.full, terms.currency)}; the discount comes to " + str(
            Money(terms.discount, terms.currency)
        )
    yield f"  for {_who(order)}; made by workflow {order.workflow}, passage {order.enrollment}"
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


_MOMENTS: Final = (
    "accepted_at next_attempt_at finished_at decide_by guarantee_until pay_by due_from keeps_until".split()
)
"""What of an order is a moment."""


def order_content(order: Order) -> dict[str, object]:
    """Give an order as plain values for JSON; moments are ISO 8601 in UTC."""
    content: dict[str, object] = msgspec.to_builtins(order)
    for name in _MOMENTS:
        at: Moment | None = getattr(order, name)
        content[name] = format_moment(at) if at is not None else None
    return content


def what_words(order: Order) -> str:
    """Say in a line what was accepted."""
    terms = order.terms
    if order.returns:
        to = order.had.name if order.had is not None and order.had.name else "what they had"
        refund = ", and what was paid is given back" if order.has_refund else ""
        return f"back from {terms.name} to {to}{refund}; takes back {order.returns[:12]}"
    said = f"{terms.name} by {order.offer}"
    if terms.outcome_price is not None:
        said += f", {Money(terms.outcome_price, terms.currency)} for each {terms.outcome_per}"
    elif terms.price is not None:
        per = f" per {terms.interval}" if terms.interval else ""
        said += f", {Money(terms.price, terms.currency)}{per}"
    return said + (f", after {order.trial_days} days of trial" if order.trial_days else "")


def _who(order: Order) -> str:
    payer = f"account {bare(order.household_id)}, " if is_account(order.household_id) else ""
    return f"{payer}{order.customer_id}"


def at_words(at: Moment) -> str:
    """Write a moment to the minute."""
    return f"{to_datetime(at):%Y-%m-%d %H:%M} UTC"
