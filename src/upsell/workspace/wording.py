"""Wording: what a workflow is set to do, read back in plain words: its trigger, gates, goal and steps.

For everybody who looks at a workflow without reading YAML. The law: one function says what a step does,
so that a picture, a list in the terminal and a page never tell it differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import assert_never

from upsell.clock import Duration, format_duration, format_moment
from upsell.decisions.intents import Intent
from upsell.decisions.layers import LayerShare
from upsell.decisions.ramps import RampStep
from upsell.decisions.reach import EMAIL, PUSH, SMS
from upsell.journeys.steps import (
    Asked,
    Blocked,
    ChooseStep,
    EndStep,
    GoStep,
    IfStep,
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
)
from upsell.journeys.workflow import Arm, Goal, Score, ScorePart, Workflow
from upsell.rules.compile import Rule
from upsell.rules.conditions import Condition
from upsell.workspace.scalars import WEEKDAYS, percent

_SPEAKS = {EMAIL: "Mail", SMS: "Text", PUSH: "Push"}
_MEANS = {
    Intent.SERVICE: "about what they have",
    Intent.HELP: "to help",
    Intent.SHOW: "to show something",
    Intent.OFFER: "to offer something",
}
_BLOCKED = {Blocked.SKIP: "passed over if blocked", Blocked.LEAVE: "leaving if blocked"}
_TOLD = {
    "journey.step_reached": "that this point was reached",
    "trial.accepted": "that the paid terms were taken",
    "trial.ended": "that the trial has ended",
}


def tell_step(step: Step, names: Mapping[str, str]) -> str:  # noqa: PLR0911  # a case for each step
    """Say in one sentence, without a full stop, what a step does.

    Args:
        step: The step.
        names: What steps are called, by their ids; others are called by their ids.
    """
    match step:
        case MessageStep():
            return _tell_message(step)
        case PromptStep():
            where = f"at {step.placement}" if step.placement else f"for {step.channel}"
            what = f" {step.content}" if step.content else ""
            lasts = f" for {format_duration(step.lasts)}" if step.lasts else ""
            return f"Leave a prompt{what} {where}{lasts}, {_meaning(step.intent, step.offer)}"
        case TaskStep():
            offers = f", offering {by_arm(step.offer)}" if step.offer else ""
            due = f"in {format_duration(step.due)}" if step.due else "by the sla of its queue"
            return f"Task for {step.queue}: {flat(step.title)}, due {due}{offers}"
        case WaitStep() | WaitForStep() | WaitUntilStep() | WaitDateStep() | WaitTimeStep():
            return f"Wait {_tell_wait(step, names)}"
        case IfStep():
            return f"If {tell_question(step, names)}"
        case SplitStep():
            return f"Go one of {len(step.ways)} ways by chance"
        case GoStep():
            return f"Go to {names.get(step.to, step.to)}, {_times(step.at_most)} at most"
        case UpdateStep():
            return "Set " + ", ".join(f"{name} to {flat(rule.text)}" for name, rule in step.values.items())
        case WebhookStep():
            return f"Tell {_host(step.url)} {_TOLD.get(step.says, step.says)}"
        case TrialStep():
            lasts = format_duration(step.lasts)
            return f"Grant {by_arm(step.offer)} as a trial for {lasts}, and tell {_host(step.url)}"
        case ChooseStep():
            return f"Choose the first of {', '.join(step.offers)} that can be made, as {step.name}"
        case EndStep():
            return "End"
        case _:
            assert_never(step)


def tell_question(step: IfStep, names: Mapping[str, str]) -> str:
    """Say what a branch asks, without the if."""
    if step.asked is not None:
        return _tell_asked(step.asked, names)
    return _rule(step.test) if step.test is not None else "what was waited for came"


def tell_trigger(workflow: Workflow) -> str:
    """Say when a workflow begins, without the when, and whether it does so again."""
    trigger = workflow.trigger
    when = f", while {flat(trigger.when.text)}" if trigger.when is not None else ""
    if trigger.on is not None:
        told = f"{trigger.on} happens{_where(trigger.where)}{when}"
    elif trigger.crossing is not None:
        passed = _either(f"{at:g}" for at in trigger.crossing.at)
        told = f"{flat(trigger.crossing.of.text)} passes {passed}{when}"
    elif trigger.score is not None:
        told = f"{_tell_score(trigger.score)}{when}"
    else:
        held = f" and has been for {format_duration(trigger.held_for)}" if trigger.held_for else ""
        told = f"{_rule(trigger.when)} becomes true{held}"
    each = f" for each {workflow.entry_key}" if workflow.entry_key else ""
    return f"{told}; {_again(trigger.again_after)}{each}"


def tell_gates(workflow: Workflow, layer: LayerShare | None) -> tuple[str, ...]:
    """Say who is let in, each gate in a line, in the order in which they are asked."""
    experiment, told = workflow.experiment, list[str]()
    told += (f"only if {flat(rule.text)}" for rule in workflow.eligible)
    told += (f"not while {flat(rule.text)}" for rule in workflow.suppress)
    if layer is not None:
        told.append(f"of layer {layer.layer} {share_in_words(layer.ends - layer.begins)}")
    told += (_tell_ramp(step) for step in experiment.ramp)
    if experiment.holdout_rate:
        told.append(f"{share_in_words(experiment.holdout_rate)} held out by chance")
    if experiment.vary is not None:
        arms = ", ".join(_tell_arm(arm, experiment.audience.get(arm.name)) for arm in experiment.arms)
        told.append(f"arms differ in {experiment.vary.value}: {arms}")
    return tuple(told)


def tell_goal(goal: Goal) -> str:
    """Say what a workflow is for."""
    return f"{goal.event}{_where(goal.where)} within {format_duration(goal.within)}"


def by_arm(values: Mapping[str, str]) -> str:
    """Write a value that may differ by arm; what all arms share needs no arm."""
    return " or ".join(f"{value} ({arm})" if arm else value for arm, value in values.items())


def share_in_words(share: float) -> str:
    """Write a share of 0 to 1 as a percentage."""
    return percent(Decimal(f"{share:.6f}"))


def flat(text: str) -> str:
    """Put text on one line."""
    return " ".join(text.split())


def _tell_arm(arm: Arm, audience: Rule | None) -> str:
    told = f"{arm.name} {share_in_words(arm.share)}"
    return told if audience is None else f"{told} only if {flat(audience.text)}"


def _tell_message(step: MessageStep) -> str:
    lead = _SPEAKS.get(step.channels[0], step.channels[0]) if len(step.channels) == 1 else "Say"
    to = f" to {' and '.join(step.to)}" if step.to else ""
    parts = [f"{lead} {by_arm(step.content)}{to}"]
    if len(step.channels) > 1:
        better = f", up to {format_duration(step.within)} for the better one" if step.within else ""
        parts.append(f"by {_either(step.channels)}{better}")
    parts.append(_meaning(step.intent, step.offer))
    if not step.obeys_caps:
        parts.append("beyond the caps")
    parts += [_BLOCKED[step.blocked]] if step.blocked in _BLOCKED else []
    return ", ".join(parts)


def _tell_wait(
    step: WaitStep | WaitForStep | WaitUntilStep | WaitDateStep | WaitTimeStep, names: Mapping[str, str]
) -> str:
    match step:
        case WaitStep():
            return by_arm({arm: format_duration(lasts) for arm, lasts in step.lasts.items()})
        case WaitForStep():
            since = ", also since the beginning" if step.since_enrollment else ""
            return f"for {step.event}{_where(step.where)}{since}, {_at_most(step.up_to)}"
        case WaitUntilStep():
            until = _tell_asked(step.asked, names) if step.asked is not None else _rule(step.test)
            return f"until {until}, {_at_most(step.up_to)}"
        case WaitDateStep():
            before = f"{format_duration(step.before)} before " if step.before else ""
            return f"until {before}{_rule(step.date)}, {_at_most(step.up_to)}"
        case WaitTimeStep():
            return f"until {step.minute // 60:02d}:{step.minute % 60:02d} their time{_days(step.days)}"
        case _:
            assert_never(step)


def _tell_asked(asked: Asked, names: Mapping[str, str]) -> str:
    step = names.get(asked.step, asked.step) if asked.step is not None else "what was said last"
    return f"{step} was {asked.heard.value}"


def _tell_score(score: Score) -> str:
    parts = ", ".join(_tell_part(part) for part in score.parts)
    return f"signals come to {score.at:g}: {parts}"


def _tell_part(part: ScorePart) -> str:
    fades = f" (half after {format_duration(part.half_life)})" if part.half_life is not None else ""
    return f"{part.weight:g} for {flat(part.rule.text)}{fades}"


def _tell_ramp(step: RampStep) -> str:
    since = f" from {format_moment(step.begins_at)}" if step.begins_at is not None else ""
    return f"open to {share_in_words(step.share)} of them{since}"


def _meaning(intent: Intent, offer: Mapping[str, str]) -> str:
    return f"to offer {by_arm(offer)}" if offer else _MEANS[intent]


def _where(where: Condition | None) -> str:
    return f" where {flat(where.text)}" if where is not None else ""


def _again(again_after: Duration | None) -> str:
    return "once" if again_after is None else f"again after {format_duration(again_after)} at the earliest"


def _either(names: Iterable[str]) -> str:
    known = list(names)
    return " or ".join(filter(None, (", ".join(known[:-1]), known[-1])))


def _at_most(lasts: Duration) -> str:
    return f"{format_duration(lasts)} at most"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _days(days: frozenset[int]) -> str:
    if len(days) == len(WEEKDAYS):
        return ""
    return " on " + _either(WEEKDAYS[day].capitalize() for day in sorted(days))


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0] or url


def _rule(rule: Rule | None) -> str:
    return flat(rule.text) if rule is not None else ""
