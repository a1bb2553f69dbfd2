"""Hours are those of the wall clock: on days with an hour twice, and with an hour that is left out."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upsell.clock import HOUR, MINUTE, from_datetime, parse_moment, to_datetime
from upsell.decisions.hours import (
    Calendar,
    ContactHours,
    Hours,
    calendar_window,
    opens_at,
    weekly,
    zone_of,
)

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
CHRISTMAS = Hours(closed_on=frozenset({"2026-12-25"}))
OFFICE = Hours(weekly(9 * 60, 17 * 60, range(5)))


def at(text: str) -> int:
    moment = parse_moment(text)
    assert moment is not None
    return moment


@pytest.mark.parametrize(
    ("hours", "zone", "now", "opens"),
    [
        (OFFICE, BERLIN, "2026-03-02T09:00:00+01:00", "2026-03-02T09:00:00+01:00"),
        (OFFICE, BERLIN, "2026-03-02T17:00:00+01:00", "2026-03-03T09:00:00+01:00"),
        # A Friday evening waits for Monday, over the night in which the clock is put forward.
        (OFFICE, BERLIN, "2026-03-27T20:00:00+01:00", "2026-03-30T09:00:00+02:00"),
        # From half past two on: that night it is three o'clock at once, and that is after half past two.
        (Hours(weekly(150, 1_440)), BERLIN, "2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00"),
        # From half past two to three: on 25 October the clock shows it twice.
        (Hours(weekly(150, 180)), BERLIN, "2026-10-25T02:59:00+02:00", "2026-10-25T02:59:00+02:00"),
        (Hours(weekly(150, 180)), BERLIN, "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00"),
        (Hours(weekly(20 * 60, 8 * 60)), NEW_YORK, "2026-06-01T09:00:00-04:00", "2026-06-01T20:00:00-04:00"),
        (Hours(weekly(20 * 60, 8 * 60)), NEW_YORK, "2026-06-01T02:00:00-04:00", "2026-06-01T02:00:00-04:00"),
        (
            Hours(closed_on=frozenset({"2026-12-25"})),
            BERLIN,
            "2026-12-25T10:00:00+01:00",
            "2026-12-26T00:00:00+01:00",
        ),
    ],
)
def test_the_next_opening_is_the_first_moment_the_wall_clock_allows(
    hours: Hours, zone: str, now: str, opens: str
) -> None:
    assert opens_at([ContactHours(hours, zone)], at(now)) == at(opens)


def test_a_clock_that_is_put_back_into_yesterday_opens_again() -> None:
    # In St John's a minute after midnight was a minute after eleven again, on 7 November 2010.
    late = ContactHours(Hours(weekly(23 * 60 + 30, 1_440)), "America/St_Johns")
    assert opens_at([late], at("2010-11-07T00:00:30-02:30")) == at("2010-11-06T23:30:00-03:30")


def test_of_clocks_a_day_apart_none_is_looked_at_too_shortly() -> None:
    # Monday at one in Honolulu is Monday at 23:00 in Auckland. Wednesday is open here and Thursday there.
    honolulu = ContactHours(
        Hours(tuple(((0, 720), (720, 1_440)) if day == 2 else () for day in range(7))), "Pacific/Honolulu"
    )
    auckland = ContactHours(Hours(weekly(0, 1_440, [3])), "Pacific/Auckland")
    now = at("2026-06-01T01:00:00-10:00")
    assert opens_at([honolulu, auckland], now) == at("2026-06-03T02:00:00-10:00")


@settings(deadline=None)
@given(
    st.integers(0, 1_439),
    st.integers(1, 1_440),
    st.sets(st.integers(0, 6), min_size=1),
    st.sampled_from([BERLIN, NEW_YORK, "Australia/Lord_Howe", "Africa/Casablanca", "UTC", "Asia/Kathmandu"]),
    st.integers(at("2026-01-01T00:00:00Z") // MINUTE, at("2027-01-01T00:00:00Z") // MINUTE),
)
def test_nothing_before_the_next_opening_is_inside_and_it_is(
    opens: int, closes: int, days: set[int], zone: str, minute: int
) -> None:
    now, place = minute * MINUTE, ZoneInfo(zone)
    opening = opens_at([ContactHours(Hours(weekly(opens, closes, days)), zone)], now)

    # Oracle: the wall clock between now and then, read one by one.
    def is_inside(moment: int) -> bool:
        wall = to_datetime(moment).astimezone(place)
        shown = wall.hour * 60 + wall.minute
        is_time = opens <= shown < closes if opens < closes else shown >= opens or shown < closes
        return is_time and wall.weekday() in days

    assert is_inside(opening)
    assert not any(is_inside(each) for each in range(now, opening, 7 * MINUTE))


@pytest.mark.parametrize(
    ("calendar", "begins", "ends", "length"),
    [
        ("day", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 23),
        ("week", "2026-03-23T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 7 * 24 - 1),
        ("month", "2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00", 31 * 24 - 1),
    ],
)
def test_a_calendar_window_is_as_long_as_its_days(calendar: str, begins: str, ends: str, length: int) -> None:
    window = calendar_window(BERLIN, at("2026-03-29T12:00:00+02:00"), Calendar(calendar))
    assert window == (at(begins), at(ends))
    assert window[1] - window[0] == length * HOUR


def test_a_day_without_a_midnight_begins_when_the_clock_jumps_over_it() -> None:
    # In Santiago the clock is put forward at midnight: 6 September 2026 begins at one o'clock.
    window = calendar_window("America/Santiago", at("2026-09-06T12:00:00-03:00"), Calendar.DAY)
    assert window[0] == from_datetime(datetime(2026, 9, 6, 1, tzinfo=ZoneInfo("America/Santiago")))


def test_a_zone_is_the_persons_then_the_accounts_then_the_teams() -> None:
    assert zone_of({"timezone": NEW_YORK}, {"timezone": BERLIN}, "UTC") == NEW_YORK
    assert zone_of({"timezone": "Mars/Base"}, {"timezone": BERLIN}, "UTC") == BERLIN
    assert zone_of({}, {}, "UTC") == "UTC"
