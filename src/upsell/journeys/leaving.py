"""Leaving: how an enrollment ends, and what it gives back."""

from __future__ import annotations

from upsell.decisions.decision import Verdict
from upsell.decisions.reasons import Reason
from upsell.ids import bare
from upsell.journeys.effects import Withdraw
from upsell.journeys.household import Enrollment, Phase, Unit
from upsell.journeys.places import give_places_back
from upsell.journeys.scene import Scene
from upsell.journeys.tasks import end_cause
from upsell.journeys.trials import let_go
from upsell.journeys.workflow import Workflow


def leave(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment, verdict: Verdict) -> None:
    """End an enrollment with its reason: messages not yet sent are taken back, slots are free again.

    A trial it granted goes on, and billing hears of its end. Work for a person that it asked for is closed
    where nothing is left to do of it.
    """
    let_go(scene, unit, enrollment)
    withdraw_pending(scene, enrollment, verdict.reason)
    unit.enrollments.pop(enrollment.id, None)
    free_slots(scene, unit, enrollment)
    scene.decide(unit, workflow, verdict, enrollment)
    end_cause(scene, unit, enrollment, verdict)


def withdraw_pending(scene: Scene, enrollment: Enrollment, reason: Reason) -> None:
    """Take back what was reserved and not sent; its places in the caps are free again."""
    for key in enrollment.pending:
        scene.effects.append(Withdraw(key, reason.value))
        give_places_back(scene, None, key)
    enrollment.pending.clear()
    if enrollment.phase is Phase.SPEAKING:
        enrollment.phase = Phase.WALKING


def hold_slots(scene: Scene, unit: Unit, enrollment: Enrollment, people: list[Unit]) -> None:
    """Take the unit's one upsell slot, and those of the people an account's workflow addresses.

    What another passage of its own workflow holds is shared with it.
    """
    if not is_shared(unit, unit.slot, enrollment.workflow):
        unit.slot = enrollment.id
    for person in people:
        if person is not unit and person.slot is None:
            person.slot = enrollment.id
            enrollment.held_slots.append(person.id)
            scene.reslotted.append(person)
    enrollment.held_slots.sort()


def slot_holder(scene: Scene, unit: Unit) -> str:
    """Give the key of the workflow that holds a unit's slot: its own, or its account's."""
    account = scene.household.account
    for each in (unit, account):
        holder = each.enrollments.get(unit.slot or "") if each is not None else None
        if holder is not None:
            return holder.workflow
    return "another account's workflow"


def is_shared(unit: Unit, slot: str | None, workflow: str) -> bool:
    """Tell whether a slot is held for a workflow already: by a passage of the unit's through it."""
    holder = unit.enrollments.get(slot or "")
    return holder is not None and holder.workflow == workflow


def free_slots(scene: Scene, unit: Unit, enrollment: Enrollment) -> None:
    """Give the slots of an enrollment back, to whoever waits for one of them.

    Another passage through its workflow that goes on and sells holds them from then on.
    """
    heir = _heir(scene, unit, enrollment)
    for holder in (unit, *scene.household.customers.values()):
        if holder.slot != enrollment.id:
            continue
        scene.reslotted.append(holder)
        holder.slot = heir.id if heir is not None else None
        if heir is None:
            scene.has_freed = True
        elif holder is not unit:
            heir.held_slots = sorted([*heir.held_slots, holder.id])
    enrollment.held_slots.clear()


def _heir(scene: Scene, unit: Unit, enrollment: Enrollment) -> Enrollment | None:
    """Give the passage that a slot is shared with, the first that entered; None for a passage alone."""
    others = [
        each
        for each in unit.enrollments.values()
        if each.workflow == enrollment.workflow and each.id != enrollment.id and not each.after_goal
        if (version := scene.program.of_version(each.workflow, each.version)) is not None
        and version.takes_slot
    ]
    return min(others, key=lambda each: (each.entered_at, each.id), default=None)


def leave_account(scene: Scene, person: Unit) -> None:
    """Let a person be no member any more: the account's journeys hold nothing of theirs."""
    household = scene.household
    household.roster.pop(bare(person.id), None)
    if household.account is None:
        return
    for enrollment in household.account.enrollments.values():
        if person.id in enrollment.held_slots:
            enrollment.held_slots.remove(person.id)
            person.slot = None if person.slot == enrollment.id else person.slot
