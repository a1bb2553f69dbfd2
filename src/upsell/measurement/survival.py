"""The estimator of how long something takes: Kaplan and Meier from daily counts.

For the time from exposure to upgrade, held-out units beside treated. The law: it sees how many reached the
goal on a day and how many were last watched on it, never a row; what was not seen is not guessed.

Regime. At least ``LEAST`` were watched. The estimate is Kaplan and Meier's (JASA 53, 1958), its interval at
a day Greenwood's variance on the scale of log(-log S) (Kalbfleisch and Prentice, The Statistical Analysis of
Failure Time Data, 1980, section 1.3), so that it stays within 0 and 1; it leans on independent censoring.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import exp, log, sqrt
from statistics import NormalDist

import msgspec

from upsell.measurement.answers import LEVEL, Undetermined, UndeterminedReason

LEAST = 30
"""How many must be watched before anything is told."""

_Z = NormalDist().inv_cdf((1 + LEVEL) / 2)


class DayCount(msgspec.Struct, frozen=True):
    """What was seen on one day after exposure, 0 for the first 24 hours.

    Attributes:
        reached: How many reached the goal on it.
        watched_last: How many were watched on it for the last time, those who reached the goal among them.
    """

    reached: int
    watched_last: int


class SurvivalStep(msgspec.Struct, frozen=True):
    """How many had not reached the goal by the end of a day.

    Attributes:
        day: The day after exposure, 0 for the first 24 hours.
        watched: How many were still watched at its beginning.
        reached: How many of them reached the goal on it.
        waiting: The estimated share that had not by its end, 0 to 1.
        low: Lower end of its interval.
        high: Upper end.
    """

    day: int
    watched: int
    reached: int
    waiting: float
    low: float
    high: float


class Survival(msgspec.Struct, frozen=True):
    """How long it takes, as far as it was seen.

    Attributes:
        units: How many were watched.
        reached: How many of them were seen to reach the goal.
        steps: Each day somebody reached it on, in order.
        median_days: The first day by whose end half had, or why that is not known.
        level: Confidence of the intervals, each at one day.
    """

    units: int
    reached: int
    steps: tuple[SurvivalStep, ...]
    median_days: int | Undetermined
    level: float = LEVEL


def survival_of(days: Mapping[int, DayCount]) -> Survival | Undetermined:
    """Estimate how long it takes from counts by day, or say why that cannot be told."""
    units = sum(count.watched_last for count in days.values())
    if units == 0:
        return Undetermined(UndeterminedReason.NO_UNITS, "nobody was watched")
    if units < LEAST:
        return Undetermined(UndeterminedReason.TOO_FEW, f"{units:,} were watched; {LEAST} are needed")
    steps = tuple(_steps(days, units))
    median = next((step.day for step in steps if step.waiting <= 0.5), None)
    reached = sum(step.reached for step in steps)
    return Survival(
        units=units,
        reached=reached,
        steps=steps,
        median_days=median
        if median is not None
        else Undetermined(
            UndeterminedReason.OUT_OF_REACH,
            f"fewer than half were seen to reach the goal: {reached:,} of {units:,}",
        ),
    )


def add_days(parts: Iterable[tuple[int, int, int]]) -> dict[int, DayCount]:
    """Add counts by day, each as day, reached and watched last."""
    found: dict[int, DayCount] = {}
    for day, reached, last in parts:
        had = found.get(day, DayCount(0, 0))
        found[day] = DayCount(had.reached + reached, had.watched_last + last)
    return found


def _steps(days: Mapping[int, DayCount], units: int) -> Iterable[SurvivalStep]:
    """Give the estimate at each day somebody reached the goal on; who leaves on a day was there all of it."""
    watched, waiting, greenwood = units, 1.0, 0.0
    for day, count in sorted(days.items()):
        if count.reached:
            waiting *= 1 - count.reached / watched
            if watched > count.reached:
                greenwood += count.reached / (watched * (watched - count.reached))
            low, high = _interval(waiting, greenwood)
            yield SurvivalStep(day, watched, count.reached, waiting, low, high)
        watched -= count.watched_last


def _interval(waiting: float, greenwood: float) -> tuple[float, float]:
    """Give the interval of a share between 0 and 1; where everybody reached the goal it says nothing."""
    if not 0 < waiting < 1:
        return 0.0, 1.0
    centre = log(-log(waiting))
    half = _Z * sqrt(greenwood) / -log(waiting)
    return exp(-exp(centre + half)), exp(-exp(centre - half))
