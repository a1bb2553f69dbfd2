"""The page of an offer in a real browser: for everybody, by keyboard, without a script, and on paper."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.browsing import check_usable, in_a_browser, open_browser, open_page, serving
from tests.offer_world import Offered, open_offers
from tests.stories.world import START
from upsell.clock import DAY
from upsell.web.app import make_app

pytestmark = in_a_browser

ACCEPT = "Get Pro for $134.10 per month"
PDF_TO_TEXT = shutil.which("pdftotext")
MAY = re.compile("I may decide this for Acme GmbH")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


class Site:
    """The pages, served, for an admin to whom an offer was mailed."""

    def __init__(self, offered: Offered, base: str) -> None:
        self.offered = offered
        self.key = offered.to_account()
        self.base = base
        self.offer = base + offered.offer(self.key)
        self.back = base + offered.back(self.key)

    def count(self, table: str) -> int:
        ((number,),) = self.offered.world.rows(f"select count(*) from {table}")
        return int(number)


@pytest.fixture
def site(database: str) -> Iterator[Site]:
    with open_offers(database) as offered, serving(make_app(database, offered.world.clock)) as base:
        yield Site(offered, base)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_everybody_can_use_every_page(
    site: Site, browser: Browser, scheme: str, width: int, tmp_path: Path
) -> None:
    page = open_page(browser, site.offer, width, scheme)

    def look(name: str) -> None:
        check_usable(page, tmp_path / f"{name}-{scheme}-{width}.png")

    look("offer")
    page.get_by_role("button", name="Not now").click()
    look("declined")
    page.get_by_label(MAY).check()
    page.get_by_role("button", name=ACCEPT).click()
    look("taken")
    page.get_by_role("link", name="Go back to what you had").click()
    look("back")
    page.get_by_role("button", name="Take me back").click()
    look("asked")
    page.goto(site.base + "/a/nothing")
    look("nowhere")
    page.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
def test_everybody_can_read_a_quote_and_ask_a_colleague(
    database: str, browser: Browser, scheme: str, width: int, tmp_path: Path
) -> None:
    limit = "accepting: {approval_above: {USD: 1000}}\n"
    with (
        open_offers(database, policy=limit) as offered,
        serving(make_app(database, offered.world.clock)) as base,
    ):
        page = open_page(browser, base + offered.offer(offered.to_account()), width, scheme)
        page.get_by_label(MAY).check()
        page.get_by_role("button", name=ACCEPT).click()
        expect(page.get_by_role("status")).to_contain_text("confirmed by one of us first")
        check_usable(page, tmp_path / f"asked-{scheme}.png")
        page.get_by_role("link", name="Look at the quote").click()
        expect(page.get_by_text("Over the first twelve months: $1,698.60")).to_be_visible()
        check_usable(page, tmp_path / f"quote-{scheme}.png")
        page.close()
        offered.world.happens("Account Identified", "ada", "acme", role="viewer")
        offered.world.worker.run_until_idle()
        offered.world.connection.execute("delete from orders")
        page = open_page(browser, base + offered.offer(offered.key()), width, scheme)
        check_usable(page, tmp_path / f"ask-{scheme}.png")
        page.get_by_role("button", name="Ask a colleague who may").press("Enter")
        expect(page.get_by_role("status").last).to_contain_text("our team looks for somebody")
        check_usable(page, tmp_path / f"team-{scheme}.png")
        page.close()


def test_it_is_taken_by_keyboard_and_without_a_script(site: Site, browser: Browser) -> None:
    page = open_page(browser, site.offer, 800, java_script_enabled=False)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert site.count("orders") == 0, "without the word that they may, the browser itself sends nothing"
    page.get_by_label(MAY).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("You took Pro on")
    assert site.count("orders") == 1
    page.close()


def test_it_is_declined_by_keyboard_with_a_reason(site: Site, browser: Browser) -> None:
    page = open_page(browser, site.offer, 800, java_script_enabled=False)
    page.get_by_label("Too expensive").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="No, and do not ask again").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("we do not ask for this again")
    expect(page.get_by_role("button", name="Not now")).to_have_count(0)
    (told,) = site.offered.told("Offer Declined")
    assert (told["answer"], told["reason"]) == ("never", "too_expensive")
    page.close()


def test_focus_is_seen_and_goes_down_the_page(site: Site, browser: Browser) -> None:
    page = open_page(browser, site.offer, 800)
    places = []
    for _ in range(7):
        page.keyboard.press("Tab")
        top, outline = page.evaluate(
            "[document.activeElement.getBoundingClientRect().top + scrollY,"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline == "solid"
        places.append(top)
    assert places == sorted(places)
    page.close()


def test_two_clicks_and_two_tabs_take_it_once(site: Site, browser: Browser) -> None:
    first, second = (open_page(browser, site.offer, 800) for _ in range(2))
    for page in (first, second):
        page.get_by_label(MAY).check()
    first.get_by_role("button", name=ACCEPT).dblclick()
    expect(first.get_by_role("status")).to_contain_text("You took Pro on")
    second.get_by_role("button", name=ACCEPT).click()
    expect(second.get_by_role("status")).to_contain_text("You took Pro on")
    first.reload()
    expect(first.get_by_role("status")).to_contain_text("You took Pro on")
    assert (site.count("orders"), len(site.offered.told("Offer Accepted"))) == (1, 1)
    first.close()
    second.close()


def test_reloading_going_on_and_back_says_nothing_twice(site: Site, browser: Browser) -> None:
    page = open_page(browser, site.offer, 800)
    page.get_by_role("button", name="Not now").click()
    expect(page.get_by_role("status")).to_contain_text("You said not now on")
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("You said not now on")
    page.go_back()
    page.go_forward()
    expect(page.get_by_role("status")).to_contain_text("You said not now on")
    assert posts == []
    page.get_by_label(MAY).check()
    page.get_by_role("button", name=ACCEPT).click()
    page.get_by_role("link", name="Go back to what you had").click()
    page.get_by_role("button", name="Take me back").click()
    expect(page.get_by_role("status")).to_contain_text("You told us on")
    page.reload()
    assert len(posts) == 2
    page.close()


def test_whoever_asks_for_contrast_gets_it(site: Site, browser: Browser) -> None:
    page = open_page(browser, site.offer, 800, contrast="more")
    ink = "rgb(27, 31, 36)"
    expect(page.locator(".quiet").first).to_have_css("color", ink)
    expect(page.get_by_role("button", name="Not now")).to_have_css("border-color", ink)
    page.close()


def test_what_is_over_cannot_be_taken_from_a_tab_that_stayed_open(site: Site, browser: Browser) -> None:
    page = open_page(browser, site.offer, 800)
    page.get_by_label(MAY).check()
    site.offered.world.clock.move_to(START + 15 * DAY)
    page.get_by_role("button", name=ACCEPT).click()
    expect(page.get_by_role("status")).to_contain_text("are over. Nothing was charged.")
    expect(page.get_by_role("button")).to_have_count(0)
    assert site.count("orders") == 0
    page.close()


# What a reader sees on paper is read by another program than the one that wrote it.
@pytest.mark.skipif(PDF_TO_TEXT is None, reason="no pdftotext to read a page on paper")
def test_on_paper_it_says_all_but_what_only_a_screen_can(
    site: Site, browser: Browser, tmp_path: Path
) -> None:
    page = open_page(browser, site.offer, 800, "dark")
    page.pdf(path=tmp_path / "offer.pdf", format="A4")
    written = subprocess.run(
        [str(PDF_TO_TEXT), "-layout", tmp_path / "offer.pdf", "-"], check=True, capture_output=True
    )
    sheets = written.stdout.decode().removesuffix("\f").split("\f")
    text = " ".join(" ".join(sheets).split())
    for said in ("Room for ten times the calls", "850", "10,000", "$134.10 per month", "within 30 days",
                 "16 March 2026", "We stopped counting calls.", "hello@acme.example"):  # fmt: skip
        assert said in text, said
    for said in ("Not now", "What is missing?", ACCEPT, "I may decide"):
        assert said not in text, said
    assert len(sheets) <= 2
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.close()


def test_a_page_asks_nobody_else_for_anything(site: Site, browser: Browser) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    for address in (site.offer, site.back):
        page.goto(address)
    assert {url for url in asked if not url.startswith("data:")} == {site.offer, site.back}
    assert messages == [], "nothing the policy of the page would forbid"
    page.close()
