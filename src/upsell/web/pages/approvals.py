"""Approvals: orders above a limit, the forms that decide them, and what was decided; and any one order."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import DAY, HOUR, Clock, Duration, Moment, to_datetime
from upsell.decisions.commitments import Beyond
from upsell.decisions.rails import Rails
from upsell.errors import ConfigError
from upsell.ids import bare, is_account
from upsell.journeys.program import Program
from upsell.money import Money
from upsell.runtime.approving import Decision, approve, refuse
from upsell.runtime.cases import (
    Case,
    Cases,
    Decided,
    Filed,
    approval_content,
    case_content,
    read_cases,
    read_filed,
)
from upsell.runtime.costless import costless_order
from upsell.runtime.explaining import Shelf
from upsell.runtime.order_events import beyond_words
from upsell.runtime.order_words import MEANINGS, discount_words, margin_words, order_content, what_words
from upsell.runtime.overview import ReportBook, State, Tone
from upsell.runtime.results import date_words
from upsell.store.approvals import Act, Approval
from upsell.store.lending import Lender
from upsell.store.orders import Order, OrderState
from upsell.web.access import Right
from upsell.web.pages.customer import LARGEST_FORM
from upsell.web.pages.known import path_of
from upsell.web.pages.notices import Notice
from upsell.web.pages.posting import Form, done, posted
from upsell.web.pages.shell import Trouble, shown
from upsell.web.pages.shell import refuse as say_no

PATH: Final = "/approvals"
ORDERS: Final = "/orders"
_FOR_OTHERS: Final = "shown to whoever may see margins"

_TONES: Final = {
    OrderState.FULFILLED: Tone.GOOD,
    OrderState.FAILED: Tone.BAD,
    OrderState.ASKED: Tone.WARN,
    OrderState.WAITING: Tone.WARN,
}


class Fact(msgspec.Struct, frozen=True):
    """Something known, with what it is called and where more stands; no path for nowhere."""

    label: str
    words: str
    path: str = ""


class WaitingCase(msgspec.Struct, frozen=True):
    """An order that waits, in words."""

    key: str
    path: str
    what: str
    bills: str
    facts: tuple[Fact, ...]


class DecidedRow(msgspec.Struct, frozen=True):
    """A decision in words."""

    when: str
    state: State
    what: str
    path: str
    by: str
    because: str
    words: str


class ApprovalsPage(msgspec.Struct, frozen=True):
    """What the page says.

    Attributes:
        answer: How many wait, and until when, in a sentence.
        limits: Above what an order waits, in a sentence; empty where nothing does.
        only: Who alone may decide, by ``accepting.approvers``; empty for any approver.
        is_named: Whether who looks may decide.
        cases: What waits, those that lapse first.
        more: Where more of it stands; empty where that was all.
        decided: What was decided, the newest first.
        older: Where what was decided before stands; empty where that was all.
    """

    answer: str
    limits: str
    only: str
    is_named: bool
    cases: tuple[WaitingCase, ...]
    more: str
    decided: tuple[DecidedRow, ...]
    older: str


class OrderPage(msgspec.Struct, frozen=True):
    """What the page of one order says: what it is, where it stands, what is known, and its record."""

    key: str
    what: str
    state: State
    meaning: str
    facts: tuple[Fact, ...]
    record: tuple[DecidedRow, ...]
    is_waiting: bool


def approval_routes(lender: Lender, book: ReportBook, clock: Clock) -> list[HTTPRouteHandler]:
    """Give the routes of the page, of its two forms, and of each order."""
    shelf = Shelf()

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_approvals(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show what waits and what was decided."""
        after, before = _after(request), _before(request)
        program = book.program()
        with lender.lent() as connection:
            found = read_cases(connection, after, before)
        page = approvals_page(found, program, request.state.visit.name, clock.now())
        told = msgspec.json.encode(cases_content(found, page))
        return shown(request, "approvals.html", page, told=told)

    def decide(request: Request[Any, Any, Any], key: str, form: Form, act: Act) -> Response[bytes]:
        why = form.needed("why", "why, for the record")
        words = "" if act is Act.APPROVED else form.needed("words", "what the customer is told")
        decision = Decision(form.by.name, why, " ".join(words.split()))
        with lender.lent() as connection, shelf.lent(connection, is_past=False) as programs:
            order = read_filed(connection, key).order
            if act is Act.APPROVED:
                approve(connection, clock, programs, order, decision)
                return done(request, PATH, Notice.ORDER_APPROVED)
            refuse(connection, clock, programs, order, decision)
            return done(request, PATH, Notice.ORDER_REFUSED)

    @route(
        [f"{PATH}/{{key:str}}/approve"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def approve_order(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
        """Approve an order."""
        return await posted(request, lambda form: decide(request, key, form, Act.APPROVED))

    @route(
        [f"{PATH}/{{key:str}}/refuse"],
        http_method=["POST"],
        status_code=HTTPStatus.SEE_OTHER,
        include_in_schema=False,
        request_max_body_size=LARGEST_FORM,
    )
    async def refuse_order(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
        """Refuse an order."""
        return await posted(request, lambda form: decide(request, key, form, Act.REFUSED))

    @route(
        [f"{ORDERS}/{{key:str}}"], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False
    )
    def show_order(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
        """Show one order."""
        program = book.program()
        try:
            with lender.lent() as connection:
                filed = read_filed(connection, key)
        except ConfigError as error:
            said = Trouble("There is no such order", f"{str(error)[:1].upper()}{str(error)[1:]}.", "")
            return say_no(request, said, "unknown", HTTPStatus.NOT_FOUND)
        sees_margins = Right.SEE_MARGINS in request.state.visit.rights
        if not sees_margins:
            filed = msgspec.structs.replace(filed, order=costless_order(filed.order))
        content = {**order_content(filed.order), "record": [approval_content(row) for row in filed.record]}
        page = order_page(filed, program, sees_margins=sees_margins)
        return shown(request, "order.html", page, told=msgspec.json.encode(content))

    return [show_approvals, approve_order, refuse_order, show_order]


def approvals_page(found: Cases, program: Program | None, viewer: str, now: Moment) -> ApprovalsPage:
    """Give what the page says to somebody."""
    named = program.accepting.approvers if program is not None else ()
    last = found.waiting[-1].order if found.has_more else None
    return ApprovalsPage(
        answer=_answer(found, now),
        limits=_limits(program),
        only=", ".join(named),
        is_named=not named or viewer.casefold() in {each.casefold() for each in named},
        cases=tuple(_waiting(each, program, now) for each in found.waiting),
        more=f"{PATH}?{urlencode({'after': f'{last.decide_by}.{last.key}'})}" if last is not None else "",
        decided=tuple(map(_decided, found.decided)),
        older=f"{PATH}?before={found.decided[-1].row.number}" if found.has_older else "",
    )


def order_page(filed: Filed, program: Program | None, *, sees_margins: bool = True) -> OrderPage:
    """Give what the page of an order says to somebody."""
    order = filed.order
    return OrderPage(
        key=order.key,
        what=what_words(order),
        state=State(order.state.value.replace("_", " "), _TONES.get(order.state, Tone.CALM)),
        meaning=MEANINGS[order.state],
        facts=tuple(_order_facts(order, program, sees_margins=sees_margins)),
        record=tuple(_decided(Decided(row, order)) for row in filed.record),
        is_waiting=order.state is OrderState.ASKED,
    )


def cases_content(found: Cases, page: ApprovalsPage) -> dict[str, Any]:
    """Give the same as plain data."""
    return {
        "waiting": [case_content(each) for each in found.waiting],
        "more": page.more,
        "decided": [approval_content(each.row) for each in found.decided],
        "older": page.older,
    }


def _after(request: Request[Any, Any, Any]) -> tuple[Moment, str]:
    """Read after which case the page goes on; what is none is the first."""
    at, _, key = request.query_params.get("after", "").partition(".")
    return (int(at), key) if at.isdecimal() and len(at) < 19 and key.isprintable() else (0, "")


def _before(request: Request[Any, Any, Any]) -> int | None:
    said = request.query_params.get("before", "")
    return int(said) if said.isdecimal() and len(said) < 19 else None


def _answer(found: Cases, now: Moment) -> str:
    if not found.waiting:
        return "Nobody waits for a decision."
    first, total = found.waiting[0].order, len(found.waiting)
    if total == 1 and not found.has_more:
        said = "1 order waits"
    else:
        said = f"{'More than ' if found.has_more else ''}{total} orders wait"
    if first.decide_by is None:
        return f"{said}."
    return f"{said}; the first lapses {left_words(first.decide_by - now)}."


def _limits(program: Program | None) -> str:
    """Say above what an order waits."""
    if program is None or not program.accepting.approval_above:
        return ""
    above = ", ".join(
        str(Money(most, currency)) for currency, most in sorted(program.accepting.approval_above.items())
    )
    return f"An order above {above} over twelve months waits here, and nothing is charged before."


def left_words(left: Duration) -> str:
    """Say in how long something is."""
    if left <= 0:
        return "now"
    if left < 2 * HOUR:
        return "within two hours"
    if left < 2 * DAY:
        return f"in {left // HOUR} hours"
    return f"in {left // DAY} days"


def _waiting(case: Case, program: Program | None, now: Moment) -> WaitingCase:
    order, asked = case.order, case.asked
    facts = [_customer(order)]
    if asked is not None:
        facts.append(Fact("Comes to", _asked_words(asked)))
    if order.decide_by is not None:
        facts.append(Fact("Lapses", f"{date_words(order.decide_by)}, {left_words(order.decide_by - now)}"))
    facts += [*_how(order), *_terms_facts(order, program)]
    price = "" if order.terms.price is None else f" at {Money(order.terms.price, order.terms.currency)}"
    per = f" per {order.terms.interval}" if price and order.terms.interval else ""
    return WaitingCase(
        order.key, f"{ORDERS}/{quote(order.key, safe='')}", what_words(order), f"{price}{per}", tuple(facts)
    )


def _customer(order: Order) -> Fact:
    return Fact("Accepted by", order.customer_id, path_of(f"c:{order.customer_id}"))


def _how(order: Order) -> Iterator[Fact]:
    if is_account(order.household_id):
        yield Fact("Paid by", bare(order.household_id), path_of(order.household_id))
    yield Fact("Accepted", f"{date_words(order.accepted_at)}, by {order.via.value}")


def _terms_facts(order: Order, program: Program | None, *, sees_margins: bool = True) -> Iterator[Fact]:
    terms = order.terms
    if terms.full is not None and terms.price is not None and terms.full != terms.price:
        yield Fact("Instead of", str(Money(terms.full, terms.currency)))
    rails = program.policy.rails if program is not None else Rails()
    yield Fact("Discount", discount_words(terms, rails))
    yield Fact("Margin", margin_words(terms, rails) if sees_margins else _FOR_OTHERS)
    yield Fact(
        "Offered by", order.workflow, f"/workflows/{quote(order.workflow, safe='')}" if order.workflow else ""
    )


def _order_facts(order: Order, program: Program | None, *, sees_margins: bool) -> Iterator[Fact]:
    yield _customer(order)
    yield from _how(order)
    yield from _terms_facts(order, program, sees_margins=sees_margins)
    if order.decide_by is not None and order.state is OrderState.ASKED:
        yield Fact("Lapses", date_words(order.decide_by))
    if order.attempts:
        yield Fact("Billing was told", f"{order.attempts} time{'s' if order.attempts != 1 else ''}")
    for label, amount in (
        ("Charged at once", order.paid),
        ("Given back", order.refunded),
        ("Credited", order.credited),
    ):
        if amount:
            yield Fact(label, str(Money(amount, order.terms.currency)))
    if order.guarantee:
        yield Fact("Promised", order.guarantee)
    if order.detail:
        yield Fact("Said", order.detail)
    if order.answer:
        yield Fact("The customer is told", order.answer)
    if order.finished_at is not None:
        yield Fact("Since", date_words(order.finished_at))


def _decided(each: Decided) -> DecidedRow:
    row = each.row
    tone = {Act.APPROVED: Tone.GOOD, Act.REFUSED: Tone.BAD, Act.ASKED: Tone.WARN}.get(row.act, Tone.CALM)
    because = _asked_words(row) if row.act is Act.ASKED else row.because
    return DecidedRow(
        when=f"{to_datetime(row.done_at):%Y-%m-%d %H:%M}",
        state=State(row.act.value, tone),
        what=what_words(each.order) if each.order is not None else row.key,
        path=f"{ORDERS}/{quote(row.key, safe='')}",
        by=row.done_by,
        because=because,
        words=row.words,
    )


def _asked_words(row: Approval) -> str:
    return beyond_words(Beyond(row.total, row.most, row.currency))
