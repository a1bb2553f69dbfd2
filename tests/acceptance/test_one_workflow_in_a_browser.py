"""The pages of one workflow in a real browser: usable, live without moving, copied as written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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
from tests.live_world import ON_PRICING, LiveWorld, make_documents, open_world
from tests.stories.world import START, workflow
from upsell.clock import DAY, HOUR, SetClock
from upsell.config import Settings
from upsell.web.team import TeamPages

pytestmark = [*in_a_browser, pytest.mark.postgres]

TWO = "[{wait: 2 days}, {email: {content: t1, intent: help}}]"
FLOW = workflow(trigger=ON_PRICING, journey=TWO, holdout="20%", eligible="[plan.tier < 3]") + (
    "\n# <script>alert(1)</script>\n\nguardrails: {unsubscribe_rate: 1%}\n"
)
"""A workflow with two blank lines and a comment that is none of ours to run."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def world(shared_database: str) -> Iterator[LiveWorld]:
    """Let three come in under a first revision and two under a second."""
    with open_world(shared_database) as world:
        world.apply(make_documents({"w": FLOW.replace("2 days", "3 days")}))
        come(world, "ada", "bob", "cyd")
        world.clock.move_to(START + HOUR)
        world.apply(make_documents({"w": FLOW}), expected=1)
        come(world, "dan", "eve")
        yield world


@pytest.fixture(scope="module")
def address(world: LiveWorld, shared_database: str) -> Iterator[str]:
    with serving(TeamPages(shared_database, SetClock(START + DAY), Settings()).guest_app()) as address:
        yield address


def come(world: LiveWorld, *names: str) -> None:
    for name in names:
        world.happens("Customer Identified", name, email=f"{name}@example.com")
        world.happens("Pricing Viewed", name)
    world.worker.run_until_idle()


def test_every_page_of_a_workflow_is_usable_wide_or_narrow_in_either_theme(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    troubles: list[str] = []
    wide, narrow = (("light", 1280), ("dark", 390))
    for part, (scheme, width) in (
        ("", wide),
        ("", narrow),
        ("/people", narrow),
        ("/versions", wide),
        ("/file", narrow),
    ):
        page = open_page(browser, f"{address}/workflows/w{part}", width, scheme)
        note_troubles(page, troubles)
        check_usable(page, tmp_path / f"w{part.replace('/', '-')}-{scheme}.png")
        current = page.get_by_role("navigation", name="Pages of this workflow").locator("[aria-current]")
        assert current.count() == 1
        page.close()
    assert troubles == []


def test_counts_change_in_place_and_whoever_reads_them_is_left_alone(
    browser: Browser, address: str, world: LiveWorld
) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900})
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if sent.resource_type == "xhr" else None)
    page.clock.install()
    page.goto(f"{address}/workflows/w")
    page.evaluate("document.querySelector('.picture').scrollLeft = 60")
    assert (here(page), page.locator(".counted").text_content()) == ("2 here", "2")
    top = page.evaluate(TOP)
    come(world, "fay", "gus")
    page.get_by_role("link", name="2 here").focus()
    page.clock.fast_forward(11_000)
    page.wait_for_timeout(0)
    assert page.evaluate("document.activeElement.innerText") == "2 here"
    page.evaluate("document.activeElement.blur()")
    page.clock.fast_forward(11_000)
    wait_until(page, "document.querySelector('#journey .here a').innerText === '4 here'")
    wait_until(page, "document.querySelector('.counted').textContent === '4'")
    assert len(asked) == 1, "and nothing while somebody stands on a number"
    assert page.evaluate(TOP) == top
    assert page.evaluate("document.querySelector('.picture').scrollLeft") == 60
    assert page.evaluate(BARS) == []
    page.close()


TOP = "document.querySelector('#gates').getBoundingClientRect().top + window.scrollY"
BARS = """[...document.querySelectorAll('.drawing .bar')]
  .filter(each => Math.abs(each.getBoundingClientRect().width - Number(each.getAttribute('width'))) > 1)
  .map(each => each.outerHTML)"""
"""Bars of the picture that something other than the drawing made wider or narrower."""


def here(page: Page) -> str:
    return page.locator("#journey .here a").first.inner_text()


def test_a_step_leads_to_who_stands_there_and_each_of_them_to_their_page(
    browser: Browser, address: str
) -> None:
    page = open_page(browser, f"{address}/workflows/w", 1280, java_script_enabled=False)
    page.locator("#journey .here a").first.click()
    assert page.url == f"{address}/workflows/w/people?step=0"
    assert page.get_by_role("row", name="Wait 2 days").count() == 4
    page.get_by_role("link", name="eve").click()
    assert page.get_by_role("heading", name="Why is eve spoken to, or not?").is_visible()
    page.goto(f"{address}/workflows/w/versions")
    page.get_by_role("link", name="3", exact=True).click()
    assert page.get_by_role("row", name="version").count() == 3
    page.close()


def test_what_is_copied_of_the_file_is_the_file_without_numbers(browser: Browser, address: str) -> None:
    page = open_page(browser, f"{address}/workflows/w/file", 1280)
    copied = page.evaluate(
        """() => {
          getSelection().selectAllChildren(document.querySelector('.numbered'));
          return getSelection().toString();
        }"""
    )
    assert copied.rstrip("\n") == FLOW.rstrip("\n")
    page.close()
