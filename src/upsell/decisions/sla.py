"""Service levels: by when work should be done, counted in the hours that it is worked in.

The law: time in which nobody works counts for nothing, so what is opened on a Friday evening is no later on
Monday morning than what is opened then.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

from upsell.clock import Duration, Moment, find_zone, from_datetime
from upsell.decisions.hours import ContactHours, Hours, wall_at

_MOST_DAYS = 400
"""How many days ahead is looked: work that is not done by then is due at once, as its hours hardly open."""


class Sla(msgspec.Struct, frozen=True):
    """How long work may take: so much of the hours it is worked in, or so many days with such hours.

    Attributes:
        hours: Working time in microseconds; 0 where it is counted in days.
        days: Working days; 0 where it is counted in hours.
    """

    hours: Duration = 0
    days: int = 0


def due_by(sla: Sla, hours: Hours, zone: str, country: str, now: Moment) -> Moment:
    """Give by when work that is opened now should be done.

    Hours count while the team works. Of days the one it is opened on does not count; it is due when work
    ends on the last. Hours that hold nothing for more than a year make it due now.

    Args:
        sla: How long it may take.
        hours: When the team works, by the wall clock of its zone.
        zone: IANA zone of the team; of a name that is no zone, UTC.
        country: The country whose public holidays close, by ISO 3166 code; empty for none.
        now: When it is opened.
    """
    binding = ContactHours(hours, zone, country)
    today = wall_at(zone, now).date()
    left, days = sla.hours, sla.days
    for ahead in range(_MOST_DAYS):
        spans = list(_spans(binding, today + timedelta(days=ahead)))
        if sla.days:
            days -= bool(spans) and ahead > 0
            if days == 0:
                return spans[-1][1]
            continue
        for opens, closes in spans:
            begins = max(opens, now)
            if closes - begins >= left:
                return begins + left
            left -= max(closes - begins, 0)
    return now


def _spans(binding: ContactHours, day: date) -> Iterator[tuple[Moment, Moment]]:
    """Give from when to when work goes on on a day, in their order; nothing on a day that is closed."""
    place = find_zone(binding.zone) or UTC
    midnight = datetime.combine(day, time.min)
    for opens, closes in binding.hours.week[day.weekday()]:
        if binding.holds(midnight + timedelta(minutes=opens)):
            yield _moment(midnight, opens, place), _moment(midnight, closes, place)


def _moment(midnight: datetime, minute: int, place: tzinfo) -> Moment:
    return from_datetime((midnight + timedelta(minutes=minute)).replace(tzinfo=place))
