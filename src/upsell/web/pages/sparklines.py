"""Sparklines: what was known of an effect over time, as small pictures, its interval always around it.

For lists, where a row has no room for a chart. The law: zero is in the picture, a moment at which nothing
could be said leaves a gap, and the words beside it say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from upsell.measurement.answers import Effect
from upsell.measurement.charts.readings import Reading
from upsell.measurement.lift import Lift
from upsell.runtime.results import day_words, effect_words

WIDTH = 160
"""Width of every picture in its own units."""

HEIGHT = 40
"""Height of every picture in its own units."""

_SIDE = 6
_EDGE = 5


class Stretch(msgspec.Struct, frozen=True):
    """Neighbouring moments at which something could be said, as SVG has them.

    Attributes:
        band: The outline of the interval, as points of a polygon.
        line: The estimates, as points of a line.
    """

    band: str
    line: str


class Sparkline(msgspec.Struct, frozen=True):
    """Where the marks of one picture stand.

    Attributes:
        zero: How high zero stands.
        stretches: What is drawn, the earliest first.
        x: Where the last estimate stands.
        low: How high the lower end of its interval stands.
        high: How high the upper end stands.
        estimate: How high the estimate stands.
    """

    zero: float
    stretches: tuple[Stretch, ...]
    x: float
    low: float
    high: float
    estimate: float


def draw_sparkline(readings: Sequence[Reading]) -> Sparkline | None:
    """Place readings in their order, by when they are; None where nothing could be said at any moment."""
    known = [each.effect for each in readings if isinstance(each.effect, Effect)]
    if not known:
        return None
    marks = [0.0, *(each.low for each in known), *(each.high for each in known)]
    least, span = min(marks), max(marks) - min(marks)
    begins_at, lasts = readings[0].at, readings[-1].at - readings[0].at

    def across(reading: Reading) -> float:
        share = (reading.at - begins_at) / lasts if lasts else 1.0
        return round(_SIDE + share * (WIDTH - 2 * _SIDE), 1)

    def up(value: float) -> float:
        share = (value - least) / span if span else 0.5
        return round(HEIGHT - _EDGE - share * (HEIGHT - 2 * _EDGE), 1)

    last = next(each for each in reversed(readings) if isinstance(each.effect, Effect))
    return Sparkline(
        zero=up(0.0),
        stretches=tuple(
            Stretch(
                band=_points([*((x, up(e.high)) for x, e in told), *((x, up(e.low)) for x, e in told[::-1])]),
                line=_points((x, up(e.estimate)) for x, e in told),
            )
            for is_known, group in groupby(readings, key=lambda each: isinstance(each.effect, Effect))
            if is_known
            for told in [[(across(each), each.effect) for each in group if isinstance(each.effect, Effect)]]
        ),
        x=across(last),
        low=up(known[-1].low),
        high=up(known[-1].high),
        estimate=up(known[-1].estimate),
    )


def sparkline_words(readings: Sequence[Reading], lift: Lift) -> str:
    """Say what a picture shows: from when to when, and what was known last; empty where nothing was.

    Amounts are written as those of a lift are.
    """
    known = [each for each in readings if isinstance(each.effect, Effect)]
    if not known:
        return ""
    first, last = known[0], known[-1]
    said = f"{effect_words(last.effect, lift)} as of {day_words(last.at)}"
    return (
        said if first is last else f"{said}, {effect_words(first.effect, lift)} as of {day_words(first.at)}"
    )


def _points(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)
