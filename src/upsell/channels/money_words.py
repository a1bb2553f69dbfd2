"""Money words: an amount as its readers write it, for whatever is shown to a customer."""

from __future__ import annotations

from babel import Locale
from babel.numbers import format_currency

from upsell.money import Money, minor_digits


def money_words(amount: int, currency: str, locale: Locale) -> str:
    """Write an amount as its readers do, with every minor unit it has: nothing is rounded."""
    digits = minor_digits(currency)
    major = Money(amount, currency).amount / 10**digits
    return format_currency(major, currency, locale=locale, currency_digits=True)
