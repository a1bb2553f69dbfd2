"""Contact hours: what is shut now is told with its clock, its rule and as of when."""

from __future__ import annotations

import pytest

from upsell.clock import MINUTE, parse_moment
from upsell.decisions.contact_hours import Opening, ask_contact_hours, hours_binding
from upsell.decisions.contact_law import ContactLaw, LegalHours, jurisdiction_name
from upsell.decisions.hours import ContactHours, Hours, all_hold, common, opens_at, weekly
from upsell.rules.facts import Scalar

BERLIN, CHICAGO, NEW_YORK = "Europe/Berlin", "America/Chicago", "America/New_York"
WEEKDAYS = range(5)


def at(text: str) -> int:
    moment = parse_moment(text)
    assert moment is not None
    return moment


def row(place: str, hours: Hours, **more: str) -> LegalHours:
    return LegalHours(place, hours, source="a statute", as_of="2026-11-01", **more)


NINE_TO_NINE = Hours(weekly(9 * 60, 21 * 60))
LAW: ContactLaw = {
    "US": (row("US", Hours(weekly(8 * 60, 21 * 60))),),
    "US-TX": (row("US-TX", NINE_TO_NINE),),
    "US-RI": (row("US-RI", Hours(weekly(10 * 60, 18 * 60, WEEKDAYS), closes_on_holidays=True)),),
    "FR": (row("FR", Hours(weekly(8 * 60, 20 * 60, range(6)), closes_on_holidays=True)),),
}


def ask(
    now: str,
    customer: dict[str, Scalar],
    *,
    own: Hours | None = None,
    law: ContactLaw | None = LAW,
    account: dict[str, Scalar] | None = None,
) -> Opening | None:
    binding = hours_binding(own, law, customer, account or {}, BERLIN, at(now))
    return ask_contact_hours(binding, at(now))


def test_a_state_holds_besides_its_country_and_is_named() -> None:
    person: dict[str, Scalar] = {"phone": "+15125550100"}
    assert ask("2026-06-01T09:00:00-05:00", person) is None
    early = ask("2026-06-01T08:30:00-05:00", person)
    assert early is not None
    assert early.at == at("2026-06-01T09:00:00-05:00")
    assert early.told == "in America/Chicago (their phone), by the law of Texas as of 2026-11-01"
    # At seven the country's law forbids it too; the state's, which opens last, is what is told.
    assert ask("2026-06-01T07:00:00-05:00", person) == early


def test_a_state_without_a_law_of_its_own_has_its_countrys() -> None:
    early = ask("2026-06-01T07:00:00-07:00", {"phone": "+14155550100"})
    assert early is not None
    assert early.told.endswith("by the law of the United States as of 2026-11-01")


def test_of_two_places_the_stricter_is_asked_by_its_own_clock() -> None:
    moved: dict[str, Scalar] = {"phone": "+15125550100", "country": "US", "state": "RI"}
    # Nine in Texas is ten in Rhode Island; six in Rhode Island is five in Texas.
    assert ask("2026-06-01T09:00:00-05:00", moved) is None
    late = ask("2026-06-01T17:00:00-05:00", moved)
    assert late is not None
    assert late.at == at("2026-06-02T09:00:00-05:00")
    assert late.told == "in America/New_York (their address), by the law of Rhode Island as of 2026-11-01"


def test_where_the_state_is_not_known_every_states_law_holds_and_is_told_as_a_doubt() -> None:
    unknown: dict[str, Scalar] = {"country": "US", "timezone": CHICAGO}
    sunday = ask("2026-06-07T12:00:00-05:00", unknown)
    assert sunday is not None
    assert sunday.at == at("2026-06-08T10:00:00-05:00")
    assert sunday.told.endswith("by the law of Rhode Island as of 2026-11-01, where they may be")


def test_without_a_clock_in_an_unknown_state_the_whole_country_must_be_awake() -> None:
    toll_free: dict[str, Scalar] = {"phone": "+18005550100"}
    morning = ask("2026-06-01T10:00:00-04:00", toll_free)
    assert morning is not None
    # Ten in Honolulu is four in the afternoon in New York, two hours before Rhode Island closes.
    assert morning.at == at("2026-06-01T10:00:00-10:00") == at("2026-06-01T16:00:00-04:00")


def test_a_public_holiday_of_the_place_is_told_by_name() -> None:
    bastille = ask("2026-07-14T12:00:00+02:00", {"phone": "+33612345678"})
    assert bastille is not None
    assert bastille.at == at("2026-07-15T08:00:00+02:00")
    assert bastille.told.endswith(
        "the law of France as of 2026-11-01, closed on a public holiday, National Day"
    )


def test_a_change_of_the_law_is_exact_to_its_midnight() -> None:
    law = {
        "US": (
            row("US", NINE_TO_NINE, valid_until="2026-06-02"),
            row("US", Hours(weekly(0, 18 * 60)), valid_from="2026-06-02"),
        )
    }
    person: dict[str, Scalar] = {"phone": "+15125550100"}
    assert ask("2026-06-01T20:00:00-05:00", person, law=law) is None
    late = ask("2026-06-01T21:00:00-05:00", person, law=law)
    assert late is not None
    # From midnight on the new row holds, which opens with the day.
    assert late.at == at("2026-06-02T00:00:00-05:00")
    assert ask("2026-06-02T20:00:00-05:00", person, law=law) is not None


def test_own_hours_hold_by_every_clock_that_is_asked() -> None:
    own = Hours(weekly(9 * 60, 17 * 60))
    abroad: dict[str, Scalar] = {"phone": "+15125550100", "timezone": BERLIN}
    # Nine in Texas is four in the afternoon in Berlin: one hour is left of both days.
    assert ask("2026-06-01T09:30:00-05:00", abroad, own=own) is None
    late = ask("2026-06-01T10:00:00-05:00", abroad, own=own)
    assert late is not None
    assert late.at == at("2026-06-02T09:00:00-05:00")


def test_hours_that_never_open_together_are_told_all_and_asked_again_in_15_days() -> None:
    own = Hours(weekly(9 * 60, 11 * 60))
    abroad: dict[str, Scalar] = {"phone": "+15125550100", "timezone": "Asia/Tokyo"}
    never = ask("2026-06-01T09:30:00-05:00", abroad, own=own)
    assert never is not None
    assert never.at == at("2026-06-16T09:30:00-05:00")
    assert "America/Chicago" in never.told
    assert "Asia/Tokyo" in never.told
    assert never.told.endswith("never open together within 15 days")


@pytest.mark.parametrize(
    ("customer", "account", "is_closed"),
    [
        ({"country": "US"}, {}, True),
        ({}, {"country": "US"}, True),
        # The person's country, before their account's and before that of the clock.
        ({"country": "DE", "timezone": NEW_YORK}, {"country": "US"}, False),
        # Without a country, that of the clock: New York is in the United States, Berlin is not.
        ({"timezone": NEW_YORK}, {}, True),
        ({}, {}, False),
        ({"timezone": "UTC"}, {}, False),
    ],
)
def test_own_hours_close_on_the_public_holidays_of_the_recipients_country(
    customer: dict[str, Scalar], account: dict[str, Scalar], is_closed: bool
) -> None:
    own = Hours(closes_on_holidays=True)
    thanksgiving = "2026-11-26T18:00:00Z"
    assert (ask(thanksgiving, customer, own=own, law=None, account=account) is not None) is is_closed
    assert ask(thanksgiving, customer, own=Hours(), law=None, account=account) is None


def test_a_holiday_is_a_day_of_the_wall_clock() -> None:
    own = Hours(closes_on_holidays=True)
    person: dict[str, Scalar] = {"country": "DE", "timezone": BERLIN}
    # Labour Day in Berlin begins two hours before it does in UTC.
    assert ask("2026-04-30T21:59:00Z", person, own=own, law=None) is None
    shut = ask("2026-04-30T22:00:00Z", person, own=own, law=None)
    assert shut == Opening(
        at("2026-05-01T22:00:00Z"),
        "in Europe/Berlin, by the team's own hours, closed on a public holiday, Labor Day",
    )


def test_a_channel_without_hours_and_law_is_never_shut() -> None:
    assert hours_binding(None, None, {"phone": "+18005550100"}, {}, BERLIN, 0) == ()
    assert ask_contact_hours((), 0) is None
    assert opens_at((), 5) == 5


def test_what_weeks_have_in_common_is_open_in_each() -> None:
    split = (((60, 120), (180, 240)),) * 7
    assert common(split, weekly(100, 200)) == (((100, 120), (180, 200)),) * 7
    assert common(split, weekly(120, 180)) == ((),) * 7
    assert common() == weekly(0, 1_440)
    # Over midnight, and on some days only.
    assert common(weekly(1_380, 60, [5]), weekly(0, 1_440, [5, 6]))[5] == ((0, 60), (1_380, 1_440))


def test_all_hold_only_when_each_does() -> None:
    morning = ContactHours(Hours(weekly(8 * 60, 12 * 60)), CHICAGO)
    evening = ContactHours(Hours(weekly(12 * 60, 20 * 60)), CHICAGO)
    noon = at("2026-06-01T12:00:00-05:00")
    assert all_hold([morning], noon - MINUTE)
    assert all_hold([evening], noon)
    assert not all_hold([morning, evening], noon)


@pytest.mark.parametrize(
    ("code", "name"),
    [("US", "the United States"), ("US-TX", "Texas"), ("FR", "France"), ("CA-QC", "Canada (CA-QC)")],
)
def test_a_jurisdiction_is_called_by_its_name(code: str, name: str) -> None:
    assert jurisdiction_name(code) == name
