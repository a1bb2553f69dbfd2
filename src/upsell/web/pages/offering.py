"""Offers and plans: what can be bought and what is proposed, one offer with its terms, and what became of it.

The law: what anything costs the team is not told here; that stands at ``/margins``.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, unquote

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.catalog.offers import Offer
from upsell.catalog.plans import Plan, Product
from upsell.clock import Clock, Moment
from upsell.money import Money
from upsell.runtime.costless import costless_text
from upsell.runtime.explaining import Shelf
from upsell.runtime.offered import (
    BudgetGiven,
    OfferUse,
    gives_words,
    limit_words,
    offering_workflows,
    price_words,
    read_budgets_given,
    read_uses,
    term_lines,
)
from upsell.runtime.overview import ReportBook, State, Tone
from upsell.runtime.price_margins import has_costs
from upsell.runtime.results import date_words
from upsell.store.lending import Lender
from upsell.store.revisions import newest_revision
from upsell.web.access import Right
from upsell.web.pages.offered_content import (
    PATH,
    Offered,
    by_tier,
    offer_content,
    offer_path,
    offers_content,
)
from upsell.web.pages.shell import Trouble, path_asked, refuse, shown
from upsell.workspace.documents import CATALOG
from upsell.workspace.excerpts import excerpt

MOST_ITEMS: Final = 50
"""How many of what is sold one by one stand on the page."""

AnyRequest = Request[Any, Any, Any]


class OfferRow(msgspec.Struct, frozen=True):
    """One offer in a line."""

    key: str
    path: str
    title: str
    kind: str
    gives: str
    state: State
    workflows: tuple[str, ...]
    taken: int
    budget: str


class SoldRow(msgspec.Struct, frozen=True):
    """One thing that can be bought, in a line."""

    key: str
    name: str
    what: str
    prices: tuple[str, ...]
    includes: tuple[str, ...]
    is_for_sale: bool


class BudgetRow(msgspec.Struct, frozen=True):
    """What a workflow gave of its budget, in words, and as a share of it."""

    workflow: str
    words: str
    accepted: int
    budget: int


class OffersPage(msgspec.Struct, frozen=True):
    """What the page of offers and plans says; a page before anything was applied has no rows.

    Attributes:
        answer: How many offers there are, and how many are made, in a sentence.
        as_of: As of when.
        offers: Each offer.
        plans: Each plan.
        products: What is sold beside plans.
        items: Some of what is sold one by one.
        more_items: How many more of them there are.
        budgets: The discount budgets of workflows.
        has_costs: Whether margins can be told.
    """

    answer: str
    as_of: str
    offers: tuple[OfferRow, ...]
    plans: tuple[SoldRow, ...]
    products: tuple[SoldRow, ...]
    items: tuple[SoldRow, ...]
    more_items: int
    budgets: tuple[BudgetRow, ...]
    has_costs: bool


class OfferPage(msgspec.Struct, frozen=True):
    """What the page of one offer says.

    Attributes:
        key: Its key.
        title: What it is called to customers.
        answer: What it gives, in a sentence.
        about: What kind it is, and as of when.
        state: Whether it can be made now.
        terms: Its terms, each with what it is called.
        workflows: The live workflows that make it: name and where they are.
        use: What became of it, in sentences.
        budget: What is spent of its budget: a share; None without one.
        talk_track: How a person leads a talk about it.
        objections: What may be said against it, with answers.
        quotes: What customers said of it.
        text: How it is written in the file.
    """

    key: str
    title: str
    answer: str
    about: str
    state: State
    terms: tuple[tuple[str, str], ...]
    workflows: tuple[tuple[str, str], ...]
    use: tuple[str, ...]
    budget: BudgetRow | None
    talk_track: str
    objections: tuple[tuple[str, str], ...]
    quotes: tuple[tuple[str, str], ...]
    text: str


def offering_routes(lender: Lender, book: ReportBook, clock: Clock) -> list[HTTPRouteHandler]:
    """Give the routes of offers and plans, and of each offer."""
    shelf = Shelf()

    def read() -> Offered | None:
        live, now = book.program(), clock.now()
        if live is None:
            return None
        with lender.lent() as connection, shelf.lent(connection, is_past=False) as programs:
            newest = programs.newest()
            # Of an offer that ran out this knows since when.
            program = (programs.compiled(newest.number) if newest is not None else None) or live
            taken = programs.acceptances
            return Offered(program, read_uses(program, taken, now), read_budgets_given(program, taken), now)

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_offers(request: AnyRequest) -> Response[bytes]:
        """List offers, and what can be bought."""
        found = read()
        told = msgspec.json.encode(offers_content(found))
        return shown(request, "offers.html", offers_page(found, clock.now()), told=told)

    @route(
        [f"{PATH}/{{offer:str}}"], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False
    )
    def show_offer(request: AnyRequest) -> Response[bytes]:
        """Show one offer."""
        key = unquote(path_asked(request).partition(f"{PATH}/")[2])
        found = read()
        if found is None or key not in found.program.catalog.offers:
            trouble = Trouble(
                "There is no such offer",
                f"Expected the key of an offer that is live, got {key!r}.",
                f"Every offer stands at {PATH}.",
            )
            return refuse(request, trouble, "unknown", HTTPStatus.NOT_FOUND)
        with lender.lent() as connection:
            revision = newest_revision(connection)
        text = excerpt(revision.documents.get(CATALOG, "") if revision is not None else "", "offers", key)
        if Right.SEE_MARGINS not in request.state.visit.rights:
            text = costless_text(text)
        told = msgspec.json.encode(offer_content(found, key) | {"text": text})
        return shown(request, "offer_page.html", offer_page(found, key, text), told=told)

    return [show_offers, show_offer]


def offers_page(found: Offered | None, now: Moment) -> OffersPage:
    """Give what the page of offers and plans says."""
    if found is None:
        return OffersPage("", date_words(now), (), (), (), (), 0, (), has_costs=False)
    catalog = found.program.catalog
    rows = tuple(_row(found, offer) for offer in catalog.offers.values())
    items = [
        SoldRow(each.id, each.name, "item", (str(each.price),) if each.price else (), (), each.is_for_sale)
        for each in list(catalog.items.values())[:MOST_ITEMS]
    ]
    return OffersPage(
        answer=_answer(rows),
        as_of=date_words(found.now),
        offers=rows,
        plans=tuple(_plan_row(plan) for plan in by_tier(catalog)),
        products=tuple(_product_row(product) for product in catalog.products.values()),
        items=tuple(items),
        more_items=len(catalog.items) - len(items),
        budgets=tuple(map(_budget_row, found.budgets)),
        has_costs=has_costs(catalog),
    )


def offer_page(found: Offered, key: str, text: str) -> OfferPage:
    """Give what the page of one offer says, with how it is written."""
    catalog = found.program.catalog
    offer, use = catalog.offers[key], found.uses[key]
    workflows = found.program.workflows
    return OfferPage(
        key=key,
        title=offer.title,
        answer=f"{_upper(gives_words(offer, catalog))}.",
        about=f"{_upper(offer.kind.value)}, the offer {key} of catalog.yaml. As of {date_words(found.now)}.",
        state=_state(found, offer),
        terms=tuple(term_lines(offer)),
        workflows=tuple(
            (workflows[each].name, f"/workflows/{quote(each, safe='')}")
            for each in offering_workflows(found.program, key)
        ),
        use=tuple(_use_words(offer, use)),
        budget=None
        if offer.budget is None
        else BudgetRow("", _spent_words(offer.budget, use.spent), use.spent, offer.budget.amount),
        talk_track=offer.talk_track,
        objections=tuple((each.says, each.answer) for each in offer.objections),
        quotes=tuple(
            (each.quote, ", ".join(filter(None, (each.name, each.company)))) for each in offer.testimonials
        ),
        text=text,
    )


def _answer(rows: Sequence[OfferRow]) -> str:
    made = sum(bool(row.workflows) for row in rows)
    if not rows:
        return "No offer is written yet."
    noun = "offer" if len(rows) == 1 else "offers"
    return f"{len(rows):,} {noun}, {made or 'none'} of them made by a workflow that is live."


def _row(found: Offered, offer: Offer) -> OfferRow:
    use = found.uses[offer.id]
    return OfferRow(
        key=offer.id,
        path=offer_path(offer.id),
        title=offer.title,
        kind=offer.kind.value,
        gives=gives_words(offer, found.program.catalog),
        state=_state(found, offer),
        workflows=offering_workflows(found.program, offer.id),
        taken=use.taken,
        budget="" if offer.budget is None else _spent_words(offer.budget, use.spent),
    )


def _state(found: Offered, offer: Offer) -> State:
    """Say whether an offer can be made now, as far as that does not hang on whom it is made to."""
    use = found.uses[offer.id]
    if use.ran_out_at is not None and use.ran_out_at <= found.now:
        return State("ran out", Tone.WARN)
    if offer.available_until is not None and offer.available_until <= found.now:
        return State("over", Tone.CALM)
    if offer.available_from is not None and offer.available_from > found.now:
        return State("not yet", Tone.CALM)
    if not offering_workflows(found.program, offer.id):
        return State("made by no workflow", Tone.CALM)
    return State("made", Tone.GOOD)


def _use_words(offer: Offer, use: OfferUse) -> list[str]:
    times = "once" if use.taken == 1 else f"{use.taken:,} times"
    last = f", last on {date_words(use.last_taken_at)}" if use.last_taken_at is not None else ""
    found = [f"It was taken {times}{last}." if use.taken else "Nobody has taken it yet."]
    if offer.stock is not None:
        found.append(f"{max(0, offer.stock - use.taken):,} of {offer.stock:,} are left.")
    if use.ran_out_at is not None:
        found.append(f"It ran out on {date_words(use.ran_out_at)} and is made no more.")
    if offer.guarantee_for is not None:
        who = "nobody" if not use.promised else f"{use.promised:,} of those who took it"
        found.append(f"{_upper(who)} may still ask for their money back.")
    return found


def _spent_words(budget: Money, spent: int) -> str:
    room = Money(max(0, budget.amount - spent), budget.currency)
    return f"{Money(spent, budget.currency)} of {budget} given, {room} left"


def _budget_row(each: BudgetGiven) -> BudgetRow:
    out = f", spent since {date_words(each.ran_out_at)}" if each.ran_out_at is not None else ""
    words = f"{_spent_words(each.budget, each.accepted)}{out}"
    return BudgetRow(each.workflow, words, each.accepted, each.budget.amount)


def _plan_row(plan: Plan) -> SoldRow:
    family = f", {plan.family}" if plan.family else ""
    what = f"tier {plan.tier}{family}"
    return SoldRow(
        plan.id,
        plan.name,
        what,
        price_words(plan.prices),
        (*limit_words(plan), *plan.features),
        plan.is_for_sale,
    )


def _product_row(product: Product) -> SoldRow:
    includes = (*limit_words(product), *product.features, *product.contains)
    prices = price_words(product.prices, product.once)
    return SoldRow(product.id, product.name, product.kind.value, prices, includes, product.is_for_sale)


def _upper(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"
