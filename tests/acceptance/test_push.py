"""Pushes from the page that told of a browser to the person who ends them, over the real API and database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.live_world import LiveWorld, make_documents, open_world
from tests.push_servers import VAPID_KEY, Browser, PushService, open_push_service
from tests.stories.world import HOUR, workflow
from tests.unit.channels.test_scanners import CHROME
from upsell.channels.devices import Device, DeviceKind
from upsell.channels.push import open_push
from upsell.channels.scanners import HELD_BACK
from upsell.channels.vapid import public_key_of
from upsell.clock import SECOND
from upsell.config import Settings
from upsell.decisions.addresses import devices_address
from upsell.ids import anonymous_customer
from upsell.runtime.consent_history import find_history
from upsell.runtime.devices import lose_devices, take_device
from upsell.runtime.identities import NotAVisitorError
from upsell.runtime.visits import tell_people
from upsell.store.consents import ConsentText
from upsell.store.devices import MOST, read_devices
from upsell.store.ledger import append
from upsell.store.letters import read_letter
from upsell.store.outbox import State
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

BASE = "https://upsell.acme.example"
SETTINGS = Settings(
    push_vapid_private_key=VAPID_KEY,
    push_contact="mailto:ops@acme.example",
    push_hosts="127.0.0.1",
    public_url=BASE,
)
DOCUMENTS = {
    **make_documents(
        {
            "w": workflow(
                trigger="{on: Pricing Viewed, again_after: 1 hours}",
                journey="[{push: {content: near, intent: help}}]",
            )
        }
    ),
    "templates/near.push.txt": (
        "---\ntitle: Nearly full\nlink: https://acme.example/usage?from=push\n---\n90 % used."
    ),
}
AGREED = {"words": "May we tell you here when your limit is near?\nYes, tell me", "lang": "en"}
PERSON = {"User-Agent": CHROME, "Sec-Fetch-Mode": "navigate"}


class Pushed:
    """A world with a push service, pages that ask the real application, and ann, who is of one test alone."""

    def __init__(self, world: LiveWorld, service: PushService, client: TestClient[Any], ann: str) -> None:
        self.world, self.service, self.client, self.ann = world, service, client, ann

    def tell(self, who: str, browser: Browser, *, status: int = 200, **more: Any) -> dict[str, Any]:
        """Tell of a browser, as a server does that says whose it is."""
        said = {"userId": who, "subscription": browser.subscription, **more}
        answer = self.client.post(
            "/v1/push/subscriptions", json=said, headers={"Origin": "https://app.example"}
        )
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def browser(self, name: str) -> Browser:
        """Give a browser of ann's."""
        return self.service.browser(f"{self.ann}-{name}")

    def answers(self, name: str, status: int, **headers: str) -> None:
        """Let the push service answer like this to what is for one of her browsers."""
        self.service.answers[f"/push/{self.ann}-{name}"] = (status, headers)

    def happens(self, who: str = "") -> dict[State, int]:
        """Let something happen for which somebody is told, long enough after it did last."""
        self.world.clock.move_to(self.world.clock.now() + 2 * HOUR)
        self.world.happens("Pricing Viewed", who or self.ann)
        return self.world.settle()

    def shown(self, browser: Browser) -> list[dict[str, Any]]:
        path = browser.endpoint.removeprefix(self.service.url)
        return [browser.read(body) for endpoint, _, body in self.service.pushed if endpoint == path]

    def token(self, who: str = "") -> Any:
        """Give the trait by which somebody is reached, as the ledger said it last."""
        said = [
            json.loads(row[0])
            for row in self.world.rows(
                f"select properties from events where name = 'Customer Identified' "
                f"and customer_id = '{who or self.ann}' order by position"
            )
        ]
        return next((each["push_token"] for each in reversed(said) if "push_token" in each), None)

    def events(self, name: str) -> list[dict[str, Any]]:
        rows = self.world.rows(
            f"select properties from events where name = '{name}' and customer_id = '{self.ann}' "
            "order by position"
        )
        return [json.loads(row[0]) for row in rows]

    def refusals(self) -> list[str]:
        said = f"select reason from decisions where unit_id = 'c:{self.ann}' order by decided_at"
        return [row[0] for row in self.world.rows(said)]


@pytest.fixture(scope="module")
def opened(shared_database: str) -> Iterator[tuple[LiveWorld, PushService, TestClient[Any]]]:
    with (
        open_push_service(public_key_of(VAPID_KEY)) as service,
        open_world(shared_database, base=BASE, more={"push": open_push(SETTINGS)}) as world,
    ):
        world.apply(DOCUMENTS)
        with TestClient(make_app(shared_database, world.clock, settings=SETTINGS)) as client:
            yield world, service, client


_numbers = count(1)


@pytest.fixture
def push(opened: tuple[LiveWorld, PushService, TestClient[Any]]) -> Pushed:
    return Pushed(*opened, f"ann{next(_numbers)}")


def test_a_message_is_shown_on_each_device_and_counts_once(push: Pushed) -> None:
    phone, laptop = push.browser("phone"), push.browser("laptop")
    push.tell(push.ann, phone, agreed=AGREED)
    push.tell(push.ann, laptop)
    push.tell(push.ann, laptop)
    assert push.happens() == {State.SENT: 1}
    (first,), (second,) = push.shown(phone), push.shown(laptop)
    assert (first["title"], first["text"], first["lang"]) == ("Nearly full", "90 % used.", "en")
    assert first == second
    assert len(push.events("Message Sent")) == 1
    (reserved,) = push.events("Message Reserved")
    assert reserved["key"] == first["key"]
    kept = read_letter(push.world.connection, first["key"])
    assert kept is not None
    assert kept.letter.notification is not None
    assert kept.letter.notification.devices == (), "no device's secret is kept with what it was shown"


def test_whoever_presses_it_has_clicked_and_is_led_where_the_template_says(push: Pushed) -> None:
    phone = push.browser("phone")
    push.tell(push.ann, phone)
    push.happens()
    (shown,) = push.shown(phone)
    assert shown["link"].startswith(f"{BASE}/l/")
    # At once, as people do with what has just come up; of a mail that would be a machine.
    push.world.clock.move_to(push.world.clock.now() + SECOND)
    answer = push.client.get(shown["link"].removeprefix(BASE), headers=PERSON, follow_redirects=False)
    assert answer.headers["location"] == "https://acme.example/usage?from=push"
    assert push.client.post("/v1/track", json={"userId": "x", "event": "Y"}).status_code == 200, "it is kept"
    push.world.clock.move_to(push.world.clock.now() + HELD_BACK)
    tell_people(push.world.connection, push.world.clock)
    (clicked,) = push.events("Message Clicked")
    assert (clicked["channel"], clicked["link"]) == ("push", "https://acme.example/usage?from=push")


def test_stop_these_ends_them_and_saying_yes_again_brings_them_back(push: Pushed) -> None:
    phone = push.browser("phone")
    push.tell(push.ann, phone, agreed=AGREED)
    push.happens()
    stop = push.shown(phone)[0]["stop"]
    assert stop["label"] == "Stop these"
    path = stop["url"].removeprefix(BASE)
    assert push.client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    (withdrawn,) = push.events("Consent Withdrawn")
    assert (withdrawn["channel"], withdrawn["proof"]) == ("push", "button of a notification")
    push.happens()
    push.tell(push.ann, phone)
    push.happens()
    assert len(push.shown(phone)) == 1, "telling of a browser again is no consent"
    assert push.refusals()[-1] == "no_consent"
    push.tell(push.ann, phone, agreed=AGREED)
    assert push.world.settle() == {State.SENT: 1}, "what waited for it is shown"


def test_consent_is_kept_with_where_and_under_which_words_it_was_given(push: Pushed) -> None:
    push.tell(push.ann, push.browser("phone"), agreed=AGREED)
    (given,) = push.events("Consent Given")
    assert given["channel"] == "push"
    assert given["proof"] == "push: told by a server of yours at https://app.example"
    history = find_history(push.world.connection, push.ann, push.world.clock.now())
    (entry,) = history.entries
    assert (entry.kind, entry.scope.channel, entry.source) == ("gave", "push", "devices")
    assert entry.text == ConsentText("en", AGREED["words"])


def test_a_device_that_is_gone_is_forgotten_and_with_the_last_the_address(push: Pushed) -> None:
    phone, laptop = push.browser("phone"), push.browser("laptop")
    push.tell(push.ann, phone)
    push.tell(push.ann, laptop)
    push.answers("phone", 410)
    assert push.happens() == {State.SENT: 1}
    assert [each.address for each in read_devices(push.world.connection, [push.ann])[push.ann]] == [
        laptop.endpoint
    ]
    assert push.token() == devices_address(push.ann)
    push.answers("laptop", 404)
    assert push.happens() == {State.FAILED: 1}
    assert read_devices(push.world.connection, [push.ann]) == {push.ann: ()}
    assert push.token() is None
    assert push.happens() == {}
    assert push.refusals()[-1] == "no_recipient"
    push.service.answers.clear()
    push.tell(push.ann, laptop)
    assert push.world.settle() == {State.SENT: 1}, "told of again, what waited for it is shown"


def test_what_is_switched_off_and_on_again_before_anybody_looks_is_on(push: Pushed) -> None:
    phone = push.browser("phone")
    device = push.tell(push.ann, phone)
    push.world.settle()
    assert push.client.post("/v1/push/subscriptions/ended", json=device).status_code == 200
    push.tell(push.ann, phone)
    assert push.token() == devices_address(push.ann)
    assert push.happens() == {State.SENT: 1}


def test_the_token_of_an_app_that_is_gone_gives_way_to_the_devices_there_are(push: Pushed) -> None:
    token = Device(DeviceKind.APP, f"token-of-{push.ann}")
    push.world.happens("Customer Identified", push.ann, push_token=token.address)
    push.world.settle()
    phone = push.browser("phone")
    push.tell(push.ann, phone)
    assert push.token() == token.address, "what an app says itself stays, and the browser is reached as well"

    def loses(device: Device) -> Any:
        with push.world.connection.transaction():
            now = push.world.clock.now()
            told = lose_devices(push.world.connection, {device.id: push.ann}, [device.id], now)
            append(push.world.connection, told, push.world.clock)
        push.world.settle()
        return push.token()

    assert loses(token) == devices_address(push.ann)
    assert loses(phone.device) is None


def test_a_device_is_of_whoever_told_of_it_last(push: Pushed) -> None:
    shared = push.browser("shared")
    push.tell(push.ann, shared)
    bob = f"{push.ann}-bob"
    push.tell(bob, shared)
    assert push.token() is None
    assert push.happens() == {}
    assert push.happens(bob) == {State.SENT: 1}


def test_a_push_service_that_asks_for_time_is_given_it(push: Pushed) -> None:
    phone = push.browser("phone")
    push.tell(push.ann, phone)
    push.answers("phone", 429, **{"retry-after": "3600"})
    assert push.happens() == {State.RESERVED: 1}
    due = push.world.dispatcher.next_attempt_at()
    assert due == push.world.clock.now() + HOUR
    push.service.answers.clear()
    push.world.clock.move_to(due)
    assert push.world.settle() == {State.SENT: 1}


def test_a_browser_renews_and_ends_its_subscription_with_nobody_signed_in(push: Pushed) -> None:
    old, new = push.browser("old"), push.browser("new")
    device = push.tell(push.ann, old)["device"]
    said = {"device": device, "subscription": new.subscription}
    answer = push.client.post("/v1/push/subscriptions/renewed", json=said)
    assert answer.status_code == 200
    assert push.client.post("/v1/push/subscriptions/renewed", json=said).status_code == 404, "it is gone"
    assert push.happens() == {State.SENT: 1}
    assert (len(push.shown(old)), len(push.shown(new))) == (0, 1)
    assert push.events("Consent Given") == [], "a browser agrees to nothing by itself"
    ended = {"device": answer.json()["device"]}
    for _ in range(2):
        assert push.client.post("/v1/push/subscriptions/ended", json=ended).status_code == 200
    assert push.token() is None
    forged = {"device": ended["device"][:-2] + "AA"}
    assert push.client.post("/v1/push/subscriptions/ended", json=forged).status_code == 404


def test_a_visitors_devices_are_theirs_once_they_are_known_and_open_to_no_visitor_then(push: Pushed) -> None:
    phone = push.browser("phone")
    said = {"subscription": phone.subscription, "anonymousId": f"v-{push.ann}"}
    assert push.client.post("/v1/push/subscriptions", json=said).status_code == 200
    alias = {"userId": push.ann, "anonymousId": f"v-{push.ann}", "traits": {"email": "ann@example.com"}}
    assert push.client.post("/v1/identify", json=alias).status_code == 200
    push.world.settle()
    assert push.happens() == {State.SENT: 1}
    assert len(push.shown(phone)) == 1
    # Who knows the id of the device alone would otherwise read along.
    other = push.browser("other").device
    visitor = anonymous_customer(f"v-{push.ann}")
    with pytest.raises(NotAVisitorError):
        take_device(push.world.connection, push.world.clock, visitor, other, None, is_visitor=True)


def test_what_could_not_be_reached_is_not_kept(push: Pushed) -> None:
    for endpoint in ("https://evil.example/x", "http://fcm.googleapis.com/x", "http://10.0.0.1/x"):
        refused = push.tell(push.ann, Browser(endpoint), status=400)
        assert refused["code"] == "device"
    broken = push.browser("x").subscription | {"keys": {"p256dh": "AAAA", "auth": "AAAA"}}
    said = {"userId": push.ann, "subscription": broken}
    assert push.client.post("/v1/push/subscriptions", json=said).status_code == 400
    said = {"userId": push.ann, "app": "token-of-a-phone"}
    assert push.client.post("/v1/push/subscriptions", json=said).status_code == 400, (
        "nobody reaches apps here"
    )
    assert push.client.post("/v1/push/subscriptions", json={"userId": push.ann}).status_code == 400
    assert push.token() is None


def test_of_very_many_devices_those_told_of_last_are_kept(push: Pushed) -> None:
    for number in range(MOST + 3):
        push.world.clock.move_to(push.world.clock.now() + 1)
        push.tell(push.ann, push.browser(f"b{number}"))
    kept = [
        each.address.rpartition("-b")[2] for each in read_devices(push.world.connection, [push.ann])[push.ann]
    ]
    assert kept == [str(number) for number in range(MOST + 2, 2, -1)]


def test_the_public_key_is_served_to_every_page(push: Pushed) -> None:
    answer = push.client.get("/v1/push/key")
    assert answer.json() == {"publicKey": public_key_of(VAPID_KEY)}
    assert answer.headers["access-control-allow-origin"] == "*"
