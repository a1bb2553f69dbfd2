"""Breakers: a provider that fails time and again is left alone for a while.

closed - open - half-open. The law: while one is open nothing is handed to its provider, and after a
pause one letter tries; if that fails the next pause is twice as long.
"""

from __future__ import annotations

import enum

from upsell.clock import MINUTE, SECOND, Duration, Moment

FAILURES = 5
"""How many failures in a row open a breaker."""

FIRST_PAUSE: Duration = 30 * SECOND
"""How long a breaker is open at first."""

LONGEST_PAUSE: Duration = 30 * MINUTE
"""How long a breaker is open at most."""

PATIENCE: Duration = 2 * MINUTE
"""After which a letter that tried and was never heard of is given up, and another may try."""


class Standing(enum.Enum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Watches what became of letters at one provider.

    Attributes:
        failures: Failures in a row.
        reason: What the last failure said.
        opens_at: When it is no longer open, 0 when it never was.
    """

    def __init__(self) -> None:
        """Begin closed."""
        self.failures = 0
        self.reason = ""
        self.opens_at: Moment = 0
        self._pause = 0
        self._trying_since: Moment | None = None

    def standing(self, now: Moment) -> Standing:
        """Say where it stands."""
        if self._pause == 0:
            return Standing.CLOSED
        return Standing.OPEN if now < self.opens_at else Standing.HALF_OPEN

    def may_try(self, now: Moment) -> bool:
        """Tell whether a letter may be handed over now."""
        standing = self.standing(now)
        return standing is Standing.CLOSED or (standing is Standing.HALF_OPEN and not self._is_trying(now))

    def free_at(self, now: Moment) -> Moment:
        """Give when it is to be asked again: now unless it is open, or half-open with a letter trying."""
        if self.may_try(now):
            return now
        if self.standing(now) is Standing.OPEN:
            return self.opens_at
        return (self._trying_since or now) + PATIENCE

    def begin(self, now: Moment) -> None:
        """Say that a letter is about to be handed over."""
        if self.standing(now) is Standing.HALF_OPEN:
            self._trying_since = now

    def stop_trying(self) -> None:
        """Say that the letter that was to try does not go after all."""
        self._trying_since = None

    def succeed(self) -> None:
        """Say that the provider answered: it closes."""
        self.failures, self.reason = 0, ""
        self._pause, self._trying_since = 0, None

    def fail(self, now: Moment, reason: str) -> None:
        """Say that the provider failed; what was under way when it opened does not make the pause longer."""
        self.failures += 1
        self.reason = reason
        standing = self.standing(now)
        self._trying_since = None
        if standing is Standing.HALF_OPEN:
            self._pause = min(LONGEST_PAUSE, 2 * self._pause)
            self.opens_at = now + self._pause
        elif standing is Standing.CLOSED and self.failures >= FAILURES:
            self._pause = FIRST_PAUSE
            self.opens_at = now + self._pause

    def _is_trying(self, now: Moment) -> bool:
        return self._trying_since is not None and now < self._trying_since + PATIENCE
