"""Order words: what an order is, who accepted it and where it stands, in words and for machines.

What the commands and the pages both say, so that they never differ.
"""

from __future__ import annotations

from typing import Final

import msgspec

from upsell.clock import Moment, format_moment
from upsell.decisions.rails import Rails
from upsell.decisions.terms import Terms
from upsell.ids import bare, is_account
from upsell.money import Money
from upsell.store.orders import Order, OrderState

MEANINGS: Final = {
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
"""Where an order stands, in words."""

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


def who_words(order: Order) -> str:
    """Say who accepted, and whose account pays."""
    payer = f"account {bare(order.household_id)}, " if is_account(order.household_id) else ""
    return f"{payer}{order.customer_id}"


def discount_words(terms: Terms, rails: Rails) -> str:
    """Say the discount of what was accepted, beside the deepest that the policy allows."""
    return f"{terms.discount_rate:.1%}; policy allows {rails.max_discount_rate:.0%}"


def margin_words(terms: Terms, rails: Rails) -> str:
    """Say the margin of what was accepted, beside the least that the policy wants."""
    least, margin = rails.min_margin_rate, margin_of(terms)
    wanted = "policy asks for no least margin" if least is None else f"policy wants at least {least:.0%}"
    if margin is None:
        return f"not known: no cost is stated in {terms.currency}; {wanted}"
    return f"{margin:.1%}; {wanted}"


def margin_of(terms: Terms) -> float | None:
    """Give the share of the price that is above what serving costs; None where either is not known."""
    if not terms.price or terms.cost is None:
        return None
    return (terms.price - terms.cost) / terms.price
