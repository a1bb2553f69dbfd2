"""Sides: in which arm a unit is, and that it stays there once it was exposed.

The law: an arm is a hash of the experiment's salt and the unit; whoever was exposed in one keeps it for as
long as the experiment stands, in whatever order and with whatever shares its arms are written later.
"""

from __future__ import annotations

from upsell.decisions.assignment import choose_arm
from upsell.ids import UnitId
from upsell.journeys.household import Enrollment, Unit, Watch
from upsell.journeys.scene import Scene
from upsell.journeys.workflow import Workflow


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
