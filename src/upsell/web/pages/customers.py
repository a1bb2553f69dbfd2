"""Customers and accounts: found by id, and of one of them all that is known, happened and was decided."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock, Moment
from upsell.decisions.addresses import address_key
from upsell.decisions.reach import EMAIL, SMS
from upsell.decisions.reasons import MEANINGS
from upsell.errors import ConfigError
from upsell.ids import UnitId, bare, customer_unit, is_account
from upsell.runtime.consent_history import standing_words
from upsell.runtime.contacting import Reached
from upsell.runtime.costless import costless, costless_answer
from upsell.runtime.explaining import Answer, Shelf
from upsell.runtime.moments import moment_of
from upsell.runtime.results import date_words
from upsell.runtime.standing_words import Use, plan_words, uses_of
from upsell.store.connect import Connection
from upsell.store.lending import Lender
from upsell.store.suppressions import find_addressed
from upsell.store.timeline import search_units
from upsell.web.access import Right
from upsell.web.pages.known import PATH, Known, known_content, past_fault, path_of, read_known, read_place
from upsell.web.pages.preview import preview_path
from upsell.web.pages.shell import Trouble, path_asked, refuse, shown
from upsell.web.pages.timeline import TimelineRow, minute, timeline_row

MOST_FOUND: Final = 50
"""How many are listed at most."""

_LONGEST: Final = 300


class FoundRow(msgspec.Struct, frozen=True):
    """Somebody who was found: their id, where their page is, what they are, in whose household, and how."""

    unit: str
    path: str
    kind: str
    of: str
    how: str = ""


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


class Address(msgspec.Struct, frozen=True):
    """An address of a customer in words: by what it is reached, it, and whether anything is sent there."""

    channel: str
    address: str
    words: str
    tone: str


class Member(msgspec.Struct, frozen=True):
    """A customer of an account, and where their page is."""

    name: str
    path: str


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
        unit: Their id as a unit.
        addresses: Where a customer is reached, now.
        can_stop: Whether there is an address that is written to.
        can_resume: Whether there is one that the team suppressed.
        members: Customers of an account.
        more_members: Where those after them stand; empty where that was all.
        preview: Where it is shown what a customer would get; empty for an account.
        account: The account that a customer belongs to; None for none.
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
    unit: str
    addresses: tuple[Address, ...]
    can_stop: bool
    can_resume: bool
    members: tuple[Member, ...]
    more_members: str
    preview: str
    account: Member | None


def customer_routes(lender: Lender, shelf: Shelf, clock: Clock) -> list[HTTPRouteHandler]:
    """Give the routes of the search, and of the page of each customer and account."""

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def search(request: Request[Any, Any, Any]) -> Response[bytes]:
        """List whose ids begin so."""
        asked = request.query_params.get("q", "").strip()[:_LONGEST]
        beginning = asked[2:] if asked[:2] in ("a:", "c:") else asked
        with lender.lent() as connection:
            is_one = beginning.isprintable() and bool(asked)
            found = search_units(connection, beginning, MOST_FOUND + 1) if is_one else ()
            written = written_to(connection, asked) if is_one else ()
        rows = [found_row(each.unit_id, each.household_id) for each in found[:MOST_FOUND]]
        rows += [found_row(each, each, "written to at this address") for each in written]
        page = SearchPage(asked, tuple(rows), len(found) > MOST_FOUND)
        return shown(request, "customers.html", page)

    @route(
        [f"{PATH}/{{unit:path}}"], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False
    )
    def show_customer(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show all of one customer or account."""
        unit = unquote(path_asked(request).partition(f"{PATH}/")[2])
        said, now = request.query_params.get("at", "").strip(), clock.now()
        before = read_place(request.query_params.get("before", ""))
        after = request.query_params.get("after", "")[:_LONGEST]
        past, fault = _past(said, now)
        with lender.lent() as connection:
            too_long = past_fault(connection, unit, past) if past is not None else ""
        past, fault = (None, too_long) if too_long else (past, fault)
        try:
            with lender.lent() as connection, shelf.lent(connection, is_past=past is not None) as programs:
                known = read_known(connection, programs, unit, now, past, before, after)
        except ConfigError as error:
            words = f"{str(error)[:1].upper()}{str(error)[1:]}."
            trouble = Trouble("Nothing can be said of them", words, "Look for them by how their id begins.")
            return refuse(request, trouble, "unknown", HTTPStatus.NOT_FOUND)
        if Right.SEE_MARGINS not in request.state.visit.rights:
            happened = tuple(
                msgspec.structs.replace(each, said=costless(each.said)) for each in known.happened
            )
            answer = costless_answer(known.answer)
            known = msgspec.structs.replace(known, happened=happened, answer=answer)
        page = customer_page(known, said if past is not None else "", fault)
        told = msgspec.json.encode(known_content(known, fault))
        return shown(request, "customer_page.html", page, told=told)

    return [search, show_customer]


def found_row(unit_id: UnitId, household_id: UnitId, how: str = "") -> FoundRow:
    """Give the row of somebody who was found, by how their id begins or as is said."""
    kind = "account" if is_account(unit_id) else "customer"
    of = bare(household_id) if household_id != unit_id else ""
    return FoundRow(unit_id, path_of(unit_id), kind, of, how)


def written_to(connection: Connection, asked: str) -> tuple[UnitId, ...]:
    """Give customers who were written to at an address, some of them; () for what is no address."""
    channel = EMAIL if "@" in asked else SMS
    if channel == SMS and not asked.startswith("+"):
        return ()
    found = find_addressed(connection, [address_key(channel, asked)])
    return tuple(customer_unit(customer_id) for _, customer_id in found[:MOST_FOUND])


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
        plan=plan_words(answer.standing),
        uses=uses_of(answer.standing),
        whys=_whys(answer),
        notes=tuple(_notes(answer)),
        segments=tuple(f"{one.segment}, since {minute(one.since)}" for one in answer.segments),
        traits=tuple((key, str(value)) for key, value in sorted(known.traits.items())),
        consents=()
        if known.consents is None
        else tuple(f"{words} ({minute(moment)})" for words, moment in standing_words(known.consents)),
        timeline=tuple(map(timeline_row, known.happened)),
        older=known.older,
        unit=answer.unit_id,
        addresses=tuple(map(_address, known.reached)),
        can_stop=any(each.suppressed is None for each in known.reached),
        can_resume=any(each.is_stopped_by_hand for each in known.reached),
        members=tuple(Member(bare(each), path_of(each)) for each in known.members),
        more_members=known.more_members,
        preview="" if is_account(answer.unit_id) else preview_path(answer.unit_id),
        account=Member(bare(known.account), path_of(known.account)) if known.account else None,
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


def _whys(answer: Answer) -> tuple[Why, ...]:
    return tuple(
        Why(
            one.workflow,
            f"{one.words[:1].upper()}{one.words[1:]}.",
            one.would_enter,
            tuple(
                f"{minute(each.decided_at)}: {MEANINGS[each.reason]}"
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


def _address(each: Reached) -> Address:
    held = each.suppressed
    if held is None:
        return Address(each.channel, each.address, "may be written to", "good")
    cause = held.cause.value.replace("_", " ")
    return Address(each.channel, each.address, f"nothing is sent there ({cause}, by {held.source})", "warn")
