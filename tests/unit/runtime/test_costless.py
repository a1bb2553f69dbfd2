"""What an event says loses the cost of its terms, and nothing else."""

from __future__ import annotations

import json

import pytest

from upsell.runtime.costless import costless


def test_the_cost_of_terms_is_left_out_and_their_price_is_not() -> None:
    said = {"key": "k", "terms": {"price": 900, "cost": 300, "cost_currency": "EUR", "name": "Pro"}}
    assert json.loads(costless(json.dumps(said))) == {"key": "k", "terms": {"price": 900, "name": "Pro"}}


@pytest.mark.parametrize(
    "said", ['{"cost": 5}', '{"terms": "cost"}', '{"terms": {"price": 1}, "a":"\\"cost"}', "{}"]
)
def test_everything_else_stays_as_it_is(said: str) -> None:
    assert costless(said) == said
