"""Hours: when somebody may be spoken to by a channel, by the clock on their own wall.

The law: a moment is inside when the wall clock of the recipient's zone shows a time and a day that
are allowed; so a night that has an hour twice or not at all is exact.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from upsell.clock import Moment, from_datetime, to_datetime
from upsell.rules.facts import Scalar

AHEAD = 15
"""How many days ahead the next opening is looked for."""


class Calendar(enum.Enum):
    """A window that begins with the calendar, in the recipient's zone."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Hours(msgspec.Struct, frozen=True):
    """When a channel may speak.

    Attributes:
        opens: Minute of the day from which on it may.
        closes: Minute of the day from which on it may not; not after ``opens`` lasts over midnight, and
            1,440 is midnight itself.
        days: Days of the week on which it may, 0 for Monday; of the wall clock's date.
        closed_on: ISO dates, such as public holidays, on which it may not.
    """

    opens: int = 0
    closes: int = 1_440
    days: frozenset[int] = frozenset(range(7))
    closed_on: frozenset[str] = frozenset()

    def holds(self, wall: datetime) -> bool:
        """Tell whether it may speak while a wall clock shows this."""
        minute = wall.hour * 60 + wall.minute
        if wall.weekday() not in self.days or wall.date().isoformat() in self.closed_on:
            return False
        if self.opens < self.closes:
            return self.opens <= minute < self.closes
        return minute >= self.opens or minute < self.closes


def zone_of(customer: Mapping[str, Scalar], account: Mapping[str, Scalar], otherwise: str) -> str:
    """Give the zone somebody lives in: the trait ``timezone`` of the customer, else of the account.

    A trait that names no IANA zone counts as none; without one it is the team's.
    """
    for traits in (customer, account):
        named = traits.get("timezone")
        if isinstance(named, str) and named and _zone(named) is not None:
            return named
    return otherwise


def opens_at(hours: Hours, zone: str, now: Moment) -> Moment:
    """Give the first moment, ``now`` or later, at which a channel may speak.

    Where none comes within 15 days, the end of these: it is asked again then.
    """
    place = _zone(zone) or UTC
    if hours.holds(_wall(now, place)):
        return now
    for at in sorted(set(_turns(hours, place, now))):
        if at > now and hours.holds(_wall(at, place)):
            return at
    return now + AHEAD * 86_400_000_000


def calendar_window(zone: str, now: Moment, calendar: Calendar) -> tuple[Moment, Moment]:
    """Give the calendar day, week (from Monday) or month that holds ``now``: ``[start, end)``."""
    place = _zone(zone) or UTC
    today = _wall(now, place).date()
    first, after = _days_of(calendar, today)
    return _midnight(first, place), _midnight(after, place)


def _days_of(calendar: Calendar, today: date) -> tuple[date, date]:
    """Give the first day of a calendar window, and the first one after it."""
    match calendar:
        case Calendar.DAY:
            return today, today + timedelta(days=1)
        case Calendar.WEEK:
            monday = today - timedelta(days=today.weekday())
            return monday, monday + timedelta(days=7)
        case Calendar.MONTH:
            first = today.replace(day=1)
            return first, (first + timedelta(days=31)).replace(day=1)


def _midnight(day: date, place: tzinfo) -> Moment:
    """Give the first moment of a day; where midnight is left out, when the clock jumps over it."""
    # The earlier of two midnights; of none, the moment at which the clock is put forward.
    return _instants(datetime.combine(day, time.min), place)[0]


def next_time(minute: int, days: frozenset[int], zone: str, now: Moment) -> Moment:
    """Give the first moment, ``now`` or later, at which a zone's clock shows a time on one of some days.

    A time that the clock leaves out comes when it jumps over it; one that it shows twice, the first time.

    Args:
        minute: Minute of the day.
        days: Days of the week, 0 for Monday; at least one.
        zone: IANA name of the zone.
        now: The moment asked from.
    """
    place = _zone(zone) or UTC
    today = _wall(now, place).date()
    for ahead in range(AHEAD):
        midnight = datetime.combine(today + timedelta(days=ahead), time.min)
        if midnight.weekday() in days:
            at = _first_at(midnight, minute, place)
            if at >= now:
                return at
    return now + AHEAD * 86_400_000_000


def _first_at(midnight: datetime, minute: int, place: tzinfo) -> Moment:
    """Give when a clock first shows a time of a day, or jumps over it."""
    naive = midnight + timedelta(minutes=minute)
    early, late = _instants(naive, place)
    if _wall(early, place).replace(tzinfo=None) == naive:
        return early
    return next(_shifts(naive.replace(hour=0, minute=0), place), late)


def _turns(hours: Hours, place: tzinfo, now: Moment) -> Iterator[Moment]:
    """Give every moment at which the answer may turn to yes: openings, midnights, changes of the clock."""
    today = _wall(now, place).date()
    for ahead in range(-1, AHEAD + 1):
        day = today + timedelta(days=ahead)
        midnight = datetime.combine(day, time.min)
        yield from _instants(midnight, place)
        yield from _instants(midnight + timedelta(minutes=hours.opens), place)
        yield from _shifts(midnight, place)


def _instants(naive: datetime, place: tzinfo) -> tuple[Moment, Moment]:
    """Give the moments at which a wall clock shows a time; both, where it shows it twice."""
    early = from_datetime(naive.replace(tzinfo=place, fold=0))
    late = from_datetime(naive.replace(tzinfo=place, fold=1))
    return early, late


def _shifts(midnight: datetime, place: tzinfo) -> Iterator[Moment]:
    """Give the moment at which the clock is changed on a day, to the minute; nothing on other days."""
    low = from_datetime(midnight.replace(tzinfo=place))
    high = from_datetime((midnight + timedelta(days=1)).replace(tzinfo=place))
    if _offset(low, place) == _offset(high, place):
        return
    before = _offset(low, place)
    low, high = low // 60_000_000, high // 60_000_000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle * 60_000_000, place) == before else (low, middle)
    yield high * 60_000_000


def _offset(at: Moment, place: tzinfo) -> timedelta | None:
    return _wall(at, place).utcoffset()


def _wall(at: Moment, place: tzinfo) -> datetime:
    return to_datetime(at).astimezone(place)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return None
