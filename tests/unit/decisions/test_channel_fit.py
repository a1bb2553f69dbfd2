"""The channel somebody answers is chosen, within what may be used soon enough."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from upsell.clock import DAY, HOUR
from upsell.decisions.channel_fit import (
    HALF_LIFE,
    Answers,
    Way,
    answer_rate,
    choose_channel,
    merge_answers,
    take_answered,
    take_sent,
)
from upsell.decisions.decision import Verdict
from upsell.decisions.reasons import Reason

NOW = 1_000 * DAY
CLOSED = Verdict(Reason.OUTSIDE_HOURS, "sms", retry_at=NOW + 3 * HOUR)
NO_CONSENT = Verdict(Reason.NO_CONSENT, "email")


def answers(sent: int, answered: int) -> Answers:
    return Answers(float(sent), float(answered), NOW)


def test_of_nothing_known_the_first_named_is_taken() -> None:
    assert choose_channel([Way("sms", None), Way("email", None)], NOW, 0).channel == "sms"


def test_the_channel_that_is_answered_is_taken() -> None:
    choice = choose_channel([Way("email", answers(9, 0)), Way("sms", answers(4, 2))], NOW, 0)
    # Oracle: the mean of a beta distribution, (0 + 1) / (9 + 20) and (2 + 1) / (4 + 20).
    assert choice.channel == "sms"
    assert choice.words == "email answered 3%; sms answered 12%"


def test_a_better_channel_is_waited_for_as_long_as_the_step_has_time() -> None:
    ways = [Way("email", answers(9, 0)), Way("sms", answers(4, 2), CLOSED)]
    assert choose_channel(ways, NOW, 2 * HOUR).channel == "email"
    waited = choose_channel(ways, NOW, 3 * HOUR)
    assert (waited.channel, waited.refusal) == ("sms", CLOSED)


def test_where_none_is_open_soon_enough_the_first_to_open_is_waited_for() -> None:
    later = Verdict(Reason.CAPPED, "cap", retry_at=NOW + DAY)
    choice = choose_channel([Way("email", answers(9, 9), later), Way("sms", None, CLOSED)], NOW, 0)
    assert (choice.channel, choice.refusal) == ("sms", CLOSED)


def test_a_channel_without_consent_is_never_taken() -> None:
    shut = Way("email", answers(9, 9), NO_CONSENT, is_shut=True)
    assert choose_channel([shut, Way("sms", None)], NOW, 0).channel == "sms"
    assert choose_channel([shut], NOW, 0) == choose_channel([shut], NOW, 365 * DAY)
    assert choose_channel([shut], NOW, 0).channel is None


def test_what_was_answered_counts_for_half_after_a_half_life() -> None:
    once = take_answered(take_sent(None, NOW), NOW, "k")
    # Oracle: counts of 1 halve to a half, so (0.5 + 1) / (0.5 + 20).
    assert abs(answer_rate(once, NOW + HALF_LIFE) - 1.5 / 20.5) < 1e-12


def test_two_clicks_in_one_message_are_one_answer() -> None:
    once = take_answered(take_sent(None, NOW), NOW, "k")
    assert take_answered(once, NOW, "k") == once


@given(
    st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=20),
    st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=20),
)
def test_one_person_counted_as_two_answers_as_one(
    one: list[tuple[int, bool]], other: list[tuple[int, bool]]
) -> None:
    def told(events: list[tuple[int, bool, str]]) -> Answers | None:
        held = None
        for day, is_answer, key in sorted(events):
            at = NOW + day * DAY
            held = take_sent(held, at)
            held = take_answered(held, at, key) if is_answer else held
        return held

    first = [(day, is_answer, f"a{n}") for n, (day, is_answer) in enumerate(one)]
    second = [(day, is_answer, f"b{n}") for n, (day, is_answer) in enumerate(other)]
    mine, theirs, whole = told(first), told(second), told(first + second)
    if mine is None or theirs is None or whole is None:
        return
    merged = merge_answers(mine, theirs)
    assert abs(merged.sent - whole.sent) < 1e-9
    assert abs(merged.answered - whole.answered) < 1e-9


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 3000))
def test_a_rate_lies_strictly_between_never_and_always(sent: int, answered: int, days: int) -> None:
    rate = answer_rate(Answers(float(max(sent, answered)), float(answered), NOW), NOW + days * DAY)
    assert 0 < rate < 1
