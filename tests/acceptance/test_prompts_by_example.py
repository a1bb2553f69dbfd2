"""The examples in a browser: the plain page, and the wrapper for React over a stand-in for it.

React itself is no library of ours. The stand-in does what its strict mode does to effects: each is begun,
ended and begun again when it is mounted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Response, get
from litestar.params import FromPath
from playwright.sync_api import Browser, Dialog, Page, Route, expect

from tests.acceptance.browsing import in_a_browser, open_browser, serving, wait_until
from tests.acceptance.test_prompts_in_a_browser import VIEW, Server

pytestmark = in_a_browser

EXAMPLES = Path(__file__).parents[2] / "examples" / "prompts"
HOST = "http://127.0.0.1:8600"

REACT = """
let at = null, isDue = false, again = () => {};
const draw = () => { if (!isDue) { isDue = true; queueMicrotask(() => { isDue = false; again(); }); } };
const hook = (make) => (at.hooks[at.next] ??= make(), at.hooks[at.next++]);
export const createContext = (value) => {
  const context = { value };
  context.Provider = ({ value, children }) => { context.value = value; return children; };
  return context;
};
export const useContext = (context) => context.value;
export const useRef = (current) => hook(() => ({ current }));
export const useState = (first) => {
  const held = hook(() => ({ value: first }));
  return [held.value, (value) => { if (held.value !== value) { held.value = value; draw(); } }];
};
export const useEffect = (work, on) => {
  const held = hook(() => ({}));
  if (held.on && on.every((each, i) => Object.is(each, held.on[i]))) return;
  effects.push(() => {
    held.end?.();
    if (!held.on) work()?.();
    held.on = on;
    held.end = work();
  });
};
export const createElement = (type, props, ...children) => ({ type, props: { ...props, children } });
let effects = [];
const places = new Map();
const shown = (element, key) => {
  if (Array.isArray(element)) return element.flatMap((each, i) => shown(each, key + i));
  if (element === null || typeof element !== "object") return [String(element ?? "")];
  const place = places.get(key) ?? places.set(key, { hooks: [] }).get(key);
  if (typeof element.type === "function") {
    [at, place.next] = [place, 0];
    return shown(element.type(element.props), key + "/");
  }
  place.node ??= document.createElement(element.type);
  if (element.props.ref) element.props.ref.current = place.node;
  const within = shown(element.props.children ?? [], key + "/");
  const text = within.filter((each) => typeof each === "string").join("");
  if (text) place.node.textContent = text;
  return [place.node];
};
export const render = (app, into) => {
  again = () => {
    const nodes = shown(app(), "");
    for (const node of nodes) if (node.parentNode !== into) into.append(node);
    const due = effects; effects = [];
    for (const each of due) each();
  };
  window.drawAgain = again;
  again();
};
"""
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>App</title>
<script type="importmap">{"imports": {"react": "/react.js"}}</script><div id="app"></div>
<script type="module">
import { render, createElement } from "react";
import { UpsellProvider, UpsellSlot, useCan } from "/wrapper.js";
const feature = location.search.slice(1);
const Gate = () => createElement("p", {}, feature + " " + useCan(feature));
render(() => createElement(UpsellProvider,
  { host: location.origin, apiKey: "uw_x", token: () => "a.b.c" },
  createElement(UpsellSlot, { placement: "usage-page", minHeight: 300, context: window.said }),
  createElement(Gate, {})),
  document.querySelector("#app"));
</script></html>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    made.view = VIEW | {"kind": "card"}
    app = made.app()

    def script(body: str) -> Response[bytes]:
        return Response(body.encode(), media_type="text/javascript")

    @get("/react")
    async def page() -> Response[bytes]:
        return Response(PAGE.encode(), media_type="text/html")

    @get("/react.js")
    async def react() -> Response[bytes]:
        return script(REACT)

    @get("/wrapper.js")
    async def wrapper() -> Response[bytes]:
        return script((EXAMPLES / "upsell.jsx").read_text("utf-8"))

    @get("/examples/{name:str}")
    async def example(name: FromPath[str]) -> Response[bytes]:
        kind = {"html": "text/html", "css": "text/css", "js": "text/javascript"}[name.rpartition(".")[2]]
        return Response((EXAMPLES / name).read_bytes(), media_type=kind)

    for each in (page, react, wrapper, example):
        app.register(each)
    with serving(app) as base:
        made.base = base
        yield made
    assert made.troubles == []


def opened(browser: Browser, server: Server, *, is_away: bool = False) -> Page:
    page = browser.new_page(reduced_motion="reduce")
    if is_away:
        page.route("**/sdk/upsell.js", lambda route: route.abort())
    page.goto(server.base + "/react?sso")
    return page


def example(browser: Browser, server: Server, *, is_away: bool = False) -> Page:
    """Open the plain page as it stands, with its host, which it has written down, at the server."""

    def lead(route: Route) -> None:
        asked = route.request.url.replace(HOST, server.base)
        route.abort() if is_away else route.fulfill(response=route.fetch(url=asked))

    page = browser.new_page(reduced_motion="reduce")
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "Content Security" in said.text else None)
    errors: list[str] = []
    page.route(f"{HOST}/**", lead)
    page.goto(f"{server.base}/examples/index.html?key=uw_x&token=a.b.c")
    page.wait_for_timeout(200)
    assert errors == []
    return page


def test_the_plain_page_shows_its_card_under_its_own_policy_and_tells_what_happens(
    browser: Browser, server: Server
) -> None:
    page = example(browser, server)
    page.locator("#offer").get_by_role("button", name="Not now").click()
    expect(page.locator("#told li").last).to_have_text("declined")
    page.get_by_role("button", name="Set up single sign-on").click()
    expect(page.get_by_role("button", name="Get Team")).to_be_visible()
    page.close()


def test_the_plain_page_goes_on_where_the_server_is_away(browser: Browser, server: Server) -> None:
    page = example(browser, server, is_away=True)
    told: list[str] = []

    def hear(said: Dialog) -> None:
        told.append(said.message)
        said.accept()

    page.on("dialog", hear)
    page.get_by_role("button", name="Set up single sign-on").click()
    page.wait_for_timeout(100)
    assert told == ["Single sign-on is set up."]
    page.close()


def test_mounted_twice_a_slot_holds_its_prompt_and_a_gate_is_answered(
    browser: Browser, server: Server
) -> None:
    page = opened(browser, server)
    expect(page.get_by_text("sso false")).to_be_visible()
    expect(page.get_by_role("button", name="Get Team")).to_be_visible()
    page.goto(server.base + "/react?reports")
    expect(page.get_by_text("reports true")).to_be_visible()
    expect(page.locator("#app [data-upsell=card]")).to_have_count(1)
    page.close()


def test_answered_late_what_a_slot_asked_before_it_was_mounted_again_takes_nothing_away(
    browser: Browser, server: Server
) -> None:
    page = browser.new_page(reduced_motion="reduce")
    page.add_init_script(
        "const asked = window.fetch; let first = true; window.late = 0;"
        "window.fetch = async (url, given) => {"
        " if (first && url.endsWith('/v1/prompts')) { first = false;"
        "  await new Promise((done) => setTimeout(done, 500)); window.late++; } return asked(url, given); };"
    )
    page.add_init_script("window.said = { at: 1 };")
    page.goto(server.base + "/react?reports")
    expect(page.get_by_text("reports true")).to_be_visible()
    # Its context is another now, and what it asked with the one before is still on its way.
    page.evaluate("window.said = { at: 2 }; window.drawAgain()")
    expect(page.locator("#app [data-upsell=card]")).to_have_count(1)
    wait_until(page, "window.late == 1")
    page.wait_for_timeout(300)
    expect(page.locator("#app [data-upsell=card]")).to_have_count(1)
    page.close()


def test_where_the_snippet_cannot_be_loaded_the_app_goes_on_and_lets_in(
    browser: Browser, server: Server
) -> None:
    page = opened(browser, server, is_away=True)
    expect(page.get_by_text("sso true")).to_be_visible()
    page.close()
