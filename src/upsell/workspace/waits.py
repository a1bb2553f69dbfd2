"""Waits: each message that can reach somebody too soon after another.

The lint ``wait-too-short``. The law: the time told is the least there can be on any way, to one person, and
what the policy keeps apart anyway is not told. Along the journey it is carried how long ago each kind of
message came last, so a journey of any shape is read once.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product, starmap
from typing import TypeGuard

import msgspec

from upsell.clock import Duration, format_duration
from upsell.decisions.contact import Speech, is_concerned
from upsell.decisions.intents import PROMOTIONAL, SELLING, Intent
from upsell.decisions.policy import Policy
from upsell.journeys.concerns import DEFAULT_ROLE
from upsell.journeys.speaking import SpeakingStep, intent_of
from upsell.journeys.steps import MessageStep, Step, WaitDateStep, WaitForStep, WaitUntilStep
from upsell.journeys.workflow import UnitKind, Workflow
from upsell.workspace.findings import Findings
from upsell.workspace.items import Record
from upsell.workspace.spacing import LEAST, channels_of, least_between
from upsell.workspace.ways import Stop, Ways, arms_of
from upsell.workspace.written_steps import place_of

_Awaiting = WaitForStep | WaitUntilStep | WaitDateStep
"""Waits that may end at once."""


class _Message(msgspec.Struct, frozen=True):
    """One kind of message to one role, empty for the customer: what caps and spacing tell apart."""

    role: str
    channel: str
    intent: Intent
    is_counted: bool


class _Since(msgspec.Struct, frozen=True, order=True):
    """How long ago something was said at the least, by which step, and behind which event that came."""

    elapsed: Duration
    step: str
    awaited: str = ""


def lint_waits(workflow: Workflow, record: Record, policy: Policy, findings: Findings) -> None:
    """Note each message that can reach somebody too soon after another."""
    soonest: dict[str, tuple[_Since, SpeakingStep, Ways]] = {}
    for arm in arms_of(workflow):
        ways = Ways(workflow, arm)
        heard: dict[Stop, dict[_Message, _Since]] = {}
        for stop in ways.in_order():
            before, step = heard.pop(stop, {}), ways.steps[stop.step]
            if _is_interrupting(step):
                soon = _too_soon(before, step, workflow, policy)
                if soon is not None and (step.id not in soonest or soon < soonest[step.id][0]):
                    soonest[step.id] = (soon, step, ways)
                before |= dict.fromkeys(_messages(step, workflow), _Since(0, step.id))
            for then, lasts in ways.next_of(stop):
                _hand_on(before, step, lasts, heard.setdefault(then, {}))
    for soon, step, ways in soonest.values():
        _note_wait(soon, step, ways, record, findings)


def _hand_on(
    before: Mapping[_Message, _Since], step: Step, lasts: Duration, after: dict[_Message, _Since]
) -> None:
    """Let time pass over what was heard, keeping of several ways the shortest time."""
    for message, since in before.items():
        awaited = step.id if isinstance(step, _Awaiting) and lasts < step.up_to else since.awaited
        aged = _Since(since.elapsed + lasts, since.step, awaited)
        if aged.elapsed < max(LEAST.values()):
            after[message] = min(aged, after.get(message, aged))


def _too_soon(
    before: Mapping[_Message, _Since], step: SpeakingStep, workflow: Workflow, policy: Policy
) -> _Since | None:
    """Give what was said last before a step and too shortly, None when nothing was."""
    return min(
        (
            since
            for message, since in before.items()
            for said in _messages(step, workflow)
            if message.role == said.role
            and since.elapsed < least_between(message.channel, said.channel)
            and not _is_kept_apart(message, said, step, workflow, policy)
        ),
        default=None,
    )


def _note_wait(soon: _Since, step: SpeakingStep, ways: Ways, record: Record, findings: Findings) -> None:
    """Note a message that can follow another too soon."""
    first = ways.steps[soon.step]
    pair = [each for each in (first, step) if isinstance(each, SpeakingStep)]
    needed = max(starmap(least_between, product(*(channels_of(each) for each in pair))))
    length = format_duration(needed)
    is_selling = all(intent_of(each) in SELLING for each in pair)
    policy = f"policy.gap: {length}" if is_selling else f"a cap {{at_most: 1, within: {length}}}"
    hint = f"add - wait: {length} before it, or {policy}"
    awaited = ways.steps.get(soon.awaited)
    if isinstance(awaited, _Awaiting):
        line = place_of(record, awaited.id).line
        what = f" for {awaited.event}" if isinstance(awaited, WaitForStep) else ""
        hint = f"the wait{what} (line {line}) may end at once\n{hint}"
    time = f"{format_duration(soon.elapsed)} after" if soon.elapsed else "at once after"
    findings.warning(
        place_of(record, step.id),
        f"expected at least {length} between two messages to one person, "
        f"got one that can come {time} that of line {place_of(record, soon.step).line}",
        hint=hint,
        code="wait-too-short",
    )


def _is_kept_apart(
    first: _Message, second: _Message, step: SpeakingStep, workflow: Workflow, policy: Policy
) -> bool:
    """Tell whether a cap of one lets the second wait long enough, whatever the journey says.

    A cap on kinds of offers is left out: which offer is made is only known when it is.
    """
    obeys = not isinstance(step, MessageStep) or step.obeys_caps
    needed = least_between(first.channel, second.channel)
    said = [Speech(each.intent, each.channel, workflow.key, workflow.category) for each in (first, second)]
    return first.is_counted and any(
        cap.at_most == 1
        and cap.calendar is None
        and cap.within >= needed
        and (obeys or cap.is_hard)
        and all(is_concerned(cap, each) for each in said)
        for cap in policy.caps
    )


def _is_interrupting(step: Step) -> TypeGuard[SpeakingStep]:
    """Tell whether a step reaches somebody who did not ask, with more than service."""
    return (
        isinstance(step, SpeakingStep)
        and intent_of(step) in PROMOTIONAL
        and any(least_between(channel, channel) > 0 for channel in channels_of(step))
    )


def _roles(step: SpeakingStep, workflow: Workflow) -> frozenset[str]:
    """Give whom a step addresses: roles in an account, or with an empty one the customer."""
    if workflow.unit is UnitKind.CUSTOMER:
        return frozenset({""})
    named = step.to if isinstance(step, MessageStep) else ()
    return frozenset(named or (DEFAULT_ROLE,))


def _messages(step: SpeakingStep, workflow: Workflow) -> list[_Message]:
    """Give what a step says, by the role it is said to."""
    is_counted = not isinstance(step, MessageStep) or step.is_counted
    return [
        _Message(role, channel, intent_of(step), is_counted)
        for role in sorted(_roles(step, workflow))
        for channel in channels_of(step)
    ]
