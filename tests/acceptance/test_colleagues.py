"""Asking a colleague: whoever may not decide asks those who may, who decide on a page of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from html import unescape
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.acceptance.test_accepting import PRICE
from tests.acceptance.test_order_mails import Post
from tests.live_world import open_world
from tests.offer_world import open_offers
from tests.sinks import GATEWAY_SECRET, LOCAL, open_gateway, open_sink
from upsell.channels.fulfillers import WebhookFulfiller
from upsell.channels.signing import read_secret
from upsell.clock import HOUR
from upsell.runtime.identities import Identity, sign_identity
from upsell.store.identity_secrets import make_identity_secret
from upsell.store.keys import PUBLIC, Kind, create_key
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

BASE = "https://links.acme.example"


class Office(Post):
    """An account in which ada may not decide and eve may, before the application."""

    client: TestClient[Any]

    def staff(self, *bosses: str) -> None:
        self.apply(unit="account")
        self.world.happens("Customer Identified", "ada", email="ada@acme.example", first_name="Ada")
        self.member("acme", "ada", "member")
        for boss in bosses:
            self.world.happens("Customer Identified", boss, email=f"{boss}@acme.example")
            self.member("acme", boss, "billing")
        self.world.worker.run_until_idle()

    def words(self, path: str, **form: str) -> str:
        answered = self.client.post(path, data=form) if form else self.client.get(path)
        html = answered.text
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", html[html.index("<body>") :])).split())

    @cached_property
    def keys(self) -> tuple[str, str]:
        """Make a write key and a secret for tokens, once."""
        now = self.world.clock.now()
        key = create_key(self.world.connection, "web", Kind.WRITE, PUBLIC, now)
        return key, make_identity_secret(self.world.connection, now)

    def prompt_asks(self, key: str, who: str = "ada", **said: str) -> Any:
        write, secret = self.keys
        token = sign_identity(secret, Identity(who, "acme"), self.world.clock.now() + HOUR)
        body = {"key": key, "token": token, **said}
        return self.client.post("/v1/prompts/asked", json=body, headers={"Authorization": f"Bearer {write}"})

    def asked(self) -> list[Any]:
        return self.world.rows(
            "select customer_id, properties::json from events where name = 'Colleague Asked'"
        )


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    with open_sink() as sink, open_gateway() as gateway, open_world(database, sink, base=BASE) as world:
        office = Office(world, database)
        office.sink, office.gateway = sink, gateway
        office.fulfiller = WebhookFulfiller(gateway.url, read_secret(GATEWAY_SECRET), LOCAL, timeout=2)
        with TestClient(make_app(database, world.clock)) as client:
            office.client = client
            yield office
        office.fulfiller.close()
        office.decider.close()


def test_who_may_not_decide_asks_from_a_prompt_and_a_colleague_takes_it(office: Office) -> None:
    office.staff("eve")
    key = office.show("ada", "acme")
    answered = office.prompt_asks(key, because="for  the fair")
    assert (answered.status_code, answered.json()) == (
        200,
        {
            "asked": 1,
            "message": "Those who may decide were asked. Nothing happens unless one of them says yes.",
        },
    )
    (mail,) = office.mails()
    assert (mail["To"], mail["Subject"]) == ("eve@acme.example", "Ada asks you to decide about Pro")
    text = office.text(mail)
    assert "Ada wrote: for the fair" in text
    assert "$134.10 a month" in text
    path = re.findall(rf"{BASE}(/c/[\w-]+)", text)[0]
    page = office.words(path)
    assert "For e***@acme.example, acme" in page
    assert "Get Pro for $134.10 per month" in page
    fields = {"key": key, "price": str(PRICE), "currency": "USD", "action": "accept", "may_decide": "yes"}
    assert "You took Pro on" in office.words(path, **fields)
    ((_, who, said),) = office.events()
    assert (who, said["key"], said["by"]) == ("eve", key, "eve")


def test_each_colleague_is_asked_once_and_it_is_recorded(office: Office) -> None:
    office.staff("eve", "bob")
    key = office.show("ada", "acme")
    for _ in range(2):
        assert office.prompt_asks(key).json()["asked"] == 2
    assert sorted(mail["To"] for mail in office.mails()) == ["bob@acme.example", "eve@acme.example"]
    ((who, said),) = office.asked()
    assert (who, said["asked"], said["offer"], said["via"]) == ("ada", ["bob", "eve"], "pro-annual", "prompt")


def test_where_nobody_may_decide_the_team_is_to_find_somebody(office: Office) -> None:
    office.staff()
    key = office.show("ada", "acme")
    answered = office.prompt_asks(key, locale="de")
    assert answered.json()["asked"] == 0
    assert "unser Team sucht jemanden" in answered.json()["message"]
    office.prompt_asks(key)
    ((queue, title, _, _),) = office.tasks()
    assert (queue, title) == (
        "success", "ada would like Pro for acme, and nobody known there may decide",
    )  # fmt: skip


def test_nobody_asks_about_what_is_not_their_accounts(office: Office) -> None:
    office.staff("eve")
    key = office.show("ada", "acme")
    answered = office.prompt_asks(key, "mallory")
    assert (answered.status_code, answered.json()["code"]) == (403, "not_yours")
    assert office.prompt_asks("made-up").status_code == 404
    assert office.mails() == []
    assert office.asked() == []


def test_the_page_of_an_offer_asks_too_and_says_what_was_done(database: str) -> None:
    with open_offers(database) as offered, TestClient(make_app(database, offered.world.clock)) as client:
        key = offered.to_account(role="viewer")
        offered.world.happens("Customer Identified", "eve", email="eve@acme.example")
        offered.world.happens("Account Identified", "eve", "acme", role="owner")
        offered.world.worker.run_until_idle()
        path = offered.offer(key)
        page = client.get(path).text
        assert "Your role may not decide this for your account." in page
        assert "Get Pro for" not in page
        assert "Those who may decide were asked." in client.post(path, data={"action": "ask"}).text
        assert "Those who may decide were asked." in client.get(path).text
        rows = offered.world.rows("select customer_id from outbox where step = 'order.colleague'")
        assert rows == [("eve",)]
        (told,) = offered.told("Colleague Asked")
        assert (told["asked"], told["via"]) == (["eve"], "page")
