"""Revenue: what the items of a subscription come to per interval, exactly, before it is rounded once.

What is promised counts, not what is billed: metered use is nothing before it is used, tax is nobody's
revenue, and proration has no place among prices. Source: Stripe, Billing metric definitions (MRR is the
monthly-normalized value of active and past due subscriptions, without trials, taxes and metered products).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Final

import msgspec

from upsell.money import minor_digits
from upsell.sources.stripe.shapes import Item, Price, Recurring, Tier, Transform

MONTHS_IN_YEAR: Final = 12

DAYS_IN_MONTH: Final = Fraction(365, 12)
"""How long a month is where something falls due by days or weeks: a year has 365 days, a week seven."""

_STRIPE_DIGITS: Final = {"ISK": 2, "UGX": 2, "MGA": 0}
"""Currencies that Stripe counts in another minor unit than ISO 4217. Source: Stripe, Supported currencies."""

_LONGEST_NUMBER: Final = 40


class UnknownAmountError(Exception):
    """What something costs does not stand in what Stripe sent; the message says why.

    Attributes:
        may_be_told: Whether another webhook may yet tell it.
    """

    def __init__(self, message: str, *, may_be_told: bool = False) -> None:
        """Say why, and whether looking again is of use."""
        super().__init__(message)
        self.may_be_told = may_be_told


class Due(msgspec.Struct, frozen=True):
    """What falls due: an exact amount in ISO 4217 minor units, once every month or once every year."""

    amount: Fraction
    interval: str

    def monthly(self) -> Due:
        """Give the same by the month."""
        return self if self.interval == "month" else Due(self.amount / MONTHS_IN_YEAR, "month")


def due_of(item: Item, discounted: Fraction) -> Due:
    """Give what an amount that falls due at an item's rhythm comes to, by the month or by the year.

    Whole years are said by the year, all else by the month: quarters as a third of theirs, weeks and days
    by a month of 365/12 days, so that seven days and a week come to the same.

    Raises:
        UnknownAmountError: The price is not a recurring one, or its rhythm is not known.
    """
    recurring = _rhythm(item.price)
    every = recurring.interval_count
    match recurring.interval:
        case "year":
            return Due(discounted / every, "year")
        case "month" if every % MONTHS_IN_YEAR == 0:
            return Due(discounted / (every // MONTHS_IN_YEAR), "year")
        case "month":
            return Due(discounted / every, "month")
        case "week":
            return Due(discounted * DAYS_IN_MONTH / (7 * every), "month")
        case "day":
            return Due(discounted * DAYS_IN_MONTH / every, "month")
        case other:
            msg = f"expected a price by day, week, month or year, got {other[:_LONGEST_NUMBER]!r}"
            raise UnknownAmountError(msg)


def amount_of(item: Item) -> Fraction:
    """Give what an item comes to each time it falls due, in Stripe's minor units, before any discount.

    Nothing of what is metered: what was used is not promised.

    Raises:
        UnknownAmountError: The price holds no amount: tiers that did not come along, or an amount the
            customer chooses.
    """
    price = item.price
    if is_metered(item):
        return Fraction(0)
    quantity = 1 if item.quantity is None else item.quantity
    if quantity < 0:
        msg = f"expected a quantity of {item.id} that is not negative, got {quantity}"
        raise UnknownAmountError(msg)
    if price.transform_quantity is not None:
        quantity = _transformed(quantity, price.transform_quantity)
    if price.billing_scheme == "tiered":
        return _tiered(price, quantity)
    each = _exact(price.unit_amount_decimal, price.unit_amount)
    if each is None:
        msg = f"expected unit_amount in price {price.id}, got none"
        raise UnknownAmountError(msg)
    return each * quantity


def is_metered(item: Item) -> bool:
    """Tell whether an item is paid for by what was used."""
    return item.price.recurring is not None and item.price.recurring.usage_type == "metered"


def to_iso(amount: Fraction, currency: str) -> Fraction:
    """Give an amount in Stripe's minor units in those of ISO 4217: the same but for three currencies.

    Args:
        amount: In Stripe's minor units.
        currency: ISO 4217 code in capitals.
    """
    digits = minor_digits(currency)
    return amount * Fraction(10) ** (digits - _STRIPE_DIGITS.get(currency, digits))


def round_together(amounts: Sequence[Fraction]) -> list[int]:
    """Round amounts so that they add up to their rounded sum, which is rounded once, half up.

    Half up and not to even: what is whole stays as it is, whatever stands before it.
    """
    sums = [math.floor(total + Fraction(1, 2)) for total in accumulate(amounts, initial=Fraction(0))]
    return [later - sooner for sooner, later in pairwise(sums)]


def _rhythm(price: Price) -> Recurring:
    if price.recurring is None or price.recurring.interval_count < 1:
        msg = f"expected a price that recurs, got {price.id}, which does not say how often"
        raise UnknownAmountError(msg)
    return price.recurring


def _transformed(quantity: int, transform: Transform) -> int:
    """Give how many are paid for, where a price is for several together."""
    if transform.divide_by < 1:
        msg = f"expected divide_by of at least 1, got {transform.divide_by}"
        raise UnknownAmountError(msg)
    whole, rest = divmod(quantity, transform.divide_by)
    return whole + 1 if rest and transform.round == "up" else whole


def _tiered(price: Price, quantity: int) -> Fraction:
    """Give what a quantity comes to by tiers; the first tier's flat amount is due for none, too.

    Raises:
        UnknownAmountError: The tiers did not come along; Stripe sends them only where they are asked for.
    """
    if not price.tiers:
        msg = f"expected the tiers of price {price.id}, which Stripe's webhooks do not hold"
        raise UnknownAmountError(msg)
    tiers = sorted(price.tiers, key=lambda tier: (tier.up_to is None, tier.up_to or 0))
    if tiers[-1].up_to is not None and tiers[-1].up_to < quantity:
        msg = f"expected a tier of price {price.id} for {quantity:,}, got none"
        raise UnknownAmountError(msg)
    match price.tiers_mode:
        case "volume":
            reached = next(tier for tier in tiers if tier.up_to is None or quantity <= tier.up_to)
            return _of_tier(reached, quantity)
        case "graduated":
            total, passed = Fraction(0), 0
            for tier in tiers:
                until = quantity if tier.up_to is None else min(quantity, tier.up_to)
                total += _of_tier(tier, until - passed)
                passed = until
                if passed >= quantity:
                    break
            return total
        case other:
            msg = f"expected tiers_mode graduated or volume in price {price.id}, got {other!r}"
            raise UnknownAmountError(msg)


def _of_tier(tier: Tier, quantity: int) -> Fraction:
    each = _exact(tier.unit_amount_decimal, tier.unit_amount)
    flat = _exact(tier.flat_amount_decimal, tier.flat_amount)
    return (each or Fraction(0)) * quantity + (flat or Fraction(0))


def _exact(written: str | None, whole: int | None) -> Fraction | None:
    """Give an amount exactly: as it is written out where it is, else in whole minor units."""
    if written is None:
        return None if whole is None else Fraction(whole)
    if len(written) > _LONGEST_NUMBER:
        msg = f"expected a decimal number, got {written[:_LONGEST_NUMBER]!r}..."
        raise UnknownAmountError(msg)
    try:
        number = Decimal(written)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > _LONGEST_NUMBER:
        msg = f"expected a decimal number, got {written!r}"
        raise UnknownAmountError(msg)
    return Fraction(number)
