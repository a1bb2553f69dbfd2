"""Warm-up: caps by the day; the oracle is the closed form of a geometric schedule."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from upsell.channels.warm_up import WarmUp

DAY_ONE = 20_000


@given(st.integers(1, 10_000), st.fractions(Fraction(1, 100), 2), st.integers(0, 60), st.integers(1, 10**7))
def test_each_day_has_the_first_ones_number_grown_so_often_until_it_reaches_the_last(
    first: int, growth: Fraction, days: int, up_to: int
) -> None:
    exact = first * (1 + growth) ** days
    expected = None if exact >= up_to else floor(exact)
    assert WarmUp(DAY_ONE, first, growth, up_to).cap(DAY_ONE + days) == expected


def test_before_its_first_day_nothing_goes_and_long_after_it_there_is_no_cap() -> None:
    schedule = WarmUp(DAY_ONE, 50, Fraction(1, 2), 1_000)
    assert schedule.cap(DAY_ONE - 1) == 0
    assert [schedule.cap(DAY_ONE + day) for day in range(9)] == [
        50, 75, 112, 168, 253, 379, 569, 854, None,
    ]  # fmt: skip
    assert schedule.cap(DAY_ONE + 100_000) is None
