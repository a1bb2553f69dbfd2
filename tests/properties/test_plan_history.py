"""The law of plan history: what is said of a past stretch is what was told of it, or nothing.

The oracle keeps every word and looks at each hour of the stretch.
"""

from __future__ import annotations

from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from upsell.clock import parse_moment
from upsell.signals.events import Event
from upsell.signals.plan_history import KEPT_TERMS, NOTHING, term_within
from upsell.signals.profiles import Profile
from upsell.signals.subscriptions import Tiers, take_subscription

START = parse_moment("2026-03-02T00:00:00Z") or 0
HOUR = 3_600_000_000

words = st.tuples(
    st.integers(1, 60),
    st.sampled_from(["Subscription Started", "Subscription Changed", "Subscription Canceled"]),
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from([1.0, 2.0]),
)


def told(hour: int, name: str, plan: str, quantity: float, seen: int) -> Event:
    said = {} if name.endswith("Canceled") else {"plan": plan, "quantity": quantity, "amount": 100}
    return Event(
        id=f"{seen}",
        name=name,
        occurred_at=START + hour * HOUR,
        seen_at=START + (100 + seen) * HOUR,
        customer_id="ada",
        account_id=None,
        properties=said,
    )


@settings(max_examples=examples(300), deadline=None)
@given(
    st.lists(words, min_size=1, max_size=KEPT_TERMS + 4, unique_by=lambda word: word[0]),
    st.integers(0, 60),
    st.integers(1, 30),
    st.booleans(),
)
def test_what_is_said_of_a_past_stretch_is_what_was_told_of_it_or_nothing(
    said: list[tuple[int, str, str, float]], begins: int, lasts: int, is_in_order: bool
) -> None:
    profile = Profile()
    ordered = sorted(said)
    in_turn = ordered if is_in_order else said
    # The last word on an end holds: of two in a row the later moves it.
    ends = [word[1].endswith("Canceled") for word in ordered]
    assume(not any(one and other for one, other in pairwise(ends)))
    assume(not in_turn[0][1].endswith("Canceled"))  # An end of what was never heard of is not kept.
    for seen, word in enumerate(in_turn):
        take_subscription(profile, told(*word, seen), Tiers({}))
    held = profile.subscriptions.get("default")
    if held is None:
        return
    term = term_within(held, START + begins * HOUR, START + (begins + lasts) * HOUR)
    if term is None:
        return

    def at(hour: int) -> tuple[str, float]:
        """Give what the words say of an hour; of one before the first, that there was nothing."""
        last = next((word for word in reversed(ordered) if word[0] <= hour), None)
        return (NOTHING, 0.0) if last is None or last[1].endswith("Canceled") else (last[2], last[3])

    hours = {at(hour) for hour in range(begins, begins + lasts)}
    first = ordered[0]
    assert hours == {(term.plan, term.quantity if term.plan else 0.0)}
    if begins < first[0] and first[1] == "Subscription Changed":
        raise AssertionError("what was there before the first word was never told")


@given(
    st.lists(
        words.filter(lambda word: "Started" in word[1]), min_size=1, max_size=5, unique_by=lambda w: w[0]
    )
)
def test_what_was_told_in_order_and_kept_is_known(said: list[tuple[int, str, str, float]]) -> None:
    profile = Profile()
    for seen, word in enumerate(sorted(said)):
        take_subscription(profile, told(*word, seen), Tiers({}))
    held = profile.subscriptions["default"]
    for hour, _, plan, quantity in said:
        term = term_within(held, START + hour * HOUR, START + (hour + 1) * HOUR)
        assert term is not None
        assert (term.plan, term.quantity) == (plan, quantity)
