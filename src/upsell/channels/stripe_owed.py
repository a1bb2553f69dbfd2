"""Stripe owed: which invoices somebody who goes back has paid, and what of them is to be given back.

Pure. The laws: no more is given back than was paid for what they go back from; what was given back already,
for the same order, is not given back again; and what somebody disputes or has given some of back, or what
cannot be reckoned for certain, is for the team, with what was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from upsell.channels.stripe_objects import ORDER, Item, LineList
from upsell.channels.stripe_payments import Billed, Charge, InvoicePayment, Refund
from upsell.channels.stripe_return import Return
from upsell.channels.stripe_sale import UnclearError
from upsell.errors import UpsellError

_CHANGED: Final = "subscription_update"
_RENEWED: Final = "subscription_cycle"
"""Why Stripe makes an invoice."""


class Owed(msgspec.Struct, frozen=True):
    """What is given back of one invoice, in Stripe's units.

    Attributes:
        source: Id of what was paid: an invoice, or a payment without one.
        charge: Id of the charge that paid it.
        amount: How much.
        is_given: Whether it was given back already, for this order.
    """

    source: str
    charge: str
    amount: int
    is_given: bool


class UnsettledError(UpsellError):
    """An invoice is still being made out: it is asked again later."""


class Bills(msgspec.Struct, frozen=True):
    """The invoices by which somebody paid for what they go back from.

    Attributes:
        whole: Those that were for nothing else.
        renewed: One that renewed all they have, of which a share was for it; None for none.
    """

    whole: tuple[Billed, ...] = ()
    renewed: Billed | None = None


def find_bills(found: Return, invoices: Sequence[Billed]) -> Bills:
    """Say which invoices were paid for what an order made.

    Args:
        found: What is changed back.
        invoices: Those of the subscription, the newest first.

    Raises:
        UnclearError: There are others than can be reckoned with.
        UnsettledError: One is still being made out.
    """
    before = found.before
    since = list(invoices)
    if before is not None and before.invoice:
        ids = [each.id for each in invoices]
        if before.invoice not in ids:
            msg = f"expected the invoice {before.invoice}, from before they took it, found it no more"
            raise UnclearError(msg)
        since = since[: ids.index(before.invoice)]
    since = [each for each in since if each.status != "void" and (each.total or each.status == "draft")]
    for each in since:
        _ask_paid(each)
    if before is None or before.is_trial:
        for each in since:
            ask_change_alone(each.id, each.lines, found)
            _ask_units(each, found.item)
        return Bills(tuple(since))
    changed = [each for each in since if each.billing_reason == _CHANGED]
    renewed = [each for each in since if each.billing_reason == _RENEWED]
    has_renewed = found.item.current_period_start > before.at
    if before.is_anew or len(changed) + len(renewed) < len(since) or len(changed) > 1:
        msg = "expected one invoice for what they took and one for the period since, found"
        raise UnclearError(f"{msg} {', '.join(each.id for each in since) or 'none'}; refund them by hand")
    if len(renewed) != has_renewed:
        msg = f"expected one period since they took it at the most, found {len(renewed)} invoices for it"
        raise UnclearError(msg)
    for each in changed:
        ask_change_alone(each.id, each.lines, found)
    return Bills(tuple(changed), renewed[0] if renewed else None)


def ask_change_alone(invoice: str, lines: LineList, found: Return) -> None:
    """Refuse an invoice with more in it than what an order made: what waited to be invoiced, too.

    That is one line of the price it put there and, of a change, one of the price from before.

    Args:
        invoice: Which invoice it is, for people.
        lines: What it is for.
        found: What is changed back.

    Raises:
        UnclearError: There is more in it.
    """
    sold, before = found.item.price.id, found.before
    prices = [sold, before.price] if before is not None and before.price and not before.is_trial else [sold]
    others = [line for line in lines.data if line.price not in prices]
    if others:
        msg = f"expected {invoice} to be for {sold} alone, found {len(others)} other lines in it"
        raise UnclearError(msg)
    if len(lines.data) > len(prices):
        msg = f"expected {invoice} to be for one change to {sold}, found {len(lines.data)} lines of it"
        raise UnclearError(msg)


def charge_of(source: str, payments: Sequence[InvoicePayment]) -> Charge:
    """Give the one charge that paid an invoice.

    Raises:
        UnclearError: It was paid by something else, or by several.
    """
    paid = [each.payment.payment_intent for each in payments if each.status == "paid"]
    charge = paid[0].latest_charge if len(paid) == 1 and paid[0] is not None else None
    if charge is None:
        msg = f"expected that one charge paid {source}, found {len(paid)} payments that can be given back"
        raise UnclearError(msg)
    return charge


def owed_of(source: str, charge: Charge, amount: int, refunds: Sequence[Refund], back: str) -> Owed:
    """Say what is to be given back of a charge, and whether it was, by the order that takes it back.

    Raises:
        UnclearError: It is disputed, less was paid, or somebody has given some of it back.
    """
    if charge.disputed:
        msg = f"expected a charge that nobody disputes, found {charge.id} disputed"
        raise UnclearError(msg)
    ours = [each for each in refunds if (each.metadata or {}).get(ORDER) == back and each.is_good]
    given = sum(each.amount for each in ours)
    if charge.amount_refunded > given or (ours and given != amount):
        msg = f"expected {source} with nothing given back of it, found {charge.amount_refunded} of"
        raise UnclearError(f"{msg} {charge.amount} given back by {charge.id}")
    if amount > charge.amount:
        msg = f"expected {amount} to give back of {source}, found {charge.amount} paid by {charge.id}"
        raise UnclearError(msg)
    return Owed(source, charge.id, amount, is_given=bool(ours))


def _ask_paid(invoice: Billed) -> None:
    if invoice.status == "draft":
        msg = f"expected an invoice that is made out, found {invoice.id} as a draft"
        raise UnsettledError(msg)
    if invoice.total < 0 or invoice.status != "paid" or invoice.amount_paid != invoice.total:
        msg = (
            f"expected {invoice.id} to be paid by card, all {invoice.total} of it, found it {invoice.status} "
            f"with {invoice.amount_paid}"
        )
        raise UnclearError(msg)


def _ask_units(invoice: Billed, item: Item) -> None:
    """Refuse an invoice for another quantity than the order put there."""
    found = [line.quantity for line in invoice.lines.data if line.quantity not in (None, item.quantity)]
    if found:
        msg = f"expected {invoice.id} to be for {item.quantity} of {item.price.id}, found {found[0]}"
        raise UnclearError(msg)
