"""Filters: money, dates, numbers and shares as the reader's locale writes them.

For templates. The law: what cannot be written is refused with its reason, and never left blank or guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from liquid.context import RenderContext
from liquid.exceptions import FilterArgumentError
from liquid.filter import with_context

from upsell.clock import Moment, parse_moment, to_datetime
from upsell.errors import nearest
from upsell.money import Money
from upsell.workspace.locales import (
    DATE_STYLES,
    DEFAULT,
    Amount,
    Instant,
    Manner,
    format_by,
    format_day,
    format_money,
    format_number,
    format_share,
    is_currency,
)


class Filter(msgspec.Struct, frozen=True):
    """What a filter does, for the reference, and an example of it."""

    meaning: str
    example: str
    gives: str


TOLD: Final[Mapping[str, Filter]] = {
    "money": Filter(
        'writes an amount; a whole number is in minor units of the currency it names; `style: "short"` '
        "leaves out .00",
        '{{ offer.price | money: style: "short" }}, {{ 4950 | money: "EUR" }}',
        "$49, €49.50",
    ),
    "date": Filter(
        "writes a moment on the reader's calendar: `short`, `medium`, `long` (as without a word), `full`, "
        "`time`, or a pattern of the "
        "[CLDR](https://unicode.org/reports/tr35/tr35-dates.html#Date_Field_Symbol_Table); one with `%` is "
        "C's, in English",
        '{{ offer.expires_at | date: "full" }}, {{ offer.expires_at | date: "d MMM" }}',
        "Thursday, November 26, 2026, 26 Nov",
    ),
    "number": Filter(
        "writes a number, to at most three digits after the point, or to as many as are asked for",
        "{{ 1234.5 | number }}, {{ 1234.5 | number: 0 }}",
        "1,234.5, 1,234",
    ),
    "percent": Filter(
        "writes a share as a percentage, to at most two digits after the point, or to as many as are asked "
        "for",
        "{{ 0.125 | percent }}, {{ 0.125 | percent: 0 }}",
        "12.5%, 12%",
    ),
}
"""The filters beside those of Liquid, by name."""


@with_context
def money(value: object, currency: object = None, *, style: object = "", context: RenderContext) -> str:
    """Write an amount of money."""
    if style not in ("", "short"):
        raise _refused("money", 'style: "short" or none', style)
    manner = _manner(context)
    is_short = style == "short"
    if isinstance(value, Amount):
        if currency not in (None, value.money.currency):
            raise _refused("money", f"{value.money.currency}, in which this amount is", currency)
        return format_money(value.money, value.manner.locale, is_short=is_short)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refused("money", "an amount, or a whole number of minor units", value)
    if not isinstance(currency, str) or not is_currency(currency):
        raise _refused("money", 'a currency such as "EUR" beside a number', currency)
    return format_money(Money(int(value), currency), manner.locale, is_short=is_short)


@with_context
def date(value: object, pattern: object = "long", *, context: RenderContext) -> str:
    """Write the date, or the time, of a moment."""
    at, manner = _moment(value), _manner(context)
    if at is None:
        raise _refused("date", "a moment, such as 2026-11-26T09:00:00Z", value)
    if not isinstance(pattern, str) or not pattern:
        raise _refused("date", "a style or a pattern", pattern)
    if pattern in DATE_STYLES:
        return format_day(at, manner, pattern)
    if "%" in pattern:
        return to_datetime(at).astimezone(ZoneInfo(manner.zone)).strftime(pattern)
    near = nearest(pattern, (*DATE_STYLES, "time")) if pattern.isalpha() and pattern != "time" else None
    if near is not None:
        raise _refused("date", f"a style such as {near}", pattern)
    try:
        return format_by(at, manner, pattern)
    except (KeyError, ValueError, AttributeError) as error:
        raise _refused("date", "a pattern such as d. MMMM", pattern) from error


@with_context
def number(value: object, digits: object = None, *, context: RenderContext) -> str:
    """Write a number."""
    return format_number(_number("number", value), _manner(context).locale, _digits("number", digits))


@with_context
def percent(value: object, digits: object = None, *, context: RenderContext) -> str:
    """Write a share as a percentage."""
    return format_share(_number("percent", value), _manner(context).locale, _digits("percent", digits))


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "money": money,
    "date": date,
    "number": number,
    "percent": percent,
}
"""The functions of these filters."""


def _manner(context: RenderContext) -> Manner:
    """Give how the reader is told things: the fact ``locale``."""
    manner = context.globals.get("locale")
    return manner if isinstance(manner, Manner) else Manner(DEFAULT)


def _moment(value: object) -> Moment | None:
    if isinstance(value, Instant):
        return value.at
    if not isinstance(value, str):
        return None
    # A day alone is that day everywhere, so its noon is taken.
    at = parse_moment(value)
    return parse_moment(f"{value}T12:00:00Z") if at is None else at


def _number(name: str, value: object) -> float | int | Decimal:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return int(value) if isinstance(value, int) else value if isinstance(value, Decimal) else float(value)
    try:
        exact = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        exact = None
    if exact is None or not exact.is_finite():
        raise _refused(name, "a number", value)
    return exact


def _digits(name: str, digits: object) -> int | None:
    if digits is None or (isinstance(digits, int) and not isinstance(digits, bool) and 0 <= digits <= 9):
        return digits
    raise _refused(name, "how many digits after the point, 0 to 9", digits)


def _refused(name: str, expected: str, got: object) -> FilterArgumentError:
    return FilterArgumentError(f"{name}: expected {expected}, got {str(got)[:60]!r}", token=None)
