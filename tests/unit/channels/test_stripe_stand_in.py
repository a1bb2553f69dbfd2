"""The Stripe of our own is held to what Stripe publishes: each request to its last key, and each answer."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest

from tests.stripe_billing.answers import ANSWERS, check_answer, derive
from tests.stripe_billing.books import OBJECTS
from tests.stripe_billing.description import check


def test_answers_are_held_against_what_stripe_says_of_them_today() -> None:
    assert msgspec.json.decode(ANSWERS.read_text()) == derive()


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_the_examples_that_stripe_publishes_are_objects_of_stripes(name: str) -> None:
    assert check_answer(OBJECTS[name]) == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": "alive"}, "subscription.status: 'alive' is none of"),
        ({"trial_end": "soon"}, "subscription.trial_end: 'soon' is no integer"),
        ({"cancel_at_period_end": 1}, "subscription.cancel_at_period_end: 1 is no boolean"),
        ({"plan_name": "pro"}, "nothing missing, plan_name unknown"),
        ({"items": None}, "subscription.items: None is no page"),
        ({"latest_invoice": {"id": "in_1"}}, "subscription.latest_invoice"),
        ({"object": "subscriptions"}, "no object 'subscriptions'"),
    ],
)
def test_an_answer_that_stripe_would_not_give_is_found(changed: dict[str, Any], said: str) -> None:
    assert said in check_answer({**copy.deepcopy(OBJECTS["subscription"]), **changed})
    listed = {"object": "list", "data": [{**OBJECTS["subscription"], **changed}], "has_more": False}
    assert check_answer(listed) == "list: ['url'] are missing"
    assert said in check_answer({**listed, "url": "/v1/subscriptions"})


def test_an_answer_that_lacks_what_is_always_there_is_found() -> None:
    lacking = {name: each for name, each in OBJECTS["price"].items() if name != "currency"}
    assert check_answer(lacking) == "price: currency missing, nothing unknown"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"charge": "ch_1", "amount": "5", "reason": "requested_by_customer"}, ""),
        ({"charge": "ch_1", "amount": "five"}, "no integer"),
        ({"charge": "ch_1", "reason": "because"}, "none of"),
        ({"charg": "ch_1"}, ".charg is unknown"),
    ],
)
def test_a_request_that_stripe_would_not_take_is_found(given: dict[str, Any], said: str) -> None:
    found = check("POST /v1/refunds", given)
    assert said in found
    assert bool(said) == bool(found)


def test_a_request_is_wrong_where_nobody_described_what_is_in_it() -> None:
    found = check("GET /v1/subscriptions", {"automatic_tax": {"enabled": "true"}})
    assert found == ".automatic_tax is not described; name it in NESTED"
