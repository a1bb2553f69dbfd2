"""Pages for customers in a real browser: for everybody, by keyboard, without a script, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from playwright.sync_api import Browser

from tests.acceptance.browsing import check_usable, in_a_browser, open_browser, open_page, serving
from tests.live_world import LiveWorld, make_documents, open_world, two_mails
from tests.stories.world import CATALOG, workflow
from upsell.channels.link_facts import PREFERENCES, UNSUBSCRIBE, key_token
from upsell.runtime.preferences import Desk
from upsell.store.consents import read_consent_events
from upsell.store.link_secrets import read_link_secrets
from upsell.web.pages.preferences import preference_routes

pytestmark = in_a_browser

CHAT = CATALOG.replace(
    "offers:",
    "  chat: {name: Chat, tier: 1, price: {month: 9}, family: chat}\noffers:\n"
    "  chat: {kind: cross-sell, plan: chat, title: Chat}",
)
PROMPT = "[{prompt: {placement: home, offer: pro-annual}}, {wait: 7 days}]"
TASK = "[{task: {queue: q, title: Call, offer: pro-annual, due: 1 day}}]"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


class Site:
    """The pages, served, for a customer to whom a mail is on its way."""

    def __init__(self, world: LiveWorld, base: str) -> None:
        self.world = world
        secret = read_link_secrets(world.connection, world.clock.now())[0]
        (key,) = world.rows("select key from outbox")[0]
        self.leave = f"{base}/u/{key_token(secret, UNSUBSCRIBE, key)}"
        self.choose = f"{base}/p/{key_token(secret, PREFERENCES, key)}"
        self.nowhere = f"{base}/u/nothing"

    def said(self) -> list[tuple[str, Any]]:
        events = read_consent_events(self.world.connection, "ada")
        return [(event.name.removeprefix("Consent "), event.properties["channel"]) for event in events]


@pytest.fixture
def site(database: str) -> Iterator[Site]:
    flows = {
        "w": two_mails("1 days"),
        "sms": workflow(trigger="{on: Never}", journey="[{sms: {content: t1, intent: help}}]"),
        "prompt": workflow(trigger="{on: Never}", journey=PROMPT),
        "task": workflow(trigger="{on: Never}", journey=TASK),
    }
    documents = {**make_documents(flows), "catalog.yaml": CHAT, "templates/t1.sms.txt": "Hello"}
    with open_world(database) as world:
        world.apply(documents)
        world.happens("Customer Identified", "ada", email="ada@example.com", phone="+15551234567")
        world.happens("Pricing Viewed", "ada")
        world.worker.run_until_idle()
        routes = preference_routes(Desk(database, world.clock))
        with serving(Litestar(routes, openapi_config=None, logging_config=None)) as base:
            yield Site(world, base)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_everybody_can_use_every_page(
    site: Site, browser: Browser, scheme: str, width: int, tmp_path: Any
) -> None:
    page = open_page(browser, site.leave, width, scheme)

    def look(name: str) -> None:
        check_usable(page, tmp_path / f"{name}-{scheme}-{width}.png")

    look("leave")
    page.get_by_role("button", name="Unsubscribe").click()
    look("left")
    page.get_by_role("link", name="Choose what you get").click()
    look("choose")
    page.get_by_role("button", name="Pause for 30 days").click()
    look("paused")
    page.get_by_role("button", name="Turn everything off").click()
    look("off")
    page.goto(site.nowhere)
    look("nowhere")
    site.world.happens("Customer Identified", "ada", locale="de")
    page.goto(site.choose)
    look("german")
    page.goto(site.leave)
    look("german-leave")
    page.close()


def test_everything_is_done_by_keyboard_and_without_a_script(site: Site, browser: Browser) -> None:
    page = open_page(browser, site.choose, 800, java_script_enabled=False)
    page.get_by_label("Text messages").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    page.get_by_role("status").get_by_text("Saved.").wait_for()
    assert not page.get_by_label("Text messages").is_checked()
    assert page.get_by_label("Email", exact=True).is_checked()
    assert site.said() == [("Withdrawn", "sms")]
    page.goto(site.leave)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="You are unsubscribed").wait_for()
    page.get_by_role("button", name="Send me them again").press("Enter")
    page.get_by_role("status").wait_for()
    assert site.said()[1:] == [("Withdrawn", "email"), ("Given", "email")]
    page.close()


def test_focus_is_seen_and_goes_down_the_page(site: Site, browser: Browser) -> None:
    page = open_page(browser, site.choose, 800)
    places = []
    for _ in range(10):
        page.keyboard.press("Tab")
        top, outline = page.evaluate(
            "[document.activeElement.getBoundingClientRect().top + scrollY,"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline == "solid"
        places.append(top)
    assert places == sorted(places)
    page.close()


def test_a_page_asks_nobody_else_for_anything(site: Site, browser: Browser) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    for address in (site.leave, site.choose):
        page.goto(address)
    assert {url for url in asked if not url.startswith("data:")} == {site.leave, site.choose}
    assert messages == [], "nothing the policy of the page would forbid"
    assert site.said() == [], "opening them changed nothing"
    page.close()
