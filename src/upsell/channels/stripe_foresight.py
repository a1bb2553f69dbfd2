"""Stripe foresight: what would be charged at once, and on the next invoice, were an offer taken now.

The laws: figures are Stripe's own, with tax, or there are none; and looking ahead changes nothing of what
anybody has or pays.
"""

from __future__ import annotations

import enum

import msgspec
import stripe

from upsell.channels.fulfillers import Purchase
from upsell.channels.stripe_door import StripeDoor
from upsell.channels.stripe_fulfiller import coupon_of, held_by
from upsell.channels.stripe_objects import Invoice, from_stripe
from upsell.channels.stripe_params import Proration, preview_params
from upsell.channels.stripe_sale import (
    Change,
    DiffersError,
    Sale,
    UnclearError,
    ask_due,
    ask_price,
    find_move,
)
from upsell.clock import SECOND, Moment


class Outlook(enum.Enum):
    """What can be said of a charge before an offer is taken."""

    CHARGED = "charged"
    CHECKOUT = "checkout"
    DIFFERS = "differs"
    SILENT = "silent"


class Foreseen(msgspec.Struct, frozen=True):
    """What taking an offer would cost whom it was made to, by Stripe's reckoning.

    Attributes:
        outlook: What can be said: that this is charged; that they pay on a page of Stripe's; that Stripe
            would charge another price, so that it will not be set up; or that Stripe does not answer.
        now: What is charged at once, with tax, in minor units; None where that is not known.
        next: What the next invoice comes to, with tax; None where that is not known.
        next_at: When that is; None where it is not known.
        currency: ISO 4217 code.
        is_card_missing: Whether they first leave a way to pay, on a page that says no amount.
    """

    outlook: Outlook
    now: int | None = None
    next: int | None = None
    next_at: Moment | None = None
    currency: str = ""
    is_card_missing: bool = False


def foresee(door: StripeDoor, purchase: Purchase, sale: Sale) -> Foreseen | None:
    """Ask Stripe what a purchase would cost now; None where nothing falls due, or the team sets it up.

    Args:
        door: The way to Stripe.
        purchase: What would be accepted; ``accepted_at`` is the moment it is asked about.
        sale: What it is at Stripe.
    """
    if purchase.trial_days:
        return None
    try:
        return _foresee(door, purchase, sale)
    except DiffersError:
        return Foreseen(Outlook.DIFFERS)
    except UnclearError:
        return None
    except (stripe.StripeError, msgspec.ValidationError):
        return Foreseen(Outlook.SILENT)


def _foresee(door: StripeDoor, purchase: Purchase, sale: Sale) -> Foreseen | None:
    terms = purchase.terms
    held = [] if sale.change is Change.ONCE else held_by(door, sale)
    move = None if sale.change is Change.ONCE else find_move(sale, terms, purchase.key, held)
    ask_price(sale, terms, door.price(sale.price))
    if move is None:
        return Foreseen(Outlook.CHECKOUT)
    if move.is_done:
        return None
    coupon = coupon_of(door, sale, terms)

    def invoice(proration: Proration) -> Invoice:
        return door.preview(preview_params(move, sale, purchase.accepted_at, coupon, proration))

    later = invoice("none")
    ask_due(sale, terms, move, later)
    is_anew = move.is_at_other_interval(terms)
    return Foreseen(
        Outlook.CHARGED,
        now=0 if move.converts else from_stripe(invoice("always_invoice").amount_due, terms.currency),
        next=None if is_anew else from_stripe(later.amount_due, terms.currency),
        next_at=None if is_anew else later.period_end * SECOND,
        currency=terms.currency,
        is_card_missing=not move.subscription.can_pay,
    )
