"""Buckets: how fast letters may go, to a provider and to a domain.

For the routes of mail. The law: in any window of length ``t`` no more than ``rate * t + burst`` are let
through. Everything is counted in whole numbers, so no rounding adds up. Source: ITU-T I.371, the generic
cell rate algorithm in its virtual scheduling form.
"""

from __future__ import annotations

import msgspec

from upsell.clock import HOUR, SECOND, Duration, Moment

MOST_PLANNED = 100_000
"""How many letters of one line are told their place; those behind them ask again when it is free."""

FORGOTTEN_AFTER: Duration = HOUR
"""How long after the last turn of a line whoever was told one and did not come is forgotten."""


class Rate(msgspec.Struct, frozen=True):
    """So many in so long."""

    count: int
    per: Duration

    @property
    def burst(self) -> int:
        """How many may go at once: what a tenth of a second brings, and one at least."""
        return max(1, self.count * SECOND // (10 * self.per))


class Bucket:
    """Lets through as many as a rate allows; it is full at first."""

    def __init__(self, rate: Rate) -> None:
        """Begin with nobody let through."""
        self._rate = rate
        self._shared = 1
        # The moment at which the bucket is full again, in parts of a microsecond: times the rate's count.
        self._full_at = 0
        self._taken_at: Moment | None = None

    def share(self, among: int) -> None:
        """Let through an equal share of the rate from now on, where several processes keep to it."""
        self._shared = max(1, among)

    @property
    def _each(self) -> int:
        return self._rate.per * self._shared

    @property
    def _slack(self) -> int:
        return (max(1, self._rate.burst // self._shared) - 1) * self._each

    def available(self, now: Moment) -> int:
        """Give how many may go now."""
        start = max(now * self._rate.count, self._full_at)
        return max(0, (now * self._rate.count + self._slack - start) // self._each + 1)

    def is_full(self, now: Moment) -> bool:
        """Whether it is as if nobody had ever been let through."""
        return self._full_at <= now * self._rate.count

    def next_at(self, now: Moment) -> Moment:
        """Give when the next may go, now at the earliest."""
        return max(now, -((self._slack - self._full_at) // self._rate.count))

    def take(self, now: Moment) -> bool:
        """Let one through, if one may go."""
        if self.available(now) < 1:
            return False
        self._full_at = max(now * self._rate.count, self._full_at) + self._each
        self._taken_at = now
        return True

    def give_back(self, now: Moment) -> None:
        """Undo one that was let through at this very moment and does not go; a later one stays taken."""
        if self._taken_at == now:
            self._full_at -= self._each


class Line:
    """Letters waiting for a bucket in the order they came, each told once when its turn is."""

    def __init__(self, bucket: Bucket, spacing: Duration) -> None:
        """Wait for ``bucket``, which lets one through each ``spacing``."""
        self.bucket = bucket
        self._spacing = spacing
        self._ends_at: Moment = 0
        self._turns: set[str] = set()

    def share(self, among: int) -> None:
        """Keep to an equal share of the rate from now on."""
        self.bucket.share(among)

    def is_at_rest(self, now: Moment) -> bool:
        """Whether nobody waits and as many may go at once as ever."""
        return not self._turns and self.bucket.is_full(now)

    def admit(self, key: str, now: Moment) -> Moment | None:
        """Let a letter go, giving None; otherwise give when it is to come again.

        Who was told a turn goes before all who were not, and who comes anew waits behind the last.
        """
        if self._ends_at + FORGOTTEN_AFTER <= now:
            self._turns.clear()
        if key in self._turns:
            if not self.bucket.take(now):
                return max(now + 1, self.bucket.next_at(now))
            self._turns.remove(key)
            return None
        if self._ends_at <= now and self.bucket.take(now):
            return None
        turn = max(self._ends_at, self.bucket.next_at(now), now + 1)
        if len(self._turns) < MOST_PLANNED:
            self._turns.add(key)
            self._ends_at = turn + self._spacing
        return turn
