"""Charts and reports in a real browser: drawn under the policy, in both themes, with words and files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import psycopg
import pytest
from playwright.sync_api import Browser, Page

from tests.acceptance.browsing import (
    check_usable,
    in_a_browser,
    note_troubles,
    open_browser,
    open_page,
    serving,
    wait_until,
)
from tests.live_world import ON_PRICING, make_documents, open_world
from tests.made_results import AS_OF, results
from tests.stories.world import workflow
from upsell.clock import SetClock
from upsell.config import Settings
from upsell.measurement.charts.themes import DARK, LIGHT, Theme
from upsell.web.team import TeamPages

pytestmark = [*in_a_browser, pytest.mark.postgres]

FLOW = workflow(trigger=ON_PRICING, journey="[{wait: 2 days}, {email: {content: t1, intent: help}}]")
LIFT = "[data-chart='/charts/results/lift-revenue']"
DRAWN = f'document.querySelector("{LIFT}.drawn") !== null'
FILL = f'getComputedStyle(document.querySelector("{LIFT} .mark-symbol path")).fill'


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[place : place + 2], 16)) for place in (1, 3, 5))})"


@pytest.fixture(scope="module")
def address(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """Serve results that were made over a database in which their workflows are live, to a guest."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create database charts template {migrated_template}")
    url = postgres_url.replace("/postgres?", "/charts?", 1)
    with open_world(url) as world:
        world.apply(make_documents({"earning": FLOW, "early": FLOW, "empty": FLOW}))
    with serving(TeamPages(url, SetClock(AS_OF), Settings()).guest_app(results())) as address:
        yield address
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("drop database charts with (force)")


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[Browser]:
    # It is closed before the server, which waits for whoever is connected.
    with open_browser() as browser:
        yield browser


def come_to(page: Page) -> None:
    """Wait until the charts were drawn by the server, and the first of them by the browser."""
    wait_until(page, f'document.querySelector("{LIFT}") !== null')
    page.locator(LIFT).scroll_into_view_if_needed()
    wait_until(page, DRAWN)


def test_charts_are_drawn_in_both_themes_under_the_policy_and_stay_in_their_box(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    troubles: list[str] = []
    seen: tuple[tuple[Literal["light", "dark"], int, Theme], ...]
    seen = (("light", 1280, LIGHT), ("dark", 390, DARK))
    for scheme, width, theme in seen:
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        note_troubles(page, troubles)
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.goto(f"{address}/results")
        come_to(page)
        sizes = page.evaluate(
            f"""[...document.querySelectorAll("{LIFT} img, {LIFT} .live-drawing > svg")]
            .map(each => each.getBoundingClientRect()).map(box => [box.x, box.y, box.width, box.height])"""
        )
        assert sizes[0] == pytest.approx(sizes[1], abs=1)
        assert page.evaluate(FILL) == rgb(theme.accent)
        check_usable(page, tmp_path / f"charts-{scheme}-{width}.png")
        page.close()
    assert troubles == []


def test_a_pointer_is_told_words_and_escape_ends_it(browser: Browser, address: str) -> None:
    page = open_page(browser, f"{address}/results", 1280)
    come_to(page)
    place = page.evaluate(
        f"""(() => {{ const box = document.querySelector("{LIFT} .mark-symbol path").getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2]; }})()"""
    )
    # Beside the point and above the line: what tells is broader than what is seen.
    page.mouse.move(place[0] + 12, place[1] - 8)
    wait_until(page, "document.querySelector('.tip') && !document.querySelector('.tip').hidden")
    assert page.inner_text(".tip").startswith("Earning: +")
    assert "to +" in page.inner_text(".tip")
    page.keyboard.press("Escape")
    assert page.locator(".tip").is_hidden()
    page.close()


def test_it_is_drawn_anew_when_the_reader_turns_the_light_off(browser: Browser, address: str) -> None:
    page = open_page(browser, f"{address}/results", 1280)
    come_to(page)
    page.emulate_media(color_scheme="dark")
    wait_until(page, f"{FILL} === '{rgb(DARK.accent)}'")
    page.close()


def test_the_numbers_and_files_are_a_key_away(browser: Browser, address: str, tmp_path: Path) -> None:
    page = open_page(browser, f"{address}/results", 1280)
    come_to(page)
    figure = page.locator("figure").filter(has=page.locator(LIFT))
    figure.locator("summary").focus()
    page.keyboard.press("Enter")
    assert figure.get_by_role("row", name="Earning").is_visible()
    assert figure.get_by_role("img").get_attribute("alt", timeout=1_000)
    for name, beginning in (
        ("SVG", b"<svg"),
        ("PNG", b"\x89PNG"),
        ("CSV", b"Workflow,"),
        ("Vega-Lite", b"{"),
    ):
        with page.expect_download() as download:
            figure.get_by_role("link", name=f"{name} of").click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        assert file.read_bytes().startswith(beginning)
        assert file.stem == "lift-revenue"
    page.close()


def test_without_scripts_pictures_stand_and_tables_open(browser: Browser, address: str) -> None:
    page = open_page(browser, f"{address}/results", 1280)
    come_to(page)
    page.close()
    page = open_page(browser, f"{address}/results", 1280, java_script_enabled=False)
    picture = page.locator(f"{LIFT} img")
    assert picture.is_visible()
    assert "Earning" in (picture.get_attribute("alt") or "")
    page.locator("summary").first.click()
    assert page.get_by_role("cell", name="+30.00").first.is_visible()
    page.close()


def test_a_report_is_found_read_and_taken_along(browser: Browser, address: str, tmp_path: Path) -> None:
    troubles: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    note_troubles(page, troubles)
    page.goto(f"{address}/reports")
    check_usable(page, tmp_path / "reports-light-1280.png")
    page.get_by_role("link", name="How often were people written to").click()
    # Where it is not read yet the page loads itself again.
    page.get_by_role("heading", name="What they answered").wait_for(timeout=60_000)
    check_usable(page, tmp_path / "report-light-1280.png")
    with page.expect_download() as download:
        page.get_by_role("link", name="PDF").click()
    assert download.value.suggested_filename == "trust.pdf"
    page.set_viewport_size({"width": 390, "height": 900})
    page.emulate_media(color_scheme="dark")
    check_usable(page, tmp_path / "report-dark-390.png")
    page.close()
    assert troubles == []
