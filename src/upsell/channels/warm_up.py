"""Warm-up: a provider or an address nobody knows yet is given more letters day by day.

The law: no day has more letters than its cap, and once the last step is reached there is none. Days are
UTC's.
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

from upsell.clock import DAY, Moment

LONGEST = 3650
"""After how many days no warm-up goes on."""


class WarmUp(msgspec.Struct, frozen=True):
    """A schedule.

    Attributes:
        start: The first day, counted in days since 1970-01-01; before it nothing goes.
        first: How many letters go on the first day.
        growth_rate: By which part of itself each day is more than the one before: 0.5 is half as many again.
        up_to: The day that would have so many, and every later one, has no cap.
    """

    start: int
    first: int
    growth_rate: Fraction
    up_to: int

    def cap(self, day: int) -> int | None:
        """Give how many letters may go on a day, whole ones; None when as many as there are."""
        if day < self.start:
            return 0
        if day - self.start > LONGEST:
            return None
        cap = Fraction(self.first)
        for _ in range(day - self.start):
            if cap >= self.up_to:
                return None
            cap *= 1 + self.growth_rate
        return None if cap >= self.up_to else int(cap)


def day_of(at: Moment) -> int:
    """Give the day a moment is in, in UTC."""
    return at // DAY
