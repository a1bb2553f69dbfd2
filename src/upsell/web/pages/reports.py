"""Reports: each with the question it answers, as a page over the paper that its command writes."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, assert_never

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from upsell.clock import format_moment
from upsell.runtime import keeping
from upsell.runtime.results import date_words
from upsell.runtime.shelf import ReportShelf
from upsell.runtime.shelved import ReportName, Shelved
from upsell.web.pages.charts import ChartFigure, figures_of
from upsell.web.pages.shell import Trouble, refuse, shown

if TYPE_CHECKING:
    from upsell.measurement.charts.chart import Table
    from upsell.runtime.papers.paper import Block

PATH: Final = "/reports"
"""Where all of them are listed, and under which each has its page."""


class Listed(msgspec.Struct, frozen=True):
    """One report in the list: its name, the question it answers, what is in it, and its command."""

    name: ReportName
    question: str
    about: str
    command: str
    path: str


LISTED: Final = (
    Listed(
        ReportName.RESULTS,
        "What did the workflows earn?",
        "Lift over the holdout with its interval, over time, and who heard nothing and why.",
        "upsell report",
        "/results",
    ),
    Listed(
        ReportName.SCORECARD,
        "How far does expansion come?",
        "Discover, qualify, recommend, prove, commit, expand: the metrics of each stage over a year.",
        "upsell scorecard",
        "/reports/scorecard",
    ),
    Listed(
        ReportName.ATTRIBUTION,
        "Who is credited with upgrades?",
        "Each upgrade credited once, beside what workflows truly changed.",
        "upsell attribution",
        "/reports/attribution",
    ),
    Listed(
        ReportName.DISCOUNTS,
        "Who waited for a discount before they bought?",
        "Buyers who had let full price pass, by quarter and kind, and how far budgets are used.",
        "upsell discounts",
        "/reports/discounts",
    ),
    Listed(
        ReportName.CONFLICTS,
        "Which workflows want the same slot?",
        "Pairs that may meet over one customer, who would win, and what is to be looked at.",
        "upsell conflicts my-workspace",
        "/reports/conflicts",
    ),
    Listed(
        ReportName.TRUST,
        "How often were people written to, and what did it cost in trust?",
        "Messages per person and week, who left or complained, and how near limits are.",
        "upsell guardrails",
        "/reports/trust",
    ),
    Listed(
        ReportName.REVIEW,
        "What ran last month, what was learned, and what is to be stopped?",
        "The monthly review: activity, results, rules for stopping, and what to try next.",
        "upsell review",
        "/reports/review",
    ),
)
"""Every report, in order."""


class ReportsPage(msgspec.Struct, frozen=True):
    """What the list says."""

    reports: tuple[Listed, ...]


class PageBlock(msgspec.Struct, frozen=True):
    """One part of a section: words as a paragraph, a note or a heading, or a table, or a chart."""

    kind: str
    text: str = ""
    table: Table | None = None
    chart: ChartFigure | None = None


class PageSection(msgspec.Struct, frozen=True):
    """One subject of a report: its place from 1, its name, its answer, and everything else."""

    number: int
    name: str
    headline: str
    blocks: tuple[PageBlock, ...]


class ReportPage(msgspec.Struct, frozen=True):
    """What the page of a report says.

    Attributes:
        listed: Which report, with its question.
        answer: Its answer: the headline of its first subject.
        about: What it is called where that is not its question, and what it was made from.
        sections: Its subjects; one that is a headline alone has said it as the answer.
        footer: How its numbers are to be read.
        as_of: As of when it is.
    """

    listed: Listed
    answer: str
    about: tuple[str, ...]
    sections: tuple[PageSection, ...]
    footer: str
    as_of: str


def report_routes(shelf: ReportShelf) -> list[HTTPRouteHandler]:
    """Give the routes of the list of reports, of each, and of each as a file."""

    @route([PATH], http_method=["GET", "HEAD"], sync_to_thread=False, include_in_schema=False)
    def list_reports(request: Request[Any, Any, Any]) -> Response[bytes]:
        """List every report."""
        return shown(request, "reports.html", ReportsPage(LISTED))

    @route(
        [f"{PATH}/{{name:str}}"], http_method=["GET", "HEAD"], sync_to_thread=True, include_in_schema=False
    )
    def show_report(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        """Show a report."""
        listed = next((each for each in LISTED if each.name.value == name), None)
        if listed is None:
            return _unknown(request)
        if listed.name is ReportName.RESULTS:
            return Response(b"", status_code=HTTPStatus.FOUND, headers={"Location": listed.path})
        found = shelf.take(listed.name, keeping.PATIENCE)
        told = {"name": name, "as_of": format_moment(found.as_of), "content": found.content}
        return shown(request, "report.html", report_page(listed, found), told=msgspec.json.encode(told))

    @route(
        [f"{PATH}/{{name:str}}/{{file:str}}"],
        http_method=["GET", "HEAD"],
        sync_to_thread=True,
        include_in_schema=False,
    )
    def give_file(
        request: Request[Any, Any, Any], name: FromPath[str], file: FromPath[str]
    ) -> Response[bytes]:
        """Give a report as a file."""
        stem, _, ending = file.rpartition(".")
        if name not in {each.value for each in ReportName} or stem != name or ending not in _KINDS:
            return _unknown(request)
        found = shelf.take(ReportName(name), keeping.PATIENCE)
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{file}"',
            "X-Content-Type-Options": "nosniff",
        }
        content = report_file(found, ending)
        return Response(content, status_code=HTTPStatus.OK, media_type=_KINDS[ending], headers=headers)

    return [list_reports, show_report, give_file]


_KINDS: Final = {"html": "text/html", "pdf": "application/pdf", "md": "text/markdown"}


def report_file(found: Shelved, ending: str) -> bytes:
    """Write a report as a file, as its command does."""
    from upsell.runtime.papers.forms import Form, paper_bytes  # noqa: PLC0415  # it loads what sets a PDF

    form = {"html": Form.HTML, "pdf": Form.PDF, "md": Form.MARKDOWN}[ending]
    return paper_bytes(found.paper, form, found.as_of)


def report_page(listed: Listed, found: Shelved) -> ReportPage:
    """Give what the page of a report says."""
    figures, paper = figures_of(listed.name, found), found.paper
    named = () if paper.title == listed.question else (f"{paper.title}.",)
    return ReportPage(
        listed=listed,
        answer=paper.sections[0].headline,
        about=(*named, *paper.about),
        sections=tuple(
            PageSection(
                number,
                section.name,
                section.headline,
                tuple(_block(each, figures) for each in section.blocks),
            )
            for number, section in enumerate(paper.sections, 1)
            if section.blocks or number > 1
        ),
        footer=paper.footer,
        as_of=date_words(found.as_of),
    )


def _block(block: Block, figures: dict[str, ChartFigure]) -> PageBlock:
    # Whoever has a report has loaded what it is made of.
    from upsell.measurement.charts.chart import Chart, Table  # noqa: PLC0415
    from upsell.runtime.papers.paper import Heading, Paragraph  # noqa: PLC0415

    match block:
        case Paragraph(text=text, is_note=is_note):
            return PageBlock("note" if is_note else "paragraph", text)
        case Heading(text=text):
            return PageBlock("heading", text)
        case Table():
            return PageBlock("table", table=block)
        case Chart(key=key):
            return PageBlock("chart", chart=figures[key])
        case _:
            assert_never(block)


def _unknown(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Say that there is no such report."""
    trouble = Trouble(
        "There is no such report",
        f"The reports are {', '.join(each.name.value for each in LISTED)}.",
        "Each stands at /reports with the question it answers.",
    )
    return refuse(request, trouble, "unknown", HTTPStatus.NOT_FOUND)
