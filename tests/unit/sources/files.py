"""Files of events made for tests, and what is read of them."""

from __future__ import annotations

from pathlib import Path

from upsell.clock import Moment, parse_moment
from upsell.signals.events import Event
from upsell.sources.mapping import parse_mapping
from upsell.sources.rejects import Reject
from upsell.sources.relations import choose_files
from upsell.sources.staging import FileCounts, Staging


def moment(text: str) -> Moment:
    """Read a moment that a test writes down."""
    at = parse_moment(text)
    assert at is not None
    return at


NOW = moment("2026-06-01T12:00:00Z")


def read(folder: Path, mapping: str, *files: Path) -> tuple[list[Event], list[Reject], FileCounts]:
    """Read files through a mapping: events in order, what was refused, and the counts."""
    rows = parse_mapping("map.yaml", mapping)
    place = folder / "staging"
    place.mkdir(exist_ok=True)
    (place / "staging.duckdb").unlink(missing_ok=True)
    with Staging(place, memory="128MB") as staging:
        staging.load(rows, choose_files(rows, files), NOW)
        events = [event for batch in staging.in_time_order() for event in batch]
        return events, list(staging.rejects()), staging.counts()


def write(folder: Path, name: str, text: str | bytes) -> Path:
    """Write a file of a test."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path
