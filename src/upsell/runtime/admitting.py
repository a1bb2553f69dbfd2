"""Admitting: what came in from outside becomes rows of the ledger and of what hangs on it.

For every way in: the intake of a server, the consumers of Kafka, imports and queries. The law: whatever the
way, the same is written for an event, in one transaction, which the caller commits together with where it
stands.
"""

from __future__ import annotations

from collections.abc import Sequence

from upsell.clock import Clock
from upsell.runtime.left_addresses import is_leaving, take_leavings
from upsell.runtime.suppressing import take_reports
from upsell.signals.events import REPORTS, Event
from upsell.sources.segment import Draft
from upsell.sources.vendor_ids import said_in
from upsell.store.connect import Connection
from upsell.store.ledger import Appended, append, hash_event
from upsell.store.links import Came, keep_visits
from upsell.store.rejections import Rejection, keep_rejections
from upsell.store.vendor_ids import keep_said


def admit(
    connection: Connection,
    clock: Clock,
    drafts: Sequence[Draft],
    rejections: Sequence[Rejection],
    visits: Sequence[Came] = (),
) -> list[Appended]:
    """Write what came in, in the transaction that is open; give what became of each draft, in order."""
    appended = admit_events(
        connection, clock, [draft.event for draft in drafts], [draft.hash for draft in drafts]
    )
    keep_rejections(connection, rejections)
    keep_visits(connection, visits)
    return appended


def admit_events(
    connection: Connection, clock: Clock, events: Sequence[Event], hashes: Sequence[bytes]
) -> list[Appended]:
    """Write events with what their bodies come to, in the transaction that is open; as ``admit``.

    Reports and what is left by messages hold before they are appended; of history they change nothing. The
    lock order holds: suppressions before the ledger.
    """
    reports = [event for event in events if event.name in REPORTS]
    told = take_reports(connection, reports, clock.now()) if reports else []
    take_leavings(connection, [event for event in events if is_leaving(event)])
    keep_said(connection, said_in(events))
    appended = append(connection, [*events, *told], clock, [*hashes, *map(hash_event, told)])
    return appended[: len(events)]
