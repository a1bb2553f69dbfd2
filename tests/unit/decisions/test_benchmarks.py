"""Cohorts by size, their words, and figures that are nobody's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upsell.decisions.benchmarks import (
    SIZES,
    Benchmark,
    Cohort,
    benchmarks_by_cohort,
    find_benchmark,
    rounded,
    size_of,
)


@pytest.mark.parametrize(
    ("seats", "words"),
    [
        (0, "accounts of 1 seat"),
        (1, "accounts of 1 seat"),
        (2, "accounts of 2\N{EN DASH}5 seats"),
        (5, "accounts of 2\N{EN DASH}5 seats"),
        (6, "accounts of 6\N{EN DASH}20 seats"),
        (20, "accounts of 6\N{EN DASH}20 seats"),
        (21, "accounts of 21\N{EN DASH}100 seats"),
        (101, "accounts of 101\N{EN DASH}500 seats"),
        (500, "accounts of 101\N{EN DASH}500 seats"),
        (501, "accounts of more than 500 seats"),
    ],
)
def test_a_cohort_is_called_by_its_size(seats: float, words: str) -> None:
    assert Cohort(is_account=True, family="", size=size_of(seats)).words == words


def test_a_cohort_is_called_by_the_trait_it_shares_and_customers_of_one_seat_are_customers() -> None:
    assert Cohort(False, "", 0).words == "customers"
    assert Cohort(False, "", 1).words == "customers of 2\N{EN DASH}5 seats"
    assert Cohort(True, "", 0, "account.industry", "retail").words == "accounts of 1 seat (industry: retail)"


@given(st.floats(0, 1e6))
def test_every_number_of_seats_has_one_size_and_more_seats_have_no_smaller_one(seats: float) -> None:
    bounds = [float("-inf"), *SIZES, float("inf")]
    assert bounds[size_of(seats)] < seats <= bounds[size_of(seats) + 1]


@pytest.mark.parametrize(
    ("figure", "said"),
    [(0.0523, 0.052), (1.26, 1.3), (2.4, 2.4), (37.4, 37), (145, 140), (1251, 1300), (99.6, 100)],
)
def test_figures_are_rounded_to_two_digits(figure: float, said: float) -> None:
    assert rounded(figure) == said


def test_the_newest_that_was_made_by_then_answers() -> None:
    cohort = Cohort(is_account=True, family="", size=2)
    known = benchmarks_by_cohort(Benchmark("m", cohort, at, 30, at, at, at) for at in (30, 10, 20))
    found = [find_benchmark(known, "m", cohort, 20, now) for now in (9, 10, 25, 99)]
    assert [each.made_at if each is not None else None for each in found] == [None, 10, 20, 30]
    assert find_benchmark(known, "other", cohort, 20, 99) is None
