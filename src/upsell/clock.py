"""Moments and durations: the only door to the present.

A moment is a whole number of microseconds since 1970-01-01T00:00:00Z, so it is always aware
and always UTC, and is the same integer in Python, DuckDB and PostgreSQL. The law this module
keeps: no other module below ``runtime`` asks what time it is.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Protocol, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

Moment: TypeAlias = int
"""Microseconds since 1970-01-01T00:00:00Z."""

Duration: TypeAlias = int
"""A length of elapsed time in microseconds; a day is always 86,400 s."""

SECOND: Duration = 1_000_000
MINUTE: Duration = 60 * SECOND
HOUR: Duration = 60 * MINUTE
DAY: Duration = 24 * HOUR
WEEK: Duration = 7 * DAY

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]([01]\d|2[0-3]):\d\d(:\d\d([.,]\d{1,9})?)?([Zz]|[+-]([01]\d|2[0-3]):?[0-5]\d)"
)


_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,40}(/[A-Za-z0-9_+-]{1,40}){0,3}")

_UNITS = (("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", SECOND))


class Clock(Protocol):
    """Something that knows what time it is."""

    def now(self) -> Moment:
        """Give the present moment."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> Moment:
        """Give the present moment of this machine."""
        return time.time_ns() // 1000


class SetClock:
    """A clock that stands where it is put: for replays, simulations and tests."""

    def __init__(self, at: Moment) -> None:
        """Start the clock at ``at``."""
        self.at = at

    def now(self) -> Moment:
        """Give the moment the clock was last put to."""
        return self.at

    def move_to(self, at: Moment) -> None:
        """Put the clock to ``at``; a clock never goes back, so an earlier moment is ignored."""
        self.at = max(self.at, at)


def from_datetime(value: datetime) -> Moment:
    """Turn an aware datetime into a moment.

    Raises:
        ValueError: ``value`` has no zone.
    """
    if value.tzinfo is None:
        msg = f"expected a time with a zone, got {value.isoformat()}; add Z or an offset"
        raise ValueError(msg)
    return (value - _EPOCH) // _MICROSECOND


def to_datetime(at: Moment) -> datetime:
    """Turn a moment into an aware UTC datetime."""
    return _EPOCH + timedelta(microseconds=at)


@lru_cache(maxsize=65_536)
def parse_moment(text: str) -> Moment | None:
    """Read an ISO 8601 date-time with a zone; anything else, also a time without zone, is None."""
    if _ISO.fullmatch(text) is None:
        return None
    try:
        return from_datetime(datetime.fromisoformat(text.replace(",", ".").upper()))
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def find_zone(name: str) -> ZoneInfo | None:
    """Give the IANA time zone of a name, such as Europe/Paris, in whatever case; None when there is none.

    What no zone could be called is not looked for: the standard library takes any text for a path of
    packages, and breaks its own stack over one of a thousand dots.
    """
    name = name.strip()
    if _ZONE.fullmatch(name) is None:
        return None
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        known = _zone_names().get(name.casefold())
        return ZoneInfo(known) if known is not None else None


@cache
def _zone_names() -> Mapping[str, str]:
    """Give the names of all zones, by themselves without case."""
    return {name.casefold(): name for name in available_timezones()}


def format_moment(at: Moment) -> str:
    """Write a moment as ISO 8601 in UTC, with microseconds only where there are any."""
    return to_datetime(at).isoformat().replace("+00:00", "Z")


def format_duration(duration: Duration) -> str:
    """Write a length of time in the greatest unit that is exact: ``2 days``, ``36 hours``, ``1 minute``."""
    for unit, length in _UNITS:
        if duration % length == 0:
            return f"{duration // length} {unit}{'' if duration == length else 's'}"
    return f"{duration} microseconds"
