"""What is written of Stripe in the catalog: beside its price, one thing each, and told where it is wrong."""

from __future__ import annotations

import pytest

from tests.live_world import make_documents
from upsell.catalog.catalog import Catalog
from upsell.catalog.changes import find_changes
from upsell.catalog.plans import BillingInterval
from upsell.errors import DefinitionError
from upsell.workspace.compile import compile_documents

MONTH, YEAR = BillingInterval.MONTH, BillingInterval.YEAR
PLANS = """\
plans:
  pro:
    name: Pro
    tier: 1
    price: {month: 149, year: {USD: 1490, EUR: 1390}}
    stripe: {month: price_1M, year: {USD: price_1Y, EUR: price_1Y}}
products:
  sso:
    kind: add-on
    name: SSO
    price: {month: 20}
    stripe: {month: price_1Sso}
  setup: {kind: service, name: Setup, price: {once: 500}, stripe: {once: price_1Setup}}
offers:
  pro: {kind: upgrade, plan: pro, title: Pro, discount: 10%, months: 3, stripe: {coupon: Z4OV}}
"""


def _compile(catalog: str = PLANS) -> Catalog:
    documents = dict(make_documents({}))
    documents["catalog.yaml"] = catalog
    return compile_documents(documents).program.catalog


def test_an_id_is_of_the_interval_and_currency_it_is_written_for() -> None:
    catalog = _compile()
    plan, sso, setup = catalog.plans["pro"], catalog.products["sso"], catalog.products["setup"]
    assert plan.stripe == {MONTH: {"USD": "price_1M"}, YEAR: {"USD": "price_1Y", "EUR": "price_1Y"}}
    assert (sso.stripe, sso.stripe_once) == ({MONTH: {"USD": "price_1Sso"}}, {})
    assert (setup.stripe, setup.stripe_once) == ({}, {"USD": "price_1Setup"})
    assert catalog.offers["pro"].coupon == "Z4OV"


def test_another_id_is_no_other_price() -> None:
    assert find_changes(_compile(), _compile(PLANS.replace("price_1M,", "price_2M,"))) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "said", "hint"),
    [
        ("{month: price_1M,", "{month: prod_1M,", 6, "the id of a price at Stripe", "price_1Pgaf2"),
        ("{month: price_1M,", "{mnth: price_1M,", 6, "mnth", "did you mean month?"),
        ("price: {month: 149, ", "price: {", 6, "expected a price per month in USD", "state price"),
        ("EUR: price_1Y", "GBP: price_1Y", 6, "expected a price per year in GBP", "held against it"),
        ("EUR: price_1Y", "EUR: price_1M", 6, "got price_1M, which is that of pro per month", "make another"),
        ("price_1Sso", "price_1M", 12, "got price_1M, which is that of pro per month", "make another"),
        ("{once: price_1Setup}", "{month: price_1S}", 13, "expected a price per month in USD", "state price"),
        ("discount: 10%, months: 3, ", "", 15, "expected one discount that the coupon takes off, got none",
         "leave it out"),
        ("{coupon: Z4OV}", "{coupn: Z4OV}", 15, "coupn", "did you mean coupon?"),
        ("{coupon: Z4OV}", "{coupon: 'two words'}", 15, "the id of a coupon at Stripe", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(old: str, new: str, line: int, said: str, hint: str) -> None:
    assert old in PLANS
    with pytest.raises(DefinitionError) as caught:
        _compile(PLANS.replace(old, new, 1))
    told = [each for each in caught.value.problems if each.line == line and said in each.message]
    assert told, [str(each) for each in caught.value.problems]
    assert any(hint in f"{each.message} {each.hint}" for each in told)
    assert {each.file for each in told} == {"catalog.yaml"}
