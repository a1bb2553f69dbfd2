"""Features: which features of plans are in use, so that no plan is said to fit that lacks one of them.

The law: what is kept of a feature is the day (UTC) it was used last, whatever the order it is told in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from upsell.clock import DAY, Moment
from upsell.signals.events import Event

IN_USE_DAYS: Final = 90
"""For how many days from the day it was used last a feature is in use."""


def take_feature(used: dict[str, int], event: Event, known: Collection[str]) -> None:
    """Take a ``Feature Used`` into what is kept; a feature that no plan has is nothing.

    Args:
        used: The number of the day since 1970 each was used last on; changed in place.
        event: The event; what is said to have happened later than it was told counts for then.
        known: The features that plans have.
    """
    feature = event.properties.get("feature")
    if isinstance(feature, str) and feature in known:
        day = min(event.occurred_at, event.seen_at) // DAY
        used[feature] = max(day, used.get(feature, day))


def in_use(used: Mapping[str, int], now: Moment) -> Iterator[str]:
    """Give the features in use at ``now``."""
    return (feature for feature, day in used.items() if now < _ends_at(day))


def next_unused_at(used: Mapping[str, int], now: Moment) -> Moment | None:
    """Give when time alone next takes a feature out of use, None when none is in use."""
    return min((_ends_at(day) for day in used.values() if now < _ends_at(day)), default=None)


def merge_features(stays: dict[str, int], gone: Mapping[str, int]) -> None:
    """Take what one used into what another did, in place; of one feature the later day."""
    for feature, day in gone.items():
        stays[feature] = max(day, stays.get(feature, day))


def _ends_at(day: int) -> Moment:
    return (day + IN_USE_DAYS) * DAY
