"""The table of states says what libphonenumber and the IANA database say."""

from __future__ import annotations

import zoneinfo

import phonenumbers
import pytest
from babel.core import get_global
from phonenumbers import geocoder

from upsell.decisions.us_states import AREA_CODES, CLOCKS, STATES, TERRITORIES

EXCHANGES = ("220", "345", "555", "678", "987", "234", "456")
CALLED = {"Washington D.C.": "DC", "Washington State": "WA"}


def state_by_library(area_code: int) -> set[str]:
    """Give the states, or territories, that libphonenumber places numbers of an area code in."""
    names = {state.name.removeprefix("the "): key for key, state in STATES.items()}
    found = set()
    for exchange in EXCHANGES:
        number = phonenumbers.parse(f"+1{area_code}{exchange}2345")
        region = phonenumbers.region_code_for_number(number)
        if region in TERRITORIES:
            found.add(region)
        elif region == "US":
            place = geocoder.description_for_number(number, "en")
            _, comma, state = place.rpartition(", ")
            found.add(state if comma else CALLED.get(place) or names.get(place, ""))
    return found


def test_an_area_code_is_in_the_state_the_library_places_it_in() -> None:
    # 800 and its like belong to no area: the library places them in no state, and the table has none.
    placed = {
        code: found for code in range(200, 1_000) if (found := state_by_library(code)) not in (set(), {""})
    }
    assert {str(code): key for code, (key,) in placed.items()} == dict(AREA_CODES)


def test_every_state_has_clocks_that_are_american() -> None:
    assert len(STATES) == 50 + 1 + len(TERRITORIES)
    for key, state in STATES.items():
        assert state.zones, key
        countries = {get_global("zone_territories").get(zone) for zone in state.zones}
        assert countries == {key if key in TERRITORIES else "US"}, key
    assert set(CLOCKS) <= zoneinfo.available_timezones()


@pytest.mark.parametrize(
    ("state", "zones"), [("TX", 2), ("TN", 2), ("RI", 1), ("HI", 1), ("AZ", 2), ("FL", 2)]
)
def test_a_state_with_two_clocks_has_both(state: str, zones: int) -> None:
    assert len(STATES[state].zones) == zones
