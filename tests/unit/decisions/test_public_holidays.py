"""Public holidays are those published: by governments for the dates below, by the library for the rest."""

from __future__ import annotations

from datetime import date

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upsell.decisions.public_holidays import public_holidays, subdivision_called

# As published: the US Office of Personnel Management (federal holidays 2026; Independence Day is a
# Saturday and observed on the Friday), Germany's Feiertage 2026 (Bund), France's jours fériés 2026.
PUBLISHED = {
    "US": {
        "01-01", "01-19", "02-16", "05-25", "06-19", "07-03", "07-04", "09-07", "10-12", "11-11", "11-26",
        "12-25",
    },
    "DE": {"01-01", "04-03", "04-06", "05-01", "05-14", "05-25", "10-03", "12-25", "12-26"},
    "FR": {"01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01", "11-11", "12-25"},
}  # fmt: skip


@pytest.mark.parametrize("country", PUBLISHED)
def test_a_year_has_the_public_holidays_that_are_published(country: str) -> None:
    found = public_holidays(country, "", 2026)
    assert set(found) == {f"2026-{day}" for day in PUBLISHED[country]}


def test_a_holiday_observed_on_another_day_closes_both() -> None:
    assert {"2026-07-03", "2026-07-04"} <= public_holidays("US", "", 2026).keys()
    # New Year's Day of 2022 was a Saturday, so the last day of 2021 was the holiday.
    assert "2021-12-31" in public_holidays("US", "", 2021)


def test_a_subdivision_adds_its_own_and_one_that_is_not_there_adds_none() -> None:
    assert "2026-01-06" in public_holidays("DE", "BY", 2026)
    assert "2026-01-06" not in public_holidays("DE", "BE", 2026)
    assert public_holidays("DE", "XX", 2026) == public_holidays("DE", "", 2026)


def test_neither_bank_nor_optional_holidays_are_public_ones() -> None:
    # In Germany Christmas Eve is no public holiday, in Switzerland St Berchtold's is one of some cantons.
    assert "2026-12-24" not in public_holidays("DE", "", 2026)
    assert "2026-01-02" not in public_holidays("CH", "", 2026)
    assert "2026-01-02" in public_holidays("CH", "BE", 2026)


@pytest.mark.parametrize("country", ["", "XX", "001"])
def test_a_place_that_is_not_known_has_no_holidays(country: str) -> None:
    assert public_holidays(country, "", 2026) == {}


@settings(deadline=None)
@given(
    st.sampled_from(["US", "DE", "FR", "GB", "IN", "JP", "BR", "EG", "AU", "CA"]),
    st.integers(2020, 2035),
    st.integers(0, 364),
)
def test_a_day_is_a_holiday_exactly_when_the_library_says_so(country: str, year: int, ordinal: int) -> None:
    day = date.fromordinal(date(year, 1, 1).toordinal() + ordinal)
    calendar = holidays.country_holidays(country, years=year)
    assert (day.isoformat() in public_holidays(country, "", year)) == (day in calendar)


@pytest.mark.parametrize(
    ("country", "text", "code"),
    [
        ("US", "TX", "TX"),
        ("US", "tx", "TX"),
        ("US", "US-TX", "TX"),
        ("US", "Texas", "TX"),
        ("US", " new york ", "NY"),
        ("US", "District of Columbia", "DC"),
        ("US", "US", ""),
        ("US", "Bavaria", ""),
        ("DE", "BY", "BY"),
        ("DE", "de-by", "BY"),
        ("DE", "Bayern", "BY"),
        ("DE", "TX", ""),
        ("XX", "TX", ""),
    ],
)
def test_a_subdivision_is_named_by_code_or_name(country: str, text: str, code: str) -> None:
    assert subdivision_called(country, text) == code
