"""Where somebody may be: by phone, address and time zone, none of which overrules another."""

from __future__ import annotations

from typing import Any

import pytest

from upsell.clock import parse_moment
from upsell.decisions.localities import country_of_zone, country_told, find_localities
from upsell.rules.facts import Scalar

JULY = parse_moment("2026-07-15T12:00:00Z") or 0
JANUARY = parse_moment("2026-01-15T12:00:00Z") or 0

AUSTIN, FRANCE, TOLL_FREE = "+15125550100", "+33612345678", "+18005550100"
EL_PASO, SAN_JUAN, TORONTO, LONDON = "+19155550100", "+17875550100", "+14165550100", "+447400123456"
CHICAGO, DENVER, NEW_YORK = "America/Chicago", "America/Denver", "America/New_York"
LOS_ANGELES, PARIS, BERLIN = "America/Los_Angeles", "Europe/Paris", "Europe/Berlin"
CLOCKS = (NEW_YORK, CHICAGO, DENVER, LOS_ANGELES, "America/Anchorage", "Pacific/Honolulu")


def places(
    customer: dict[str, Scalar], account: dict[str, Scalar] | None = None, now: int = JULY
) -> list[tuple[str, str, tuple[str, ...]]]:
    found = find_localities(customer, account or {}, BERLIN, now)
    return [(each.country, each.subdivision, each.zones) for each in found]


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        ({"phone": AUSTIN}, [("US", "TX", (CHICAGO,))]),
        ({"phone": EL_PASO}, [("US", "TX", (DENVER,))]),
        ({"phone": SAN_JUAN}, [("US", "PR", ("America/Puerto_Rico",))]),
        ({"phone": FRANCE}, [("FR", "", (PARIS,))]),
        ({"phone": TORONTO}, [("CA", "", ("America/Toronto",))]),
        ({"phone": LONDON}, [("GB", "", ("Europe/London",))]),
        # A number that belongs to no area is somewhere in the country, by any of its clocks.
        ({"phone": TOLL_FREE}, [("US", "", CLOCKS)]),
        ({"phone": "+1 999 555 0100"}, [("US", "", CLOCKS)]),
        # As it is dialled at home, where the country is told.
        ({"phone": "(512) 555-0100", "country": "US"}, [("US", "TX", (CHICAGO,))]),
        ({"country": "US", "state": "Texas"}, [("US", "TX", (CHICAGO, DENVER))]),
        ({"country": "us", "region": "US-TX"}, [("US", "TX", (CHICAGO, DENVER))]),
        ({"country": "PR"}, [("US", "PR", ("America/Puerto_Rico",))]),
        ({"country": "US"}, [("US", "", CLOCKS)]),
        ({"timezone": CHICAGO}, [("US", "", (CHICAGO,))]),
        ({"timezone": "US/Central"}, [("US", "", ("US/Central",))]),
    ],
)
def test_each_hint_alone_tells_country_state_and_clocks(
    customer: dict[str, Scalar], expected: list[Any]
) -> None:
    assert places(customer) == expected


@pytest.mark.parametrize("phone", ["", "nonsense", "5125550100", "+999", "+80012345678", 15125550100, None])
def test_without_a_hint_that_can_be_read_it_is_where_the_team_is(phone: Scalar) -> None:
    assert places({"phone": phone}) == [("DE", "", (BERLIN,))]


def test_hints_that_agree_are_one_place_with_the_clock_they_share() -> None:
    everything: dict[str, Scalar] = {"phone": AUSTIN, "country": "US", "state": "TX", "timezone": CHICAGO}
    assert places(everything) == [("US", "TX", (CHICAGO,))]
    assert places({"phone": AUSTIN, "country": "US", "state": "TX"}) == [("US", "TX", (CHICAGO,))]
    # The same clock by another name is the same clock.
    detroit: dict[str, Scalar] = {"phone": "+13135550100", "timezone": "America/Detroit"}
    assert places(detroit) == [("US", "MI", ("America/Detroit",))]


def test_a_country_beside_one_of_its_states_says_nothing_more() -> None:
    assert places({"phone": AUSTIN, "country": "US"}) == [("US", "TX", (CHICAGO,))]
    assert places({"phone": TOLL_FREE, "country": "US", "state": "RI"}) == [("US", "RI", (NEW_YORK,))]
    assert places({"phone": SAN_JUAN, "country": "US"}, now=JANUARY) == [
        ("US", "PR", ("America/Puerto_Rico",))
    ]


def test_hints_that_disagree_are_places_of_their_own_each_by_its_clock() -> None:
    moved: dict[str, Scalar] = {"phone": AUSTIN, "country": "US", "state": "CA"}
    assert places(moved) == [("US", "TX", (CHICAGO,)), ("US", "CA", (LOS_ANGELES,))]
    assert places({**moved, "timezone": CHICAGO}) == places(moved)
    abroad: dict[str, Scalar] = {"phone": AUSTIN, "country": "FR"}
    assert places(abroad) == [("US", "TX", (CHICAGO,)), ("FR", "", (PARIS,))]


def test_two_states_with_one_clock_are_two_places_by_it() -> None:
    both: dict[str, Scalar] = {"phone": "+14015550100", "country": "US", "state": "FL", "timezone": NEW_YORK}
    assert places(both) == [("US", "RI", (NEW_YORK,)), ("US", "FL", (NEW_YORK,))]


def test_a_time_zone_that_no_place_keeps_is_somewhere_unknown_in_its_country() -> None:
    expected = [("US", "TX", (CHICAGO,)), ("US", "", (LOS_ANGELES,))]
    assert places({"phone": AUSTIN, "timezone": LOS_ANGELES}) == expected
    assert places({"phone": AUSTIN, "timezone": "UTC"})[1] == ("", "", ("UTC",))


def test_clocks_are_compared_as_they_stand() -> None:
    # Phoenix keeps Denver's time in winter only.
    person: dict[str, Scalar] = {"phone": EL_PASO, "timezone": "America/Phoenix"}
    assert len(places(person, now=JANUARY)) == 1
    assert len(places(person, now=JULY)) == 2


def test_the_account_tells_what_the_person_does_not_but_never_the_phone() -> None:
    account: dict[str, Scalar] = {"country": "US", "state": "RI", "timezone": NEW_YORK, "phone": AUSTIN}
    assert places({}, account) == [("US", "RI", (NEW_YORK,))]
    assert places({}, {"timezone": NEW_YORK}) == [("US", "", (NEW_YORK,))]
    assert places({"country": "FR", "timezone": PARIS}, account) == [("FR", "", (PARIS,))]


@pytest.mark.parametrize(
    ("customer", "account", "told"),
    [
        ({"country": "DE", "state": "Bayern"}, {"country": "US"}, ("DE", "BY")),
        ({}, {"country": "US", "region": "TX"}, ("US", "TX")),
        # The person's own state, in the country of their account.
        ({"state": "RI"}, {"country": "US", "state": "TX"}, ("US", "RI")),
        # A region of the account says nothing of a person in another country.
        ({"country": "DE"}, {"country": "US", "region": "BY"}, ("DE", "")),
        # A region that is no part of the country, such as a region of sales.
        ({"country": "US", "region": "EMEA"}, {}, ("US", "")),
        ({"country": "Freedonia"}, {"country": "FR"}, ("FR", "")),
        ({}, {}, ("", "")),
    ],
)
def test_the_persons_country_comes_first_then_their_accounts(
    customer: dict[str, Scalar], account: dict[str, Scalar], told: tuple[str, str]
) -> None:
    assert country_told(customer, account) == told


@pytest.mark.parametrize(
    ("zone", "country"),
    [
        (CHICAGO, "US"),
        ("US/Central", "US"),
        ("America/Puerto_Rico", "US"),
        ("Asia/Calcutta", "IN"),
        (BERLIN, "DE"),
        ("UTC", ""),
        ("Etc/GMT+5", ""),
        ("Mars/Base", ""),
    ],
)
def test_a_zone_is_of_the_country_whose_clock_it_is(zone: str, country: str) -> None:
    assert country_of_zone(zone) == country
