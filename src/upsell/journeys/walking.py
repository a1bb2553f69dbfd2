"""Walking: an enrollment goes from step to step until something must be waited for."""

from __future__ import annotations

from typing import assert_never

import msgspec

from upsell.clock import Moment, format_moment
from upsell.decisions.assignment import choose_arm
from upsell.decisions.contact import touch_of
from upsell.decisions.decision import Verdict
from upsell.decisions.grounds import Basis
from upsell.decisions.intents import Intent
from upsell.decisions.rails import Given, keep_given
from upsell.decisions.reach import TRIAL, WEBHOOK
from upsell.decisions.reasons import Reason
from upsell.decisions.terms import Terms
from upsell.ids import bare, digest, is_account
from upsell.journeys.effects import Speak, message_key
from upsell.journeys.freezing import frozen_since, has_state_passed
from upsell.journeys.hearing import forget, has_heard, note_spoken
from upsell.journeys.household import Enrollment, Phase, Unit
from upsell.journeys.leaving import hold_slots, leave
from upsell.journeys.places import spend_at, take_places
from upsell.journeys.scene import Scene
from upsell.journeys.sides import keep_side, would_other_arm_speak
from upsell.journeys.speaking import (
    WAITABLE,
    Recipient,
    SpeakingStep,
    address_of,
    ask_offer,
    ask_recipients,
    ask_silence,
    basis_of,
    choose_terms,
    intent_of,
    offer_named,
    speech_of,
)
from upsell.journeys.steps import (
    Blocked,
    ChooseStep,
    EndStep,
    GoStep,
    IfStep,
    Journey,
    MessageStep,
    PromptStep,
    SplitStep,
    Step,
    TaskStep,
    TrialStep,
    UpdateStep,
    WaitDateStep,
    WaitForStep,
    WaitStep,
    WaitTimeStep,
    WaitUntilStep,
    WebhookStep,
    for_arm,
)
from upsell.journeys.tasking import open_task
from upsell.journeys.trials import CLOSING, begin_trial, note_paid_terms, stay_within
from upsell.journeys.triggers import is_still_true
from upsell.journeys.updating import update_traits
from upsell.journeys.waiting import Awaiting, ask_wait
from upsell.journeys.workflow import Vary, Workflow
from upsell.signals.events import MESSAGE_RESERVED, MESSAGE_WITHHELD, TRIAL_GRANTED

MOST_TRIES = 5
"""How often the gate before sending may withhold a step in one visit; then it is passed over."""


def walk(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    enrollment: Enrollment,
    to: str | None,
    *,
    awaits_from: Moment | None = None,
) -> None:
    """Go to a step and on, until the journey waits, speaks, stands still or ends.

    Args:
        scene: The household, as of now.
        unit: Whose passage it is.
        workflow: What it passes through.
        enrollment: The passage.
        to: The step to go to, None for the end.
        awaits_from: When what was said just before was reserved: waits look for events from then on.
    """
    journey = journey_of(workflow, enrollment)
    enrollment.awaits_from = awaits_from
    if awaits_from is None and enrollment.early:
        enrollment.early = []
    at = to
    while at is not None:
        step = journey.steps[at]
        stay_within(scene, unit, enrollment, at)
        _reach(enrollment, step, scene.now)
        onward = _pass(scene, unit, workflow, enrollment, step)
        if onward is None:
            return
        at = onward.to
    leave(scene, unit, workflow, enrollment, Verdict(Reason.FINISHED))


class _Onward(msgspec.Struct, frozen=True):
    """That the journey goes on at once, and to which step; None for its end."""

    to: str | None


def _pass(  # noqa: PLR0911  # a case for each step
    scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment, step: Step
) -> _Onward | None:
    """Do what a step says as it is reached; None when something must be waited for."""
    match step:
        case PromptStep():
            _leave_prompt(enrollment, step, scene.now)
            return _Onward(step.then)
        case MessageStep() | TaskStep() | TrialStep():
            return _Onward(step.then) if speak(scene, unit, workflow, enrollment, step) else None
        case WebhookStep():
            return _Onward(step.then) if tell(scene, unit, workflow, enrollment, step) else None
        case WaitStep():
            _begin_wait(workflow, enrollment, step, scene.now)
            return None
        case WaitForStep() | WaitUntilStep() | WaitDateStep() | WaitTimeStep():
            return _Onward(step.then) if ask_wait(scene, unit, enrollment, step) else None
        case IfStep():
            return _Onward(step.yes if _holds(scene, unit, enrollment, step) else step.no)
        case SplitStep():
            return _Onward(_way(unit, step))
        case GoStep():
            is_free = enrollment.visits[step.id] <= step.at_most
            return _Onward(step.to if is_free else step.then)
        case UpdateStep():
            key = digest(enrollment.id, step.id, str(enrollment.visits[step.id]))
            values = {name: rule.value(scene.facts(unit)) for name, rule in step.values.items()}
            update_traits(scene, unit, key, values)
            return _Onward(step.then)
        case ChooseStep():
            return _Onward(step.then if _choose(scene, unit, workflow, enrollment, step) else step.otherwise)
        case EndStep():
            return _Onward(None)
        case _:
            assert_never(step)


def pass_time(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment) -> None:
    """Move an enrollment whose time has come: a wait that is over, or one for an event in vain."""
    step = journey_of(workflow, enrollment).steps[enrollment.step or ""]
    enrollment.due_at = None
    match step:
        case WaitStep():
            walk(scene, unit, workflow, enrollment, step.then)
        case WaitForStep() | WaitUntilStep() | WaitDateStep() | WaitTimeStep():
            go_on(scene, unit, workflow, enrollment, step)
        case MessageStep() | TaskStep() | TrialStep() | WebhookStep():
            resume(scene, unit, workflow, enrollment, step)
        case _:
            pass


def go_on(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment, step: Awaiting) -> None:
    """Ask a wait again, and go on when it is over."""
    if ask_wait(scene, unit, enrollment, step):
        walk(scene, unit, workflow, enrollment, step.then)


def resume(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    enrollment: Enrollment,
    step: MessageStep | TaskStep | TrialStep | WebhookStep,
) -> None:
    """Ask a step again that stood still before it spoke; when it may, go on after it."""
    if isinstance(step, WebhookStep):
        goes_on = tell(scene, unit, workflow, enrollment, step)
    else:
        goes_on = speak(scene, unit, workflow, enrollment, step)
    if goes_on:
        walk(scene, unit, workflow, enrollment, step.then)


def speak(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    enrollment: Enrollment,
    step: MessageStep | TaskStep | TrialStep,
) -> bool:
    """Speak at a step, or stand still before it, or leave; tell whether the journey goes on at once.

    A real message is awaited: the journey goes on when its receipt comes. A shadow spends the same
    places and goes on at once.
    """
    silence = ask_silence(scene, unit, workflow, intent_of(step), step)
    if silence is not None:
        return _stand_still(scene, unit, workflow, enrollment, silence, Phase.FROZEN, intent_of(step))
    if not _may_go_on(scene, unit, workflow, enrollment, intent_of(step)):
        return False
    terms, gone = ask_offer(scene, unit, workflow, step, enrollment.arm, enrollment)
    if gone is not None:
        expose_beside(scene, unit, workflow, enrollment, step)
        if gone.reason is Reason.PRICE_GUARDRAIL and gone.retry_at is not None:
            return _stand_still(scene, unit, workflow, enrollment, gone, Phase.CAPPED)
        leave(scene, unit, workflow, enrollment, gone)
        return False
    people, nobody = ask_recipients(scene, unit, workflow, step, enrollment)
    if nobody is not None:
        expose_beside(scene, unit, workflow, enrollment, step)
        return _address_nobody(scene, unit, workflow, enrollment, step, nobody)
    _stand_no_more(scene, unit, workflow, enrollment)
    expose_step(scene, unit, workflow, enrollment, step)
    if terms is not None:
        keep_terms(scene, unit, enrollment, offer_named(step, enrollment.arm, enrollment) or "", terms)
    if isinstance(step, TaskStep):
        note_shown(enrollment, step)
        key = open_task(scene, unit, workflow, enrollment, step, terms)
        if key is not None:
            note_spoken(journey_of(workflow, enrollment), enrollment, step.id, key)
        return True
    if isinstance(step, TrialStep):
        return _grant(scene, unit, workflow, enrollment, step, terms)
    return _address(scene, unit, workflow, enrollment, step, people, terms)


def _may_go_on(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment, intent: Intent) -> bool:
    """Ask the trigger again when a state has passed that would have stopped this; gone, the unit leaves."""
    if enrollment.after_goal or not has_state_passed(scene, unit, enrollment, intent):
        return True
    if not is_still_true(workflow.trigger, scene.facts(unit)):
        leave(scene, unit, workflow, enrollment, Verdict(Reason.TRIGGER_GONE, "after a freeze"))
        return False
    enrollment.released_at = scene.now
    return True


def keep_terms(scene: Scene, unit: Unit, enrollment: Enrollment, named: str, terms: Terms) -> None:
    """Keep what is shown, and count its discount once against what whoever pays may be shown."""
    if named in enrollment.shown and enrollment.terms.get(named) != terms:
        enrollment.shown.remove(named)
    enrollment.terms[named] = terms
    if terms.discount_rate <= 0:
        return
    shown = Given(enrollment.id, terms.offer, scene.now, terms.discount, terms.currency)
    # Of whoever pays it binds everybody, as what is declined does.
    for holder in {each.id: each for each in (unit, scene.principal())}.values():
        holder.discounts = keep_given(holder.discounts, shown, scene.program.policy.rails)


def note_shown(enrollment: Enrollment, step: SpeakingStep) -> None:
    """Note that a step has reached somebody, with its discount or without one, or would have of a shadow."""
    name = offer_named(step, enrollment.arm, enrollment)
    terms = enrollment.terms.get(name) if name is not None else None
    if name is None or terms is None or terms.discount_rate <= 0:
        enrollment.owes_value = False
    elif name not in enrollment.shown:
        enrollment.shown.append(name)


def _address_nobody(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    enrollment: Enrollment,
    step: SpeakingStep,
    verdict: Verdict,
) -> bool:
    """Wait for what passes by itself, stand still while a pause lasts that was asked for, or leave."""
    if verdict.reason in WAITABLE:
        return _be_blocked(scene, unit, workflow, enrollment, step, verdict)
    if verdict.reason is Reason.ASKED_TO_PAUSE:
        return _stand_still(scene, unit, workflow, enrollment, verdict, Phase.FROZEN)
    leave(scene, unit, workflow, enrollment, Verdict(Reason.NO_RECIPIENT, verdict.rule))
    return False


def _be_blocked(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    enrollment: Enrollment,
    step: SpeakingStep,
    verdict: Verdict,
) -> bool:
    """Wait before a step that is capped or outside hours, pass it over, or leave, as it says."""
    blocked = step.blocked if isinstance(step, MessageStep) else Blocked.WAIT
    match blocked:
        case Blocked.WAIT:
            return _stand_still(scene, unit, workflow, enrollment, verdict, Phase.CAPPED)
        case Blocked.SKIP:
            scene.decide(unit, workflow, verdict, enrollment)
            return True
        case Blocked.LEAVE:
            leave(scene, unit, workflow, enrollment, verdict)
            return False
        case _:
            assert_never(blocked)


def _reach(enrollment: Enrollment, step: Step, now: Moment) -> None:
    enrollment.step = step.id
    enrollment.step_at = now
    visit = enrollment.visits[step.id] = enrollment.visits.get(step.id, 0) + 1
    if visit > 1 and enrollment.spoken:
        forget(enrollment, step.id)
    enrollment.phase = Phase.WALKING
    enrollment.held_since = None
    enrollment.capped_since = None
    enrollment.held_by = ""
    enrollment.withheld = 0
    enrollment.due_at = None


def _leave_prompt(enrollment: Enrollment, step: PromptStep, now: Moment) -> None:
    """Let a prompt be available, in place of an earlier one that is asked for in the same way."""
    enrollment.prompts[step.where] = step.id
    if step.lasts:
        enrollment.prompts_until[step.where] = now + step.lasts
    else:
        enrollment.prompts_until.pop(step.where, None)


def _begin_wait(workflow: Workflow, enrollment: Enrollment, step: WaitStep, now: Moment) -> None:
    enrollment.due_at = now + (for_arm(step.lasts, enrollment.arm) or 0)
    varies = workflow.experiment.vary is Vary.TIMING and set(step.lasts) != {""}
    if varies and is_in_arms(enrollment):
        enrollment.expose_at = now + min(step.lasts.values())


def expose_timing(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment) -> None:
    """Expose the arms of a timing experiment: the earliest arm would act now, in whichever arm this is."""
    enrollment.expose_at = None
    expose_arms(scene, unit, workflow, enrollment)


def _holds(scene: Scene, unit: Unit, enrollment: Enrollment, step: IfStep) -> bool:
    if step.asked is not None:
        return has_heard(enrollment, step.asked)
    if step.test is None:
        return enrollment.arrived is True
    return step.test.value(scene.facts(unit)) is True


def _way(unit: Unit, step: SplitStep) -> str | None:
    """Give the way a unit goes at a split: the same one whenever it comes there."""
    names = [str(number) for number in range(len(step.ways))]
    return step.ways[int(choose_arm(names, step.shares, step.salt, unit.assigned_as or unit.id) or 0)]


def _choose(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment, step: ChooseStep) -> bool:
    """Choose the first offer that can be made now; tell whether there is one."""
    enrollment.chosen.pop(step.name, None)
    for offer in step.offers:
        terms, _ = choose_terms(scene, unit, workflow, offer, enrollment)
        if terms is not None:
            enrollment.chosen[step.name] = offer
            return True
    return False


def _stand_still(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    enrollment: Enrollment,
    verdict: Verdict,
    phase: Phase,
    intent: Intent = Intent.SERVICE,
) -> bool:
    """Hold an enrollment before a speaking step; frozen too long it leaves, capped too long it goes on."""
    since = _held_since(scene, unit, enrollment, phase, intent)
    held_by = f"{verdict.reason.value}|{verdict.rule}"
    if enrollment.phase is not phase or enrollment.held_by != held_by:
        enrollment.phase = phase
        enrollment.held_by = held_by
        scene.decide(unit, workflow, _named(verdict, phase), enrollment)
    policy = scene.program.policy
    until = since + (policy.freeze_for if phase is Phase.FROZEN else policy.patience)
    if scene.now >= until or verdict.reason is Reason.ENDED:
        if phase is Phase.CAPPED:
            scene.decide(unit, workflow, Verdict(Reason.LAPSED, verdict.rule), enrollment)
            return True
        reason = Reason.ENDED if verdict.reason is Reason.ENDED else Reason.FROZEN_TOO_LONG
        leave(scene, unit, workflow, enrollment, Verdict(reason, verdict.rule))
        return False
    retry_at = verdict.retry_at
    enrollment.due_at = until if retry_at is None else min(until, max(retry_at, scene.now + 1))
    return False


def _held_since(scene: Scene, unit: Unit, enrollment: Enrollment, phase: Phase, intent: Intent) -> Moment:
    """Keep and give since when an enrollment is frozen, or was first capped before its step."""
    if phase is Phase.CAPPED:
        if enrollment.capped_since is None:
            # In a row from before the two were told apart, what it stood still for had one beginning.
            known = enrollment.held_since if enrollment.phase is Phase.CAPPED else None
            enrollment.capped_since = known if known is not None else scene.now
        return enrollment.capped_since
    if enrollment.phase is not Phase.FROZEN or enrollment.held_since is None:
        enrollment.held_since = frozen_since(scene, unit, enrollment, intent)
    return enrollment.held_since


def _stand_no_more(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment) -> None:
    """Let an enrollment that stood still go on."""
    if enrollment.phase is Phase.FROZEN:
        scene.decide(unit, workflow, Verdict(Reason.RELEASED), enrollment)
    enrollment.phase = Phase.WALKING
    enrollment.held_by = ""
    enrollment.due_at = None


def _named(verdict: Verdict, phase: Phase) -> Verdict:
    if phase is Phase.CAPPED:
        return verdict
    return Verdict(Reason.FROZEN, verdict.rule or verdict.reason.value, verdict.seen, verdict.retry_at)


def expose_step(
    scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment, step: SpeakingStep
) -> None:
    """Expose at the first step that would speak (holdout, control), and where the arms differ."""
    if enrollment.after_goal:
        return
    experiment = workflow.experiment
    if enrollment.control_stratum:
        rate = enrollment.control_share
        arm, share = ("control", rate) if enrollment.is_control else ("programme", 1 - rate)
        scene.expose(unit, enrollment, workflow, "control", arm, share)
    if not enrollment.is_control:
        held, part = experiment.holdout_rate, 1 - experiment.holdout_rate
        arm, share = ("holdout", held) if enrollment.is_held_out else ("treated", part)
        scene.expose(unit, enrollment, workflow, "holdout", arm, share)
    if not is_in_arms(enrollment):
        return
    differs = {
        Vary.MESSAGE: isinstance(step, MessageStep) and set(step.content) != {""},
        Vary.OFFER: bool(step.offer) and set(step.offer) != {""},
        Vary.AUDIENCE: True,
        Vary.TIMING: False,
        None: False,
    }[experiment.vary]
    if differs:
        expose_arms(scene, unit, workflow, enrollment)


def expose_beside(
    scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment, step: SpeakingStep
) -> None:
    """Expose the arms where a unit is not spoken to but would be in another arm: for all arms at once."""
    if enrollment.after_goal or not is_in_arms(enrollment):
        return
    if would_other_arm_speak(scene, unit, workflow, step, enrollment):
        expose_arms(scene, unit, workflow, enrollment)


def is_in_arms(enrollment: Enrollment) -> bool:
    """Whether a unit is compared by its arm; the held out and the control walk one and count in none."""
    return enrollment.arm is not None and not (enrollment.is_held_out or enrollment.is_control)


def expose_arms(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment) -> None:
    """Expose a unit in its arm against the others, and remember the side it is on."""
    shares = {arm.name: arm.share for arm in workflow.experiment.arms}
    arm = enrollment.arm or ""
    keep_side(scene, unit, workflow, enrollment)
    scene.expose(unit, enrollment, workflow, "arms", arm, shares.get(arm, 0.0))


def _address(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    enrollment: Enrollment,
    step: MessageStep,
    recipients: list[Recipient],
    terms: Terms | None,
) -> bool:
    """Reserve a place for each person and ask for the message; a shadow only spends the places."""
    visit = enrollment.visits[step.id]
    if workflow.takes_slot and not enrollment.after_goal:
        hold_slots(scene, unit, enrollment, [each.person for each in recipients])
    for recipient in recipients:
        person, channel = recipient.person, recipient.channel
        speech = speech_of(workflow, step, scene, enrollment, channel)
        key = message_key(enrollment.id, step.id, visit, bare(person.id), channel)
        if speech.is_counted:
            is_open = not enrollment.is_shadow
            touch = touch_of(key, scene.now, speech, is_open=is_open)
            take_places(scene, person, touch)
            spend_at(
                scene,
                person,
                touch,
                address_of(person, channel) or "",
                is_shadow=enrollment.is_shadow,
                obeys_caps=speech.obeys_caps,
            )
        said = {
            "workflow": workflow.key,
            "enrollment": enrollment.id,
            "step": step.id,
            "channel": channel,
            "intent": step.intent.value,
            "basis": basis.value if isinstance(basis := basis_of(scene, person, speech), Basis) else "",
        }
        if recipient.words:
            said["channel_fit"] = recipient.words
        if enrollment.is_shadow:
            reason = Reason.CONTROL if enrollment.is_control else Reason.HELD_OUT
            scene.record(MESSAGE_WITHHELD, key, unit, bare(person.id), reason=reason.value, **said)
            continue
        scene.record(MESSAGE_RESERVED, key, unit, bare(person.id), **said)
        enrollment.pending.append(key)
        note_spoken(journey_of(workflow, enrollment), enrollment, step.id, key)
        scene.effects.append(_message(scene, unit, workflow, enrollment, step, recipient, key, terms))
    if enrollment.is_shadow:
        note_shown(enrollment, step)
        return True
    _await_receipts(enrollment, scene.now)
    return False


def _await_receipts(enrollment: Enrollment, now: Moment) -> None:
    """Begin to wait for what becomes of what was just reserved."""
    enrollment.phase = Phase.SPEAKING
    enrollment.delivered = False
    enrollment.has_failed = False
    enrollment.spoke_at = now
    enrollment.early = []


def _message(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    enrollment: Enrollment,
    step: MessageStep,
    recipient: Recipient,
    key: str,
    terms: Terms | None,
) -> Speak:
    note_paid_terms(enrollment, terms.offer if terms is not None else None, key)
    return Speak(
        key=key,
        enrollment=enrollment.id,
        workflow=workflow.key,
        version=workflow.version,
        step=step.id,
        visit=enrollment.visits[step.id],
        unit_id=unit.id,
        customer_id=bare(recipient.person.id),
        channel=recipient.channel,
        intent=step.intent,
        content=for_arm(step.content, enrollment.arm) or "",
        offer=terms.offer if terms is not None else None,
        arm=enrollment.arm,
        trigger=dict(enrollment.trigger),
        reserved_at=scene.now,
        terms=terms,
    )


def tell(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment, step: WebhookStep) -> bool:
    """Ask for a server of the team's own to be told; tell whether the journey goes on at once.

    While the workflow is paused it stands still, so that nothing is lost; what became of a trial is told all
    the same, and only once. A shadow tells nobody: what the server would do is part of the treatment.
    """
    is_closing = step.says in CLOSING
    if is_closing and enrollment.trial is not None and enrollment.trial.is_apart:
        return True
    silence = None if is_closing else ask_silence(scene, unit, workflow, Intent.SERVICE)
    if silence is not None:
        return _stand_still(scene, unit, workflow, enrollment, silence, Phase.FROZEN)
    _stand_no_more(scene, unit, workflow, enrollment)
    if enrollment.is_shadow:
        return True
    _post(scene, unit, workflow, enrollment, step, enrollment.terms.get(step.offer))
    return False


def _grant(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    enrollment: Enrollment,
    step: TrialStep,
    terms: Terms | None,
) -> bool:
    """Grant a trial; tell whether the journey goes on at once. A shadow spends its places and has none."""
    key = message_key(enrollment.id, step.id, enrollment.visits[step.id], bare(unit.id), TRIAL)
    take_places(scene, unit, touch_of(key, scene.now, speech_of(workflow, step, scene, enrollment)))
    note_shown(enrollment, step)
    if enrollment.is_shadow:
        return True
    note_spoken(journey_of(workflow, enrollment), enrollment, step.id, key)
    said = {
        "workflow": workflow.key,
        "enrollment": enrollment.id,
        "step": step.id,
        "offer": terms.offer if terms is not None else "",
        "thing": terms.thing if terms is not None else "",
        "ends_at": format_moment(scene.now + step.lasts),
    }
    scene.record(TRIAL_GRANTED, key, unit, None if is_account(unit.id) else bare(unit.id), **said)
    grant = _post(scene, unit, workflow, enrollment, step, terms)
    begin_trial(enrollment, grant, step.lasts)
    return False


def _post(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    enrollment: Enrollment,
    step: WebhookStep | TrialStep,
    terms: Terms | None,
) -> Speak:
    """Ask for a server to be told, and await the receipt; give what it is told."""
    person = "" if is_account(unit.id) else bare(unit.id)
    key = message_key(enrollment.id, step.id, enrollment.visits[step.id], person, WEBHOOK)
    enrollment.pending.append(key)
    _await_receipts(enrollment, scene.now)
    post = Speak(
        key=key,
        enrollment=enrollment.id,
        workflow=workflow.key,
        version=workflow.version,
        step=step.id,
        visit=enrollment.visits[step.id],
        unit_id=unit.id,
        customer_id=person,
        channel=WEBHOOK,
        intent=Intent.SERVICE,
        content="",
        offer=terms.offer if terms is not None else None,
        arm=enrollment.arm,
        trigger=dict(enrollment.trigger),
        reserved_at=scene.now,
        terms=terms,
    )
    scene.effects.append(post)
    return post


def journey_of(workflow: Workflow, enrollment: Enrollment) -> Journey:
    """Give the steps an enrollment walks: the journey's, or those after the goal."""
    return workflow.on_goal if enrollment.after_goal else workflow.journey
