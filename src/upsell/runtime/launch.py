"""Launch: every household takes its bearings when a revision goes live, before it takes anything more.

For the worker, some households at a time. The law: a launch that is interrupted goes on where it
stopped, and no household is launched twice with one revision.
"""

from __future__ import annotations

from upsell.journeys.inputs import Launched
from upsell.journeys.program import Program
from upsell.runtime.batches import Batch
from upsell.runtime.filling import fill_counters, new_counters
from upsell.store.connect import Connection
from upsell.store.cursors import Cursor, mark_launch
from upsell.store.households import find_households, load_all_members
from upsell.store.revisions import Revision

AT_ONCE = 200
"""How many households are launched in one transaction."""


def launch_some(
    connection: Connection, cursor: Cursor, revision: Revision, program: Program, before: Program | None
) -> int:
    """Launch the next households of a shard in one transaction; give how many.

    Args:
        connection: The database.
        cursor: How far the shard has come, with this launch too.
        revision: What goes live.
        program: The revision compiled.
        before: What was live before, None for nothing.
    """
    with connection.transaction():
        household_ids = find_households(connection, cursor.shard, cursor.launched_to or "", AT_ONCE)
        homes = load_all_members(connection, household_ids)
        fill_counters(connection, homes, new_counters(program, before), revision)
        batch = Batch(program, homes)
        for household_id in household_ids:
            batch.take_one(household_id, Launched(revision.live_at))
        batch.keep(connection, revision.live_at)
        launched_to = household_ids[-1] if len(household_ids) == AT_ONCE else None
        mark_launch(connection, cursor.shard, revision.number, launched_to)
    return len(household_ids)
