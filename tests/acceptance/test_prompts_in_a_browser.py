"""The snippet in a real browser: drawn under a strict policy, answered by hand, by keyboard, and offline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar, Request, Response, get, post, route
from litestar.enums import HttpMethod
from litestar.params import FromPath
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.acceptance.browsing import (
    in_a_browser,
    note_troubles,
    open_browser,
    serving,
    violations,
    wait_until,
)
from upsell.web.sdk.routes import sdk_route

pytestmark = in_a_browser

KINDS = ("modal", "paywall", "banner", "tooltip", "card")
PICTURES = Path(__file__).parents[2] / "artifacts" / "prompts"

POLICY = (
    "default-src 'none'; script-src {base}/sdk/ {base}/page.js; connect-src {base}; "
    "style-src {base}/page.css; base-uri 'none'; require-trusted-types-for 'script'"
)
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Usage</title>
<meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/page.css"><main><h1>Usage</h1>
<p>980 of 1,000 reports used this month. <button id="more">New report</button></p>
<div id="slot"></div><p id="below">Below the slot.</p></main>
<script src="/sdk/upsell.js"></script><script src="/page.js"></script></html>"""
STYLE = """:root{color-scheme:light dark}body{font:16px/1.5 system-ui;margin:24px;
background:light-dark(#fff,#101318);color:light-dark(#1b1f26,#eceff4)}#slot{min-height:320px}"""
SCRIPT = """
const told = window.told = [];
for (const name of ["shown","clicked","accepted","declined","dismissed","withheld","failed","offered"])
  upsell.on(name, (detail) => told.push(name));
document.addEventListener("upsell:accepted", () => told.push("dom:accepted"));
upsell.init({ host: location.origin, key: "uw_x", token: async () => "a.b.c" });
window.shifts = 0;
new PerformanceObserver((list) => list.getEntries().forEach((e) => (window.shifts += e.value)))
  .observe({ type: "layout-shift", buffered: true });
"""
VIEW: dict[str, Any] = {
    "key": "k1",
    "intent": "offer",
    "content": "",
    "kind": "",
    "lang": "en",
    "title": "Room for more reports",
    "paragraphs": ["You used 980 of 1,000 reports.", "10,000 reports instead of 1,000; adds single sign-on."],
    "price": "$49.00 per month instead of $59.00 per month",
    "terms": ["30 days to change your mind.", "Go back to Starter whenever you like."],
    "accept": {"label": "Get Team for $49.00 per month", "price": 4_900, "currency": "USD"},
    "words": {
        "later": "Not now", "never": "No, and do not ask again", "close": "Close",
        "why": "What speaks against it?",
        "working": "One moment …", "accepted": "Done. Team is yours.", "failed": "That did not work.",
        "over": "This offer is over.", "offline": "No connection just now.",
    },
    "reasons": [{"value": "too_expensive", "label": "Too expensive"},
                {"value": "no_need", "label": "No need"}],
}  # fmt: skip


class Server:
    """What a page asks, as the server of the API answers it, with what came."""

    def __init__(self) -> None:
        self.view: dict[str, Any] | None = VIEW
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.accepts: list[tuple[int, dict[str, Any]]] = []
        self.asked: dict[str, Any] = {}
        self.charges: tuple[int, dict[str, Any]] = (200, {})
        self.refused = ""
        self.base = ""
        self.troubles: list[str] = []

    def app(self) -> Litestar:
        def given(body: str, kind: str) -> Response[bytes]:
            headers = {"Content-Security-Policy": POLICY.format(base=self.base)}
            return Response(body.encode(), media_type=kind, headers=headers)

        @get("/")
        async def page() -> Response[bytes]:
            return given(PAGE, "text/html")

        @get("/page.css")
        async def style() -> Response[bytes]:
            return given(STYLE, "text/css")

        @get("/page.js")
        async def script() -> Response[bytes]:
            return given(SCRIPT, "text/javascript")

        def refusal() -> Response[bytes]:
            said = json.dumps({"code": "identity", "message": self.refused})
            return Response(said.encode(), status_code=401, media_type="application/json")

        @post("/v1/prompts", status_code=200)
        async def prompts(request: Request[Any, Any, Any]) -> dict[str, Any] | Response[bytes]:
            if self.refused:
                return refusal()
            self.heard.append(("asked", await request.json()))
            return {"id": "1", "prompt": self.view}

        @post("/v1/can", status_code=200)
        async def can(request: Request[Any, Any, Any]) -> dict[str, Any] | Response[bytes]:
            if self.refused:
                return refusal()
            said = await request.json()
            self.heard.append(("can", said))
            is_allowed = said["feature"] == "reports"
            return {
                "id": "1",
                "allowed": is_allowed,
                "plan": "pro",
                "prompt": None if is_allowed else self.view,
            }

        @route("/v1/prompts/{act:str}", http_method=[HttpMethod.POST], status_code=200)
        async def answers(request: Request[Any, Any, Any], act: FromPath[str]) -> Response[bytes]:
            self.heard.append((act, await request.json()))
            status, body = self.accepts.pop(0) if act == "accepted" and self.accepts else (200, {})
            if act == "asked":
                body = self.asked
            if act == "charges":
                status, body = self.charges
            return Response(json.dumps(body).encode(), status_code=status, media_type="application/json")

        return Litestar(
            [page, style, script, prompts, can, answers, sdk_route()],
            openapi_config=None,
            logging_config=None,
        )

    def acts(self) -> list[str]:
        return [act for act, said in self.heard if act != "can" and "placement" not in said]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    with serving(made.app()) as base:
        made.base = base
        yield made
    assert made.troubles == []


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1100, "height": 800}, reduced_motion="reduce")
    yield made
    made.close()


def visit(context: BrowserContext, server: Server) -> Page:
    page = context.new_page()
    note_troubles(page, server.troubles)
    page.goto(server.base)
    return page


def ask(page: Page, kind: str = "banner") -> None:
    given = {
        "card": "{into: document.querySelector('#slot')}",
        "tooltip": "{at: document.querySelector('#more')}",
    }
    page.evaluate(f"upsell.prompt('usage-page', {given.get(kind, '{}')}).then(() => 0)")


def heard(page: Page, server: Server, *acts: str) -> None:
    """Wait until the server has heard these acts, which the page tells without waiting, and no other."""
    for _ in range(100):
        if sorted(server.acts()) == sorted(acts):
            return
        page.wait_for_timeout(50)
    assert server.acts() == list(acts)


def show(server: Server, kind: str) -> None:
    server.view = VIEW | {"kind": kind}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_says_gain_reason_and_price_and_is_accessible_in_light_and_dark(
    browser: Browser, server: Server, kind: str
) -> None:
    show(server, kind)
    PICTURES.mkdir(parents=True, exist_ok=True)
    scheme: Any
    for scheme, width in (("light", 1100), ("dark", 1100), ("light", 375), ("dark", 375)):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
        )
        page = visit(context, server)
        ask(page, kind)
        for words in (VIEW["title"], *VIEW["paragraphs"], VIEW["price"], *VIEW["terms"]):
            expect(page.get_by_text(words, exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Get Team for $49.00 per month")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.screenshot(path=PICTURES / f"{kind}-{scheme}-{width}.png")
        # axe is put into the page as its own script, which the page's policy forbids.
        page.close()
        context.close()
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            bypass_csp=True,
            # What is still fading in has no contrast yet.
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.goto(server.base)
        ask(page, kind)
        expect(page.get_by_text(VIEW["title"], exact=True)).to_be_visible()
        assert violations(page) == []
        context.close()


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_accepted_by_keyboard_alone_at_the_stated_price(
    context: BrowserContext, server: Server, kind: str
) -> None:
    show(server, kind)
    page = visit(context, server)
    ask(page, kind)
    expect(page.get_by_text(VIEW["title"], exact=True)).to_be_visible()
    focused = "document.activeElement?.shadowRoot?.activeElement"
    for _ in range(12):
        if page.evaluate(f"{focused}?.matches('button.go') || false"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Done. Team is yours.")).to_be_visible()
    ((_, said),) = [each for each in server.heard if each[0] == "accepted"]
    assert (said["key"], said["price"], said["currency"], said["token"]) == ("k1", 4_900, "USD", "a.b.c")
    assert {"accepted", "dom:accepted"} <= set(page.evaluate("told"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_already_on_its_way_accepts_nothing(context: BrowserContext, server: Server, kind: str) -> None:
    show(server, kind)
    page = visit(context, server)
    ask(page, kind)
    expect(page.get_by_text(VIEW["title"], exact=True)).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    page.wait_for_timeout(100)
    assert server.acts() == []


def test_whoever_is_to_pay_first_is_led_on_by_the_keyboard_too(
    context: BrowserContext, server: Server
) -> None:
    url = "https://checkout.stripe.com/c/1"
    server.accepts.append((200, {"message": "Please pay.", "pay": {"label": "Pay now", "url": url}}))
    page = visit(context, server)
    ask(page)
    page.get_by_role("button", name="Get Team").click()
    expect(page.get_by_text("Please pay.")).to_be_visible()
    pay = page.get_by_role("link", name="Pay now")
    assert pay.get_attribute("href") == url
    pay.focus()
    assert page.evaluate("document.activeElement?.shadowRoot?.activeElement?.textContent") == "Pay now"
    assert violations(page) == []


def test_a_double_click_accepts_once(context: BrowserContext, server: Server) -> None:
    page = visit(context, server)
    ask(page)
    page.get_by_role("button", name="Get Team").dblclick()
    expect(page.get_by_text("Done. Team is yours.")).to_be_visible()
    assert server.acts().count("accepted") == 1


def test_what_is_answered_in_one_tab_is_closed_in_the_other(context: BrowserContext, server: Server) -> None:
    one, two = visit(context, server), visit(context, server)
    for page in (one, two):
        ask(page)
        expect(page.get_by_text(VIEW["title"], exact=True)).to_be_visible()
    two.get_by_role("button", name="Not now").click()
    expect(one.get_by_text(VIEW["title"], exact=True)).to_be_hidden()
    heard(two, server, "declined")


def test_never_asks_why_and_takes_no_answer_for_an_answer(context: BrowserContext, server: Server) -> None:
    page = visit(context, server)
    ask(page)
    page.get_by_role("button", name="No, and do not ask again").click()
    page.get_by_label("Too expensive").check()
    page.get_by_role("button", name="No, and do not ask again").click()
    expect(page.get_by_text("What speaks against it?")).to_be_hidden()
    ask(page)
    page.get_by_role("button", name="No, and do not ask again").click()
    page.get_by_role("button", name="No, and do not ask again").click()
    expect(page.get_by_text("What speaks against it?")).to_be_hidden()
    heard(page, server, "declined", "declined")
    said = [(each["answer"], each.get("reason")) for act, each in server.heard if act == "declined"]
    assert said == [("never", "too_expensive"), ("never", None)]


def test_escape_dismisses_and_gives_the_focus_back(context: BrowserContext, server: Server) -> None:
    show(server, "modal")
    page = visit(context, server)
    page.locator("#more").focus()
    ask(page)
    expect(page.get_by_text(VIEW["title"], exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text(VIEW["title"], exact=True)).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "more"
    heard(page, server, "dismissed")


def test_offline_nothing_is_taken_for_accepted_and_what_was_said_is_told_later(
    context: BrowserContext, server: Server
) -> None:
    page = visit(context, server)
    ask(page)
    expect(page.get_by_text(VIEW["title"], exact=True)).to_be_visible()
    context.set_offline(True)
    page.get_by_role("button", name="Get Team").click()
    expect(page.get_by_text("No connection just now.")).to_be_visible()
    page.get_by_role("button", name="Not now").click()
    wait_until(page, "localStorage.getItem('upsell.answers')")
    assert server.acts() == []
    with page.expect_response("**/v1/prompts/declined"):
        context.set_offline(False)
    assert server.acts() == ["declined"]
    wait_until(page, "!localStorage.getItem('upsell.answers')")


def test_a_failure_is_told_honestly_and_can_be_tried_again(context: BrowserContext, server: Server) -> None:
    server.accepts = [
        (400, {"code": "failed", "message": "card declined"}),
        (400, {"code": "over"}),
        (200, {}),
    ]
    page = visit(context, server)
    ask(page)
    for words in ("That did not work.", "This offer is over.", "Done. Team is yours."):
        page.get_by_role("button", name="Get Team").click()
        expect(page.get_by_text(words)).to_be_visible()


def test_who_may_not_decide_is_offered_to_ask_a_colleague(context: BrowserContext, server: Server) -> None:
    server.view = VIEW | {"kind": "modal", "words": VIEW["words"] | {"ask": "Ask a colleague who may decide"}}
    refused = {"code": "role", "message": "no role", "words": "Your role may not decide this."}
    server.accepts = [(403, refused), (403, refused)]
    page = visit(context, server)
    ask(page, "modal")
    expect(page.get_by_role("button", name="Ask a colleague")).to_have_count(0)
    for _ in range(2):
        page.get_by_role("button", name="Get Team").click()
        expect(page.get_by_text("Your role may not decide this.")).to_be_visible()
    button = page.get_by_role("button", name="Ask a colleague who may decide")
    expect(button).to_have_count(1)
    assert violations(page) == []
    server.asked = {"asked": 1, "message": "Those who may decide were asked."}
    button.press("Enter")
    expect(page.get_by_text("Those who may decide were asked.")).to_be_visible()
    assert server.acts()[-1] == "asked"
    assert server.heard[-1][1]["key"] == "k1"


def test_it_is_told_as_shown_only_after_it_was_in_sight_for_a_second(
    context: BrowserContext, server: Server
) -> None:
    page = visit(context, server)
    ask(page)
    expect(page.get_by_text(VIEW["title"], exact=True)).to_be_visible()
    assert server.acts() == []
    with page.expect_response("**/v1/prompts/shown"):
        pass
    assert server.acts() == ["shown"]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_on_the_page_moves_when_it_appears(
    context: BrowserContext, server: Server, kind: str
) -> None:
    show(server, kind)
    page = visit(context, server)
    before = page.locator("#below").bounding_box()
    ask(page, kind)
    expect(page.get_by_text(VIEW["title"], exact=True)).to_be_visible()
    page.wait_for_timeout(300)
    assert page.locator("#below").bounding_box() == before
    assert page.evaluate("shifts") == 0


CHARGED = "Charged when you accept: $50.00 with tax, for the time until your next invoice."
ASKING = "One moment: what is charged when you accept is looked up."


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [1100, 320])
def test_what_is_charged_is_said_before_the_click_and_moves_nothing(
    browser: Browser, server: Server, kind: str, width: int
) -> None:
    server.view = VIEW | {"kind": kind, "charges": ASKING}
    server.charges = (200, {"outlook": "charged", "lines": [CHARGED, "Your next invoice is then $49.00."]})
    context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    page = visit(context, server)
    page.evaluate("document.querySelector('#slot').style.minHeight = '720px'")
    ask(page, kind)
    expect(page.get_by_text(ASKING)).to_be_visible()
    page.wait_for_timeout(200)
    page.evaluate("window.shifts = 0")
    box = page.locator(".box").bounding_box()
    expect(page.get_by_text(CHARGED)).to_be_visible()
    assert page.locator(".box").bounding_box() == box
    assert page.evaluate("shifts") == 0
    heard(page, server, "charges", "shown")
    context.close()


def test_where_nobody_can_say_what_is_charged_nothing_is_said(
    context: BrowserContext, server: Server
) -> None:
    server.view = VIEW | {"charges": ASKING}
    server.charges = (403, {"code": "role", "message": "x", "words": "Your role may not."})
    page = visit(context, server)
    ask(page)
    expect(page.get_by_text(ASKING)).to_be_visible()
    expect(page.get_by_text(ASKING)).to_have_count(0)
    assert "failed" not in page.evaluate("told")
    page.get_by_role("button", name="Get Team").click()
    expect(page.get_by_text("Done. Team is yours.")).to_be_visible()


def test_a_card_that_says_done_moves_nothing_of_the_page(context: BrowserContext, server: Server) -> None:
    show(server, "card")
    page = visit(context, server)
    page.evaluate("document.querySelector('#slot').style.minHeight = 'auto'")
    ask(page, "card")
    page.get_by_role("button", name="Get Team").wait_for()
    before = page.locator("#below").bounding_box()
    page.get_by_role("button", name="Get Team").click()
    expect(page.get_by_text("Done. Team is yours.")).to_be_visible()
    assert page.locator("#below").bounding_box() == before


@pytest.mark.parametrize("intent", ["show", "help"])
def test_what_makes_no_offer_is_drawn_in_each_kind_with_its_link_and_nothing_to_accept(
    browser: Browser, server: Server, intent: str
) -> None:
    tip = {name: said for name, said in VIEW.items() if name not in ("price", "terms", "accept", "reasons")}
    tip |= {
        "intent": intent,
        "title": "Three tips",
        "paragraphs": ["Pack your reports."],
        "link": {"label": "Read on", "url": "/tips"},
        "words": {"later": "Not now", "close": "Close"},
    }
    # axe is put into the page as its own script, which the page's policy forbids.
    context = browser.new_context(
        viewport={"width": 375, "height": 800}, bypass_csp=True, reduced_motion="reduce"
    )
    page = context.new_page()
    note_troubles(page, server.troubles)
    page.goto(server.base)
    for number, kind in enumerate(KINDS):
        server.view = tip | {"kind": kind, "key": f"k{number}"}
        ask(page, kind)
        expect(page.get_by_text("Three tips", exact=True)).to_be_visible()
        expect(page.locator(f"[data-upsell={kind}]")).to_have_count(1)
        link = page.get_by_role("link", name="Read on")
        assert link.get_attribute("href") == "/tips"
        assert page.locator("[data-upsell] button").all_inner_texts() == ["Not now", "×"]
        assert violations(page) == []
        link.focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Three tips", exact=True)).to_be_hidden()
    answers: list[str] = []
    for _ in range(100):
        answers = [said["answer"] for act, said in server.heard if act == "declined"]
        if len(answers) == len(KINDS):
            break
        page.wait_for_timeout(50)
    assert answers == ["not_now"] * len(KINDS)
    context.close()


def test_a_wrong_signature_shows_nothing_is_told_and_lets_the_page_go_on(
    context: BrowserContext, server: Server
) -> None:
    server.refused = "expected a token signed with HS256 and the identity secret, got another"
    page = visit(context, server)
    assert page.evaluate("upsell.prompt('usage-page')") is None
    assert page.evaluate("upsell.checkout({items: [], currency: 'USD'})") is None
    assert page.evaluate("upsell.can('sso').then((a) => [a.allowed, a.unknown])") == [True, True]
    assert page.evaluate("upsell.can('sso', {otherwise: false}).then((a) => a.allowed)") is False
    expect(page.locator("[data-upsell]")).to_have_count(0)
    assert page.evaluate("told") == ["failed"] * 4
    assert page.evaluate("localStorage.getItem('upsell.answers')") is None


@pytest.mark.parametrize("kind", ["modal", "card"])
def test_what_is_accepted_in_one_tab_is_closed_in_the_other(
    context: BrowserContext, server: Server, kind: str
) -> None:
    show(server, kind)
    one, two = visit(context, server), visit(context, server)
    for page in (one, two):
        ask(page, kind)
        expect(page.get_by_text(VIEW["title"], exact=True)).to_be_visible()
    two.get_by_role("button", name="Get Team").click()
    expect(two.get_by_text("Done. Team is yours.")).to_be_visible()
    expect(one.get_by_text(VIEW["title"], exact=True)).to_be_hidden()
    assert server.acts().count("accepted") == 1


@pytest.mark.parametrize("kind", ["modal", "paywall", "tooltip", "card"])
def test_offline_each_kind_says_so_and_what_was_said_is_kept(
    context: BrowserContext, server: Server, kind: str
) -> None:
    show(server, kind)
    page = visit(context, server)
    ask(page, kind)
    expect(page.get_by_text(VIEW["title"], exact=True)).to_be_visible()
    context.set_offline(True)
    page.get_by_role("button", name="Get Team").click()
    expect(page.get_by_text("No connection just now.")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text(VIEW["title"], exact=True)).to_be_hidden()
    wait_until(page, "localStorage.getItem('upsell.answers')")
    assert server.acts() == []


def test_one_thing_at_a_time_is_asked(context: BrowserContext, server: Server) -> None:
    page = visit(context, server)
    ask(page)
    expect(page.get_by_text(VIEW["title"], exact=True)).to_be_visible()
    server.view = VIEW | {"key": "k2", "title": "Another"}
    ask(page)
    page.wait_for_timeout(200)
    expect(page.get_by_text("Another", exact=True)).to_be_hidden()


def test_a_gate_opens_or_shows_what_opens_it(context: BrowserContext, server: Server) -> None:
    page = visit(context, server)
    assert page.evaluate("upsell.can('reports').then((a) => a.allowed)") is True
    expect(page.get_by_text(VIEW["title"], exact=True)).to_be_hidden()
    assert page.evaluate("upsell.can('sso').then((a) => a.allowed)") is False
    expect(page.get_by_text(VIEW["title"], exact=True)).to_be_visible()


def test_nothing_to_show_is_told_and_the_page_goes_on(context: BrowserContext, server: Server) -> None:
    server.view = None
    page = visit(context, server)
    assert page.evaluate("upsell.prompt('usage-page')") is None
    assert page.evaluate("told") == ["withheld"]
    context.set_offline(True)
    assert page.evaluate("upsell.prompt('usage-page')") is None
    assert page.evaluate("upsell.can('sso').then((a) => [a.allowed, a.unknown])") == [True, True]
    assert page.evaluate("told") == ["withheld", "failed", "failed"]


def test_words_of_a_customer_are_never_markup(context: BrowserContext, server: Server) -> None:
    server.view = VIEW | {
        "title": "<img src=x onerror=alert(1)>",
        "link": {"label": "x", "url": "javascript:alert(1)"},
    }
    page = visit(context, server)
    ask(page)
    expect(page.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    expect(page.get_by_role("link")).to_have_count(0)


def test_a_page_sets_its_own_colours(context: BrowserContext, server: Server) -> None:
    page = visit(context, server)
    page.evaluate("document.documentElement.style.setProperty('--upsell-accent', 'rgb(1, 120, 60)')")
    ask(page)
    accept = page.get_by_role("button", name="Get Team")
    expect(accept).to_have_css("background-color", "rgb(1, 120, 60)")
