"""Recurring revenue of subscriptions at Stripe. Each sum is worked out by hand beside the case it is of."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stripe_world import (
    Life,
    as_plan,
    make_hook,
    make_item,
    make_object,
    make_price,
    make_source,
    make_subscription,
    send,
)
from upsell.signals.profiles import Profile
from upsell.signals.subscriptions import Tiers, take_subscription
from upsell.sources.segment import Draft
from upsell.sources.stripe.revenue import round_together, to_iso

FOREVER = {"duration": "forever", "percent_off": 25, "amount_off": None, "duration_in_months": None}
PLANS = "{price_a: pro, price_b: pro, price_sso: sso, plan_old: pro}"
SOURCE = make_source(f"stripe:\n  secrets: [UPSELL_SECRET_STRIPE]\n  plans: {PLANS}\n")


def terms(*items: dict[str, Any], **changed: Any) -> list[tuple[Any, ...]]:
    """Give plan, quantity, amount, interval and MRR of each subscription that one at Stripe comes to."""
    taken = send(
        make_hook("customer.subscription.created", make_subscription(*items, **changed)), source=SOURCE
    )
    profile = Profile()
    for item in taken.items:
        assert isinstance(item, Draft)
        if item.event.name == "Subscription Started":
            take_subscription(profile, item.event, Tiers({"pro": 1}))
    interval = {1: "month", 12: "year"}
    return [
        (held.plan, held.quantity, held.amount, interval[held.interval_months], held.mrr())
        for held in profile.subscriptions.values()
    ]


def of_one(amount: int | None, quantity: int | None = 1, /, **price: Any) -> tuple[Any, ...]:
    """Give amount, interval and MRR of a subscription to one price."""
    ((_, _, *rest),) = terms(make_item(make_price("price_a", amount, **price), quantity))
    return tuple(rest)


def discount(name: str = "di_1", /, **coupon: Any) -> dict[str, Any]:
    """Give a discount with its coupon, as it stood in a discount until 2025-09-30."""
    return make_object(
        "discount", id=name, coupon=make_object("coupon", **{**FOREVER, **coupon}), source=None
    )


@pytest.mark.parametrize(
    ("every", "amount", "said"),
    [
        (("month", 1), 2000, (2000, "month", 2000)),
        (("month", 3), 6000, (2000, "month", 2000)),
        (("month", 12), 12000, (12000, "year", 1000)),
        (("year", 1), 120_000, (120_000, "year", 10_000)),
        (("year", 2), 120_000, (60_000, "year", 5000)),
        # A month is 365/12 days and a week seven: 100 a week is 100 x 365 / 84 = 434.52, half up 435.
        (("week", 1), 100, (435, "month", 435)),
        (("week", 2), 100, (217, "month", 217)),
        # 10 a day is 10 x 365 / 12 = 304.17.
        (("day", 1), 10, (304, "month", 304)),
        (("day", 7), 100, (435, "month", 435)),
    ],
)
def test_an_amount_is_told_by_the_month_or_by_the_year(
    every: tuple[str, int], amount: int, said: tuple[Any, ...]
) -> None:
    assert of_one(amount, every=every) == said


def test_quantity_times_price_is_what_falls_due_and_parts_of_a_cent_count() -> None:
    assert of_one(2000, 7) == (14_000, "month", 14_000)
    assert of_one(None, 1000, unit_amount_decimal="0.05") == (50, "month", 50)
    # Three of half a cent are a cent and a half, rounded once, half up.
    assert of_one(None, 3, unit_amount_decimal="0.5")[0] == 2
    assert of_one(2000, 25, transform_quantity={"divide_by": 10, "round": "up"})[0] == 3 * 2000
    assert of_one(2000, 25, transform_quantity={"divide_by": 10, "round": "down"})[0] == 2 * 2000


def test_what_is_metered_is_not_promised() -> None:
    metered = make_item(make_price("price_b", 5, usage="metered"), None)
    assert of_one(5, None, usage="metered") == (0, "month", 0)
    assert terms(make_item(make_price("price_a"), 3), metered) == [("pro", 3, 6000, "month", 6000)]


TIERS = [
    {"up_to": 5, "unit_amount": 1000, "flat_amount": None},
    {"up_to": 20, "unit_amount": 800, "flat_amount": 300},
    {"up_to": None, "unit_amount": 500, "flat_amount": None},
]


@pytest.mark.parametrize(
    ("mode", "quantity", "amount"),
    [
        ("graduated", 0, 0),
        ("graduated", 5, 5000),
        ("graduated", 6, 5000 + 800 + 300),
        ("graduated", 30, 5000 + 15 * 800 + 300 + 10 * 500),
        ("volume", 5, 5000),
        ("volume", 6, 6 * 800 + 300),
        ("volume", 30, 30 * 500),
    ],
)
def test_tiers_that_came_along_are_reckoned(mode: str, quantity: int, amount: int) -> None:
    tiered = {"billing_scheme": "tiered", "tiers": TIERS, "tiers_mode": mode}
    assert of_one(None, quantity, **tiered)[0] == amount


def test_a_coupon_for_ever_lowers_revenue_and_one_that_ends_does_not() -> None:
    item = make_item(make_price("price_a"))
    assert terms(item, discounts=[discount()])[0][2] == 1500
    assert terms(item, discounts=[discount(percent_off=None, amount_off=300, currency="usd")])[0][2] == 1700
    assert terms(item, discounts=[discount(duration="once")])[0][2] == 2000
    assert terms(item, discounts=[discount(duration="repeating", duration_in_months=3)])[0][2] == 2000
    assert terms(item, discounts=[discount(percent_off=None, amount_off=9000, currency="usd")])[0][2] == 0


def test_coupons_are_read_where_each_version_has_them() -> None:
    item = make_item(make_price("price_a"))
    coupon = make_object("coupon", **FOREVER)
    clover = make_object("discount", id="di_1", source={"type": "coupon", "coupon": coupon})
    assert terms(item, discounts=[clover])[0][2] == 1500
    # Before 2025-03-31 one discount stood there whole, and beside it its id in the list.
    assert terms(item, discount=discount(), discounts=["di_1"])[0][2] == 1500
    customer = make_object("customer", discount=discount())
    assert terms(item, customer=customer)[0][2] == 1500
    assert terms(item, customer=customer, discounts=[discount(percent_off=10)])[0][2] == 1800


def test_discounts_follow_one_another_those_of_an_item_first() -> None:
    # 2000 less 50 % of the item, less 25 %, less 1.00 of all: 2000 / 2 x 3 / 4 - 100 = 650.
    off = discount("di_2", percent_off=None, amount_off=100, currency="usd")
    item = make_item(make_price("price_a"), 1, discounts=[discount("di_3", percent_off=50)])
    assert terms(item, discounts=[discount(), off])[0][2] == 650


def test_an_amount_taken_off_is_spread_by_what_things_come_to_and_adds_up() -> None:
    # 20.00 and 10.00 less 1.00: 19.33 and 9.67, which are 29.00.
    off = discount(percent_off=None, amount_off=100, currency="usd")
    items = [make_item(make_price("price_a", 2000)), make_item(make_price("price_sso", 1000))]
    assert terms(*items, discounts=[off]) == [
        ("pro", 1, 1933, "month", 1933),
        ("sso", 1, 967, "month", 967),
    ]
    only = discount(percent_off=50, applies_to={"products": ["prod_sso"]})
    items[1]["price"]["product"] = "prod_sso"
    assert [held[2] for held in terms(*items, discounts=[only])] == [2000, 500]


def test_several_items_of_one_plan_are_one_and_what_is_not_sold_alone_counts_with_it() -> None:
    seats = make_item(make_price("price_b", 500), 9)
    base = make_item(make_price("price_a", 2000), 1)
    support = make_item(make_price("price_support", 700), 1)
    assert terms(base, seats, support) == [("pro", 9, 2000 + 4500 + 700, "month", 7200)]


def test_items_by_the_month_and_by_the_year_come_to_a_sum_by_the_month() -> None:
    yearly = make_item(make_price("price_b", 12_000, every=("year", 1)), 1)
    assert terms(make_item(make_price("price_a", 2000), 1), yearly)[0][2:4] == (3000, "month")


def test_a_trial_is_worth_nothing_until_it_ends() -> None:
    ((_, _, amount, _, mrr),) = terms(make_item(make_price("price_a")), status="trialing", trial_end=1)
    assert (amount, mrr) == (2000, 0)


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [("JPY", 500, 500), ("KWD", 5000, 5000), ("ISK", 500, 5), ("UGX", 500, 5), ("MGA", 500, 50_000)],
)
def test_amounts_are_in_minor_units_of_iso_4217(currency: str, amount: int, minor: int) -> None:
    assert to_iso(Fraction(amount), currency) == minor
    price = make_price("price_a", amount, currency=currency.lower())
    assert terms(make_item(price), currency=currency.lower())[0][2] == minor


@pytest.mark.parametrize(
    ("items", "changed", "why"),
    [
        ([make_item(make_price("price_a", None, billing_scheme="tiered"))], {}, "tiers"),
        ([make_item(make_price("price_a"))], {"discounts": ["di_1"]}, "id alone"),
        ([make_item(make_price("price_a", None))], {}, "unit_amount"),
        ([make_item(make_price("price_a", 2**50), 2**40)], {}, "at most"),
        ([make_item(make_price("price_a", currency="eur"))], {}, "every price in USD"),
        ([make_item(make_price("price_a", every=("decade", 1)))], {}, "day, week, month or year"),
        ([make_item(make_price("price_a", None, unit_amount_decimal="1e999999"))], {}, "decimal"),
        (
            [make_item(make_price("price_a"))],
            {"discounts": [discount(percent_off=None, amount_off=5, currency="eur")]},
            "amount_off in USD",
        ),
    ],
)
def test_what_cannot_be_reckoned_is_told_without_an_amount_and_kept_with_the_reason(
    items: list[dict[str, Any]], changed: dict[str, Any], why: str
) -> None:
    hook = make_hook("customer.subscription.created", make_subscription(*items, **changed))
    taken = send(hook, source=SOURCE)
    (item,) = taken.items
    assert isinstance(item, Draft)
    assert item.event.properties["plan"] == "pro"
    assert not {"amount", "currency"} & item.event.properties.keys()
    (aside,) = taken.asides
    assert (aside.code, why in aside.message) == ("unknown_amount", True), aside.message


@given(st.lists(st.fractions(min_value=0, max_value=10**9, max_denominator=10_000), max_size=8))
def test_amounts_that_are_rounded_together_add_up_and_each_is_off_by_less_than_one(
    amounts: list[Fraction],
) -> None:
    rounded = round_together(amounts)
    assert abs(sum(rounded) - sum(amounts, Fraction(0))) <= Fraction(1, 2)
    for exact, whole in zip(amounts, rounded, strict=True):
        assert abs(exact - whole) < 1 or exact == whole
        assert exact.denominator > 1 or exact == whole


def test_a_plan_of_before_2020_is_read_as_the_price_it_became() -> None:
    price = make_price("plan_old", 9000, every=("year", 1))
    item = make_item(price, 3)
    old = {**{key: value for key, value in item.items() if key != "price"}, "plan": as_plan(price)}
    assert terms(old) == terms(item) == [("pro", 3, 27_000, "year", 2250)]


def test_both_ages_of_the_api_tell_of_one_life_in_the_same_words() -> None:
    def told(*, is_old: bool) -> list[Any]:
        life = Life(make_item(make_price("price_a"), 1), is_old=is_old)
        life.now += 60
        life.set_items(make_item(make_price("price_b", 9000), 2, id="si_price_a"))
        life.renew()
        life.change(cancel_at_period_end=True)
        life.delete()
        return [each for hook in life.hooks for each in send(hook, source=SOURCE).items]

    assert told(is_old=True) == told(is_old=False)
