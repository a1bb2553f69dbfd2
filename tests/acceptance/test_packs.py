"""Packs over a database: what is bought and taken back is seen now, and was seen then."""

from __future__ import annotations

import pytest

from tests.live_world import make_documents, open_world
from tests.stories.world import workflow
from upsell.clock import DAY, Moment
from upsell.runtime.explaining import Answer, explain_now, explain_past

pytestmark = pytest.mark.postgres

PACKS = "products:\n  calls: {kind: pack, name: Calls, price: {once: 40}, limits: {api_calls: 500}}\n"


def limit_of(answer: Answer) -> float | None:
    assert answer.standing is not None
    return next(use.limit for use in answer.standing.metrics if use.metric == "api_calls")


def test_orders_and_what_takes_them_back_are_kept_and_can_be_lived_again(database: str) -> None:
    documents = make_documents({"w": workflow(trigger="{on: Never}", journey="[end]")})
    documents = {**documents, "catalog.yaml": documents["catalog.yaml"] + PACKS}
    with open_world(database) as world:
        world.apply(documents)
        moments: list[Moment] = []
        order = {"order_id": "o1", "items": [{"id": "calls", "quantity": 2}], "amount": 8_000}
        for name, customer_id, said in (
            ("Subscription Started", None, {"plan": "starter", "amount": 4_900, "currency": "USD"}),
            ("Order Completed", "ada", order),
            ("Order Completed", None, order | {"order_id": "o2", "items": ["calls"]}),
            ("Order Canceled", None, {"order_id": "o1"}),
        ):
            world.happens(name, customer_id, "acme", **said)
            world.worker.run_until_idle()
            moments.append(world.clock.now())
            world.clock.move_to(world.clock.now() + DAY)
        limits = [
            limit_of(explain_past(world.connection, "a:acme", at, None))
            for at in (*moments, world.clock.now())
        ]
        assert limits == [1_000, 2_000, 2_500, 1_500, 1_500]
        assert limit_of(explain_now(world.connection, "a:acme", world.clock.now(), None)) == 1_500
        world.clock.move_to(world.clock.now() + 31 * DAY)
        assert limit_of(explain_now(world.connection, "a:acme", world.clock.now(), None)) == 1_000
