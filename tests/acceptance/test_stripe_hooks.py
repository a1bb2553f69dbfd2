"""Stripe, live: its webhooks by HTTP into the ledger, on to what is known, and what is kept aside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.live_world import LiveWorld, make_documents, open_world
from tests.stripe_world import (
    FILE,
    SECRET,
    SOLD,
    VARIABLE,
    Life,
    make_coupon,
    make_discount,
    make_hook,
    make_item,
    make_object,
    make_price,
    make_subscription,
    signed,
)
from upsell.clock import SECOND
from upsell.config import Settings
from upsell.ids import account_unit
from upsell.runtime.doctor import examine
from upsell.signals.events import Event
from upsell.sources.vendor_details import Detail, Named
from upsell.sources.vendor_ids import Naming, Owner, said_in
from upsell.store.households import read_household
from upsell.store.vendor_details import find_details, keep_detail
from upsell.store.vendor_ids import find_owner, keep_owner, keep_said
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres


class Served:
    """The program with Stripe as its source."""

    def __init__(self, world: LiveWorld, client: TestClient[Any]) -> None:
        self.world = world
        self.client = client

    def send(self, hook: Any) -> tuple[int, dict[str, Any]]:
        """Send a webhook, signed as Stripe signs it now; give status and answer."""
        delivery = signed(hook, self.world.clock.now())
        answered = self.client.post("/hooks/stripe", content=delivery.body, headers=dict(delivery.headers))
        return answered.status_code, answered.json()


@pytest.fixture
def served(database: str) -> Iterator[Served]:
    settings = Settings(secrets={VARIABLE: SECRET})
    documents = {**make_documents({}), "catalog.yaml": SOLD, "sources/stripe.yaml": FILE}
    with (
        open_world(database) as world,
        TestClient(make_app(database, world.clock, settings=settings)) as client,
    ):
        world.apply(documents)
        yield Served(world, client)


def test_a_life_at_stripe_told_backwards_and_twice_is_known_as_it_is(served: Served) -> None:
    life = Life(make_item(make_price("price_starter", 2000), 2, id="si_1"), customer="cus_acme")
    life.now += 3_600
    life.set_items(make_item(make_price("price_pro", 9900), 3, id="si_1"))
    served.world.clock.move_to((life.now + 60) * SECOND)
    told = [*reversed(life.hooks), *life.hooks]
    answers = [served.send(hook) for hook in told]
    assert [(status, said["accepted"], said["duplicates"]) for status, said in answers] == [
        (200, 1, 0),
        (200, 1, 0),
        (200, 0, 1),
        (200, 0, 1),
    ]
    served.world.settle()
    now = served.world.clock.now()
    account = read_household(served.world.connection, account_unit("cus_acme"), frozenset(), now).account
    assert account is not None
    (held,) = account.profile.subscriptions.values()
    assert (held.plan, held.quantity, held.amount, held.mrr()) == ("pro", 3, 29_700, 29_700)
    assert held.started_at == life.subscription["start_date"] * SECOND


def test_what_cannot_be_read_is_answered_200_and_told_by_the_doctor(served: Served) -> None:
    served.world.clock.move_to((Life().now + 60) * SECOND)
    unsold = make_subscription(make_item(make_price("price_x")))
    status, said = served.send(make_hook("customer.subscription.created", unsold, id="evt_1"))
    assert (status, said["kept_aside"]) == (200, 1)
    tiered = make_item(make_price("price_pro", None, billing_scheme="tiered"))
    status, said = served.send(
        make_hook("customer.subscription.created", make_subscription(tiered), id="evt_2")
    )
    assert (status, said["accepted"], said["kept_aside"]) == (200, 1, 1)
    found = examine(served.world.connection, served.world.clock.now()).refused
    assert {(each.source, each.code) for each in found} == {
        ("stripe", "unknown_price"),
        ("stripe", "unknown_amount"),
    }


def test_what_names_its_customer_alone_waits_until_it_is_told_whose_it_is(served: Served) -> None:
    file = FILE + "  account: metadata.account_id\n"
    documents = {**make_documents({}), "catalog.yaml": SOLD, "sources/stripe.yaml": file}
    served.world.apply(documents)
    served.world.clock.move_to((Life().now + 60) * SECOND)
    charge = make_object("charge", customer="cus_1", amount_refunded=500)
    refund = make_hook("charge.refunded", charge, id="evt_refund")
    assert served.send(refund)[0] == 503
    person = make_object("customer", id="cus_1", metadata={"account_id": "acme"})
    assert served.send(make_hook("customer.created", person, id="evt_person"))[0] == 200
    assert served.send(refund)[0] == 200
    paid_for_another = make_object(
        "invoice", customer="cus_1", amount_paid=1, metadata={"account_id": "other"}
    )
    assert served.send(make_hook("invoice.paid", paid_for_another, id="evt_paid"))[0] == 200
    assert served.world.rows(
        "select vendor_id, account_id, customer_id from vendor_ids where source = 'stripe'"
    ) == [("cus_1", "acme", None)]
    moved = make_object("customer", id="cus_1", metadata={"account_id": "acme-2"})
    changed = make_hook(
        "customer.updated", moved, id="evt_moved", previous={"metadata": {"account_id": "acme"}}
    )
    assert served.send(changed)[0] == 200
    assert served.world.rows("select account_id from vendor_ids where source = 'stripe'") == [("acme-2",)]
    assert served.world.rows(
        "select name, account_id from events where source = 'stripe' order by position"
    ) == [
        ("Account Identified", "acme"),
        ("Refunded", "acme"),
        ("Invoice Paid", "other"),
        ("Account Identified", "acme-2"),
    ]


def test_discounts_told_after_the_subscription_that_names_them_are_waited_for_and_counted(
    served: Served,
) -> None:
    life = Life(make_item(make_price("price_pro", 9900), 2, id="si_1"), customer="cus_acme")
    life.now += 60
    life.tell("coupon.created", make_coupon(25, created=life.now))
    life.tell("customer.discount.created", make_discount("di_1", "OFF25", start=life.now))
    life.change(discounts=["di_1"])
    served.world.clock.move_to((life.now + 60) * SECOND)
    started, coupon, discount, changed = life.hooks
    status, said = served.send(changed)
    assert (status, said["code"], "discount di_1" in said["message"]) == (503, "not_yet", True)
    assert served.send(discount)[0] == 200
    status, said = served.send(changed)
    assert (status, "coupon OFF25" in said["message"]) == (503, True)
    answers = [served.send(hook) for hook in (coupon, coupon, changed, started, changed)]
    assert [
        (status, said["accepted"], said["duplicates"], said["passed_over"]) for status, said in answers
    ] == [
        (200, 0, 0, 1),
        (200, 0, 0, 1),
        (200, 1, 0, 0),
        (200, 1, 0, 0),
        (200, 0, 1, 0),
    ]
    assert served.world.rows("select source, kind, vendor_id from vendor_details order by kind") == [
        ("stripe", "coupon", "OFF25"),
        ("stripe", "discount", "di_1"),
    ]
    served.world.settle()
    now = served.world.clock.now()
    account = read_household(served.world.connection, account_unit("cus_acme"), frozenset(), now).account
    assert account is not None
    (held,) = account.profile.subscriptions.values()
    assert (held.plan, held.amount) == ("pro", 2 * 9900 * 3 // 4)
    assert served.world.rows("select count(*) from rejections") == [(0,)]


def test_of_two_details_of_one_moment_the_same_stands_whichever_came_first(served: Served) -> None:
    connection = served.world.connection
    named = Named("discount", "di_1")
    for source, told in (("a", "xy"), ("b", "yx")):
        for said in told:
            keep_detail(connection, source, Detail(named, 5, said))
        assert find_details(connection, source, {named}) == {named: (Detail(named, 5, "y"),)}
    assert find_details(connection, "c", {named}) == {named: ()}


def test_what_stripe_did_not_sign_is_refused_and_nothing_of_it_is_kept(served: Served) -> None:
    body = signed(make_hook("invoice.paid", make_object("invoice")), served.world.clock.now()).body
    answered = served.client.post("/hooks/stripe", content=body)
    assert (answered.status_code, answered.json()["code"]) == (403, "forged")
    assert served.world.rows("select count(*) from rejections") == [(0,)]


def test_what_stripe_says_of_its_customer_goes_before_what_the_team_said_of_it(served: Served) -> None:
    connection = served.world.connection
    owner = Owner("ada", None)
    keep_said(connection, {"cus_1": Owner("bob", None), "cus_2": owner})
    keep_said(connection, {"cus_1": owner})
    assert [find_owner(connection, "stripe", each) for each in ("cus_1", "cus_2", "cus_3")] == [
        owner, owner, None,
    ]  # fmt: skip
    keep_owner(connection, "stripe", Naming("cus_1", Owner(None, "acme"), is_own=False))
    assert find_owner(connection, "stripe", "cus_1") == Owner(None, "acme")
    assert find_owner(connection, "stripe-us", "cus_1") == owner


def test_the_team_says_by_a_trait_who_somebody_is_at_stripe_and_says_last_what_holds() -> None:
    def told(name: str, said: object, customer: str | None = None, account: str | None = None) -> Event:
        return Event("1", name, 0, 0, customer, account, {"stripe_customer_id": said}, "api")

    events = [
        told("Customer Identified", "cus_1", "ada"),
        told("Customer Identified", "cus_1", "bob", "acme"),
        told("Account Identified", "cus_2", "ada", "acme"),
        told("Customer Identified", "", "cyd"),
        told("Customer Identified", None, "cyd"),
        told("Customer Identified", 7, "cyd"),
        told("Anything", "cus_3", "cyd"),
        told("Account Identified", "cus_4", None, "cus_4"),
    ]
    assert said_in(events) == {"cus_1": Owner("bob", None), "cus_2": Owner(None, "acme")}
