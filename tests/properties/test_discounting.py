"""Discounting at any price: never less than is said of it, never deeper than the rails by rounding."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from upsell.decisions.discounting import Rounding, discounted, rate_taken
from upsell.decisions.rails import Rails, broken_rail
from upsell.money import Money, minor_digits

PRICES = st.integers(1, 10**9)
TENTHS = st.integers(1, 999)
CURRENCIES = st.sampled_from(["USD", "JPY", "KWD"])
STEPS = st.none() | st.sampled_from([1, 10, 50, 100, 500, 1_000, 2_000])


def _taken(price: int, paid: int) -> Fraction:
    return Fraction(price - paid, price)


@given(PRICES, TENTHS, CURRENCIES, STEPS, st.integers(1, 1_000))
def test_a_discount_is_never_less_than_what_is_said_of_it_and_never_everything(
    price: int, tenths: int, currency: str, cents: int | None, deepest: int
) -> None:
    # Oracle: fractions, which round nothing.
    rounding = Rounding(Money(cents, "USD") if cents else None, deepest / 1_000)
    paid = discounted(price, tenths / 1_000, currency, rounding)
    said = Fraction(str(rate_taken(price, paid, tenths / 1_000)))
    assert 0 < paid <= price
    assert said <= _taken(price, paid)
    assert _taken(price, paid) >= Fraction(tenths, 1_000) or paid == 1
    # What is said is all that is taken, but for less than a minor unit or than a tenth of a percent.
    assert _taken(price, paid) - said < max(Fraction(1, price), Fraction(1, 1_000))


@given(PRICES, TENTHS, CURRENCIES, STEPS, st.integers(1, 1_000))
def test_rounding_never_goes_deeper_than_the_deepest_discount_nor_breaks_its_rail(
    price: int, tenths: int, currency: str, cents: int | None, deepest: int
) -> None:
    rails = Rails(max_discount_rate=deepest / 1_000, round_to=Money(cents, "USD") if cents else None)
    paid = discounted(price, tenths / 1_000, currency, rails.rounding)
    exact = discounted(price, tenths / 1_000, currency)
    assert paid == exact or _taken(price, paid) <= Fraction(deepest, 1_000)
    said = rate_taken(price, paid, tenths / 1_000)
    is_refused = broken_rail(rails, said, paid, None) is not None
    # Oracle: without rounding only what is written, and met, can be too deep.
    assert is_refused == (tenths > deepest and Fraction(str(said)) > Fraction(deepest, 1_000))


@given(PRICES, TENTHS, CURRENCIES, st.integers(1, 50))
def test_prices_are_rounded_to_whole_units_of_their_own_currency(
    price: int, tenths: int, currency: str, whole: int
) -> None:
    rounding = Rounding(Money(whole * 100, "USD"))
    paid = discounted(price, tenths / 1_000, currency, rounding)
    step = whole * 10 ** minor_digits(currency)
    exact = discounted(price, tenths / 1_000, currency)
    assert paid == (exact if exact < step else exact - exact % step)
    assert discounted(price, 0.0, currency, rounding) == price
