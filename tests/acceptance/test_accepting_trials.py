"""Trials and accepting: paid terms are what a trial's own passage offers, while it is under way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.acceptance.test_accepting import Shop
from tests.live_world import make_documents, open_world
from tests.sinks import GATEWAY_SECRET, LOCAL, Gateway, open_gateway, open_sink
from tests.stories.test_prompts import JOURNEY, ON_REQUEST
from tests.stories.world import workflow
from upsell.channels.fulfillers import WebhookFulfiller
from upsell.channels.link_facts import OFFER, key_token
from upsell.channels.signing import read_secret
from upsell.clock import DAY
from upsell.runtime.approving import Decision, approve
from upsell.runtime.fulfilling import fulfil
from upsell.runtime.programs import Programs
from upsell.store.link_secrets import read_link_secrets
from upsell.store.orders import OrderState
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

PAID = 14_900
"""149 USD a month: the paid terms of the stories' pro-trial."""


class Billing(Shop):
    """A shop that grants trials, with the server that hears of them."""

    gateway: Gateway

    def grant(self, prompts: str = "", policy: str = "") -> None:
        """Let ada's trial of 14 days begin, reminded of three days before its end."""
        mail = "{email: {content: t1, intent: offer, offer: pro-trial}}"
        step = (
            f"[{{trial: {{offer: pro-trial, url: '{self.gateway.url}',"
            f" remind: {{before: 3 days, steps: [{mail}]}}}}}}]"
        )
        texts = {"t": workflow(trigger="{on: A}", journey=step)}
        if prompts:
            texts["p"] = workflow(trigger=ON_REQUEST, journey=JOURNEY.replace("pro-annual", prompts))
        self.world.apply(make_documents(texts, policy=policy))
        self.world.happens("Customer Identified", "ada", email="ada@acme.example")
        self.world.happens("Consent Given", "ada", channel="email")

    def heard(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.gateway.requests]

    def keys(self, channel: str) -> list[str]:
        found = self.world.rows(
            f"select key from outbox where channel = '{channel}' and offer = 'pro-trial' order by reserved_at"
        )
        return [key for (key,) in found]


@pytest.fixture
def billing(database: str) -> Iterator[Billing]:
    with open_gateway() as gateway, open_sink() as sink, open_world(database, sink, gateway) as world:
        billing = Billing(world, database)
        billing.gateway = gateway
        yield billing
        billing.decider.close()


def test_a_trial_that_nobody_accepts_ends_and_is_never_charged(billing: Billing) -> None:
    billing.grant()
    billing.world.happens("A", "ada")
    billing.world.after(20 * DAY)
    assert billing.heard() == ["trial.granted", "trial.ended"]
    assert billing.events() == []
    (mailed,) = billing.keys("email")
    for key in (mailed, billing.keys("webhook")[0]):
        assert billing.code(partial(billing.take, key, "ada", PAID)) == "over", "too late is too late"
    billing.world.after(DAY)
    assert billing.heard() == ["trial.granted", "trial.ended"]


@pytest.mark.parametrize("by", ["email", "webhook"])
def test_the_paid_terms_of_a_trial_convert_it_once_and_begin_no_other(billing: Billing, by: str) -> None:
    billing.grant()
    billing.world.happens("A", "ada")
    billing.world.after(12 * DAY)
    key = billing.keys(by)[0]
    order = billing.take(key, "ada", PAID).order
    assert (order.converts, order.trial_days) == (True, 0)
    told = WebhookFulfiller(billing.gateway.url, read_secret(GATEWAY_SECRET), LOCAL)
    after = fulfil(billing.world.connection, billing.world.clock, told, key)
    told.close()
    assert after is not None
    assert after.state is OrderState.FULFILLED
    assert billing.take(key, "ada", PAID).is_new is False
    billing.world.after(10 * DAY)
    assert billing.heard() == ["trial.granted", "trial.accepted"], "the trial's own step tells it, once"
    for each in (*billing.keys("email"), *billing.keys("webhook")[:1]):
        assert billing.take(each, "ada", PAID).order.key == key


def test_to_try_takes_no_paid_terms(billing: Billing) -> None:
    billing.grant(prompts="pro-trial")
    key = billing.show("ada")
    taken = billing.take(key, "ada", PAID)
    assert (taken.order.converts, taken.order.trial_days) == (False, 14)
    ((_, _, said),) = billing.events()
    assert said["trial_days"] == 14


def test_to_try_what_is_being_tried_is_over_and_converts_nothing(billing: Billing) -> None:
    billing.grant(prompts="pro-trial")
    key = billing.show("ada")
    # The tab stays open when the passage of the prompt is long over.
    billing.world.after(8 * DAY)
    billing.world.happens("A", "ada")
    billing.world.after(DAY)
    assert billing.heard() == ["trial.granted"]
    assert billing.code(partial(billing.take, key, "ada", PAID)) == "over"
    billing.world.after(20 * DAY)
    assert billing.heard() == ["trial.granted", "trial.ended"]


def test_the_paid_terms_of_a_trial_say_what_they_cost_and_not_that_they_are_tried(
    billing: Billing, database: str
) -> None:
    billing.grant()
    billing.world.happens("A", "ada")
    billing.world.after(12 * DAY)
    (mailed,) = billing.keys("email")
    secret = read_link_secrets(billing.world.connection, billing.world.clock.now())[0]
    with TestClient(make_app(database, billing.world.clock)) as client:
        page: Any = client.get(f"/a/{key_token(secret, OFFER, mailed)}")
    assert "Get Pro for $149.00 per month" in page.text
    assert "free" not in page.text


@pytest.mark.parametrize("is_in_time", [True, False])
def test_paid_terms_above_a_limit_convert_when_they_are_approved_while_the_trial_is_under_way(
    billing: Billing, is_in_time: bool
) -> None:
    billing.grant(policy="accepting: {approval_above: {USD: 100}}\n")
    billing.world.happens("A", "ada")
    billing.world.after(12 * DAY)
    (mailed,) = billing.keys("email")
    order = billing.take(mailed, "ada", PAID).order
    assert (order.state, order.converts, billing.events()) == (OrderState.ASKED, True, [])
    billing.world.after((0 if is_in_time else 4) * DAY)
    programs = Programs()
    programs.refresh(billing.world.connection)
    decision = Decision("grace", "fits")
    after = approve(billing.world.connection, billing.world.clock, programs, order, decision)
    assert after.converts is is_in_time, "what is over nobody but us tells billing"
    billing.world.after(DAY)
    assert billing.heard() == ["trial.granted", "trial.accepted" if is_in_time else "trial.ended"]
    assert len(billing.events()) == 1
