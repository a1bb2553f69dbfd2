"""What a rule's value can be, and how a JSON scalar is read as one of them.

Traits are dynamic, so every reading may fail; the law: a value of another kind than the one asked
is null, never an error and never converted. A bool is not a number, and the SQL of ``sql.py``
reads JSON in exactly this way.
"""

from __future__ import annotations

import enum
import math

from upsell.clock import Moment, parse_moment
from upsell.rules.facts import Scalar

LARGEST = 1e30
"""The greatest magnitude read as a number; beyond it is null, so that no product overflows."""

SMALLEST = 1e-30
"""The least magnitude read as a number; nearer to zero is zero, so that no product underflows."""


class Kind(enum.Enum):
    """What a value is: a closed set of four."""

    BOOLEAN = "boolean"
    NUMBER = "number"
    TEXT = "text"
    MOMENT = "moment"


def as_number(value: object) -> float | None:
    """Read a JSON number as a double; anything else, or a magnitude beyond ``LARGEST``, is None."""
    kind = type(value)
    if (kind is float or kind is int) and -LARGEST <= value <= LARGEST:  # type: ignore[operator]  # both compare
        number = float(value)  # type: ignore[arg-type]  # both kinds convert
        return number if abs(number) >= SMALLEST else 0.0
    return None


def as_boolean(value: object) -> bool | None:
    """Read a JSON true or false; anything else is None."""
    return value if type(value) is bool else None


def as_moment(value: object) -> Moment | None:
    """Read an ISO 8601 date-time with a zone; anything else is None."""
    if type(value) is not str:
        return None
    # Some Pythons take an offset of more than 59 minutes beyond the hour; SQL must not depend on which.
    if value[-2:] >= "60" and value[-1] not in "Zz":
        return None
    return parse_moment(value)


def as_kept_moment(value: object) -> Moment | None:
    """Read a moment that is kept as microseconds; ISO text with a zone will do too."""
    return value if type(value) is int else as_moment(value)


def is_present(value: object) -> bool:
    """Tell whether a value is a JSON scalar other than null."""
    return type(value) in (str, bool, int, float)


def rounded_total(total: float) -> float:
    """Round a sum to the millionth, so that the order in which events were added does not show."""
    return math.floor(total * 1e6 + 0.5) / 1e6


def distinct_key(value: Scalar) -> str | None:
    """Give the text by which ``event_distinct`` tells values apart, or None for what it skips.

    Texts, numbers and booleans never meet: ``1``, ``'1'`` and ``true`` are three values, ``1`` and
    ``1.0`` are one. Null, lists, objects and numbers beyond ``LARGEST`` are skipped.
    """
    if type(value) is str:
        return "t" + value
    if type(value) is bool:
        return "b1" if value else "b0"
    number = as_number(value)
    return None if number is None else f"n{number!r}"
