"""Reading what stands on the shelf: each report from the store, as its paper, with its charts drawn.

For the shelf alone, in a thread of its own: it loads what draws.
"""

from __future__ import annotations

from typing import Any, Final, assert_never

import msgspec

from upsell.clock import DAY, Moment, format_moment
from upsell.journeys.conflicts import find_conflicts
from upsell.journeys.program import Program
from upsell.measurement.charts.pictures import Room, draw_picture, size_of
from upsell.measurement.charts.themes import LIGHT
from upsell.measurement.metrics import Span
from upsell.runtime.attribution import read_attribution
from upsell.runtime.discounts import discounts_content, read_discounts
from upsell.runtime.overview import ReportBook
from upsell.runtime.papers.attribution_paper import attribution_paper
from upsell.runtime.papers.conflicts_paper import conflicts_paper
from upsell.runtime.papers.discounts_paper import discounts_paper
from upsell.runtime.papers.paper import Paper, Paragraph, Section
from upsell.runtime.papers.report_paper import report_paper
from upsell.runtime.papers.review_paper import review_paper
from upsell.runtime.papers.scorecard_paper import scorecard_paper
from upsell.runtime.papers.trust_paper import trust_paper
from upsell.runtime.results import results_json
from upsell.runtime.review import month_of, review
from upsell.runtime.scorecard import read_scorecard, scorecard_content
from upsell.runtime.shelved import HungChart, ReportName, Shelved
from upsell.runtime.tracking import read_tracked
from upsell.store.connect import Connection
from upsell.store.guardrails import read_message_sums

YEAR: Final = 365 * DAY
"""How far back reports look that look back."""

LONGEST_READING: Final = 3600.0
"""For how many seconds one thing that is read waits for another that it is made from."""


def read_report(name: ReportName, connection: Connection, book: ReportBook, at: Moment) -> Shelved:
    """Read a report as of a moment, and draw its charts."""
    paper, content = _read(name, connection, book, at)
    return Shelved(at, paper, content, hung(paper))


def hung(paper: Paper) -> dict[str, HungChart]:
    """Draw every chart of a paper; drawing needs neither browser nor network."""
    return {
        chart.key: HungChart(
            chart,
            size_of(draw_picture(chart, LIGHT, Room.WIDE)),
            size_of(draw_picture(chart, LIGHT, Room.NARROW)),
        )
        for chart in paper.charts
    }


def _read(name: ReportName, connection: Connection, book: ReportBook, at: Moment) -> tuple[Paper, Any]:
    """Give a report as a paper and for machines; one that says how to begin before anything is live."""
    program = book.program()
    if program is None:
        return _nothing(), None
    match name:
        case ReportName.RESULTS:
            return _results(book)
        case ReportName.SCORECARD:
            return _scorecard(connection, program, at)
        case ReportName.ATTRIBUTION:
            return _attribution(connection, program, book, at)
        case ReportName.DISCOUNTS:
            return _discounts(connection, at)
        case ReportName.CONFLICTS:
            return _conflicts(program)
        case ReportName.TRUST:
            return _trust(connection, book)
        case ReportName.REVIEW:
            return _review(connection, program, at)
        case _:
            assert_never(name)


def _results(book: ReportBook) -> tuple[Paper, Any]:
    results = book.read(LONGEST_READING)
    paper = report_paper(results, book.trends(LONGEST_READING))
    return paper, msgspec.Raw(results_json(results, paper.charts))


def _attribution(connection: Connection, program: Program, book: ReportBook, at: Moment) -> tuple[Paper, Any]:
    span = _year(at, program)
    report = book.read(LONGEST_READING).report
    found = read_attribution(read_tracked(connection, program, at), span, report)
    content = msgspec.to_builtins(found)
    content |= {"since": format_moment(found.since), "until": format_moment(found.until)}
    return attribution_paper(found, program.currency), content


def _trust(connection: Connection, book: ReportBook) -> tuple[Paper, Any]:
    trends, sums = book.trends(LONGEST_READING), read_message_sums(connection)
    content = {
        "weeks": [
            {**msgspec.to_builtins(week), "starts_at": format_moment(week.starts_at)} for week in trends.weeks
        ],
        "messages": msgspec.to_builtins(sums),
        "guarded": msgspec.to_builtins(trends.pictures.guarded),
    }
    return trust_paper(trends, sums), content


def _scorecard(connection: Connection, program: Program, at: Moment) -> tuple[Paper, Any]:
    span = _year(at, program)
    lines = read_scorecard(read_tracked(connection, program, at), span)
    content = {
        "since": format_moment(span.since),
        "until": format_moment(span.until),
        "lines": scorecard_content(lines),
    }
    return scorecard_paper(lines, span), content


def _discounts(connection: Connection, at: Moment) -> tuple[Paper, Any]:
    found = read_discounts(connection, at)
    return discounts_paper(found), discounts_content(found)


def _conflicts(program: Program) -> tuple[Paper, Any]:
    pairs = find_conflicts(program)
    return conflicts_paper(pairs), {"pairs": msgspec.to_builtins(pairs)}


def _review(connection: Connection, program: Program, at: Moment) -> tuple[Paper, Any]:
    found = review(connection, program, month_of(None, program.zone, at), at)
    paper = review_paper(found)
    content = {
        "month": found.month.name,
        "as_of": format_moment(found.as_of),
        "workflows": [
            {
                "key": one.report.key,
                "status": one.status.value,
                "owner": one.owner,
                "review_by": one.review_by,
                "activity": msgspec.to_builtins(one.activity),
                "stop": [rule.name.lower() for rule in one.stop],
            }
            for one in found.workflows
        ],
        "proposals": list(found.proposals),
    }
    return paper, content


def _nothing() -> Paper:
    begin = Paragraph("Put a workspace live with `upsell apply`; what it did is reported here.")
    section = Section("Nothing to show yet", "Nothing is live.", (begin,))
    return Paper("Nothing to report yet", (), (section,), "")


def _year(at: Moment, program: Program) -> Span:
    return Span(since=at - YEAR, until=at, as_of=at, currency=program.currency)
