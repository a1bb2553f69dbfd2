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


LOOKED_THROUGH: Final = 5_000
"""How many events of an account are looked through for those of one of its customers."""

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


class Stretch(msgspec.Struct, frozen=True):
    """Part of a timeline.

    Attributes:
        happened: What stands in it, the newest first.
        older: The place below which the rest stands; None where this was the last.
    """

    happened: tuple[Happened, ...]
    older: Place | None


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


def has_more_events(connection: Connection, household_id: UnitId, until: Moment, than: int) -> bool:
    """Tell whether a household has more events than so many, up to a moment."""
    values = {"household": household_id, "at": until, "than": than}
    row = connection.execute(query("has_more_events"), values).fetchone()
    return row is not None and bool(row[0])


def read_timeline(
    connection: Connection,
    unit_id: UnitId,
    household_id: UnitId,
    most: int,
    before: Place = NOW,
    looked: int = LOOKED_THROUGH,
) -> Stretch:
    """Give what happened to a unit and what was decided about it, the newest first, before a place.

    An account has what happened to anybody of its household. Of a customer in one, so many events of the
    household are looked through, so that a page may be short and not the last.
    """
    theirs, lowest = _events(connection, unit_id, household_id, most, before, looked)
    decided = _decisions(connection, unit_id, most + 1, before)
    both = merge(theirs, decided, key=lambda each: each.place, reverse=True)
    # What is below the last event that was looked at comes with those that are not known yet.
    found = list(islice((each for each in both if lowest is None or each.place >= lowest), most + 1))
    older = found[most - 1].place if len(found) > most else lowest
    return Stretch(tuple(found[:most]), older)


def _events(
    connection: Connection, unit_id: UnitId, household_id: UnitId, most: int, before: Place, looked: int
) -> tuple[list[Happened], Place | None]:
    """Give a unit's events, and the place that was looked down to; None where that was to the end."""
    is_all = is_account(unit_id)
    values = {
        "household": household_id,
        "customer": None if is_all else bare(unit_id),
        "most": most + 1,
        "looked": most + 1 if is_all else max(looked, 1),
        **_bound(before, Kind.EVENT),
    }
    found: list[Happened] = []
    lowest = None
    for *row, is_theirs, is_last in connection.execute(query("read_timeline_events"), values, binary=True):
        seen_at, position, occurred_at, name, source, properties, is_derived = row
        place = Place(seen_at, Kind.EVENT, position)
        if is_theirs:
            found.append(Happened(place, occurred_at, name, properties, "", source, is_derived))
        lowest = place if is_last else None
    return found, lowest


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
