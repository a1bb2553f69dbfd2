"""Stripe payments: of what Stripe answers about what was paid and given back, the part that is read here.

The law is that of ``stripe_objects``: what is not named is passed over, what is named and missing is no
answer.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upsell.channels.stripe_objects import LineList


class Billed(msgspec.Struct, frozen=True):
    """An invoice that was made: why, what it came to with tax, and what of it was paid; newest come first."""

    id: str
    total: int
    amount_paid: int
    lines: LineList
    status: str | None = None
    billing_reason: str | None = None


class Refund(msgspec.Struct, frozen=True):
    """What was given back of a charge."""

    id: str
    amount: int
    status: str | None = None
    metadata: Mapping[str, str] | None = None

    @property
    def is_good(self) -> bool:
        """Whether it is given back, or on its way."""
        return self.status in ("succeeded", "pending")


class Charge(msgspec.Struct, frozen=True):
    """What was taken from somebody's card or account."""

    id: str
    amount: int
    disputed: bool = False
    amount_refunded: int = 0


class PaymentIntent(msgspec.Struct, frozen=True):
    """How something came to be paid; its last charge is read with it."""

    id: str
    latest_charge: Charge | None = None


class PaidBy(msgspec.Struct, frozen=True):
    """What paid an invoice; its payment is read with it."""

    payment_intent: PaymentIntent | None = None


class InvoicePayment(msgspec.Struct, frozen=True):
    """One payment of an invoice."""

    status: str
    payment: PaidBy
