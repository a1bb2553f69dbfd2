"""Customers and accounts: found by id, and of one of them all that is known, happened and was decided."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock, Moment, format_moment, to_datetime
from upsell.decisions.contact import Contact
from upsell.decisions.reasons import MEANINGS, Reason
from upsell.decisions.standing import Standing
from upsell.errors import ConfigError
from upsell.ids import bare, is_account
from upsell.money import Money
from upsell.runtime.consent_history import History, standing_words
from upsell.runtime.explaining import Answer, Shelf, explain_now, explain_past
from upsell.runtime.moments import moment_of
from upsell.runtime.preferences import read_customer
from upsell.runtime.programs import Programs
from upsell.runtime.results import date_words
from upsell.store.connect import Connection
from upsell.store.households import find_homes, read_unit_traits
from upsell.store.lending import Lender
from upsell.store.timeline import NOW, Happened, Kind, Place, read_timeline, search_units
from upsell.web.pages.shell import Trouble, path_asked, refuse, shown

PATH: Final = "/customers"

MOST_FOUND: Final = 50
"""How many are listed at most."""

MOST_HAPPENED: Final = 50
"""How many rows of a timeline stand on one page."""

_LONGEST: Final = 300


class FoundRow(msgspec.Struct, frozen=True):
    """Somebody who was found: their id, where their page is, what they are, and in whose household."""

    unit: str
    path: str
    kind: str
    of: str


class SearchPage(msgspec.Struct, frozen=True):
    """What was looked for, who was found, and whether there are more."""

    asked: str
    found: tuple[FoundRow, ...]
    has_more: bool


class Why(msgspec.Struct, frozen=True):
    """What one workflow answers, and what it decided before."""

    workflow: str
    words: str
    would_enter: bool
    recorded: tuple[str, ...]


class Use(msgspec.Struct, frozen=True):
    """Use of one metric beside its limit; None where none is known."""

    metric: str
    used: float
    limit: float | None
    words: str


class TimelineRow(msgspec.Struct, frozen=True):
    """One thing that happened or was decided, in words."""

    when: str
    what: str
    said: str
    kind: str


class CustomerPage(msgspec.Struct, frozen=True):
    """What is known of one customer or account.

    Attributes:
        unit: Their id as a unit.
        name: Their own id.
        kind: ``account`` or ``customer``.
        path: Where this page is.
        asked_as: The id asked by, where that went into theirs; empty for their own.
        as_of: As of when it is.
        at: The past moment asked about; empty for now.
        fault: What is wrong with the moment that was asked about; empty for nothing.
        plan: What they pay for, in a sentence.
        uses: What they use.
        whys: Why each workflow speaks to them or not.
        notes: What else stands in the way: full and suppressed addresses.
        segments: The segments they are in.
        traits: What is known of them, now.
        consents: What they consented to, now.
        timeline: What happened and was decided.
        older: Where what was before stands; empty where that was all.
    """

    unit: str
    name: str
    kind: str
    path: str
    asked_as: str
    as_of: str
    at: str
    fault: str
    plan: str
    uses: tuple[Use, ...]
    whys: tuple[Why, ...]
    notes: tuple[str, ...]
    segments: tuple[str, ...]
    traits: tuple[tuple[str, str], ...]
    consents: tuple[str, ...]
    timeline: tuple[TimelineRow, ...]
    older: str


def customer_routes(lender: Lender, clock: Clock) -> list[HTTPRouteHandler]:
    """Give the routes of the search, and of the page of each customer and account."""
    shelf = Shelf()

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def search(request: Request[Any, Any, Any]) -> Response[bytes]:
        """List whose ids begin so."""
        asked = request.query_params.get("q", "").strip()[:_LONGEST]
        beginning = asked[2:] if asked[:2] in ("a:", "c:") else asked
        with lender.lent() as connection:
            is_one = beginning.isprintable() and bool(asked)
            found = search_units(connection, beginning, MOST_FOUND + 1) if is_one else ()
        rows = tuple(
            FoundRow(
                each.unit_id,
                _path(each.unit_id),
                "account" if is_account(each.unit_id) else "customer",
                bare(each.household_id) if each.household_id != each.unit_id else "",
            )
            for each in found[:MOST_FOUND]
        )
        return shown(request, "customers.html", SearchPage(asked, rows, len(found) > MOST_FOUND))

    @route(
        [f"{PATH}/{{unit:path}}"], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False
    )
    def show_customer(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show all of one customer or account."""
        unit = unquote(path_asked(request).partition(f"{PATH}/")[2])
        said, before = request.query_params.get("at", "").strip(), request.query_params.get("before", "")
        past, fault = _past(said)
        try:
            with lender.lent() as connection, shelf.lent(connection, is_past=past is not None) as programs:
                page = customer_page(connection, unit, clock.now(), past, _place(before), programs)
        except ConfigError as error:
            words = f"{str(error)[:1].upper()}{str(error)[1:]}."
            trouble = Trouble("Nothing can be said of them", words, "Look for them by how their id begins.")
            return refuse(request, trouble, "unknown", HTTPStatus.NOT_FOUND)
        page = msgspec.structs.replace(page, at=said if past is not None else "", fault=fault)
        return shown(request, "customer_page.html", page)

    return [search, show_customer]


def customer_page(
    connection: Connection,
    name: str,
    now: Moment,
    past: Moment | None,
    before: Place,
    programs: Programs,
) -> CustomerPage:
    """Give what is known of a customer or an account, now or in the past.

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
    happened = read_timeline(connection, unit_id, home, MOST_HAPPENED + 1, start)
    path = _path(unit_id)
    asked = [("at", format_moment(past))] if past is not None else []
    last = happened[MOST_HAPPENED - 1].place if len(happened) > MOST_HAPPENED else None
    return CustomerPage(
        unit=unit_id,
        name=bare(unit_id),
        kind="account" if is_account(unit_id) else "customer",
        path=path,
        asked_as=bare(answer.asked_as) if answer.asked_as is not None else "",
        as_of=date_words(answer.at),
        at="",
        fault="",
        plan=_plan(answer.standing),
        uses=_uses(answer.standing),
        whys=_whys(answer),
        notes=tuple(_notes(answer)),
        segments=tuple(f"{one.segment}, since {_minute(one.since)}" for one in answer.segments),
        traits=tuple(
            (key, str(value)) for key, value in sorted(read_unit_traits(connection, unit_id).items())
        ),
        consents=_consents(connection, programs, unit_id, now),
        timeline=tuple(map(_row, happened[:MOST_HAPPENED])),
        older="" if last is None else f"{path}?{urlencode([*asked, ('before', _written(last))])}",
    )


def _path(unit_id: str) -> str:
    """Give where the page of a unit is, whatever its id holds."""
    return f"{PATH}/{quote(unit_id, safe='')}"


def _past(said: str) -> tuple[Moment | None, str]:
    """Read a past moment that was asked about, or say what is wrong with it."""
    try:
        return (moment_of(said, "moment") if said else None), ""
    except ConfigError as error:
        return None, f"{str(error)[:1].upper()}{str(error)[1:]}. This is as of now."


def _place(said: str) -> Place:
    """Read a place in a timeline; what is none is the top."""
    parts = said.split(".")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 19 for part in parts):
        return NOW
    at, kind, number = map(int, parts)
    return Place(at, Kind(kind), number) if kind in (0, 1) and at <= NOW.at else NOW


def _written(place: Place) -> str:
    return f"{place.at}.{place.kind.value}.{place.number}"


def _plan(standing: Standing | None) -> str:
    """Say what somebody pays for."""
    if standing is None:
        return "Nothing is known of what they pay for."
    plan = f"On {standing.plan}" if standing.plan else "On no plan"
    if standing.seats is None:
        return f"{plan}, without a subscription."
    due = (
        f", {Money(standing.amount or 0, standing.currency)} a {standing.interval}"
        if standing.currency
        else ""
    )
    renews = f", renews {_day(standing.renews_at)}" if standing.renews_at is not None else ""
    ends = f", ends {_day(standing.ends_at)}" if standing.ends_at is not None else ""
    return f"{plan}, {standing.seats:g} {'seat' if standing.seats == 1 else 'seats'}{due}{renews}{ends}."


def _uses(standing: Standing | None) -> tuple[Use, ...]:
    """Give what somebody uses beside its limits."""
    used = [each for each in standing.metrics if each.used is not None] if standing is not None else []
    return tuple(
        Use(
            each.metric,
            each.used or 0,
            each.limit,
            f"{each.used or 0:,.10g}"
            + (f" of {each.limit:,.10g}" if each.limit is not None else ", no limit known"),
        )
        for each in used
    )


def _whys(answer: Answer) -> tuple[Why, ...]:
    return tuple(
        Why(
            one.workflow,
            f"{one.words[:1].upper()}{one.words[1:]}.",
            one.would_enter,
            tuple(
                f"{_minute(each.decided_at)}: {MEANINGS[each.reason]}"
                + (f" ({each.rule})" if each.rule else "")
                for each in answer.recorded.get(one.workflow, ())
            ),
        )
        for one in answer.explanations
    )


def _notes(answer: Answer) -> Sequence[str]:
    """Say what else stands in the way."""
    suppressed = [
        f"An address is suppressed ({held.cause.value.replace('_', ' ')}, by {held.source}): {held.why}."
        for held in answer.suppressed
    ]
    full = [
        f"The address is full by what others were sent there ({each.rule})." for each in answer.full_address
    ]
    return [*suppressed, *full]


def _consents(connection: Connection, programs: Programs, unit_id: str, now: Moment) -> tuple[str, ...]:
    """Say what a customer consented to; an account does not consent."""
    newest = programs.newest()
    if is_account(unit_id) or newest is None:
        return ()
    customer, at = read_customer(connection, programs.program(newest.number), bare(unit_id), now)
    contact = customer.contact if customer is not None else Contact()
    # What holds now, without reading over all they ever said.
    held = standing_words(History(bare(unit_id), at, contact, ()))
    return tuple(f"{words} ({_minute(at)})" for words, at in held)


def _row(each: Happened) -> TimelineRow:
    if each.place.kind is Kind.DECISION:
        words = MEANINGS[Reason(each.said)]
        rule = f" ({each.rule})" if each.rule else ""
        return TimelineRow(_minute(each.occurred_at), each.name, f"{words}{rule}", "decision")
    said = "" if each.said in ("", "{}") else each.said
    short = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
    return TimelineRow(_minute(each.occurred_at), each.name, short, "ours" if each.is_derived else "event")


def _minute(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d %H:%M}"


def _day(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d}"
