"""Margins: what is left of each price beyond what serving costs, for whoever may see that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock, Moment, format_moment
from upsell.journeys.program import Program
from upsell.runtime.overview import ReportBook, State, Tone
from upsell.runtime.price_margins import PriceMargin, read_margins
from upsell.runtime.results import date_words
from upsell.web.pages.offered_content import offer_path
from upsell.web.pages.shell import shown

PATH: Final = "/margins"
"""Where margins stand."""


class MarginRow(msgspec.Struct, frozen=True):
    """What is left of one price, in words."""

    name: str
    offer: str
    offer_path: str
    price: str
    cost: str
    left: str
    state: State


class MarginsPage(msgspec.Struct, frozen=True):
    """What is left of each price; no rows where the catalog states no cost."""

    answer: str
    about: str
    rows: tuple[MarginRow, ...]


def margins_route(book: ReportBook, clock: Clock) -> HTTPRouteHandler:
    """Give the route of margins."""

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_margins(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show what is left of each price."""
        program, now = book.program(), clock.now()
        margins = read_margins(program) if program is not None else ()
        told = msgspec.json.encode(
            {"as_of": format_moment(now), "margins": list(map(_margin_content, margins))}
        )
        return shown(request, "margins.html", margins_page(program, margins, now), told=told)

    return show_margins


def margins_page(program: Program | None, margins: Sequence[PriceMargin], now: Moment) -> MarginsPage:
    """Give what is left of each price."""
    least = program.policy.rails.min_margin_rate if program is not None else None
    asked = f" The policy asks for {least * 100:.4g} % of a discounted price." if least is not None else ""
    worst = min(margins, key=lambda each: each.rate, default=None)
    return MarginsPage(
        answer=""
        if worst is None
        else f"The least is left of {_priced_words(worst)}: {worst.rate * 100:.3g} % of {worst.price}.",
        about=f"At list prices, for one unit of quantity, each offer at its deepest discount.{asked} "
        f"As of {date_words(now)}.",
        rows=tuple(map(_margin_row, margins)),
    )


def _margin_row(each: PriceMargin) -> MarginRow:
    words = f"{each.rate * 100:.3g} % left"
    tone = Tone.BAD if each.rate < 0 else Tone.GOOD if each.is_enough else Tone.WARN
    return MarginRow(
        name=each.name,
        offer=each.offer,
        offer_path=offer_path(each.offer) if each.offer else "",
        price=f"{each.price}{_per(each)}",
        cost=str(each.cost),
        left=str(each.left),
        state=State(words if each.is_enough else f"{words}, too little", tone),
    )


def _margin_content(each: PriceMargin) -> dict[str, Any]:
    return {
        "thing": each.thing,
        "offer": each.offer or None,
        "interval": each.interval or None,
        "currency": each.price.currency,
        "price": each.price.amount,
        "cost": each.cost.amount,
        "left": each.left.amount,
        "rate": each.rate,
        "is_enough": each.is_enough,
    }


def _priced_words(each: PriceMargin) -> str:
    return f"{each.name}{_per(each)}{f' by {each.offer}' if each.offer else ''}"


def _per(each: PriceMargin) -> str:
    return f" a {each.interval}" if each.interval else ""
