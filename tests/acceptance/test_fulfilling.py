"""Fulfilling: billing is told under one key until it answers, and whoever accepted is told how it stands."""

from __future__ import annotations

import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from tests.acceptance.test_accepting import PRICE, Shop
from tests.live_world import open_world
from tests.sinks import GATEWAY_SECRET, LOCAL, Gateway, open_gateway
from upsell.channels.fulfillers import Purchase, WebhookFulfiller
from upsell.channels.prompt_words import WORDS
from upsell.channels.signing import read_secret
from upsell.clock import DAY, HOUR, SECOND, Moment
from upsell.config import Settings
from upsell.errors import ConfigError, StoreError
from upsell.runtime.accepting import Accept
from upsell.runtime.fulfil_desk import FulfilDesk, open_fulfiller
from upsell.runtime.fulfilling import LEASE, fulfil, fulfil_due, settle_by_hand
from upsell.runtime.identities import Identity, sign_identity
from upsell.runtime.order_outcomes import FIRST_PAUSE, LONGEST_PAUSE, MOST_ATTEMPTS
from upsell.runtime.telling import Told
from upsell.store.identity_secrets import make_identity_secret
from upsell.store.keys import PUBLIC, Kind, Scope, create_key
from upsell.store.orders import Order, OrderState, Via, claim_orders, find_order, settle_order
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

EN = WORDS["en"]


class Till(Shop):
    """A shop with a billing server that answers as it is told."""

    gateway: Gateway
    fulfiller: WebhookFulfiller

    def take_offer(self, key: str, who: str = "ada", *locales: str, is_set_up: bool = True) -> Told:
        desk = FulfilDesk(self.url, self.world.clock, self.fulfiller if is_set_up else None)
        return desk.take(Accept(key, Identity(who), PRICE, "USD", Via.PROMPT), locales)

    def order(self, key: str) -> Order:
        found = find_order(self.world.connection, key)
        assert found is not None
        return found

    def due(self) -> int:
        return fulfil_due(self.world.connection, self.world.clock, self.fulfiller)

    def tasks(self) -> list[tuple[Any, ...]]:
        return self.world.rows(
            "select queue, title, closed_at is null, offer from tasks order by opened_at, title"
        )

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.gateway.requests]


@pytest.fixture
def till(database: str) -> Iterator[Till]:
    with open_world(database) as world, open_gateway() as gateway:
        till = Till(world, database)
        till.gateway = gateway
        till.fulfiller = WebhookFulfiller(gateway.url, read_secret(GATEWAY_SECRET), LOCAL, timeout=2)
        till.apply()
        yield till
        till.fulfiller.close()
        till.decider.close()


def test_billing_is_told_what_was_accepted_signed_and_its_words_are_told(till: Till) -> None:
    key = till.show("ada")
    till.gateway.said = b'{"message": "Welcome to Pro!"}'
    told = till.take_offer(key)
    assert (told.order.state, told.message, told.is_failed) == (
        OrderState.FULFILLED,
        "Welcome to Pro!",
        False,
    )
    ((headers, body),) = till.gateway.requests
    said = json.loads(body)
    assert said["type"] == "offer.accepted"
    data = said["data"]
    assert data["terms"].pop("price") == PRICE
    assert {name: value for name, value in data.items() if name != "terms"} == {
        "key": key, "customer": "ada", "account": None, "offer": "pro-annual", "thing": "pro",
        "kind": "upgrade", "trial_days": 0,
    }  # fmt: skip
    # By the Standard Webhooks specification: base64 of HMAC-SHA256 over id.timestamp.body.
    signed = f"{key}.{headers['webhook-timestamp']}.".encode() + body
    secret = b64decode(GATEWAY_SECRET.removeprefix("whsec_"))
    assert headers["webhook-signature"] == "v1," + b64encode(hmac.digest(secret, signed, "sha256")).decode()
    assert headers["webhook-id"] == key
    assert till.order(key) == told.order
    assert till.tasks() == []


def test_without_words_of_billing_it_is_told_in_their_language(till: Till) -> None:
    assert till.take_offer(till.show("ada")).message == "Done. Pro is yours."
    assert till.take_offer(till.show("bob"), "bob", "de-AT").message == "Erledigt. Pro gehört Ihnen."
    till.world.happens("Customer Identified", "eve", locale="de")
    assert till.take_offer(till.show("eve"), "eve").message == "Erledigt. Pro gehört Ihnen."


@pytest.mark.parametrize(
    "said", [b"", b"<html>", b'{"message": 7}', b'{"message": "a\\u0000b"}', b"[1]", b"\xff"]
)
def test_an_answer_that_says_nothing_sensible_is_still_done(till: Till, said: bytes) -> None:
    till.gateway.said = said
    told = till.take_offer(till.show("ada"))
    assert (told.order.state, told.message) == (OrderState.FULFILLED, "Done. Pro is yours.")


def test_a_refusal_is_for_good_is_told_and_becomes_work(till: Till) -> None:
    key = till.show("ada")
    till.gateway.status, till.gateway.said = 402, b'{"message": "The card was declined."}'
    told = till.take_offer(key)
    assert (told.order.state, told.is_failed, told.message) == (
        OrderState.FAILED,
        True,
        "The card was declined.",
    )
    till.world.clock.move_to(till.world.clock.now() + 2 * DAY)
    assert till.due() == 0
    assert till.take_offer(key).message == "The card was declined.", (
        "the same answer, and nothing is told again"
    )
    assert till.ids() == [key]
    ((queue, title, is_open, offer),) = till.tasks()
    assert (queue, is_open, offer) == ("success", True, None)
    assert "refused by billing" in title
    assert "Pro (pro-annual), 134.10 USD per month for ada" in title
    assert "{" not in EN.refused.format(name="Pro")


def test_while_a_task_of_it_is_open_nothing_is_sold(till: Till) -> None:
    till.gateway.status = 400
    till.take_offer(till.show("ada"))
    till.world.worker.run_until_idle()
    till.world.happens("Placement Asked", "ada", placement="usage-page")
    till.world.worker.run_until_idle()
    withheld = till.world.rows(
        "select properties::json ->> 'reason' from events where name = 'Prompt Withheld'"
        " order by position desc"
    )
    assert withheld[0] == ("sensitive",)


@pytest.mark.parametrize("status", [500, 503, 429, 302, 0])
def test_what_billing_does_not_answer_is_told_again_under_the_same_key(till: Till, status: int) -> None:
    key = till.show("ada")
    till.gateway.status = status
    told = till.take_offer(key)
    assert (told.order.state, told.is_failed) == (OrderState.ACCEPTED, False)
    assert told.message == EN.pending.format(name="Pro")
    assert till.due() == 0, "there is a pause"
    till.world.clock.move_to(till.world.clock.now() + FIRST_PAUSE)
    assert till.due() == 1
    assert till.due() == 0
    till.gateway.status = 200
    till.world.clock.move_to(till.world.clock.now() + 2 * FIRST_PAUSE)
    assert till.due() == 1
    assert till.order(key).state is OrderState.FULFILLED
    assert till.ids() == [key] * 3
    assert till.take_offer(key).message == "Done. Pro is yours."
    assert till.tasks() == []


def test_billing_that_never_answers_is_given_up_with_pauses_that_grow(till: Till) -> None:
    key = till.show("ada")
    till.gateway.status = 500
    began_at = till.world.clock.now()
    till.take_offer(key)
    pauses: list[int] = []
    while (next_at := till.order(key).next_attempt_at) is not None:
        pauses.append(next_at - till.world.clock.now())
        till.world.clock.move_to(next_at)
        assert till.due() == 1
    assert pauses == [min(LONGEST_PAUSE, FIRST_PAUSE * 2**n) for n in range(MOST_ATTEMPTS - 1)]
    assert DAY < till.world.clock.now() - began_at < 2 * DAY
    order = till.order(key)
    assert (order.state, order.is_given_up, order.attempts) == (OrderState.FAILED, True, MOST_ATTEMPTS)
    told = till.take_offer(key)
    assert told.message == EN.stuck.format(name="Pro")
    assert "charged" not in told.message, "nobody knows that"
    ((_, title, _, _),) = till.tasks()
    assert "could not be set up" in title


def test_a_crash_while_billing_is_told_is_told_again_under_the_same_key(till: Till) -> None:
    key = till.show("ada")
    till.take(key, "ada")
    now = till.world.clock.now()
    # A process claims it, and is lost before or after billing heard.
    (lost,) = claim_orders(till.world.connection, now, now + LEASE, 1, key)
    assert (lost.state, till.order(key).state) == (OrderState.FULFILLING, OrderState.FULFILLING)
    till.fulfiller.fulfil(_purchase(lost), now)
    assert till.due() == 0
    assert fulfil(till.world.connection, till.world.clock, till.fulfiller, key) is None, "somebody is at it"
    till.world.clock.move_to(now + LEASE)
    assert till.due() == 1
    assert till.ids() == [key, key], "billing knows it by its key"
    assert till.order(key).state is OrderState.FULFILLED


def test_what_an_attempt_that_was_lost_heard_late_counts_only_when_it_is_done(till: Till) -> None:
    key = till.show("ada")
    till.take(key, "ada")
    now = till.world.clock.now()
    (lost,) = claim_orders(till.world.connection, now, now + LEASE, 1, key)
    later = now + LEASE
    (second,) = claim_orders(till.world.connection, later, later + LEASE, 1)
    assert (lost.attempts, second.attempts) == (1, 2)
    refused = msgspec.structs.replace(lost, state=OrderState.FAILED, finished_at=later)
    assert not settle_order(till.world.connection, refused)
    done = msgspec.structs.replace(lost, state=OrderState.FULFILLED, finished_at=later)
    assert settle_order(till.world.connection, done)
    assert not settle_order(till.world.connection, msgspec.structs.replace(refused, attempts=2))
    assert till.order(key).state is OrderState.FULFILLED


def test_a_crash_before_billing_is_told_is_made_good_by_the_guard(till: Till) -> None:
    key = till.show("ada")
    till.take(key, "ada")
    assert till.due() == 0, "the request itself comes first"
    till.world.clock.move_to(till.world.clock.now() + 30 * SECOND)
    assert till.due() == 1
    assert till.order(key).state is OrderState.FULFILLED


def test_two_tabs_tell_billing_once_and_are_told_the_same(till: Till) -> None:
    key = till.show("ada")
    told_at: list[Moment] = []

    class Slow(WebhookFulfiller):
        def fulfil(self, purchase: Purchase, now: Moment) -> Any:
            told_at.append(now)
            time.sleep(0.5)
            return super().fulfil(purchase, now)

    slow = Slow(till.gateway.url, read_secret(GATEWAY_SECRET), LOCAL)
    asked = Accept(key, Identity("ada"), PRICE, "USD", Via.PROMPT)
    with ThreadPoolExecutor(5) as pool:
        desks = [FulfilDesk(till.url, till.world.clock, slow) for _ in range(5)]
        told = list(pool.map(lambda desk: desk.take(asked), desks))
    slow.close()
    assert {each.message for each in told} == {"Done. Pro is yours."}
    assert (len(told_at), till.ids()) == (1, [key])


def test_without_billing_the_team_is_asked_to_make_it_so(till: Till) -> None:
    key = till.show("ada")
    told = till.take_offer(key, is_set_up=False)
    assert (told.order.state, told.message) == (OrderState.WAITING, EN.waiting.format(name="Pro"))
    ((queue, title, is_open, _),) = till.tasks()
    assert (queue, is_open) == ("success", True)
    assert title == "Accepted, make it so: Pro (pro-annual), 134.10 USD per month for ada"
    till.world.clock.move_to(till.world.clock.now() + DAY)
    assert till.due() == 0
    done = settle_by_hand(
        till.world.connection, till.world.clock, told.order, OrderState.FULFILLED, "set up by hand"
    )
    assert done is not None
    till.world.worker.run_until_idle()
    assert [is_open for _, _, is_open, _ in till.tasks()] == [False]
    assert till.take_offer(key, is_set_up=False).message == "Done. Pro is yours."
    assert (
        settle_by_hand(till.world.connection, till.world.clock, told.order, OrderState.FAILED, "no") is None
    )


def test_a_failed_order_goes_on_by_hand_under_the_same_key_and_may_fail_anew(till: Till) -> None:
    key = till.show("ada")
    till.gateway.status = 400
    till.take_offer(key)
    for number in (1, 2):
        till.world.clock.move_to(till.world.clock.now() + HOUR)
        again = settle_by_hand(
            till.world.connection, till.world.clock, till.order(key), OrderState.ACCEPTED, "a new card"
        )
        assert again is not None
        assert (again.state, again.task) == (OrderState.ACCEPTED, "")
        assert till.due() == 1
        till.world.worker.run_until_idle()
        assert [is_open for _, _, is_open, _ in till.tasks()] == [False] * number + [True]
    assert till.ids() == [key] * 3
    till.gateway.status = 200
    settle_by_hand(till.world.connection, till.world.clock, till.order(key), OrderState.ACCEPTED, "again")
    assert till.due() == 1
    assert till.order(key).state is OrderState.FULFILLED


def test_what_failed_is_not_revived_beside_what_was_accepted_since(till: Till) -> None:
    key = till.show("ada")
    till.gateway.status = 400
    failed = till.take_offer(key).order
    insert = "insert into orders select * from failed"
    columns = "create temp table failed as select * from orders"
    till.world.connection.execute(columns)
    till.world.connection.execute("update failed set key = 'other', state = 'fulfilled'")
    till.world.connection.execute(insert)
    with pytest.raises(StoreError, match="accepted again since"):
        settle_by_hand(till.world.connection, till.world.clock, failed, OrderState.ACCEPTED, "again")
    assert till.order(key).state is OrderState.FAILED


def test_billing_is_told_nothing_in_the_open_or_unsigned() -> None:
    with pytest.raises(
        ConfigError, match=r"expected https for billing .* got http and billing\.acme\.example"
    ):
        WebhookFulfiller("http://billing.acme.example/x", b"x" * 32, LOCAL)
    with pytest.raises(ConfigError, match=r"expected UPSELL_GATEWAY_SECRET beside UPSELL_BILLING_URL"):
        open_fulfiller(Settings(billing_url="https://billing.acme.example/x"))
    assert open_fulfiller(Settings()) is None


class Window:
    """The application over HTTP with its keys."""

    def __init__(self, till: Till, client: TestClient[Any]) -> None:
        self.till, self.client = till, client
        now = till.world.clock.now()
        self.write = create_key(till.world.connection, "web", Kind.WRITE, PUBLIC, now)
        self.server = create_key(till.world.connection, "back", Kind.SERVER, {Scope.DECISIONS}, now)
        self.secret = make_identity_secret(till.world.connection, now)

    def post(self, path: str, shown: str, **body: Any) -> Any:
        return self.client.post(path, json=body, headers={"Authorization": f"Bearer {shown}"})

    def accept(self, key: str, who: str = "ada", price: int | None = PRICE, **more: Any) -> Any:
        token = sign_identity(self.secret, Identity(who), self.till.world.clock.now() + HOUR)
        body = {"key": key, "price": price, "currency": "USD", "token": token, **more}
        return self.post("/v1/prompts/accepted", self.write, **body)


@pytest.fixture
def window(till: Till) -> Iterator[Window]:
    settings = Settings(billing_url=till.gateway.url, gateway_secret=GATEWAY_SECRET)
    app = make_app(till.url, till.world.clock, settings=settings)
    with TestClient(app) as client:
        yield Window(till, client)


def test_a_page_accepts_by_its_token_and_is_told_how_it_stands(window: Window) -> None:
    key = window.till.show("ada")
    answered = window.accept(key)
    assert (answered.status_code, answered.json()) == (
        200, {"key": key, "state": "fulfilled", "message": "Done. Pro is yours."},
    )  # fmt: skip
    assert answered.headers["access-control-allow-origin"] == "*"
    assert window.accept(key, locale="de").json()["message"] == "Erledigt. Pro gehört Ihnen."
    assert window.till.ids() == [key]
    assert len(window.till.events()) == 1


def test_a_page_that_may_not_is_told_why_and_by_a_code(window: Window) -> None:
    key = window.till.show("ada")
    for answered, status, code, words in (
        (window.accept("x"), 404, "not_found", EN.unknown),
        (window.accept(key, "bob"), 403, "not_yours", EN.not_yours),
        (window.accept(key, price=1), 400, "price", EN.price),
        (window.accept(key, price=1, locale="de"), 400, "price", WORDS["de"].price),
    ):
        said = answered.json()
        assert (answered.status_code, said["code"], said["words"]) == (status, code, words)
    for body in (
        {"key": key},
        {"key": key, "price": 1.5, "currency": "USD"},
        {"key": "\x00", "price": 1, "currency": "USD"},
    ):
        token = sign_identity(window.secret, Identity("ada"), window.till.world.clock.now() + HOUR)
        answered = window.post("/v1/prompts/accepted", window.write, token=token, **body)
        assert (answered.status_code, answered.json()["code"]) == (400, "invalid")
    assert (
        window.post("/v1/prompts/accepted", window.write, key=key, price=PRICE, currency="USD").status_code
        == 401
    )
    assert window.till.events() == []


def test_what_billing_refuses_is_no_success_for_the_page(window: Window) -> None:
    key = window.till.show("ada")
    window.till.gateway.status, window.till.gateway.said = 402, b'{"message": "The card was declined."}'
    answered = window.accept(key)
    assert (answered.status_code, answered.json()["code"], answered.json()["words"]) == (
        400, "failed", "The card was declined.",
    )  # fmt: skip


def test_a_server_accepts_for_whom_it_names_and_a_page_cannot(window: Window) -> None:
    key = window.till.show("ada")
    body = {"key": key, "price": PRICE, "currency": "USD", "userId": "ada"}
    assert window.post("/v1/accept", window.write, **body).status_code == 403
    assert window.post("/v1/accept", "none", **body).status_code == 401
    assert (
        window.post("/v1/accept", window.server, **(body | {"userId": "bob"})).json()["code"] == "not_yours"
    )
    answered = window.post("/v1/accept", window.server, **body)
    assert (answered.status_code, answered.json()["state"]) == (200, "fulfilled")
    assert [said["via"] for _, _, said in window.till.events()] == ["api"]


def test_a_refusal_is_told_in_the_customers_own_language_where_nobody_names_one(window: Window) -> None:
    window.till.world.happens("Customer Identified", "eve", locale="de-AT")
    key = window.till.show("eve")
    body = {"key": key, "price": 1, "currency": "USD", "userId": "eve"}
    answered = window.post("/v1/accept", window.server, **body)
    assert answered.json()["words"] == WORDS["de"].price
    assert window.accept(key, "eve", price=1, locale="en").json()["words"] == EN.price


def _purchase(order: Order) -> Purchase:
    return Purchase(
        key=order.key, customer_id=order.customer_id, account_id=None, offer=order.offer, thing=order.thing,
        kind=order.kind, terms=order.terms, trial_days=0, accepted_at=order.accepted_at,
    )  # fmt: skip
