"""The checkout over HTTP: a cart is shown, an offer is taken for it, an order shows what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.acceptance.test_prompts_api import Place
from tests.live_world import LiveWorld, make_documents, open_world
from tests.stories.test_checkout import ASKED, BOUGHT, SHOP, journey
from tests.stories.world import workflow
from upsell.cli.orders_text import list_lines, show_lines
from upsell.clock import DAY, HOUR, SECOND
from upsell.measurement.answers import Effect
from upsell.measurement.question import Metric
from upsell.runtime.cart_orders import LOOKED_BACK, settle_carts
from upsell.runtime.reporting import report_live
from upsell.store.orders import OrderState, count_orders, find_order, list_orders
from upsell.web.app import make_app

pytestmark = pytest.mark.postgres

KETTLE = {"items": [{"id": "kettle", "quantity": 1, "price": 2_900}], "currency": "USD"}
SWAP = {
    "currency": "USD",
    "remove": [{"id": "kettle", "quantity": 1, "price": 2_900}],
    "add": [{"id": "kettle-pro", "quantity": 1, "price": 5_900}],
}


def documents(holdout: str = "0%") -> dict[str, str]:
    written = dict(
        make_documents(
            {"w": workflow(trigger=ASKED, journey=journey("better"), goal=BOUGHT, holdout=holdout)}
        )
    )
    return written | {"catalog.yaml": SHOP}


class Till(Place):
    """A shop's pages over a live world."""

    def visit(self, visitor: str, cart: dict[str, Any] | None = KETTLE, **more: Any) -> Any:
        body = {"placement": "checkout", "anonymousId": visitor, "cart": cart, **more}
        return self.post("/v1/prompts", body)

    def take(self, view: dict[str, Any], **who: Any) -> Any:
        said = {"key": view["key"], "price": view["accept"]["price"], "currency": view["accept"]["currency"]}
        return self.post("/v1/prompts/accepted", said | who)

    def orders(self, who: str, *items: dict[str, Any], order_id: str = "o1") -> None:
        amount = sum(each["price"] * each.get("quantity", 1) for each in items)
        self.world.happens(
            "Order Completed", who, order_id=order_id, items=list(items), amount=amount, currency="USD"
        )

    def passes(self, time: int = SECOND) -> None:
        self.world.clock.move_to(self.world.clock.now() + time)

    def settles(self) -> int:
        return settle_carts(self.world.connection, self.world.clock)

    def state(self, key: str) -> OrderState:
        order = find_order(self.world.connection, key)
        assert order is not None
        return order.state


@pytest.fixture
def till(database: str) -> Iterator[Till]:
    with open_world(database) as world:
        world.apply(documents())
        app = make_app(database, world.clock)
        with TestClient(app) as client:
            yield Till(world, app, client)


def test_a_visitor_is_offered_the_better_item_of_the_cart_they_show_and_takes_it_once(till: Till) -> None:
    view = till.visit("v1").json()["prompt"]
    assert view["price"] == "Kettle Pro for $59.00 instead of Kettle for $29.00"
    assert view["accept"] == {"label": "Swap for $30.00 more", "price": 3_000, "currency": "USD"}
    assert (view["words"]["later"], view["kind"], view["cart"]) == ("No thanks", "card", SWAP)
    till.passes()
    taken = [till.take(view, anonymousId="v1") for _ in range(2)]
    for answered in taken:
        assert answered.status_code == 200, answered.text
        said = answered.json()
        assert (said["state"], said["cart"]) == ("in_cart", SWAP)
        assert said["message"] == "Done. Kettle Pro is in your cart; you pay for it with your order."
    assert till.told("Offer Accepted", "") == [("Offer Accepted", "anon:v1", view["key"])]
    # Nobody is told but whoever accepted: there is nothing to set up, and no task.
    assert till.world.rows("select count(*) from tasks") == [(0,)]


@pytest.mark.parametrize(
    ("ordered", "state", "detail"),
    [
        ("kettle-pro", OrderState.FULFILLED, "ordered: o1"),
        ("kettle", OrderState.LEFT_OUT, "ordered without it: o1"),
        ("dearer", OrderState.FULFILLED, "ordered: o1, at 65.00 USD instead of 59.00 USD as shown"),
    ],
)
def test_what_was_taken_is_theirs_only_when_an_order_shows_it(
    till: Till, ordered: str, state: OrderState, detail: str
) -> None:
    view = till.visit("v1").json()["prompt"]
    till.passes()
    till.take(view, anonymousId="v1")
    assert (till.settles(), till.state(view["key"])) == (0, OrderState.IN_CART)
    till.passes(HOUR)
    item = {"id": "kettle-pro", "price": 6_500} if ordered == "dearer" else {"id": ordered, "price": 5_900}
    till.orders("anon:v1", item)
    assert till.settles() == 1
    order = find_order(till.world.connection, view["key"])
    assert order is not None
    assert (order.state, order.detail) == (state, detail)
    assert (till.settles(), count_orders(till.world.connection)) == (0, {state: 1})
    told = till.take(view, anonymousId="v1")
    assert (told.status_code, "cart" in told.json()) == (200 if state is OrderState.FULFILLED else 400, False)
    assert "into the cart: 1 of kettle-pro at 59.00 USD" in "\n".join(show_lines(order))
    assert detail in "\n".join(
        list_lines(count_orders(till.world.connection), list_orders(till.world.connection))
    )


def test_an_order_by_who_the_visitor_turned_out_to_be_is_theirs_and_one_of_long_after_says_nothing(
    till: Till,
) -> None:
    first, second = till.visit("v1").json()["prompt"], till.visit("v2").json()["prompt"]
    till.passes()
    till.take(first, anonymousId="v1")
    till.take(second, anonymousId="v2")
    merged: dict[str, Any] = {"from": "anon:v1"}
    till.world.happens("Customers Merged", "ada", **merged)
    till.passes()
    till.orders("ada", {"id": "kettle-pro", "price": 5_900})
    assert (till.settles(), till.state(first["key"])) == (1, OrderState.FULFILLED)
    till.passes(LOOKED_BACK + DAY)
    till.orders("anon:v2", {"id": "kettle-pro", "price": 5_900}, order_id="o2")
    assert (till.settles(), till.state(second["key"])) == (0, OrderState.IN_CART)


def test_an_offer_is_for_the_cart_it_was_made_for_and_over_in_another(till: Till) -> None:
    view = till.visit("v1").json()["prompt"]
    till.passes()
    wrong = {**view, "accept": {**view["accept"], "price": 2_000}}
    assert till.take(wrong, anonymousId="v1").json()["code"] == "price"
    assert till.take(view, anonymousId="v2").json()["code"] == "not_yours"
    till.visit("v1", {"items": [{"id": "toaster"}], "currency": "USD"})
    till.passes()
    answered = till.take(view, anonymousId="v1")
    assert (answered.status_code, answered.json()["code"]) == (400, "over")
    till.visit("v1")
    till.passes()
    assert till.take(view, anonymousId="v1").status_code == 200


def test_a_visitor_opens_nothing_of_anybody_who_is_known(till: Till) -> None:
    till.world.happens("Customer Identified", "ada", email="ada@example.com")
    asked = {"placement": "checkout", "cart": KETTLE}
    for named in (
        {"userId": "ada"},
        {"userId": "ada", "anonymousId": "v1"},
        {"accountId": "acme", "anonymousId": "v1"},
        {"anonymousId": None},
        {},
    ):
        answered = till.post("/v1/prompts", asked | named)
        assert (answered.status_code, answered.json()["code"]) == (401, "identity"), named
    # A device of an account: whoever has a write key can say so, and it opens nothing of the account.
    till.world.happens("Account Identified", "anon:v3", "acme", roles=["admin"])
    assert till.visit("v3").status_code == 401
    # Who has said who they are is asked for by a token from then on.
    assert till.visit("v1").json()["prompt"] is not None
    merged: dict[str, Any] = {"from": "anon:v1"}
    till.world.happens("Customers Merged", "ada", **merged)
    before = till.world.rows("select count(*) from events where name = 'Placement Asked'")
    answered = till.visit("v1")
    assert (answered.status_code, "send a token" in answered.json()["message"]) == (401, True)
    gate = till.post("/v1/can", {"feature": "sso", "placement": "checkout", "anonymousId": "v1"})
    assert (gate.status_code, gate.json()["code"]) == (401, "identity")
    assert till.world.rows("select count(*) from events where name = 'Placement Asked'") == before
    assert till.post("/v1/prompts", asked | {"token": till.token("ada")}).json()["prompt"] is not None


def test_a_visitor_who_was_shown_something_takes_it_by_their_token_once_they_are_known(till: Till) -> None:
    view = till.visit("v1").json()["prompt"]
    merged: dict[str, Any] = {"from": "anon:v1"}
    till.world.happens("Customers Merged", "ada", **merged)
    till.passes()
    assert till.take(view, anonymousId="v1").json()["code"] == "not_yours"
    assert till.take(view, token=till.token("ada")).json()["cart"] == SWAP


def test_a_price_told_by_a_page_is_the_catalogs_and_a_server_is_believed(till: Till) -> None:
    cheap = {"items": [{"id": "kettle", "price": 2_500}], "currency": "USD"}
    assert till.visit("v1", cheap).json()["prompt"] is None
    asked = {"placement": "checkout", "cart": cheap}
    said = till.post("/v1/prompts", asked | {"anonymousId": "v2"}, till.server).json()["prompt"]
    assert (said["accept"]["price"], said["cart"]["add"][0]["price"]) == (3_400, 5_900)
    known = till.post("/v1/prompts", asked | {"userId": "ada"}, till.server).json()["prompt"]
    assert known["accept"]["price"] == 3_400
    told = till.post("/v1/decide", {"placement": "checkout", "userId": "bob", "cart": cheap}, till.server)
    assert told.json()["prompt"]["view"]["cart"]["add"] == [
        {"id": "kettle-pro", "quantity": 1, "price": 5_900}
    ]


@pytest.mark.parametrize(
    "cart",
    [
        {"items": [{"id": "kettle"}]},
        {"items": [{"id": "kettle"}], "currency": "usd"},
        {"items": [{"id": "kettle", "quantity": 0}], "currency": "USD"},
        {"items": [{"id": "kettle", "quantity": 1.5}], "currency": "USD"},
        {"items": [{"id": "kettle", "price": -1}], "currency": "USD"},
        {"items": [{"id": "kettle", "price": 29.5}], "currency": "USD"},
        {"items": [{"id": "kettle", "price": 1}, {"id": "kettle", "price": 2}], "currency": "USD"},
        {"items": [{"id": "a\x00"}], "currency": "USD"},
        {"items": [{"id": str(number)} for number in range(51)], "currency": "USD"},
        {"items": "kettle", "currency": "USD"},
        {"items": [], "currency": "USD", "isChecked": False},
        [],
    ],
)
def test_a_cart_that_is_none_is_told_so_and_nothing_is_recorded(till: Till, cart: Any) -> None:
    answered = till.visit("v1", cart)
    assert (answered.status_code, answered.json()["code"]) == (400, "invalid")
    assert till.world.rows("select count(*) from events where name = 'Placement Asked'") == [(0,)]


def test_the_same_request_with_another_cart_is_a_conflict_and_told_again_it_is_one(till: Till) -> None:
    first = till.visit("v1", messageId="m1").json()
    assert till.visit("v1", messageId="m1").json() == first
    other = till.visit("v1", {"items": [{"id": "toaster"}], "currency": "USD"}, messageId="m1")
    assert (other.status_code, other.json()["code"]) == (400, "conflict")


def test_it_is_told_in_german_with_what_a_set_saves(till: Till) -> None:
    view = till.visit("v1", {"items": [{"id": "toaster"}, {"id": "cup"}], "currency": "USD"}, locale="de-DE")
    said = view.json()["prompt"]
    assert said["accept"]["label"] == "Tauschen und 2,50\xa0$ weniger zahlen"
    assert said["price"] == "Morning set für 38,00\xa0$ statt Toaster und Cup für 40,50\xa0$"
    assert "2,50\xa0$ weniger als einzeln." in said["paragraphs"]


def test_an_arm_is_kept_through_requests_and_a_name_and_every_order_is_of_an_arm(database: str) -> None:
    with open_world(database) as world:
        shown = visit_all(world, database, 16)
        treated = sum(is_shown for is_shown, _ in shown)
        bought = sum(has_bought for is_shown, has_bought in shown if not is_shown)
        assert 0 < treated < len(shown)
        assert bought > 0
        # Whoever went into another is in the arm they were shown in, and orders by the name they have since.
        counted = world.rows(
            "select arm, count(*), count(bought.customer_id) from exposures"
            " left join identities on 'c:' || gone_id = unit_id"
            " left join (select distinct customer_id from events where name = 'Order Completed') as bought"
            " on bought.customer_id = coalesce(identities.customer_id, substr(unit_id, 3))"
            " group by arm order by arm"
        )
        takers = sum(has_bought for is_shown, has_bought in shown if is_shown)
        assert counted == [("holdout", len(shown) - treated, bought), ("treated", treated, takers)]


@pytest.mark.slow
def test_what_the_checkout_earned_is_read_from_the_orders_of_both_arms(database: str) -> None:
    with open_world(database) as world:
        shown = visit_all(world, database, 120)
        world.after(2 * DAY)
        (report,) = report_live(world.connection, world.clock.now()).workflows
        lift = next(each for each in report.lift.lifts if each.metric is Metric.CONVERSION)
        assert isinstance(lift.absolute, Effect), lift.absolute
        # Oracle: the difference of the two shares that ordered.
        took, bought = ([each for is_shown, each in shown if is_shown is arm] for arm in (True, False))
        assert lift.absolute.estimate == pytest.approx(sum(took) / len(took) - sum(bought) / len(bought))


def visit_all(world: LiveWorld, url: str, many: int) -> list[tuple[bool, bool]]:
    """Let many visit a shop that holds out half; tell of each whether they were offered, and ordered."""
    world.apply(documents("50%"))
    app = make_app(url, world.clock)
    with TestClient(app) as client:
        till = Till(world, app, client)
        shown = [_visit_and_order(till, number) for number in range(many)]
    takers = sum(is_shown and has_bought for is_shown, has_bought in shown)
    assert till.settles() == takers
    assert count_orders(world.connection) == {OrderState.FULFILLED: takers}
    world.worker.run_until_idle()
    return shown


def _visit_and_order(till: Till, number: int) -> tuple[bool, bool]:
    """Let somebody visit, some of them again and by a name, and perhaps order; see ``visit_all``."""
    visitor, name = f"v{number}", f"c{number}"
    is_known = number < 20 and number % 2 == 1
    view = till.visit(visitor).json()["prompt"]
    till.passes()
    if number < 20:
        assert (till.visit(visitor).json()["prompt"] is None) is (view is None)
    if is_known:
        merged: dict[str, Any] = {"from": f"anon:{visitor}"}
        till.world.happens("Customers Merged", name, **merged)
        body = {"placement": "checkout", "cart": KETTLE, "token": till.token(name)}
        assert (till.post("/v1/prompts", body).json()["prompt"] is None) is (view is None)
    till.passes()
    if number % 3 == 2:
        return view is not None, False
    if view is not None:
        who = {"token": till.token(name)} if is_known else {"anonymousId": visitor}
        assert till.take(view, **who).status_code == 200
        till.passes()
    ordered = {"id": "kettle-pro", "price": 5_900} if view else {"id": "kettle", "price": 2_900}
    till.orders(name if is_known else f"anon:{visitor}", ordered, order_id=f"o{number}")
    return view is not None, True
