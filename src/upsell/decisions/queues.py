"""Queues: whose work a task is.

The laws: who is away is passed over; whose turn it is, or who has least to do, is the same whoever asks;
and of those who might have a task nobody gets it who has more to do than another.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final, assert_never

import msgspec

from upsell.decisions.hours import Hours, weekly
from upsell.decisions.sla import Sla

USUAL_HOURS: Final = Hours(weekly(9 * 60, 17 * 60, frozenset(range(5))))
"""When a queue is worked that does not say: nine to five, Monday to Friday."""

OWNER_TRAIT: Final = "owner"
"""The trait of an account that names who looks after it, unless a queue says another."""


class Give(enum.Enum):
    """How a queue gives its tasks."""

    ACCOUNT_OWNER = "account_owner"
    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"
    NOBODY = "nobody"


class Away(msgspec.Struct, frozen=True):
    """Days somebody is away, by ISO dates of the team's zone, the last one too."""

    first: str
    last: str

    def holds(self, day: str) -> bool:
        """Tell whether they are away on an ISO date."""
        return self.first <= day <= self.last


class Person(msgspec.Struct, frozen=True):
    """Somebody who takes tasks.

    Attributes:
        id: What they are called by where tasks are given and taken.
        name: For people.
        mail: Where they are told; empty for nowhere.
        away: When they are away.
    """

    id: str
    name: str
    mail: str = ""
    away: tuple[Away, ...] = ()

    def is_away(self, day: str) -> bool:
        """Tell whether they are away on an ISO date of the team's zone."""
        return any(each.holds(day) for each in self.away)


class Queue(msgspec.Struct, frozen=True):
    """A queue of tasks.

    Attributes:
        name: Its name, as workflows say it.
        people: Who takes its tasks, in the order of turns.
        give: How they are given.
        otherwise: How, where the account's owner is nobody of the queue or away.
        owner_trait: The account's trait that names its owner, by id or mail.
        sla: By when a task should be done whose step does not say; None for what the step says.
        hours: When it is worked, by the clock of the team's zone.
        country: The country whose public holidays are meant, by ISO 3166 code; empty for none.
    """

    name: str
    people: tuple[Person, ...] = ()
    give: Give = Give.ROUND_ROBIN
    otherwise: Give = Give.LEAST_LOADED
    owner_trait: str = OWNER_TRAIT
    sla: Sla | None = None
    hours: Hours = USUAL_HOURS
    country: str = ""

    def person(self, called: str) -> Person | None:
        """Give the person of an id or mail address, in whatever letters; None for nobody of the queue."""
        word = called.strip().casefold()
        known = (each for each in self.people if word and word in (each.id.casefold(), each.mail.casefold()))
        return next(known, None)


def choose_owner(
    queue: Queue, day: str, owner: str, loads: Mapping[str, int], turns: Mapping[str, int]
) -> str | None:
    """Give the id of who gets the next task of a queue; None where nobody of it is there.

    Args:
        queue: The queue.
        day: Today, as an ISO date of the team's zone.
        owner: Who looks after the account, by id or mail; empty where nobody does.
        loads: How many open tasks people have, by id; absent is none.
        turns: When people were last given a task by turns, as a number that grows; absent is never.
    """
    there = [each for each in queue.people if not each.is_away(day)]
    if not there:
        return None
    way = queue.give
    if way is Give.ACCOUNT_OWNER:
        person = queue.person(owner)
        if person is not None and person in there:
            return person.id
        way = queue.otherwise
    order = {each.id: place for place, each in enumerate(there)}
    match way:
        case Give.ROUND_ROBIN:
            return min(order, key=lambda each: (turns.get(each, -1), order[each]))
        case Give.LEAST_LOADED:
            return min(order, key=lambda each: (loads.get(each, 0), turns.get(each, -1), order[each]))
        case Give.NOBODY | Give.ACCOUNT_OWNER:
            return None
        case _:
            assert_never(way)
