"""An offer that is accepted changes a subscription at Stripe, and what Stripe then tells reaches its goal."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.acceptance.test_stripe_billing import Till
from tests.live_world import open_world
from tests.stripe_billing.server import open_stripe_server
from tests.stripe_world import SECRET, VARIABLE, difference, make_discount, make_hook, signed
from upsell.clock import DAY, SECOND
from upsell.config import Settings
from upsell.measurement.metrics import Span
from upsell.measurement.question import Metric
from upsell.runtime.attribution import read_attribution
from upsell.runtime.reporting import live_program, report
from upsell.runtime.tracking import read_tracked
from upsell.store.orders import OrderState
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres


class Loop(Till):
    """A till whose Stripe tells by webhooks what became of its subscriptions."""

    client: TestClient[Any]
    told = 0

    def tell(self, kind: str, before: dict[str, Any] | None = None, about: str = "sub_ada") -> None:
        """Have Stripe tell of a subscription as it is now."""
        now = self.written(about)
        more = {"previous": difference(before, now)} if before is not None else {}
        self.send(kind, now, **more)

    def tell_discounts(self, about: str = "sub_ada") -> None:
        """Have Stripe tell of the discounts of a subscription's items, and of their coupons."""
        for item in self.stripe.subscriptions[about]["items"]["data"]:
            for each in item["discounts"]:
                self.send("coupon.created", self.stripe.coupons[each["coupon"]])
                discount = make_discount(f"di_{each['coupon']}", each["coupon"], start=self.now)
                self.send("customer.discount.created", discount)

    def send(self, kind: str, said: dict[str, Any], **more: Any) -> None:
        """Have Stripe send a webhook, twice."""
        self.told += 1
        hook = make_hook(kind, said, id=f"evt_{self.told}", created=self.now, **more)
        delivery = signed(hook, self.world.clock.now())
        for _ in range(2):
            answer = self.client.post("/hooks/stripe", content=delivery.body, headers=dict(delivery.headers))
            assert answer.status_code == 200, answer.text
        self.world.settle()

    def written(self, about: str) -> dict[str, Any]:
        """Give a subscription as webhooks write it: its customer and its discounts by id."""
        found = copy.deepcopy(self.stripe.subscriptions[about])
        for item in found["items"]["data"]:
            item["discounts"] = [f"di_{each['coupon']}" for each in item["discounts"]]
        return found

    def see(self, prompt: str) -> None:
        """Have the page tell that a prompt was seen."""
        self.world.worker.run_until_idle()
        asked = "select properties::json->>'key' from events where properties::json->>'prompt' = %(prompt)s"
        offered = self.world.connection.execute(f"{asked} order by position desc", {"prompt": prompt})
        self.world.happens("Prompt Shown", "ada", key=offered.fetchall()[0][0])

    def credited(self) -> list[tuple[str, str, int]]:
        """Give whom upgrades are credited to, and how many."""
        connection, now = self.world.connection, self.world.clock.now() + SECOND
        program = live_program(connection)
        span = Span(now - 30 * DAY, now, now, program.currency)
        found = read_attribution(
            read_tracked(connection, program, now), span, report(connection, program, now)
        )
        return [(each.line, each.workflow, each.upgrades) for each in found.credits]

    def converted(self) -> list[tuple[int, float]]:
        """Give how many reached the goal of those whose time for it is over, by workflow."""
        at = self.world.clock.now() + 31 * DAY
        found = report(self.world.connection, live_program(self.world.connection), at).workflows
        lifts = [each for workflow in found for each in workflow.lift.lifts]
        arms = [each.arm for each in lifts if each.metric is Metric.CONVERSION]
        return [(arm.closed, arm.total) for arm in arms[:1]]

    def named(self, *names: str) -> list[tuple[Any, ...]]:
        found = self.world.rows("select name, customer_id, account_id from events order by position")
        return [row for row in found if row[0] in names]


@pytest.fixture
def loop(database: str) -> Iterator[Loop]:
    settings = Settings(secrets={VARIABLE: SECRET})
    with (
        open_world(database) as world,
        open_stripe_server() as (stripe, url),
        TestClient(make_app(database, world.clock, settings=settings)) as client,
    ):
        loop = Loop(world, database)
        loop.client = client
        loop.extra = {"sources/stripe.yaml": f"stripe:\n  secrets: [{VARIABLE}]\n"}
        loop.begin(stripe, url)
        said = client.post(
            "/v1/identify", json={"userId": "ada", "traits": {"stripe_customer_id": "cus_ada"}}
        )
        assert said.status_code == 200
        loop.tell("customer.subscription.created")
        yield loop
        loop.decider.close()


def test_what_stripe_tells_of_an_accepted_offer_is_the_buyers_and_reaches_the_goal(loop: Loop) -> None:
    key = loop.show("ada")
    loop.see(key)
    before = loop.written("sub_ada")
    assert loop.take_offer(key).order.state is OrderState.FULFILLED
    loop.move(2 * SECOND)
    loop.tell_discounts()
    loop.tell("customer.subscription.updated", before)
    assert loop.named("Subscription Started", "Subscription Changed") == [
        ("Subscription Started", "ada", None),
        ("Subscription Changed", "ada", None),
    ]
    assert loop.named("Subscription Upgraded") == [("Subscription Upgraded", "ada", None)] * 2
    assert loop.credited() == [("credited", "w", 1), ("unattributed", "", 1)], "the first was their own"
    assert loop.converted() == [(1, 1)]
    assert loop.world.rows("select code from rejections") == []


def test_who_is_at_stripe_goes_with_whom_a_customer_went_into(loop: Loop) -> None:
    loop.world.happens("Customers Merged", "eve", **{"from": "ada"})
    before = loop.written("sub_ada")
    loop.stripe.subscriptions["sub_ada"]["items"]["data"][0]["quantity"] = 2
    loop.move(2 * SECOND)
    loop.tell("customer.subscription.updated", before)
    assert loop.named("Subscription Changed") == [("Subscription Changed", "eve", None)]
