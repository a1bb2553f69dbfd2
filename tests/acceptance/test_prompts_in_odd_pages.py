"""The snippet in pages that are not kind to it: their styles, and what goes wrong around them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.acceptance.browsing import in_a_browser, open_browser, serving, wait_until
from tests.acceptance.test_prompts_in_a_browser import VIEW, Server, ask, heard, show, visit

pytestmark = in_a_browser

TITLE = VIEW["title"]
NOT_NOW = "Not now"
OPEN = "document.querySelector('[data-upsell]').shadowRoot"


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


def asked(page: Page, kind: str = "banner") -> None:
    """Ask, and wait until it is there."""
    ask(page, kind)
    expect(page.get_by_text(TITLE, exact=True)).to_be_visible()


def style(page: Page, css: str) -> None:
    """Give a page a style of its own, which its policy lets no test write into it."""
    page.evaluate(
        "(css) => { const made = new CSSStyleSheet(); made.replaceSync(css);"
        " document.adoptedStyleSheets = [made]; }",
        css,
    )


def token(**said: str) -> str:
    return "a." + base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=") + ".c"


def kept(page: Page) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(page.evaluate("localStorage.getItem('upsell.answers')") or "[]")
    return told


def begin(page: Page, whose: str) -> None:
    page.evaluate("(token) => upsell.init({host: location.origin, key: 'uw_x', token}) && 0", whose)


def test_loaded_twice_it_is_one_that_remembers_what_it_was_told(
    context: BrowserContext, server: Server
) -> None:
    page = visit(context, server)
    asked(page)
    page.evaluate(
        "new Promise((done) => { const again = document.createElement('script');"
        " const plain = trustedTypes.createPolicy('plain', { createScriptURL: (url) => url });"
        " again.src = plain.createScriptURL('/sdk/upsell.js'); again.onload = done;"
        " document.head.append(again); })"
    )
    page.get_by_role("button", name=NOT_NOW).click()
    heard(page, server, "declined")
    server.view = VIEW | {"key": "k2"}
    asked(page)
    page.get_by_role("button", name=NOT_NOW).click()
    assert page.evaluate("told") == ["declined", "declined"]


@pytest.mark.parametrize("kind", ["modal", "card"])
def test_no_style_of_the_page_changes_what_is_read(
    context: BrowserContext, server: Server, kind: str
) -> None:
    show(server, kind)
    page = visit(context, server)
    style(
        page,
        "* { letter-spacing: 9px; text-transform: uppercase; font: italic 7px serif; color: red; }"
        "div { visibility: hidden; text-align: right; opacity: 0.1 !important; } button { display: none; }",
    )
    page.evaluate(
        "document.querySelector('#slot').style.cssText = 'visibility: visible; opacity: 1 !important'"
    )
    ask(page, kind)
    expect(page.get_by_role("button", name="Get Team")).to_be_visible()
    said = page.evaluate(
        f"(() => {{ const style = getComputedStyle({OPEN}.querySelector('h2'));"
        " return [style.letterSpacing, style.textTransform, style.fontStyle, style.color]; })()"
    )
    assert said == ["normal", "none", "normal", "rgb(27, 31, 38)"]
    assert page.evaluate("getComputedStyle(document.querySelector('[data-upsell]')).opacity") == "1"


@pytest.mark.parametrize(("lang", "page_dir", "is_right"), [("ar", "ltr", True), ("en", "rtl", False)])
def test_a_prompt_runs_as_its_own_language_does_and_its_title_stands_clear(
    context: BrowserContext, server: Server, lang: str, page_dir: str, *, is_right: bool
) -> None:
    title = "word " * 60
    server.view = VIEW | {"kind": "modal", "lang": lang, "title": title}
    page = visit(context, server)
    page.evaluate(f"document.documentElement.dir = '{page_dir}'")
    ask(page, "modal")
    expect(page.get_by_text(title.strip())).to_be_visible()
    words, close = page.evaluate(
        f"(() => {{ const range = document.createRange(), root = {OPEN};"
        " range.selectNodeContents(root.querySelector('h2'));"
        " return [range, root.querySelector('.x')].map((each) => each.getBoundingClientRect())"
        "   .map((at) => [at.left, at.right]); })()"
    )
    assert (close[1] <= words[0]) if is_right else (words[1] <= close[0])


def test_a_page_that_is_not_served_securely_loses_no_answer(context: BrowserContext, server: Server) -> None:
    # As a browser has it on http:// anywhere but on this machine.
    context.add_init_script("Object.defineProperty(Crypto.prototype, 'randomUUID', { value: undefined });")
    page = visit(context, server)
    asked(page)
    page.get_by_role("button", name=NOT_NOW).click()
    heard(page, server, "declined")


def test_a_page_that_may_keep_nothing_is_shown_and_hears_all_the_same(
    context: BrowserContext, server: Server
) -> None:
    context.add_init_script(
        "const refuse = () => { throw new DOMException('denied', 'SecurityError'); };"
        "Object.defineProperty(window, 'localStorage', { get: refuse }); window.BroadcastChannel = refuse;"
    )
    page = visit(context, server)
    asked(page)
    page.get_by_role("button", name=NOT_NOW).click()
    heard(page, server, "declined")


@pytest.mark.parametrize("status", [401, 503])
def test_a_no_that_the_server_could_not_take_is_told_when_the_page_begins_anew(
    context: BrowserContext, server: Server, status: int
) -> None:
    page = visit(context, server)
    asked(page)
    page.route("**/v1/prompts/declined", lambda route: route.fulfill(status=status, json={}))
    page.get_by_role("button", name=NOT_NOW).click()
    wait_until(page, "localStorage.getItem('upsell.answers')")
    page.unroute("**/v1/prompts/declined")
    with page.expect_response("**/v1/prompts/declined"):
        page.reload()
    assert server.acts() == ["declined"]
    wait_until(page, "!localStorage.getItem('upsell.answers')")


def test_what_a_server_refuses_for_good_is_not_told_again(context: BrowserContext, server: Server) -> None:
    page = visit(context, server)
    asked(page)
    page.route("**/v1/prompts/declined", lambda route: route.fulfill(status=403, json={}))
    with page.expect_response("**/v1/prompts/declined"):
        page.get_by_role("button", name=NOT_NOW).click()
    page.wait_for_timeout(100)
    assert kept(page) == []


def test_what_one_answered_is_not_told_as_anothers(context: BrowserContext, server: Server) -> None:
    page = visit(context, server)
    begin(page, token(sub="ada"))
    asked(page)
    page.route("**/v1/prompts/declined", lambda route: route.abort())
    page.get_by_role("button", name=NOT_NOW).click()
    wait_until(page, "localStorage.getItem('upsell.answers')")
    page.unroute("**/v1/prompts/declined")
    begin(page, token(sub="bob"))
    page.wait_for_timeout(300)
    assert server.acts() == []
    begin(page, token(sub="ada"))
    heard(page, server, "declined")
    ((_, said),) = [each for each in server.heard if each[0] == "declined"]
    assert said["token"] == token(sub="ada")


def test_a_no_is_never_too_old_to_be_told_and_what_was_seen_is_after_a_day(
    context: BrowserContext, server: Server
) -> None:
    page = visit(context, server)
    page.evaluate(
        "localStorage.setItem('upsell.answers', JSON.stringify(['shown', 'declined'].map((act) => ({ act,"
        " body: { key: 'k', id: act }, who: null, at: Date.now() - 30 * 864e5 }))))"
    )
    page.reload()
    heard(page, server, "declined")
    wait_until(page, "!localStorage.getItem('upsell.answers')")


def test_of_what_was_kept_each_leaves_when_it_was_heard(context: BrowserContext, server: Server) -> None:
    page = visit(context, server)
    page.evaluate(
        "localStorage.setItem('upsell.answers', JSON.stringify(['one', 'two'].map((id) => ({"
        " act: 'declined', body: { key: 'k', id }, who: null, at: Date.now() }))))"
    )
    context.route(
        "**/v1/prompts/declined",
        lambda route: (
            route.abort() if (route.request.post_data_json or {})["id"] == "two" else route.continue_()
        ),
    )
    page.reload()
    wait_until(page, "JSON.parse(localStorage.getItem('upsell.answers')).length == 1")
    assert [each["body"]["id"] for each in kept(page)] == ["two"]


def test_a_card_whose_place_went_with_a_view_is_shown_in_the_next(
    context: BrowserContext, server: Server
) -> None:
    show(server, "card")
    page = visit(context, server)
    asked(page, "card")
    page.evaluate(
        "(() => { const place = document.createElement('div'); place.id = 'slot';"
        " document.querySelector('#slot').replaceWith(place); })()"
    )
    asked(page, "card")


def test_a_banner_that_a_page_took_away_stands_in_no_others_way(
    context: BrowserContext, server: Server
) -> None:
    page = visit(context, server)
    asked(page)
    page.evaluate("document.querySelector('[data-upsell]').remove()")
    server.view = VIEW | {"key": "k2"}
    asked(page)


def test_a_tooltip_leaves_with_what_it_speaks_of(context: BrowserContext, server: Server) -> None:
    show(server, "tooltip")
    page = visit(context, server)
    asked(page, "tooltip")
    page.evaluate("document.querySelector('#more').remove(); dispatchEvent(new Event('resize'))")
    expect(page.get_by_text(TITLE, exact=True)).to_be_hidden()
    assert server.acts() == []


def test_a_page_that_nobody_looks_at_shows_nothing(context: BrowserContext, server: Server) -> None:
    page = visit(context, server)
    page.evaluate(
        "Object.defineProperty(document, 'visibilityState', { get: () => window.looks || 'hidden' })"
    )
    asked(page)
    page.wait_for_timeout(1500)
    assert server.acts() == []
    page.evaluate("window.looks = 'visible'; document.dispatchEvent(new Event('visibilitychange'))")
    heard(page, server, "shown")


def test_what_is_larger_than_two_windows_is_seen_where_it_fills_half_of_one(
    context: BrowserContext, server: Server
) -> None:
    show(server, "card")
    page = visit(context, server)
    page.set_viewport_size({"width": 320, "height": 180})
    ask(page, "card")
    page.evaluate("document.querySelector('#slot').scrollIntoView()")
    assert page.evaluate(f"{OPEN}.querySelector('.box').offsetHeight") > 2 * 180
    heard(page, server, "shown")


def test_closed_by_the_browser_while_it_is_being_accepted_it_stands_in_no_others_way(
    context: BrowserContext, server: Server
) -> None:
    show(server, "modal")
    page = visit(context, server)
    asked(page, "modal")
    page.route("**/v1/prompts/accepted", lambda route: None)
    page.get_by_role("button", name="Get Team").click()
    expect(page.get_by_text("One moment …")).to_be_visible()
    page.evaluate(f"{OPEN}.querySelector('dialog').close()")
    expect(page.locator("[data-upsell]")).to_have_count(0)
    server.view = VIEW | {"key": "k2"}
    asked(page)


def test_clicked_again_while_it_is_being_accepted_it_is_accepted_once_and_not_declined(
    context: BrowserContext, server: Server
) -> None:
    page = visit(context, server)
    asked(page)
    accepts: list[str] = []
    page.route("**/v1/prompts/accepted", lambda route: accepts.append(route.request.url))
    # As a hand does that is quicker than the page can say that it is busy.
    page.evaluate(
        f"{OPEN}.querySelectorAll('.row button').forEach((each) => {{ each.click(); each.click(); }})"
    )
    expect(page.get_by_text("One moment …")).to_be_visible()
    page.wait_for_timeout(100)
    assert len(accepts) == 1
    assert server.acts() == []


def test_escape_that_the_page_has_used_itself_dismisses_nothing(
    context: BrowserContext, server: Server
) -> None:
    page = visit(context, server)
    asked(page)
    page.evaluate(
        "document.body.addEventListener('keydown', (event) => event.preventDefault(), { once: true })"
    )
    page.keyboard.press("Escape")
    expect(page.get_by_text(TITLE, exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text(TITLE, exact=True)).to_be_hidden()


@pytest.mark.parametrize("kind", ["banner", "tooltip"])
def test_what_takes_no_focus_is_said_to_whoever_listens(
    context: BrowserContext, server: Server, kind: str
) -> None:
    show(server, kind)
    page = visit(context, server)
    asked(page, kind)
    wait_until(page, f"{OPEN}.querySelector('.sr').dataset.said")
    tree = context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    above = {each["nodeId"]: each for each in tree}

    def is_status(node: dict[str, Any] | None) -> bool:
        return node is not None and (
            node.get("role", {}).get("value") == "status" or is_status(above.get(node.get("parentId")))
        )

    words = {each["name"]["value"] for each in tree if each.get("role", {}).get("value") == "InlineTextBox"
             and is_status(each)}  # fmt: skip
    assert words == {TITLE}, "whole, so that nobody spells it"


def test_whoever_asks_for_contrast_sees_every_edge(browser: Browser, server: Server) -> None:
    context = browser.new_context(contrast="more", reduced_motion="reduce")
    page = visit(context, server)
    asked(page)
    for name in (NOT_NOW, "No, and do not ask again"):
        expect(page.get_by_role("button", name=name)).to_have_css("border-color", "rgb(27, 31, 38)")
    context.close()


@pytest.mark.parametrize(("motion", "named"), [("reduce", "none"), ("no-preference", "in")])
def test_nothing_moves_for_whoever_asks_for_that(
    browser: Browser, server: Server, motion: Any, named: str
) -> None:
    context = browser.new_context(reduced_motion=motion)
    page = visit(context, server)
    asked(page)
    assert page.evaluate(f"getComputedStyle({OPEN}.querySelector('.box')).animationName") == named
    context.close()


@pytest.mark.parametrize("kind", ["modal", "tooltip"])
def test_very_long_words_and_four_times_the_size_leave_every_button_within_reach(
    browser: Browser, server: Server, kind: str
) -> None:
    # 1280 by 1024 at 400 % is 320 by 256 (WCAG 2.2, 1.4.10).
    context = browser.new_context(viewport={"width": 320, "height": 256}, reduced_motion="reduce")
    server.view = VIEW | {"kind": kind, "title": "Donaudampfschiff" * 12, "paragraphs": ["x" * 400]}
    page = visit(context, server)
    ask(page, kind)
    for name in ("Get Team", NOT_NOW, "No, and do not ask again"):
        button = page.get_by_role("button", name=name)
        button.scroll_into_view_if_needed()
        expect(button).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_role("button", name="No, and do not ask again").click()
    expect(page.get_by_text("What speaks against it?")).to_be_visible()
    context.close()


def test_a_server_that_never_answers_keeps_nobody_waiting(context: BrowserContext, server: Server) -> None:
    page = visit(context, server)
    for path in ("prompts", "can"):
        page.route(f"**/v1/{path}", lambda route: None)
    page.evaluate("upsell.init({host: location.origin, key: 'uw_x', token: 'a.b.c', timeout: 200}) && 0")
    assert page.evaluate("upsell.can('sso').then((answer) => answer.allowed)") is True
    assert page.evaluate("upsell.prompt('usage-page')") is None
    assert page.evaluate("told") == ["failed", "failed"]


def test_whoever_programs_reads_why_nothing_is_shown(context: BrowserContext, server: Server) -> None:
    page = visit(context, server)
    warned: list[str] = []
    page.on("console", lambda said: warned.append(said.text) if said.type == "warning" else None)
    answer = {"code": "identity", "message": "expected a token that has not ended"}
    for path in ("prompts", "can", "prompts/live"):
        page.route(f"**/v1/{path}", lambda route: route.fulfill(status=401, json=answer))
    page.evaluate("upsell.prompt('usage-page')")
    page.evaluate("upsell.can('sso').then(() => 0)")
    page.evaluate("upsell.live('usage-page') && 0")
    wait_until(page, "told.length == 3")
    assert warned == ["upsell: expected a token that has not ended"] * 3
    assert page.evaluate("told") == ["failed"] * 3
