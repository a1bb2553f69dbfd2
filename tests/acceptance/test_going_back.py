"""Going back: an order of its own, of which billing is told with what they had; the rest the team does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.offer_world import CATALOG, Offered, offer_documents, open_offers
from tests.sinks import GATEWAY_SECRET, Gateway, open_gateway, open_sink
from upsell.clock import DAY, SECOND
from upsell.config import Settings
from upsell.runtime.fulfil_desk import open_fulfiller
from upsell.runtime.fulfilling import fulfil_due
from upsell.runtime.order_outcomes import FIRST_PAUSE
from upsell.store.orders import OrderState, list_orders
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

PROMISED = CATALOG.replace("    guarantee: Your", "    guarantee_for: 30 days\n    guarantee: Your")


class Leaver:
    """Somebody who took an offer that billing set up, before the pages."""

    def __init__(self, offered: Offered, client: TestClient[Any], gateway: Gateway, sink: Any) -> None:
        self.offered, self.client, self.gateway, self.sink = offered, client, gateway, sink
        world = offered.world
        world.clock.move_to(world.clock.now() + SECOND)
        world.apply({**offer_documents(), "catalog.yaml": PROMISED})
        self.key = offered.to_account()
        world.settle()

    def take(self) -> None:
        path = self.offered.offer(self.key)
        fields = dict(
            re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', self.client.get(path).text)
        )
        self.client.post(path, data={**fields, "action": "accept", "may_decide": "yes"})

    def look(self) -> str:
        return _words(self.client.get(self.offered.back(self.key)).text)

    def go_back(self, because: str = "") -> str:
        return _words(self.client.post(self.offered.back(self.key), data={"because": because}).text)

    def heard(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.gateway.requests]

    def subjects(self) -> list[str]:
        self.offered.world.settle()
        return [
            content for (content,) in self.offered.world.rows(
                "select step from outbox where step like 'order.%' and state = 'sent' order by number"
            )
        ]  # fmt: skip

    def tasks(self) -> list[str]:
        return [title for (title,) in self.offered.world.rows("select title from tasks order by opened_at")]


def _words(html: str) -> str:
    body = html[html.index("<body>") :]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


@pytest.fixture
def leaver(database: str) -> Iterator[Leaver]:
    with open_sink() as sink, open_gateway() as gateway, open_offers(database, sink) as offered:
        settings = Settings(billing_url=gateway.url, gateway_secret=GATEWAY_SECRET)
        with TestClient(make_app(database, offered.world.clock, settings=settings)) as client:
            yield Leaver(offered, client, gateway, sink)


def test_within_the_guarantee_billing_is_told_to_give_back_what_was_paid(leaver: Leaver) -> None:
    leaver.take()
    assert "The guarantee holds until 1 April 2026" in leaver.look()
    assert "It is done at once, as promised above" in leaver.look()
    page = leaver.go_back("Too slow\nfor us")
    assert "Done. You are back on Starter. What you paid is given back under the guarantee." in page
    _, told = leaver.heard()
    data = told["data"]
    assert told["type"] == "offer.returned"
    assert data["back_to"] == {
        "plan": "starter", "name": "Starter", "subscription": "s-ada", "interval": "month", "quantity": 1.0,
        "amount": 4_900, "currency": "USD",
    }  # fmt: skip
    assert (data["returns"], data["refund"], data["because"]) == (leaver.key, True, "Too slow for us")
    assert (data["account"], data["customer"], data["thing"]) == ("acme", "ada", "pro")
    assert leaver.gateway.requests[1][0]["webhook-id"] == data["key"] != leaver.key
    assert leaver.go_back("again") == leaver.look()
    assert len(leaver.heard()) == 2
    assert leaver.subjects() == ["order.confirmed", "order.returned"]
    assert leaver.tasks() == []


def test_after_the_guarantee_they_go_back_without_a_refund(leaver: Leaver) -> None:
    leaver.take()
    leaver.offered.world.clock.move_to(leaver.offered.world.clock.now() + 30 * DAY)
    assert "The guarantee holds" not in leaver.look()
    page = leaver.go_back()
    assert "Done. You are back on Starter." in page
    assert "given back" not in page
    assert leaver.heard()[1]["data"]["refund"] is False


def test_what_billing_refuses_the_team_does_and_they_are_told(leaver: Leaver) -> None:
    leaver.take()
    leaver.gateway.status = 409
    assert "Our team has it, with what was promised, and writes to you." in leaver.go_back()
    (title,) = leaver.tasks()
    assert title.startswith("Take back from Pro, as promised: Your money back")
    assert "give back what was paid - billing refused it: 409" in title
    assert leaver.subjects() == ["order.confirmed", "order.returning"]


def test_what_billing_does_not_answer_is_told_again_under_the_same_key(leaver: Leaver, database: str) -> None:
    leaver.take()
    leaver.gateway.status = 503
    assert "It is being done, and is confirmed to you by mail." in leaver.go_back()
    leaver.gateway.status = 200
    world = leaver.offered.world
    world.clock.move_to(world.clock.now() + FIRST_PAUSE)
    settings = Settings(billing_url=leaver.gateway.url, gateway_secret=GATEWAY_SECRET)
    fulfiller = open_fulfiller(settings)
    assert fulfiller is not None
    assert fulfil_due(world.connection, world.clock, fulfiller) == 1
    fulfiller.close()
    ids = [headers["webhook-id"] for headers, _ in leaver.gateway.requests]
    assert ids[1] == ids[2] != ids[0]
    assert "Done. You are back on Starter." in leaver.look()


def test_a_forwarded_mail_takes_no_company_back_by_itself(leaver: Leaver) -> None:
    leaver.take()
    leaver.offered.world.happens("Account Identified", "ada", "acme", role="viewer")
    leaver.offered.world.worker.run_until_idle()
    assert "It is done at once" not in leaver.look()
    assert "Our team has it" in leaver.go_back()
    assert len(leaver.heard()) == 1
    assert leaver.tasks()[0].endswith("ask whether ada may")


def test_what_is_taken_back_is_an_order_beside_the_one_it_takes_back(leaver: Leaver) -> None:
    leaver.take()
    leaver.go_back()
    back, taken = list_orders(leaver.offered.world.connection)
    assert (back.returns, taken.key, back.state, taken.state) == (
        leaver.key, leaver.key, OrderState.FULFILLED, OrderState.FULFILLED,
    )  # fmt: skip
    assert back.has_refund
    assert not taken.has_refund
