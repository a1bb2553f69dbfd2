"""Retry-After: for how long a server asks to be left alone (RFC 9110, 10.2.3)."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Final

from upsell.clock import HOUR, SECOND, Duration, Moment, from_datetime

MOST: Final[Duration] = 24 * HOUR
"""What is asked beyond it is taken for a mistake, and this is kept to."""

_MOST_DIGITS: Final = 9


def read_retry_after(said: str | None, now: Moment) -> Duration | None:
    """Give for how long from ``now``: seconds, or until a date; None when nothing readable was said."""
    said = (said or "").strip()
    if said.isascii() and said.isdigit() and len(said) <= _MOST_DIGITS:
        return min(int(said) * SECOND, MOST)
    try:
        at = from_datetime(parsedate_to_datetime(said))
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0, at - now), MOST)
