"""What an event says loses the cost of its terms, and nothing else."""

from __future__ import annotations

import json

import pytest

from tests.stories.world import START
from upsell.decisions.decision import Seen
from upsell.decisions.reasons import Reason
from upsell.decisions.terms import Terms
from upsell.journeys.explain import Explanation
from upsell.runtime.costless import costless, costless_answer, costless_terms, costless_text, says_costs
from upsell.runtime.explaining import Answer


def test_the_cost_of_terms_is_left_out_and_their_price_is_not() -> None:
    said = {"key": "k", "terms": {"price": 900, "cost": 300, "cost_currency": "EUR", "name": "Pro"}}
    assert json.loads(costless(json.dumps(said))) == {"key": "k", "terms": {"price": 900, "name": "Pro"}}


@pytest.mark.parametrize(
    "said", ['{"cost": 5}', '{"terms": "cost"}', '{"terms": {"price": 1}, "a":"\\"cost"}', "{}"]
)
def test_everything_else_stays_as_it_is(said: str) -> None:
    assert costless(said) == said


def test_a_gate_that_saw_a_cost_says_all_but_the_cost() -> None:
    seen = (Seen("price", 900), Seen("cost", 300))
    words = "its price breaks a rail (a margin of at least 20 %) where price is 900, cost is 300"
    told = Explanation("c:x", "w", Reason.PRICE_GUARDRAIL, words, "a margin of at least 20 %", seen, False)
    other = Explanation("c:x", "v", Reason.NOT_TRIGGERED, "no", "", (Seen("seats", 1),), False)
    (first, second) = costless_answer(Answer("c:x", START, 1, (told, other))).explanations
    assert first.seen == seen[:1]
    assert first.words == words.removesuffix(", cost is 300")
    assert second == other


def test_terms_lose_their_cost_alone() -> None:
    terms = Terms("o", "pro", "Pro", "EUR", price=900, cost=300, cost_currency="USD")
    assert costless_terms(terms) == Terms("o", "pro", "Pro", "EUR", price=900)
    assert costless_terms(None) is None


@pytest.mark.parametrize("name", ["catalog.yaml", "catalog.yml", "catalogue.yaml"])
def test_a_catalog_is_one_under_a_slip_of_its_name(name: str) -> None:
    assert says_costs(name)
    assert not says_costs("upsell.yaml")
    assert not says_costs("workflows/catalog-mail.yaml")


def test_a_part_of_a_catalog_loses_the_lines_that_say_a_cost() -> None:
    assert (
        costless_text("o: {kind: upgrade}\n  reason: It costs less")
        == "o: {kind: upgrade}\n  reason: It costs less"
    )
    for line in ("offers: {o: {}, items: {a: {cost: 7.31}}}", """{"o": {"cost" : 7.31}}"""):
        assert "7.31" not in costless_text(f"{line}\no: {{}}")
        assert costless_text(f"{line}\no: {{}}").endswith("margins\no: {}")
