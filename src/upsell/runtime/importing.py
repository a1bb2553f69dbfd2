"""Importing: the events of files into the ledger, in the order they happened, in large batches.

The law: what was imported once is not imported again, because the same row of the same file always
has the same id.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from upsell.clock import Clock
from upsell.signals.events import Event
from upsell.sources.mapping import Mapping
from upsell.sources.rejects import Reject
from upsell.sources.relations import DataFile
from upsell.sources.staging import Staging
from upsell.store.connect import Connection
from upsell.store.ledger import Appended, Outcome, append

SOURCE: Final = "import"
"""What imported events say they came from."""


class Imported(msgspec.Struct, frozen=True):
    """What an import came to.

    Attributes:
        appended: Events that are in the ledger now and were not before.
        duplicates: Events that were in the ledger already.
        rejected: Rows that could not be taken, or whose id another event had.
        skipped: Rows the mapping leaves out.
    """

    appended: int
    duplicates: int
    rejected: int
    skipped: int


def import_files(
    connection: Connection,
    mapping: Mapping,
    files: Sequence[DataFile],
    clock: Clock,
    progress: Callable[[str, int, int], None],
    keep_rejects: Callable[[Iterator[Reject]], int],
    *,
    is_historical: bool,
) -> Imported:
    """Append the events of files to the ledger, a batch in each transaction.

    Args:
        connection: The database.
        mapping: How rows become events.
        files: The files.
        clock: Tells the present: when events are seen.
        progress: Told now and then how far it is.
        keep_rejects: Given what was refused; says how much that was.
        is_historical: Whether the events only build up what is known and start nothing.

    Raises:
        DefinitionError: The mapping is wrong.
    """
    answers = dict.fromkeys(Outcome, 0)
    conflicts: list[Reject] = []
    with tempfile.TemporaryDirectory(prefix="upsell-import-") as name, Staging(Path(name)) as staging:
        progress("reading files", 0, 0)
        staging.load(mapping, files, clock.now())
        counts = staging.counts()
        done = 0
        for events in staging.in_time_order(source=SOURCE, is_historical=is_historical):
            for event, answer in zip(events, append(connection, events, clock), strict=True):
                answers[answer.outcome] += 1
                if answer.outcome is Outcome.CONFLICT:
                    conflicts.append(_conflict(event, answer))
            done += len(events)
            progress("importing", done, counts.events)
        rejected = keep_rejects(itertools.chain(staging.rejects(), conflicts))
    return Imported(answers[Outcome.APPENDED], answers[Outcome.DUPLICATE], rejected, counts.skipped)


def _conflict(event: Event, answer: Appended) -> Reject:
    """Say that an id was taken by another event."""
    reason = (
        f"expected an id of its own, got {event.id}: position {answer.position} holds another event under it "
        "(a file is imported again as it was the first time, with or without --historical)"
    )
    return Reject("", 0, reason, msgspec.json.encode(event).decode())
