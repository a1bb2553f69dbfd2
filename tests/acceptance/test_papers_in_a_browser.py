"""A report's HTML file in a real browser: alone, wide and narrow, light and dark, and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.acceptance.browsing import in_a_browser, open_browser
from tests.made_results import results
from tests.unit.runtime.test_papers import TRENDS
from upsell.measurement.charts.themes import DARK, LIGHT, Theme
from upsell.runtime.papers.html import html_of
from upsell.runtime.papers.report_paper import report_paper

pytestmark = in_a_browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def address(tmp_path: Path) -> str:
    file = tmp_path / "report.html"
    file.write_text(html_of(report_paper(results(), TRENDS)), "utf-8")
    return file.as_uri()


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[place : place + 2], 16)) for place in (1, 3, 5))})"


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize(("scheme", "theme"), [("light", LIGHT), ("dark", DARK)])
def test_the_file_stands_alone_and_its_charts_follow_the_readers_theme(
    browser: Browser, address: str, width: int, scheme: str, theme: Theme
) -> None:
    # The schemes are parameters, so text here; Playwright wants its own literals.
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(address)
    assert asked == [address]
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == rgb(theme.paper)
    fills = "new Set([...document.querySelectorAll('svg path')].map(p => getComputedStyle(p).fill))"
    assert rgb(theme.accent) in page.evaluate(f"[...{fills}]")
    page.close()


def test_on_paper_it_is_black_on_white_whatever_the_screen_is(browser: Browser, address: str) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(address)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == rgb(LIGHT.paper)
    assert page.evaluate("getComputedStyle(document.body).color") == rgb(LIGHT.ink)
    page.close()
