"""Mail routing: what the routes of mail ask of the outbox, and what they tell the store.

For the dispatcher. The law: a letter that is over a rate is put off before the gate is asked; it is not
being sent, is no attempt, and is asked about anew when its turn comes.
"""

from __future__ import annotations

from collections.abc import Mapping

from upsell.channels.routes import Held, Routes
from upsell.channels.warm_up import day_of
from upsell.clock import MINUTE, SECOND, Duration, Moment
from upsell.decisions.addresses import address_on
from upsell.decisions.reach import EMAIL
from upsell.journeys.effects import Speak
from upsell.journeys.household import Household
from upsell.store.connect import Connection
from upsell.store.mail import (
    count_dispatchers,
    forget_dispatcher,
    give_room_back,
    grant_room,
    report_provider,
)
from upsell.store.outbox import Finished, State

REPORTED_EACH: Duration = 5 * SECOND
"""How often a dispatcher says what it knows, and asks how many others there are."""

HEARD_WITHIN: Duration = MINUTE
"""Who has not said anything for so long is gone."""


class MailRouting:
    """Asks the routes of mail on behalf of one dispatcher."""

    def __init__(self, connection: Connection, process: str, routes: Routes) -> None:
        """Work over the dispatcher's connection, by the name it claims under."""
        self._connection = connection
        self._process = process
        self._routes = routes
        self._admitted: dict[str, tuple[str, str]] = {}
        self._reported_at: Moment | None = None
        self._among = 1

    def begin(self, now: Moment, most: int) -> Mapping[str, int]:
        """Begin a batch: give how many letters may be claimed now, by channel."""
        self._report(now)
        self._admitted.clear()
        for route in self._routes.all:
            schedule = route.provider.warm_up
            cap = schedule.cap(day_of(now)) if schedule is not None else None
            if cap is not None and route.breaker.may_try(now):
                day = day_of(now)
                granted = grant_room(self._connection, route.provider.name, day, most, cap)
                route.room = day, granted
                route.full_day = day if granted == 0 else route.full_day
        return {EMAIL: self._routes.capacity(now, most)}

    def end(self) -> None:
        """End a batch: give back the room of the day that it did not use."""
        for route in self._routes.all:
            day, left = route.room
            if left > 0:
                route.room = day, 0
                give_room_back(self._connection, route.provider.name, day, left)

    def admit(self, household: Household, message: Speak, now: Moment) -> Finished | None:
        """Let a mail go now, giving None; otherwise put it off until its turn."""
        person = household.customers.get(message.customer_id)
        address = address_on(EMAIL, person.profile.traits, ()) if person is not None else None
        if address is None:
            return None
        domain = address.rpartition("@")[2].lower()
        admitted = self._routes.admit(message.key, domain, now)
        if isinstance(admitted, Held):
            return Finished(
                message.key, State.RESERVED, admitted.why, next_attempt_at=admitted.until, is_attempt=False
            )
        self._admitted[message.key] = admitted, domain
        return None

    def give_back(self, key: str, now: Moment) -> None:
        """Undo an admission of this batch: the mail does not go after all."""
        admitted = self._admitted.pop(key, None)
        if admitted is not None:
            provider, domain = admitted
            self._routes.give_back(provider, domain, now)

    def provider(self, key: str) -> str:
        """Give whom a mail of this batch goes to, empty where it was not asked about."""
        admitted = self._admitted.get(key)
        return admitted[0] if admitted is not None else ""

    def resumes_at(self, now: Moment) -> Moment:
        """Give when a mail may go next."""
        return self._routes.resumes_at(now)

    def close(self, now: Moment) -> None:
        """Say no more."""
        forget_dispatcher(self._connection, self._process, now)

    def _report(self, now: Moment) -> None:
        """Say what is known, and share every rate with the other dispatchers."""
        if self._reported_at is not None and now < self._reported_at + REPORTED_EACH:
            return
        self._reported_at = now
        with self._connection.transaction():
            for known in self._routes.known(now):
                report_provider(self._connection, self._process, known, now)
        among = count_dispatchers(self._connection, now - HEARD_WITHIN)
        if among != self._among:
            self._among = among
            self._routes.share(among)
