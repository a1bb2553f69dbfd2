"""Reach: whom a change concerns, against a small world in which that is planted."""

from __future__ import annotations

import pytest

from tests.live_world import make_documents, open_world
from tests.stories.world import workflow
from upsell.journeys.workflow import UnitKind
from upsell.runtime.change_reach import How, find_reach, leaving_words, reach_words, workflow_words
from upsell.runtime.guarding import read_live
from upsell.store.headcount import Headcount
from upsell.workspace.compile import compile_documents

pytestmark = pytest.mark.postgres

WAIT = "[{wait: 9 days}, {email: {content: t1, intent: help}}]"
ORDERS = workflow(trigger="{on: Ordered}", journey=WAIT, more="key: order_id")
GERMAN = workflow(
    trigger="{when: customer.country = 'DE'}", journey=WAIT, eligible="[customer.email is not null]"
)
PAUSED = "status: paused"


def test_each_is_counted_once_and_nobody_where_nobody_is_let_in(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"orders": ORDERS, "ends": ORDERS}))
        # Planted: of five three have an address, two of these are from Germany; one of them ordered twice.
        for who, said in {
            "a": {"email": "a@example.com", "country": "DE"},
            "b": {"email": "b@example.com", "country": "DE"},
            "c": {"email": "c@example.com"},
            "d": {"country": "DE"},
            "e": {},
        }.items():
            world.happens("Customer Identified", who, **said)
        for order in ("1", "2"):
            world.happens("Ordered", "a", order_id=order)
        world.worker.run_until_idle()
        after = compile_documents(
            make_documents(
                {
                    "orders": ORDERS.replace("name: A workflow", "name: Orders again"),
                    "german": GERMAN,
                    "later": f"{GERMAN}\n{PAUSED}\n",
                }
            )
        )
        live = read_live(world.connection)
        reach = find_reach(world.connection, live, after, world.clock.now())
    found = {each.key: each for each in reach.workflows}
    assert reach.units == {UnitKind.CUSTOMER: Headcount(5, is_exact=True)}
    german, later, orders = found["german"], found["later"], found["orders"]
    assert (german.how, german.under_way, german.eligible, german.triggered) == (How.NEW, 0, 3, 2)
    assert (orders.how, orders.under_way, orders.eligible) == (How.ALTERED, 1, 5)
    assert (later.how, later.eligible, later.lets_in) == (How.NEW, None, False)
    assert list(workflow_words(later)) == [
        "No customer is under way in it.",
        "It lets nobody in, for it is not live.",
    ]
    assert leaving_words(reach) == "1 customer leaves A workflow"
    assert reach_words(reach) == "5 customers"
