"""Functions: what expressions over a vendor's body may call beside JMESPath's own.

Pure. The law: nothing stays nothing. A function of a value that is not there, or is of another kind, gives
null, never the word "null" and never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, Final

from upsell.clock import SECOND, format_moment, parse_moment
from upsell.money import minor_digits

_LARGEST: Final = 10**18
_LATEST: Final = 253_402_300_799  # the last second of the year 9999
_UNITS: Final = {"s": 1, "ms": 1_000, "us": 1_000_000}
_PER_MONTH: Final = {"day": Decimal(365) / 12, "week": Decimal(365) / 84, "month": Decimal(1)}


def text(said: Any) -> str | None:
    """Give a text or number as text."""
    if isinstance(said, bool):
        return "true" if said else "false"
    if isinstance(said, float) and said.is_integer() and abs(said) < _LARGEST:
        return str(int(said))
    return str(said) if isinstance(said, str | int | float) else None


def lower(said: Any) -> str | None:
    """Give a text in small letters."""
    found = text(said)
    return found.lower() if found is not None else None


def upper(said: Any) -> str | None:
    """Give a text in capitals."""
    found = text(said)
    return found.upper() if found is not None else None


def part(said: Any, between: Any, index: Any) -> str | None:
    """Give one part of a text that is cut at `between`, from 0; from the end where the index is below 0."""
    found = text(said)
    if found is None or not isinstance(between, str) or not between or not isinstance(index, int):
        return None
    parts = found.split(between)
    return parts[index] if -len(parts) <= index < len(parts) else None


def lookup(of: Any, key: Any) -> Any:
    """Give the value that an object has under a key."""
    found = text(key)
    return of.get(found) if isinstance(of, dict) and found is not None else None


def given(condition: Any, said: Any) -> Any:
    """Give a value where something is true, else null."""
    return said if is_true(condition) else None


def minor(amount: Any, currency: Any) -> int | None:
    """Give an amount in major units, such as 12.50, in minor units of its currency."""
    found, code = _number(amount), text(currency)
    return _whole(found.scaleb(minor_digits(code.upper()))) if found is not None and code else None


def whole(said: Any) -> int | None:
    """Give a number, also one written as text, as a whole one; a half goes to the even one."""
    found = _number(said)
    return _whole(found) if found is not None else None


def plus(left: Any, right: Any) -> int | float | None:
    """Give the sum of two numbers."""
    return _both(left, right, lambda one, other: one + other)


def minus(left: Any, right: Any) -> int | float | None:
    """Give a number less another."""
    return _both(left, right, lambda one, other: one - other)


def times(left: Any, right: Any) -> int | float | None:
    """Give a number times another."""
    return _both(left, right, lambda one, other: one * other)


def per_interval(amount: Any, count: Any, unit: Any) -> int | None:
    """Give what falls due per `interval(unit)` of an amount due each `count` days, weeks, months or years."""
    found, each, word = _number(amount), _number(1 if count is None else count), _unit(unit)
    if found is None or each is None or each <= 0 or word is None:
        return None
    return _whole(found / each if word == "year" else found * _PER_MONTH[word] / each)


def interval(unit: Any) -> str | None:
    """Give year for years, month for days, weeks and months."""
    word = _unit(unit)
    return None if word is None else ("year" if word == "year" else "month")


def iso(said: Any, unit: Any) -> str | None:
    """Give a number of s, ms or us since 1970 as ISO 8601; what is that already stays."""
    if isinstance(said, str) and parse_moment(said) is not None:
        return said
    found = _number(said)
    if found is None or not isinstance(unit, str) or unit not in _UNITS:
        return None
    seconds = found / _UNITS[unit]
    return format_moment(int(seconds * SECOND)) if 0 <= seconds <= _LATEST else None


OURS: Final[Mapping[str, Callable[..., Any]]] = {
    each.__name__: each
    for each in (
        given, interval, iso, lookup, lower, minor, minus, part, per_interval, plus, text, times, upper,
        whole,
    )
}  # fmt: skip
"""Every function by its name; its docstring says what it gives, for the reference page."""


def is_true(found: Any) -> bool:
    """Tell whether a value is true as JMESPath has it: neither false nor null nor empty; 0 is true."""
    if isinstance(found, str | list | dict):
        return bool(found)
    return found is not None and found is not False


def _number(said: Any) -> Decimal | None:
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        return None
    try:
        found = Decimal(str(said).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < _LARGEST else None


def _whole(found: Decimal) -> int:
    return int(found.quantize(Decimal(1), ROUND_HALF_EVEN))


def _both(left: Any, right: Any, combine: Callable[[Decimal, Decimal], Decimal]) -> int | float | None:
    one, other = _number(left), _number(right)
    if one is None or other is None:
        return None
    found = combine(one, other)
    return int(found) if found == found.to_integral_value() else float(found)


def _unit(said: Any) -> str | None:
    word = (text(said) or "").lower().removesuffix("s")
    return word if word in (*_PER_MONTH, "year") else None
