"""Candidates: a unit whose trigger fired is let in, waits, or is refused, always with a reason.

The gates are asked in one order: eligible, suppressed, reachable, consent, contact policy for the
first speaking step, ranking, layer, ramp; the global control and the holdout are asked last, so that treated
and held-out units passed the same gates. Who is outside layer or ramp is neither.
"""

from __future__ import annotations

from collections.abc import Mapping

from upsell.clock import Moment
from upsell.decisions.assignment import is_drawn
from upsell.decisions.control import draw_control, period_at
from upsell.decisions.decision import Verdict
from upsell.decisions.layers import ask_layer
from upsell.decisions.ramps import ask_ramp, ramp_share
from upsell.decisions.reasons import Reason
from upsell.ids import UnitId, digest
from upsell.journeys.household import Enrollment, Unit, Waiting, Watch
from upsell.journeys.leaving import hold_slots, is_shared, slot_holder
from upsell.journeys.merging import drawn_as
from upsell.journeys.scene import Scene
from upsell.journeys.sides import arm_of, ask_arms_offers
from upsell.journeys.speaking import (
    WAITABLE,
    addressed,
    ask_recipients,
    ask_rules,
    ask_silence,
    first_speaking,
    intent_of,
)
from upsell.journeys.steps import Blocked, MessageStep
from upsell.journeys.triggers import is_still_true, is_too_old
from upsell.journeys.walking import walk
from upsell.journeys.workflow import Status, Vary, Workflow
from upsell.rules.facts import Scalar
from upsell.signals.events import Event

BLOCKS = frozenset(
    {
        Reason.PAUSED,
        Reason.SUPPRESSED,
        Reason.SENSITIVE,
        Reason.NO_RECIPIENT,
        Reason.ADDRESS_SUPPRESSED,
        Reason.NO_CONSENT,
        Reason.ASKED_TO_PAUSE,
        Reason.PRICE_GUARDRAIL,
        Reason.DECLINED,
        Reason.OUTSIDE_HOURS,
        Reason.CAPPED,
        Reason.OUTRANKED,
        Reason.NOT_IN_RAMP,
    }
)
"""Reasons for which a candidate waits while its trigger is true."""

MOST_KEYS = 200
"""How many keys of a unit a keyed workflow remembers that were let in, and how many may wait."""

OF_THE_EVENT = frozenset({Reason.HISTORICAL, Reason.STALE})
"""Reasons that refuse one firing and say nothing of a candidate that waits since an earlier one."""

ENTRIES = frozenset({Reason.ENROLLED, Reason.HELD_OUT, Reason.CONTROL})
"""Reasons with which a unit is let in, as itself or as a shadow."""


def ask_gates(
    scene: Scene, unit: Unit, workflow: Workflow, watch: Watch, event: Event | None, key: str = ""
) -> Verdict:
    """Ask a candidate's gates in order and give the first that is shut, or how it is let in.

    Args:
        scene: The household, as of now; nothing in it is changed.
        unit: The candidate.
        workflow: What it is a candidate for.
        watch: What the workflow remembers of it.
        event: The event that fired the trigger, None when time did or when it is asked again.
        key: What tells the passage it would open from others; empty for one at a time.
    """
    refusal = _ask_entry(scene, unit, workflow, watch, event, key)
    if refusal is not None:
        return refusal
    step = first_speaking(workflow.journey)
    if step is not None:
        shut = (
            ask_arms_offers(scene, unit, workflow, step, _arm(scene, workflow, unit, watch))
            or ask_silence(scene, unit, workflow, intent_of(step), step)
            or ask_recipients(scene, unit, workflow, step, None)[1]
        )
        is_skipped = isinstance(step, MessageStep) and step.blocked is Blocked.SKIP
        if shut is not None and not (is_skipped and shut.reason in WAITABLE - {Reason.OUTRANKED}):
            return shut
    if workflow.takes_slot and unit.slot is not None and not is_shared(unit, unit.slot, workflow.key):
        return Verdict(Reason.OUTRANKED, slot_holder(scene, unit))
    experiment, drawn = workflow.experiment, _drawn(scene, unit, workflow, watch)
    outside = ask_layer(scene.program.layers.get(workflow.key), _drawn_household(scene, unit)) or ask_ramp(
        experiment.ramp, experiment.ramp_salt, drawn, scene.now
    )
    if outside is not None:
        return outside
    # By household: a company in the control hears nothing, whichever of its people is asked about.
    draw = draw_control(scene.program.policy.control, _drawn_household(scene, unit), scene.now)
    if draw.is_control:
        return Verdict(Reason.CONTROL, draw.period)
    if is_drawn(experiment.holdout_rate, experiment.salt, drawn):
        return Verdict(Reason.HELD_OUT)
    return Verdict(Reason.ENROLLED)


def consider(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    watch: Watch,
    trigger: Mapping[str, Scalar],
    event: Event | None,
) -> None:
    """Take a candidate whose trigger just fired through the gates and act on the answer.

    Blocked, it waits its whole term anew, in the place of one that waits already.
    """
    key = entry_key(workflow, event)
    verdict = ask_gates(scene, unit, workflow, watch, event, key)
    trigger = {**trigger, "key": key} if key else trigger
    until = scene.now + scene.program.policy.patience
    _act(scene, unit, workflow, watch, trigger, verdict, until)


def _act(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    watch: Watch,
    trigger: Mapping[str, Scalar],
    verdict: Verdict,
    until: Moment,
) -> None:
    key = str(trigger.get("key") or "")
    if verdict.reason in ENTRIES:
        _enroll(scene, unit, workflow, watch, trigger, verdict)
    elif verdict.reason in BLOCKS and not workflow.is_dropped and _has_room(watch, key):
        _wait(scene, unit, workflow, watch, trigger, verdict, until)
    else:
        if verdict.reason not in OF_THE_EVENT:
            watch.let_go(key)
        said = f"{verdict.reason.value}|{verdict.rule}"
        if watch.refused != said:
            watch.refused = said
            scene.decide(unit, workflow, verdict)


def ask_waiting(scene: Scene, unit: Unit, workflow: Workflow, watch: Watch) -> None:
    """Ask blocked candidates again; each lapses when it waited too long or its trigger is gone."""
    for key, waiting in list(watch.candidates.items()):
        if not is_still_true(workflow.trigger, scene.facts(unit)):
            watch.let_go(key)
            scene.decide(unit, workflow, Verdict(Reason.TRIGGER_GONE, waiting.verdict.reason.value))
        elif scene.now >= waiting.until:
            watch.let_go(key)
            scene.decide(unit, workflow, Verdict(Reason.LAPSED, waiting.verdict.reason.value))
        else:
            verdict = ask_gates(scene, unit, workflow, watch, None, key)
            _act(scene, unit, workflow, watch, waiting.trigger, verdict, waiting.until)


def _has_room(watch: Watch, key: str) -> bool:
    """Tell whether a candidate may wait beside those of other keys."""
    return not key or key in watch.queue or len(watch.queue) < MOST_KEYS


def _ask_entry(
    scene: Scene, unit: Unit, workflow: Workflow, watch: Watch, event: Event | None, key: str
) -> Verdict | None:
    if workflow.status is Status.ENDED:
        return Verdict(Reason.ENDED)
    if event is not None and event.is_historical:
        return Verdict(Reason.HISTORICAL)
    if is_too_old(event, workflow.max_age, scene.now):
        return Verdict(Reason.STALE)
    going = [each for each in unit.enrollments.values() if each.workflow == workflow.key]
    if any(each.key == key for each in going):
        return Verdict(Reason.ALREADY_ENROLLED, key)
    if len(going) >= workflow.at_once:
        return Verdict(Reason.TOO_MANY, f"at most {workflow.at_once} at once")
    entered_at = watch.entered.get(key) if key else watch.entered_at
    if entered_at is not None:
        again_after = workflow.trigger.again_after
        if again_after is None or scene.now < entered_at + again_after:
            return Verdict(Reason.COOLING_DOWN, key)
    facts = scene.facts(unit)
    ineligible = ask_rules(workflow.eligible, facts, Reason.INELIGIBLE, wanted=True)
    if ineligible is not None:
        return ineligible
    audience = workflow.experiment.audience
    if audience and all(rule.value(facts) is not True for rule in audience.values()):
        return Verdict(Reason.INELIGIBLE, "in no arm's audience")
    return None


def entry_key(workflow: Workflow, event: Event | None) -> str:
    """Give what tells a passage that an event would open from others; empty for one at a time."""
    if not workflow.entry_key or event is None:
        return ""
    value = event.properties.get(workflow.entry_key)
    return str(value)[:200] if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _remember_entry(workflow: Workflow, watch: Watch, key: str, now: Moment) -> None:
    """Remember that a unit entered, by key of a keyed workflow; of keys only those that still matter."""
    watch.entered_at = now
    if not key:
        return
    again_after = workflow.trigger.again_after
    kept = {k: at for k, at in watch.entered.items() if again_after is None or at + again_after > now}
    watch.entered = dict(sorted({**kept, key: now}.items(), key=lambda each: each[1])[-MOST_KEYS:])


def _enroll(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    watch: Watch,
    trigger: Mapping[str, Scalar],
    verdict: Verdict,
) -> None:
    is_treated = verdict.reason is Reason.ENROLLED
    key = str(trigger.get("key") or "")
    draw = draw_control(scene.program.policy.control, _drawn_household(scene, unit), scene.now)
    enrollment = Enrollment(
        id=digest("enrollment", workflow.key, unit.id, str(scene.now), *([key] if key else []))[:20],
        key=key,
        workflow=workflow.key,
        version=workflow.version,
        entered_at=scene.now,
        owes_value=scene.program.policy.rails.is_laddered,
        is_shadow=not is_treated,
        is_control=verdict.reason is Reason.CONTROL,
        is_held_out=verdict.reason is Reason.HELD_OUT,
        arm=_arm(scene, workflow, unit, watch),
        trigger=dict(trigger),
        ramp_share=ramp_share(workflow.experiment.ramp, scene.now),
        control_stratum="" if _is_between_periods(scene) else draw.stratum,
        control_share=draw.share,
    )
    if is_treated and workflow.experiment.vary is Vary.AUDIENCE:
        rule = workflow.experiment.audience.get(enrollment.arm or "")
        enrollment.is_shadow = rule is not None and rule.value(scene.facts(unit)) is not True
    if workflow.experiment.is_by_account:
        # For the life of the experiment, also when they move to another account.
        watch.assigned_as = _drawn(scene, unit, workflow, watch)
    watch.let_go(key)
    watch.refused = ""
    _remember_entry(workflow, watch, key, scene.now)
    unit.enrollments[enrollment.id] = enrollment
    scene.decide(unit, workflow, verdict, enrollment)
    if workflow.takes_slot:
        step = first_speaking(workflow.journey)
        people = addressed(scene, unit, workflow, step) if step is not None else []
        hold_slots(scene, unit, enrollment, people)
    walk(scene, unit, workflow, enrollment, workflow.journey.entry)


def _wait(
    scene: Scene,
    unit: Unit,
    workflow: Workflow,
    watch: Watch,
    trigger: Mapping[str, Scalar],
    verdict: Verdict,
    until: Moment,
) -> None:
    key = str(trigger.get("key") or "")
    held = watch.candidates.get(key)
    if held is None or (held.verdict.reason, held.verdict.rule) != (verdict.reason, verdict.rule):
        scene.decide(unit, workflow, verdict)
    since = held.since if held is not None else scene.now
    watch.keep(key, Waiting(since, until, verdict.retry_at, verdict, dict(trigger)))


def _drawn(scene: Scene, unit: Unit, workflow: Workflow, watch: Watch) -> UnitId:
    """Give the id by which ramp, holdout and arms are drawn: the unit's, or its account's."""
    if workflow.experiment.is_by_account and watch.assigned_as is None:
        return _drawn_household(scene, unit)
    return drawn_as(unit, watch)


def _arm(scene: Scene, workflow: Workflow, unit: Unit, watch: Watch) -> str | None:
    return arm_of(scene, unit, workflow, watch, _drawn(scene, unit, workflow, watch))


def _is_between_periods(scene: Scene) -> bool:
    """Whether a journey of the household goes on that began before the control was last drawn.

    It keeps the side it began on. That does not hang on what was drawn since, so leaving such households out
    leaves both sides alike.
    """
    control = scene.program.policy.control
    if control.rate <= 0 or control.period is None:
        return False
    _, begins_at = period_at(control.period, scene.now)
    return any(
        enrollment.entered_at < begins_at
        for unit in scene.units()
        for enrollment in unit.enrollments.values()
    )


def _drawn_household(scene: Scene, unit: Unit) -> UnitId:
    """Give the id by which layers and the global control are drawn: the account's, or the customer's own."""
    household = scene.household
    return household.id if household.account is not None else unit.assigned_as or household.id
