"""Trials of a journey without an address: granted and ended at Stripe, converted on an acceptance alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from tests.acceptance.test_stripe_billing import Till, _with_ids
from tests.live_world import make_documents, open_world
from tests.sinks import open_sink
from tests.stories.world import CATALOG, workflow
from tests.stripe_billing.server import open_stripe_server
from upsell.channels.channel import Letter
from upsell.channels.webhook import write_webhook
from upsell.clock import DAY, SECOND, SystemClock
from upsell.config import Settings
from upsell.runtime.accepting import Accept
from upsell.runtime.carriers import open_channels
from upsell.runtime.fulfil_desk import FulfilDesk
from upsell.runtime.identities import Identity
from upsell.runtime.stripe_billing import StripeBilling
from upsell.runtime.stripe_trials import StepChannel, StripeTrials
from upsell.store.orders import OrderState, Via

pytestmark = pytest.mark.postgres

PAID = 14_900
"""149 USD a month: the paid terms of the stories' pro-trial."""


class Trying(Till):
    """A till, and a journey by which ada is to try Pro for 14 days, reminded three days before the end."""

    def grant(self) -> None:
        self.begin_journey()
        self.world.happens("Consent Given", "ada", channel="email")
        self.world.happens("A", "ada")
        self.world.settle()

    def begin_journey(self) -> None:
        assert isinstance(self.fulfiller, StripeBilling)
        trials = StripeTrials(self.url, self.world.clock, self.fulfiller)
        self.world.channels["webhook"] = StepChannel(None, trials)
        mail = "{email: {content: t1, intent: offer, offer: pro-trial}}"
        step = f"[{{trial: {{offer: pro-trial, remind: {{before: 3 days, steps: [{mail}]}}}}}}]"
        documents = dict(make_documents({"t": workflow(trigger="{on: A}", journey=step)}))
        ids = "month: price_pro"
        documents["catalog.yaml"] = _with_ids(CATALOG).replace(ids, f"{ids}, year: price_proY")
        self.world.apply(documents)

    def wait(self, days: int) -> None:
        """Let days pass, at Stripe too."""
        self.world.after(days * DAY)
        self.stripe.now = self.now
        self.stripe.end_trials()
        self.world.after(SECOND)

    def told(self) -> list[tuple[str, str]]:
        rows = self.world.rows(
            "select step, state from outbox where channel = 'webhook' order by reserved_at"
        )
        return [(step.rpartition(".")[2], state) for step, state in rows]

    def accept(self) -> OrderState:
        """Take the paid terms by the reminder."""
        ((key,),) = self.world.rows("select key from outbox where channel = 'email'")
        desk = FulfilDesk(self.url, self.world.clock, self.fulfiller)
        return desk.take(Accept(key, Identity("ada"), PAID, "USD", Via.PAGE)).order.state

    def trial(self) -> dict[str, object]:
        (found,) = [each for each in self.stripe.subscriptions.values() if "upsell_trial" in each["metadata"]]
        return found

    def plan(self) -> str:
        return str(self.stripe.subscriptions["sub_ada"]["items"]["data"][0]["price"]["id"])


@pytest.fixture
def trying(database: str) -> Iterator[Trying]:
    with (
        open_sink() as sink,
        open_world(database, sink) as world,
        open_stripe_server() as (stripe, url),
    ):
        trying = Trying(world, database)
        trying.begin(stripe, url)
        yield trying
        trying.decider.close()


def test_a_trial_is_granted_at_stripe_beside_what_they_pay_for_and_ends_without_a_charge(
    trying: Trying,
) -> None:
    trying.grant()
    made = trying.trial()
    assert (made["status"], made["cancel_at_period_end"]) == ("trialing", True)
    assert made["trial_end"] == trying.now + 14 * DAY // SECOND
    assert (trying.plan(), trying.told()) == ("price_starter", [("0", "sent")])
    trying.wait(15)
    assert trying.told() == [("0", "sent"), ("end", "sent")]
    assert (trying.trial()["status"], trying.stripe.charged, trying.tasks()) == ("canceled", [], [])


def test_the_paid_terms_are_charged_by_the_order_once_and_never_by_the_step(trying: Trying) -> None:
    trying.grant()
    trying.wait(12)
    assert trying.stripe.charged == []
    assert trying.accept() is OrderState.FULFILLED
    trying.wait(4)
    assert trying.told() == [("0", "sent"), ("convert", "sent")]
    assert (trying.plan(), len(trying.stripe.charged)) == ("price_pro", 1)
    assert trying.trial()["status"] == "canceled"


def test_what_the_order_could_not_charge_the_step_does_not_charge_behind_its_back(trying: Trying) -> None:
    trying.grant()
    trying.wait(12)
    trying.stripe.declines = True
    assert trying.accept() is OrderState.FAILED
    trying.stripe.declines = False
    trying.wait(4)
    assert trying.told() == [("0", "sent"), ("convert", "sent")]
    assert (trying.plan(), trying.stripe.charged) == ("price_starter", [])


def test_an_acceptance_that_the_teams_own_server_tells_converts_at_stripe_once(trying: Trying) -> None:
    trying.grant()
    trying.wait(12)
    trying.stripe.troubles["POST /v1/subscriptions/{id}"] = ["lost"]
    trying.world.happens("Offer Accepted", "ada", offer="pro-trial", thing="pro")
    trying.wait(1)
    assert trying.told() == [("0", "sent"), ("convert", "sent")]
    assert (trying.plan(), len(trying.stripe.charged)) == ("price_pro", 1)


def test_who_cannot_pay_keeps_the_trial_to_its_end_and_the_team_hears_of_it(trying: Trying) -> None:
    trying.stripe.customers["cus_ada"]["invoice_settings"]["default_payment_method"] = None
    trying.grant()
    trying.wait(12)
    trying.world.happens("Offer Accepted", "ada", offer="pro-trial", thing="pro")
    trying.wait(4)
    (title,) = trying.tasks()
    assert title.startswith("ada took the paid terms of their trial of Pro (pro-trial), but it could not")
    assert (trying.trial()["status"], trying.stripe.charged) == ("canceled", [])


def test_another_price_at_stripe_grants_nothing_with_a_task_and_no_reminder(trying: Trying) -> None:
    trying.stripe.prices["price_pro"]["unit_amount"] = 1
    trying.grant()
    (title,) = trying.tasks()
    assert title.startswith("ada was to try Pro (pro-trial), but it could not be set up: expected price_pro")
    trying.wait(15)
    assert trying.told() == [("0", "failed")]
    assert trying.world.rows("select 1 from outbox where channel = 'email'") == []


def test_whoever_tries_without_being_known_to_stripe_is_known_from_then_on(trying: Trying) -> None:
    trying.begin_journey()
    trying.world.happens("A", "bob")
    trying.world.settle()
    (made,) = trying.stripe.done("POST /v1/subscriptions")
    rows = trying.world.rows(
        "select properties::json ->> 'stripe_customer_id' from events"
        " where customer_id = 'bob' and source = 'billing'"
    )
    assert rows == [(made["customer"],)]


def test_a_trial_waits_for_a_stripe_that_does_not_answer_and_is_granted_once(trying: Trying) -> None:
    trying.stripe.troubles["POST /v1/subscriptions"] = ["lost", 500]
    trying.grant()
    assert trying.told() == [("0", "reserved")]
    trying.wait(1)
    assert trying.told() == [("0", "sent")]
    assert trying.trial()["status"] == "trialing"


def test_a_trial_that_stripe_could_not_be_told_of_in_all_attempts_is_a_task_and_told_no_more(
    trying: Trying,
) -> None:
    trying.stripe.troubles["POST /v1/subscriptions"] = [500] * 50
    trying.grant()
    for _ in range(3):
        trying.wait(1)
    assert (trying.told(), trying.tasks()) == ([("0", "reserved")], [])
    trying.wait(1)
    assert trying.told() == [("0", "failed")]
    (title,) = trying.tasks()
    assert title.startswith("ada was to try Pro (pro-trial), but whether it is set up is not known, look at")
    assert "look at Stripe first: tried 5 times: 500 " in title
    trying.wait(1)
    assert len(trying.tasks()) == 1
    rows = trying.world.rows("select customer_id, source from events where name = 'Task Opened'")
    assert rows == [("ada", "billing")]


@pytest.mark.parametrize("text", ["", '{"type": "trial.granted"}'])
def test_a_trial_whose_letter_cannot_be_read_is_a_task(trying: Trying, text: str) -> None:
    def write(*given: Any) -> Letter:
        return msgspec.structs.replace(write_webhook(*given), text=text)

    with patch("upsell.runtime.dispatcher.write_webhook", write):
        trying.grant()
    assert trying.told() == [("0", "failed")]
    (title,) = trying.tasks()
    what = "was to try" if text else "has, or was to have, a trial of"
    assert title.startswith(
        f"ada {what} Pro (pro-trial), but it could not be set up: expected a letter about"
    )


def test_where_stripe_does_not_bill_a_trial_without_an_address_is_refused_with_what_to_set() -> None:
    servers = Settings(gateway_secret="whsec_" + "x" * 32, smtp_host="127.0.0.1")
    assert isinstance(open_channels(servers)["webhook"], StepChannel)
    assert "webhook" not in open_channels(Settings())
    bills = Settings(stripe_secret_key="sk_test_x")
    assert isinstance(open_channels(bills, "postgresql://x", SystemClock())["webhook"], StepChannel)
