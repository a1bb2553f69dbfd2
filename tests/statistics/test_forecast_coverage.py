"""The forecast's interval covers the truth as often as it says, where use is what it is made for.

Oracle: planted truth; lives go on at the same law after the forecast, and the day their limit is
reached is looked up. The interval is of 90 %, over lives whose limit is reached within the horizon.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from upsell.signals.forecast import passage_days

LIVES = 2_000
AHEAD = 400
Draw = Callable[[np.random.Generator, tuple[int, int]], NDArray[np.float64]]

LAWS: dict[str, Draw] = {
    "steady": lambda luck, shape: luck.poisson(50, shape).astype(float),
    "bursty": lambda luck, shape: luck.gamma(0.7, 70, shape),
    "seldom": lambda luck, shape: luck.poisson(0.6, shape) * luck.exponential(100, shape),
}


def covered(law: Draw, days: int, left_days: float) -> float:
    """Give how often the interval holds the day on which as much is used as in so many days."""
    luck = np.random.default_rng(7)
    known, ahead = law(luck, (LIVES, days)), law(luck, (LIVES, AHEAD))
    left = float(known.mean()) * left_days
    summed = np.cumsum(ahead, axis=1)
    hits = asked = 0
    for before, after in zip(known, summed, strict=True):
        _, least, most = passage_days([float(amount) for amount in before], left)
        if least is None:
            continue
        asked += 1
        day = int(np.searchsorted(after, left))
        start = float(after[day - 1]) if day else 0.0
        # Within the day use is taken as even, as the forecast takes it.
        reached = day + (left - start) / (float(after[day]) - start)
        hits += least <= reached and (most is None or reached <= most)
    return hits / asked


@pytest.mark.parametrize(("name", "days"), [("steady", 14), ("steady", 28), ("bursty", 28)])
def test_nine_in_ten_limits_are_reached_within_the_interval(name: str, days: int) -> None:
    assert 0.87 <= covered(LAWS[name], days, 12.0) <= 0.97


@pytest.mark.parametrize(
    ("name", "days", "least"),
    [
        ("bursty", 14, 0.83),
        ("seldom", 28, 0.85),
        ("steady", 7, 0.85),
        ("bursty", 7, 0.8),
        ("seldom", 7, 0.75),
    ],
)
def test_few_days_of_use_in_lumps_are_covered_less_often_as_the_page_says(
    name: str, days: int, least: float
) -> None:
    assert covered(LAWS[name], days, 10.0) >= least
