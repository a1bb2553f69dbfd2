"""Waiting: whether the wait an enrollment stands at is over, and when time alone ends it.

The law: a wait costs one moment in a row and is asked again only when something happens to its unit
or that moment comes; when both an event and its end are there, the event came first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from upsell.clock import Moment
from upsell.decisions.hours import next_time
from upsell.journeys.concerns import awaited_since
from upsell.journeys.hearing import has_heard
from upsell.journeys.household import Enrollment, Unit
from upsell.journeys.places import zone_for
from upsell.journeys.scene import Scene
from upsell.journeys.steps import (
    ChooseStep,
    GoStep,
    IfStep,
    Journey,
    PromptStep,
    SplitStep,
    UpdateStep,
    WaitDateStep,
    WaitForStep,
    WaitTimeStep,
    WaitUntilStep,
    ways_on,
)
from upsell.journeys.trials import ends_at
from upsell.signals.counters import read_mark

Awaiting = WaitForStep | WaitUntilStep | WaitDateStep | WaitTimeStep
"""Steps that wait for more than time to pass."""


def ask_wait(scene: Scene, unit: Unit, enrollment: Enrollment, step: Awaiting) -> bool:
    """Tell whether the wait is over; if not, keep when time alone ends it or may change the answer.

    Whether it ended by what was waited for, and not by time, is kept for ``if: arrived``.
    """
    is_over_at = _ends_at(scene, unit, enrollment, step)
    if _has_come(scene, unit, enrollment, step):
        enrollment.arrived = True
        return True
    if is_over_at <= scene.now:
        enrollment.arrived = isinstance(step, WaitTimeStep)
        return True
    changes_at = _changes_at(scene, unit, step)
    enrollment.due_at = is_over_at if changes_at is None else min(is_over_at, max(changes_at, scene.now + 1))
    return False


def _ends_at(scene: Scene, unit: Unit, enrollment: Enrollment, step: Awaiting) -> Moment:
    if isinstance(step, WaitTimeStep):
        # A shadow speaks without delay and so stands here to the microsecond; the treated come seconds later.
        since = enrollment.step_at + (1 if step.is_after else 0)
        return next_time(step.minute, step.days, zone_for(scene, unit), since)
    told = ends_at(enrollment, step.id, step.up_to)
    return told if told is not None else enrollment.step_at + step.up_to


def _has_come(scene: Scene, unit: Unit, enrollment: Enrollment, step: Awaiting) -> bool:
    match step:
        case WaitForStep():
            return _has_arrived(unit, enrollment, step)
        case WaitUntilStep():
            if step.asked is not None:
                return has_heard(enrollment, step.asked)
            return step.test is not None and step.test.value(scene.facts(unit)) is True
        case WaitDateStep():
            at = _date(scene, unit, step)
            return at is not None and at <= scene.now
        case WaitTimeStep():
            return False
        case _:
            assert_never(step)


def _changes_at(scene: Scene, unit: Unit, step: Awaiting) -> Moment | None:
    match step:
        case WaitUntilStep(test=test) if test is not None:
            return test.next_change_at(scene.facts(unit))
        case WaitDateStep():
            turns = [
                at for at in (_date(scene, unit, step), step.date.next_change_at(scene.facts(unit))) if at
            ]
            return min(turns, default=None)
        case _:
            return None


def _date(scene: Scene, unit: Unit, step: WaitDateStep) -> Moment | None:
    at = step.date.value(scene.facts(unit))
    return at - step.before if isinstance(at, int) and not isinstance(at, bool) else None


def note_early(journey: Journey, enrollment: Enrollment, awaits: Callable[[WaitForStep], bool]) -> None:
    """Note an event that came while what is said before a wait is on its way: that wait will be over.

    The waits ahead are those that the journey may reach before it waits for anything else.
    """
    step = journey.steps.get(enrollment.step or "")
    ahead = list(ways_on(step)) if step is not None else []
    seen: set[str] = set()
    while ahead:
        at = ahead.pop()
        if at is None or at in seen:
            continue
        seen.add(at)
        step = journey.steps[at]
        if isinstance(step, IfStep | SplitStep | GoStep | UpdateStep | ChooseStep | PromptStep):
            ahead += ways_on(step)
        elif isinstance(step, WaitForStep) and at not in enrollment.early and awaits(step):
            enrollment.early.append(at)


def _has_arrived(unit: Unit, enrollment: Enrollment, step: WaitForStep) -> bool:
    if step.id in enrollment.early:
        return True
    if not step.since_enrollment:
        return False
    seen_at = read_mark(unit.profile.counters.get(awaited_since(step).key))
    return seen_at is not None and seen_at >= enrollment.entered_at
