"""Orders: what somebody of the team decided about a passage, taken as any other input.

The law: a hand on a journey is an event in the ledger, with who and why, so that what came of it can be
taken again and explained.
"""

from __future__ import annotations

from upsell.decisions.decision import Verdict
from upsell.decisions.reasons import Reason
from upsell.journeys.household import Enrollment, Phase, Unit
from upsell.journeys.leaving import leave, withdraw_pending
from upsell.journeys.scene import Scene
from upsell.journeys.steps import WaitStep, for_arm
from upsell.journeys.walking import journey_of, walk
from upsell.journeys.workflow import Workflow
from upsell.signals.events import ENROLLMENT_ENDED, Event


def is_named(unit: Unit, enrollment: Enrollment, event: Event) -> bool:
    """Tell whether an order is about this passage: its unit, its workflow, and its id where one is given."""
    said = event.properties
    if (said.get("unit"), said.get("workflow")) != (unit.id, enrollment.workflow):
        return False
    return said.get("enrollment") in (None, enrollment.id)


def take_order(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment, event: Event) -> None:
    """End a passage, or move it to another version of its workflow."""
    if event.name == ENROLLMENT_ENDED:
        why = str(event.properties.get("why") or "")
        leave(scene, unit, workflow, enrollment, Verdict(Reason.ENDED_BY_HAND, why))
        return
    _migrate(scene, unit, workflow, enrollment, event)


def _migrate(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment, event: Event) -> None:
    """Go on at the step of the other version that the order names for the step stood at.

    A wait goes on from when it began; a message that was reserved and not sent is taken back and said
    anew as the other version says it. What has no place there, or is past the goal, stays where it is.
    """
    said = event.properties
    version, places = str(said.get("version")), said.get("steps")
    other = scene.program.of_version(enrollment.workflow, version)
    to = places.get(enrollment.step or "") if isinstance(places, dict) else None
    if other is None or enrollment.version == version or enrollment.after_goal:
        return
    if not isinstance(to, str) or to not in other.journey.steps:
        return
    was_speaking = enrollment.phase is Phase.SPEAKING
    withdraw_pending(scene, enrollment, Reason.MIGRATED)
    enrollment.version = version
    scene.decide(unit, other, Verdict(Reason.MIGRATED, f"{enrollment.step} to {to}"), enrollment)
    is_same = type(journey_of(workflow, enrollment).steps.get(enrollment.step or "")) is type(
        other.journey.steps[to]
    )
    if was_speaking or not is_same:
        walk(scene, unit, other, enrollment, to)
        return
    visits = enrollment.visits.pop(enrollment.step or "", 1)
    enrollment.visits[to] = visits
    enrollment.step = to
    step = other.journey.steps[to]
    lasts = (for_arm(step.lasts, enrollment.arm) or 0) if isinstance(step, WaitStep) else 0
    enrollment.due_at = max(enrollment.step_at + lasts, scene.now + 1) if lasts else scene.now + 1
