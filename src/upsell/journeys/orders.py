"""Orders: what somebody of the team decided about a passage, taken as any other input.

The law: a hand on a journey is an event in the ledger, with who and why, so that what came of it can be
taken again and explained.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upsell.decisions.decision import Verdict
from upsell.decisions.reasons import Reason
from upsell.journeys.household import Enrollment, Phase, Unit
from upsell.journeys.landing import keeps_arm
from upsell.journeys.leaving import free_slots, hold_slots, leave, withdraw_pending
from upsell.journeys.scene import Scene
from upsell.journeys.speaking import addressed, first_speaking
from upsell.journeys.steps import GoStep, Journey, WaitStep, for_arm
from upsell.journeys.walking import walk
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

    A wait goes on from when it began. A message that was reserved is withheld by the gate and said anew as
    the other version says it; one that is being sent already counts as said there. What has no place there,
    is in an arm that is not there, is past the goal, or would sell to a unit that another passage sells to,
    stays where it is.
    """
    said = event.properties
    version, places = str(said.get("version")), said.get("steps")
    other = scene.program.of_version(enrollment.workflow, version)
    if other is None or not isinstance(places, dict) or enrollment.version == version:
        return
    to = str(places.get(enrollment.step or ""))
    if enrollment.after_goal or to not in other.journey.steps:
        return
    if not keeps_arm(workflow, other, enrollment.arm, is_exposed="arms" in enrollment.exposed):
        return
    if not _agrees_on_slot(scene, unit, other, enrollment):
        scene.decide(unit, workflow, Verdict(Reason.OUTRANKED, f"as version {version}"), enrollment)
        return
    scene.decide(unit, other, Verdict(Reason.MIGRATED, f"{enrollment.step} to {to}"), enrollment)
    is_same = type(workflow.journey.steps.get(enrollment.step or "")) is type(other.journey.steps[to])
    enrollment.version = version
    if not other.experiment.arms:
        enrollment.arm, enrollment.expose_at = None, None
    _rename_steps(enrollment, places, other.journey)
    if not is_same:
        withdraw_pending(scene, enrollment, Reason.MIGRATED)
        walk(scene, unit, other, enrollment, to)
        return
    # A visit of its own, so that no message there has the key of an earlier one.
    enrollment.visits[to] = enrollment.visits.get(to, 0) + 1
    enrollment.step = to
    if enrollment.phase is Phase.SPEAKING:
        return
    step = other.journey.steps[to]
    lasts = (for_arm(step.lasts, enrollment.arm) or 0) if isinstance(step, WaitStep) else 0
    enrollment.due_at = max(enrollment.step_at + lasts, scene.now + 1) if lasts else scene.now + 1


def _agrees_on_slot(scene: Scene, unit: Unit, other: Workflow, enrollment: Enrollment) -> bool:
    """Take the unit's slot where the other version sells, or give it back; tell whether it could be had."""
    if not other.takes_slot:
        free_slots(scene, unit, enrollment)
        return True
    if unit.slot not in (None, enrollment.id):
        return False
    step = first_speaking(other.journey)
    hold_slots(scene, unit, enrollment, addressed(scene, unit, other, step) if step is not None else [])
    return True


def _rename_steps(enrollment: Enrollment, places: Mapping[str, str], journey: Journey) -> None:
    """Keep what was said, heard and jumped under the steps of the other version that have a place there.

    A visit is part of a message's key, so no step of the other version begins below what its id has had.
    """
    carried: dict[str, int] = {}
    for at, count in enrollment.visits.items():
        if (to := places.get(at)) is not None:
            carried[to] = max(count, carried.get(to, 0))
    for at, step in journey.steps.items():
        had = 0 if isinstance(step, GoStep) else enrollment.visits.get(at, 0)
        carried[at] = max(carried.get(at, 0), had)
    kept = {**enrollment.visits, **carried}
    enrollment.visits = {at: count for at, count in kept.items() if count}
    enrollment.spoken = {key: places[at] for key, at in enrollment.spoken.items() if at in places}
    enrollment.heard = {places[at]: heard for at, heard in enrollment.heard.items() if at in places}
    enrollment.prompts = {where: places[at] for where, at in enrollment.prompts.items() if at in places}
    enrollment.last_spoken = places.get(enrollment.last_spoken or "")
    trial = enrollment.trial
    if trial is not None and trial.step in places:
        trial.grant = msgspec.structs.replace(
            trial.grant, step=places[trial.step], version=enrollment.version
        )
