"""Intervals as small pictures: a line with its estimate, zero always on the axis.

The picture says nothing that the words beside it do not say; colour is never alone.
"""

from __future__ import annotations

import msgspec

from upsell.measurement.answers import Effect
from upsell.measurement.lift import Lift
from upsell.runtime.truth import Truth

WIDTH = 280
"""Width of every picture in its own units."""

_MARGIN = 14


class IntervalDrawing(msgspec.Struct, frozen=True):
    """Where the marks of one interval stand, from 0 to ``WIDTH``.

    Attributes:
        zero: The zero of the axis.
        low: The interval's lower end.
        high: Its upper end.
        estimate: The estimate.
        truth: The planted truth, None where it is not known.
    """

    zero: float
    low: float
    high: float
    estimate: float
    truth: float | None


def draw_interval(lift: Lift, truth: Truth | None) -> IntervalDrawing | None:
    """Place an effect's marks on one scale that holds zero; None where there is no effect."""
    effect = lift.absolute
    if not isinstance(effect, Effect):
        return None
    planted = [] if truth is None else [truth.effect]
    marks = [0.0, effect.low, effect.high, effect.estimate, *planted]
    least, span = min(marks), max(marks) - min(marks)

    def place(value: float) -> float:
        if span == 0:
            return WIDTH / 2
        return round(_MARGIN + (value - least) / span * (WIDTH - 2 * _MARGIN), 1)

    return IntervalDrawing(
        zero=place(0.0),
        low=place(effect.low),
        high=place(effect.high),
        estimate=place(effect.estimate),
        truth=place(planted[0]) if planted else None,
    )


class LimitDrawing(msgspec.Struct, frozen=True):
    """Where the marks of a rate and its limit stand, from 0 to ``WIDTH``.

    Attributes:
        low: The interval's lower end.
        high: Its upper end.
        estimate: The rate.
        limit: The limit.
    """

    low: float
    high: float
    estimate: float
    limit: float


def draw_beside_limit(
    low: float | None, high: float | None, rate: float | None, limit: float
) -> LimitDrawing | None:
    """Place a rate, its interval and its limit on one scale that holds zero; None without an interval."""
    if low is None or high is None or rate is None:
        return None
    least, most = min(0.0, low), max(high, limit)
    span = most - least or 1.0

    def place(value: float) -> float:
        return round(_MARGIN + (value - least) / span * (WIDTH - 2 * _MARGIN), 1)

    return LimitDrawing(place(low), place(high), place(rate), place(limit))
