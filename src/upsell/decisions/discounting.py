"""Discounting: what a price comes to after a discount, in the smallest unit of its own currency.

The law: a discount is never less than what is said of it, and rounding never takes it deeper than the
deepest that is allowed.
"""

from __future__ import annotations

import msgspec

from upsell.money import Money, minor_digits

_PARTS = 10**9
"""In how many parts a share is told, so that it is reckoned in whole numbers: 0.1 is not 10 % exactly."""


class Rounding(msgspec.Struct, frozen=True):
    """To which prices discounted ones are rounded down.

    Attributes:
        to: Whole multiples of so much, in whole units of any currency alike: 10.00 USD is 10 JPY too.
            None for none.
        deepest_rate: Where rounding would take more than this share off the price, it is left out.
    """

    to: Money | None = None
    deepest_rate: float = 1.0

    def step(self, currency: str) -> int:
        """Give the multiples in minor units of a currency; 1 where it is no whole number of them."""
        if self.to is None:
            return 1
        step, rest = divmod(
            self.to.amount * 10 ** minor_digits(currency), 10 ** minor_digits(self.to.currency)
        )
        return step if step and not rest else 1


EXACT = Rounding()
"""No rounding, other than to the minor unit."""


def discounted(amount: int, rate: float, currency: str, rounding: Rounding = EXACT) -> int:
    """Give a price after a discount in minor units, rounded down, but never to nothing.

    A price without a discount stays as it is. Rounding that would come to nothing, or deeper than is
    allowed, is left out; what is less than nothing in the minor unit becomes the least there is.

    Args:
        amount: The price before it in minor units.
        rate: The share that is taken off, 0 to 1.
        currency: ISO 4217 code of the price.
        rounding: To which prices.
    """
    if rate <= 0 or amount <= 0:
        return amount
    exact = least_price(amount, rate)
    step = rounding.step(currency)
    rounded = exact // step * step
    is_within = (amount - rounded) * _PARTS <= amount * round(rounding.deepest_rate * _PARTS)
    return rounded if rounded and is_within else exact


def least_price(amount: int, rate: float) -> int:
    """Give the least price in minor units that a discount of a rate is met by, never nothing but for all.

    A minor unit is not split: where the share falls between two of them, the lower price it is.
    """
    exact = amount * (_PARTS - round(rate * _PARTS)) // _PARTS
    return exact if exact or rate >= 1 else 1


def rate_taken(amount: int | None, price: int | None, rate: float) -> float:
    """Give the share that is really taken off a price, 0 to 1, to be said: never more than it is.

    That is the rate as written where it is met to the minor unit; where rounding makes it another,
    tenths of a percent, rounded down. As written where the price is not known.

    Args:
        amount: The price before it in minor units, None when not known.
        price: The price after it.
        rate: The rate as written.
    """
    if amount is None or price is None or rate <= 0:
        return rate
    off = amount - price
    if off <= 0:
        return 0.0
    is_met = off * _PARTS >= amount * round(rate * _PARTS)
    return rate if is_met and price == least_price(amount, rate) else off * 1_000 // amount / 1_000
