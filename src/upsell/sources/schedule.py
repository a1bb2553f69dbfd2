"""Schedules: when something is next due that is done again and again.

Pure. The law: a daily time is a time on the wall of its zone, once each day there, whatever its clocks do.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Final, TypeAlias, assert_never
from zoneinfo import ZoneInfo

import msgspec

from upsell.clock import Duration, Moment, from_datetime, to_datetime
from upsell.workspace.scalars import DURATION, ZONE
from upsell.workspace.shapes import Scalar

_DAILY: Final = re.compile(r"daily at ([01]\d|2[0-3]):([0-5]\d)(?: (\S+))?")
_EVERY: Final = "every "


class Every(msgspec.Struct, frozen=True, tag="every"):
    """Again so long after it last began."""

    each: Duration


class Daily(msgspec.Struct, frozen=True, tag="daily"):
    """Each day at a minute of the day in a zone."""

    minute: int
    zone: str


Schedule: TypeAlias = Every | Daily


def next_run(schedule: Schedule, after: Moment) -> Moment:
    """Give the first moment after another at which it is due.

    A time that the zone leaves out is as much later by the clocks as they were put forward; of one it has
    twice, the first counts.
    """
    match schedule:
        case Every(each):
            return after + each
        case Daily(minute, zone):
            tz = ZoneInfo(zone)
            day = to_datetime(after).astimezone(tz).date() - timedelta(days=1)
            while True:
                at = from_datetime(datetime.combine(day, time(*divmod(minute, 60)), tz))
                if at > after:
                    return at
                day += timedelta(days=1)
        case _:
            assert_never(schedule)


def parse_schedule(text: str) -> Schedule | None:
    """Read a schedule: ``every 1 hour``, or ``daily at 03:00 Europe/London`` (UTC without a zone).

    None when it is none.
    """
    said = " ".join(text.split())
    if said.startswith(_EVERY):
        rest = said.removeprefix(_EVERY)
        each = DURATION.parse(rest if rest[:1].isdigit() else f"1 {rest}")
        return Every(each) if isinstance(each, int) else None
    found = _DAILY.fullmatch(said)
    if found is None:
        return None
    zone = ZONE.parse(found[3]) if found[3] else "UTC"
    return Daily(int(found[1]) * 60 + int(found[2]), str(zone)) if zone is not None else None


SCHEDULE: Final = Scalar(
    "schedule",
    "a schedule such as every 1 hour, or daily at 03:00 Europe/London",
    lambda text: text if parse_schedule(text) is not None else None,
    {"type": "string", "pattern": r"^(every |daily at ([01]\d|2[0-3]):[0-5]\d)"},
)
"""When something is due."""
