"""Repeats: how many events came again, so that a sender that tells everything twice is seen."""

from __future__ import annotations

from collections.abc import Mapping

from upsell.clock import DAY, Moment
from upsell.store.connect import Connection
from upsell.store.queries import query


def note_repeats(connection: Connection, repeats: Mapping[tuple[str, str], int], now: Moment) -> None:
    """Remember how many events came again, by source and by what became of them."""
    if repeats:
        values = {
            "sources": [source for source, _ in repeats],
            "outcomes": [outcome for _, outcome in repeats],
            "days": [now // DAY] * len(repeats),
            "counts": list(repeats.values()),
        }
        connection.execute(query("add_repeats"), values)


def count_repeats(connection: Connection, since: int) -> list[tuple[str, str, int]]:
    """Give source, outcome and how many events came again since a day."""
    return [tuple(row) for row in connection.execute(query("count_repeats"), {"since": since})]
