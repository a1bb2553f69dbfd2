"""Hearing: what became of what an enrollment said, where its journey asks for that.

The law: a held-out unit said nothing, so nothing is ever heard of it, and its waits end by time. What is
heard answers one visit of a step: come back to, a step begins unheard. What a machine may have opened counts
for a journey only where the journey asks for openings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from upsell.decisions.task_outcomes import TaskOutcome, read_outcome
from upsell.journeys.household import Enrollment
from upsell.journeys.steps import (
    Asked,
    Heard,
    Journey,
    MessageStep,
    PromptStep,
    TaskStep,
    TrialStep,
    asked_of,
    for_arm,
)
from upsell.journeys.trials import is_timely
from upsell.signals.events import (
    MESSAGE_CLICKED,
    MESSAGE_DELIVERED,
    MESSAGE_OPENED,
    OFFER_ACCEPTED,
    OFFER_DECLINED,
    PROMPT_CLICKED,
    PROMPT_DISMISSED,
    PROMPT_SHOWN,
    TASK_CLOSED,
    Event,
)

HEARD_BY: Final[Mapping[str, tuple[Heard, ...]]] = {
    MESSAGE_DELIVERED: (Heard.DELIVERED,),
    MESSAGE_OPENED: (Heard.DELIVERED, Heard.OPENED),
    MESSAGE_CLICKED: (Heard.DELIVERED, Heard.OPENED, Heard.CLICKED),
    PROMPT_SHOWN: (Heard.SHOWN,),
    PROMPT_CLICKED: (Heard.SHOWN, Heard.CLICKED),
    PROMPT_DISMISSED: (Heard.SHOWN, Heard.DISMISSED),
    OFFER_ACCEPTED: (Heard.ACCEPTED,),
    OFFER_DECLINED: (Heard.DECLINED,),
    TASK_CLOSED: (Heard.CLOSED,),
}
"""What each event says became of what was said; who clicked has had it before their eyes."""

HEARD_OF_TASK: Final[Mapping[TaskOutcome, Heard]] = {
    TaskOutcome.WON: Heard.ACCEPTED,
    TaskOutcome.LOST: Heard.DECLINED,
    TaskOutcome.NOT_NOW: Heard.DECLINED,
}
"""What a person was told is heard as if the customer had answered the offer themselves."""


def hears(journey: Journey) -> bool:
    """Tell whether a journey asks anywhere what became of an earlier step."""
    return any(asked_of(step) is not None for step in journey.steps.values())


def note_spoken(journey: Journey, enrollment: Enrollment, step_id: str, key: str) -> None:
    """Remember by which key a step spoke, where the journey will ask what became of it."""
    if hears(journey):
        enrollment.spoken[key] = step_id
        enrollment.last_spoken = step_id


def forget(enrollment: Enrollment, step_id: str) -> None:
    """Forget what a step said and what became of it, because the journey came back to it.

    What comes of an earlier visit from now on is heard by nobody: an old click would else end each wait of a
    loop at once, and its mails would be sent in one instant.
    """
    enrollment.spoken = {key: at for key, at in enrollment.spoken.items() if at != step_id}
    enrollment.heard.pop(step_id, None)


def hear(journey: Journey, enrollment: Enrollment, event: Event) -> None:
    """Take what an event says became of what an enrollment said; of what others said, nothing.

    An answer to an offer that names no key is one to every step that made that offer.
    """
    heard = HEARD_BY.get(event.name)
    if heard is None or not enrollment.spoken:
        return
    said = event.properties
    outcome = read_outcome(said.get("outcome")) if event.name == TASK_CLOSED else None
    if outcome is not None and outcome in HEARD_OF_TASK:
        heard = (*heard, HEARD_OF_TASK[outcome])
    step_id = enrollment.spoken.get(str(said.get("key"))) or enrollment.spoken.get(str(said.get("prompt")))
    is_keyless = step_id is None and said.get("key") is None and "offer" in said
    answered = _made(journey, enrollment, said["offer"]) if is_keyless else {step_id} - {None}
    trial = enrollment.trial
    for each in sorted(filter(None, answered)):
        if trial is not None and each == trial.step and not is_timely(trial, event):
            continue
        known = enrollment.heard.setdefault(each, [])
        known.extend(one.value for one in heard if one.value not in known)


def _made(journey: Journey, enrollment: Enrollment, offer: object) -> set[str | None]:
    """Give the steps that spoke and made an offer."""
    made: set[str | None] = set()
    for step_id in enrollment.spoken.values():
        step = journey.steps.get(step_id)
        if isinstance(step, MessageStep | TaskStep | PromptStep | TrialStep):
            name = for_arm(step.offer, enrollment.arm) or ""
            terms = enrollment.terms.get(enrollment.chosen.get(name, name))
            made.update({step_id} if terms is not None and terms.offer == offer else ())
    return made


def has_heard(enrollment: Enrollment, asked: Asked) -> bool:
    """Tell whether that became of the step asked about, the one that spoke last where none is named."""
    step_id = asked.step if asked.step is not None else enrollment.last_spoken
    return step_id is not None and asked.heard.value in enrollment.heard.get(step_id, ())
