"""Recipes: what each makes of its vendor's bodies, in the words and units of the event table."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.sources import vendors
from tests.unit.sources.vendors import EXAMPLES, NOW, open_recipe
from upsell.sources.recipes import recipe_names, recipe_summary
from upsell.sources.segment import Draft
from upsell.sources.source import Delivery, draft_item


def made(name: str, body: Any, more: str = "", **headers: str) -> list[tuple[str, dict[str, Any]]]:
    """Give name and properties of the events that a recipe makes of a body."""
    held = {key.replace("_", "-"): said for key, said in headers.items()}
    read = open_recipe(name, more).read(Delivery(json.dumps(body).encode(), held), NOW)
    drafts = [draft_item(name, item, NOW) for item in read.items]
    assert read.asides == ()
    return [(each.event.name, each.event.properties) for each in drafts if isinstance(each, Draft)]


def aside(name: str, body: Any) -> list[str]:
    read = open_recipe(name).read(Delivery(json.dumps(body).encode()), NOW)
    return [each.code for each in read.asides]


def test_chargebee_counts_items_that_recur_and_no_single_charge() -> None:
    (started,) = made("chargebee", vendors.chargebee_event("subscription_created", "1"))
    assert started == (
        "Subscription Started",
        {
            "subscription_id": "169lnASzhOWay1EQN",
            "plan": "pro-EUR-Monthly",
            "quantity": 3,
            "amount": 6_000,
            "currency": "EUR",
            "interval": "month",
            "renews_at": "2026-04-01T09:00:00Z",
        },
    )


@pytest.mark.parametrize(
    ("period", "unit", "amount", "interval"),
    [(1, "month", 6_000, "month"), (3, "month", 2_000, "month"), (1, "year", 6_000, "year"),
     (2, "year", 3_000, "year"), (1, "week", 26_071, "month")],  # 6,000 x 365 / 7 / 12 = 26,071.4
)  # fmt: skip
def test_chargebee_s_amounts_are_per_month_or_year(
    period: int, unit: str, amount: int, interval: str
) -> None:
    body = vendors.chargebee_event(
        "subscription_changed", "1", billing_period=period, billing_period_unit=unit
    )
    ((_, said),) = made("chargebee", body)
    assert (said["amount"], said["interval"]) == (amount, interval)


def test_chargebee_s_own_figure_goes_before_where_coupons_are_at_work() -> None:
    coupons = [{"coupon_id": "TEN"}]
    ((_, monthly),) = made(
        "chargebee", vendors.chargebee_event("subscription_changed", "1", coupons=coupons, mrr=5_400)
    )
    ((_, yearly),) = made(
        "chargebee",
        vendors.chargebee_event(
            "subscription_changed", "1", coupons=coupons, mrr=450, billing_period_unit="year"
        ),
    )
    assert (monthly["amount"], yearly["amount"], yearly["interval"]) == (5_400, 5_400, "year")


def test_paddle_counts_what_recurs_times_its_quantity_and_says_no_amount_under_a_discount() -> None:
    ((_, said),) = made("paddle", vendors.paddle_event("subscription.updated", "1"))
    assert (said["amount"], said["quantity"], said["currency"]) == (30_000, 10, "USD")
    cycle = {"interval": "month", "frequency": 3}
    ((_, quarter),) = made("paddle", vendors.paddle_event("subscription.updated", "1", billing_cycle=cycle))
    assert (quarter["amount"], quarter["interval"]) == (10_000, "month")
    discounted = vendors.paddle_event("subscription.updated", "1", discount={"id": "dsc_1"})
    ((_, without),) = made("paddle", discounted)
    assert "amount" not in without


def test_a_workspace_says_what_a_vendor_s_plan_is_called_here() -> None:
    names = "  names: {plan: {pri_01gsz8x8sawmvhz1pv30nge1ke: pro}}\n"
    ((_, said),) = made("paddle", vendors.paddle_event("subscription.updated", "1"), names)
    assert said["plan"] == "pro"


def test_shopify_s_money_is_in_minor_units_and_items_without_a_sku_go_by_their_product() -> None:
    ((name, said),) = made("shopify", vendors.shopify_order(), x_shopify_topic="orders/paid")
    assert (name, said["amount"], said["currency"]) == ("Order Completed", 40_300, "USD")
    assert said["items"] == [
        {"id": "SKU2006-001", "quantity": 2, "price": 19_900},
        {"id": "632910392", "quantity": 1, "price": 500},
    ]


def test_hubspot_tells_whether_a_deal_was_won_and_its_amount_in_minor_units() -> None:
    assert made("hubspot", vendors.hubspot_deal("closedwon")) == [
        ("Deal Closed", {"deal_id": "18499629", "outcome": "won", "amount": 120_050, "currency": "EUR"})
    ]
    ((_, lost),) = made("hubspot", vendors.hubspot_deal("99", hs_is_closed="true", hs_is_closed_won="false"))
    assert lost["outcome"] == "lost"


def test_delighted_and_stigg_say_which_survey_which_limit_and_which_feature() -> None:
    answer = vendors.delighted_answer("survey_response.created", 9, "1")
    assert made("delighted", answer) == [("Survey Answered", {"kind": "nps", "score": 9})]
    assert made("stigg", vendors.stigg_usage(104, "1")) == [
        ("Limit Reached", {"metric": "feature-02-campaigns"})
    ]
    denied = vendors.stigg_usage(0, "1", type="entitlement.denied")
    assert made("stigg", denied) == [("Feature Gate Hit", {"feature": "feature-02-campaigns"})]


def test_a_rule_of_the_workspace_holds_beside_those_of_its_recipe() -> None:
    more = """\
  rules:
    - when: body.event_data.score
      customer_traits: {nps: body.event_data.score}
"""
    found = made("delighted", vendors.delighted_answer("survey_response.created", 9, "1"), more)
    assert found == [("Customer Identified", {"nps": 9}), ("Survey Answered", {"kind": "nps", "score": 9})]


def test_a_wrong_amount_or_time_is_kept_aside_with_its_name() -> None:
    late = vendors.chargebee_event("subscription_changed", "1") | {"occurred_at": NOW}
    assert aside("chargebee", late) == ["invalid_time"]
    score = vendors.delighted_answer("survey_response.created", 9, "1", survey_type=7)
    assert aside("delighted", score) == ["invalid_property"]
    plan = vendors.chargebee_event("subscription_changed", "1", subscription_items=[])
    assert aside("chargebee", plan) == ["missing_property"]


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_says_in_its_first_line_what_it_is(name: str) -> None:
    assert recipe_summary(name).lower().startswith(name)
    assert name in EXAMPLES


def test_a_button_at_slack_closes_its_task_as_what_it_says() -> None:
    assert made("slack", vendors.slack_press("upsell:meeting_set:account")) == [
        ("Task Closed", {"key": "k1", "outcome": "meeting_set", "by": "ana"})
    ]
