"""Papers: one content in every form, in files that stand by themselves."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_results import AS_OF, nothing, results
from upsell.clock import DAY, WEEK
from upsell.errors import ConfigError
from upsell.measurement.answers import Effect
from upsell.measurement.charts.chart import Chart, Table
from upsell.measurement.charts.money import Guarded, Movement
from upsell.measurement.charts.people import Cohort, Curve, CurvePoint, Week
from upsell.measurement.charts.readings import Reading
from upsell.runtime import results as said
from upsell.runtime.papers.forms import Form, form_of, paper_bytes, write_whole
from upsell.runtime.papers.html import html_of
from upsell.runtime.papers.json_keys import KEYS
from upsell.runtime.papers.markdown import markdown_of
from upsell.runtime.papers.paper import Paper, Paragraph, Section
from upsell.runtime.papers.pdf import pages_of, pdf_of, typst_of
from upsell.runtime.papers.report_paper import report_charts, report_paper
from upsell.runtime.pictures import Bridge, Pictures
from upsell.runtime.results import results_json
from upsell.runtime.trends import Trends

TRENDS = Trends(
    readings={"earning": tuple(Reading(AS_OF - n * 30 * DAY, Effect(30.0, 10.0, 50.0)) for n in (2, 1, 0))},
    weeks=tuple(Week(AS_OF - n * WEEK, 20, 25, 2) for n in (2, 1)),
    pictures=Pictures(
        curves={"earning": (Curve("treated", (CurvePoint(3, 0.2, 0.1, 0.3), CurvePoint(9, 0.4, 0.3, 0.5))),)},
        bridge=Bridge("2026-01", 4_500_000, (Movement("New", 800_000), Movement("Churn", -350_000))),
        cohorts=(Cohort("2025-12", 120_000, (1.0, 1.1)), Cohort("2026-01", 90_000, (1.0,))),
        guarded={
            "": (Guarded("mail complaints, pause", 0.001, 0.0005, 0.002, 0.003),),
            "earning": (Guarded("unsubscribe rate, pause", None, None, None, 0.01, "too few"),),
        },
    ),
)


class Reader(HTMLParser):
    """Reads what a page says, and what it would fetch or run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def whole() -> Paper:
    return report_paper(results(), TRENDS)


def cells(paper: Paper) -> set[str]:
    found: set[str] = set()
    for section in paper.sections:
        found.add(section.headline)
        for block in section.blocks:
            table = block.table if isinstance(block, Chart) else block
            if isinstance(table, Table):
                found |= {cell for row in table.rows for cell in row if cell} | {table.caption}
            elif isinstance(table, Paragraph):
                found.add(table.text)
    return found


def test_every_form_says_every_headline_and_number_of_the_paper() -> None:
    paper = whole()
    page = Reader(html_of(paper)).text
    plain = re.sub(r"\\(.)", r"\1", markdown_of(paper))
    typed = typst_of(paper, AS_OF)
    for cell in cells(paper):
        assert " ".join(cell.split()) in page
        assert " ".join(cell.split()) in plain
        assert cell in typed


def test_a_paper_has_what_the_terminal_says_of_each_workflow() -> None:
    words = cells(whole())
    for found in results().report.workflows:
        assert said.headline(found) in words
        assert said.sample_ratio_words(found) in words
        for one in said.holdout_lifts(found):
            assert said.effect_words(one.absolute, one) in words
    assert "not known: nobody has been exposed" in words


def test_a_page_runs_nothing_and_fetches_nothing() -> None:
    page = html_of(whole())
    read = Reader(page)
    tags = {tag for tag, _ in read.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert not [
        name
        for _, attrs in read.tags
        for name in attrs
        if name in {"src", "href", "style"} or name[:2] == "on"
    ]
    assert "url(" not in page
    assert "@import" not in page
    policies = [a["content"] for t, a in read.tags if t == "meta" and a.get("http-equiv")]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_every_chart_of_a_page_has_its_text_and_its_table_and_follows_light_and_dark() -> None:
    paper = whole()
    page = html_of(paper)
    read = Reader(page)
    pictures = [attrs for tag, attrs in read.tags if tag == "svg"]
    assert len(pictures) == len(paper.charts) == sum(tag == "figure" for tag, _ in read.tags)
    assert [p["aria-label"] for p in pictures] == [f"{c.title}. {c.alternative}" for c in paper.charts]
    for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        assert ElementTree.fromstring(svg) is not None
        assert not re.search(r'"#[0-9a-f]{6}"', svg)
        assert "var(--accent)" in svg or "var(--ink)" in svg


def test_without_pictures_a_page_still_has_every_table() -> None:
    paper = whole()
    page = html_of(paper, has_pictures=False)
    assert "<svg" not in page
    assert all(
        cell in Reader(page).text for chart in paper.charts for row in chart.table.rows for cell in row
    )


NASTY = '<script>"\\#let x = 1 $a$ _*|`&amp; [b](c) é\u2212'


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_text_is_never_read_as_markup(text: str) -> None:
    paper = Paper("t", (), (Section("n", "h", (Paragraph(f"{NASTY}{text}"),)),), "f")
    assert " ".join(f"{NASTY}{text}".split()) in Reader(html_of(paper)).text.replace("  ", " ")
    assert "<script>" not in html_of(paper)
    assert "<script>" not in markdown_of(paper)


def test_nasty_text_is_set_and_not_run_by_typst() -> None:
    paper = Paper(
        NASTY, (NASTY,), (Section(NASTY, NASTY, (Table(NASTY, (NASTY,), ((NASTY,),), "l"),)),), NASTY
    )
    assert pages_of(paper, AS_OF)


def test_a_pdf_is_the_same_bytes_twice_has_its_fonts_and_its_title() -> None:
    paper = whole()
    made = pdf_of(paper, AS_OF)
    assert made == pdf_of(paper, AS_OF)
    assert made.startswith(b"%PDF-")
    assert b"/FontFile" in made
    assert b"LibertinusSerif" in made
    assert len(pages_of(paper, AS_OF, 20)) > 2


def test_a_pdf_is_made_of_any_moment_also_amid_a_second() -> None:
    assert pdf_of(whole(), AS_OF + 123_456).startswith(b"%PDF-")


def test_where_nothing_is_live_each_form_says_how_to_begin() -> None:
    paper = report_paper(nothing(), Trends())
    assert "upsell apply" in Reader(html_of(paper)).text
    assert "upsell apply" in markdown_of(paper)
    assert pdf_of(paper, AS_OF)


def paths(value: object, before: str = "") -> set[str]:
    found = {before} if before else set()
    if isinstance(value, dict):
        for key, inner in value.items():
            found |= paths(inner, f"{before}.{key}" if before else key)
    elif isinstance(value, list):
        found |= {f"{before}[]"}
        for inner in value:
            found |= paths(inner, f"{before}[]")
    return found


def test_every_documented_key_of_the_json_is_there() -> None:
    told = results()
    content = msgspec.json.decode(results_json(told, report_charts(told, TRENDS)))
    assert set(KEYS) - paths(content) == set()
    assert (content["format"], content["version"]) == ("upsell-report", 1)
    assert [chart["title"] for chart in content["charts"]] == [chart.title for chart in whole().charts]


@pytest.mark.parametrize(
    ("name", "file", "form"),
    [
        (None, None, Form.TEXT),
        (None, "r.PDF", Form.PDF),
        (None, "r.md", Form.MARKDOWN),
        ("html", "r.txt", Form.HTML),
        ("json", None, Form.JSON),
    ],
)
def test_a_form_is_that_named_or_that_of_the_files_ending(
    name: str | None, file: str | None, form: Form
) -> None:
    assert form_of(name, Path(file) if file else None) is form


@pytest.mark.parametrize(
    ("name", "file", "words"),
    [
        ("pfd", None, "did you mean pdf"),
        (None, "r.docx", "or say --format"),
        ("pdf", None, "-o report.pdf"),
    ],
)
def test_a_form_that_cannot_be_is_refused_with_what_to_do(
    name: str | None, file: str | None, words: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)):
        form_of(name, Path(file) if file else None)


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_nothing_half(tmp_path: Path) -> None:
    file = tmp_path / "r.html"
    write_whole(file, b"old")
    write_whole(file, b"new")
    assert file.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]
    with pytest.raises(ConfigError, match="expected a file that can be written"):
        write_whole(tmp_path / "nowhere" / "r.html", b"x")
    assert paper_bytes(whole(), Form.HTML, AS_OF).startswith(b"<!doctype html>")
    with pytest.raises(ConfigError, match="expected markdown, html or pdf"):
        paper_bytes(whole(), Form.TEXT, AS_OF)


def test_every_kind_of_chart_stands_in_the_report_with_its_table() -> None:
    keys = [chart.key for chart in report_charts(results(), TRENDS)]
    wanted = ["lift-revenue", "lift-conversion", "pressure", "bridge", "cohorts", "guardrails-all-mail"]
    assert keys[: len(wanted)] == wanted
    own = ["earning-time", "earning-survival", "earning-funnel", "earning-guardrails"]
    assert [key for key in keys if key.startswith("earning")] == own
    assert all(chart.table.rows for chart in report_charts(results(), TRENDS))
