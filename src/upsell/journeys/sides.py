"""Sides: in which arm a unit is, and that it stays there once it was exposed.

The law: an arm is a hash of the experiment's salt and the unit; whoever was exposed in one keeps it for as
long as the experiment stands, in whatever order and with whatever shares its arms are written later.
"""

from __future__ import annotations

import msgspec

from upsell.decisions.assignment import choose_arm
from upsell.decisions.decision import Verdict
from upsell.ids import UnitId
from upsell.journeys.household import Enrollment, Unit, Watch
from upsell.journeys.scene import Scene
from upsell.journeys.speaking import SpeakingStep, ask_offer, ask_recipients
from upsell.journeys.workflow import Vary, Workflow


def arm_of(scene: Scene, unit: Unit, workflow: Workflow, watch: Watch, drawn: UnitId) -> str | None:
    """Give the arm a unit enters in, None without arms.

    Args:
        scene: The household, as of now.
        unit: The candidate.
        workflow: What it is a candidate for.
        watch: What the workflow remembers of it.
        drawn: The id its chance is drawn by.
    """
    experiment = workflow.experiment
    if not experiment.arms:
        return None
    names = [arm.name for arm in experiment.arms]
    side = watch.sides.get(experiment.arms_salt)
    if side is None and drawn == scene.household.id != unit.id:
        shared = scene.principal().watches.get(workflow.key)
        side = shared.sides.get(experiment.arms_salt) if shared is not None else None
    if side in names:
        return side
    return choose_arm(names, [arm.share for arm in experiment.arms], experiment.arms_salt, drawn)


def other_arms(workflow: Workflow, step: SpeakingStep, arm: str | None) -> tuple[str, ...]:
    """Give the arms that make another offer at a step than ``arm`` does; none where offers do not differ."""
    if workflow.experiment.vary is not Vary.OFFER or len(step.offer) < 2:
        return ()
    own = step.offer.get(arm or "")
    return tuple(name for name, offer in step.offer.items() if offer != own)


def ask_arms_offers(
    scene: Scene, unit: Unit, workflow: Workflow, step: SpeakingStep, arm: str | None
) -> Verdict | None:
    """Say why no arm's offer could be made to a candidate at a step, by its own arm's; None where one could.

    Were its own arm asked alone, the arms would be entered by units that are not alike.
    """
    refusal = ask_offer(scene, unit, workflow, step, arm, None)[1]
    if refusal is None:
        return None
    others = other_arms(workflow, step, arm)
    is_made = any(ask_offer(scene, unit, workflow, step, other, None)[1] is None for other in others)
    return None if is_made else refusal


def would_other_arm_speak(
    scene: Scene, unit: Unit, workflow: Workflow, step: SpeakingStep, enrollment: Enrollment
) -> bool:
    """Tell whether a step that may not speak to a unit in its own arm might were it in another."""
    if enrollment.arm is None or "arms" in enrollment.exposed:
        return False
    for arm in other_arms(workflow, step, enrollment.arm):
        other = msgspec.structs.replace(enrollment, arm=arm)
        if ask_offer(scene, unit, workflow, step, arm, other)[1] is not None:
            continue
        if ask_recipients(scene, unit, workflow, step, other)[1] is None:
            return True
    return False


def keep_side(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment) -> None:
    """Remember the arm a unit is exposed in; where accounts are drawn, for all of its account."""
    experiment = workflow.experiment
    if enrollment.arm is None or not experiment.arms_salt:
        return
    watches = [scene.watch(unit, workflow)]
    if experiment.is_by_account and watches[0].assigned_as == scene.household.id != unit.id:
        watches.append(scene.watch(scene.principal(), workflow))
    names = {arm.name for arm in experiment.arms}
    for watch in watches:
        if watch.sides.get(experiment.arms_salt) not in names:
            watch.sides[experiment.arms_salt] = enrollment.arm
