"""Effects: what a decision asks of the outside world, as data.

``advance`` returns them and does nothing itself; the runtime writes them in the transaction that
writes the household, and only then acts.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from upsell.catalog.offers import Objection
from upsell.clock import Moment
from upsell.decisions.contact import Touch
from upsell.decisions.decision import Decision, Exposure
from upsell.decisions.intents import Intent
from upsell.decisions.proof import ProofFacts
from upsell.decisions.task_value import TaskValue
from upsell.decisions.terms import Terms
from upsell.ids import UnitId, digest
from upsell.rules.facts import Scalar
from upsell.signals.events import Event


class Speak(msgspec.Struct, frozen=True, tag="speak"):
    """Write one message to one person; its budget is reserved already.

    Attributes:
        key: Made of enrollment, step, visit, recipient and channel: the same message never twice.
        enrollment: The enrollment that speaks.
        workflow: Key of the workflow.
        version: Version of the workflow the enrollment walks.
        step: Id of the step.
        visit: How often the step was reached, from 1.
        unit_id: The unit decided about.
        customer_id: The person addressed.
        channel: The means, such as ``email``.
        intent: What the message is for.
        content: Name of the template.
        offer: Id of the offer made, a fallback where the step's own could not be; or None.
        arm: The unit's arm, or None.
        trigger: What the trigger saw, for the template.
        reserved_at: When the budget was reserved.
        terms: What the offer comes to for this unit, or None without one.
    """

    key: str
    enrollment: str
    workflow: str
    version: str
    step: str
    visit: int
    unit_id: UnitId
    customer_id: str
    channel: str
    intent: Intent
    content: str
    offer: str | None
    arm: str | None
    trigger: dict[str, Scalar]
    reserved_at: Moment
    terms: Terms | None = None


class Spend(msgspec.Struct, frozen=True, tag="spend"):
    """Take a place at an address, which counts for whoever is written to there.

    A message takes it at once and is asked about before it is sent. A shadow, which is never asked
    there, takes it if its message would have found one.

    Attributes:
        address: Key of the address.
        customer_id: The person it is taken for.
        touch: What is said, and the key of the message, or the one a shadow's would have had.
        is_shadow: Whether nothing is sent.
        obeys_caps: Whether caps may stop it.
        zone: The zone whose calendar a calendar window follows for the person.
    """

    address: str
    customer_id: str
    touch: Touch
    is_shadow: bool
    obeys_caps: bool
    zone: str


class Withdraw(msgspec.Struct, frozen=True, tag="withdraw"):
    """Take back a message that has not been handed to a provider yet, with the reason."""

    key: str
    reason: str


class OpenTask(msgspec.Struct, frozen=True, tag="task"):
    """Open work for a person about a unit.

    Attributes:
        key: Made of enrollment, step and visit.
        enrollment: The enrollment that asks; empty where none does.
        workflow: Key of the workflow; empty where none asks.
        unit_id: Whom it is about.
        queue: Which team's queue.
        title: What is to be done.
        offer: Id of the offer to make, or None.
        opened_at: When.
        due_at: By when.
        terms: What the offer comes to for this unit, or None without one.
        proof: What can be proved to them, or None where nothing can.
        household_id: Who pays for the unit; empty where the unit pays for itself.
        reason: What it is for: of a household at most one is open for each. Empty for one of its own.
        why: What led to it, in sentences.
        talk_track: How to lead the talk; empty for nothing.
        objections: What they may say against it, with answers.
        value: What doing it may earn.
        prefers: Who looks after the account, by id or mail; empty where nobody does.
        source: Who asks for it: the core, or what stands outside.
    """

    key: str
    enrollment: str
    workflow: str
    unit_id: UnitId
    queue: str
    title: str
    offer: str | None
    opened_at: Moment
    due_at: Moment
    terms: Terms | None = None
    proof: ProofFacts | None = None
    household_id: UnitId = ""
    reason: str = ""
    why: tuple[str, ...] = ()
    talk_track: str = ""
    objections: tuple[Objection, ...] = ()
    value: TaskValue = TaskValue()
    prefers: str = ""
    source: str = "core"


class UpdateTask(msgspec.Struct, frozen=True, tag="update_task"):
    """Say anew what an open task is about: under its key, with the earlier of both due times."""

    task: OpenTask


class Record(msgspec.Struct, frozen=True, tag="record"):
    """Keep an event that the core derived; it has been taken into the household already."""

    event: Event


class Decided(msgspec.Struct, frozen=True, tag="decided"):
    """Keep a decision."""

    decision: Decision


class Exposed(msgspec.Struct, frozen=True, tag="exposed"):
    """Keep an exposure."""

    exposure: Exposure


Effect: TypeAlias = Speak | Spend | Withdraw | OpenTask | UpdateTask | Record | Decided | Exposed


def message_key(enrollment: str, step: str, visit: int, recipient: str, channel: str) -> str:
    """Give the key of a message: the same for the same speaking, whatever else changes."""
    return digest("message", enrollment, step, str(visit), recipient, channel)


OF_ORDER: Final = "order."
"""How the step of a message begins that no enrollment says: a mail about what somebody accepted."""


def is_of_order(message: Speak) -> bool:
    """Tell whether a message is about an order: no journey says it, and no journey may hold it back."""
    return not message.enrollment and message.step.startswith(OF_ORDER)
