"""Stripe before: what an item was before an order changed it, so that somebody can go back to it.

Pure. The law: it is written at Stripe by the very request that makes the change, so that neither is ever
there without the other, whatever becomes of the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.channels.stripe_objects import BEFORE
from upsell.channels.stripe_sale import Move, Sale, prorated_at
from upsell.clock import Moment
from upsell.decisions.terms import Terms

MOST_WRITTEN: Final = 500
"""How many characters Stripe keeps under one key of metadata."""


class Before(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an item was before an order, and what the order made of it; moments are Unix seconds.

    Attributes:
        sold: Id of the price that the order put there.
        units: The quantity it put there.
        at: From when the change was reckoned; 0 where nothing was.
        price: Id of the price it had; empty where there was no such item.
        quantity: The quantity it had.
        invoice: Id of the subscription's newest invoice then; empty where there was none.
        is_discounted: Whether it had a discount of its own, which the order took away.
        is_trial: Whether the subscription was a trial of ours, which went on to be paid.
        is_anew: Whether its period began anew, since it was paid at another interval.
    """

    sold: str
    units: int
    at: int = 0
    price: str = ""
    quantity: int = 0
    invoice: str = ""
    is_discounted: bool = False
    is_trial: bool = False
    is_anew: bool = False


def before_of(move: Move, sale: Sale, terms: Terms, accepted_at: Moment) -> Before:
    """Say what a change finds, and what it makes of it.

    Args:
        move: The change.
        sale: What is sold.
        terms: What was accepted.
        accepted_at: When it was accepted.
    """
    item = move.item
    return Before(
        sold=sale.price,
        units=move.quantity,
        at=0 if move.converts else prorated_at(move, sale.reckoned_from(accepted_at)),
        price=item.price.id if item is not None else "",
        quantity=(item.quantity or 0) if item is not None else 0,
        invoice=move.subscription.latest_invoice or "",
        is_discounted=bool(item is not None and item.discounts),
        is_trial=move.converts,
        is_anew=move.is_at_other_interval(terms),
    )


def write_before(before: Before) -> str:
    """Write it as a value of metadata; empty where it is longer than Stripe keeps."""
    written = msgspec.json.encode(before).decode()
    return written if len(written) <= MOST_WRITTEN else ""


def read_before(metadata: Mapping[str, str]) -> Before | None:
    """Read it off an item; None where nothing that can be read is written there."""
    try:
        return msgspec.json.decode(metadata.get(BEFORE, ""), type=Before)
    except msgspec.DecodeError:
        return None
