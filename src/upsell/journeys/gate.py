"""The second gate: asked again in the moment of sending, with what became true in between."""

from __future__ import annotations

from collections.abc import Sequence

from upsell.clock import Moment, format_duration
from upsell.decisions.consents import ask_consent
from upsell.decisions.contact import ON_THE_WAY, Touch
from upsell.decisions.decision import Verdict
from upsell.decisions.intents import Intent
from upsell.decisions.rails import ask_spent
from upsell.decisions.reach import WEBHOOK
from upsell.decisions.reasons import Reason
from upsell.ids import bare, is_account
from upsell.journeys.advance import concerns_for
from upsell.journeys.effects import Speak, is_of_order
from upsell.journeys.household import Enrollment, Household, Unit
from upsell.journeys.places import ask_hours, ask_places
from upsell.journeys.program import Program
from upsell.journeys.scene import Scene
from upsell.journeys.speaking import (
    addressed,
    ask_offer,
    ask_permission,
    ask_reach,
    ask_rules,
    ask_silence,
    speech_of,
)
from upsell.journeys.steps import MessageStep, WebhookStep
from upsell.journeys.trials import CLOSING
from upsell.journeys.walking import journey_of
from upsell.journeys.workflow import Workflow


def ask_gate(
    program: Program, household: Household, message: Speak, now: Moment, others: Sequence[Touch] = ()
) -> Verdict | None:
    """Say why a reserved message may not be sent at ``now``, or None when it may.

    Asked in order: is the enrollment still waiting for this message, in the same version; does the
    person still have an address and, in an account, a role the step addresses; is the unit still eligible;
    has the person not withdrawn consent; is the workflow live and nothing silences the intent; can the offer
    still be made; does the message still hold a place in the caps. A message about an order is asked for an
    address and for the consent to service alone. The household is not changed.

    Args:
        program: What the workspace says.
        household: The household the message is about, as of now.
        message: What is about to be sent.
        now: The moment asked about.
        others: Places at the person's address that were taken before this message's, by whatever id.
    """
    if is_of_order(message):
        return _ask_order(household.customers.get(message.customer_id), message)
    scene = Scene(program, concerns_for(program), household)
    # An incident or a pause that is known holds, and what is known to have run out is gone, though it may
    # have been a moment after the clock was read.
    known = (
        *(each.started_at for each in program.incidents),
        *(each.started_at for each in program.pauses.get(message.workflow, ())),
        *program.sold_out.values(),
        *(each.ran_out_at for each in program.spent.values()),
    )
    scene.now = max(now, household.taken_at, *known)
    unit = (
        household.account if is_account(message.unit_id) else household.customers.get(bare(message.unit_id))
    )
    person = household.customers.get(message.customer_id)
    enrollment = unit.enrollments.get(message.enrollment) if unit is not None else None
    workflow = program.of_version(message.workflow, message.version)
    if unit is not None and any(trial.told == message.key for trial in unit.trials.values()):
        return None
    if message.channel == WEBHOOK and unit is not None and enrollment is not None and workflow is not None:
        return _ask_webhook(scene, unit, workflow, enrollment, message)
    if unit is None or person is None or enrollment is None or workflow is None:
        return _why_left(person, message)
    step = journey_of(workflow, enrollment).steps.get(message.step)
    if message.key not in enrollment.pending or not isinstance(step, MessageStep):
        return _why_left(person, message)
    if message.version != enrollment.version:
        return Verdict(Reason.MIGRATED)
    unreachable = ask_reach(person, message.channel, message.customer_id)
    if unreachable is not None:
        return unreachable
    if all(each.id != person.id for each in addressed(scene, unit, workflow, step)):
        return Verdict(Reason.NO_RECIPIENT, message.customer_id)
    speech = speech_of(workflow, step, scene, enrollment, message.channel)
    return (
        _ask_eligible(scene, unit, workflow, enrollment)
        or ask_permission(scene, person, speech)
        or ask_silence(scene, unit, workflow, message.intent)
        or _ask_terms(scene, unit, workflow, message, step, enrollment)
        or ask_hours(scene, person, message.channel)
        or _ask_reserved(message, scene.now)
        or ask_places(scene, person, speech, but=message.key, others=others)
    )


def _ask_order(person: Unit | None, message: Speak) -> Verdict | None:
    """Ask of a message about what somebody accepted: it rests on the contract, whatever else they left."""
    if person is None:
        return Verdict(Reason.NO_RECIPIENT, message.customer_id)
    unreachable = ask_reach(person, message.channel, message.customer_id)
    return unreachable or ask_consent(person.contact, message.channel, intent=message.intent)


def _why_left(person: Unit | None, message: Speak) -> Verdict:
    """Say that a journey was left, or that it was because of a withdrawal where one holds."""
    withdrawn = None
    if person is not None:
        withdrawn = ask_consent(person.contact, message.channel, intent=message.intent)
    return withdrawn or Verdict(Reason.LEFT)


def _ask_webhook(
    scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment, message: Speak
) -> Verdict | None:
    """Ask of a webhook, which speaks to no customer: is it awaited, and is the workflow live.

    That a trial has ended or was converted is told whatever else is true.
    """
    if message.key not in enrollment.pending:
        return Verdict(Reason.LEFT)
    if message.version != enrollment.version:
        return Verdict(Reason.MIGRATED)
    step = journey_of(workflow, enrollment).steps.get(message.step)
    if isinstance(step, WebhookStep) and step.says in CLOSING:
        return None
    silence = ask_silence(scene, unit, workflow, Intent.SERVICE)
    return silence or _ask_eligible(scene, unit, workflow, enrollment)


def _ask_eligible(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment) -> Verdict | None:
    if enrollment.after_goal:
        return None
    return ask_rules(workflow.eligible, scene.facts(unit), Reason.INELIGIBLE, wanted=True)


def _ask_reserved(message: Speak, now: Moment) -> Verdict | None:
    """Ask whether a message still holds the places it was reserved with; else it reserves them anew."""
    if now < message.reserved_at + ON_THE_WAY:
        return None
    return Verdict(Reason.CAPPED, f"reserved {format_duration(ON_THE_WAY)} ago or earlier")


def _ask_terms(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    message: Speak,
    step: MessageStep,
    enrollment: Enrollment,
) -> Verdict | None:
    """Ask whether the terms a message was reserved with are those it would be given now."""
    terms, refusal = ask_offer(scene, unit, workflow, step, enrollment.arm, enrollment)
    if terms is None or message.terms is None:
        return refusal
    if (terms.offer, terms.thing, terms.price) != (
        message.terms.offer,
        message.terms.thing,
        message.terms.price,
    ):
        spent = scene.program.spent.get(workflow.key)
        return ask_spent(spent, message.terms, scene.now) or Verdict(Reason.OFFER_GONE, message.terms.offer)
    return None
