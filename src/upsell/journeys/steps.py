"""Steps: the closed set of things a journey can do, as data.

A journey is compiled to a flat mapping of step id to step; ``then`` names the step that comes
next, None the end. Ids are the path in the file (``2``, ``3.then.0``), so they mean the same to
the person who wrote them.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TypeAlias, TypeVar

import msgspec

from upsell.clock import Duration
from upsell.decisions.intents import Intent
from upsell.decisions.reach import EMAIL
from upsell.rules.compile import Rule
from upsell.rules.conditions import Condition

T = TypeVar("T")


def for_arm(values: Mapping[str, T], arm: str | None) -> T | None:
    """Give the value an arm has, falling back on the one for all arms; None when there is neither."""
    if arm is not None and arm in values:
        return values[arm]
    return values.get("")


class Blocked(enum.Enum):
    """What a step does that is capped or outside hours."""

    WAIT = "wait"
    SKIP = "skip"
    LEAVE = "leave"


class MessageStep(msgspec.Struct, frozen=True, tag="message"):
    """Say something by one of some channels: to each person by the one they answer.

    Attributes:
        id: The step's id.
        then: The step that comes next, None for the end.
        content: Name of the template, by arm.
        intent: What the message is for.
        to: Roles addressed in an account; empty for the customer, or the account's admin.
        offer: Id of the offer made, by arm; empty when none is.
        blocked: What it does when it is capped or outside hours.
        obeys_caps: Whether caps may stop it; a minimum gap always does.
        is_counted: Whether caps count it.
        channels: The channels it may go by, the team's preference first.
        within: How long it may wait for a channel that is answered better, in microseconds.
    """

    id: str
    then: str | None
    content: Mapping[str, str]
    intent: Intent
    to: tuple[str, ...] = ()
    offer: Mapping[str, str] = msgspec.field(default_factory=dict)
    blocked: Blocked = Blocked.WAIT
    obeys_caps: bool = True
    is_counted: bool = True
    channels: tuple[str, ...] = (EMAIL,)
    within: Duration = 0


class WaitStep(msgspec.Struct, frozen=True, tag="wait"):
    """Let time pass: ``lasts`` microseconds since the step was reached, by arm."""

    id: str
    then: str | None
    lasts: Mapping[str, Duration]


class WaitForStep(msgspec.Struct, frozen=True, tag="wait_for"):
    """Wait until an event arrives, at most ``up_to`` microseconds; ``if: arrived`` asks which it was.

    Attributes:
        id: The step's id.
        then: The step that comes next, None for the end.
        event: Name of the event waited for.
        where: Condition on the event's properties, or None for any.
        up_to: How long to wait, since the step was reached.
        since_enrollment: Whether an event since the enrollment began counts too.
    """

    id: str
    then: str | None
    event: str
    where: Condition | None
    up_to: Duration
    since_enrollment: bool = False


class IfStep(msgspec.Struct, frozen=True, tag="if"):
    """Branch: on a rule, or with ``test`` None on whether the last awaited event arrived."""

    id: str
    test: Rule | None
    yes: str | None
    no: str | None


class TaskStep(msgspec.Struct, frozen=True, tag="task"):
    """Open work for a person; counts as no message to the customer.

    Attributes:
        id: The step's id.
        then: The step that comes next, None for the end.
        queue: Which team's queue.
        title: What is to be done, in a few words.
        offer: Id of the offer to make, by arm; empty when none.
        due: When it should be done, in microseconds after it was opened.
    """

    id: str
    then: str | None
    queue: str
    title: str
    offer: Mapping[str, str]
    due: Duration


class PromptStep(msgspec.Struct, frozen=True, tag="prompt"):
    """Leave something to be shown at a placement, while the enrollment goes on; passes at once.

    Attributes:
        id: The step's id.
        then: The step that comes next, None for the end.
        placement: Where it can appear.
        intent: What it is for.
        offer: Id of the offer made, by arm; empty when none is.
    """

    id: str
    then: str | None
    placement: str
    intent: Intent
    offer: Mapping[str, str] = msgspec.field(default_factory=dict)


class EndStep(msgspec.Struct, frozen=True, tag="end"):
    """Leave the journey here."""

    id: str


Step: TypeAlias = MessageStep | WaitStep | WaitForStep | IfStep | TaskStep | PromptStep | EndStep


class Journey(msgspec.Struct, frozen=True):
    """Steps by id and where to begin; ``entry`` None is a journey without steps."""

    steps: Mapping[str, Step] = msgspec.field(default_factory=dict)
    entry: str | None = None
