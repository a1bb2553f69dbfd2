"""Routes: which provider a letter goes to, and when, so that no limit is broken.

For the dispatcher, which asks before it asks the gate, and for the email channel, which tells what became
of each letter. The law: a letter goes to the first provider that is not left alone and has room today; one
that is over a rate waits for its turn there and goes to nobody else. Nothing here speaks to anybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from upsell.channels.breaker import Breaker, Standing
from upsell.channels.buckets import Bucket, Line
from upsell.channels.channel import Answer, Receipt
from upsell.channels.providers import Provider
from upsell.channels.warm_up import day_of
from upsell.clock import DAY, SECOND, Moment

OTHERS = "*"
"""What stands for each domain that has no rate of its own."""

MOST_LINES = 10_000
"""How many domains a provider keeps a line for before it forgets those at rest."""


class Held(msgspec.Struct, frozen=True):
    """A letter that may not go yet: when it is to come again, and why, for people."""

    until: Moment
    why: str


class Known(msgspec.Struct, frozen=True):
    """What is known of a provider while the program runs.

    Attributes:
        provider: What it is called.
        standing: Where its breaker stands.
        free_at: When it may be tried again, where it is not closed.
        failures: Failures in a row.
        reason: What the last failure said.
        counts: How many letters each answer was given to since the program began.
    """

    provider: str
    standing: Standing
    free_at: Moment | None
    failures: int
    reason: str
    counts: dict[Answer, int]


class Route:
    """One provider with what is known of it.

    Attributes:
        provider: The provider.
        breaker: What watches it.
        room: How many letters it was granted for a day of its warm-up: the day, and what is left.
        full_day: The last day that had no room left when it was asked.
    """

    def __init__(self, provider: Provider) -> None:
        """Know nothing yet."""
        self.provider = provider
        self.breaker = Breaker()
        self.room: tuple[int, int] = (0, 0)
        self.full_day = -1
        self.counts: Counter[Answer] = Counter()
        self._bucket = Bucket(provider.rate) if provider.rate is not None else None
        self._lines: dict[str, Line] = {}
        self._among = 1

    def share(self, among: int) -> None:
        """Keep to an equal share of every rate, where so many processes send through the provider."""
        self._among = among
        for each in (self._bucket, *self._lines.values()):
            if each is not None:
                each.share(among)

    def is_full(self, now: Moment) -> bool:
        """Whether the day of a warm-up has no more room for anybody."""
        schedule, day = self.provider.warm_up, day_of(now)
        return schedule is not None and (self.full_day == day or schedule.cap(day) == 0)

    def room_left(self, now: Moment) -> int | None:
        """Give how many more letters were granted for today; None where the day has no cap."""
        schedule = self.provider.warm_up
        if schedule is None or schedule.cap(day_of(now)) is None:
            return None
        day, left = self.room
        return left if day == day_of(now) else 0

    def available(self, now: Moment) -> int | None:
        """Give how many letters its rate lets go now, None for as many as there are."""
        return self._bucket.available(now) if self._bucket is not None else None

    def next_at(self, now: Moment) -> Moment:
        """Give when its rate lets the next one go."""
        return self._bucket.next_at(now) if self._bucket is not None else now

    def admit(self, key: str, domain: str, now: Moment) -> Held | None:
        """Let a letter go now, or say until when it waits."""
        if self._bucket is not None and not self._bucket.take(now):
            return Held(max(now + 1, self._bucket.next_at(now)), f"over the rate of {self.provider.name}")
        line = self._line(domain, now)
        turn = line.admit(key, now) if line is not None else None
        if turn is not None:
            if self._bucket is not None:
                self._bucket.give_back(now)
            return Held(turn, f"over the rate of {self.provider.name} for {domain}")
        if self.room_left(now) is not None:
            self.room = (self.room[0], self.room[1] - 1)
        self.breaker.begin(now)
        return None

    def give_back(self, domain: str, now: Moment) -> None:
        """Undo what was let through at this very moment and does not go after all."""
        if self._bucket is not None:
            self._bucket.give_back(now)
        line = self._line(domain, now)
        if line is not None:
            line.bucket.give_back(now)
        if self.room_left(now) is not None:
            self.room = (self.room[0], self.room[1] + 1)
        self.breaker.stop_trying()

    def _line(self, domain: str, now: Moment) -> Line | None:
        rates = self.provider.domain_rates
        rate = rates.get(domain) or rates.get(OTHERS)
        if rate is None:
            return None
        line = self._lines.get(domain)
        if line is None:
            if len(self._lines) >= MOST_LINES:
                self._lines = {name: kept for name, kept in self._lines.items() if not kept.is_at_rest(now)}
            line = self._lines[domain] = Line(Bucket(rate), rate.per // rate.count)
            line.share(self._among)
        return line


class Routes:
    """The providers in the order in which they are tried.

    Attributes:
        all: Each with what is known of it.
    """

    def __init__(self, providers: Sequence[Provider]) -> None:
        """Know nothing of them yet; there is at least one."""
        self.all = tuple(Route(provider) for provider in providers)
        self._by_name = {route.provider.name: route for route in self.all}

    def share(self, among: int) -> None:
        """Keep to an equal share of every rate, where so many processes send."""
        for route in self.all:
            route.share(among)

    def capacity(self, now: Moment, most: int) -> int:
        """Give how many letters may go now, at most ``most``, domains aside."""
        total = 0
        for route in self.all:
            if not route.breaker.may_try(now):
                continue
            room, available = route.room_left(now), route.available(now)
            may_go = most - total if available is None else available
            if route.breaker.standing(now) is Standing.HALF_OPEN:
                may_go = min(may_go, 1)
            if room is None or may_go <= room:
                # What is over a rate waits here; only what today has no room for goes on.
                return min(most, total + may_go)
            total += room
        return min(most, total)

    def resumes_at(self, now: Moment) -> Moment:
        """Give when a letter may go next: now, or when the first of the providers is free."""
        moments = []
        for route in self.all:
            at = route.breaker.free_at(now)
            if route.is_full(at):
                at = max(at, (day_of(at) + 1) * DAY)
            at = max(at, route.next_at(now))
            moments.append(at)
        return max(now, min(moments))

    def admit(self, key: str, domain: str, now: Moment) -> str | Held:
        """Give the provider a letter goes to now, or until when it waits."""
        for route in self.all:
            if route.breaker.may_try(now) and route.room_left(now) != 0:
                return route.admit(key, domain, now) or route.provider.name
        return Held(max(now + SECOND, self.resumes_at(now)), self._why(now))

    def give_back(self, provider: str, domain: str, now: Moment) -> None:
        """Undo an admission of this very moment: the letter is not to go after all."""
        self._by_name[provider].give_back(domain, now)

    def hear(self, provider: str, receipt: Receipt, now: Moment) -> bool:
        """Take what became of a letter; give whether the provider may be told more."""
        route = self._by_name[provider]
        route.counts[receipt.answer] += receipt.is_begun
        if receipt.is_fault:
            route.breaker.fail(now, receipt.detail)
        elif receipt.is_begun:
            route.breaker.succeed()
        return route.breaker.standing(now) is Standing.CLOSED

    def known(self, now: Moment) -> list[Known]:
        """Give what is known of each provider."""
        found = []
        for route in self.all:
            breaker = route.breaker
            standing = breaker.standing(now)
            free_at = None if standing is Standing.CLOSED else breaker.free_at(now)
            found.append(
                Known(
                    route.provider.name,
                    standing,
                    free_at,
                    breaker.failures,
                    breaker.reason,
                    dict(route.counts),
                )
            )
        return found

    def _why(self, now: Moment) -> str:
        """Say why no provider takes a letter."""
        words = [
            f"{route.provider.name} has had its letters of the day"
            if route.breaker.may_try(now)
            else f"{route.provider.name} is left alone: {route.breaker.reason}"
            for route in self.all
        ]
        return "; ".join(words)
