"""Reports and their charts as pages without a browser: what they say, as what, and what they wait for."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from tests.made_results import AS_OF, results
from tests.pages_world import written
from tests.unit.runtime.test_papers import TRENDS
from tests.unit.runtime.test_report_papers import SPAN, attribution, discounts
from upsell.config import Settings
from upsell.runtime.keeping import BeingReadError
from upsell.runtime.papers.attribution_paper import attribution_paper
from upsell.runtime.papers.discounts_paper import discounts_paper
from upsell.runtime.papers.paper import Paper
from upsell.runtime.papers.report_paper import report_paper
from upsell.runtime.papers.scorecard_paper import scorecard_paper
from upsell.runtime.shelf_reading import hung
from upsell.runtime.shelved import ReportName, Shelved
from upsell.web.cookies import jar_of
from upsell.web.gate import Gate
from upsell.web.pages.charts import charts_route
from upsell.web.pages.reports import LISTED, ReportsPage, report_page, report_routes
from upsell.web.pages.results import results_page, results_routes, with_charts


class Shelf:
    """Stands for the shelf, with reports that were made."""

    def __init__(self, papers: dict[ReportName, Paper]) -> None:
        self.papers = papers
        self.is_reading = False

    def take(self, name: ReportName, _: float) -> Shelved:
        if self.is_reading:
            raise BeingReadError("expected the report, which is being read")
        return Shelved(AS_OF, self.papers[name], {"said": name.value}, hung(self.papers[name]))

    def at_hand(self, name: ReportName) -> Shelved | None:
        return None if self.is_reading else self.take(name, 0)


PAPERS = {
    ReportName.RESULTS: report_paper(results(), TRENDS),
    ReportName.ATTRIBUTION: attribution_paper(attribution(), "USD"),
    ReportName.DISCOUNTS: discounts_paper(discounts(100, 20)),
}


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return Shelf(PAPERS)


@pytest.fixture(scope="module")
def client(shelf: Any) -> Any:
    routes = [*report_routes(shelf), charts_route(shelf), *results_routes(results, shelf)]
    app = Litestar(Gate(None, jar_of(Settings())).behind(routes), openapi_config=None, logging_config=None)
    with TestClient(app) as client:
        client.headers["Accept"] = "text/html"
        client.follow_redirects = False
        yield client


def ids(page: str) -> list[str]:
    return re.findall(r' id="([^"]*)"', page)


def test_the_list_names_every_report_with_its_question_and_a_way_to_it() -> None:
    page = written("reports.html", ReportsPage(LISTED))
    assert {each.name for each in LISTED} == set(ReportName)
    for each in LISTED:
        assert f'<a href="{each.path}">{each.question}</a>' in page
        assert f"<code>{each.command}</code>" in page


def test_a_report_on_a_page_says_every_number_and_chart_of_its_paper(client: httpx.Client) -> None:
    for name in (ReportName.ATTRIBUTION, ReportName.DISCOUNTS):
        page = client.get(f"/reports/{name.value}").text
        paper = PAPERS[name]
        assert f"<h1>{paper.title}</h1>" in page
        for chart in paper.charts:
            assert f'alt="{chart.alternative}"' in page
            assert all(cell in page for row in chart.table.rows for cell in row)
        assert all(section.headline in page for section in paper.sections)
        assert len(ids(page)) == len(set(ids(page)))


def test_a_report_is_told_to_machines_with_as_of_when_it_is(client: httpx.Client) -> None:
    told = client.get("/reports/discounts?format=json").json()
    assert told == {"name": "discounts", "as_of": "2027-01-01T00:00:00Z", "content": {"said": "discounts"}}
    assert [each["name"] for each in client.get("/reports?format=json").json()["reports"]] == [
        each.value for each in ReportName
    ]


def test_what_is_being_read_says_so_and_loads_itself_again(client: httpx.Client, shelf: Shelf) -> None:
    shelf.is_reading = True
    try:
        page = client.get("/reports/discounts")
        assert (page.status_code, page.headers["refresh"]) == (HTTPStatus.ACCEPTED, "3")
        assert "This is being counted" in page.text
        told = client.get("/reports/discounts", headers={"Accept": "application/json"})
        assert (told.json()["code"], told.headers["retry-after"]) == ("being_read", "3")
        assert "refresh" not in told.headers
        shown = client.get("/results").text
        assert "The charts are being drawn" in shown
        assert "Earning earned $31,500" in shown
        assert "data-chart" not in shown
    finally:
        shelf.is_reading = False


def test_results_have_the_charts_of_each_workflow_beside_its_numbers(client: httpx.Client) -> None:
    page = client.get("/results").text
    assert "being drawn" not in page
    paths = re.findall(r'data-chart="/charts/results/([^"]*)"', page)
    assert paths == [
        *("lift-revenue", "lift-conversion", "earning-time", "earning-survival", "earning-funnel"),
        *("early-funnel", "bridge", "cohorts"),
    ]
    assert len(ids(page)) == len(set(ids(page)))
    assert re.findall(r'(?:src|href)="(?!/|#|data:)', page) == []
    assert "style=" not in page


def test_without_a_shelf_results_have_no_charts_and_promise_none() -> None:
    page = written("results.html", results_page(results()))
    assert "being drawn" not in page
    assert "data-chart" not in page
    assert "/reports/results" not in page


def test_the_box_of_a_picture_is_said_before_it_is_loaded(client: httpx.Client) -> None:
    page = client.get("/results").text
    told = re.findall(r'(?:srcset|src)="(/charts/[^"]*)"[^>]*? width="(\d+)" height="(\d+)"', page)
    # Two rooms in two themes for each of eight charts.
    assert len(told) == 32
    for source, width, height in told[:8]:
        answered = client.get(source.replace("&amp;", "&"))
        assert answered.headers["content-type"].startswith("image/svg+xml")
        assert answered.headers["cache-control"] == "private, max-age=3600"
        drawn = re.match(r'<svg [^>]*width="([0-9.]+)" height="([0-9.]+)"', answered.text)
        assert drawn is not None
        assert float(drawn[1]) == pytest.approx(int(width), abs=0.5)
        assert float(drawn[2]) == pytest.approx(int(height), abs=0.5)


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        ("svg", "image/svg+xml"),
        ("png", "image/png"),
        ("csv", "text/csv; charset=utf-8"),
        ("json", "application/json"),
        ("vega", "application/json"),
    ],
)
def test_a_chart_can_be_had_as_a_file(client: httpx.Client, ending: str, kind: str) -> None:
    answered = client.get(f"/charts/results/earning-time.{ending}")
    assert (answered.status_code, answered.headers["content-type"]) == (HTTPStatus.OK, kind)
    assert answered.headers["content-disposition"].startswith("attachment")
    assert answered.headers["cache-control"] == "no-store"
    assert "sandbox" in answered.headers["content-security-policy"]
    if ending == "csv":
        assert answered.text.splitlines()[0] == "Known by,Difference,From,To,Why not"
    if ending == "json":
        spec = msgspec.json.decode(answered.content)
        assert spec["title"]["text"] == ["Earning does better than doing nothing: +0.10 to +0.50 by now"]


@pytest.mark.parametrize(
    "path",
    [
        "/charts/results/nothing.svg",
        "/charts/nothing/lift-revenue.svg",
        "/charts/results/lift-revenue.exe",
        "/charts/results/lift-revenue",
        "/reports/nothing",
        "/reports/discounts/discounts.exe",
        "/reports/discounts/other.pdf",
        "/reports/nothing/nothing.pdf",
    ],
)
def test_what_there_is_not_is_refused_with_where_to_look(client: httpx.Client, path: str) -> None:
    answered = client.get(path)
    assert answered.status_code == HTTPStatus.NOT_FOUND
    assert "/reports" in answered.text


def test_a_report_can_be_had_as_its_command_writes_it(client: httpx.Client) -> None:
    assert client.get("/reports/discounts/discounts.pdf").content.startswith(b"%PDF-")
    assert "<h1>Who waited" in client.get("/reports/discounts/discounts.html").text
    told = client.get("/reports/discounts/discounts.md")
    assert told.text.startswith("# Who waited for a discount")
    assert told.headers["content-disposition"] == 'attachment; filename="discounts.md"'
    assert client.get("/reports/results").headers["location"] == "/results"


def test_a_workflow_that_went_since_has_no_charts_and_one_that_came_has_none_yet() -> None:
    found = Shelved(AS_OF, PAPERS[ReportName.RESULTS], None, hung(PAPERS[ReportName.RESULTS]))
    page = results_page(results())
    fewer = msgspec.structs.replace(page, sections=page.sections[1:])
    shown = with_charts(fewer, found)
    assert [figure.key for section in shown.sections for figure in section.charts] == ["early-funnel"]
    named = msgspec.structs.replace(page.sections[0], key="new")
    assert with_charts(msgspec.structs.replace(page, sections=(named,)), found).sections[0].charts == ()


def test_a_headline_that_stands_alone_is_the_answer_and_no_section_of_its_own() -> None:
    listed = next(each for each in LISTED if each.name is ReportName.SCORECARD)
    page = report_page(listed, Shelved(AS_OF, scorecard_paper([], SPAN), None, {}))
    assert page.answer == "Nobody was considered in this stretch."
    assert [section.name for section in page.sections][:2] == ["Discover", "Qualify"]
    assert page.about == ("From 1 January 1970 to 1 January 1971.",)
    paper = Paper("Expansion review, May 2026", (), scorecard_paper([], SPAN).sections, "")
    review = next(each for each in LISTED if each.name is ReportName.REVIEW)
    assert report_page(review, Shelved(AS_OF, paper, None, {})).about == ("Expansion review, May 2026.",)


def test_text_from_definitions_is_escaped_on_a_page_of_a_report() -> None:
    made = attribution()
    line = msgspec.structs.replace(made.credits[0], workflow="<b>quota</b>")
    paper = attribution_paper(msgspec.structs.replace(made, credits=(line,)), "USD")
    listed = next(each for each in LISTED if each.name is ReportName.ATTRIBUTION)
    page = written("report.html", report_page(listed, Shelved(AS_OF, paper, None, hung(paper))))
    assert "&lt;b&gt;quota&lt;/b&gt;" in page
    assert "<b>quota" not in page
