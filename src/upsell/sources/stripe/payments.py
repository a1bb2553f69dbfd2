"""Payments: invoices paid, failed and called off, and money given back, as Stripe tells of them.

Amounts are what was paid, due or given back, tax included; what an invoice is made of, proration among it, is
left alone. An invoice on which nothing was ever due, such as the one that begins a trial, is no event.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

import msgspec

from upsell.sources.stripe.changes import Told
from upsell.sources.stripe.revenue import to_iso
from upsell.sources.stripe.shapes import Charge, Invoice

INVOICES: Final[Mapping[str, str]] = {
    "invoice.paid": "Invoice Paid",
    "invoice.payment_failed": "Invoice Payment Failed",
    "invoice.voided": "Invoice Voided",
}
"""What each event about an invoice is in the event table. ``invoice.payment_succeeded`` is told beside
``invoice.paid``, which is also told of what was paid outside Stripe: only the latter is taken."""

REFUNDED: Final = "charge.refunded"
"""The one event by which money given back is taken; ``refund.created`` does not say whose it is."""


def invoice_told(kind: str, said: Mapping[str, Any]) -> list[Told]:
    """Give what an event about an invoice says.

    Raises:
        msgspec.ValidationError: Something that is needed is missing, or is of another kind.
    """
    invoice = msgspec.convert(said, Invoice)
    if not (invoice.amount_due or invoice.amount_paid or invoice.attempt_count):
        return []
    amount = invoice.amount_due
    if kind == "invoice.paid":
        amount = invoice.amount_paid
    elif kind == "invoice.payment_failed" and invoice.amount_remaining is not None:
        amount = invoice.amount_remaining
    return [Told(INVOICES[kind], {"invoice_id": invoice.id, **_money(amount, invoice.currency)})]


def refund_told(said: Mapping[str, Any], previous: Mapping[str, Any]) -> list[Told]:
    """Give what one refund gave back of a charge: what all of them come to, less what they did before.

    Raises:
        msgspec.ValidationError: Something that is needed is missing, or is of another kind.
    """
    charge = msgspec.convert(said, Charge)
    before = previous.get("amount_refunded", 0)
    if isinstance(before, bool) or not isinstance(before, int):
        msg = f"expected amount_refunded of before as a whole number, got {str(before)[:60]!r}"
        raise msgspec.ValidationError(msg)
    amount = charge.amount_refunded - before
    return [Told("Refunded", _money(amount, charge.currency))] if amount > 0 else []


def _money(amount: int, currency: str) -> dict[str, Any]:
    code = currency.upper()
    return {"amount": round(to_iso(Fraction(amount), code)), "currency": code}
