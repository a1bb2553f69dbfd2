"""Declines: what somebody said no to, and how long that is remembered.

The law: "not now" rests, and "never" is never. What was declined is the thing, not the offer: another
offer of the same plan is the same question.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from upsell.catalog.offers import Target
from upsell.clock import Duration, Moment
from upsell.decisions.decision import Seen, Verdict
from upsell.decisions.reasons import Reason


class Answer(enum.Enum):
    """How an offer was declined."""

    NOT_NOW = "not_now"
    NEVER = "never"


ANY_THING = "*"
"""Stands for whatever thing a target is about: more seats, or another interval, of any plan."""

_NEVER = frozenset({"never", "never this", "never again", "not ever", "no never", "no, never"})


class Decline(msgspec.Struct, frozen=True, array_like=True):
    """What was answered last about a thing, and when."""

    answer: Answer
    at: Moment


def thing_key(target: Target, thing: str) -> str:
    """Give the key under which a thing's declines are kept."""
    return f"{target.value}/{thing}"


def read_answer(said: object) -> Answer:
    """Read an answer in whatever words a source says it; what is not "never" is "not now"."""
    word = " ".join(str(said).casefold().replace("_", " ").replace("-", " ").split())
    return Answer.NEVER if word in _NEVER else Answer.NOT_NOW


def take_decline(declines: dict[str, Decline], key: str, answer: Answer, at: Moment) -> None:
    """Take an answer about a thing; "never" stays, and of two "not now" the later one."""
    held = declines.get(key)
    if held is not None and (held.answer is Answer.NEVER or held.at > at) and answer is Answer.NOT_NOW:
        return
    declines[key] = Decline(answer, at)


def merge_declines(stays: dict[str, Decline], gone: Mapping[str, Decline]) -> None:
    """Take over what somebody declined who turns out to be the same person."""
    for key, decline in gone.items():
        take_decline(stays, key, decline.answer, decline.at)


def ask_declines(
    declines: Iterable[Mapping[str, Decline]], keys: Sequence[str], rest: Duration, now: Moment
) -> Verdict | None:
    """Say that a thing was declined for good, or rests in ``[at, at + rest)``; None when it is open.

    Args:
        declines: What was declined, of everybody whose answer counts.
        keys: The thing's key first, then those of what is asked with it.
        rest: How long a "not now" rests.
        now: The moment asked about.
    """
    key = keys[0]
    found = [held for each in declines for one in keys if (held := each.get(one)) is not None]
    if any(held.answer is Answer.NEVER for held in found):
        return Verdict(Reason.DECLINED, key, (Seen("answer", Answer.NEVER.value),))
    last = max((held.at for held in found), default=None)
    if last is None or now >= last + rest:
        return None
    return Verdict(Reason.DECLINED, key, (Seen("answer", Answer.NOT_NOW.value),), last + rest)
