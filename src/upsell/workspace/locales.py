"""Locales: which language a reader is written to in, and how money, dates and numbers stand in it.

For templates, by way of their filters and facts. The laws: a locale is an IETF tag such as ``de`` or
``pt-BR`` that the CLDR knows; and an amount is always written with the digits of its own currency and
never without the currency.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import NumberPattern, list_currencies

from upsell.clock import Moment, format_moment, to_datetime
from upsell.money import Money, minor_digits

DEFAULT: Final = "en"
"""The locale of a workspace that names none."""

DATE_STYLES: Final = ("short", "medium", "long", "full")
"""How long a date is written, from ``26.11.26`` to ``Donnerstag, 26. November 2026``."""


class Manner(msgspec.Struct, frozen=True):
    """How somebody is told things: in which locale, by the clock of which IANA zone."""

    locale: str
    zone: str = "UTC"

    def __str__(self) -> str:
        """Give the locale, as the ``lang`` of a page has it."""
        return self.locale


class Amount(msgspec.Struct, frozen=True):
    """Money that prints in the reader's locale, and compares as a number of whole units."""

    money: Money
    manner: Manner

    def __str__(self) -> str:
        """Write it, such as ``$49.00`` or ``49,00 €``."""
        return format_money(self.money, self.manner.locale)

    def __liquid__(self) -> Decimal:
        """Give what comparisons in templates see: whole units, such as 49.00."""
        return major_units(self.money)


class Instant(msgspec.Struct, frozen=True):
    """A moment that prints as a date in the reader's locale and zone, and compares as ISO 8601 text."""

    at: Moment
    manner: Manner

    def __str__(self) -> str:
        """Write its date, such as ``26. November 2026``."""
        return format_day(self.at, self.manner)

    def __liquid__(self) -> str:
        """Give what comparisons in templates see."""
        return format_moment(self.at)


class Quantity(float):
    """A number that is said in the reader's locale, without a point where it is whole.

    As text of Python it is as any other, because Liquid reckons by way of it.
    """

    manner: Manner

    def told(self) -> str:
        """Write it, such as ``1.234,5``."""
        return format_number(float(self), self.manner.locale)


class Count(int):
    """A whole number that is said in the reader's locale."""

    manner: Manner

    def told(self) -> str:
        """Write it, such as ``1.234``."""
        return format_number(int(self), self.manner.locale)


class Share(float):
    """A share that is said as a percentage in the reader's locale; 0.1 is ``10%``."""

    manner: Manner

    def told(self) -> str:
        """Write it, such as ``10 %``."""
        return format_share(float(self), self.manner.locale)


def told(value: object) -> object:
    """Give the words of a number that has its own; anything else as it is."""
    return value.told() if isinstance(value, (Quantity, Count, Share)) else value


def told_number(number: float, manner: Manner) -> Quantity | Count:
    """Give a number that prints in a manner; a whole one of Python stays whole."""
    one: Quantity | Count = Count(number) if isinstance(number, int) else Quantity(number)
    one.manner = manner
    return one


def told_share(share: float, manner: Manner) -> Share:
    """Give a share that prints as a percentage in a manner."""
    one = Share(share)
    one.manner = manner
    return one


@lru_cache(maxsize=512)
def find_locale(text: str) -> str | None:
    """Give a locale as it is written (``pt_br`` is ``pt-BR``); None of what the CLDR does not know."""
    parts = text.strip().replace("_", "-").split("-")
    try:
        known = Locale.parse("-".join(parts), sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        return None
    return str(known).replace("_", "-")


def language_of(locale: str) -> str:
    """Give the language of a locale: ``pt`` of ``pt-BR``."""
    return locale.partition("-")[0]


def fallbacks(wanted: Iterable[object], default: str) -> tuple[str, ...]:
    """Give the locales to look for one after the other: exact, its language, then the default.

    ``wanted`` are what somebody's traits say, the first that is a locale counts.
    """
    for each in wanted:
        locale = find_locale(each) if isinstance(each, str) and each else None
        if locale is not None:
            return tuple(dict.fromkeys((locale, *_shorter(locale), default)))
    return (default,)


def _shorter(locale: str) -> list[str]:
    """Give what is left of a locale as its last parts fall: ``zh-Hant`` and ``zh`` of ``zh-Hant-TW``."""
    parts = locale.split("-")
    return ["-".join(parts[:length]) for length in range(len(parts) - 1, 0, -1)]


def spoken(reader: str, text: str) -> str:
    """Give the locale of numbers and dates in a text: the reader's where it is the text's language.

    A reader of another language gets a text in the workspace's, and no foreign months within it.
    """
    return reader if language_of(reader) == language_of(text) else text


def major_units(money: Money) -> Decimal:
    """Give an amount in whole units, exactly."""
    return Decimal(money.amount).scaleb(-minor_digits(money.currency))


def is_currency(code: str) -> bool:
    """Tell whether a code is that of a currency (ISO 4217)."""
    return code in _currencies()


@lru_cache(maxsize=8192)
def format_money(money: Money, locale: str, *, is_short: bool = False) -> str:
    """Write an amount as a locale does; ``is_short`` leaves out minor units where there are none.

    The digits are those of the currency (ISO 4217), as the amount is counted in them.
    """
    digits = minor_digits(money.currency)
    if is_short and money.amount % 10**digits == 0:
        digits = 0
    pattern = _pattern("currency", locale, digits, digits)
    written = pattern.apply(
        major_units(money), _locale(locale), currency=money.currency, currency_digits=False
    )
    return str(written)


@lru_cache(maxsize=8192)
def format_number(number: float | Decimal, locale: str, digits: int | None = None) -> str:
    """Write a number as a locale does, to at most three digits after the point, or exactly ``digits``."""
    least, most = (0, 3) if digits is None else (digits, digits)
    return str(_pattern("decimal", locale, least, most).apply(number, _locale(locale)))


@lru_cache(maxsize=8192)
def format_share(share: float | Decimal, locale: str, digits: int | None = None) -> str:
    """Write a share as a percentage, to at most two digits after the point, or exactly ``digits``."""
    least, most = (0, 2) if digits is None else (digits, digits)
    return str(_pattern("percent", locale, least, most).apply(share, _locale(locale)))


@lru_cache(maxsize=512)
def _pattern(kind: str, locale: str, least: int, most: int) -> NumberPattern:
    """Give the pattern by which a locale writes numbers of a kind, with so many digits after the point."""
    known = _locale(locale)
    patterns = {
        "currency": known.currency_formats["standard"],
        "decimal": known.decimal_formats[None],
        "percent": known.percent_formats[None],
    }
    # A copy, because Babel shares its own among all who ask.
    pattern: NumberPattern = copy(patterns[kind])
    pattern.frac_prec = (least, most)
    return pattern


def format_day(at: Moment, manner: Manner, style: str = "long") -> str:
    """Write the date of a moment on the reader's calendar, in one of the styles."""
    return _format_day(at, manner.locale, manner.zone, style)


def format_by(at: Moment, manner: Manner, pattern: str) -> str:
    """Write a moment by a pattern of the CLDR, such as ``EEEE, d. MMMM``, or as ``time``."""
    there = to_datetime(at).astimezone(ZoneInfo(manner.zone))
    if pattern == "time":
        return str(format_time(there, "short", locale=_locale(manner.locale)))
    return str(format_datetime(there, pattern, locale=_locale(manner.locale)))


@lru_cache(maxsize=8192)
def _format_day(at: Moment, locale: str, zone: str, style: str) -> str:
    there = to_datetime(at).astimezone(ZoneInfo(zone))
    return str(format_date(there, style, locale=_locale(locale)))


@lru_cache(maxsize=64)
def _locale(locale: str) -> Locale:
    return Locale.parse(locale, sep="-")


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())
