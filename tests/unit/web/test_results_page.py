"""The results page without a browser: what it says, in which form, and what it may load."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest
from litestar.testing import TestClient

from tests.made_results import nothing, results
from tests.pages_world import results_app, written
from upsell.runtime import results as said
from upsell.runtime.results import Results, results_json
from upsell.web.pages.intervals import WIDTH, draw_interval
from upsell.web.pages.results import results_page


def page_of(told: Results) -> str:
    return written("results.html", results_page(told))


def fetch(told: Results, path: str, accept: str) -> tuple[int, str, str]:
    with TestClient(results_app(told)) as client:
        answer = client.get(path, headers={"Accept": accept})
        return answer.status_code, answer.headers["content-type"], answer.text


def test_one_address_is_a_page_for_people_and_json_for_machines() -> None:
    status, kind, text = fetch(results(), "/results", "text/html,application/xhtml+xml,*/*;q=0.8")
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert "Earning earned $31,500" in text
    for path, accept in (
        ("/results", "application/json"),
        ("/results.json", "*/*"),
        ("/results?format=json", "text/html"),
    ):
        status, kind, text = fetch(results(), path, accept)
        assert (status, kind.split(";")[0]) == (200, "application/json")
        assert msgspec.json.decode(text) == msgspec.json.decode(results_json(results()))


def test_the_page_loads_nothing_from_elsewhere_and_runs_only_files_of_ours() -> None:
    with TestClient(results_app(results())) as client:
        answer = client.get("/results", headers={"Accept": "text/html"})
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        scripts = re.findall(r"<script([^>]*)>(.*?)</script>", answer.text)
        assert [said for named, said in scripts if said or 'src="/static/' not in named] == []
        assert len(scripts) == answer.text.count("<script") > 0
        assert re.findall(r'(?:src|href)="(?!/|#|data:)', answer.text) == []
        assert client.get("/static/pages.css").headers["content-type"].startswith("text/css")


class _Outline(HTMLParser):
    """Counts headings, scopes of headers, and the words beside each picture."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_every_table_header_has_a_scope_and_every_picture_its_words() -> None:
    outline = _Outline()
    outline.feed(page_of(results()))
    assert {attrs.get("scope") for tag, attrs in outline.tags if tag == "th"} == {"col", "row"}
    pictures = [attrs for tag, attrs in outline.tags if tag == "svg"]
    assert len(pictures) == 8
    assert all(attrs["role"] == "img" and attrs["aria-label"] for attrs in pictures)
    ids = [attrs["id"] for _, attrs in outline.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    labelled = [attrs["aria-labelledby"] for _, attrs in outline.tags if "aria-labelledby" in attrs]
    assert set(labelled) <= set(ids)


def test_what_is_not_known_is_said_in_words_and_not_drawn() -> None:
    page = page_of(results())
    assert page.count("not known: nobody has been exposed") == 4


def test_an_empty_page_says_what_will_appear_and_how() -> None:
    page = page_of(nothing())
    assert "No workflow is live" in page
    assert "upsell apply" in page


def test_text_from_definitions_is_escaped() -> None:
    told = results()
    first = msgspec.structs.replace(told.report.workflows[0], name="<b>Tom & Jerry</b>")
    report = msgspec.structs.replace(told.report, workflows=(first,))
    page = page_of(Results("", report))
    assert "&lt;b&gt;Tom &amp; Jerry&lt;/b&gt;" in page
    assert "<b>Tom" not in page


@pytest.mark.parametrize("key", ["earning", "early"])
def test_a_picture_holds_zero_and_keeps_the_order_of_its_numbers(key: str) -> None:
    told = results()
    found = next(one for one in told.report.workflows if one.key == key)
    for lift in said.holdout_lifts(found):
        drawn = draw_interval(lift, told.truth_of(lift))
        assert drawn is not None
        marks = [drawn.low, drawn.estimate, drawn.high]
        assert marks == sorted(marks)
        assert all(0 < place < WIDTH for place in (*marks, drawn.zero))
        assert (drawn.low > drawn.zero) == (said.headline(found).startswith("Earning"))
