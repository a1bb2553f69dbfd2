"""Spacing: how long each channel deserves to be silent between two messages to one person.

For the lint ``wait-too-short`` and its page. The lengths are this program's convention, not a law: the more
a channel interrupts, the longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, assert_never

from upsell.clock import HOUR, Duration
from upsell.decisions.reach import EMAIL, PROMPT, PUSH, SMS, TASK, TRIAL
from upsell.journeys.speaking import SpeakingStep
from upsell.journeys.steps import MessageStep, PromptStep, TaskStep, TrialStep

LEAST: Final[Mapping[str, Duration]] = {
    EMAIL: 24 * HOUR,
    SMS: 48 * HOUR,
    PUSH: 12 * HOUR,
    PROMPT: 0,
    TASK: 0,
    TRIAL: 0,
}
"""The least time between two messages on one channel; a prompt waits to be met, a trial is given."""


def least_between(first: str, second: str) -> Duration:
    """Give the least time between messages on two channels: the shorter of what each deserves.

    A channel that is not in the table is taken for mail.
    """
    return min(LEAST.get(first, LEAST[EMAIL]), LEAST.get(second, LEAST[EMAIL]))


def channels_of(step: SpeakingStep) -> tuple[str, ...]:
    """Give the channels a step may go by; ``task``, ``prompt`` and ``trial`` for what no channel carries."""
    match step:
        case TaskStep():
            return (TASK,)
        case PromptStep():
            return (step.channel or PROMPT,)
        case TrialStep():
            return (TRIAL,)
        case MessageStep():
            return step.channels
        case _:
            assert_never(step)
