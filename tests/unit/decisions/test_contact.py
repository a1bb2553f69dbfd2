"""Contact: the words of a cap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from upsell.catalog.offers import OfferKind
from upsell.clock import DAY
from upsell.decisions.contact import words_of
from upsell.decisions.hours import Calendar
from upsell.decisions.intents import PROMOTIONAL, Intent
from upsell.decisions.policy import Cap, Per

SOME = st.frozensets(st.sampled_from(["email", "sms", "news"]), max_size=2)
CAPS = st.builds(
    Cap,
    at_most=st.integers(1, 2),
    within=st.sampled_from([DAY, 7 * DAY]),
    intents=st.sampled_from([PROMOTIONAL, frozenset({Intent.SHOW}), frozenset({Intent.SHOW, Intent.OFFER})]),
    channels=SOME,
    per=st.sampled_from(Per),
    workflows=SOME,
    categories=SOME,
    kinds=st.frozensets(st.sampled_from(OfferKind), max_size=2),
)


@given(CAPS, CAPS)
def test_two_caps_that_count_otherwise_have_other_words(one: Cap, other: Cap) -> None:
    assert (words_of(one) == words_of(other)) == (one == other)


def test_a_cap_says_in_words_what_it_counts() -> None:
    assert words_of(Cap(2, 7 * DAY)) == "at most 2 within 7 days"
    narrow = Cap(
        1,
        31 * DAY,
        intents=frozenset({Intent.OFFER}),
        channels=frozenset({"email"}),
        calendar=Calendar.MONTH,
        kinds=frozenset({OfferKind.CROSS_SELL}),
    )
    assert words_of(narrow) == "at most 1 per calendar month that offer by email offering cross-sell"
