"""The timeline of a unit, read page by page, and units found by how their ids begin.

The law: a page begins where the one before ended, by moment, kind and number, so that nothing is shown twice
and nothing is left out, whatever comes in between.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Final

import msgspec

from upsell.clock import Moment
from upsell.ids import UnitId, bare, is_account
from upsell.store.connect import Connection
from upsell.store.queries import query

_LAST_MOMENT: Final[Moment] = 253_402_300_799_000_000
_LAST_NUMBER: Final = 2**63 - 1


class Kind(enum.IntEnum):
    """What stands in a timeline; of one moment, a greater kind stands above."""

    EVENT = 0
    DECISION = 1


class Place(msgspec.Struct, frozen=True, order=True):
    """A place in a timeline: the moment, what stands there, and its number among those."""

    at: Moment
    kind: Kind
    number: int


NOW: Final = Place(_LAST_MOMENT, Kind.DECISION, _LAST_NUMBER)
"""The place above everything."""


class Happened(msgspec.Struct, frozen=True):
    """One thing in a timeline.

    Attributes:
        place: Where it stands.
        occurred_at: When it happened; for a decision when it was decided.
        name: The event, or the workflow that decided.
        said: Properties of the event as JSON, or the reason of the decision.
        rule: Text of the rule that decided; empty for an event.
        source: Where an event came from; empty for a decision.
        is_derived: Whether it is something this program did.
    """

    place: Place
    occurred_at: Moment
    name: str
    said: str
    rule: str
    source: str
    is_derived: bool


class FoundUnit(msgspec.Struct, frozen=True):
    """A unit, and the household it is in."""

    unit_id: UnitId
    household_id: UnitId


def search_units(connection: Connection, beginning: str, most: int) -> tuple[FoundUnit, ...]:
    """Give units whose own ids begin so, accounts first; () when none does."""
    escaped = beginning.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    found: list[FoundUnit] = []
    for kind in ("a:", "c:"):
        values = {"pattern": f"{kind}{escaped}%", "after": "", "most": most - len(found)}
        found += [FoundUnit(*row) for row in connection.execute(query("search_units"), values)]
    return tuple(found)


def list_members(connection: Connection, household_id: UnitId, most: int, after: UnitId = "") -> list[UnitId]:
    """Give customers of an account in order of their ids, those after one; () for a customer of none."""
    values = {"household": household_id, "after": after, "most": most}
    return [row[0] for row in connection.execute(query("list_members"), values)]


def read_timeline(
    connection: Connection, unit_id: UnitId, household_id: UnitId, most: int, before: Place = NOW
) -> tuple[Happened, ...]:
    """Give what happened to a unit and what was decided about it, the newest first, before a place.

    An account has what happened to anybody of its household.
    """
    found = merge(
        _events(connection, unit_id, household_id, most, before),
        _decisions(connection, unit_id, most, before),
        key=lambda each: each.place,
        reverse=True,
    )
    return tuple(islice(found, most))


def _events(
    connection: Connection, unit_id: UnitId, household_id: UnitId, most: int, before: Place
) -> Iterator[Happened]:
    values = {
        "household": household_id,
        "customer": None if is_account(unit_id) else bare(unit_id),
        "most": most,
        **_bound(before, Kind.EVENT),
    }
    for seen_at, position, occurred_at, name, source, properties, is_derived in connection.execute(
        query("read_timeline_events"), values, binary=True
    ):
        place = Place(seen_at, Kind.EVENT, position)
        yield Happened(place, occurred_at, name, properties, "", source, is_derived)


def _decisions(connection: Connection, unit_id: UnitId, most: int, before: Place) -> Iterator[Happened]:
    values = {"unit": unit_id, "most": most, **_bound(before, Kind.DECISION)}
    for decided_at, number, workflow, reason, rule in connection.execute(
        query("read_timeline_decisions"), values, binary=True
    ):
        yield Happened(Place(decided_at, Kind.DECISION, number), decided_at, workflow, reason, rule, "", True)


def _bound(before: Place, kind: Kind) -> dict[str, int]:
    """Give moment and number that what stands before a place is less than, among things of one kind."""
    if kind == before.kind:
        return {"at": before.at, "number": before.number}
    return {"at": before.at, "number": _LAST_NUMBER if kind < before.kind else -1}
