"""What a compiled rule may ask of the world: the counters it reads and the view it is given.

``Counter`` says what must be counted so that a rule can be asked; ``Facts`` is the view through
which the compiled closure reads it. The law: a rule sees nothing but its ``Facts``, so the same
closure answers live, in a backtest and in an explanation.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Protocol, TypeAlias

import msgspec

from upsell.clock import DAY, HOUR, Duration, Moment

Scalar: TypeAlias = bool | int | float | str | None
"""A JSON scalar: what a trait or a property holds, as far as a rule can see it."""


_derived = property  # a counter has a field of that name, which hides the builtin


class Measure(enum.Enum):
    """What a counter keeps of the events it counts."""

    COUNT = "count"
    SUM = "sum"
    DISTINCT = "distinct"
    FIRST = "first"
    LAST = "last"
    TREND = "trend"


class Counter(msgspec.Struct, frozen=True):
    """What must be kept of a unit's events so that a rule can be asked at any moment.

    Attributes:
        measure: What is kept. ``TREND`` keeps counts over twice the window.
        event: Name of the event counted.
        property: The property summed or told apart, for ``SUM`` and ``DISTINCT``.
        condition: Rule text over ``properties.*`` in canonical form, or None for every event.
        window: Length of the window in microseconds; None for ``FIRST`` and ``LAST``.
        tile: Width in microseconds to which moments are rounded down: an event at ``t`` is inside
            ``(now - window, now]`` when ``t // tile > (now - window) // tile``. 1 is exact.
    """

    measure: Measure
    event: str
    property: str | None = None
    condition: str | None = None
    window: Duration | None = None
    tile: Duration = 1

    @_derived
    def key(self) -> str:
        """The counter's name in a profile: the same text for the same meaning in any revision."""
        parts = (
            self.measure.value,
            self.event,
            self.property or "",
            self.condition or "",
            str(self.window or ""),
        )
        return "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)


def tile_of(window: Duration) -> Duration:
    """Give the tile width for a window: exact up to 7 days, an hour up to 62 days, else a day.

    Tiles bound what a profile keeps; SQL uses the same width, so every interpreter agrees.
    """
    if window <= 7 * DAY:
        return 1
    return HOUR if window <= 62 * DAY else DAY


KEPT_MOMENTS = frozenset({"subscription", "cart"})
"""Scopes whose moments are kept as integers."""


FIT = "fit"
"""The scope of the plan that fits: reckoned when it is read, and changed by time alone."""


class Facts(Protocol):
    """The view of one unit at one moment that a rule is asked over.

    Mappings hold JSON scalars by name; a name that is absent is null. Moments inside the scopes of
    ``KEPT_MOMENTS`` are ``Moment`` integers; in traits they are ISO 8601 text with a zone.
    Counters are asked by ``Counter.key``.
    """

    now: Moment
    customer: Mapping[str, Scalar]
    account: Mapping[str, Scalar]
    plan: Mapping[str, Scalar]
    subscription: Mapping[str, Scalar]

    @_derived
    def cart(self) -> Mapping[str, Scalar]:
        """Give what is known of a customer's cart; nothing for an account."""
        ...

    @_derived
    def fit(self) -> Mapping[str, Scalar]:
        """Give what is known of the plan that fits; nothing where nothing can be said."""
        ...

    def fit_changes_at(self) -> Moment | None:
        """Give an instant, never later than the true one, at which time alone changes the plan that fits."""
        ...

    def usage(self, metric: str) -> float | None:
        """Give the amount of a metric used in the present period; None when never recorded."""
        ...

    def limit(self, metric: str) -> float | None:
        """Give the limit of a metric; None when the plan states none."""
        ...

    def limits_change_at(self) -> Moment | None:
        """Give when limits next change by time alone; None when they do not."""
        ...

    def days_to_limit(self, metric: str) -> float | None:
        """Give the days until the limit is expected to be reached; None where it is not expected."""
        ...

    def days_to_limit_at_least(self, metric: str) -> float | None:
        """Give the days within which it is reached with a chance of 5 %; None beyond the horizon."""
        ...

    def days_to_limit_at_most(self, metric: str) -> float | None:
        """Give the days within which it is reached with a chance of 95 %; None beyond the horizon."""
        ...

    def forecast_changes_at(self, metric: str) -> Moment | None:
        """Give an instant, never later than the true one, at which time alone changes these days."""
        ...

    def usage_changes_at(self) -> Moment | None:
        """Give when the usage period ends and usage starts anew by time alone; None when unknown."""
        ...

    def count(self, key: str) -> int:
        """Give how many events are in the window of a ``COUNT`` counter."""
        ...

    def total(self, key: str) -> float:
        """Give the sum of the property over the window of a ``SUM`` counter; 0.0 over no events."""
        ...

    def distinct(self, key: str) -> int:
        """Give how many different values of the property are in a ``DISTINCT`` counter's window."""
        ...

    def first(self, key: str) -> Moment | None:
        """Give when the first counted event occurred."""
        ...

    def last(self, key: str) -> Moment | None:
        """Give when the last counted event occurred."""
        ...

    def trend(self, key: str) -> float | None:
        """Give the count in ``(now - w, now]`` over that in ``(now - 2w, now - w]``; None over 0."""
        ...

    def falls_below_at(self, key: str, least: int) -> Moment | None:
        """Give the first instant at which a ``COUNT`` falls below ``least`` by time alone.

        None when the count is below ``least`` already.
        """
        ...

    def changes_at(self, key: str) -> Moment | None:
        """Give the next instant at which a windowed counter changes by time alone; None if never.

        Never later than the true instant.
        """
        ...
