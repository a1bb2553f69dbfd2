"""Written steps: where a step stands in its file, and a way through them in words.

For the lints, which name lines. The law: a step's id is the way to it in the file, so nothing about places
needs to be kept with a compiled journey.
"""

from __future__ import annotations

from upsell.journeys.speaking import intent_of
from upsell.journeys.steps import (
    Asked,
    IfStep,
    MessageStep,
    PromptStep,
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
from upsell.rules.compile import Rule
from upsell.workspace.findings import Place
from upsell.workspace.items import Record
from upsell.workspace.nodes import shortened
from upsell.workspace.spacing import channels_of
from upsell.workspace.ways import Passage, Ways

_HOLDING = ("split", "choose", "trial")
"""Steps that hold others under their own key."""

_MOST_SHOWN = 6
"""How many steps of a way are told: the last ones."""


def place_of(record: Record, at: str) -> Place:
    """Give where a step is written: its id is the way to it in the file."""
    step = within = record
    key = "journey"
    for part in at.split("."):
        if part.isdigit():
            item = within.each(key)[int(part)]
            if not isinstance(item, Record):
                return item.place
            step = item
            holding = (item.record(name) for name in _HOLDING)
            within = next((each for each in holding if each is not None), item)
        elif (way := within.record(part)) is not None:
            within, key = way, "steps"
        else:
            key = part
    return step.place


def way_in_words(passage: Passage, ways: Ways, record: Record) -> str:
    """Write the way to a passage, each step with its line; of a long way the end."""
    words: list[str] = []
    after: Passage | None = None
    at: Passage | None = passage
    while at is not None and len(words) < _MOST_SHOWN:
        said = _step_in_words(ways.steps[at.stop.step], after)
        if said:
            words.append(f"{said} (line {place_of(record, at.stop.step).line})")
        at, after = at.before, at
    return ", ".join([*(["..."] if at is not None else []), *reversed(words)])


def _step_in_words(step: Step, after: Passage | None) -> str:
    """Write one step of a way, with what became of it; empty for what says nothing."""
    match step:
        case WaitStep() | WaitTimeStep():
            return "wait"
        case WaitUntilStep() | WaitDateStep():
            asked = _asked_in_words(step)
            return f"wait for {asked}" if after is not None and after.stop.has_arrived else f"no {asked}"
        case WaitForStep(event=event):
            return event if after is not None and after.stop.has_arrived else f"no {event}"
        case IfStep():
            asked = _asked_in_words(step)
            if not asked or after is None:
                return ""
            return asked if after.stop.step == step.yes else f"not ({asked})"
        case MessageStep() | TaskStep() | PromptStep() | TrialStep():
            return f"{intent_of(step).value} {' or '.join(channels_of(step))}"
        case UpdateStep():
            return "update"
        case WebhookStep():
            return "webhook"
        case _:
            return ""


def _asked_in_words(step: IfStep | WaitUntilStep | WaitDateStep) -> str:
    """Write what a step asks; empty for whether an event arrived, which the wait before it tells."""
    match step:
        case WaitDateStep(date=rule) | IfStep(test=Rule() as rule) | WaitUntilStep(test=Rule() as rule):
            return shortened(rule.text)
        case IfStep(asked=Asked() as asked) | WaitUntilStep(asked=Asked() as asked):
            return asked.heard.value
        case _:
            return ""
