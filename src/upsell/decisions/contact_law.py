"""Contact law: the hours at which the law of a place lets people be sent texts, as dated data.

Each row says what a jurisdiction's law is read to be, by which source and as of when; a change of law is a
new row. The law of this module: of every row that binds, the strictest holds; and where a country has laws
of its states and the state is not known, those of every state do. Notes of engineers, not legal advice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import msgspec
from babel import Locale

from upsell.decisions.hours import Hours
from upsell.decisions.us_states import STATES


class LegalHours(msgspec.Struct, frozen=True):
    """One row: when the law of a jurisdiction lets people be sent texts.

    Attributes:
        jurisdiction: ISO 3166 code of a country, ``FR``, or of a part of one, ``US-TX``.
        hours: The hours, by the clock of who is written to.
        source: Where it is written, and where sources disagree which and how.
        as_of: The ISO date for which the source says so.
        valid_from: First ISO date on which it holds; empty for always.
        valid_until: First ISO date on which it no longer does; empty for never.
        note: What a reader should know besides.
    """

    jurisdiction: str
    hours: Hours
    source: str
    as_of: str
    valid_from: str = ""
    valid_until: str = ""
    note: str = ""


ContactLaw: TypeAlias = Mapping[str, tuple[LegalHours, ...]]
"""Rows by jurisdiction."""


def laws_in(law: ContactLaw, country: str, subdivision: str) -> Iterator[LegalHours]:
    """Give every row that binds in a place: its country's, and its subdivision's or, unknown, all of them."""
    yield from law.get(country, ())
    if subdivision:
        yield from law.get(f"{country}-{subdivision}", ())
    elif country:
        for jurisdiction, rows in law.items():
            if jurisdiction.startswith(f"{country}-"):
                yield from rows


def jurisdiction_name(jurisdiction: str) -> str:
    """Give what a jurisdiction is called in English; the code itself where no name is known."""
    country, _, subdivision = jurisdiction.partition("-")
    if country == "US":
        return STATES[subdivision].name if subdivision in STATES else "the United States"
    name = Locale("en").territories.get(country, country)
    return f"{name} ({jurisdiction})" if subdivision else str(name)
