"""Stretches of time on the command line, and members of closed sets."""

from __future__ import annotations

import enum
from typing import TypeVar

from upsell.clock import DAY, SystemClock
from upsell.errors import ConfigError, nearest
from upsell.measurement.metrics import Dimension, Span
from upsell.runtime.moments import moment_of

YEAR = 365 * DAY
"""How long a stretch is whose beginning is not said."""

Name = TypeVar("Name", bound=enum.Enum)


def span_of(
    since: str | None, until: str | None, by: str | None, currency: str, *, is_whole: bool = False
) -> Span:
    """Read a stretch: without an end up to now, without a beginning a year; what came later is not known.

    Raises:
        ConfigError: A moment or a dimension cannot be read, or the stretch ends before it begins.
    """
    asked_end, asked_start = moment_of(until, "--until"), moment_of(since, "--since")
    end = SystemClock().now() if asked_end is None else asked_end
    start = end - YEAR if asked_start is None else asked_start
    if start >= end:
        msg = f"--since: expected a moment before the end of the stretch, got {since}; give an earlier one"
        raise ConfigError(msg)
    dimension = None if by is None else member_of(Dimension, by, "--by")
    return Span(since=start, until=end, as_of=end, currency=currency, by=dimension, is_whole=is_whole)


def member_of(names: type[Name], text: str, option: str) -> Name:
    """Read a member of a closed set by its value.

    Raises:
        ConfigError: There is none of that value.
    """
    known = {str(member.value): member for member in names}
    if text not in known:
        near = nearest(text, known)
        advice = f"did you mean {near}?" if near else f"known are {', '.join(known)}"
        msg = f"{option}: expected a known one, got {text}; {advice}"
        raise ConfigError(msg)
    return known[text]
