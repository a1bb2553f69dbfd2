"""Bounds: what an event from outside may be at most, the same for files and for HTTP."""

from __future__ import annotations

from typing import Final

from upsell.clock import HOUR, Duration

LARGEST_EVENT: Final = 32 * 1024
"""The most bytes one event may have as JSON."""

LARGEST_BATCH: Final = 500 * 1024
"""The most bytes one HTTP request may have."""

LONGEST_NAME: Final = 200
"""The most characters of an id or an event's name."""

FARTHEST_AHEAD: Final[Duration] = 24 * HOUR
"""How far in the future an event may say it happened: clocks differ, but not by more."""
