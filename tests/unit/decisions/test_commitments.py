"""Commitments: what falls due over twelve months, and what needs approval."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from upsell.decisions.commitments import Beyond, ask_limit, committed_total
from upsell.decisions.terms import Terms


def terms(
    price: int | None, full: int | None = None, interval: str = "month", currency: str = "USD"
) -> Terms:
    return Terms("o", "pro", "Pro", currency, interval=interval, price=price, full=full)


def test_totals_by_hand() -> None:
    assert committed_total(terms(100), None) == 1_200
    assert committed_total(terms(90, 100), None) == 1_080, "a discount that is kept holds all year"
    assert committed_total(terms(90, 100), 6) == 6 * 90 + 6 * 100
    assert committed_total(terms(90, 100), 24) == 12 * 90
    assert committed_total(terms(1_000, 1_200, "year"), None) == 1_000
    assert committed_total(terms(1_000, 1_200, "year"), 3) == 1_000, "the first year falls due discounted"
    assert committed_total(terms(500, interval=""), None) == 500
    assert committed_total(terms(None), None) is None


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 40))
def test_a_monthly_total_is_the_sum_of_its_months(price: int, more: int, months: int) -> None:
    full = price + more
    told = sum(price if month < months else full for month in range(12))
    assert committed_total(terms(price, full), months) == told


@given(st.integers(0, 10**6), st.integers(0, 10**7))
def test_only_what_is_above_the_limit_of_its_own_currency_goes_free(price: int, most: int) -> None:
    found = ask_limit(terms(price), None, {"USD": most})
    assert (found is None) == (12 * price <= most)
    if found is not None:
        assert found == Beyond(12 * price, most, "USD")


def test_without_limits_nothing_waits_and_what_cannot_be_compared_does() -> None:
    assert ask_limit(terms(10**9), None, {}) is None
    assert ask_limit(terms(1, currency="EUR"), None, {"USD": 10**9}) == Beyond(12, None, "EUR")
    assert ask_limit(terms(None), None, {"USD": 10**9}) == Beyond(None, 10**9, "USD")
