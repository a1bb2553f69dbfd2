"""Contact hours hold minute by minute: of several places the strictest, whatever the clocks do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import upsell.workspace
from tests.drawing import examples
from upsell.clock import DAY, MINUTE, Moment, parse_moment, to_datetime
from upsell.decisions.contact_hours import ask_contact_hours, hours_binding
from upsell.decisions.hours import AHEAD, ContactHours, Hours, Week, opens_at, weekly
from upsell.decisions.localities import Locality, find_localities
from upsell.rules.facts import Scalar
from upsell.workspace.contact_law import shipped_law

ZONES = (
    "America/New_York",
    "America/Los_Angeles",
    "America/Santiago",
    "Europe/Berlin",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
)

CHANGES = ("2026-03-08", "2026-03-29", "2026-04-05", "2026-09-06", "2026-10-25", "2026-11-01")
"""Days on which some of these clocks are changed: put on over midnight in Santiago, by half an hour on Lord
Howe."""


def at(text: str) -> Moment:
    moment = parse_moment(text)
    assert moment is not None
    return moment


def near_changes() -> st.SearchStrategy[Moment]:
    """Give minutes of the two days around a change of the clock."""
    starts = st.sampled_from([at(f"{day}T00:00:00Z") for day in CHANGES])
    return st.builds(lambda start, minutes: start + minutes * MINUTE, starts, st.integers(-24 * 60, 24 * 60))


def weeks() -> st.SearchStrategy[Week]:
    days = st.sets(st.integers(0, 6), min_size=3)
    times = st.tuples(st.integers(0, 1_439), st.integers(1, 1_440))
    return st.builds(lambda span, on: weekly(span[0], span[1], on), times, days)


def minutes_of(day: datetime) -> int:
    return day.hour * 60 + day.minute


@settings(max_examples=examples(50), deadline=None)
@given(st.lists(st.tuples(weeks(), st.sampled_from(ZONES)), min_size=1, max_size=4), near_changes())
def test_the_opening_is_the_first_minute_at_which_every_clock_allows(
    written: list[tuple[Week, str]], now: Moment
) -> None:
    binding = [ContactHours(Hours(week), zone) for week, zone in written]
    opening = opens_at(binding, now)

    # Oracle: every wall clock read minute by minute, from now on.
    def is_open(moment: Moment) -> bool:
        for week, zone in written:
            wall = to_datetime(moment).astimezone(ZoneInfo(zone))
            if not any(opens <= minutes_of(wall) < closes for opens, closes in week[wall.weekday()]):
                return False
        return True

    last = now + AHEAD * DAY
    first = next((each for each in range(now, last, MINUTE) if is_open(each)), last)
    assert opening == first


# The law, read from the file by other means than the program's.

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@cache
def written_law() -> dict[str, list[dict[str, Any]]]:
    file = Path(upsell.workspace.__file__).parent / "contact_hours.yaml"
    law: dict[str, list[dict[str, Any]]] = yaml.load(file.read_text("utf-8"), yaml.BaseLoader)
    return law


@cache
def calendar(place: str, year: int) -> frozenset[str]:
    country, _, state = place.partition("-")
    days = holidays.country_holidays(country, subdiv=state or None, years=year)
    return frozenset(day.isoformat() for day in days)


def allows(place: str, row: dict[str, Any], wall: datetime) -> bool:
    day = wall.date().isoformat()
    if not row.get("valid_from", "") <= day < row.get("valid_until", "9"):
        return True
    if row["holidays"] == "closed" and day in calendar(place, wall.year):
        return False
    for days, span in row["hours"].items():
        first, _, last = days.partition("-")
        if DAY_NAMES.index(first) <= wall.weekday() <= DAY_NAMES.index(last or first):
            opens, _, closes = span.partition("-")
            return bool(opens <= wall.strftime("%H:%M") < closes)
    return False


def rows_in(place: Locality) -> Iterable[tuple[str, dict[str, Any]]]:
    for code, rows in written_law().items():
        country, _, state = code.partition("-")
        if country == place.country and (not state or not place.subdivision or state == place.subdivision):
            yield from ((code, row) for row in rows)


def is_lawful(places: Iterable[Locality], moment: Moment) -> bool:
    return all(
        allows(code, row, to_datetime(moment).astimezone(ZoneInfo(zone)))
        for place in places
        for zone in place.zones
        for code, row in rows_in(place)
    )


PHONES = (
    None,
    "+15125550100",
    "+14015550100",
    "+18505550100",
    "+18005550100",
    "+33612345678",
    "+441212345678",
)
PEOPLE = st.fixed_dictionaries(
    {"phone": st.sampled_from(PHONES)},
    optional={
        "country": st.sampled_from(["US", "FR"]),
        "state": st.sampled_from(["TX", "RI", "LA", "CA"]),
        "timezone": st.sampled_from(
            ["America/New_York", "America/Chicago", "America/Denver", "Europe/Paris"]
        ),
    },
)
OFFICE = Hours(weekly(8 * 60, 19 * 60 + 30, range(6)))


@settings(max_examples=examples(60), deadline=None)
@given(PEOPLE, st.integers(at("2025-08-28T00:00:00Z") // MINUTE, at("2027-01-04T00:00:00Z") // MINUTE))
def test_nobody_is_sent_a_text_at_a_minute_that_any_place_of_theirs_forbids(
    person: dict[str, Scalar], minute: int
) -> None:
    now = minute * MINUTE
    places = find_localities(person, {}, "America/Chicago", now)
    binding = hours_binding(None, shipped_law(), person, {}, "America/Chicago", now)
    opening = ask_contact_hours(binding, now)
    assert (opening is None) == is_lawful(places, now)
    if opening is not None and not opening.told.endswith("days"):
        assert is_lawful(places, opening.at)
        assert not is_lawful(places, opening.at - MINUTE)
        step = max(MINUTE, (opening.at - now) // 500 // MINUTE * MINUTE)
        assert not any(is_lawful(places, each) for each in range(now, opening.at, step))


@settings(max_examples=examples(60), deadline=None)
@given(PEOPLE, st.integers(at("2026-01-01T00:00:00Z") // MINUTE, at("2027-01-01T00:00:00Z") // MINUTE))
def test_own_hours_beside_the_law_never_open_anything_the_law_shuts(
    person: dict[str, Scalar], minute: int
) -> None:
    now = minute * MINUTE
    by_law = ask_contact_hours(hours_binding(None, shipped_law(), person, {}, "UTC", now), now)
    by_both = ask_contact_hours(hours_binding(OFFICE, shipped_law(), person, {}, "UTC", now), now)
    assert by_both is not None or by_law is None
    if by_law is not None:
        assert by_both is not None
        assert by_both.at >= by_law.at
