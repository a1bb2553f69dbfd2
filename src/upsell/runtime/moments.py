"""Moments as people write them, on the command line and on pages."""

from __future__ import annotations

from datetime import UTC, date, datetime

from upsell.clock import Moment, from_datetime, parse_moment
from upsell.errors import ConfigError


def moment_of(text: str | None, option: str) -> Moment | None:
    """Read a date (its midnight in UTC) or a moment with a zone; None stays None.

    Raises:
        ConfigError: It is neither.
    """
    if text is None:
        return None
    at = parse_moment(text)
    if at is not None:
        return at
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        msg = (
            f"{option}: expected a date such as 2026-03-01, or a time with a zone such as "
            f"2026-03-01T12:00:00Z, got {text}"
        )
        raise ConfigError(msg) from error
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC))
