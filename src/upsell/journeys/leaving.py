"""Leaving: how an enrollment ends, and what it gives back."""

from __future__ import annotations

from upsell.decisions.decision import Verdict
from upsell.decisions.reasons import Reason
from upsell.ids import bare
from upsell.journeys.effects import Withdraw
from upsell.journeys.household import Enrollment, Phase, Unit
from upsell.journeys.places import give_places_back
from upsell.journeys.scene import Scene
from upsell.journeys.workflow import Workflow


def leave(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment, verdict: Verdict) -> None:
    """End an enrollment with its reason: messages not yet sent are taken back, slots are free again."""
    withdraw_pending(scene, enrollment, verdict.reason)
    unit.enrollments.pop(enrollment.id, None)
    free_slots(scene, unit, enrollment)
    scene.decide(unit, workflow, verdict, enrollment)


def withdraw_pending(scene: Scene, enrollment: Enrollment, reason: Reason) -> None:
    """Take back what was reserved and not sent; its places in the caps are free again."""
    for key in enrollment.pending:
        scene.effects.append(Withdraw(key, reason.value))
        give_places_back(scene, None, key)
    enrollment.pending.clear()
    if enrollment.phase is Phase.SPEAKING:
        enrollment.phase = Phase.WALKING


def hold_slots(scene: Scene, unit: Unit, enrollment: Enrollment, people: list[Unit]) -> None:
    """Take the unit's one upsell slot, and those of the people an account's workflow addresses."""
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


def free_slots(scene: Scene, unit: Unit, enrollment: Enrollment) -> None:
    """Give the slots of an enrollment back, to whoever waits for one of them."""
    for holder in (unit, *scene.household.customers.values()):
        if holder.slot == enrollment.id:
            holder.slot = None
            scene.has_freed = True
            scene.reslotted.append(holder)
    enrollment.held_slots.clear()


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
