"""Known: all that the page of a customer or an account rests on, read once, and the same for machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from upsell.clock import Moment, format_moment
from upsell.decisions.contact import Contact
from upsell.errors import ConfigError
from upsell.ids import UnitId, account_unit, bare, customer_unit, is_account
from upsell.rules.facts import Scalar
from upsell.runtime.consent_history import History, history_content
from upsell.runtime.contacting import Reached, read_reached
from upsell.runtime.explained import answer_content
from upsell.runtime.explaining import Answer, explain_now, explain_past
from upsell.runtime.preferences import read_customer
from upsell.runtime.programs import Programs
from upsell.store.connect import Connection
from upsell.store.households import find_homes, read_unit_traits
from upsell.store.timeline import (
    NOW,
    Happened,
    Kind,
    Place,
    has_more_events,
    list_members,
    read_timeline,
)
from upsell.web.pages.timeline import kind_of, path_of_more

PATH: Final = "/customers"
"""Under which each customer and account has its page, by its id as a unit."""

MOST_HAPPENED: Final = 50
"""How many rows of a timeline stand on one page."""

MOST_LIVED: Final = 10_000
"""How many events of an account are lived again to say how it stood: what takes longer is no page."""

MOST_MEMBERS: Final = 20
"""How many customers of an account stand on one page."""


class Known(msgspec.Struct, frozen=True):
    """What is known of one customer or account.

    Attributes:
        answer: Why each workflow speaks to them or not, and what they pay for and use.
        past: The past moment asked about, None for now.
        traits: What is known of them, now.
        consents: What a customer allows, now; None of an account, which does not consent.
        happened: What happened and was decided, the newest first.
        older: Where what was before stands; empty where that was all.
        account: The account that a customer belongs to; empty for none, and for an account.
        reached: The addresses of a customer, and which of them are suppressed; now.
        members: Customers of an account, some at a time.
        more_members: Where those after them stand; empty where that was all.
    """

    answer: Answer
    past: Moment | None
    traits: Mapping[str, Scalar]
    consents: History | None
    reached: tuple[Reached, ...]
    members: tuple[UnitId, ...]
    more_members: str
    happened: tuple[Happened, ...]
    older: str
    account: UnitId = ""


def read_known(
    connection: Connection,
    programs: Programs,
    name: str,
    now: Moment,
    past: Moment | None,
    before: Place,
    member: UnitId = "",
) -> Known:
    """Read what is known of a customer or an account, now or in the past.

    Args:
        connection: The database.
        programs: The revisions.
        name: Their id.
        now: The present.
        past: The past moment asked about, None for now.
        before: The place in their timeline before which it begins.
        member: The customer of an account after whom its customers are listed.

    Raises:
        ConfigError: Nothing is known of them, or nothing is live.
    """
    if not name.isprintable():
        msg = f"expected an id in print, got {name!r}"
        raise ConfigError(msg)
    answer = (
        explain_now(connection, name, now, None, programs)
        if past is None
        else explain_past(connection, name, past, None, programs)
    )
    unit_id = answer.unit_id
    start = before if past is None else min(before, Place(past, Kind.DECISION, NOW.number))
    home = find_homes(connection, [unit_id]).get(unit_id, unit_id)
    timeline = read_timeline(connection, unit_id, home, MOST_HAPPENED, start)
    asked = [("at", format_moment(past))] if past is not None else []
    traits = read_unit_traits(connection, unit_id)
    members = list_members(connection, unit_id, MOST_MEMBERS + 1, member) if is_account(unit_id) else []
    more = [*asked, ("after", members[MOST_MEMBERS - 1])] if len(members) > MOST_MEMBERS else []
    last = timeline.older
    return Known(
        answer=answer,
        past=past,
        traits=traits,
        consents=_consents(connection, programs, unit_id, now),
        reached=() if is_account(unit_id) else read_reached(connection, traits),
        members=tuple(members[:MOST_MEMBERS]),
        more_members=f"{path_of(unit_id)}?{urlencode(more)}#members" if more else "",
        happened=timeline.happened,
        older="" if last is None else f"{path_of(unit_id)}?{urlencode([*asked, ('before', _written(last))])}",
        account=home if home != unit_id and is_account(home) else "",
    )


def past_fault(connection: Connection, name: str, past: Moment) -> str:
    """Say that somebody has too long a past to live it again for a page; empty where that is not so."""
    tried = [name] if name[:2] in ("a:", "c:") else [account_unit(name), customer_unit(name)]
    homes = find_homes(connection, tried) if name.isprintable() else {}
    if not any(has_more_events(connection, home, past, MOST_LIVED) for home in set(homes.values())):
        return ""
    asked = f"upsell explain {name} --at {format_moment(past)}"
    return (
        f"More than {MOST_LIVED:,} events happened to them by then, which takes long to go through: ask "
        f"`{asked}`. This is as of now."
    )


def known_content(known: Known, fault: str) -> dict[str, Any]:
    """Give the same as plain data: moments as ISO 8601, amounts in minor units, reasons by their codes."""
    unit_id, held = known.answer.unit_id, known.consents
    allowed = history_content(held) if held is not None else None
    return {
        **answer_content(known.answer),
        "path": path_of(unit_id),
        "past": format_moment(known.past) if known.past is not None else None,
        "fault": fault,
        "traits": dict(known.traits),
        "consents": {name: allowed[name] for name in ("given", "withdrawn", "paused")} if allowed else None,
        "addresses": [_reached_content(each) for each in known.reached],
        "account": known.account or None,
        "members": list(known.members),
        "more_members": known.more_members,
        "timeline": [_happened_content(each) for each in known.happened],
        "older": known.older,
    }


def path_of(unit_id: str) -> str:
    """Give where the page of a unit is, whatever its id holds."""
    return f"{PATH}/{quote(unit_id, safe='')}"


def read_place(said: str) -> Place:
    """Read a place in a timeline; what is none is the top."""
    parts = said.split(".")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 19 for part in parts):
        return NOW
    at, kind, number = map(int, parts)
    return Place(at, Kind(kind), number) if kind in (0, 1) and at <= NOW.at else NOW


def _written(place: Place) -> str:
    return f"{place.at}.{place.kind.value}.{place.number}"


def _reached_content(each: Reached) -> dict[str, Any]:
    held = each.suppressed
    return {
        "channel": each.channel,
        "address": each.address,
        "suppressed": held.cause.value if held is not None else None,
        "why": held.why if held is not None else None,
    }


def _happened_content(each: Happened) -> dict[str, Any]:
    is_event = each.place.kind is Kind.EVENT
    return {
        "at": format_moment(each.occurred_at),
        "kind": kind_of(each),
        "what": each.name,
        # Properties are kept as JSON.
        "said": msgspec.Raw((each.said or "{}").encode()) if is_event else each.said,
        "rule": each.rule,
        "source": each.source,
        "path": path_of_more(each) or None,
    }


def _consents(connection: Connection, programs: Programs, unit_id: str, now: Moment) -> History | None:
    """Give what a customer allows now, without reading over all they ever said."""
    newest = programs.newest()
    if is_account(unit_id) or newest is None:
        return None
    customer, at = read_customer(connection, programs.program(newest.number), bare(unit_id), now)
    return History(bare(unit_id), at, customer.contact if customer is not None else Contact(), ())
