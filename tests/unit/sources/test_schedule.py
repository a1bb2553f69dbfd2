"""Laws of schedules: a daily time comes once each day on the wall of its zone, whatever its clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upsell.clock import DAY, HOUR, MINUTE, Moment, from_datetime, parse_moment, to_datetime
from upsell.sources.schedule import Daily, Every, next_run, parse_schedule

ZONES = (
    "UTC",
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
)
FROM, UNTIL = (from_datetime(datetime(year, 1, 1, tzinfo=UTC)) // MINUTE for year in (2015, 2030))
MOMENTS = st.integers(FROM, UNTIL).map(lambda minutes: minutes * MINUTE)


def moment(text: str) -> Moment:
    at = parse_moment(text)
    assert at is not None
    return at


def on_the_wall(minute: int, day: datetime, zone: str) -> bool:
    """Tell whether a zone has a time on a day: one left out does not survive the way to UTC and back."""
    naive = day.replace(hour=minute // 60, minute=minute % 60)
    there = naive.replace(tzinfo=ZoneInfo(zone))
    back = there.astimezone(ZoneInfo("UTC")).astimezone(ZoneInfo(zone))
    return back.replace(tzinfo=None) == naive


@given(MOMENTS, st.integers(0, 1439), st.sampled_from(ZONES))
def test_a_daily_time_is_next_after_the_moment_at_that_time_on_the_wall_and_none_is_left_out(
    after: Moment, minute: int, zone: str
) -> None:
    at = next_run(Daily(minute, zone), after)
    assert after < at <= after + 25 * HOUR + 30 * MINUTE
    told = to_datetime(at).astimezone(ZoneInfo(zone))
    if on_the_wall(minute, told.replace(tzinfo=None, hour=0, minute=0), zone):
        assert (told.hour * 60 + told.minute, told.fold) == (minute, 0)


@given(MOMENTS, st.integers(0, 1439), st.sampled_from(ZONES))
def test_runs_of_a_daily_time_are_each_on_a_day_of_their_own(after: Moment, minute: int, zone: str) -> None:
    days = []
    for _ in range(4):
        after = next_run(Daily(minute, zone), after)
        told = to_datetime(after).astimezone(ZoneInfo(zone))
        # A time that is left out at the end of a day is told behind midnight, and still is that day's.
        skipped = timedelta(hours=1) if told.hour * 60 + told.minute != minute else timedelta(0)
        days.append((told - skipped).date())
    assert [later - earlier for earlier, later in pairwise(days)] == [timedelta(days=1)] * 3


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-03-28T02:00:00Z", "2026-03-29T01:30:00Z"),  # 01:30 is left out: it is 02:30 by the new clock
        ("2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"),
        ("2026-10-24T02:00:00Z", "2026-10-25T00:30:00Z"),  # 01:30 comes twice: the first
        ("2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
    ],
)
def test_half_past_one_in_london_where_the_clocks_change(after: str, expected: str) -> None:
    assert next_run(Daily(90, "Europe/London"), moment(after)) == moment(expected)


def test_every_so_long_is_from_when_it_last_began() -> None:
    assert next_run(Every(HOUR), 5 * DAY + 7) == 5 * DAY + 7 + HOUR


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("every 1 hour", Every(HOUR)),
        ("every 15 minutes", Every(15 * MINUTE)),
        ("every hour", Every(HOUR)),
        ("daily at 03:00", Daily(180, "UTC")),
        ("daily at  23:59 Asia/Kathmandu", Daily(1439, "Asia/Kathmandu")),
        ("daily at 24:00", None),
        ("daily at 3:00", None),
        ("daily at 03:00 Mars/Base", None),
        ("every 0 hours", None),
        ("hourly", None),
        ("every", None),
    ],
)  # fmt: skip
def test_schedules_are_read_as_written(text: str, expected: Every | Daily | None) -> None:
    assert parse_schedule(text) == expected
