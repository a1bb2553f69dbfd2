"""Interval literals: how long a window is.

The law: an interval is a whole number of seconds, minutes, hours, days or weeks of elapsed time.
Months and years have no one length, so they are refused.
"""

from __future__ import annotations

import re

from upsell.clock import DAY, HOUR, MINUTE, SECOND, WEEK, Duration
from upsell.rules.caret import suggest

LONGEST_INTERVAL: Duration = 36_525 * DAY
"""The longest interval: a hundred years."""

_UNITS = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK}
_DAYS_INSTEAD = {"month": 30, "quarter": 90, "year": 365}
_AMOUNT = re.compile(r"[0-9]{1,18}")


class IntervalError(ValueError):
    """An interval that is not in the language; holds what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        """Keep the message and the hint."""
        self.hint = hint
        super().__init__(message)


def read_interval(amount: str, unit: str) -> Duration:
    """Give the length of an interval such as ``7`` ``days``; letter case and a plural s do not matter.

    Raises:
        IntervalError: The unit has no one length, or the amount is not a whole number above zero.
    """
    name = unit.lower().removesuffix("s")
    shown = f"'{amount} {unit.lower()}'" if unit else f"'{amount}'"
    if name in _DAYS_INSTEAD:
        days = _DAYS_INSTEAD[name] * (int(amount) if _AMOUNT.fullmatch(amount) else 1)
        raise IntervalError(f"a {name} has no one length", f"write interval '{days} days'")
    if name not in _UNITS:
        message = f"expected an interval such as '7 days', got {shown}"
        hint = suggest(unit.lower(), [each + "s" for each in _UNITS]) if name else "write interval '7 days'"
        raise IntervalError(message, hint)
    if _AMOUNT.fullmatch(amount) is None or int(amount) == 0:
        message = f"expected a whole number of {name}s above zero, got '{amount}'"
        raise IntervalError(message, "use a smaller unit, such as interval '36 hours'")
    length = int(amount) * _UNITS[name]
    if length > LONGEST_INTERVAL:
        raise IntervalError(
            f"an interval of {shown} is too long", "at most a hundred years can be asked about"
        )
    return length


def write_interval(length: Duration) -> str:
    """Write an interval above zero in the largest unit that holds it whole, such as ``7 days``."""
    for name in ("day", "hour", "minute"):
        if length % _UNITS[name] == 0:
            return _plural(length // _UNITS[name], name)
    return _plural(length // SECOND, "second")


def _plural(amount: int, name: str) -> str:
    """Write an amount with its unit."""
    return f"{amount} {name}" if amount == 1 else f"{amount} {name}s"
