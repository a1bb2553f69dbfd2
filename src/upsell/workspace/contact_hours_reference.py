"""The reference page of the legal contact hours that are shipped, written from their rows."""

from __future__ import annotations

from itertools import groupby

from upsell.decisions.contact_law import LegalHours, jurisdiction_name
from upsell.decisions.hours import Week, common
from upsell.workspace.contact_law import shipped_law
from upsell.workspace.reference import GENERATED
from upsell.workspace.scalars import WEEKDAYS

_HEAD = """\
# Legal contact hours

When the law lets people be sent texts, as shipped. These are notes of engineers, **not legal advice**:
have counsel read them. What counsel reads otherwise is written in `contact_hours.yaml` of the workspace,
which takes the place of all rows of the jurisdictions it names; how it is asked is in the
[guide](../guides/contact-hours.md). Hours are those of the clocks of the places the recipient may be in.
Where sources disagree the stricter is taken, and said. The *table for texts* is support.referrizer.com,
TCPA Quiet Hours and State-Specific Rules for Text Campaigns; the *table for calls* is
dropcowboy.com/state-compliance.

| jurisdiction | hours | public holidays | in force | source | as of |
| --- | --- | --- | --- | --- | --- |"""


def contact_hours_page() -> str:
    """Write the page of the legal contact hours that are shipped."""
    law = shipped_law()
    rows = [_legal_row(row) for written in law.values() for row in written]
    countries = dict.fromkeys(place.partition("-")[0] for place in law if "-" in place)
    return "\n".join([GENERATED, "", _HEAD, *rows, "", *map(_unknown_part, countries)])


def _legal_row(row: LegalHours) -> str:
    """Write one row of the law."""
    period = " ".join(
        f"{word} {day}" for word, day in (("from", row.valid_from), ("until", row.valid_until)) if day
    )
    holidays = "closed" if row.hours.closes_on_holidays else "open"
    note = f" {row.note}" if row.note else ""
    return (
        f"| `{row.jurisdiction}` {jurisdiction_name(row.jurisdiction)} | {week_words(row.hours.week)} "
        f"| {holidays} | {period or 'always'} | {row.source.removesuffix('.')}.{note} | {row.as_of} |"
    )


def week_words(week: Week) -> str:
    """Write the hours of a week in English, days that are alike together."""
    parts = []
    for spans, alike in groupby(range(7), key=lambda day: week[day]):
        days = [WEEKDAYS[day].title() for day in alike]
        named = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
        hours = " and ".join(f"{_time(opens)} to {_time(closes)}" for opens, closes in spans)
        parts.append(f"{named} {hours or 'closed'}")
    return ", ".join(parts)


def _time(minute: int) -> str:
    """Write a minute of the day."""
    return f"{minute // 60:02}:{minute % 60:02}"


def _unknown_part(country: str) -> str:
    """Write what holds in a country of whose parts it is not known which."""
    rows = [
        row
        for place, written in shipped_law().items()
        if place.partition("-")[0] == country
        for row in written
        if not row.valid_until
    ]
    holidays = "closed" if any(row.hours.closes_on_holidays for row in rows) else "open"
    hours = week_words(common(*(row.hours.week for row in rows)))
    return (
        f"Where it is not known in which part of {jurisdiction_name(country)} somebody is, all of its rows "
        f"hold at once: {hours}; public holidays {holidays}.\n"
    )
