"""Notifications in a real browser: asked for in the example's page, shown by its worker, pressed, and ended.

What is real: Debian's Chromium, its service worker, notifications and storage; our server, database,
dispatcher and encryption. What is not: Chromium subscribes at its maker's service, which is on no closed
network, so ``subscribe`` gives a subscription whose keys the test holds at a push service of this machine;
what that was pushed is decrypted here and handed to the worker by the DevTools protocol, as the browser's own
connection would; and a press on a notification, which a headless browser draws nowhere, is its event.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import pytest
from litestar import Litestar, Response, get
from litestar.params import FromPath
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.acceptance.browsing import check_usable, in_a_browser, open_browser, serving
from tests.acceptance.test_push import DOCUMENTS
from tests.live_world import LiveWorld, open_world
from tests.push_servers import VAPID_KEY, PushService, open_push_service
from tests.push_servers import Browser as Subscribed
from tests.unit.channels.test_scanners import CHROME
from upsell.channels.push import open_push
from upsell.channels.scanners import HELD_BACK
from upsell.channels.vapid import public_key_of
from upsell.clock import HOUR, SECOND, SetClock
from upsell.config import Settings
from upsell.runtime.identities import Identity, sign_identity
from upsell.runtime.visits import tell_people
from upsell.store.connect import connect
from upsell.store.devices import read_devices
from upsell.store.identity_secrets import make_identity_secret
from upsell.store.keys import PUBLIC, Kind, create_key
from upsell.store.outbox import State
from upsell.testing.stories import START
from upsell.web.app import make_app

pytestmark = [pytest.mark.postgres, *in_a_browser]

EXAMPLE = Path(__file__).parents[2] / "examples" / "push"
HOST = "http://127.0.0.1:8600"
PICTURES = Path(__file__).parents[2] / "artifacts" / "push"
KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript"}

SUBSCRIBES = """
const given = () => JSON.parse(localStorage.given);
const held = () => localStorage.held
  ? { options: { applicationServerKey: Uint8Array.from(JSON.parse(localStorage.held)).buffer },
      toJSON: given, unsubscribe: async () => (localStorage.removeItem("held"), true) }
  : null;
PushManager.prototype.getSubscription = async () => held();
PushManager.prototype.subscribe = async function ({ userVisibleOnly, applicationServerKey }) {
  if (!userVisibleOnly || Notification.permission !== "granted") throw new Error("not allowed");
  localStorage.held = JSON.stringify([...applicationServerKey]);
  return held();
};
"""
"""What stands for the browser's connection to its maker's service."""

PRESS = """async ([key, action]) => {
  const opened = [];
  self.clients.openWindow = async (url) => void opened.push(url);
  const [notification] = await self.registration.getNotifications({ tag: key });
  const waits = [];
  const event = new NotificationEvent("notificationclick", { notification, action });
  event.waitUntil = (promise) => waits.push(promise);
  self.dispatchEvent(event);
  await Promise.all(waits);
  return [opened, (await self.registration.getNotifications()).length];
}"""

T = TypeVar("T")


class Place:
    """A site of somebody's with the example's page, our server, and a push service.

    Attributes:
        site: Where the page is.
        base: Where our server is.
    """

    def __init__(
        self,
        browser: Browser,
        world: LiveWorld,
        service: PushService,
        site: str,
        base: str,
        key: str,
        secret: str,
    ) -> None:
        self.browser, self.world, self.service = browser, world, service
        self.site, self.base, self.key, self.secret = site, base, key, secret
        self._threads = ThreadPoolExecutor(1)

    def apart(self, do: Callable[[], T]) -> T:
        """Do what has a loop of its own: Playwright's runs in this thread."""
        return self._threads.submit(do).result()

    def close(self) -> None:
        self._threads.shutdown()

    def context(self, subscribed: Subscribed, *, is_granted: bool = True, **options: Any) -> BrowserContext:
        # A headless browser says that it is one.
        context = self.browser.new_context(user_agent=CHROME, reduced_motion="reduce", **options)
        if is_granted:
            context.grant_permissions(["notifications"], origin=self.site)
        given = json.dumps(json.dumps(subscribed.subscription))
        context.add_init_script(f"localStorage.given = {given};{SUBSCRIBES}")
        return context

    def open(self, context: BrowserContext, who: str, page: Page | None = None) -> Page:
        """Open the example's page as somebody, whom their server vouches for."""
        token = sign_identity(self.secret, Identity(who), self.world.clock.now() + HOUR)
        page = page or context.new_page()
        page.goto(f"{self.site}/index.html?key={self.key}&token={token}")
        return page

    def turn_on(self, page: Page) -> None:
        page.get_by_role("button", name="Turn on notices").click()
        page.get_by_role("button", name="Yes, show me notices").click()
        expect(page.get_by_role("status")).to_have_text("Notices are on in this browser.")

    def devices(self, who: str) -> list[str]:
        return [each.address for each in read_devices(self.world.connection, [who])[who]]

    def events(self, name: str, who: str) -> list[dict[str, Any]]:
        said = (
            f"select properties from events where name = '{name}' and customer_id = '{who}' order by position"
        )
        return [json.loads(row[0]) for row in self.world.rows(said)]


@pytest.fixture(scope="module")
def place(shared_database: str) -> Iterator[Place]:
    clock = SetClock(START)
    with connect(shared_database) as connection:
        key = create_key(connection, "web", Kind.WRITE, PUBLIC, START)
        secret = make_identity_secret(connection, START)
    based: list[str] = []

    @get("/{name:str}")
    async def file(name: FromPath[str]) -> Response[bytes]:
        said = (EXAMPLE / name).read_text("utf-8").replace(HOST, based[0])
        return Response(said.encode(), media_type=KINDS[name.rpartition(".")[2]])

    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        open_push_service(public_key_of(VAPID_KEY)) as service,
        serving(Litestar([file], openapi_config=None, logging_config=None)) as site,
    ):
        settings = Settings(
            push_vapid_private_key=VAPID_KEY, push_contact="mailto:ops@acme.example", push_hosts="127.0.0.1"
        )
        channels = {"push": open_push(settings)}
        with serving(make_app(shared_database, clock, settings=settings)) as base:
            based.append(base)
            # The browser last: whatever has a loop of its own ends after Playwright's.
            with (
                open_world(shared_database, base=base, more=channels, clock=clock) as world,
                open_browser() as browser,
            ):
                leads = DOCUMENTS["templates/near.push.txt"].replace(
                    "https://acme.example/usage", f"{site}/index.html"
                )
                world.apply({**DOCUMENTS, "templates/near.push.txt": leads})
                made = Place(browser, world, service, site, base, key, secret)
                yield made
                made.close()


_numbers = count(1)


@pytest.fixture
def who() -> str:
    return f"ann{next(_numbers)}"


@pytest.fixture
def subscribed(place: Place, who: str) -> Subscribed:
    return place.service.browser(who)


def test_nobody_is_asked_but_in_answer_to_a_press_and_after_it_was_explained(
    place: Place, who: str, subscribed: Subscribed
) -> None:
    context = place.context(subscribed)
    context.add_init_script(
        "document.addEventListener('DOMContentLoaded', () => { window.early = upsellPush.ask(); });"
    )
    page = place.open(context, who)
    assert page.evaluate("early") == "failed", "the page asked by itself"
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Turn on notices").click()
    dialog = page.get_by_role("dialog", name="Shall we tell you here?")
    expect(dialog).to_contain_text("We show you a notice when your limit is near")
    expect(dialog).to_contain_text("You can end them at any time")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert page.evaluate("document.activeElement.id") == "notices", (
        "whoever used the keyboard is where they were"
    )
    assert place.devices(who) == []
    page.get_by_role("button", name="Turn on notices").click()
    page.get_by_role("button", name="Not now").click()
    expect(page.get_by_role("status")).to_have_text("Notices are off in this browser.")
    assert place.devices(who) == []
    place.turn_on(page)
    assert place.devices(who) == [subscribed.endpoint]
    (given,) = place.events("Consent Given", who)
    assert (given["channel"], given["proof"]) == ("push", f"push: asked and answered on {place.site}")
    ((words,),) = place.world.connection.execute(
        "select said from consent_texts where version = %(version)s", {"version": given["text_version"]}
    ).fetchall()
    assert words.splitlines()[0] == "Shall we tell you here?"
    assert words.splitlines()[-1] == "Yes, show me notices"
    context.close()


def test_no_button_is_promised_where_a_browser_has_none_and_the_page_is_german(
    place: Place, who: str, subscribed: Subscribed
) -> None:
    context = place.context(subscribed)
    context.add_init_script(
        "Object.defineProperty(Notification, 'maxActions', { value: undefined });"
        "document.addEventListener('DOMContentLoaded', () => { document.documentElement.lang = 'de-AT'; });"
    )
    page = place.open(context, who)
    page.get_by_role("button", name="Turn on notices").click()
    dialog = page.get_by_role("dialog", name="Sollen wir Ihnen hier Bescheid geben?")
    expect(dialog).to_contain_text("Sie können sie jederzeit in Ihrem Browser beenden.")
    expect(dialog).not_to_contain_text("Schaltfläche")
    context.close()


def test_a_browser_that_says_no_is_not_asked_again(place: Place, who: str, subscribed: Subscribed) -> None:
    context = place.context(subscribed, is_granted=False)
    # What is not among those granted is denied.
    context.grant_permissions(["geolocation"], origin=place.site)
    page = place.open(context, who)
    expect(page.get_by_role("status")).to_contain_text("This browser blocks notices")
    expect(page.get_by_role("button")).to_have_count(0)
    assert page.evaluate("upsellPush.ask()") == "blocked"
    expect(page.get_by_role("dialog")).to_have_count(0)
    context.close()


def test_what_is_pushed_is_shown_pressed_and_ended_in_a_real_browser(
    place: Place, who: str, subscribed: Subscribed
) -> None:
    context = place.context(subscribed)
    page = place.open(context, who)
    place.turn_on(page)
    place.world.clock.move_to(place.world.clock.now() + HOUR)
    place.world.happens("Pricing Viewed", who)
    assert place.apart(place.world.settle) == {State.SENT: 1}
    (body,) = [body for path, _, body in place.service.pushed if path == f"/push/{who}"]
    said = subscribed.read(body)

    deliver(context, page, place.site, json.dumps(said))
    (shown,) = page.evaluate(
        """async () => {
          const registration = await navigator.serviceWorker.ready;
          for (let tries = 0; tries < 100; tries++) {
            const found = await registration.getNotifications();
            if (found.length) return found.map(({ title, body, tag, lang, actions }) =>
              ({ title, body, tag, lang, actions: actions.map(({ action, title }) => [action, title]) }));
            await new Promise((done) => setTimeout(done, 20));
          }
          return [];
        }"""
    )
    assert shown == {
        "title": "Nearly full",
        "body": "90 % used.",
        "tag": said["key"],
        "lang": "en",
        "actions": [["stop", "Stop these"]],
    }

    (worker,) = context.service_workers
    opened, left = worker.evaluate(PRESS, [said["key"], ""])
    assert (opened, left) == ([said["link"]], 0)
    follower = context.new_page()
    follower.goto(said["link"])
    assert follower.url == f"{place.site}/index.html?from=push"
    while place.world.rows("select count(*) from visits") == [(0,)]:
        Event().wait(0.02)
    place.world.clock.move_to(place.world.clock.now() + HELD_BACK + SECOND)
    tell_people(place.world.connection, place.world.clock)
    (clicked,) = place.events("Message Clicked", who)
    assert (clicked["key"], clicked["link"]) == (said["key"], f"{place.site}/index.html?from=push")

    deliver(context, page, place.site, json.dumps(said))
    deliver(context, page, place.site, json.dumps(said))
    deliver(context, page, place.site, json.dumps({"title": "of another sender"}))
    page.wait_for_function(
        "async () => (await (await navigator.serviceWorker.ready).getNotifications()).length > 0"
    )
    opened, left = worker.evaluate(PRESS, [said["key"], "stop"])
    assert (opened, left) == ([], 0), "twice pushed it was shown once, and what is not ours is left alone"
    (withdrawn,) = place.events("Consent Withdrawn", who)
    assert (withdrawn["channel"], withdrawn["proof"]) == ("push", "button of a notification")
    context.close()


def test_where_ending_cannot_be_told_the_page_is_opened_on_which_it_can(
    place: Place, who: str, subscribed: Subscribed
) -> None:
    context = place.context(subscribed)
    page = place.open(context, who)
    place.turn_on(page)
    stop = {"url": f"{place.base}/u/forged", "label": "Stop these"}
    deliver(
        context,
        page,
        place.site,
        json.dumps({"upsell": 1, "key": "k", "title": "T", "text": "x", "stop": stop}),
    )
    page.wait_for_function(
        "async () => (await (await navigator.serviceWorker.ready).getNotifications()).length > 0"
    )
    (worker,) = context.service_workers
    assert worker.evaluate(PRESS, ["k", "stop"]) == [[stop["url"]], 0]
    context.close()


def test_a_browser_renews_by_itself_follows_who_signs_in_and_is_switched_off(
    place: Place, who: str, subscribed: Subscribed
) -> None:
    context = place.context(subscribed)
    page = place.open(context, who)
    place.turn_on(page)
    fresh = place.service.browser(f"{who}-fresh").subscription
    (worker,) = context.service_workers
    worker.evaluate("(said) => upsellPush.renew({ toJSON: () => said })", fresh)
    assert place.devices(who) == [fresh["endpoint"]]

    told: list[str] = []
    context.on(
        "request", lambda request: told.append(request.url) if "/subscriptions" in request.url else None
    )
    page = place.open(context, who, page)
    expect(page.get_by_role("status")).to_have_text("Notices are on in this browser.")
    assert told == [], "within a day it is not told again"
    other = f"{who}-other"
    with page.expect_response("**/v1/push/subscriptions"):
        place.open(context, other, page)
    assert place.devices(other) == [subscribed.endpoint], "who signs in at it is shown theirs"
    expect(page.get_by_role("status")).to_have_text("Notices are on in this browser.")

    with page.expect_response("**/v1/push/subscriptions/ended"):
        page.get_by_role("button", name="Turn off notices").click()
    expect(page.get_by_role("status")).to_have_text("Notices are off in this browser.")
    assert place.devices(other) == []
    assert page.evaluate("localStorage.held") is None
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1200, "light")])
def test_the_question_is_usable_by_everybody_at_every_width(
    place: Place, who: str, subscribed: Subscribed, width: int, scheme: str
) -> None:
    options: dict[str, Any] = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    context = place.context(subscribed, **options)
    page = place.open(context, who)
    page.get_by_role("button", name="Turn on notices").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check_usable(page, PICTURES / f"ask-{width}-{scheme}.png")
    context.close()


def deliver(context: BrowserContext, page: Page, origin: str, said: str) -> None:
    """Hand a push to the worker of a site, as the browser's connection to its push service does."""
    session = context.new_cdp_session(page)
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: found.extend(
            each["registrationId"]
            for each in told["registrations"]
            if each["scopeURL"].startswith(origin) and not each["isDeleted"]
        ),
    )
    session.send("ServiceWorker.enable")
    while not found:
        page.wait_for_timeout(10)
    given = {"origin": origin, "registrationId": found[-1], "data": said}
    session.send("ServiceWorker.deliverPushMessage", given)
    session.detach()
