"""Passages: who is in a workflow now, read for whoever of the team looks at it."""

from __future__ import annotations

import msgspec

from upsell.ids import UnitId
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
    """How many passages of a version stand at a step in a phase; the step is empty before the first."""

    version: str
    step: str
    phase: str
    is_shadow: bool
    count: int


def find_passages(connection: Connection, workflow: str) -> list[Passage]:
    """Give the passages through a workflow that go on and have not reached the goal, by unit."""
    values = {"workflow": workflow, "quoted": msgspec.json.encode(workflow).decode()}
    return [Passage(*row) for row in connection.execute(query("find_passages"), values)]


def count_passages(connection: Connection, workflow: str) -> list[PassageCount]:
    """Count the passages through a workflow that go on, shadows and those past the goal as well."""
    values = {"workflow": workflow, "quoted": msgspec.json.encode(workflow).decode()}
    return [PassageCount(*row) for row in connection.execute(query("count_passages"), values)]
