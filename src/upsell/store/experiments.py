"""Experiments that were closed: what was tested and found, kept when the workflow no longer says."""

from __future__ import annotations

import msgspec

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.queries import query


class ClosedExperiment(msgspec.Struct, frozen=True):
    """One experiment that ended with an arm rolled out to all.

    Attributes:
        workflow: Key of the workflow.
        version: Its version while it was tested.
        vary: What the arms differed in.
        arm: The arm that was rolled out.
        closed_at: When.
        closed_by: By whom, as the machine knows them.
        why: Why, in their words.
        record: Arms, dates and findings, as JSON.
        number: Its number; 0 where that is not asked for.
    """

    workflow: str
    version: str
    vary: str
    arm: str
    closed_at: Moment
    closed_by: str
    why: str
    record: str
    number: int = 0


def keep_closed_experiment(connection: Connection, closed: ClosedExperiment) -> None:
    """Keep an experiment that was closed."""
    connection.execute(query("keep_closed_experiment"), msgspec.structs.asdict(closed))


def read_closed_experiments(connection: Connection) -> list[ClosedExperiment]:
    """Give every experiment that was closed, oldest first."""
    rows = connection.execute(query("read_closed_experiments"), binary=True)
    return [ClosedExperiment(*row) for row in rows]


def find_closed(
    connection: Connection, most: int, before: int | None = None, workflow: str = ""
) -> list[ClosedExperiment]:
    """Give experiments that were closed, the newest first; of one workflow where it is named.

    Args:
        connection: The database.
        most: How many at most.
        before: Only those with a smaller number, None for the newest.
        workflow: Key of the workflow; empty for every one.
    """
    values = {"most": most, "before": before, "workflow": workflow}
    return [ClosedExperiment(*row) for row in connection.execute(query("find_closed"), values, binary=True)]
