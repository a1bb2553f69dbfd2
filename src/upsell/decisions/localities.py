"""Localities: where somebody may be, by everything that is known of them.

For hours that depend on the place. Asked are the country and area of the phone number (traits
``phone``), the stated address (``country`` with ``state`` or ``region``) and the time zone of the profile
(``timezone``). The law: no hint overrules another. Where all agree on a clock it is that one; where they
do not, each place stands by its own clocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache

import msgspec
import phonenumbers
from babel.core import get_global
from phonenumbers.timezone import time_zones_for_number

from upsell.clock import Moment
from upsell.decisions.hours import wall_at, zone_of
from upsell.decisions.public_holidays import subdivision_called
from upsell.decisions.us_states import AREA_CODES, CLOCKS, STATES, TERRITORIES
from upsell.rules.facts import Scalar

NORTH_AMERICA = 1
"""The calling code that the United States share with Canada and much of the Caribbean."""


class Locality(msgspec.Struct, frozen=True):
    """A place somebody may be in.

    Attributes:
        country: ISO 3166 code in capitals; empty when not known. A territory of the United States is a
            subdivision of them.
        subdivision: The second half of the ISO 3166-2 code; empty when not known.
        zones: IANA zones of every clock there, as far as they may be told apart.
        told_by: What tells of it, in words.
    """

    country: str
    subdivision: str
    zones: tuple[str, ...]
    told_by: str


def find_localities(
    customer: Mapping[str, Scalar], account: Mapping[str, Scalar], otherwise: str, now: Moment
) -> tuple[Locality, ...]:
    """Give the places somebody may be in at ``now``, at least one.

    A place that says less than another, such as a country beside one of its states, is none of its own.

    Args:
        customer: Traits of the person.
        account: Traits of their account, which tell what their own do not; never the phone.
        otherwise: Zone of the team, where nothing else is known.
        now: The moment at which clocks are compared.
    """
    stated = [each for each in (phone_locality(customer), address_locality(customer, account)) if each]
    zone = zone_of(customer, account, "")
    places = [place for at, place in enumerate(stated) if not _is_told_better(place, at, stated)]
    if zone and not any(_clocks((zone,), now) & _clocks(place.zones, now) for place in places):
        # Their clock is none of those places', so they may be wherever it is.
        places.append(Locality(country_of_zone(zone), "", (zone,), "their time zone"))
    if not places:
        return (Locality(country_of_zone(otherwise), "", (otherwise,), "the team's time zone"),)
    hints = [*([(zone,)] if zone else []), *(place.zones for place in stated)]
    shared = frozenset.intersection(*(_clocks(zones, now) for zones in hints))
    if not shared:
        return tuple(places)
    zones = tuple(each for each in hints[0] if _clock(each, now) in shared)
    return tuple(msgspec.structs.replace(place, zones=zones) for place in places)


def phone_locality(customer: Mapping[str, Scalar]) -> Locality | None:
    """Give where the phone number of the trait ``phone`` belongs; None without one that can be read.

    Read are numbers with their calling code (E.164), and those as they are dialled in the country of the
    trait ``country``. Of a number that belongs to no area the country is known and its state is not.
    """
    phone = customer.get("phone")
    return _numbered(phone, _text(customer, "country").upper()) if isinstance(phone, str) else None


def address_locality(customer: Mapping[str, Scalar], account: Mapping[str, Scalar]) -> Locality | None:
    """Give where the stated address is: the person's country, else their account's; None without one."""
    country, subdivision = country_told(customer, account)
    zones = _zones_in(country, subdivision)
    return Locality(country, subdivision, zones, "their address") if zones else None


def country_told(customer: Mapping[str, Scalar], account: Mapping[str, Scalar]) -> tuple[str, str]:
    """Give the country somebody says they are in and its subdivision, each empty where it is not told.

    The person's own trait ``country`` (ISO 3166) comes first, then the account's; the subdivision is that
    of ``state``, else ``region``, and one that the country does not have counts as none.
    """
    for asked, traits in enumerate((customer, account), start=1):
        country = _text(traits, "country").upper()
        if country in TERRITORIES:
            return "US", country
        if _zones_of(country):
            holders = (customer, account)[:asked]
            named = (_text(holder, key) for holder in holders for key in ("state", "region"))
            return country, next(filter(None, (subdivision_called(country, each) for each in named)), "")
    return "", ""


def country_of_zone(zone: str) -> str:
    """Give the country whose clock a zone is, by ISO 3166 code; empty where it is nobody's, such as UTC."""
    known = get_global("zone_territories")
    country = known.get(zone) or known.get(get_global("zone_aliases").get(zone, ""), "")
    if country in TERRITORIES:
        return "US"
    return country if _zones_of(country) else ""


@lru_cache(maxsize=4_096)
def _numbered(phone: str, dialled_in: str) -> Locality | None:
    try:
        number = phonenumbers.parse(phone, dialled_in or None)
    except phonenumbers.NumberParseException:
        return None
    told_by = "their phone"
    region = phonenumbers.region_code_for_number(number)
    if number.country_code == NORTH_AMERICA and region in (None, "US", *TERRITORIES):
        state = AREA_CODES.get(phonenumbers.national_significant_number(number)[:3], "")
        zones = _zones_of_number(number, "US") if state else CLOCKS
        return Locality("US", state, zones or _zones_in("US", state), told_by)
    country = region or phonenumbers.region_code_for_country_code(number.country_code or 0)
    zones = _zones_of_number(number, country) or _zones_in(country, "")
    return Locality(country, "", zones, told_by) if zones else None


def _zones_of_number(number: phonenumbers.PhoneNumber, country: str) -> tuple[str, ...]:
    """Give the zones of a number's area that are the country's, where libphonenumber knows any."""
    return tuple(zone for zone in time_zones_for_number(number) if country_of_zone(zone) == country)


def _zones_in(country: str, subdivision: str) -> tuple[str, ...]:
    if country == "US":
        return STATES[subdivision].zones if subdivision else CLOCKS
    return _zones_of(country)


def _zones_of(country: str) -> tuple[str, ...]:
    """Give the zones of a country; none of what is no country, such as those for the whole world (001)."""
    is_country = len(country) == 2 and country != "ZZ"
    return tuple(get_global("territory_zones").get(country, ())) if is_country else ()


def _is_told_better(place: Locality, at: int, stated: Sequence[Locality]) -> bool:
    """Tell whether another place is in the same country and says more, or says as much and came first."""
    return any(
        other.country == place.country
        and (
            (not place.subdivision and bool(other.subdivision))
            or (place.subdivision == other.subdivision and before < at)
        )
        for before, other in enumerate(stated)
    )


def _clocks(zones: Iterable[str], now: Moment) -> frozenset[timedelta]:
    return frozenset(_clock(zone, now) for zone in zones)


def _clock(zone: str, now: Moment) -> timedelta:
    """Give how far a zone's clock is from UTC's now: two that are as far show the same."""
    return wall_at(zone, now).utcoffset() or timedelta()


def _text(traits: Mapping[str, Scalar], name: str) -> str:
    value = traits.get(name)
    return value.strip() if isinstance(value, str) else ""
