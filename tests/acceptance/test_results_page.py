"""The results page in a real browser: wide and narrow, light and dark, by keyboard, without a script."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from playwright.sync_api import Browser, Page, sync_playwright

from tests.made_results import results
from upsell.web.pages.results import results_app

CHROMIUM = Path("/usr/bin/chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server: Any = Server(
        results_app(results()),
        "127.0.0.1",
        port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_enabled=False,
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve()), daemon=True)
    thread.start()
    _wait_for(port)
    yield f"http://127.0.0.1:{port}/"
    loop.call_soon_threadsafe(server.stop)
    thread.join(10)
    loop.close()


def _wait_for(port: int) -> None:
    for _ in range(400):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.05)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def opened(browser: Browser, address: str, width: int, scheme: Any = "light", **options: Any) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
    page.goto(address)
    return page


@pytest.mark.parametrize("width", [1280, 375, 320])
def test_nothing_sticks_out_at_the_side(browser: Browser, address: str, width: int, scheme: str) -> None:
    page = opened(browser, address, width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_the_page_says_everything_without_a_script(browser: Browser, address: str) -> None:
    page = opened(browser, address, 1280, java_script_enabled=False)
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
    assert [url for url in asked if not url.startswith((address, "data:"))] == []
    assert complaints == []
    page.close()


def test_a_keyboard_reaches_every_link_and_shows_where_it_is(browser: Browser, address: str) -> None:
    page = opened(browser, address, 1280)
    reached = []
    for _ in range(page.locator("a").count()):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == ["To the results", "JSON", "Earning", "Early", "Empty"]
    page.close()


@pytest.mark.parametrize("width", [1280, 375])
def test_tables_are_tables_to_a_screen_reader_at_any_width(
    browser: Browser, address: str, width: int
) -> None:
    page = opened(browser, address, width)
    table = page.get_by_role("table", name="Per account exposed: treated against holdout").first
    assert table.get_by_role("columnheader").count() == 5
    assert table.get_by_role("row", name="Net revenue, 90 days").count() == 1
    page.close()


def test_text_stands_out_from_its_ground_in_both_themes(browser: Browser, address: str, scheme: str) -> None:
    page = opened(browser, address, 1280, scheme)
    for selector in (".headline", ".note", ".about", ".lifts td", ".lifts thead th", "a"):
        ratio = page.evaluate(CONTRAST, selector)
        assert ratio >= 4.5, (selector, ratio)  # WCAG 2.2, 1.4.3, level AA
    page.close()


CONTRAST = """selector => {
  const parts = colour => colour.match(/[0-9.]+/g).slice(0, 3).map(Number);
  const light = colour => {
    const [r, g, b] = parts(colour).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const shown = [...document.querySelectorAll(selector)].pop();
  const both = [getComputedStyle(shown).color, getComputedStyle(document.body).backgroundColor]
    .map(light).sort((a, b) => b - a);
  return (both[0] + 0.05) / (both[1] + 0.05);
}"""
