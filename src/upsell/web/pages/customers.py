"""Customers and accounts: found by id, and of one of them all that is known, happened and was decided."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock, Moment, to_datetime
from upsell.decisions.reasons import MEANINGS, Reason
from upsell.decisions.standing import Standing
from upsell.errors import ConfigError
from upsell.ids import bare, is_account
from upsell.money import Money
from upsell.runtime.consent_history import standing_words
from upsell.runtime.costless import costless
from upsell.runtime.explaining import Answer, Shelf
from upsell.runtime.moments import moment_of
from upsell.runtime.results import date_words
from upsell.store.lending import Lender
from upsell.store.timeline import Happened, Kind, search_units
from upsell.web.access import Right
from upsell.web.pages.known import PATH, Known, kind_of, known_content, path_of, read_known, read_place
from upsell.web.pages.shell import Trouble, path_asked, refuse, shown

MOST_FOUND: Final = 50
"""How many are listed at most."""

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
                path_of(each.unit_id),
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
        said, now = request.query_params.get("at", "").strip(), clock.now()
        before = read_place(request.query_params.get("before", ""))
        past, fault = _past(said, now)
        try:
            with lender.lent() as connection, shelf.lent(connection, is_past=past is not None) as programs:
                known = read_known(connection, programs, unit, now, past, before)
        except ConfigError as error:
            words = f"{str(error)[:1].upper()}{str(error)[1:]}."
            trouble = Trouble("Nothing can be said of them", words, "Look for them by how their id begins.")
            return refuse(request, trouble, "unknown", HTTPStatus.NOT_FOUND)
        if Right.SEE_MARGINS not in request.state.visit.rights:
            happened = tuple(
                msgspec.structs.replace(each, said=costless(each.said)) for each in known.happened
            )
            known = msgspec.structs.replace(known, happened=happened)
        page = customer_page(known, said if past is not None else "", fault)
        told = msgspec.json.encode(known_content(known, fault))
        return shown(request, "customer_page.html", page, told=told)

    return [search, show_customer]


def customer_page(known: Known, at: str, fault: str) -> CustomerPage:
    """Give what the page says, with the past moment as it was asked for, or what is wrong with it."""
    answer = known.answer
    return CustomerPage(
        name=bare(answer.unit_id),
        kind="account" if is_account(answer.unit_id) else "customer",
        path=path_of(answer.unit_id),
        asked_as=bare(answer.asked_as) if answer.asked_as is not None else "",
        as_of=date_words(answer.at),
        at=at,
        fault=fault,
        plan=_plan(answer.standing),
        uses=_uses(answer.standing),
        whys=_whys(answer),
        notes=tuple(_notes(answer)),
        segments=tuple(f"{one.segment}, since {_minute(one.since)}" for one in answer.segments),
        traits=tuple((key, str(value)) for key, value in sorted(known.traits.items())),
        consents=()
        if known.consents is None
        else tuple(f"{words} ({_minute(moment)})" for words, moment in standing_words(known.consents)),
        timeline=tuple(map(_row, known.happened)),
        older=known.older,
    )


def _past(said: str, now: Moment) -> tuple[Moment | None, str]:
    """Read a past moment that was asked about, or say what is wrong with it."""
    try:
        past = moment_of(said, "moment") if said else None
        if past is not None and past > now:
            msg = f"expected a moment that is past, got {said}"
            raise ConfigError(msg)
    except ConfigError as error:
        return None, f"{str(error)[:1].upper()}{str(error)[1:]}. This is as of now."
    return past, ""


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


def _row(each: Happened) -> TimelineRow:
    if each.place.kind is Kind.DECISION:
        words = MEANINGS[Reason(each.said)]
        rule = f" ({each.rule})" if each.rule else ""
        return TimelineRow(_minute(each.occurred_at), each.name, f"{words}{rule}", kind_of(each))
    said = "" if each.said in ("", "{}") else each.said
    short = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
    return TimelineRow(_minute(each.occurred_at), each.name, short, kind_of(each))


def _minute(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d %H:%M}"


def _day(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d}"
