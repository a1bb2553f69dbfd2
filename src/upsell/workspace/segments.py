"""Segments: ``segments.yaml`` compiled to named audiences, and what names their events held to them."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError

import msgspec

from upsell.journeys.segment import Segment, in_order, may_be_about
from upsell.journeys.workflow import UnitKind
from upsell.rules.conditions import Condition
from upsell.signals.events import MEMBERSHIP_EVENTS
from upsell.workspace.documents import SEGMENTS, SIGNALS
from upsell.workspace.findings import Findings, Place, listed
from upsell.workspace.items import Record
from upsell.workspace.rulebook import Rulebook


class SegmentNames(msgspec.Struct, frozen=True):
    """The segments that are written, also with problems: what each holds, by name."""

    kinds: Mapping[str, UnitKind]

    def check_event(
        self, place: Place, event: str, where: Condition | None, unit: UnitKind, findings: Findings
    ) -> None:
        """Warn where a workflow of a kind of unit waits for a membership event that no segment tells it.

        An account hears of its customers' segments too, a customer only of customers'.
        """
        if event not in MEMBERSHIP_EVENTS:
            return
        heard = [name for name, kind in self.kinds.items() if unit is UnitKind.ACCOUNT or kind is unit]
        text = where.text if where is not None else None
        if any(may_be_about(event, text, name) for name in heard):
            return
        hint = f"known segments: {listed(sorted(heard))}" if heard else f"write one in {SEGMENTS}"
        findings.warning(
            place,
            f"expected {event} of a segment that a workflow with unit: {unit.value} hears of, got none",
            hint=hint,
            code="unknown-segment",
        )


def segment_names(written: Record) -> SegmentNames:
    """Give the names of the segments that are written, each with what it holds."""
    return SegmentNames(
        {name: UnitKind(record.text("unit", UnitKind.ACCOUNT.value)) for name, record in written.records()}
    )


def compile_segments(written: Record, rulebook: Rulebook, findings: Findings) -> Mapping[str, Segment]:
    """Compile ``segments.yaml``: those without problems, in the order in which they are asked."""
    found: dict[str, Segment] = {}
    for name, record in written.records():
        rule = rulebook.rule(record.leaf("rule"))
        if rulebook.is_signal(name):
            findings.error(
                written.keys[name],
                f"expected a name of its own for a segment, got {name}, which is a signal",
                hint=f"rules could not tell them apart; rename it here or in {SIGNALS}",
                code="name-taken",
            )
        elif rule is not None:
            unit = UnitKind(record.text("unit", UnitKind.ACCOUNT.value))
            found[name] = Segment(name, unit, rule, record.text("meaning"))
    try:
        return in_order(found)
    except CycleError as error:
        way: list[str] = error.args[1]
        findings.error(
            written.keys[way[-1]],
            f"expected segments that do not count their own events, got {' -> '.join(reversed(way))}",
            hint="a segment may count who entered or left another, but not in a circle",
            code="segment-cycle",
        )
        return {}
