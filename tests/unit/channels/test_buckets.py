"""Buckets: no window holds more than rate and burst, and nobody who was told a turn is passed over."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upsell.channels.buckets import Bucket, Line, Rate
from upsell.clock import HOUR, MINUTE, SECOND, Moment

RATES = st.builds(Rate, st.integers(1, 3_000), st.sampled_from([SECOND, MINUTE, HOUR]))
START = 1_800_000_000 * SECOND
STEPS = st.lists(st.integers(0, 2 * SECOND) | st.integers(0, 2_000), max_size=60)


def moments(steps: Iterable[int]) -> list[Moment]:
    at, found = START, []
    for step in steps:
        at += step
        found.append(at)
    return found


def assert_kept(rate: Rate, burst: int, taken: list[Moment]) -> None:
    """The law itself, in exact fractions, for every window that begins and ends with one let through."""
    for first, begun in enumerate(taken):
        for last in range(first, len(taken)):
            most = Fraction(rate.count * (taken[last] - begun), rate.per) + burst
            assert last - first + 1 <= most


@given(RATES, STEPS, st.integers(1, 40))
def test_no_window_holds_more_than_rate_times_time_and_burst(
    rate: Rate, steps: list[int], tries: int
) -> None:
    bucket = Bucket(rate)
    taken = [at for at in moments(steps) for _ in range(tries) if bucket.take(at)]
    assert_kept(rate, rate.burst, taken)


@given(RATES, STEPS, st.lists(st.booleans(), min_size=1, max_size=7))
def test_what_is_given_back_at_once_may_go_later_and_the_law_holds(
    rate: Rate, steps: list[int], kept: list[bool]
) -> None:
    bucket = Bucket(rate)
    taken = []
    for at in moments(steps):
        for is_kept in kept:
            if bucket.take(at):
                if is_kept:
                    taken.append(at)
                else:
                    bucket.give_back(at)
    assert_kept(rate, rate.burst, taken)


@given(RATES, STEPS)
def test_as_many_may_go_as_are_available_and_the_next_may_go_when_it_is_said(
    rate: Rate, steps: list[int]
) -> None:
    bucket = Bucket(rate)
    for at in moments(steps):
        available = bucket.available(at)
        assert [bucket.take(at) for _ in range(available + 1)] == [True] * available + [False]
        next_at = bucket.next_at(at)
        assert bucket.available(next_at - 1) == 0
        assert bucket.available(next_at) >= 1


@given(RATES, st.integers(2, 5), STEPS)
def test_processes_that_share_a_rate_keep_to_it_together(rate: Rate, among: int, steps: list[int]) -> None:
    buckets = [Bucket(rate) for _ in range(among)]
    for bucket in buckets:
        bucket.share(among)
    taken = [at for at in moments(steps) for bucket in buckets for _ in range(5) if bucket.take(at)]
    assert_kept(rate, max(rate.burst, among), taken)


@pytest.mark.parametrize(("count", "per", "burst"), [(14, SECOND, 1), (1_500, SECOND, 150), (60, HOUR, 1)])
def test_at_once_goes_what_a_tenth_of_a_second_brings(count: int, per: int, burst: int) -> None:
    assert Bucket(Rate(count, per)).available(START) == burst


@given(st.integers(1, 50), st.integers(2, 40), st.integers(0, 10))
def test_each_letter_of_a_line_is_told_one_turn_and_goes_in_the_order_it_came(
    rate_each_second: int, waiting: int, newcomers: int
) -> None:
    rate = Rate(rate_each_second, SECOND)
    line = Line(Bucket(rate), rate.per // rate.count)
    due = {f"a{number:02}": START for number in range(waiting)}
    gone: list[tuple[Moment, str]] = []
    told = dict.fromkeys(due, 0)
    while due:
        # As the outbox gives them: the earliest first, and of those the one that came first.
        key = min(due, key=lambda one: (due[one], one))
        at = due[key]
        if key == "a00" and newcomers:
            due |= {f"b{number:02}": START for number in range(newcomers)}
            told |= {f"b{number:02}": 0 for number in range(newcomers)}
        turn = line.admit(key, at)
        if turn is None:
            gone.append((at, key))
            del due[key]
        else:
            assert turn > at
            told[key] += 1
            due[key] = turn
    assert_kept(rate, rate.burst, [at for at, _ in gone])
    assert [key for _, key in gone] == sorted(told)
    assert max(told.values()) <= 2


def test_a_full_line_tells_the_rest_to_come_again_when_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("upsell.channels.buckets.MOST_PLANNED", 2)
    line = Line(Bucket(Rate(1, SECOND)), SECOND)
    turns = [line.admit(key, START) for key in "abcde"]
    assert turns == [None, *(START + second * SECOND for second in (1, 2, 3, 3))]


def test_what_is_given_back_later_than_it_was_let_through_stays_taken() -> None:
    bucket = Bucket(Rate(1, SECOND))
    taken = [START, START + SECOND]
    assert all(bucket.take(at) for at in taken)
    bucket.give_back(START + SECOND + 1)
    assert not bucket.take(START + SECOND + 1)


def test_a_newcomer_waits_behind_whoever_was_told_a_turn_also_when_that_has_come() -> None:
    line = Line(Bucket(Rate(1, SECOND)), SECOND)
    assert line.admit("first", START) is None
    assert line.admit("told", START) == START + SECOND
    assert line.admit("new", START + SECOND) == START + 2 * SECOND
    assert line.admit("told", START + SECOND) is None
    assert line.admit("new", START + 2 * SECOND) is None


def test_turns_of_letters_that_never_come_again_are_forgotten_in_time() -> None:
    line = Line(Bucket(Rate(1, SECOND)), SECOND)
    assert [line.admit(key, START) for key in ("a", "gone")] == [None, START + SECOND]
    later = START + 2 * SECOND + HOUR
    assert not line.is_at_rest(later)
    assert line.admit("b", later) is None
    assert line.is_at_rest(later + SECOND)
