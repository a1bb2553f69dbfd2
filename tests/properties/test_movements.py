"""Movements of recurring revenue add up, month by month and currency by currency, whatever is told."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.measurement.test_metrics import read
from tests.unit.measurement.tracked_worlds import Made, random_ledger
from tests.unit.measurement.worlds import moment
from upsell.clock import DAY

CHANGES = ("new", "expansion", "contraction", "churn", "reactivation")


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_start_and_movements_add_up_to_the_end_and_each_end_is_the_next_start(seed: int) -> None:
    made = random_ledger(seed, units=random.Random(seed).randrange(1, 12))
    by_month: dict[tuple[str | None, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for figure in read(made, "mrr_movements"):
        by_month[figure.currency, figure.period][figure.item] += figure.numerator
    for found in by_month.values():
        assert found["start"] + sum(found[change] for change in CHANGES) == found["end"]
        assert found["new"] >= 0
        assert found["expansion"] >= 0
        assert found["reactivation"] >= 0
        assert found["contraction"] <= 0
        assert found["churn"] <= 0
    months = [f"2023-{n}" for n in (11, 12)] + [f"2024-0{n}" for n in range(1, 7)]
    for currency in {each for each, _ in by_month}:
        for month, following in pairwise(months):
            assert by_month[currency, month]["end"] == by_month[currency, following]["start"]


def _movements(made: Made) -> dict[tuple[str, str], int]:
    return {(f.period, f.item): f.numerator for f in read(made, "mrr_movements") if f.item in CHANGES}


def test_each_movement_by_hand() -> None:
    made = Made()
    made.pays("a:1", moment("2024-01-10"), 1000)
    made.pays("a:1", moment("2024-02-10"), 12 * 1500, interval="year")
    made.pays("a:1", moment("2024-03-10"), 400)
    made.told("a:1", "Subscription Canceled", moment("2024-04-10"))
    made.pays("a:1", moment("2024-05-10"), 700)
    assert _movements(made) == {
        ("2024-01", "new"): 1000,
        ("2024-02", "expansion"): 500,
        ("2024-03", "contraction"): -1100,
        ("2024-04", "churn"): -400,
        ("2024-05", "reactivation"): 700,
    }


def test_a_change_at_the_very_turn_of_a_month_belongs_to_the_month_before() -> None:
    made = Made()
    made.pays("a:1", moment("2024-02-01"), 1000)
    made.pays("a:1", moment("2024-02-01") + DAY, 1000)
    assert _movements(made) == {("2024-01", "new"): 1000}


def test_trials_recur_nothing_and_another_currency_is_told_apart() -> None:
    made = Made()
    made.pays("a:1", moment("2024-01-10"), 1000, status="trialing")
    made.pays("a:2", moment("2024-01-10"), 1000)
    made.pays("a:2", moment("2024-02-10"), 900, currency="EUR")
    figures = {(f.currency, f.period, f.item): f.numerator for f in read(made, "mrr_movements")}
    assert figures["USD", "2024-01", "new"] == 1000
    assert figures["USD", "2024-02", "churn"] == -1000
    assert figures["EUR", "2024-02", "new"] == 900


def test_net_retention_counts_growth_and_gross_retention_does_not() -> None:
    made = Made()
    for unit in ("a:1", "a:2", "a:3"):
        made.pays(unit, moment("2024-01-10"), 1000)
    made.pays("a:1", moment("2024-02-10"), 1500)
    made.pays("a:2", moment("2024-02-10"), 600)
    made.told("a:3", "Subscription Canceled", moment("2024-03-10"))

    def by_month(id_: str) -> dict[str, tuple[int, int | None]]:
        found = {f.period: (f.numerator, f.denominator) for f in read(made, id_) if f.item == "2024-01"}
        return {month: found[month] for month in ("2024-01", "2024-02", "2024-03")}

    assert by_month("net_revenue_retention") == {
        "2024-01": (3000, 3000), "2024-02": (3100, 3000), "2024-03": (2100, 3000),
    }  # fmt: skip
    assert by_month("gross_revenue_retention") == {
        "2024-01": (3000, 3000), "2024-02": (2600, 3000), "2024-03": (1600, 3000),
    }  # fmt: skip


def test_what_counts_for_a_person_of_an_account_too_is_counted_once() -> None:
    made = Made()
    terms: dict[str, Any] = {"amount": 1000, "currency": "USD", "interval": "month", "plan": "pro"}
    for unit, is_household in (("a:1", True), ("c:1", False)):
        at = moment("2024-01-10")
        made.told(unit, "Subscription Started", at, is_household=is_household, **terms)
    assert _movements(made) == {("2024-01", "new"): 1000}
