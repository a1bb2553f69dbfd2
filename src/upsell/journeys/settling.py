"""Settling: after an event or at a due moment, everything that waits on a unit is asked once.

Order: enrollments first (receipts, goal, consent, eligibility, what they wait for), then
triggers, then candidates that were blocked. Enrollments are taken by id and workflows by rank, so
that the outcome does not hang on the order of a mapping.
"""

from __future__ import annotations

from upsell.clock import MINUTE, Moment
from upsell.decisions.decision import Verdict
from upsell.decisions.reasons import Reason
from upsell.ids import share
from upsell.journeys.candidates import ask_waiting, consider
from upsell.journeys.concerns import Concern
from upsell.journeys.household import Enrollment, Phase, Unit
from upsell.journeys.leaving import leave
from upsell.journeys.passages import (
    ask_enrollment,
    is_goal,
    is_still_eligible,
    reach_goal,
    take_arrival,
    take_receipt,
    try_again,
)
from upsell.journeys.scene import Scene, kind_of
from upsell.journeys.triggers import ask_trigger, take_bearings
from upsell.journeys.walking import expose_timing, pass_time
from upsell.journeys.workflow import EXISTING_SPREAD, Existing, Status, Workflow
from upsell.signals.events import RECEIPTS, Event


def settle(scene: Scene, unit: Unit, event: Event, concern: Concern, *, is_about: bool) -> None:
    """Ask everything that waits on a unit, just after an event was taken.

    Args:
        scene: The household, as of now.
        unit: Whom to settle.
        event: The event taken.
        concern: What its name can mean.
        is_about: Whether it is about this unit; otherwise only what the household shares moved it.
    """
    if unit.enrollments:
        for enrollment_id in sorted(unit.enrollments):
            _settle_enrollment(scene, unit, unit.enrollments[enrollment_id], event, is_about=is_about)
    asked = concern.asked[kind_of(unit)]
    if asked:
        about = event if is_about else None
        facts = scene.facts(unit)
        for workflow in asked:
            watch = scene.watch(unit, workflow)
            fired = ask_trigger(workflow.trigger, watch, facts, about)
            if fired is not None:
                watch.waiting = None
                consider(scene, unit, workflow, watch, fired, event)
    _ask_blocked(scene, unit)


def wake(scene: Scene, unit: Unit) -> None:
    """Ask what time alone has brought due for a unit, at its own due moment."""
    for enrollment_id in sorted(unit.enrollments):
        enrollment = unit.enrollments[enrollment_id]
        workflow = scene.program.of_version(enrollment.workflow, enrollment.version)
        if workflow is None:
            continue
        if enrollment.expose_at is not None and enrollment.expose_at <= scene.now:
            expose_timing(scene, unit, workflow, enrollment)
        if enrollment.due_at is not None and enrollment.due_at <= scene.now:
            if enrollment.phase in (Phase.FROZEN, Phase.CAPPED):
                try_again(scene, unit, workflow, enrollment)
            else:
                pass_time(scene, unit, workflow, enrollment)
    for workflow in _watching(scene, unit):
        watch = unit.watches[workflow.key]
        if watch.ask_at is not None and watch.ask_at <= scene.now:
            fired = ask_trigger(workflow.trigger, watch, scene.facts(unit), None)
            if fired is not None:
                watch.waiting = None
                consider(scene, unit, workflow, watch, fired, None)
    _ask_blocked(scene, unit)


def ask_anew(scene: Scene, unit: Unit) -> None:
    """Ask everything a unit's plan may decide, when its subscription ended by time alone."""
    for enrollment_id in sorted(unit.enrollments):
        enrollment = unit.enrollments[enrollment_id]
        workflow = scene.program.of_version(enrollment.workflow, enrollment.version)
        if workflow is not None:
            is_still_eligible(scene, unit, workflow, enrollment)
    for workflow in _watching(scene, unit):
        watch = unit.watches[workflow.key]
        fired = ask_trigger(workflow.trigger, watch, scene.facts(unit), None)
        if fired is not None:
            watch.waiting = None
            consider(scene, unit, workflow, watch, fired, None)


def launch(scene: Scene, unit: Unit) -> None:
    """Take bearings when a revision goes live.

    A workflow that never looked at the unit finds out whether it matches already, and lets it be or
    lets it in, spread over a day by hash. Enrollments of a workflow that ended leave.
    """
    for enrollment_id in sorted(unit.enrollments):
        enrollment = unit.enrollments[enrollment_id]
        workflow = scene.program.of_version(enrollment.workflow, enrollment.version)
        live = scene.program.workflows.get(enrollment.workflow)
        if workflow is not None and (live is None or live.status is Status.ENDED):
            leave(scene, unit, workflow, enrollment, Verdict(Reason.ENDED))
        elif workflow is not None and enrollment.phase in (Phase.FROZEN, Phase.CAPPED):
            try_again(scene, unit, workflow, enrollment)
    for workflow in ranked(scene, unit):
        if workflow.key not in unit.watches:
            _take_bearings(scene, unit, workflow)
    _ask_blocked(scene, unit)


def due_of(scene: Scene, unit: Unit) -> Moment | None:
    """Give when time alone next concerns a unit, after ``now``; None when nothing waits for time."""
    dues: list[Moment] = []
    for enrollment in unit.enrollments.values():
        if enrollment.due_at is not None:
            dues.append(enrollment.due_at)
        if enrollment.expose_at is not None:
            dues.append(enrollment.expose_at)
    live = scene.program.workflows
    for key, watch in unit.watches.items():
        if key not in live:
            continue
        if watch.ask_at is not None:
            dues.append(watch.ask_at)
        if watch.waiting is not None:
            dues.append(watch.waiting.until)
            if watch.waiting.retry_at is not None:
                dues.append(watch.waiting.retry_at)
    if unit is scene.principal():
        ends = (held.ends_at for held in unit.profile.subscriptions.values())
        dues.extend(at for at in ends if at is not None and at > scene.now)
    if not dues:
        return None
    # A due moment that has passed and changed nothing is asked again, but never in a tight loop.
    return min(at if at > scene.now else scene.now + MINUTE for at in dues)


def ranked(scene: Scene, unit: Unit) -> list[Workflow]:
    """Give the workflows that decide about this kind of unit, the one that wins the slot first."""
    kind = kind_of(unit)
    found = [workflow for workflow in scene.program.workflows.values() if workflow.unit is kind]
    return sorted(found, key=lambda workflow: (-workflow.priority, workflow.key))


def _watching(scene: Scene, unit: Unit) -> list[Workflow]:
    return [workflow for workflow in ranked(scene, unit) if workflow.key in unit.watches]


def _ask_blocked(scene: Scene, unit: Unit) -> None:
    """Ask the unit's blocked candidates again: what just happened may have opened a gate."""
    blocked = [key for key, watch in unit.watches.items() if watch.waiting is not None]
    if not blocked:
        return
    for workflow in ranked(scene, unit):
        if workflow.key in blocked:
            ask_waiting(scene, unit, workflow, unit.watches[workflow.key])


def _settle_enrollment(
    scene: Scene, unit: Unit, enrollment: Enrollment, event: Event, *, is_about: bool
) -> None:
    workflow = scene.program.of_version(enrollment.workflow, enrollment.version)
    if workflow is None:
        return
    if event.name in RECEIPTS:
        take_receipt(scene, unit, workflow, enrollment, event)
        return
    if is_about and is_goal(workflow, enrollment, event):
        reach_goal(scene, unit, workflow, enrollment)
        return
    if not ask_enrollment(scene, unit, workflow, enrollment, event):
        return
    if enrollment.phase in (Phase.FROZEN, Phase.CAPPED):
        try_again(scene, unit, workflow, enrollment)
    elif is_about:
        take_arrival(scene, unit, workflow, enrollment, event)


def _take_bearings(scene: Scene, unit: Unit, workflow: Workflow) -> None:
    watch = scene.watch(unit, workflow)
    if not take_bearings(workflow.trigger, watch, scene.facts(unit)):
        return
    if workflow.existing is Existing.IGNORE:
        scene.decide(unit, workflow, Verdict(Reason.EXISTING))
        return
    watch.has_fired = False
    watch.crossed = []
    watch.ask_at = scene.now + 1 + int(share("spread", workflow.key, unit.id) * EXISTING_SPREAD)
