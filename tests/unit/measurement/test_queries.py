"""The queries: who counts, when, and the same answer from every engine."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.measurement.worlds import (
    GOAL,
    DuckWorld,
    Exposure,
    Outcome,
    PostgresWorld,
    Told,
    moment,
    monthly,
    outcome,
    outcomes_of,
    question,
    rows_of,
)
from upsell.clock import DAY, HOUR, format_moment
from upsell.errors import MeasurementError
from upsell.measurement.observations import observe
from upsell.measurement.queries import Dialect, Query, outcome_queries, unit_outcomes
from upsell.measurement.question import Contrast, Metric, Question


def goal(day: str, unit: str = "u") -> Told:
    return Told(unit, GOAL, moment(day))


# Who counts, and when.


def test_the_goal_window_leaves_out_the_exposure_and_takes_in_its_own_end() -> None:
    # Exposed on 1 January 2024, 30 days: the window closes on 31 January, 00:00.
    assert outcome([goal("2024-01-01")]).conversion == 0
    assert outcome([goal("2024-01-01T00:00:00.000001Z")]).conversion == 1
    assert outcome([goal("2024-01-31")]).conversion == 1
    assert outcome([goal("2024-01-31T00:00:00.000001Z")]).conversion == 0


def test_many_goals_are_one_conversion() -> None:
    assert outcome([goal("2024-01-05"), goal("2024-01-06")]).conversion == 1


def test_a_unit_without_events_has_outcomes_of_zero() -> None:
    assert outcome([]) == Outcome("1", "treated", 0, 0, 0)


def test_an_outcome_is_unknown_until_its_own_window_has_closed() -> None:
    def known(as_of: str) -> Outcome:
        return outcome([goal("2024-01-05")], asked=question(as_of))

    assert known("2024-01-30T23:59:59.999999Z") == Outcome("1", "treated", None, None, None)
    assert known("2024-01-31") == Outcome("1", "treated", 1, None, None)
    assert known("2024-03-30T23:59:59.999999Z") == Outcome("1", "treated", 1, None, None)
    assert known("2024-03-31") == Outcome("1", "treated", 1, 0, 0)


def test_one_row_per_unit_and_contrast_and_the_first_exposure_decides() -> None:
    exposures = [
        Exposure("u", moment("2024-02-01"), "holdout", stratum="2"),
        Exposure("u", moment("2024-01-01"), "treated", stratum="1"),
        Exposure("u", moment("2024-03-01"), "annual", contrast="arms"),
    ]
    found = outcomes_of(DuckWorld(exposures, [goal("2024-02-10")]), question())
    assert found == {
        ("holdout", "u"): Outcome("1", "treated", 0, 0, 0),
        ("arms", "u"): Outcome("1", "annual", 0, 0, 0),
    }


def test_units_exposed_in_two_arms_are_counted_and_shown() -> None:
    exposures = [
        Exposure("merged", moment("2024-01-01"), "treated"),
        Exposure("merged", moment("2024-02-01"), "holdout"),
        Exposure("again", moment("2024-01-01"), "treated"),
        Exposure("again", moment("2024-02-01"), "treated"),
    ]
    seen = observe(rows_of(DuckWorld(exposures, []), question()))
    assert seen.crossed == {Contrast.HOLDOUT: 1, Contrast.ARMS: 0, Contrast.CONTROL: 0}


def test_exposures_after_the_moment_of_the_reading_and_of_other_workflows_are_not_seen() -> None:
    exposures = [
        Exposure("late", moment("2026-01-02")),
        Exposure("other", moment("2024-01-01"), workflow="renewal"),
    ]
    assert outcomes_of(DuckWorld(exposures, []), question("2026-01-01")) == {}


def test_other_currencies_and_the_unreadable_are_counted_once_and_never_added() -> None:
    euro = {"currency": "EUR", "amount": 100}
    events = [
        Told("u", "Subscription Started", moment("2023-06-01"), monthly(100, currency="EUR")),
        Told("u", "Order Completed", moment("2024-01-05"), euro),
        Told("u", "Refunded", moment("2024-01-06"), {"currency": "GBP", "amount": 7}),
        Told("u", "Order Completed", moment("2024-01-07"), {"amount": 7}),
        Told("u", "Subscription Changed", moment("2024-01-07"), monthly(7, interval="day")),
        Told("u", "Order Completed", moment("2023-12-31"), euro),  # before the window
    ]
    world = DuckWorld([Exposure("u", moment("2024-01-01"))], events)
    found = [(one.currency, one.items, one.units) for one in observe(rows_of(world, question())).left_out]
    assert found == [(None, 2, 1), ("EUR", 2, 1), ("GBP", 1, 1)]
    assert outcomes_of(world, question())["holdout", "u"].revenue == 0


def test_the_zone_of_the_session_changes_nothing() -> None:
    exposures = [Exposure("u", moment("2024-01-01"))]
    # Anchor 31 January 23:30 UTC is 1 February in Kiritimati; months would be counted otherwise there.
    events = [
        Told("u", "Subscription Started", moment("2023-10-31T23:30:00Z"), monthly(1000)),
        Told("u", "Subscription Changed", moment("2024-03-10T12:00:00Z"), monthly(2000)),
    ]
    at_home = rows_of(DuckWorld(exposures, events), question())
    assert at_home == rows_of(DuckWorld(exposures, events, "Pacific/Kiritimati"), question())
    assert at_home == rows_of(DuckWorld(exposures, events, "America/New_York"), question())


# The text that is made.


def test_values_enter_as_literals_and_cannot_become_sql() -> None:
    name = "x' or 1=1 --"
    asked = Question(
        workflow=name, goal_event=name, goal_within=DAY, as_of=moment("2026-01-01"), currency="USD"
    )
    exposures = [Exposure("mine", moment("2024-01-01"), workflow=name), Exposure("u", moment("2024-01-01"))]
    found = outcomes_of(DuckWorld(exposures, [Told("mine", name, moment("2024-01-01T05:00:00Z"))]), asked)
    assert found == {("holdout", "mine"): Outcome("1", "treated", 1, 0, 0)}


@pytest.mark.parametrize("dialect", list(Dialect))
def test_no_placeholder_is_left_in_a_query(dialect: Dialect) -> None:
    asked = question()
    for sql in (*outcome_queries(asked, dialect).values(), unit_outcomes(asked, dialect)):
        assert "$" not in sql.replace("'$.", "").replace(")$'", "").replace("?$'", "").replace("}$'", "")
        assert "%(" not in sql


def test_a_question_without_a_window_or_a_name_is_refused() -> None:
    with pytest.raises(MeasurementError, match="horizon above 0"):
        question(horizon=0)
    with pytest.raises(MeasurementError, match="name for currency"):
        question(currency="")


# Every engine.


@pytest.fixture(scope="module")
def connection(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


_START = moment("2024-01-01")
_NAMES = ["Subscription Started", "Subscription Changed", "Subscription Renewed"]


def _random_world(seed: int, units: int) -> tuple[list[Exposure], list[Told]]:
    """Draw exposures in two contrasts and strata, and events of every kind, readable and not."""
    chance = random.Random(seed)
    exposures, events = [], []

    def at() -> int:
        return (
            _START
            + chance.randrange(-200, 200) * DAY
            + chance.choice([0, 0, 1, 5]) * HOUR
            + chance.choice([0, 7])
        )

    for number in range(units):
        unit = f"a:{number}é"
        for contrast, arms in (("holdout", ["treated", "holdout"]), ("arms", ["Annual", "trial", "ärm"])):
            exposures += [
                Exposure(unit, at(), chance.choice(arms), contrast, chance.choice("12"), 1 / len(arms))
                for _ in range(chance.choice([0, 1, 1, 2]))
            ]
        for _ in range(chance.randrange(8)):
            terms = {
                "amount": chance.choice([0, 5, 999, 123457, 49.5, "77", 2.0, 4.9e3, None]),
                "currency": chance.choice(["USD", "USD", "usd", "EUR", None]),
                "interval": chance.choice(["month", "month", "year", "day"]),
                "status": chance.choice(["active", "trialing", None]),
                "subscription_id": chance.choice(["default", "seats"]),
            }
            ending = {"ends_at": chance.choice([None, "soon", "2024-02-30T00:00:00Z", format_moment(at())])}
            events += chance.choices(
                [
                    Told(unit, chance.choice(_NAMES), at(), terms),
                    Told(unit, "Subscription Canceled", at(), ending),
                    Told(unit, chance.choice(["Order Completed", "Order Canceled", "Refunded"]), at(), terms),
                    Told(unit, GOAL, at()),
                ],
                weights=[6, 1, 2, 1],
            )
    return exposures, events


@pytest.mark.postgres
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati"])
def test_duckdb_and_postgresql_give_equal_answers_to_the_last_digit(
    connection: psycopg.Connection[Any], zone: str
) -> None:
    exposures, events = _random_world(seed=7, units=300)
    asked = question("2024-06-01", arms=("trial", "Annual"))
    duck = DuckWorld(exposures, events)
    postgres = PostgresWorld(connection, exposures, events, zone)
    assert outcomes_of(duck, asked) == outcomes_of(postgres, asked)
    here, there = observe(rows_of(duck, asked)), observe(rows_of(postgres, asked))
    assert here == there
    money = here.sums[Contrast.HOLDOUT, Metric.NET_COMMITTED_REVENUE]
    assert sum(sums.units for arms in money.values() for sums in arms.values()) > 100


# Aggregates.


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), order=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(seed: int, order: random.Random) -> None:
    exposures, events = _random_world(seed, units=12)
    asked = question("2024-06-01")
    before = observe(rows_of(DuckWorld(exposures, events), asked))
    order.shuffle(exposures)
    order.shuffle(events)
    assert observe(rows_of(DuckWorld(exposures, events), asked)) == before


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_sums_of_two_halves_add_up_to_the_sums_of_the_whole(seed: int) -> None:
    exposures, events = _random_world(seed, units=12)
    asked = question("2024-06-01")
    whole = observe(rows_of(DuckWorld(exposures, events), asked)).sums
    halves: list[Any] = []
    for is_first in (True, False):
        mine = [exposure for exposure in exposures if (exposure.unit < "a:6") is is_first]
        halves += rows_of(DuckWorld(mine, events), asked)[Query.SUMS]
    assert observe({Query.EXPOSED: [], Query.SUMS: halves, Query.LEFT_OUT: []}).sums == whole


def test_renaming_units_changes_nothing() -> None:
    exposures, events = _random_world(seed=3, units=40)
    asked = question("2024-06-01")
    names = sorted({exposure.unit for exposure in exposures} | {event.unit for event in events})
    renamed = dict(zip(names, reversed(names), strict=True))
    there = DuckWorld(
        [Exposure(renamed[e.unit], e.at, e.arm, e.contrast, e.stratum, e.share) for e in exposures],
        [Told(renamed[e.unit], e.name, e.at, e.properties) for e in events],
    )
    here = DuckWorld(exposures, events)
    assert observe(rows_of(there, asked)) == observe(rows_of(here, asked))


@pytest.mark.parametrize("contrast", ["holdouts", "global"])
def test_a_contrast_nobody_knows_is_refused(contrast: str) -> None:
    world = DuckWorld([Exposure("u", moment("2024-01-01"), contrast=contrast)], [])
    with pytest.raises(MeasurementError, match="expected a known contrast"):
        observe(rows_of(world, question()))
