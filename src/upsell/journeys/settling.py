"""Settling: after an event or at a due moment, everything that waits on a unit is asked once.

Order: enrollments first (receipts, goal, consent, eligibility, what they wait for), then
triggers, then candidates that were blocked. Enrollments are taken by id and workflows by rank, so
that the outcome does not hang on the order of a mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from upsell.clock import MINUTE, Moment
from upsell.decisions.decision import Verdict
from upsell.decisions.reasons import Reason
from upsell.ids import share
from upsell.journeys.candidates import ask_waiting, consider
from upsell.journeys.hearing import hear
from upsell.journeys.household import Enrollment, Phase, Unit
from upsell.journeys.leaving import leave
from upsell.journeys.orders import is_named, take_order
from upsell.journeys.passages import (
    ask_awaited,
    ask_enrollment,
    ask_trial,
    is_goal,
    is_news,
    is_still_eligible,
    is_undone,
    reach_goal,
    take_arrival,
    take_receipt,
    try_again,
)
from upsell.journeys.scene import Scene, kind_of
from upsell.journeys.sides import keep_side
from upsell.journeys.tasking import ask_causes, end_with_workflow, tasks_due
from upsell.journeys.tasks import has_tasks, say_overdue
from upsell.journeys.trials import end_trials, hear_trial, settle_trials, trials_due
from upsell.journeys.triggers import ask_trigger, take_bearings
from upsell.journeys.walking import expose_timing, journey_of, pass_time
from upsell.journeys.workflow import EXISTING_SPREAD, Existing, Status, Workflow
from upsell.rules.facts import Scalar
from upsell.signals.events import ENROLLMENT_ENDED, ENROLLMENT_MIGRATED, RECEIPTS, Event


def settle(scene: Scene, unit: Unit, taken: tuple[Event, ...], *, is_about: bool) -> None:
    """Ask everything that waits on a unit, just after an event was taken.

    Args:
        scene: The household, as of now.
        unit: Whom to settle.
        taken: The event taken, and after it the one derived from it, if any.
        is_about: Whether it is about this unit; otherwise only what the household shares moved it.
    """
    if unit.enrollments:
        for enrollment_id in sorted(unit.enrollments):
            _settle_enrollment(scene, unit, unit.enrollments[enrollment_id], taken, is_about=is_about)
    if unit.trials:
        settle_trials(scene, unit, taken[0], is_about=is_about)
    if has_tasks(scene, unit):
        ask_causes(scene, unit, taken, is_about=is_about)
    if is_about:
        _drop_candidates(scene, unit, taken)
    kind = kind_of(unit)
    for event in taken:
        asked = scene.concerns.by_name[event.name].asked[kind]
        if asked:
            _ask_triggers(scene, unit, asked, event, is_about=is_about)
    _ask_blocked(scene, unit)


def _ask_triggers(
    scene: Scene, unit: Unit, asked: Iterable[Workflow], event: Event, *, is_about: bool
) -> None:
    """Ask the triggers an event may fire; a better ranked candidate that waits is asked before them."""
    about = event if is_about else None
    facts = scene.facts(unit)
    fired: dict[str, dict[str, Scalar]] = {}
    for workflow in asked:
        seen = ask_trigger(workflow.trigger, scene.watch(unit, workflow), facts, about)
        if seen is not None:
            fired[workflow.key] = seen
    if fired:
        _take_candidates(scene, unit, fired, event)


def _drop_candidates(scene: Scene, unit: Unit, taken: tuple[Event, ...]) -> None:
    """Let go of candidates that wait for what they have reached by themselves."""
    for name, watch in unit.watches.items():
        workflow = scene.program.workflows.get(name)
        if workflow is None or (watch.waiting is None and not watch.queue):
            continue
        for key, waiting in list(watch.candidates.items()):
            if any(is_goal(workflow, each, key, waiting.since, scene.now) for each in taken):
                watch.let_go(key)
                scene.decide(unit, workflow, Verdict(Reason.GOAL_REACHED, waiting.verdict.reason.value))


def _take_candidates(
    scene: Scene, unit: Unit, fired: Mapping[str, Mapping[str, Scalar]], event: Event | None
) -> None:
    """Take the candidates that just fired and those that wait through the gates, best ranked first."""
    for workflow in _in_order(scene, unit, fired):
        watch = scene.watch(unit, workflow)
        if workflow.key in fired:
            consider(scene, unit, workflow, watch, fired[workflow.key], event)
        elif watch.candidates:
            ask_waiting(scene, unit, workflow, watch)


def _in_order(scene: Scene, unit: Unit, fired: Mapping[str, Mapping[str, Scalar]]) -> list[Workflow]:
    """Give the candidates, the one that wins the slot first.

    Where a model says of each what it would earn, by that; else by declared priority, then who has
    waited longest, then by key.
    """
    candidates = [
        workflow
        for workflow in ranked(scene, unit)
        if workflow.key in fired
        or ((watch := unit.watches.get(workflow.key)) is not None and watch.candidates)
    ]
    if len(candidates) < 2:
        return candidates
    facts = scene.facts(unit)
    worth = {each.key: each.worth.value(facts) if each.worth is not None else None for each in candidates}
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in worth.values()):
        return sorted(candidates, key=lambda each: (-float(worth[each.key] or 0), each.key))  # type: ignore[arg-type]
    return sorted(candidates, key=lambda each: (-each.priority, _waiting_since(scene, unit, each), each.key))


def _waiting_since(scene: Scene, unit: Unit, workflow: Workflow) -> Moment:
    watch = unit.watches.get(workflow.key)
    waiting = watch.candidates.values() if watch is not None else ()
    return min((each.since for each in waiting), default=scene.now)


def wake(scene: Scene, unit: Unit) -> None:
    """Ask what time alone has brought due for a unit, at its own due moment."""
    for enrollment_id in sorted(unit.enrollments):
        enrollment = unit.enrollments[enrollment_id]
        workflow = scene.program.of_version(enrollment.workflow, enrollment.version)
        if workflow is None or not is_still_eligible(scene, unit, workflow, enrollment):
            continue
        if enrollment.expose_at is not None and enrollment.expose_at <= scene.now:
            expose_timing(scene, unit, workflow, enrollment)
        if enrollment.trial is not None:
            ask_trial(scene, unit, workflow, enrollment)
        if enrollment.due_at is not None and enrollment.due_at <= scene.now:
            if enrollment.phase in (Phase.FROZEN, Phase.CAPPED):
                try_again(scene, unit, workflow, enrollment)
            else:
                pass_time(scene, unit, workflow, enrollment)
    if unit.trials:
        end_trials(scene, unit)
    if has_tasks(scene, unit):
        say_overdue(scene, unit)
        ask_causes(scene, unit, (), is_about=False)
    _ask_watches(scene, unit, scene.now)
    _ask_blocked(scene, unit)


def ask_freed(scene: Scene, unit: Unit) -> None:
    """Ask what stands still for want of a slot or a place in a cap, because one was given back."""
    for enrollment_id in sorted(unit.enrollments):
        enrollment = unit.enrollments[enrollment_id]
        workflow = scene.program.of_version(enrollment.workflow, enrollment.version)
        if workflow is not None and enrollment.phase is Phase.CAPPED:
            try_again(scene, unit, workflow, enrollment)
    _ask_blocked(scene, unit)


def ask_anew(scene: Scene, unit: Unit) -> None:
    """Ask everything a unit's plan may decide, when its subscription ended by time alone."""
    for enrollment_id in sorted(unit.enrollments):
        enrollment = unit.enrollments[enrollment_id]
        workflow = scene.program.of_version(enrollment.workflow, enrollment.version)
        if workflow is None or not is_still_eligible(scene, unit, workflow, enrollment):
            continue
        if enrollment.phase is Phase.WALKING:
            ask_awaited(scene, unit, workflow, enrollment)
    if has_tasks(scene, unit):
        ask_causes(scene, unit, (), is_about=False)
    _ask_watches(scene, unit, None)


def _ask_watches(scene: Scene, unit: Unit, due_by: Moment | None) -> None:
    """Ask the triggers that time alone may have changed by a moment; None asks every one."""
    fired: dict[str, dict[str, Scalar]] = {}
    for key, watch in unit.watches.items():
        workflow = scene.program.workflows.get(key)
        if workflow is None or workflow.unit is not kind_of(unit):
            continue
        if due_by is not None and (watch.ask_at is None or watch.ask_at > due_by):
            continue
        seen = ask_trigger(workflow.trigger, watch, scene.facts(unit), None)
        if seen is not None:
            fired[key] = seen
    if fired:
        _take_candidates(scene, unit, fired, None)


def launch(scene: Scene, unit: Unit) -> None:
    """Take bearings when a revision goes live.

    A workflow finds out whether the unit matches already that it, or its earlier version, did not
    see match, and lets it be or lets it in, spread over a day by hash. Enrollments of a workflow
    that ended leave.
    """
    for enrollment_id in sorted(unit.enrollments):
        enrollment = unit.enrollments[enrollment_id]
        workflow = scene.program.of_version(enrollment.workflow, enrollment.version)
        live = scene.program.workflows.get(enrollment.workflow)
        if workflow is None:
            continue
        if live is None or live.status is Status.ENDED:
            leave(scene, unit, workflow, enrollment, Verdict(Reason.ENDED))
            continue
        if "arms" in enrollment.exposed:
            # A passage that was exposed before arms were remembered.
            keep_side(scene, unit, workflow, enrollment)
        is_still = enrollment.phase in (Phase.FROZEN, Phase.CAPPED)
        if is_still and is_still_eligible(scene, unit, workflow, enrollment):
            try_again(scene, unit, workflow, enrollment)
    if has_tasks(scene, unit):
        end_with_workflow(scene, unit)
    for workflow in ranked(scene, unit):
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
        dues.extend(_eligibility_turns(scene, unit, enrollment))
    if unit.trials or unit.enrollments:
        dues.extend(trials_due(unit))
    if has_tasks(scene, unit):
        dues.extend(tasks_due(scene, unit))
    live = scene.program.workflows
    for key, watch in unit.watches.items():
        if key not in live:
            continue
        if watch.ask_at is not None:
            dues.append(watch.ask_at)
        for waiting in watch.candidates.values():
            dues.append(waiting.until)
            if waiting.retry_at is not None:
                dues.append(waiting.retry_at)
    for name, held in (unit.segments or {}).items():
        if held.ask_at is not None and name in scene.program.segments:
            dues.append(held.ask_at)
    if unit is scene.principal():
        ends = (held.ends_at for held in unit.profile.subscriptions.values())
        dues.extend(at for at in ends if at is not None and at > scene.now)
    if not dues:
        return None
    # A due moment that has passed and changed nothing is asked again, but never in a tight loop.
    return min(at if at > scene.now else scene.now + MINUTE for at in dues)


def _eligibility_turns(scene: Scene, unit: Unit, enrollment: Enrollment) -> list[Moment]:
    """The moments at which time alone may end the eligibility of an enrollment that goes on."""
    workflow = scene.program.of_version(enrollment.workflow, enrollment.version)
    if workflow is None or enrollment.after_goal:
        return []
    timed = [rule for rule in workflow.eligible if rule.reads.is_timed]
    turns = [rule.next_change_at(scene.facts(unit)) for rule in timed]
    return [at for at in turns if at is not None]


def ranked(scene: Scene, unit: Unit) -> tuple[Workflow, ...]:
    """Give the workflows that decide about this kind of unit, the one that wins the slot first."""
    return scene.concerns.ranked[kind_of(unit)]


def _ask_blocked(scene: Scene, unit: Unit) -> None:
    """Ask the unit's blocked candidates again: what just happened may have opened a gate."""
    if any(watch.waiting is not None or watch.queue for watch in unit.watches.values()):
        _take_candidates(scene, unit, {}, None)


def _settle_enrollment(
    scene: Scene, unit: Unit, enrollment: Enrollment, taken: tuple[Event, ...], *, is_about: bool
) -> None:
    event = taken[0]
    workflow = scene.program.of_version(enrollment.workflow, enrollment.version)
    if workflow is None:
        return
    if event.name in RECEIPTS:
        take_receipt(scene, unit, workflow, enrollment, event)
        return
    if event.name in (ENROLLMENT_ENDED, ENROLLMENT_MIGRATED) and is_named(unit, enrollment, event):
        take_order(scene, unit, workflow, enrollment, event)
        return
    hear(journey_of(workflow, enrollment), enrollment, event)
    if is_about and enrollment.trial is not None:
        hear_trial(enrollment, event)
    # The goal is asked before eligibility: having reached it is often what ends eligibility.
    key, since = enrollment.key, enrollment.entered_at
    about = taken if is_about else ()
    undoing = next((each for each in about if is_undone(workflow, enrollment, each)), None)
    if undoing is not None:
        leave(scene, unit, workflow, enrollment, Verdict(Reason.INELIGIBLE, undoing.name))
        return
    is_ahead = not enrollment.after_goal
    goals = [each for each in about if is_ahead and is_goal(workflow, each, key, since, scene.now)]
    if goals:
        is_answered = any(is_news(workflow, each, scene.now) for each in goals)
        reach_goal(scene, unit, workflow, enrollment, is_answered=is_answered)
        return
    if not ask_enrollment(scene, unit, workflow, enrollment, event):
        return
    if enrollment.trial is not None:
        ask_trial(scene, unit, workflow, enrollment)
    if enrollment.phase in (Phase.FROZEN, Phase.CAPPED):
        try_again(scene, unit, workflow, enrollment)
    elif is_about:
        for each in taken:
            take_arrival(scene, unit, workflow, enrollment, each)
    if enrollment.phase is Phase.WALKING and enrollment.id in unit.enrollments:
        ask_awaited(scene, unit, workflow, enrollment)


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
