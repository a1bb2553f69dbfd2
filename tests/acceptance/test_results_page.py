"""The results page in a real browser: wide and narrow, light and dark, by keyboard, without a script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.acceptance.browsing import CONTRAST, in_a_browser, open_browser, open_page, serving
from tests.made_results import results
from tests.pages_world import results_app

pytestmark = in_a_browser


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(results_app(results())) as address:
        yield f"{address}/results"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("width", [1280, 375, 320])
def test_nothing_sticks_out_at_the_side(browser: Browser, address: str, width: int, scheme: str) -> None:
    page = open_page(browser, address, width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_the_page_says_everything_without_a_script(browser: Browser, address: str) -> None:
    page = open_page(browser, address, 1280, java_script_enabled=False)
    assert page.get_by_role("heading", name="Earning").is_visible()
    assert page.get_by_text("Earning earned $31,500 more than doing nothing").is_visible()
    assert page.get_by_text("+7.0 pp inside").is_visible()
    page.close()


def test_no_request_leaves_the_page_and_nothing_complains(browser: Browser, address: str) -> None:
    page = browser.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(address)
    assert [url for url in asked if not url.startswith((address.removesuffix("/results"), "data:"))] == []
    assert complaints == []
    page.close()


def test_a_keyboard_reaches_every_link_and_shows_where_it_is(browser: Browser, address: str) -> None:
    page = open_page(browser, address, 1280)
    reached = []
    for _ in range(page.locator("a:visible").count()):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == [
        "To the page",
        "Upsell",
        "Home",
        "Workflows",
        "Customers",
        "Results",
        "Reports",
        "JSON",
        "Earning",
        "Early",
        "Empty",
        *["Its journey, and who stands where"] * 3,
    ]
    page.close()


@pytest.mark.parametrize("width", [1280, 375])
def test_tables_are_tables_to_a_screen_reader_at_any_width(
    browser: Browser, address: str, width: int
) -> None:
    page = open_page(browser, address, width)
    table = page.get_by_role("table", name="Per account exposed: treated against holdout").first
    assert table.get_by_role("columnheader").count() == 5
    assert table.get_by_role("row", name="Net revenue, 90 days").count() == 1
    page.close()


def test_text_stands_out_from_its_ground_in_both_themes(browser: Browser, address: str, scheme: str) -> None:
    page = open_page(browser, address, 1280, scheme)
    for selector in (".headline", ".note", ".about", ".lifts td", ".lifts thead th", "a"):
        ratio = page.evaluate(CONTRAST, [selector, "color", ""])
        assert ratio >= 4.5, (selector, ratio)  # WCAG 2.2, 1.4.3, level AA
    page.close()
