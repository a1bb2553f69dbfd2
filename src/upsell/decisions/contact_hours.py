"""Contact hours: whether a channel may speak to somebody now, by the team's own hours and by the law.

For whoever decides and whoever sends. The law: a channel that obeys the law of the place asks every place
somebody may be in, by its own clock, and all must be open; any other asks the one clock of the recipient.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from upsell.clock import MINUTE, Moment
from upsell.decisions.contact_law import ContactLaw, jurisdiction_name, laws_in
from upsell.decisions.hours import (
    AHEAD,
    ContactHours,
    Hours,
    all_hold,
    opens_at,
    wall_at,
    zone_of,
)
from upsell.decisions.localities import Locality, country_of_zone, country_told, find_localities
from upsell.rules.facts import Scalar

OWN = ", by the team's own hours"
"""How hours that are no law's are told."""


class Opening(msgspec.Struct, frozen=True):
    """When a channel that is shut opens again.

    Attributes:
        at: The first moment at which it may speak, or at which it is asked again.
        told: What keeps it shut: by which clock, and by which rule.
    """

    at: Moment
    told: str


def hours_binding(
    own: Hours | None,
    law: ContactLaw | None,
    customer: Mapping[str, Scalar],
    account: Mapping[str, Scalar],
    team_zone: str,
    now: Moment,
) -> tuple[ContactHours, ...]:
    """Give all hours that bind a channel towards somebody.

    Args:
        own: The team's own hours for it, None without any.
        law: The law it obeys, None where it obeys none.
        customer: Traits of the person.
        account: Traits of their account; empty without one.
        team_zone: IANA zone of the team.
        now: The moment at which they are asked.
    """
    if law is not None:
        places = find_localities(customer, account, team_zone, now)
        return tuple(each for place in places for each in _binding(own, law, place))
    if own is None:
        return ()
    zone = zone_of(customer, account, team_zone)
    country = subdivision = ""
    if own.closes_on_holidays:
        country, subdivision = country_told(customer, account)
        country = country or country_of_zone(zone)
    return (ContactHours(own, zone, country, subdivision, told=f"in {zone}{OWN}"),)


def ask_contact_hours(binding: Sequence[ContactHours], now: Moment) -> Opening | None:
    """Say when it may be spoken again and what forbids it now, or None when it may.

    Told is what is shut now and opens last. Where nothing opens within 15 days, as much is told.
    """
    if all_hold(binding, now):
        return None
    at = opens_at(binding, now)
    shut = _shut(binding, now)
    if not all_hold(binding, at):
        then = opens_at(shut[:1], now)
        told = (_told(shut[0], now), *(_told(each, then) for each in _shut(binding, then)[:1]))
        return Opening(at, f"{' and '.join(dict.fromkeys(told))}; never open together within {AHEAD} days")
    last = _shut(binding, max(now, at - MINUTE))
    held = next((each for each in shut if each in last), None)
    # What opens last may be open now, and shut in between: then it is the last of what is shut now.
    return Opening(at, _told(held or max(shut, key=lambda each: opens_at((each,), now)), now))


def _binding(own: Hours | None, law: ContactLaw, place: Locality) -> Iterator[ContactHours]:
    """Give the hours that bind in one place, by each of its clocks."""
    rows = tuple(laws_in(law, place.country, place.subdivision))
    for zone in place.zones:
        where = f"in {zone} ({place.told_by})"
        if own is not None:
            yield ContactHours(own, zone, place.country, place.subdivision, told=f"{where}{OWN}")
        for row in rows:
            country, _, subdivision = row.jurisdiction.partition("-")
            is_one_of_many = bool(subdivision) and not place.subdivision
            doubt = ", where they may be" if is_one_of_many else ""
            yield ContactHours(
                row.hours,
                zone,
                country,
                subdivision or place.subdivision,
                row.valid_from,
                row.valid_until,
                f"{where}, by the law of {jurisdiction_name(row.jurisdiction)} as of {row.as_of}{doubt}",
            )


def _shut(binding: Sequence[ContactHours], now: Moment) -> list[ContactHours]:
    return [each for each in binding if not each.holds(wall_at(each.zone, now))]


def _told(shut: ContactHours, now: Moment) -> str:
    holiday = shut.holiday(wall_at(shut.zone, now))
    return shut.told if holiday is None else f"{shut.told}, closed on a public holiday, {holiday}"
