"""The checkout of the example in a real browser: swapped by keyboard, in the dark, on a phone, and once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar, Request, Response, get, post
from litestar.params import FromPath
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.browsing import (
    in_a_browser,
    note_troubles,
    open_browser,
    serving,
    violations,
    wait_until,
)
from tests.acceptance.test_prompts_in_a_browser import VIEW
from upsell.web.sdk.routes import sdk_route

pytestmark = in_a_browser

EXAMPLE = Path(__file__).parents[2] / "examples" / "checkout"
PICTURES = Path(__file__).parents[2] / "artifacts" / "checkout"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
SWAP = {
    "currency": "USD",
    "remove": [{"id": "kettle", "quantity": 1, "price": 2_900}],
    "add": [{"id": "kettle-pro", "quantity": 1, "price": 5_900}],
}
DONE = "Done. Kettle Pro is in your cart; you pay for it with your order."
CARD = VIEW | {
    "kind": "card",
    "title": "The better one of it",
    "paragraphs": ["Boils in half the time."],
    "price": "Kettle Pro for $59.00 instead of Kettle for $29.00",
    "accept": {"label": "Swap for $30.00 more", "price": 3_000, "currency": "USD"},
    "words": VIEW["words"] | {"later": "No thanks"},
    "cart": SWAP,
}


class Shop:
    """The example's pages, and what they ask, with what came; a kettle in the cart is answered by a card."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.base = ""
        self.troubles: list[str] = []

    def app(self) -> Litestar:
        def told(file: str) -> Response[bytes]:
            path = EXAMPLE / file
            text = path.read_text("utf-8").replace("http://127.0.0.1:8600", self.base)
            return Response(text.encode(), media_type=TYPES[path.suffix])

        @get("/")
        async def page() -> Response[bytes]:
            return told("index.html")

        @get("/{file:str}")
        async def part(file: FromPath[str]) -> Response[bytes]:
            return told(file)

        @post("/v1/prompts", status_code=200)
        async def prompts(request: Request[Any, Any, Any]) -> dict[str, Any]:
            said = await request.json()
            self.heard.append(("asked", said))
            quantity = sum(each["quantity"] for each in said["cart"]["items"] if each["id"] == "kettle")
            return {"id": "1", "prompt": CARD | {"key": f"k{quantity}"} if quantity else None}

        @post("/v1/prompts/{act:str}", status_code=200)
        async def answers(request: Request[Any, Any, Any], act: FromPath[str]) -> dict[str, Any]:
            self.heard.append((act, await request.json()))
            return {"key": "k1", "state": "in_cart", "message": DONE, "cart": SWAP}

        return Litestar([page, part, prompts, answers, sdk_route()], openapi_config=None, logging_config=None)

    def acts(self, *names: str) -> list[dict[str, Any]]:
        return [said for act, said in self.heard if act in names]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    with serving(made.app()) as base:
        made.base = base
        yield made
    assert made.troubles == []


def visit(browser: Browser, shop: Shop, **options: Any) -> Page:
    context = browser.new_context(
        viewport={"width": 375, "height": 800}, color_scheme="dark", reduced_motion="reduce", **options
    )
    page = context.new_page()
    note_troubles(page, shop.troubles)
    page.goto(f"{shop.base}/?key=uw_x")
    expect(page.get_by_text(CARD["title"], exact=True)).to_be_visible()
    return page


def test_a_swap_by_keyboard_on_a_phone_in_the_dark_changes_the_cart_once_and_moves_nothing(
    browser: Browser, shop: Shop
) -> None:
    page = visit(browser, shop)
    page.evaluate(
        "window.shifts = []; new PerformanceObserver((list) => list.getEntries().forEach((each) =>"
        " window.shifts.push(...each.sources.map((moved) => moved.node && moved.node.outerHTML))))"
        ".observe({ type: 'layout-shift', buffered: true })"
    )
    below = page.locator("h2", has_text="What was told").bounding_box()
    focused = "document.activeElement?.shadowRoot?.activeElement?.textContent"
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate(focused) == "Swap for $30.00 more":
            break
    assert page.evaluate("shifts") == []
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_text(DONE)).to_be_visible()
    # The key that came twice has closed nothing; what closes it is the next stop.
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.shadowRoot.activeElement.ariaLabel") == "Close"
    expect(page.locator("#cart li")).to_have_text(["1 × Kettle Pro, $59.00"])
    (accepted,) = shop.acts("accepted")
    assert (accepted["key"], accepted["price"], accepted["currency"]) == ("k1", 3_000, "USD")
    assert "token" not in accepted
    (asked,) = shop.acts("asked")
    assert asked["anonymousId"] == accepted["anonymousId"] == page.evaluate("localStorage.visitor")
    assert asked["cart"]["items"] == [{"id": "kettle", "quantity": 1, "price": 2_900}]
    assert page.locator("h2", has_text="What was told").bounding_box() == below
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.context.close()


def test_it_is_accessible_before_and_after(browser: Browser, shop: Shop) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    # axe is put into the page as its own script, which the page's policy forbids.
    page = visit(browser, shop, bypass_csp=True)
    page.screenshot(path=PICTURES / "card-dark-375.png")
    assert violations(page) == []
    page.get_by_role("button", name="Swap for").dblclick()
    expect(page.get_by_text(DONE)).to_be_visible()
    assert violations(page) == []
    assert len(shop.acts("accepted")) == 1, "a double click accepts once"
    page.context.close()


def test_another_cart_is_asked_about_anew_and_an_answer_for_an_older_one_is_not_drawn(
    browser: Browser, shop: Shop
) -> None:
    page = visit(browser, shop)
    drawn = page.evaluate(
        "Promise.all([2, 3].map((quantity) => upsell.checkout({ currency: 'USD',"
        " items: [{ id: 'kettle', quantity }] }, { into: place }))).then((all) => all.map((made) => !!made))"
    )
    assert drawn == [False, True]
    expect(page.locator("[data-upsell]")).to_have_count(1)
    page.get_by_role("button", name="No thanks").click()
    expect(page.locator("[data-upsell]")).to_have_count(0)
    for _ in range(100):
        if shop.acts("declined"):
            break
        page.wait_for_timeout(50)
    ((key, answer),) = {(each["key"], each["answer"]) for each in shop.acts("declined")}
    assert (key, answer) == ("k3", "not_now")
    page.evaluate("cart.items = []; ask()")
    wait_until(page, "document.querySelector('#told').textContent.includes('withheld')")
    expect(page.locator("[data-upsell]")).to_have_count(0)
    page.context.close()


def test_a_cart_that_could_not_be_changed_is_not_said_to_be_and_can_be_tried_again(
    browser: Browser, shop: Shop
) -> None:
    page = visit(browser, shop)
    page.evaluate(
        "window.tries = 0, upsell.checkout({ currency: 'USD', items: [{ id: 'kettle', quantity: 2 }] },"
        " { into: place, apply: async () => { if (!tries++) throw new Error('the cart is locked'); } })"
        ".then(() => 0)"
    )
    swap = page.get_by_role("button", name="Swap for")
    swap.click()
    expect(page.get_by_text("That did not work.")).to_be_visible()
    expect(page.locator("#told")).to_contain_text("failed")
    swap.click()
    expect(page.get_by_text(DONE)).to_be_visible()
    assert {each["key"] for each in shop.acts("accepted")} == {"k2"}
    page.context.close()
