"""Words of a source that names states, and subscriptions that are told whole."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from upsell.clock import SECOND
from upsell.signals.events import Event
from upsell.signals.profiles import Profile, Subscription, Word
from upsell.signals.subscriptions import Tiers, take_subscription
from upsell.signals.words import in_order

TIERS = Tiers({"starter": 1, "pro": 2}, default_plan=None)
AT = 1_000_000 * SECOND


def word(before: str | None, after: str) -> Word:
    """Give a word that leads from one state to another."""
    return Word(before, after, "Subscription Changed", {}, AT)


@pytest.mark.parametrize(
    ("chain", "last"),
    [
        ([("", "a"), ("a", "b"), ("b", "c")], "c"),
        ([("a", "b"), ("b", "a"), ("a", "c")], "c"),
        ([("", "a"), ("a", "")], ""),
        ([("a", ""), ("", "b")], "b"),
        ([(None, "b"), ("a", "b"), ("b", "c")], "c"),
        ([("a", "b"), (None, "b"), ("b", "over")], "over"),
    ],
)
def test_the_last_of_a_chain_is_found_whatever_order_it_is_heard_in(
    chain: list[tuple[str | None, str]], last: str
) -> None:
    words = [word(*link) for link in chain]
    assert {in_order(list(told))[-1].after for told in permutations(words)} == {last}


def test_a_circle_or_a_missing_link_ends_at_the_same_for_everybody() -> None:
    for links in ([("a", "b"), ("b", "a")], [("a", "b"), ("c", "d")]):
        words = [word(*link) for link in links]
        assert len({in_order(list(told))[-1].after for told in permutations(words)}) == 1


def take(profile: Profile, name: str, seconds: int, /, **said: Any) -> Event | None:
    """Take an event about a subscription."""
    event = Event(f"{name}{seconds}{said}", name, AT + seconds * SECOND, AT + 99 * SECOND, None, "acme", said)
    return take_subscription(profile, event, TIERS)


def held(profile: Profile) -> Subscription:
    """Give the one subscription there is."""
    (only,) = profile.subscriptions.values()
    return only


def test_an_end_that_is_heard_of_first_is_not_undone_by_the_beginning() -> None:
    profile = Profile()
    take(profile, "Subscription Canceled", 9, plan="pro")
    take(profile, "Subscription Started", 1, plan="pro", quantity=3)
    assert (held(profile).started_at, held(profile).ends_at) == (AT + SECOND, AT + 9 * SECOND)


def test_an_end_that_does_not_say_of_what_tells_of_no_subscription() -> None:
    profile = Profile()
    take(profile, "Subscription Canceled", 9)
    assert profile.subscriptions == {}


def test_what_is_told_whole_and_without_an_amount_is_neither_more_nor_less() -> None:
    profile = Profile()
    priced = {"plan": "pro", "quantity": 1, "amount": 900, "currency": "USD"}
    take(profile, "Subscription Started", 1, **priced, state_before="", state_after="a")
    unknown = {"plan": "pro", "quantity": 1}
    assert take(profile, "Subscription Changed", 2, **unknown, state_before="a", state_after="b") is None
    assert (held(profile).amount, held(profile).currency) == (0, "")
    grown = take(
        profile, "Subscription Changed", 3, plan="pro", quantity=2, state_before="b", state_after="c"
    )
    assert grown is not None
    assert grown.name == "Subscription Upgraded"
    later = {**priced, "quantity": 2}
    assert take(profile, "Subscription Changed", 4, **later, state_before="c", state_after="d") is None
    more = take(profile, "Subscription Changed", 5, **{**later, "amount": 950}, state_after="e")
    assert more is not None
    assert more.name == "Subscription Upgraded"
