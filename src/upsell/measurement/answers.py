"""What a reading may answer: an effect with its interval, or why the data cannot say.

For every estimator of this room. The law: a number that cannot be computed is ``Undetermined``
with a member of a closed set of reasons, never a zero and never a p-value of one.
"""

from __future__ import annotations

import enum

import msgspec

LEVEL = 0.95
"""Confidence of every interval."""


class UndeterminedReason(enum.Enum):
    """Why the data cannot say."""

    NO_UNITS = "no_units"
    ARM_EMPTY = "arm_empty"
    WINDOW_OPEN = "window_open"
    TOO_FEW = "too_few"
    NO_VARIATION = "no_variation"
    TOO_SKEWED = "too_skewed"
    BASE_TOO_NEAR_ZERO = "base_too_near_zero"
    SHARES_UNCLEAR = "shares_unclear"
    SAMPLE_RATIO = "sample_ratio"
    OUT_OF_REACH = "out_of_reach"
    CLUSTERED = "clustered"
    NOT_TOLD = "not_told"


class Undetermined(msgspec.Struct, frozen=True, tag="undetermined", tag_field="kind"):
    """A number the data cannot give.

    Attributes:
        reason: Member of the closed set.
        detail: What was seen and what would be needed, in plain words.
    """

    reason: UndeterminedReason
    detail: str


class Effect(msgspec.Struct, frozen=True, tag="effect", tag_field="kind"):
    """A difference between two arms with its two-sided confidence interval.

    Attributes:
        estimate: The estimated difference, in the unit its owner states.
        low: Lower end of the interval.
        high: Upper end of the interval.
        level: Confidence of the interval as a fraction.
    """

    estimate: float
    low: float
    high: float
    level: float = LEVEL
