"""A discount by value on the live path: shown, kept, explained at any moment, and counted from the ledger."""

from __future__ import annotations

import json

import pytest

from tests.live_world import make_documents, open_world
from tests.sinks import open_sink
from tests.stories.world import CATALOG, workflow
from upsell.cli.explain import _lines
from upsell.clock import DAY, HOUR
from upsell.runtime.explained import answer_content
from upsell.runtime.explaining import explain_now, explain_past
from upsell.workspace.documents import Documents

pytestmark = pytest.mark.postgres

SPENT = "event_sum('Order Completed', 'amount', interval '365 days')"
BY_SPENT = f'discount: {{of: "{SPENT}", steps: [{{from: 1, off: 5%}}, {{from: 1000, off: 20%}}]}}'
MAIL = workflow(
    trigger="{on: Asked, again_after: 1 hour}", journey="[{email: {content: t1, offer: pro-annual}}]"
)


def documents(discount: str) -> Documents:
    template = "---\\nsubject: {name}\\n---\\n<p>{{{{ offer.discount }}}} {{{{ offer.price }}}}</p>"
    return {
        **make_documents({"w": MAIL}, template=template.replace("\\n", "\n")),
        "catalog.yaml": CATALOG.replace("discount: 10%", discount),
    }


def test_what_was_spent_before_counts_and_every_moment_explains_itself(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(documents("discount: 10%"))
        world.happens("Customer Identified", "ann", email="ann@example.com")
        world.happens("Order Completed", "ann", order_id="1", amount=600, currency="USD")
        world.settle()
        world.after(HOUR)
        # The counter is new with this revision: it is filled from the ledger.
        world.apply(documents(BY_SPENT))
        world.happens("Asked", "ann")
        world.settle()
        first = world.clock.now()
        world.after(DAY)
        world.happens("Order Completed", "ann", order_id="2", amount=400, currency="USD")
        world.happens("Asked", "ann")
        world.settle()
        now = world.clock.now()
        shown = [
            json.loads(terms) for (terms,) in world.rows("select terms from outbox order by reserved_at")
        ]
        assert [terms["discount_rate"] for terms in shown] == [0.05, 0.2]
        # 149.00 a month, less 5 % and less 20 %.
        assert [terms["price"] for terms in shown] == [14_155, 11_920]
        bodies = [content.decode() for content in sink.contents]
        assert ["5% $141.55" in bodies[0], "20% $119.20" in bodies[1]] == [True, True]
        (then,) = explain_past(world.connection, "ann", first, None).explanations
        (seen,) = then.discounts
        assert (seen.rate, seen.seen.term, seen.seen.value) == (0.05, SPENT, 600)
        answer = explain_now(world.connection, "ann", now, None)
        assert any(line.startswith("  pro-annual: 20 % off, as") for line in _lines(answer))
        (content,) = answer_content(answer)["workflows"]
        assert content["discounts"] == [
            {
                "offer": "pro-annual",
                "rate": 0.2,
                "seen": {"term": SPENT, "value": 1000},
                "kept_rate": None,
            }
        ]
