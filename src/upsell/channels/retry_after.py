"""Retry-After: for how long a server asks to be left alone (RFC 9110, 10.2.3)."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from upsell.clock import HOUR, SECOND, Duration, Moment, from_datetime

MOST: Final[Duration] = 24 * HOUR
"""What is asked beyond it is taken for a mistake, and this is kept to."""

_MOST_DIGITS: Final = 9


def read_retry_after(said: str | None, now: Moment) -> Duration | None:
    """Give for how long from ``now``: seconds, or until a date; None when nothing readable was said.

    A date that names no zone is of UTC, as every date of HTTP is (RFC 9110, 5.6.7).
    """
    said = (said or "").strip()
    if said.isascii() and said.isdigit() and len(said) <= _MOST_DIGITS:
        return min(int(said) * SECOND, MOST)
    try:
        date = parsedate_to_datetime(said)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = from_datetime(date if date.tzinfo is not None else date.replace(tzinfo=UTC))
    return min(max(0, at - now), MOST)
