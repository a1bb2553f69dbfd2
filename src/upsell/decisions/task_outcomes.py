"""Task outcomes: what may come of work for a person, and what each means to the customer's offers.

The law: an outcome says what a customer said, never what they pay. Won is no revenue and no goal; only
the upgrade itself is.
"""

from __future__ import annotations

import enum
from typing import assert_never

from upsell.decisions.declines import Answer
from upsell.errors import ConfigError, nearest


class TaskOutcome(enum.Enum):
    """What came of a task."""

    MEETING_SET = "meeting_set"
    OPPORTUNITY = "opportunity"
    WON = "won"
    LOST = "lost"
    NOT_NOW = "not_now"
    NO_ANSWER = "no_answer"
    CAUSE_ENDED = "cause_ended"
    DROPPED = "dropped"


MEANINGS: dict[TaskOutcome, str] = {
    TaskOutcome.MEETING_SET: "a meeting was set",
    TaskOutcome.OPPORTUNITY: "an opportunity was opened, worth the amount",
    TaskOutcome.WON: "they said yes; the goal is reached by the upgrade itself",
    TaskOutcome.LOST: "they said no: what was offered is never offered again",
    TaskOutcome.NOT_NOW: "they said not now: what was offered rests",
    TaskOutcome.NO_ANSWER: "nobody was reached",
    TaskOutcome.CAUSE_ENDED: "what it was about is over, so nobody need do it",
    TaskOutcome.DROPPED: "nobody does it",
}
"""What each outcome means, in words for people."""


SAID: tuple[TaskOutcome, ...] = tuple(each for each in TaskOutcome if each is not TaskOutcome.CAUSE_ENDED)
"""What a person may say came of a task; that its cause ended, the engine says alone."""


def read_outcome(said: object) -> TaskOutcome | None:
    """Read an outcome in whatever letters it was told; None for words of a team's own, which stay words."""
    word = "_".join(str(said).casefold().replace("-", " ").replace("_", " ").split())
    return next((each for each in TaskOutcome if each.value == word), None)


def find_outcome(said: str) -> TaskOutcome:
    """Give the outcome that somebody closes a task with.

    Raises:
        ConfigError: It is none; names those that a person may say.
    """
    outcome = read_outcome(said)
    if outcome is not None:
        return outcome
    names = [each.value for each in SAID]
    near = nearest(said, names)
    hint = f"; did you mean {near}?" if near else ""
    msg = f"expected an outcome, one of {', '.join(names)}, got {said[:80]!r}{hint}"
    raise ConfigError(msg)


def answer_of(outcome: TaskOutcome) -> Answer | None:
    """Give what a customer's own answer to the offer would have been, None where they gave none."""
    match outcome:
        case TaskOutcome.LOST:
            return Answer.NEVER
        case TaskOutcome.NOT_NOW:
            return Answer.NOT_NOW
        case (
            TaskOutcome.MEETING_SET
            | TaskOutcome.OPPORTUNITY
            | TaskOutcome.WON
            | TaskOutcome.NO_ANSWER
            | TaskOutcome.CAUSE_ENDED
            | TaskOutcome.DROPPED
        ):
            return None
        case _:
            assert_never(outcome)
