"""Backlog: what a long outage held up is sent spread out, not in a burst.

The law: a message that is late because nobody was working waits up to an hour more, by a hash of its
key, and is asked about again before it is sent like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from upsell.clock import HOUR, Duration, Moment
from upsell.ids import share
from upsell.journeys.effects import Speak

LATE_AFTER: Duration = 1 * HOUR
"""How long after it was decided a message counts as held up."""

LONGEST_SPREAD: Duration = 1 * HOUR
"""The stretch over which what was held up is sent at most."""


def spread_backlog(messages: Iterable[Speak], now: Moment) -> Mapping[str, Moment]:
    """Give when messages that were held up are sent first, by key; those that were not are left out.

    They are spread evenly over as long as they are late, at most an hour.
    """
    return {
        message.key: now + int(share("backlog", message.key) * min(late, LONGEST_SPREAD))
        for message in messages
        if (late := now - message.reserved_at) > LATE_AFTER
    }
