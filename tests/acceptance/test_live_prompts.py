"""Following: a page hears that something changed for whoever looks, in time, and nobody hears of another."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from litestar import Response, get
from playwright.sync_api import expect

from tests.acceptance.browsing import (
    needs_browser,
    open_browser,
    serving,
)
from tests.live_world import LiveWorld, make_documents, open_world
from tests.stories.test_prompts import JOURNEY
from tests.stories.world import CATALOG, workflow
from upsell.clock import DAY, HOUR, Clock, SystemClock
from upsell.config import Settings
from upsell.runtime.following import BEAT, CHANGED, Followers
from upsell.runtime.identities import Identity, sign_identity
from upsell.runtime.intake import OverloadedError
from upsell.store.identity_secrets import make_identity_secret
from upsell.store.incidents import start_incident
from upsell.store.keys import PUBLIC, Kind, create_key
from upsell.store.stops import start_stop
from upsell.web.app import FOLLOWERS, make_app
from upsell.web.server import serve_events

pytestmark = pytest.mark.postgres

PROMPTS = {"w": workflow(trigger="{on: Asked}", journey=JOURNEY)}
SOON = 20


@pytest.fixture
def world(database: str) -> Iterator[LiveWorld]:
    with open_world(database) as world:
        world.apply(make_documents(PROMPTS))
        yield world


def hears(
    database: str,
    who: Identity,
    happens: Callable[[], object],
    seconds: float = SOON,
    clock: Clock | None = None,
) -> bool:
    """Tell whether somebody who follows hears of what happens within that time."""

    async def follow() -> bool:
        followers = Followers(database, clock or SystemClock(), 5)
        events = await followers.follow(who)
        assert await anext(events) == BEAT
        await asyncio.to_thread(happens)
        try:
            return await asyncio.wait_for(anext(events), seconds) == CHANGED
        except TimeoutError:
            return False
        finally:
            await events.aclose()
            assert followers.count == 0
            await asyncio.to_thread(followers.close)

    return asyncio.run(follow())


def entered(world: LiveWorld, who: str) -> Callable[[], object]:
    def happen() -> None:
        world.happens("Asked", who)
        world.worker.run_until_idle()

    return happen


def test_who_follows_hears_when_a_prompt_is_there(database: str, world: LiveWorld) -> None:
    assert hears(database, Identity("ada", None), entered(world, "ada"))


def test_who_follows_hears_of_the_account_they_belong_to(database: str, world: LiveWorld) -> None:
    world.happens("Account Identified", "ada", "acme")
    world.worker.run_until_idle()

    def bought() -> None:
        world.happens("Subscription Started", "ada", "acme", plan="starter", interval="month")
        world.worker.run_until_idle()

    assert hears(database, Identity("ada", None), bought)


def test_who_follows_hears_of_a_new_revision_a_stop_and_an_incident(database: str, world: LiveWorld) -> None:
    ada = Identity("ada", None)
    assert hears(database, ada, lambda: world.apply(make_documents(PROMPTS, policy="locale: de\n")))
    assert hears(database, ada, lambda: start_stop(world.connection, world.clock, "", "w", "grace", "fault"))
    assert hears(database, ada, lambda: start_incident(world.connection, world.clock, "i1", "Down"))


def test_who_follows_hears_when_what_was_shown_expires(database: str, world: LiveWorld) -> None:
    catalog = CATALOG.replace("discount: 10%}", "discount: 10%, valid_for: 2 days}", 1)
    world.apply({**make_documents(PROMPTS), "catalog.yaml": catalog})
    entered(world, "ada")()
    world.happens("Placement Asked", "ada", placement="usage-page")
    world.worker.run_until_idle()
    ada, then = Identity("ada", None), world.clock.now() + 2 * DAY

    def pass_time() -> None:
        world.clock.move_to(then - 1)

    def expire() -> None:
        world.clock.move_to(then)

    assert not hears(database, ada, pass_time, 2, world.clock)
    assert hears(database, ada, expire, clock=world.clock)


def test_nobody_hears_of_another_or_of_what_changes_nothing_to_be_shown(
    database: str, world: LiveWorld
) -> None:
    def happen() -> None:
        entered(world, "bob")()
        world.happens("Placement Asked", "ada", placement="usage-page")
        world.happens("Pricing Viewed", "ada")
        world.worker.run_until_idle()

    assert not hears(database, Identity("ada", None), happen, 3)


def test_a_page_that_asks_for_its_prompt_does_not_make_itself_ask_again(
    database: str, world: LiveWorld
) -> None:
    entered(world, "ada")()

    def ask() -> None:
        world.happens("Placement Asked", "ada", placement="usage-page")
        world.worker.run_until_idle()

    assert not hears(database, Identity("ada", None), ask, 3)


def test_there_is_room_for_so_many_and_again_when_one_leaves(database: str, world: LiveWorld) -> None:
    async def follow() -> None:
        followers = Followers(database, SystemClock(), 2)
        first = await followers.follow(Identity("ada", None))
        second = await followers.follow(Identity("bob", None))
        with pytest.raises(OverloadedError, match="at most 2"):
            await followers.follow(Identity("eve", None))
        await anext(first)
        await first.aclose()
        del second  # never begun
        third = await followers.follow(Identity("eve", None))
        await anext(third)
        await asyncio.to_thread(followers.close)
        with pytest.raises(StopAsyncIteration):
            await anext(third)

    asyncio.run(follow())
    # What a process follows takes one connection, and gives it back.
    while world.rows(
        "select 1 from pg_stat_activity where query like '%units.xmin%' and pid <> pg_backend_pid()"
    ):
        time.sleep(0.1)


class Served:
    """A server of its own, and what a page says to it."""

    def __init__(self, world: LiveWorld, database: str, streams: int = 5) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        now = world.clock.now()
        self.key = create_key(world.connection, "web", Kind.WRITE, PUBLIC, now)
        self.token = sign_identity(make_identity_secret(world.connection, now), Identity("ada"), now + HOUR)
        self.url = f"http://127.0.0.1:{self.port}"
        self._stopped = threading.Event()
        settings = Settings(http_port=self.port, prompt_streams=streams)
        arguments = (settings, database, world.clock, self._stopped.is_set)
        self._server = threading.Thread(target=serve_events, args=arguments)

    def __enter__(self) -> Served:
        self._server.start()
        with httpx.Client(transport=httpx.HTTPTransport(retries=20)) as client:
            client.get(f"{self.url}/health")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> bool:
        self._stopped.set()
        self._server.join(20)
        return not self._server.is_alive()

    def follow(self, client: httpx.Client, **said: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.key}"}
        body = {"token": self.token, **said}
        return client.stream("POST", f"{self.url}/v1/prompts/live", json=body, headers=headers, timeout=SOON)


def test_a_server_tells_of_changes_has_room_for_so_many_and_stops_cleanly(
    database: str, world: LiveWorld
) -> None:
    with Served(world, database, streams=1) as served, httpx.Client() as client, httpx.Client() as other:
        with served.follow(other, token="forged") as answered:
            assert answered.status_code == 401
        with served.follow(other, userId="ada") as answered:
            assert answered.status_code == 400
        with served.follow(client) as answered:
            assert answered.status_code == 200
            assert answered.headers["content-type"].startswith("text/event-stream")
            assert answered.headers["access-control-allow-origin"] == "*"
            parts = answered.iter_bytes()
            assert next(parts) == BEAT
            with served.follow(other) as second:
                assert (second.status_code, second.headers["retry-after"]) == (429, "1")
            entered(world, "ada")()
            assert next(parts) == CHANGED
            assert served.stop(), "who follows does not hold the server up"
            assert list(parts) == []


@pytest.mark.browser
# It is the browser that closes a stream: without one there is nothing to see.
@needs_browser
def test_a_prompt_appears_in_an_open_page_once_its_customer_is_enrolled(
    database: str, world: LiveWorld
) -> None:
    app = make_app(database, world.clock)
    now = world.clock.now()
    key = create_key(world.connection, "web", Kind.WRITE, PUBLIC, now)
    token = sign_identity(make_identity_secret(world.connection, now), Identity("ada"), now + HOUR)

    @get("/page")
    async def page() -> Response[bytes]:
        script = (
            f'upsell.init({{host: location.origin, key: "{key}", token: "{token}"}});'
            'window.end = upsell.live("usage-page", {into: document.body});'
        )
        head = '<!doctype html><title>Usage</title><body><script src="/sdk/upsell.js"></script>'
        return Response(f"{head}<script>{script}</script>".encode(), media_type="text/html")

    app.register(page)
    with serving(app) as base, open_browser() as browser:
        tab = browser.new_page()
        with tab.expect_response(lambda answer: answer.url.endswith("/v1/prompts/live"), timeout=8_000):
            tab.goto(f"{base}/page")
        assert tab.locator("[data-upsell]").count() == 0
        entered(world, "ada")()
        expect(tab.locator("[data-upsell=card] h2")).to_have_text("Pro for a year", timeout=SOON * 1000)
        assert len(world.rows("select 1 from events where name = 'Placement Asked'")) == 1
        tab.evaluate("window.end()")
        tab.close()
        app.state[FOLLOWERS].close()
