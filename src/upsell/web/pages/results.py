"""The results page: what each workflow earned, with its interval, and who heard nothing and why.

One address, two forms: HTML for people, JSON for ``Accept: application/json`` or ``.json``. It
works without a script.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Litestar, Request, Response, get, route
from litestar.datastructures import CacheControlHeader
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock
from upsell.measurement.answers import Undetermined
from upsell.measurement.lift import Lift
from upsell.runtime import results as said
from upsell.runtime.reporting import ReasonCount, WorkflowReport, report_live
from upsell.runtime.results import Results, results_json
from upsell.store.connect import connect
from upsell.web.pages.intervals import IntervalDrawing, draw_interval

_HTML = "text/html"
_JSON = "application/json"

_HEADERS = {
    # Nothing is loaded from anywhere else, and nothing runs.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class MetricRow(msgspec.Struct, frozen=True):
    """One line of a table of lifts, in words, with its picture where there is one."""

    label: str
    arm: str
    against: str
    effect: str
    is_known: bool
    drawing: IntervalDrawing | None
    truth: str | None


class Table(msgspec.Struct, frozen=True):
    """Lifts of one pair of arms: the arms' names, the lines, and whether a planted truth is known."""

    arm: str
    against: str
    rows: tuple[MetricRow, ...]
    has_truth: bool


class Counted(msgspec.Struct, frozen=True):
    """A reason in words, and how many."""

    words: str
    count: int


class Section(msgspec.Struct, frozen=True):
    """What the page says of one workflow."""

    key: str
    name: str
    unit: str
    headline: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    considered: int
    let_in: int
    held_out: int
    planned: str
    not_let_in: tuple[Counted, ...]
    sent: int
    withheld: tuple[Counted, ...]
    silenced: tuple[Counted, ...]


def results_routes(read_results: Callable[[], Results], path: str) -> list[HTTPRouteHandler]:
    """Give the routes of the page at ``path``: the page, its JSON, and its style sheet.

    ``read_results`` is called for each request, in a thread.
    """

    @route([path], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_results(request: Request[Any, Any, Any]) -> Response[bytes]:
        results = read_results()
        if _prefers_json(request.headers.get("accept", "")):
            return Response(results_json(results), media_type=_JSON, headers={"Vary": "Accept"})
        return Response(
            results_page(results, json_path=_json_path(path)).encode(),
            media_type=_HTML,
            headers={**_HEADERS, "Vary": "Accept"},
        )

    @get([_json_path(path)], sync_to_thread=True, include_in_schema=False)
    def tell_results() -> Response[bytes]:
        return Response(results_json(read_results()), media_type=_JSON)

    @get(
        ["/static/results.css"],
        sync_to_thread=False,
        include_in_schema=False,
        cache_control=CacheControlHeader(max_age=3600),
    )
    def style_results() -> Response[bytes]:
        return Response(_style(), media_type="text/css")

    return [show_results, tell_results, style_results]


def results_app(results: Results) -> Litestar:
    """Give an application that shows these results at ``/`` and nothing else."""
    return Litestar(results_routes(lambda: results, "/"), openapi_config=None, logging_config=None)


def live_results_routes(url: str, clock: Clock) -> list[HTTPRouteHandler]:
    """Give the routes of the page at ``/results`` over the database at ``url``, as of now."""

    def read_results() -> Results:
        with connect(url) as connection:
            return Results("", report_live(connection, clock.now()))

    return results_routes(read_results, "/results")


def results_page(results: Results, json_path: str) -> str:
    """Write the page."""
    return (
        _environment()
        .get_template("results.html")
        .render(
            about=[text for text in (results.about, said.coverage_words(results)) if text],
            as_of=said.date_words(results.report.as_of),
            sections=[_section(results, found) for found in results.report.workflows],
            json_path=json_path,
        )
    )


def _section(results: Results, found: WorkflowReport) -> Section:
    notes = (said.sample_ratio_words(found), said.crossed_words(found), said.open_words(found))
    lifts = [said.holdout_lifts(found), *said.arm_pairs(found)]
    return Section(
        key=found.key,
        name=found.name,
        unit=found.unit,
        headline=said.headline(found),
        tables=tuple(_table(results, pair, found) for pair in lifts),
        notes=tuple(note for note in notes if note),
        considered=found.funnel.considered,
        let_in=found.funnel.let_in,
        held_out=found.funnel.held_out,
        planned=said.share_words(found.holdout_rate),
        not_let_in=_counted(found.funnel.not_let_in),
        sent=found.funnel.messages_sent,
        withheld=_counted(found.funnel.withheld),
        silenced=_counted(found.funnel.silenced),
    )


def _table(results: Results, lifts: tuple[Lift, ...], found: WorkflowReport) -> Table:
    rows = []
    for lift in lifts:
        truth = results.truth_of(lift)
        rows.append(
            MetricRow(
                label=said.metric_label(lift, found.lift.question),
                arm=said.mean_words(lift.arm.mean, lift),
                against=said.mean_words(lift.against.mean, lift),
                effect=said.effect_words(lift.absolute, lift),
                is_known=not isinstance(lift.absolute, Undetermined),
                drawing=draw_interval(lift, truth),
                truth=None if truth is None else said.truth_words(truth, lift),
            )
        )
    has_truth = any(row.truth is not None for row in rows)
    return Table(lifts[0].arm.arm, lifts[0].against.arm, tuple(rows), has_truth)


def _counted(reasons: tuple[ReasonCount, ...]) -> tuple[Counted, ...]:
    return tuple(Counted(said.reason_words(reason), reason.count) for reason in reasons)


def _json_path(path: str) -> str:
    return "/results.json" if path == "/" else f"{path}.json"


def _prefers_json(accept: str) -> bool:
    """Tell whether a request names JSON and no HTML."""
    return _JSON in accept and "text/html" not in accept


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("upsell.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> bytes:
    return resources.files("upsell.web").joinpath("static", "results.css").read_bytes()
