"""Dates: what a date in a file means as a moment."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from upsell.clock import Moment, from_datetime, parse_moment


def moment_of(text: str, zone: str, days_after: int = 0) -> Moment:
    """Give the moment a ``DATE_OR_MOMENT`` says: itself, or the beginning of so many days after a date.

    Args:
        text: A date, or a time with a zone.
        zone: IANA name of the zone whose midnight a day begins with.
        days_after: 0 for the beginning of the day itself, 1 for its end.
    """
    at = parse_moment(text)
    if at is not None:
        return at
    day = date.fromisoformat(text)
    if day == date.max:
        return from_datetime(datetime.combine(day, time.min, ZoneInfo("UTC")))
    return from_datetime(datetime.combine(day + timedelta(days=days_after), time.min, ZoneInfo(zone)))
