"""A segment: a named audience, the accounts or customers for which a rule is true.

The law: segments whose rules count who entered or left others have an order, in which one pass asks
every rule when all that it counts has been told.
"""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import TopologicalSorter

import msgspec

from upsell.journeys.workflow import UnitKind
from upsell.rules import tree
from upsell.rules.compile import Rule
from upsell.rules.conditions import compile_condition
from upsell.rules.facts import Counter
from upsell.rules.read import read
from upsell.signals.events import MEMBERSHIP_EVENTS

_ASK_FOR_NULL = (tree.IsNull, tree.Coalesce, tree.Case)


class Segment(msgspec.Struct, frozen=True):
    """One segment, compiled.

    Attributes:
        name: What rules, events and people call it.
        unit: What it holds: accounts or customers.
        rule: Whoever it is true for is in it.
        meaning: What it says, in one sentence; empty where nobody wrote it.
    """

    name: str
    unit: UnitKind
    rule: Rule
    meaning: str = ""


def in_order(segments: Mapping[str, Segment]) -> dict[str, Segment]:
    """Give segments in an order in which none counts the events of one behind it.

    Raises:
        graphlib.CycleError: Their counts go round in a circle; it carries the names on the way.
    """
    counted = {
        name: [other for other in sorted(segments) if _counts(segments[name], segments[other])]
        for name in sorted(segments)
    }
    return {name: segments[name] for name in TopologicalSorter(counted).static_order()}


def may_be_about(event: str, condition: str | None, segment: str) -> bool:
    """Tell whether an event with a condition may be one of a segment's own."""
    if event not in MEMBERSHIP_EVENTS:
        return False
    if condition is None:
        return True
    parts = tuple(tree.walk(read(condition).tree))
    named = {part.name for part in parts if isinstance(part, tree.Field)}
    if named != {"segment"} and any(isinstance(part, _ASK_FOR_NULL) for part in parts):
        return True
    # What else the event says is not known yet: null here. What is false of null is false of any value.
    return compile_condition(condition).holds({"segment": segment}) is not False


def _counts(segment: Segment, other: Segment) -> bool:
    """Tell whether a segment may count the events of another; an account's are none of its members'."""
    if segment.unit is UnitKind.CUSTOMER and other.unit is UnitKind.ACCOUNT:
        return False
    counters: tuple[Counter, ...] = segment.rule.counters
    return any(may_be_about(counter.event, counter.condition, other.name) for counter in counters)
