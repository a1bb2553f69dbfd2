"""Overage: what was paid for use beyond a limit, as invoices and refunds say it.

The law: only what was told is kept; an invoice counts once, however often it is told. What use over a
limit would be charged is another thing, and is never kept here.
"""

from __future__ import annotations

from collections.abc import Mapping

from upsell.clock import DAY, Duration
from upsell.signals.events import INVOICE_PAID, REFUNDED, Event
from upsell.signals.profiles import OveragePayment

OVERAGE_EVENTS = frozenset({INVOICE_PAID, REFUNDED})
"""Events that may say how much of their amount is overage."""

KEPT: Duration = 400 * DAY
"""How long before the newest a payment is kept."""

MOST_KEPT = 400
"""How many payments are kept, the newest."""


def take_overage(payments: dict[str, OveragePayment], event: Event) -> None:
    """Keep the overage that an invoice paid or a refund names, in whole minor units; nothing without any.

    Of an invoice told twice the later word holds, by when it happened. What is given back counts with a
    minus.
    """
    said = event.properties
    overage, currency = said.get("overage"), said.get("currency")
    if isinstance(overage, bool) or not isinstance(overage, int | float) or not isinstance(currency, str):
        return
    amount = round(overage)
    if amount <= 0 or not currency:
        return
    paid_at = min(event.occurred_at, event.seen_at)
    if event.name == REFUNDED:
        payments[f"refund {event.id}"] = OveragePayment(-amount, currency, paid_at)
    else:
        key = str(said.get("invoice_id") or event.id)
        held = payments.get(key)
        if held is not None and held.paid_at > paid_at:
            return
        payments[key] = OveragePayment(amount, currency, paid_at)
    _forget(payments)


def merge_overage(stays: dict[str, OveragePayment], gone: Mapping[str, OveragePayment]) -> None:
    """Take over what another paid; of one invoice the later word holds."""
    for key, payment in gone.items():
        held = stays.get(key)
        if held is None or held.paid_at < payment.paid_at:
            stays[key] = payment
    _forget(stays)


def _forget(payments: dict[str, OveragePayment]) -> None:
    """Forget what is too old, or too many."""
    newest = max((payment.paid_at for payment in payments.values()), default=0)
    by_age = sorted(payments, key=lambda key: (payments[key].paid_at, key))
    for place, key in enumerate(by_age):
        if payments[key].paid_at < newest - KEPT or place < len(by_age) - MOST_KEPT:
            del payments[key]
