"""Passages: who is in a workflow now, read for whoever of the team looks at it."""

from __future__ import annotations

import msgspec

from upsell.ids import UnitId
from upsell.store.connect import Connection
from upsell.store.queries import query


class Passage(msgspec.Struct, frozen=True):
    """One passage that goes on: whose, in which household, its id, its version and where it stands."""

    unit_id: UnitId
    household_id: UnitId
    enrollment: str
    version: str
    step: str | None


def find_passages(connection: Connection, workflow: str) -> list[Passage]:
    """Give the passages through a workflow that go on and have not reached the goal, by unit."""
    values = {"workflow": workflow, "quoted": msgspec.json.encode(workflow).decode()}
    return [Passage(*row) for row in connection.execute(query("find_passages"), values)]
