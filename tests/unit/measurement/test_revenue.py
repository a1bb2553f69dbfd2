"""Net committed revenue and recurring revenue change: hand-computed cases, and a slow second opinion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from tests.unit.measurement import oracle
from tests.unit.measurement.worlds import (
    DuckWorld,
    Exposure,
    Told,
    moment,
    monthly,
    outcome,
    outcomes_of,
    question,
    yearly,
)
from upsell.clock import DAY, HOUR, format_moment

# Every number below is computed by hand in the comment beside it. The horizon is 90 days:
# exposed on 1 January 2024 it closes on 31 March 2024, 00:00.


def started(day: str, properties: Mapping[str, Any]) -> Told:
    return Told("u", "Subscription Started", moment(day), properties)


def changed(day: str, properties: Mapping[str, Any]) -> Told:
    return Told("u", "Subscription Changed", moment(day), properties)


def renewed(day: str, properties: Mapping[str, Any]) -> Told:
    return Told("u", "Subscription Renewed", moment(day), properties)


def canceled(day: str, **properties: object) -> Told:
    return Told("u", "Subscription Canceled", moment(day), properties)


def test_a_running_stretch_contributes_only_its_due_dates_inside_the_horizon() -> None:
    # Due on the 15th of January, February and March.
    assert outcome([started("2023-06-15", monthly(1000))]).revenue == 3000


def test_a_due_date_at_the_exposure_is_before_it_and_one_at_the_end_is_inside() -> None:
    # Anchor 1 January: due at the exposure itself is out; 1 February and 1 March are in.
    assert outcome([started("2023-12-01", monthly(1000))]).revenue == 2000
    # Anchor 31 January: in at 31 January, 29 February and, exactly at the end, 31 March.
    assert outcome([started("2024-01-31", monthly(1000))]).revenue == 3000


def test_months_are_counted_from_the_anchor_so_short_months_do_not_move_it() -> None:
    # Anchor 31 October: 31 January, 29 February, and 31 March at 00:00, the horizon's end.
    assert outcome([started("2023-10-31", monthly(700))]).revenue == 2100


def test_a_yearly_amount_falls_due_once_a_year() -> None:
    assert outcome([started("2023-02-10", yearly(12000))]).revenue == 12000
    assert outcome([started("2023-06-10", yearly(12000))]).revenue == 0


def test_a_change_credits_the_unused_part_and_the_new_amount_falls_due_at_once() -> None:
    # Due 15 December to 15 January; 5 of 31 days unused on 10 January: 3100 * 5 / 31 = 500 credited;
    # 6200 due on 10 January, 10 February, 10 March.
    events = [started("2023-12-15", monthly(3100)), changed("2024-01-10", monthly(6200))]
    assert outcome(events).revenue == 3 * 6200 - 500


def test_an_upgrade_to_yearly_mid_month_is_all_due_at_once() -> None:
    # 16 of 31 days unused on 16 January: 1000 * 16 / 31 = 516.13, credited as 516.
    events = [started("2024-01-01", monthly(1000)), changed("2024-01-16", yearly(9600))]
    assert outcome(events).revenue == 9600 - 516


def test_an_annual_discount_lowers_recurring_revenue_and_may_still_earn() -> None:
    # Monthly 1000 became yearly 9600: recurring 800 after 1000; 9600 due where 3000 would have been.
    events = [started("2023-12-20", monthly(1000)), changed("2024-01-20", yearly(9600))]
    found = outcome(events)
    assert found.recurring == -200
    assert found.revenue == 9600


def test_a_contraction_is_credited_even_when_the_amount_fell_due_before_the_exposure() -> None:
    # 36600 due on 1 July 2023 for 366 days; on 1 February 2024 151 days are unused: 15100 credited.
    # Of the new 1000 a month fall due 1 February and 1 March.
    events = [started("2023-07-01", yearly(36600)), changed("2024-02-01", monthly(1000))]
    assert outcome(events).revenue == 2000 - 15100


def test_halves_of_a_minor_unit_are_credited_upwards() -> None:
    # 5 due on 1 February; on 15 February 12:00 half of 29 days is unused: 2.5, credited as 3.
    events = [started("2024-02-01", monthly(5)), changed("2024-02-15T12:00:00Z", monthly(0))]
    assert outcome(events).revenue == 5 - 3


def test_a_renewal_at_the_same_terms_is_not_due_twice() -> None:
    events = [started("2023-12-15", monthly(1000)), renewed("2024-01-15T08:00:00Z", monthly(1000))]
    assert outcome(events).revenue == 3000


def test_a_renewal_at_other_terms_is_a_change() -> None:
    # 1000 due 15 January 00:00; at 12:00 61 of 62 half days are unused: 983.87, credited as 984;
    # then 1200 on 15 January, February, March.
    events = [started("2023-12-15", monthly(1000)), renewed("2024-01-15T12:00:00Z", monthly(1200))]
    assert outcome(events).revenue == 1000 - 984 + 3 * 1200


def test_another_plan_or_quantity_at_the_same_amount_continues() -> None:
    events = [
        started("2023-12-15", monthly(1000, plan="team", quantity=5)),
        changed("2024-01-20", monthly(1000, plan="pro", quantity=4)),
    ]
    assert outcome(events).revenue == 3000


def test_churn_stops_later_dues_and_credits_nothing() -> None:
    events = [started("2023-12-15", monthly(1000)), canceled("2024-02-01")]
    found = outcome(events)
    assert found.revenue == 1000
    assert found.recurring == -1000


def test_a_cancellation_at_the_period_end_keeps_what_falls_due_before_it() -> None:
    events = [
        started("2023-12-15", monthly(1000)),
        canceled("2024-01-20", ends_at="2024-03-15T00:00:00Z"),
    ]
    assert outcome(events).revenue == 2000


def test_a_cancellation_that_later_terms_precede_is_withdrawn() -> None:
    events = [
        started("2023-12-15", monthly(1000)),
        canceled("2024-01-20", ends_at="2024-03-01T00:00:00Z"),
        renewed("2024-02-15", monthly(1000)),
    ]
    assert outcome(events).revenue == 3000


def test_terms_told_at_the_very_end_are_a_change_and_not_a_new_start() -> None:
    # Due 15 January; 5 of 31 days unused on 10 February: 1000 * 5 / 31 = 161.3 credited; then 2000 on
    # 10 February and 10 March.
    events = [
        started("2023-12-15", monthly(1000)),
        canceled("2024-01-20", ends_at="2024-02-10T00:00:00Z"),
        changed("2024-02-10", monthly(2000)),
    ]
    assert outcome(events).revenue == 1000 - 161 + 4000


def test_of_several_words_at_one_moment_the_last_stands() -> None:
    # Renewed stands after Changed, at the terms that held before: the stretch goes on.
    events = [
        started("2023-12-15", monthly(1000)),
        changed("2024-01-20", monthly(2000)),
        renewed("2024-01-20", monthly(1000)),
    ]
    assert outcome(events).revenue == 3000
    # A new start stands after a cancellation: a change, 26 of 31 days unused, 838.7 credited.
    swapped = [
        started("2023-12-15", monthly(1000)),
        canceled("2024-01-20"),
        started("2024-01-20", monthly(2000)),
    ]
    assert outcome(swapped).revenue == 1000 - 839 + 3 * 2000


def test_a_cancellation_dated_back_ends_when_it_is_told() -> None:
    events = [
        started("2023-12-15", monthly(1000)),
        canceled("2024-02-20", ends_at="2024-01-02T00:00:00Z"),
    ]
    assert outcome(events).revenue == 2000


def test_an_end_that_cannot_be_read_is_as_if_none_was_given() -> None:
    for text in ("soon", "2024-02-30T00:00:00Z", "2024-03-15", "2024-03-15T00:00:00"):
        events = [started("2023-12-15", monthly(1000)), canceled("2024-02-01", ends_at=text)]
        assert outcome(events).revenue == 1000


def test_starting_again_after_the_end_is_a_new_stretch_without_credit() -> None:
    # 15 January, then anew from 10 March: one due each.
    events = [
        started("2023-12-15", monthly(1000)),
        canceled("2024-02-01"),
        started("2024-03-10", monthly(1000)),
    ]
    found = outcome(events)
    assert found.revenue == 2000
    assert found.recurring == 0


def test_a_trial_owes_nothing_until_it_converts() -> None:
    trial = monthly(5000, status="trialing")
    assert outcome([started("2024-01-10", trial)]).revenue == 0
    events = [started("2024-01-10", trial), changed("2024-01-24", monthly(5000))]
    found = outcome(events)
    # Due 24 January, 24 February, 24 March.
    assert found.revenue == 15000
    assert found.recurring == 5000


def test_a_trial_of_better_terms_credits_what_was_paid_for_the_old_ones() -> None:
    # 16 of 31 days unused on 16 January 00:00 (anchor the 1st): 3100 * 16 / 31 = 1600.
    events = [
        started("2023-12-01", monthly(3100)),
        changed("2024-01-16", monthly(9000, status="trialing")),
    ]
    assert outcome(events).revenue == -1600


def test_subscriptions_of_one_unit_are_counted_apart() -> None:
    events = [
        started("2023-12-15", monthly(1000, subscription_id="seats")),
        started("2023-12-20", monthly(300, subscription_id="storage")),
        canceled("2024-02-01", subscription_id="storage"),
    ]
    assert outcome(events).revenue == 3000 + 300


def test_orders_add_and_refunds_and_canceled_orders_take_away() -> None:
    money = {"currency": "USD"}
    events = [
        Told("u", "Order Completed", moment("2024-01-05"), money | {"amount": 2500}),
        Told("u", "Order Canceled", moment("2024-01-07"), money | {"amount": 500}),
        Told("u", "Refunded", moment("2024-02-07"), money | {"amount": 300}),
        Told("u", "Order Completed", moment("2024-01-01"), money | {"amount": 9}),  # at the exposure
        Told("u", "Order Completed", moment("2024-04-01"), money | {"amount": 9}),  # after the horizon
    ]
    assert outcome(events).revenue == 2500 - 500 - 300


def test_recurring_revenue_of_a_year_is_a_twelfth_to_the_nearest_minor_unit() -> None:
    # 10006 / 12 = 833.83; 6 / 12 = 0.5, up.
    assert outcome([started("2024-01-10", yearly(10006))]).recurring == 834
    assert outcome([started("2024-01-10", yearly(6))]).recurring == 1


def test_recurring_revenue_is_read_at_the_exposure_and_at_the_horizon() -> None:
    at_exposure = [started("2024-01-01", monthly(1000))]
    assert outcome(at_exposure).recurring == 0
    at_the_end = [started("2024-03-31", monthly(1000))]
    assert outcome(at_the_end).recurring == 1000
    # What ends at one of the two moments does not run at it.
    terms = monthly(1000)
    assert outcome([started("2023-12-15", terms), canceled("2024-01-01")]).recurring == 0
    assert outcome([started("2023-12-15", terms), canceled("2024-03-31")]).recurring == -1000


@pytest.mark.parametrize("written", [4900, 4900.0, 4.9e3, "4900"])
def test_a_whole_amount_may_be_written_in_several_ways(written: object) -> None:
    order = Told("u", "Order Completed", moment("2024-01-05"), {"currency": "usd", "amount": written})
    assert outcome([order]).revenue == 4900


@pytest.mark.parametrize("written", [49.5, "forty", None, -5, 10**13, [1], {"a": 1}, True, ""])
def test_an_amount_that_is_not_whole_minor_units_is_left_out(written: object) -> None:
    order = Told("u", "Order Completed", moment("2024-01-05"), {"currency": "USD", "amount": written})
    assert outcome([order]).revenue == 0


def test_terms_that_cannot_be_read_are_as_if_not_told() -> None:
    events = [
        started("2023-12-15", monthly(1000)),
        changed("2024-01-20", monthly(9000, interval="fortnight")),
        changed("2024-01-21", {"amount": 9000, "interval": "month"}),
    ]
    assert outcome(events).revenue == 3000


def test_terms_in_another_currency_end_ours_and_are_never_added() -> None:
    # 15 January 1000; 16 of 31 days unused on 30 January: 1000 * 16 / 31 = 516.1 credited; euros apart.
    events = [
        started("2023-12-15", monthly(1000)),
        changed("2024-01-30", monthly(900, currency="EUR")),
    ]
    found = outcome(events)
    assert found.revenue == 1000 - 516
    assert found.recurring == -1000


# What follows compares the SQL with a state machine that walks one subscription event by event.

_FIRST = moment("2023-10-29")
_UNITS = ("u1", "u2", "u3")
# A handful of days drawn often, so that words meet at one moment, and any other day.
_moments = st.sampled_from([_FIRST + day * DAY for day in (40, 60, 80, 110)]) | st.builds(
    lambda day, hour: _FIRST + day * DAY + hour * HOUR, st.integers(0, 250), st.sampled_from([0, 0, 0, 7])
)
_anchors = st.sampled_from([moment(f"2023-{day}") for day in ("10-31", "11-30", "12-01", "12-31")])
_subscriptions = st.sampled_from(["default", "default", "seats"])
_terms = st.fixed_dictionaries(
    {
        "amount": st.sampled_from([0, 1, 5, 999, 1000, 123_457]),
        "currency": st.sampled_from(["USD", "USD", "USD", "EUR"]),
        "interval": st.sampled_from(["month", "month", "year"]),
        "status": st.sampled_from(["active", "active", "active", "trialing"]),
        "subscription_id": _subscriptions,
    }
)
_cancellations = st.builds(
    lambda subscription, ends: (
        {"subscription_id": subscription} | ({} if ends is None else {"ends_at": format_moment(ends)})
    ),
    _subscriptions,
    st.none() | _moments,
)
_trades = st.fixed_dictionaries({"amount": st.integers(0, 5000), "currency": st.sampled_from(["USD", "EUR"])})
_told = st.one_of(
    st.builds(
        Told,
        st.sampled_from(_UNITS),
        st.sampled_from(["Subscription Started", "Subscription Changed", "Subscription Renewed"]),
        _moments | _anchors,
        _terms,
    ),
    st.builds(Told, st.sampled_from(_UNITS), st.just("Subscription Canceled"), _moments, _cancellations),
    st.builds(
        Told,
        st.sampled_from(_UNITS),
        st.sampled_from(["Order Completed", "Order Canceled", "Refunded"]),
        _moments,
        _trades,
    ),
)


@settings(max_examples=examples(100), deadline=None)
@given(
    events=st.lists(_told, min_size=1, max_size=25),
    exposed=st.lists(_moments, min_size=3, max_size=3),
    days=st.sampled_from([30, 90, 400]),
)
def test_revenue_is_what_walking_each_subscription_event_by_event_gives(
    events: list[Told], exposed: list[int], days: int
) -> None:
    world = DuckWorld([Exposure(unit, at) for unit, at in zip(_UNITS, exposed, strict=True)], events)
    found = outcomes_of(world, question(horizon=days * DAY))
    for unit, at in zip(_UNITS, exposed, strict=True):
        own = [event for event in events if event.unit == unit]
        expected = oracle.revenue(own, at, days * DAY, "USD")
        one = found["holdout", unit]
        assert (one.revenue, one.recurring) == expected


@settings(max_examples=25, deadline=None)
@given(events=st.lists(_told, min_size=1, max_size=25), exposed_at=_moments)
def test_what_happens_after_the_window_changes_nothing(events: list[Told], exposed_at: int) -> None:
    exposures = [Exposure(unit, exposed_at) for unit in _UNITS]
    inside = [event for event in events if event.at <= exposed_at + 90 * DAY]
    whole = outcomes_of(DuckWorld(exposures, events), question())
    assert whole == outcomes_of(DuckWorld(exposures, inside), question())
