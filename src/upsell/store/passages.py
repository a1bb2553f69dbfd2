"""Passages: who is in a workflow now, read for whoever of the team looks at it."""

from __future__ import annotations

import msgspec

from upsell.clock import Moment
from upsell.ids import UnitId
from upsell.journeys.household import Enrollment
from upsell.store.connect import Connection
from upsell.store.queries import query


class Passage(msgspec.Struct, frozen=True):
    """One passage that goes on: whose, in which household, its id, its version and where it stands.

    Attributes:
        unit_id: Whose it is.
        household_id: Where it is kept.
        enrollment: Its id.
        version: The version of the workflow it walks.
        step: The step it stands at, None before the first.
        arm: Its arm, None without arms.
        is_exposed: Whether it was exposed in its arm.
    """

    unit_id: UnitId
    household_id: UnitId
    enrollment: str
    version: str
    step: str | None
    arm: str | None = None
    is_exposed: bool = False


class PassageCount(msgspec.Struct, frozen=True):
    """How many passages of a version stand at a step in a phase; the step is empty before the first.

    Besides, when the first and the last of them began.
    """

    version: str
    step: str
    phase: str
    is_shadow: bool
    count: int
    entered_from: Moment
    entered_to: Moment


class Entry(msgspec.Struct, frozen=True):
    """One time that somebody was let into a workflow.

    Attributes:
        number: Its place among all decisions.
        unit_id: Whose it is today.
        household_id: Where they are kept.
        passage: Their passage, None where it does not go on any more.
    """

    number: int
    unit_id: UnitId
    household_id: UnitId
    passage: Enrollment | None


_decode = msgspec.json.Decoder(Enrollment).decode

LAST = 2**62
"""Comes after every decision."""


def find_passages(connection: Connection, workflow: str) -> list[Passage]:
    """Give the passages through a workflow that go on and have not reached the goal, by unit."""
    values = {"workflow": workflow, "quoted": msgspec.json.encode(workflow).decode()}
    return [Passage(*row) for row in connection.execute(query("find_passages"), values)]


def count_passages(connection: Connection, workflow: str) -> list[PassageCount]:
    """Count the passages through a workflow that go on, shadows and those past the goal as well."""
    values = {"workflow": workflow, "quoted": msgspec.json.encode(workflow).decode()}
    return [PassageCount(*counted) for _, *counted in connection.execute(query("count_passages"), values)]


def count_all_passages(connection: Connection) -> dict[str, list[PassageCount]]:
    """Count the same of every workflow in one look over all units, by their keys; {} without anybody."""
    found: dict[str, list[PassageCount]] = {}
    for workflow, *counted in connection.execute(query("count_passages"), {"workflow": None, "quoted": None}):
        found.setdefault(workflow, []).append(PassageCount(*counted))
    return found


def read_entries(connection: Connection, workflow: str, most: int, before: int = LAST) -> list[Entry]:
    """Give at most so many entries into a workflow before a decision, the last first."""
    values = {"workflow": workflow, "before": before, "most": most}
    return [
        Entry(number, unit_id, household_id, None if passage is None else _decode(passage))
        for number, unit_id, household_id, passage in connection.execute(query("read_entries"), values)
    ]


def find_first_entry(connection: Connection, workflow: str) -> Moment | None:
    """Give when a workflow first let somebody in, None before."""
    row = connection.execute(query("first_entry"), {"workflow": workflow}, binary=True).fetchone()
    return None if row is None else row[0]


def measure_units(connection: Connection) -> int:
    """Give how many bytes all units are kept in."""
    row = connection.execute(query("size_of_units")).fetchone()
    return 0 if row is None else int(row[0])
