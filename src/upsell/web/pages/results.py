"""The results page: what each workflow earned, with its interval, and who heard nothing and why.

One address, two forms: HTML for people, JSON for ``Accept: application/json`` or ``.json``. It
works without a script.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get, route
from litestar.handlers import HTTPRouteHandler

from upsell.clock import Clock
from upsell.measurement.answers import Undetermined
from upsell.measurement.lift import Lift
from upsell.runtime import results as said
from upsell.runtime.reporting import ReasonCount, WorkflowReport, report_live
from upsell.runtime.results import Results, results_json
from upsell.store.connect import connect
from upsell.web.pages.forms import data, json_path, page, prefers_json, rendered, style_pages
from upsell.web.pages.intervals import IntervalDrawing, draw_interval
from upsell.web.pages.workflow import PATH as WORKFLOWS_PATH


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


def results_routes(
    read_results: Callable[[], Results], path: str, workflows_path: str = ""
) -> list[HTTPRouteHandler]:
    """Give the routes of the page at ``path``: the page, and its JSON.

    Args:
        read_results: Called for each request, in a thread.
        path: Where the page is.
        workflows_path: Under which each workflow has a page of its own; empty for none.
    """

    @route([path], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_results(request: Request[Any, Any, Any]) -> Response[bytes]:
        results = read_results()
        if prefers_json(request.headers.get("accept", "")):
            return data(results_json(results))
        return page(results_page(results, json_path(path), workflows_path))

    @get([json_path(path)], sync_to_thread=True, include_in_schema=False)
    def tell_results() -> Response[bytes]:
        return data(results_json(read_results()))

    return [show_results, tell_results]


def results_app(results: Results) -> Litestar:
    """Give an application that shows these results at ``/`` and nothing else."""
    routes = [*results_routes(lambda: results, "/"), style_pages]
    return Litestar(routes, openapi_config=None, logging_config=None)


def live_results_routes(url: str, clock: Clock) -> list[HTTPRouteHandler]:
    """Give the routes of the page at ``/results`` over the database at ``url``, as of now."""

    def read_results() -> Results:
        with connect(url) as connection:
            return Results("", report_live(connection, clock.now()))

    return results_routes(read_results, "/results", WORKFLOWS_PATH)


def results_page(results: Results, json_path: str, workflows_path: str = "") -> str:
    """Write the page; with ``workflows_path`` each workflow leads to its own page under it."""
    return rendered(
        "results.html",
        about=[text for text in (results.about, said.coverage_words(results)) if text],
        as_of=said.date_words(results.report.as_of),
        sections=[_section(results, found) for found in results.report.workflows],
        json_path=json_path,
        workflows_path=workflows_path,
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
