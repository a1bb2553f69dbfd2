"""Work that waits for a person, counted."""

from __future__ import annotations

import msgspec

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.queries import query


class WaitingWork(msgspec.Struct, frozen=True):
    """How much waits.

    Attributes:
        approvals: Orders above a limit that wait for an approver.
        tasks: Tasks that are open and not put off until later.
        overdue: Of those, how many are past their time.
        unknown: Messages of which nobody knows whether they were sent.
    """

    approvals: int
    tasks: int
    overdue: int
    unknown: int


def count_waiting_work(connection: Connection, now: Moment) -> WaitingWork:
    """Count what waits for a person now."""
    row = connection.execute(query("count_waiting_work"), {"at": now}).fetchone()
    return WaitingWork(*row) if row is not None else WaitingWork(0, 0, 0, 0)
