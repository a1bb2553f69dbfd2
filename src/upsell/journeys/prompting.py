"""Prompting: what is available to somebody who looks at a placement, or is about to be told by a channel.

A prompt step passes at once and leaves its prompt available while the enrollment goes on, or for as long
as it says. The law: a prompt is decided when it is asked for, in both arms: then it is exposed, spends its
place, and is recorded as offered or withheld. What the team's own system says over a channel obeys that
channel's addresses, consent, hours and caps, as what we send does. What is proposed for a cart is for the
cart that the request shows.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from upsell.decisions.contact import Speech, Touch, touch_of
from upsell.decisions.decision import Verdict
from upsell.decisions.reach import PROMPT
from upsell.decisions.reasons import Reason
from upsell.decisions.stops import ask_stops
from upsell.decisions.terms import Terms
from upsell.ids import bare, digest, is_account
from upsell.journeys.hearing import note_spoken
from upsell.journeys.household import Enrollment, Unit
from upsell.journeys.places import ask_address, ask_hours, ask_places, spend_at, take_places
from upsell.journeys.scene import Scene
from upsell.journeys.sides import other_arms
from upsell.journeys.speaking import (
    address_of,
    ask_offer,
    ask_permission,
    ask_reach,
    ask_silence,
    offer_named,
    speech_of,
)
from upsell.journeys.steps import PromptStep, asked_where
from upsell.journeys.trials import note_paid_terms
from upsell.journeys.walking import expose_arms, expose_step, is_in_arms, keep_terms, note_shown
from upsell.journeys.workflow import Workflow
from upsell.signals.events import PROMPT_OFFERED, PROMPT_WITHHELD, Event


def answer_placement(scene: Scene, event: Event, units: Iterable[Unit]) -> None:
    """Decide, for somebody who is asked about, which prompt they get: the best ranked that may be.

    Of each unit the prompts of its enrollments are asked in the order in which workflows win, the
    customer before the account; the first that is offered, or would be were it no shadow, ends it.
    """
    said = event.properties
    where = asked_where(str(said.get("placement") or ""), str(said.get("channel") or ""))
    for unit in sorted(units, key=lambda each: is_account(each.id)):
        if any(_decide(scene, prompt, event) for prompt in _available(scene, unit, where)):
            return


class _Prompt(msgspec.Struct, frozen=True):
    """A prompt that is available: whose, by which passage, and the step that left it."""

    unit: Unit
    enrollment: Enrollment
    workflow: Workflow
    step: PromptStep

    @property
    def key(self) -> str:
        """Made of enrollment, step and visit: the same prompt however often it is asked for."""
        visit = self.enrollment.visits.get(self.step.id, 1)
        return digest("prompt", self.enrollment.id, self.step.id, str(visit))


def _available(scene: Scene, unit: Unit, where: str) -> list[_Prompt]:
    found = []
    for enrollment in unit.enrollments.values():
        step_id = enrollment.prompts.get(where)
        workflow = scene.program.of_version(enrollment.workflow, enrollment.version)
        if step_id is None or workflow is None or enrollment.after_goal:
            continue
        until = enrollment.prompts_until.get(where)
        if until is not None and until <= scene.now:
            continue
        step = workflow.journey.steps.get(step_id)
        if isinstance(step, PromptStep):
            found.append(_Prompt(unit, enrollment, workflow, step))
    return sorted(found, key=lambda each: (-each.workflow.priority, each.workflow.key, each.enrollment.id))


def _decide(scene: Scene, prompt: _Prompt, event: Event) -> bool:
    """Decide one prompt; tell whether it is the answer."""
    unit, enrollment, workflow, step = prompt.unit, prompt.enrollment, prompt.workflow, prompt.step
    speech = speech_of(workflow, step, scene, enrollment)
    person = scene.household.customers.get(event.customer_id or "", unit)
    # What is told over a channel is told to a person; what appears is for whoever looks.
    holder = person if step.channel else unit
    terms, refusal = _ask_prompt(scene, prompt, person)
    if refusal is not None:
        if _would_other_arm_offer(scene, prompt, person):
            expose_arms(scene, unit, workflow, enrollment)
        _record(scene, prompt, event, refusal, None)
        return False
    expose_step(scene, unit, workflow, enrollment, step)
    if terms is not None:
        keep_terms(scene, unit, enrollment, offer_named(step, enrollment.arm, enrollment) or "", terms)
        note_shown(enrollment, step)
    if speech.is_counted:
        _take_place(scene, prompt, holder, touch_of(prompt.key, scene.now, speech))
    key = _shown_key(scene, prompt, terms)
    shadow = Reason.CONTROL if enrollment.is_control else Reason.HELD_OUT
    if not enrollment.is_shadow:
        for each in dict.fromkeys((prompt.key, key, digest(prompt.key, event.id))):
            note_spoken(workflow.journey, enrollment, step.id, each)
    _record(scene, prompt, event, Verdict(shadow) if enrollment.is_shadow else None, terms, key)
    return True


def _shown_key(scene: Scene, prompt: _Prompt, terms: Terms | None) -> str:
    """Give the key of what is shown: of a change of a cart one of its own for each change of each cart.

    So that what is taken under it is that change and no other; after an order it is another cart.
    """
    if terms is None or terms.cart is None:
        return prompt.key
    cart = scene.facts(prompt.unit).whole_cart
    emptied_at = cart.emptied_at if cart is not None else 0
    return digest(prompt.key, msgspec.json.encode(terms.cart).decode(), str(emptied_at))


def _ask_prompt(scene: Scene, prompt: _Prompt, person: Unit) -> tuple[Terms | None, Verdict | None]:
    """Give the terms of what a prompt offers, if anything, or why it may not be shown now."""
    unit, enrollment, workflow, step = prompt.unit, prompt.enrollment, prompt.workflow, prompt.step
    speech = speech_of(workflow, step, scene, enrollment)
    terms, refusal = None, _ask_stopped(scene, workflow, step)
    refusal = refusal or ask_silence(scene, unit, workflow, step.intent)
    if refusal is None:
        terms, refusal = ask_offer(scene, unit, workflow, step, enrollment.arm, enrollment)
    refusal = refusal or ask_permission(scene, person, speech)
    refusal = refusal or _ask_reach(scene, person, step, speech)
    holder = person if step.channel else unit
    return terms, refusal or ask_places(scene, holder, speech, but=prompt.key)


def _ask_stopped(scene: Scene, workflow: Workflow, step: PromptStep) -> Verdict | None:
    stops = scene.program.stops
    return ask_stops(stops, workflow.key, step.channel or PROMPT, scene.now) if stops else None


def _would_other_arm_offer(scene: Scene, prompt: _Prompt, person: Unit) -> bool:
    """Tell whether a prompt that may not be shown might be were its unit in another arm."""
    enrollment = prompt.enrollment
    if not is_in_arms(enrollment) or "arms" in enrollment.exposed:
        return False
    others = (
        msgspec.structs.replace(prompt, enrollment=msgspec.structs.replace(enrollment, arm=arm))
        for arm in other_arms(prompt.workflow, prompt.step, enrollment.arm)
    )
    return any(_ask_prompt(scene, other, person)[1] is None for other in others)


def _ask_reach(scene: Scene, person: Unit, step: PromptStep, speech: Speech) -> Verdict | None:
    """Say why the channel a prompt is for may not reach somebody now; one for a placement asks nothing."""
    if not step.channel:
        return None
    return (
        ask_reach(person, step.channel, step.channel)
        or ask_hours(scene, person, step.channel)
        or ask_address(scene, person, speech, address_of(person, step.channel) or "")
    )


def _take_place(scene: Scene, prompt: _Prompt, holder: Unit, touch: Touch) -> None:
    """Spend a place, at the address too where a channel says it; asked for again it keeps what it has."""
    take_places(scene, holder, touch)
    if prompt.step.channel:
        address = address_of(holder, prompt.step.channel) or ""
        is_shadow = prompt.enrollment.is_shadow
        spend_at(scene, holder, touch, address, is_shadow=is_shadow, obeys_caps=True)


def _record(
    scene: Scene,
    prompt: _Prompt,
    event: Event,
    verdict: Verdict | None,
    terms: Terms | None,
    key: str = "",
) -> None:
    said: dict[str, object] = {
        "prompt": key or prompt.key,
        "request": event.id,
        "workflow": prompt.workflow.key,
        "enrollment": prompt.enrollment.id,
        "step": prompt.step.id,
        "placement": prompt.step.placement,
        **({"channel": prompt.step.channel} if prompt.step.channel else {}),
        "intent": prompt.step.intent.value,
        **({"content": prompt.step.content} if prompt.step.content else {}),
        **({"kind": prompt.step.kind.value} if prompt.step.kind.value else {}),
    }
    name = PROMPT_OFFERED
    if verdict is not None:
        name = PROMPT_WITHHELD
        said |= {"reason": verdict.reason.value, "rule": verdict.rule}
    elif terms is not None:
        note_paid_terms(prompt.enrollment, terms.offer, prompt.key)
        said |= {"offer": terms.offer, "terms": msgspec.to_builtins(terms)}
    person = event.customer_id or (None if is_account(prompt.unit.id) else bare(prompt.unit.id))
    scene.record(name, digest(prompt.key, event.id), prompt.unit, person, **said)
