"""The results page: what each workflow earned, with its interval, and who heard nothing and why.

It works without a script.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from upsell.measurement.answers import Undetermined
from upsell.measurement.lift import Lift
from upsell.runtime import results as said
from upsell.runtime.reporting import ReasonCount, WorkflowReport
from upsell.runtime.results import Results, results_json
from upsell.runtime.shelf import ReportShelf
from upsell.runtime.shelved import ReportName, Shelved
from upsell.web.pages.charts import ChartFigure, figures_of
from upsell.web.pages.forms import data
from upsell.web.pages.intervals import IntervalDrawing, draw_interval
from upsell.web.pages.shell import shown

PATH: Final = "/results"

# How often people were written to, and limits, stand in the report on trust.
_LIFTS: Final = ("lift-revenue", "lift-conversion")
_COMPANY: Final = ("bridge", "cohorts")
_OF_EACH: Final = ("time", "survival", "funnel")


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
    charts: tuple[ChartFigure, ...] = ()


class ResultsPage(msgspec.Struct, frozen=True):
    """What the page says.

    Attributes:
        about: What was run.
        as_of: As of when.
        sections: What is said of each workflow.
        charts: What all workflows earned, side by side.
        company: What became of the company's recurring revenue.
        is_drawing: Whether charts are to come, and are being drawn.
        has_files: Whether the whole report can be had as a file.
    """

    about: tuple[str, ...]
    as_of: str
    sections: tuple[Section, ...]
    charts: tuple[ChartFigure, ...] = ()
    company: tuple[ChartFigure, ...] = ()
    is_drawing: bool = False
    has_files: bool = False


def results_routes(
    read_results: Callable[[], Results], shelf: ReportShelf | None = None
) -> list[HTTPRouteHandler]:
    """Give the routes of the page at ``/results``, and of its JSON at ``/results.json``.

    ``read_results`` is called for each request, in a thread. Charts are those of the report on a shelf;
    without one there are none.
    """

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def show_results(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Show what every workflow earned."""
        results = read_results()
        page = results_page(results)
        if shelf is not None and results.report.workflows:
            page = with_charts(page, shelf.at_hand(ReportName.RESULTS))
        return shown(request, "results.html", page, told=results_json(results))

    @route([f"{PATH}.json"], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False)
    def tell_results() -> Response[bytes]:
        """Tell machines the same."""
        return data(results_json(read_results()))

    return [show_results, tell_results]


def results_page(results: Results) -> ResultsPage:
    """Give what the page says, without charts."""
    return ResultsPage(
        about=tuple(text for text in (results.about, said.coverage_words(results)) if text),
        as_of=said.date_words(results.report.as_of),
        sections=tuple(section_of(results, found) for found in results.report.workflows),
    )


def with_charts(page: ResultsPage, found: Shelved | None) -> ResultsPage:
    """Put the charts of a report beside what they are of; None for a report that is being drawn."""
    if found is None:
        return msgspec.structs.replace(page, is_drawing=True)
    figures = figures_of(ReportName.RESULTS, found)
    sections = []
    for section in page.sections:
        own = [figures.get(f"{section.key}-{kind}") for kind in _OF_EACH]
        charts = tuple(figure for figure in own if figure is not None)
        sections.append(msgspec.structs.replace(section, charts=charts))
    return msgspec.structs.replace(
        page,
        sections=tuple(sections),
        charts=tuple(figures[key] for key in _LIFTS if key in figures),
        company=tuple(figures[key] for key in _COMPANY if key in figures),
        has_files=True,
    )


def section_of(results: Results, found: WorkflowReport) -> Section:
    """Give what is said of one workflow."""
    notes = (said.sample_ratio_words(found), said.crossed_words(found), said.open_words(found))
    lifts = [said.holdout_lifts(found), *said.arm_pairs(found)]
    return Section(
        key=found.key,
        name=found.name,
        unit=found.unit,
        headline=said.headline(found),
        tables=tuple(table_of(results, pair, found) for pair in lifts),
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


def table_of(results: Results, lifts: tuple[Lift, ...], found: WorkflowReport) -> Table:
    """Give the lines of one pair of arms."""
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
