"""Protection: the traits that no price may hang on, in whatever they are read.

The law: what hangs on a protected trait counts as that trait. A segment does when its rule reads one, and
so does one that counts who entered or left such a segment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from upsell.decisions.rails import Rails
from upsell.journeys.segment import Segment, may_be_about
from upsell.journeys.steps import WaitForStep
from upsell.journeys.workflow import Workflow
from upsell.rules.compile import Rule
from upsell.rules.conditions import Condition


class Protection(msgspec.Struct, frozen=True):
    """What no price may hang on.

    Attributes:
        traits: Names of the traits, in lower case.
        segments: What each segment that hangs on some reads of them, by its name.
    """

    traits: frozenset[str]
    segments: Mapping[str, tuple[str, ...]] = {}

    def of_rule(self, rule: Rule) -> list[str]:
        """Give what a rule looks at of it, signals written out, of people, of events and of segments."""
        found = [
            f"{scope}.{name}"
            for scope, name in sorted(rule.reads.traits)
            if name.lower() in self.traits and scope in ("customer", "account")
        ]
        found += self.of_properties(rule.reads.properties)
        for counter in rule.counters:
            found += self.of_event(counter.event, counter.condition)
        return list(dict.fromkeys(found))

    def of_properties(self, names: Iterable[str]) -> list[str]:
        """Give the properties of events that are of it."""
        return [f"properties.{name}" for name in sorted(names) if name.lower() in self.traits]

    def of_event(self, event: str, condition: str | None) -> list[str]:
        """Give what an event with a condition tells of it: that of the segments it may be about."""
        return [
            f"{name} (by the segment {segment})"
            for segment, names in self.segments.items()
            if may_be_about(event, condition, segment)
            for name in names
        ]


def protect(rails: Rails, segments: Mapping[str, Segment]) -> Protection:
    """Give what no price may hang on, with the segments in the order in which they are asked."""
    found = Protection(rails.protected)
    for name, segment in segments.items():
        if read := found.of_rule(segment.rule):
            traits = tuple(dict.fromkeys(each.split(" ")[0] for each in read))
            found = Protection(found.traits, {**found.segments, name: traits})
    return found


def events_deciding(workflow: Workflow) -> Iterator[tuple[str, Condition | None, str | None]]:
    """List the events that decide who enters a workflow and which way they go, with what is asked of each.

    And the id of the step that waits for it, None for the trigger.
    """
    if workflow.trigger.on is not None:
        yield workflow.trigger.on, workflow.trigger.where, None
    for step in workflow.journey.steps.values():
        if isinstance(step, WaitForStep):
            yield step.event, step.where, step.id
