"""Contact: the words of a cap, and what others were sent beside a person's own touches."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from upsell.catalog.offers import OfferKind
from upsell.clock import DAY
from upsell.decisions.addresses import address_key
from upsell.decisions.contact import (
    Contact,
    Full,
    Speech,
    Touch,
    ask_caps,
    keep_full,
    merge_contact,
    words_of,
)
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
HELP = Speech(Intent.HELP, "email")


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


touches = st.lists(
    st.tuples(st.integers(0, 9), st.integers(1, 20)), max_size=8, unique_by=lambda drawn: drawn[0]
)


@given(touches, touches, st.integers(1, 4))
def test_a_cap_counts_a_touch_once_whether_it_is_known_as_the_persons_own_or_as_anothers_or_as_both(
    mine: list[tuple[int, int]], others: list[tuple[int, int]], at_most: int
) -> None:
    now, within = 20, 10
    known = dict(others) | dict(mine)
    contact = Contact(touches=[Touch(f"k{n}", at, Intent.HELP, "email") for n, at in mine])
    beside = [Touch(f"k{n}", at, Intent.HELP, "email") for n, at in others]
    verdict = ask_caps(contact, [Cap(at_most, within)], HELP, now, others=beside)
    inside = sorted(at for at in known.values() if now - within < at <= now)
    assert (verdict is None) == (len(inside) < at_most)
    if verdict is not None:
        assert verdict.retry_at == inside[-at_most] + within


def test_of_a_cap_found_full_twice_the_last_word_holds_and_what_has_opened_is_forgotten() -> None:
    contact = Contact()
    keep_full(contact, Full("x", "a", 10), 1)
    keep_full(contact, Full("x", "b", 20), 2)
    keep_full(contact, Full("x", "b", 15), 3)
    assert contact.full == [Full("x", "a", 10), Full("x", "b", 15)]
    keep_full(contact, Full("y", "b", 30), 10)
    assert contact.full == [Full("x", "b", 15), Full("y", "b", 30)]
    gone = Contact(full=[Full("x", "b", 40), Full("x", "a", 5)])
    merge_contact(contact, gone)
    assert contact.full == [Full("x", "a", 5), Full("x", "b", 40), Full("y", "b", 30)]


def test_an_address_has_one_key_in_whatever_case_it_is_written_and_another_by_other_means() -> None:
    assert address_key("email", "Straße@Example.COM") == address_key("email", "STRASSE@example.com")
    assert address_key("email", "a@example.com") != address_key("email", "b@example.com")
    assert address_key("sms", "a@example.com") != address_key("email", "a@example.com")
