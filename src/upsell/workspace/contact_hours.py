"""Contact hours: when each channel may speak, as ``policy.hours`` says, and what is nonsense about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from upsell.decisions.contact_law import ContactLaw, jurisdiction_name
from upsell.decisions.hours import ALWAYS, EVERY_DAY, Hours, Week, common, weekly
from upsell.decisions.reach import CHANNELS
from upsell.workspace.findings import Findings, listed
from upsell.workspace.items import NOTHING_WRITTEN, Leaf, Record
from upsell.workspace.scalars import WEEKDAYS

LAWFUL: Final = frozenset({"sms"})
"""Channels that obey the law unless they are told why not."""

_OWN = ("from", "to", "days", "closed_on", "holidays")
_NEVER: Final[Week] = ((),) * 7


class ChannelHours(msgspec.Struct, frozen=True):
    """The team's own hours by channel, and which channels obey the law besides."""

    hours: Mapping[str, Hours]
    lawful: frozenset[str]


def compile_hours(record: Record, law: ContactLaw, findings: Findings) -> ChannelHours:
    """Compile ``policy.hours``; an empty one has no hours of the team's, and texts obey the law."""
    hours = {
        channel: _hours(written)
        for channel, written in record.records()
        if any(written.has(key) for key in _OWN)
    }
    lawful = frozenset(
        channel
        for channel in CHANNELS
        if _obeys_law(channel, record.record(channel) or NOTHING_WRITTEN, findings)
    )
    for channel, own in hours.items():
        written = record.record(channel) or NOTHING_WRITTEN
        shut = list(_shut_by_law(own, law)) if channel in lawful else []
        if shut:
            findings.warning(
                record.keys[channel],
                f"expected hours of {channel} that open somewhere in the week, got some that never do "
                f"{listed(shut)}",
                hint="the law holds besides the team's own hours; give other times or days, or nobody there "
                "is ever sent anything",
                code="never-open",
            )
        elif own.week == _NEVER:
            findings.warning(
                written.place, f"expected hours of {channel} that open, got none", code="never-open"
            )
    return ChannelHours(hours, lawful)


def _hours(record: Record) -> Hours:
    """Compile when a channel may speak by the team's own hours."""
    days = frozenset(WEEKDAYS.index(leaf.text) for leaf in record.leaves("days"))
    return Hours(
        weekly(record.integer("from"), record.integer("to", 1_440), days or EVERY_DAY),
        frozenset(leaf.text for leaf in record.leaves("closed_on")),
        closes_on_holidays=record.text("holidays") == "closed",
    )


def _obeys_law(channel: str, record: Record, findings: Findings) -> bool:
    """Tell whether a channel obeys the law; one that must is only freed of it by a reason."""
    said = record.items.get("law")
    if isinstance(said, Record):
        return False
    if not isinstance(said, Leaf):
        return channel in LAWFUL
    if said.text == "false" and channel in LAWFUL:
        findings.error(
            said.place,
            f"expected a reason why {channel} need not obey the law, got false",
            hint="law: {off_because: what counsel said, and when}",
            code="law-without-reason",
        )
    return said.text == "true"


def _shut_by_law(own: Hours, law: ContactLaw) -> Iterator[str]:
    """Name where own hours never open by law: countries, parts of others, others of an unknown part."""
    weeks = {
        place: common(*(row.hours.week for row in rows if not row.valid_until)) for place, rows in law.items()
    }
    for country in dict.fromkeys(place.partition("-")[0] for place in weeks):
        open_above = common(own.week, weeks.get(country, ALWAYS))
        parts = [place for place in weeks if place.startswith(f"{country}-")]
        if open_above == _NEVER:
            yield f"in {jurisdiction_name(country)}"
            continue
        for place in parts:
            if common(open_above, weeks[place]) == _NEVER:
                yield f"in {jurisdiction_name(place)}"
        if common(open_above, *(weeks[place] for place in parts)) == _NEVER:
            yield f"where the part of {jurisdiction_name(country)} is not known"
