"""Giving back: what billing is told of an order, and of somebody who goes back from one.

Nothing here reads or writes. The law: going back from an order is told with the order as billing was told it.
"""

from __future__ import annotations

from upsell.channels.fulfillers import GivingBack, Purchase
from upsell.ids import bare, is_account
from upsell.store.orders import Order


def purchase_of(order: Order) -> Purchase:
    """Say what was accepted, as billing is told it."""
    of_account = is_account(order.household_id)
    return Purchase(
        key=order.key,
        customer_id=order.customer_id,
        account_id=bare(order.household_id) if of_account else None,
        offer=order.offer,
        thing=order.thing,
        kind=order.kind,
        terms=order.terms,
        trial_days=order.trial_days,
        accepted_at=order.accepted_at,
    )


def giving_of(back: Order, taken: Order) -> GivingBack:
    """Say what is taken back, by an order of its own."""
    return GivingBack(
        key=back.key,
        purchase=purchase_of(taken),
        had=back.had,
        has_refund=back.has_refund,
        because=back.because,
        asked_at=back.accepted_at,
    )
