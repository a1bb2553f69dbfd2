"""Passages: what becomes of an enrollment when something becomes true.

Goal reached: leaves at once, then the steps after the goal. Consent withdrawn: that person only.
No longer eligible: leaves. A sensitive state passed: trigger and eligibility are asked again.
"""

from __future__ import annotations

from upsell.clock import Moment
from upsell.decisions.consents import ask_consent
from upsell.decisions.decision import Verdict
from upsell.decisions.intents import PROMOTIONAL, Intent
from upsell.decisions.reasons import Reason
from upsell.journeys.concerns import UNDOING
from upsell.journeys.household import Enrollment, Phase, Unit
from upsell.journeys.leaving import free_slots, leave, withdraw_pending
from upsell.journeys.scene import Scene
from upsell.journeys.speaking import SpeakingStep, address_of, ask_rules, ask_silence, intent_of
from upsell.journeys.steps import (
    MessageStep,
    TaskStep,
    TrialStep,
    WaitDateStep,
    WaitForStep,
    WaitUntilStep,
    WebhookStep,
)
from upsell.journeys.tasks import end_cause
from upsell.journeys.trials import CLOSING, let_go, note_grant, way_out
from upsell.journeys.triggers import is_still_true, is_too_old
from upsell.journeys.waiting import note_early
from upsell.journeys.walking import MOST_TRIES, go_on, journey_of, note_shown, resume, walk
from upsell.journeys.workflow import UnitKind, Workflow
from upsell.signals.events import (
    ADDRESS_SUPPRESSED,
    CONSENT_WITHDRAWN,
    MESSAGE_BOUNCED,
    MESSAGE_COMPLAINED,
    MESSAGE_FAILED,
    MESSAGE_SENT,
    MESSAGE_UNKNOWN,
    MESSAGE_WITHHELD,
    Event,
)

_LOSSES = frozenset({CONSENT_WITHDRAWN, MESSAGE_BOUNCED, MESSAGE_COMPLAINED, ADDRESS_SUPPRESSED})
"""Events after which a person may not be written to any more."""


def is_of_key(workflow: Workflow, key: str, event: Event) -> bool:
    """Tell whether an event may be about a keyed passage: one that names another key is not."""
    if not key or workflow.entry_key not in event.properties:
        return True
    return str(event.properties[workflow.entry_key]) == key


def is_goal(workflow: Workflow, event: Event, key: str, since: Moment, now: Moment) -> bool:
    """Tell whether an event is the goal of a passage, or of a candidate that waits to begin one.

    Args:
        workflow: Whose goal it would be.
        event: The event.
        key: The key of the passage or candidate; empty for one at a time.
        since: When it began; what is no news and happened before is its goal no more.
        now: The moment asked about.
    """
    goal = workflow.goal
    if event.name != goal.event or not is_of_key(workflow, key, event):
        return False
    if event.occurred_at < since and not is_news(workflow, event, now):
        return False
    return goal.where is None or goal.where.holds(event.properties) is True


def is_undone(workflow: Workflow, enrollment: Enrollment, event: Event) -> bool:
    """Tell whether an event takes back the goal a passage is behind: they cancelled or went down."""
    return (
        enrollment.after_goal
        and event.name in UNDOING
        and event.occurred_at >= enrollment.entered_at
        and is_of_key(workflow, enrollment.key, event)
    )


def is_news(workflow: Workflow, event: Event, now: Moment) -> bool:
    """Tell whether an event may start something: it is no history, and no older than the workflow allows."""
    return not (event.is_historical or is_too_old(event, workflow.max_age, now))


def reach_goal(
    scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment, *, is_answered: bool
) -> None:
    """Leave at once because the goal was reached; a treated unit then walks the steps after it.

    Args:
        scene: The household, as of now.
        unit: Whose passage it is.
        workflow: What it passes through.
        enrollment: The passage.
        is_answered: Whether the steps after the goal are walked; not for what is told as history or late.
    """
    entry = workflow.on_goal.entry
    if enrollment.is_shadow or entry is None or not is_answered:
        leave(scene, unit, workflow, enrollment, Verdict(Reason.GOAL_REACHED))
        return
    let_go(scene, unit, enrollment)
    enrollment.trial = None
    withdraw_pending(scene, enrollment, Reason.GOAL_REACHED)
    free_slots(scene, unit, enrollment)
    scene.decide(unit, workflow, Verdict(Reason.GOAL_REACHED), enrollment)
    end_cause(scene, unit, enrollment, Verdict(Reason.GOAL_REACHED))
    enrollment.after_goal = True
    enrollment.expose_at = None
    walk(scene, unit, workflow, enrollment, entry)


def ask_enrollment(
    scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment, event: Event
) -> bool:
    """Ask whether an enrollment may go on after an event; tell whether it does."""
    if event.name in _LOSSES and not _is_still_reachable(scene, unit, workflow, enrollment):
        return False
    return is_still_eligible(scene, unit, workflow, enrollment)


def is_still_eligible(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment) -> bool:
    """Ask eligibility again and leave when it is gone; tell whether the enrollment goes on.

    After the goal it is not asked: having what was offered is the point then.
    """
    if enrollment.after_goal:
        return True
    ineligible = ask_rules(workflow.eligible, scene.facts(unit), Reason.INELIGIBLE, wanted=True)
    if ineligible is not None:
        leave(scene, unit, workflow, enrollment, ineligible)
        return False
    return True


def take_receipt(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment, event: Event) -> None:
    """Take what became of a message: the journey goes on when every person of the step is accounted for.

    Sent or unknown: on. Failed for good, or withdrawn by a person: on, with the reason. All withheld by
    the gate before sending: the step is asked again, where it stands still for the same reason; its
    patience counts from when it first did.
    """
    key = event.properties.get("key")
    if key not in enrollment.pending:
        return
    enrollment.pending.remove(key)
    step = journey_of(workflow, enrollment).steps[enrollment.step or ""]
    if isinstance(step, TrialStep):
        note_grant(enrollment, event)
    elif isinstance(step, WebhookStep) and step.says in CLOSING and event.name != MESSAGE_WITHHELD:
        enrollment.trial = None
    if event.name in (MESSAGE_SENT, MESSAGE_UNKNOWN):
        enrollment.delivered = True
        if isinstance(step, MessageStep):
            note_shown(enrollment, step)
    elif event.name == MESSAGE_FAILED or event.properties.get("is_final") is True:
        enrollment.has_failed = True
    if enrollment.pending or not isinstance(step, MessageStep | WebhookStep | TrialStep):
        return
    enrollment.phase = Phase.WALKING
    is_withheld = not (enrollment.delivered or enrollment.has_failed)
    enrollment.withheld += is_withheld
    if is_withheld and enrollment.withheld < MOST_TRIES:
        enrollment.visits[step.id] += 1
        resume(scene, unit, workflow, enrollment, step)
        return
    if not enrollment.delivered and isinstance(step, TrialStep):
        # Who was granted nothing is not reminded of it, nor told that it ended.
        leave(scene, unit, workflow, enrollment, Verdict(Reason.UNDELIVERABLE, step.id))
        return
    if not enrollment.delivered:
        scene.decide(unit, workflow, Verdict(Reason.UNDELIVERABLE, step.id), enrollment)
    walk(scene, unit, workflow, enrollment, step.then, awaits_from=enrollment.spoke_at or None)


def take_arrival(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment, event: Event) -> None:
    """Go on when the event an enrollment waits for has come; one from before the wait does not count.

    What comes while a message is on its way counts for the wait behind it, as it would have, had the
    message arrived at once.
    """
    journey = journey_of(workflow, enrollment)
    step = journey.steps.get(enrollment.step or "")
    if enrollment.phase is Phase.SPEAKING:
        since = enrollment.spoke_at or enrollment.step_at
        note_early(journey, enrollment, lambda each: _awaits(workflow, enrollment, each, event, since))
        return
    if not isinstance(step, WaitForStep):
        return
    since = enrollment.awaits_from if enrollment.awaits_from is not None else enrollment.step_at
    if _awaits(workflow, enrollment, step, event, since):
        enrollment.arrived = True
        walk(scene, unit, workflow, enrollment, step.then)


def _awaits(
    workflow: Workflow, enrollment: Enrollment, step: WaitForStep, event: Event, since: Moment
) -> bool:
    """Tell whether an event is what a wait is for that looks for it from some moment on."""
    if event.name != step.event or not is_of_key(workflow, enrollment.key, event):
        return False
    if event.occurred_at < (enrollment.entered_at if step.since_enrollment else since):
        return False
    return step.where is None or step.where.holds(event.properties) is True


def ask_trial(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment) -> None:
    """Remind nobody of a trial who took the paid terms, or whose trial is over: billing is told at once."""
    to = way_out(enrollment, scene.now)
    if to is not None:
        withdraw_pending(scene, enrollment, Reason.LAPSED)
        walk(scene, unit, workflow, enrollment, to)


def ask_awaited(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment) -> None:
    """Ask a wait that a rule, a date or an answer ends, because something happened to its unit."""
    step = journey_of(workflow, enrollment).steps.get(enrollment.step or "")
    if isinstance(step, WaitUntilStep | WaitDateStep):
        go_on(scene, unit, workflow, enrollment, step)


def try_again(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment) -> None:
    """Ask an enrollment that stands still before a step that speaks whether it may now.

    On release from a freeze the trigger is asked again; what no longer holds leaves. Not so before a
    webhook, by which a server may have to be told that something has ended.
    """
    step = journey_of(workflow, enrollment).steps.get(enrollment.step or "")
    if not isinstance(step, MessageStep | TaskStep | TrialStep | WebhookStep):
        return
    is_released = enrollment.phase is Phase.FROZEN and not enrollment.after_goal
    if is_released and not isinstance(step, WebhookStep):
        silence = ask_silence(scene, unit, workflow, intent_of(step), step)
        if silence is None and not is_still_true(workflow.trigger, scene.facts(unit)):
            leave(scene, unit, workflow, enrollment, Verdict(Reason.TRIGGER_GONE, "after a freeze"))
            return
    resume(scene, unit, workflow, enrollment, step)


def _is_still_reachable(scene: Scene, unit: Unit, workflow: Workflow, enrollment: Enrollment) -> bool:
    """Ask whether a person was lost; a customer's own enrollment leaves, an account's goes on with others.

    What is about what they have goes on to be told when nothing else was left to be said.
    """
    if workflow.unit is UnitKind.ACCOUNT:
        return True
    ways = _ways_to_speak(workflow, enrollment)
    consented = [
        channel for channel, intent in ways if ask_consent(unit.contact, channel, intent=intent) is None
    ]
    if not consented:
        lost = "consent withdrawn"
    elif all(channel and address_of(unit, channel) is None for channel in consented):
        lost = "no address"
    else:
        return True
    leave(scene, unit, workflow, enrollment, Verdict(Reason.NO_RECIPIENT, lost))
    return False


def _ways_to_speak(workflow: Workflow, enrollment: Enrollment) -> set[tuple[str, Intent]]:
    """Give by which channels a passage may promote yet and with what intent; empty for no channel.

    Of a passage that promotes nothing any more, such as one behind its goal, those of its other messages.
    """
    before = () if enrollment.after_goal else tuple(workflow.journey.steps.values())
    steps = [step for step in (*before, *workflow.on_goal.steps.values()) if isinstance(step, SpeakingStep)]
    steps = [step for step in steps if intent_of(step) in PROMOTIONAL] or steps
    messages = [step for step in steps if isinstance(step, MessageStep)]
    return {(channel, step.intent) for step in messages for channel in step.channels} or {("", Intent.HELP)}
