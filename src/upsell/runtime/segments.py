"""Segments over everyone: how many units each holds, and which.

For ``upsell segments`` and the API. The law: a count is the rule's answer for every unit that is kept,
asked in SQL at one moment; since when a unit is in a segment is what the worker noticed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from upsell.clock import Moment, format_moment
from upsell.errors import ConfigError, nearest
from upsell.journeys.segment import Segment
from upsell.journeys.workflow import UnitKind
from upsell.rules.compile import compile_rule
from upsell.store.audience import InAudience, open_audience
from upsell.store.connect import Connection
from upsell.store.revisions import newest_revision
from upsell.workspace.compile import Compiled, compile_documents


class SegmentCount(msgspec.Struct, frozen=True):
    """A segment that is live, and how many units it holds."""

    segment: Segment
    count: int


class SegmentUnits(msgspec.Struct, frozen=True):
    """Units of a segment, in the order of their ids.

    Attributes:
        segment: Which segment.
        units: Some of its units.
        next_after: The id behind which the next ones begin, None when these are the last.
    """

    segment: Segment
    units: tuple[InAudience, ...]
    next_after: str | None


def count_segments(connection: Connection, now: Moment) -> tuple[SegmentCount, ...]:
    """Count every segment of the live revision, in the order of their names.

    Raises:
        ConfigError: No revision is live.
    """
    compiled = _live(connection)
    segments = sorted(compiled.program.segments.values(), key=lambda segment: segment.name)
    counts = {
        segment.name: count
        for kind in UnitKind
        for segment, count in _counted(connection, compiled, kind, segments, now)
    }
    return tuple(SegmentCount(segment, counts[segment.name]) for segment in segments)


def count_segment(connection: Connection, name: str, now: Moment) -> SegmentCount:
    """Count one segment of the live revision.

    Raises:
        ConfigError: No revision is live, or it has no segment of that name.
    """
    compiled = _live(connection)
    segment = _chosen(compiled, name)
    ((_, count),) = _counted(connection, compiled, segment.unit, [segment], now)
    return SegmentCount(segment, count)


def list_segment(connection: Connection, name: str, now: Moment, after: str, limit: int) -> SegmentUnits:
    """List units of a segment of the live revision.

    Args:
        connection: The database.
        name: Of the segment.
        now: The moment the rule is asked at.
        after: The unit behind which to begin, empty for the first.
        limit: How many at most, from 1.

    Raises:
        ConfigError: No revision is live, or it has no segment of that name.
    """
    compiled = _live(connection)
    segment = _chosen(compiled, name)
    catalog = compiled.program.catalog
    with open_audience(connection, catalog, segment.unit, [segment.rule], now) as audience:
        found = audience.list(segment.rule, segment.name, after, limit + 1)
    has_more = len(found) > limit
    return SegmentUnits(segment, found[:limit], found[limit - 1].unit_id if has_more else None)


def count_audience(connection: Connection, text: str, unit: UnitKind, now: Moment) -> int:
    """Count the units for which a rule is true that nobody has saved; it may name whatever is live.

    Raises:
        ConfigError: No revision is live.
        DefinitionError: The rule is wrong.
    """
    compiled = _live(connection)
    rule = compile_rule(text, compiled.vocabulary)
    with open_audience(connection, compiled.program.catalog, unit, [rule], now) as audience:
        return audience.count([rule])[0]


def counts_content(counts: Iterable[SegmentCount], now: Moment) -> dict[str, Any]:
    """Give counts for machines."""
    segments = [_said(one.segment) | {"count": one.count} for one in counts]
    return {"at": format_moment(now), "segments": segments}


def units_content(found: SegmentUnits, now: Moment) -> dict[str, Any]:
    """Give units of a segment for machines; ``since`` null is not noticed yet."""
    units = [
        {"unit": one.unit_id, "since": format_moment(one.since) if one.since is not None else None}
        for one in found.units
    ]
    return {"at": format_moment(now), **_said(found.segment), "units": units, "next_after": found.next_after}


def _said(segment: Segment) -> dict[str, Any]:
    return {
        "segment": segment.name,
        "unit": segment.unit.value,
        "meaning": segment.meaning,
        "rule": segment.rule.text,
    }


def _counted(
    connection: Connection, compiled: Compiled, kind: UnitKind, segments: Iterable[Segment], now: Moment
) -> list[tuple[Segment, int]]:
    """Count the segments of one kind of unit, in one pass over them all."""
    asked = [segment for segment in segments if segment.unit is kind]
    if not asked:
        return []
    rules = [segment.rule for segment in asked]
    with open_audience(connection, compiled.program.catalog, kind, rules, now) as audience:
        return list(zip(asked, audience.count(rules), strict=True))


def _live(connection: Connection) -> Compiled:
    live = newest_revision(connection)
    if live is None:
        msg = "expected definitions that are live, found none; put some live with `upsell apply`"
        raise ConfigError(msg)
    return compile_documents(live.documents)


def _chosen(compiled: Compiled, name: str) -> Segment:
    segments = compiled.program.segments
    if name not in segments:
        near = nearest(name, segments)
        known = f"known: {', '.join(sorted(segments)) or 'none; write one in segments.yaml'}"
        msg = f"expected the name of a live segment, got {name}; {f'did you mean {near}?' if near else known}"
        raise ConfigError(msg)
    return segments[name]
