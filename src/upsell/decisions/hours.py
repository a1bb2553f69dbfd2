"""Hours: when somebody may be spoken to by a channel, by the clocks on the walls around them.

The law: a moment is inside when every wall clock asked shows a time and a day that are allowed; so a
night that has an hour twice or not at all is exact, and of several places the strictest holds.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, TypeAlias

import msgspec

from upsell.clock import DAY, Moment, find_zone, from_datetime, to_datetime
from upsell.decisions.public_holidays import public_holidays
from upsell.rules.facts import Scalar

AHEAD = 15
"""How many days ahead the next opening is looked for."""

SOON = 2
"""How many days ahead it is looked for first."""

Week: TypeAlias = tuple[tuple[tuple[int, int], ...], ...]
"""For each day of the week, Monday first, from which minute on it is open and from which on it is not:
``[opens, closes)``, where 1,440 is midnight. A day without any is closed."""

EVERY_DAY: Final = frozenset(range(7))
ALWAYS: Final[Week] = (((0, 1_440),),) * 7


class Calendar(enum.Enum):
    """A window that begins with the calendar, in the recipient's zone."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Hours(msgspec.Struct, frozen=True):
    """When a channel may speak.

    Attributes:
        week: When in a week it may, by the wall clock.
        closed_on: ISO dates on which it may not.
        closes_on_holidays: Whether it may not on public holidays of the place that is asked about.
    """

    week: Week = ALWAYS
    closed_on: frozenset[str] = frozenset()
    closes_on_holidays: bool = False


class ContactHours(msgspec.Struct, frozen=True):
    """Hours by the clock of one zone, as they bind somebody.

    Attributes:
        hours: The hours.
        zone: IANA zone of the clock.
        country: The country whose public holidays are meant, by ISO 3166 code; empty when not known.
        subdivision: Its subdivision, by the second half of the ISO 3166-2 code; empty when not known.
        valid_from: First ISO date on which they bind; empty for always.
        valid_until: First ISO date on which they no longer do; empty for never.
        told: Where and by which rule, in words.
    """

    hours: Hours
    zone: str
    country: str = ""
    subdivision: str = ""
    valid_from: str = ""
    valid_until: str = ""
    told: str = ""

    def holds(self, wall: datetime) -> bool:
        """Tell whether it may be spoken while the wall clock of the zone shows this."""
        if not self._binds(wall):
            return True
        minute = wall.hour * 60 + wall.minute
        for opens, closes in self.hours.week[wall.weekday()]:
            if opens <= minute < closes:
                return not self._is_closed_day(wall)
        return False

    def holiday(self, wall: datetime) -> str | None:
        """Give the name of the public holiday that closes the day on the wall, or None."""
        if not self.hours.closes_on_holidays or not self.country or not self._binds(wall):
            return None
        return public_holidays(self.country, self.subdivision, wall.year).get(wall.date().isoformat())

    def _binds(self, wall: datetime) -> bool:
        if not self.valid_from and not self.valid_until:
            return True
        day = wall.date().isoformat()
        return self.valid_from <= day and (not self.valid_until or day < self.valid_until)

    def _is_closed_day(self, wall: datetime) -> bool:
        closed_on = self.hours.closed_on
        return (bool(closed_on) and wall.date().isoformat() in closed_on) or self.holiday(wall) is not None


def weekly(opens: int, closes: int, days: Collection[int] = EVERY_DAY) -> Week:
    """Give the week that is open on some days between two minutes of the day.

    ``closes`` not after ``opens`` lasts over midnight; the days are those of the wall clock's date, 0
    for Monday.
    """
    whole = ((opens, closes),) if opens < closes else ((0, closes), (opens, 1_440))
    spans = tuple(span for span in whole if span[0] < span[1])
    return tuple(spans if day in days else () for day in range(7))


def common(*weeks: Week) -> Week:
    """Give the week that is open when all of some weeks are; of none, the one that always is."""
    shared = ALWAYS
    for week in weeks:
        shared = tuple(
            tuple(
                (max(one[0], other[0]), min(one[1], other[1]))
                for one in ours
                for other in theirs
                if max(one[0], other[0]) < min(one[1], other[1])
            )
            for ours, theirs in zip(shared, week, strict=True)
        )
    return shared


def zone_of(customer: Mapping[str, Scalar], account: Mapping[str, Scalar], otherwise: str) -> str:
    """Give the zone somebody lives in: the trait ``timezone`` of the customer, else of the account.

    A trait that names no IANA zone counts as none; without one it is the team's.
    """
    for traits in (customer, account):
        named = traits.get("timezone")
        if isinstance(named, str) and named and find_zone(named) is not None:
            return named
    return otherwise


def wall_at(zone: str, now: Moment) -> datetime:
    """Give what the wall clock of a zone shows; of a name that is no zone, UTC's."""
    return _wall(now, find_zone(zone) or UTC)


def all_hold(binding: Sequence[ContactHours], now: Moment) -> bool:
    """Tell whether it may be spoken by every one of several hours at once; by none at all it may."""
    walls: dict[str, datetime] = {}
    for each in binding:
        wall = walls.get(each.zone)
        if wall is None:
            wall = walls[each.zone] = wall_at(each.zone, now)
        if not each.holds(wall):
            return False
    return True


def opens_at(binding: Sequence[ContactHours], now: Moment) -> Moment:
    """Give the first moment, ``now`` or later, at which it may be spoken by every one of several hours.

    Where none comes within 15 days, the end of these: it is asked again then.
    """
    if all_hold(binding, now):
        return now
    starts: dict[str, set[int]] = {}
    for each in binding:
        opening = starts.setdefault(each.zone, {0})
        opening.update(opens for spans in each.hours.week for opens, _ in spans)
    # Most open again within a day, so the days after are looked at only when they do not.
    for days in (SOON, AHEAD):
        turns = {at for zone, opening in starts.items() for at in _turns(opening, zone, now, days)}
        for at in sorted(turns):
            # Beyond a day less, a turn of another clock may be missing.
            if days == SOON and at > now + (days - 1) * DAY:
                break
            if at > now and all_hold(binding, at):
                return at
    return now + AHEAD * DAY


def calendar_window(zone: str, now: Moment, calendar: Calendar) -> tuple[Moment, Moment]:
    """Give the calendar day, week (from Monday) or month that holds ``now``: ``[start, end)``."""
    place = find_zone(zone) or UTC
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
    place = find_zone(zone) or UTC
    today = _wall(now, place).date()
    for ahead in range(AHEAD):
        midnight = datetime.combine(today + timedelta(days=ahead), time.min)
        if midnight.weekday() in days:
            at = _first_at(midnight, minute, place)
            if at >= now:
                return at
    return now + AHEAD * DAY


def _first_at(midnight: datetime, minute: int, place: tzinfo) -> Moment:
    """Give when a clock first shows a time of a day, or jumps over it."""
    naive = midnight + timedelta(minutes=minute)
    early, late = _instants(naive, place)
    if _wall(early, place).replace(tzinfo=None) == naive:
        return early
    return next(_shifts(naive.replace(hour=0, minute=0), place), late)


def _turns(starts: Collection[int], zone: str, now: Moment, days: int) -> Iterator[Moment]:
    """Give every moment at which an answer may turn to yes: openings, midnights, changes of the clock."""
    place = find_zone(zone) or UTC
    today = _wall(now, place).date()
    for ahead in range(-1, days + 1):
        midnight = datetime.combine(today + timedelta(days=ahead), time.min)
        for minute in starts:
            yield from _instants(midnight + timedelta(minutes=minute), place)
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
