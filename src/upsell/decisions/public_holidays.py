"""Public holidays: the days that are holidays for everyone in a country, and those they are observed on.

Computed by the ``holidays`` library, its category of public holidays only: neither bank, school nor
optional ones. A holiday that is observed on another day closes both. The law: a place that is not
known has no holidays.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import holidays

from upsell.decisions.us_states import state_called


@lru_cache(maxsize=2_048)
def public_holidays(country: str, subdivision: str, year: int) -> Mapping[str, str]:
    """Give the public holidays of a year with their names, by ISO date.

    Args:
        country: ISO 3166 code in capitals.
        subdivision: The second half of its ISO 3166-2 code, whose own holidays count too; one that the
            country does not have counts as none.
        year: The year of the dates.
    """
    try:
        found = holidays.country_holidays(
            country,
            subdiv=_subdivisions(country).get(subdivision.upper()),
            years=year,
            observed=True,
            language="en_US",
        )
    except NotImplementedError:
        return {}
    return {day.isoformat(): name for day, name in sorted(found.items()) if day.year == year}


def subdivision_called(country: str, text: str) -> str:
    """Give the code of the subdivision of a country that a text names, or nothing.

    Taken are codes (``BY``, ``DE-BY``) and, where they are known, names (``Bayern``); letter case is
    ignored.
    """
    if country == "US":
        return state_called(text)
    plain = text.strip().casefold().removeprefix(f"{country.casefold()}-")
    return _subdivisions(country).get(plain.upper(), "") or _names(country).get(plain, "")


@lru_cache(maxsize=512)
def _subdivisions(country: str) -> Mapping[str, str]:
    """Give the codes of a country's subdivisions, by themselves in capitals."""
    return {code.upper(): code for code in _calendar(country).subdivisions}


@lru_cache(maxsize=512)
def _names(country: str) -> Mapping[str, str]:
    """Give the codes of a country's subdivisions by their names."""
    return {name.casefold(): code for name, code in _calendar(country).subdivisions_aliases.items()}


def _calendar(country: str) -> holidays.HolidayBase:
    """Give a country's calendar without any year; of a country that is not known, an empty one."""
    try:
        return holidays.country_holidays(country)
    except NotImplementedError:
        return holidays.HolidayBase()
