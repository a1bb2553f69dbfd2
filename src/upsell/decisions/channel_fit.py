"""Channel fit: among the channels a step allows, the one that this person answers.

The law: consent, hours and caps come first; only what may be used now, or soon enough for the step's
urgency, is compared. What somebody answers is what they clicked, never what a machine opened.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from upsell.clock import DAY, Duration, Moment
from upsell.decisions.decision import Verdict

HALF_LIFE: Duration = 90 * DAY
"""After how long a message that was sent, and whether it was answered, counts for half."""

USUAL_SENT, USUAL_ANSWERED = 20.0, 1.0
"""What is believed before anything is known: on every channel one in twenty is answered."""


class Answers(msgspec.Struct, frozen=True, array_like=True):
    """How somebody answers on a channel, as of a moment: decayed counts, and the message answered last."""

    sent: float
    answered: float
    at: Moment
    last: str = ""


class Way(msgspec.Struct, frozen=True):
    """One channel as it stands for one person now.

    Attributes:
        channel: Which channel.
        answers: How they answer on it, None when nothing was ever sent.
        refusal: Why it may not be used now, None when it may.
        is_shut: Whether that refusal does not pass by itself: no address, no consent, no ground.
    """

    channel: str
    answers: Answers | None
    refusal: Verdict | None = None
    is_shut: bool = False


class Choice(msgspec.Struct, frozen=True):
    """What was chosen, and why.

    Attributes:
        channel: The channel chosen, None when none may be used soon enough.
        refusal: Why the one chosen has to wait, or why there is none; None when it may be used now.
        words: What was compared, for people.
    """

    channel: str | None
    refusal: Verdict | None
    words: str


def take_sent(answers: Answers | None, now: Moment) -> Answers:
    """Count a message that was sent at ``now``."""
    held = _decayed(answers, now)
    return msgspec.structs.replace(held, sent=held.sent + 1)


def take_answered(answers: Answers | None, now: Moment, key: str) -> Answers:
    """Count that a message was answered at ``now``; the same one twice in a row counts once."""
    held = _decayed(answers, now)
    if held.last == key:
        return held
    # An answer to what was sent before anybody counted is an answer to one message.
    answered = held.answered + 1
    return msgspec.structs.replace(held, sent=max(held.sent, answered), answered=answered, last=key)


def merge_answers(one: Answers, other: Answers) -> Answers:
    """Give how one person answers who was counted as two."""
    now = max(one.at, other.at)
    first, second = _decayed(one, now), _decayed(other, now)
    later = one if (one.at, one.last) >= (other.at, other.last) else other
    return Answers(first.sent + second.sent, first.answered + second.answered, now, later.last)


def answer_rate(answers: Answers | None, now: Moment) -> float:
    """Give the expected share of messages answered: what was seen, beside one in twenty believed before.

    The mean of a beta distribution whose counts decay; 0.05 when nothing was sent.
    """
    held = _decayed(answers, now)
    return (held.answered + USUAL_ANSWERED) / (held.sent + USUAL_SENT)


def choose_channel(ways: Sequence[Way], now: Moment, within: Duration) -> Choice:
    """Choose among the channels of a step for one person.

    Of those that may be used now, or by ``now + within``, the one with the greatest answer rate; of
    equals the one the step names first. Where none may be used so soon, the one that opens first is
    waited for.

    Args:
        ways: The channels in the order of the step.
        now: The moment asked at.
        within: How long the message may wait for the channel that is answered better; 0 for not at all.
    """
    words = "; ".join(_words(way, now) for way in ways)
    open_ways = [way for way in ways if not way.is_shut]
    if not open_ways:
        return Choice(None, ways[-1].refusal if ways else None, words)
    soon = [way for way in open_ways if _opens_at(way, now) <= now + within]
    if not soon:
        first = min(open_ways, key=lambda way: _opens_at(way, now))
        return Choice(first.channel, first.refusal, words)
    best = max(soon, key=lambda way: answer_rate(way.answers, now))
    return Choice(best.channel, best.refusal, words)


def _opens_at(way: Way, now: Moment) -> float:
    if way.refusal is None:
        return now
    return way.refusal.retry_at if way.refusal.retry_at is not None else math.inf


def _decayed(answers: Answers | None, now: Moment) -> Answers:
    if answers is None:
        return Answers(0.0, 0.0, now)
    if now <= answers.at:
        return answers
    left = math.exp2(-(now - answers.at) / HALF_LIFE)
    return Answers(answers.sent * left, answers.answered * left, now, answers.last)


def _words(way: Way, now: Moment) -> str:
    if way.refusal is not None:
        return f"{way.channel} not now: {way.refusal.reason.value}"
    return f"{way.channel} answered {answer_rate(way.answers, now):.0%}"
