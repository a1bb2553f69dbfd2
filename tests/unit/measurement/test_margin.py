"""Margin and what is left after regret: hand-computed cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import psycopg
import pytest

from tests.unit.measurement.test_queries import _random_world
from tests.unit.measurement.worlds import (
    DuckWorld,
    Exposure,
    PostgresWorld,
    Told,
    World,
    moment,
    monthly,
    question,
    rows_of,
)
from upsell.clock import DAY
from upsell.errors import MeasurementError
from upsell.measurement.measuring import measure
from upsell.measurement.observations import observe
from upsell.measurement.queries import unit_outcomes
from upsell.measurement.question import Metric, Question

ASKED = msgspec.structs.replace(question(), serving=(("pro", 300), ("team", 1_000)), has_spendings=True)
START = moment("2024-01-01")  # the horizon closes on 31 March 2024, regret on 30 April
MONTH = 2_629_800  # seconds of a mean month, 365.25 days in twelve


def told(name: str, day: str, properties: Mapping[str, Any]) -> Told:
    return Told("u", name, moment(day), properties)


def spend(world: World, spendings: Sequence[tuple[str, str, int]]) -> World:
    for unit, at, amount in spendings:
        spent_at = at if ":" in at else f"{at} 00:00:00"
        world.run(f"insert into spendings values ('{unit}', '{spent_at}+00:00', {amount}) returning 1")
    return world


def outcome(
    events: Sequence[Told], spendings: Sequence[tuple[str, str, int]] = (), asked: Question = ASKED
) -> tuple[int | None, ...]:
    """Give revenue, margin and what is left after regret of unit ``u``, exposed on 1 January 2024."""
    world = spend(DuckWorld([Exposure("u", START)], events), spendings)
    ((*_, revenue, _, margin, kept),) = world.run(unit_outcomes(asked, world.dialect))
    return revenue, margin, kept


def rounded_up(cost: float) -> int:
    return -int(-cost // 1)


# Margin.


def test_a_margin_takes_off_what_serving_costs_by_elapsed_time_and_quantity() -> None:
    # Three dues of 5,000; three seats of pro at 300 a month for 90 days: 900 x 90 x 86,400 / 2,629,800.
    events = [told("Subscription Started", "2023-06-15", monthly(5_000, plan="pro", quantity=3))]
    assert outcome(events)[:2] == (15_000, 15_000 - rounded_up(900 * 90 * 86_400 / MONTH))


def test_another_plan_at_the_same_amount_costs_what_it_costs_from_then_on() -> None:
    # 30 days of pro, then 60 of team, though no money changed.
    events = [
        told("Subscription Started", "2023-06-15", monthly(5_000, plan="pro")),
        told("Subscription Changed", "2024-01-31", monthly(5_000, plan="team")),
    ]
    cost = rounded_up((300 * 30 + 1_000 * 60) * 86_400 / MONTH)
    assert outcome(events)[:2] == (15_000, 15_000 - cost)


def test_a_trial_is_served_and_a_cancellation_is_served_until_it_takes_effect() -> None:
    # A trial of team for 10 days, then canceled on day 10 to the end of day 20: 20 days in all.
    events = [
        told("Subscription Started", "2024-01-01T00:00:00Z", monthly(5_000, plan="team", status="trialing")),
        told("Subscription Canceled", "2024-01-11", {"ends_at": "2024-01-21T00:00:00Z"}),
    ]
    assert outcome(events)[:2] == (0, -rounded_up(1_000 * 20 * 86_400 / MONTH))


def test_who_comes_back_before_a_cancellation_took_effect_is_served_once() -> None:
    events = [
        told("Subscription Started", "2023-06-15", monthly(5_000, plan="team")),
        told("Subscription Canceled", "2024-01-11", {"ends_at": "2024-02-21T00:00:00Z"}),
        told("Subscription Renewed", "2024-01-15", monthly(5_000, plan="team")),
    ]
    assert outcome(events)[1] == 15_000 - rounded_up(1_000 * 90 * 86_400 / MONTH)


def test_a_plan_whose_cost_is_not_known_costs_nothing() -> None:
    events = [told("Subscription Started", "2023-06-15", monthly(5_000, plan="free"))]
    assert outcome(events)[:2] == (15_000, 15_000)


def test_fractions_of_a_cent_are_added_before_they_are_rounded_up_once() -> None:
    # 30 messages of 0.04 cents are 1.2 cents: 2 of them, not 30 and not 0.
    mails = [("u", "2024-01-05", 40_000)] * 30
    assert outcome([], mails)[1] == -2
    assert outcome([], mails[:25])[1] == -1


def test_what_was_spent_at_the_exposure_counts_and_what_was_spent_outside_the_horizon_does_not() -> None:
    cent = 1_000_000
    assert outcome([], [("u", "2024-01-01", cent)])[1] == -1
    assert outcome([], [("u", "2024-03-31", cent)])[1] == -1
    assert outcome([], [("u", "2023-12-31 23:59:59", cent), ("u", "2024-03-31 00:00:01", cent)])[1] == 0
    assert outcome([], [("somebody", "2024-01-05", cent)])[1] == 0


def test_without_known_costs_a_margin_is_net_committed_revenue_and_asks_for_no_spendings() -> None:
    asked = question()
    world = DuckWorld(*_random_world(seed=2, units=60))
    world.run("drop table spendings")
    sums = observe(rows_of(world, asked)).sums
    for (contrast, metric), found in sums.items():
        if metric is Metric.MARGIN:
            assert found == sums[contrast, Metric.NET_COMMITTED_REVENUE]


# Regret.


def test_what_was_kept_is_less_refunds_and_canceled_orders_of_30_days_after_the_horizon() -> None:
    order = told("Order Completed", "2024-02-01", {"amount": 900, "currency": "USD"})
    for day, kept in (("2024-04-10", 200), ("2024-04-30", 200), ("2024-05-01", 900)):
        refund = told("Refunded", day, {"amount": 700, "currency": "USD"})
        assert outcome([order, refund])[::2] == (900, kept)
    # One in the horizon is taken away already, and not twice.
    inside = told("Refunded", "2024-03-31", {"amount": 700, "currency": "USD"})
    assert outcome([order, inside])[::2] == (200, 200)
    # A new order after the horizon is no part of it.
    later = told("Order Completed", "2024-04-10", {"amount": 900, "currency": "USD"})
    assert outcome([order, later])[::2] == (900, 900)


def test_churn_and_downgrades_soon_after_take_away_a_month_of_what_no_longer_recurs() -> None:
    started = told("Subscription Started", "2023-06-15", monthly(1_000))
    canceled = told("Subscription Canceled", "2024-04-20", {})
    downgraded = told("Subscription Changed", "2024-04-20", monthly(400))
    upgraded = told("Subscription Changed", "2024-04-20", monthly(4_000))
    assert outcome([started])[::2] == (3_000, 3_000)
    assert outcome([started, canceled])[::2] == (3_000, 2_000)
    assert outcome([started, downgraded])[::2] == (3_000, 2_400)
    assert outcome([started, upgraded])[::2] == (3_000, 3_000)


def test_what_was_kept_is_unknown_until_the_days_of_regret_are_over() -> None:
    for as_of, is_known in (("2024-04-29T23:59:59Z", False), ("2024-04-30", True)):
        asked = question(as_of)
        assert outcome([], asked=asked)[:2] == (0, 0)
        assert (outcome([], asked=asked)[2] is not None) is is_known


def test_the_days_of_regret_are_as_many_as_the_question_says() -> None:
    refund = told("Refunded", "2024-04-10", {"amount": 700, "currency": "USD"})
    asked = msgspec.structs.replace(ASKED, regret=5 * DAY)
    assert outcome([refund], asked=asked)[2] == 0
    with pytest.raises(MeasurementError, match="regret above 0"):
        msgspec.structs.replace(ASKED, regret=0)


# Every engine.


@pytest.fixture(scope="module")
def connection(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.mark.postgres
def test_duckdb_and_postgresql_agree_on_costs_to_the_last_digit(
    connection: psycopg.Connection[Any],
) -> None:
    exposures, events = _random_world(seed=21, units=200)
    plans = ["pro", "team", "free"]
    events = [
        msgspec.structs.replace(
            event, properties={**event.properties, "plan": plans[n % 3], "quantity": [1, 7, "x", None][n % 4]}
        )
        for n, event in enumerate(events)
    ]
    spendings = [(f"a:{n}é", f"2024-0{n % 5 + 1}-07", 333_333 * (n + 1)) for n in range(100)]
    asked = msgspec.structs.replace(question("2024-09-01"), serving=ASKED.serving, has_spendings=True)
    found = []
    for world in (DuckWorld(exposures, events), PostgresWorld(connection, exposures, events)):
        spend(world, spendings)
        found.append(measure(asked, world.run, world.dialect, has_readings=True))
    assert found[0] == found[1]
    totals = {lift.metric: lift.arm.total for lift in found[0].lifts[:5]}
    assert totals[Metric.MARGIN] < totals[Metric.NET_COMMITTED_REVENUE]
    assert totals[Metric.NET_VALUE_AFTER_REGRET] < totals[Metric.NET_COMMITTED_REVENUE]
