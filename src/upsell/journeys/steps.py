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

from upsell.catalog.offers import Objection
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


class Heard(enum.Enum):
    """What may become of something that was said."""

    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    SHOWN = "shown"
    DISMISSED = "dismissed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CLOSED = "closed"


class Asked(msgspec.Struct, frozen=True):
    """What is asked of an earlier step: what became of it; ``step`` None for the one that spoke last."""

    heard: Heard
    step: str | None = None


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


class WaitUntilStep(msgspec.Struct, frozen=True, tag="wait_until"):
    """Wait until a rule is true, or until something became of an earlier step.

    Attributes:
        id: The step's id.
        then: The step that comes next, None for the end.
        up_to: How long to wait at most, in microseconds since the step was reached.
        test: The rule; None where ``asked`` is waited for.
        asked: What is waited for of an earlier step.
    """

    id: str
    then: str | None
    up_to: Duration
    test: Rule | None = None
    asked: Asked | None = None


class WaitDateStep(msgspec.Struct, frozen=True, tag="wait_date"):
    """Wait for a moment that a rule gives, such as a renewal; it is asked again when something happens.

    Attributes:
        id: The step's id.
        then: The step that comes next, None for the end.
        date: Gives the moment; null is waited for as well.
        before: How long before it the wait ends, in microseconds.
        up_to: How long to wait at most, in microseconds since the step was reached.
    """

    id: str
    then: str | None
    date: Rule
    before: Duration
    up_to: Duration


class WaitTimeStep(msgspec.Struct, frozen=True, tag="wait_time"):
    """Wait until the unit's own clock next shows a time of day, on one of some days of the week.

    Attributes:
        id: The step's id.
        then: The step that comes next, None for the end.
        minute: Minute of the day.
        days: Days of the week, 0 for Monday.
        is_after: Whether a clock that shows it just as the step is reached counts for the next such day.
    """

    id: str
    then: str | None
    minute: int
    days: frozenset[int]
    is_after: bool = False


class IfStep(msgspec.Struct, frozen=True, tag="if"):
    """Branch: on a rule, on what became of an earlier step, or on whether the last awaited event arrived.

    Attributes:
        id: The step's id.
        test: The rule, None for another question.
        yes: The step that comes next when it is true, None for the end.
        no: The step that comes next when it is not.
        asked: What is asked of an earlier step; None beside no rule asks whether an event arrived.
    """

    id: str
    test: Rule | None
    yes: str | None
    no: str | None
    asked: Asked | None = None


class SplitStep(msgspec.Struct, frozen=True, tag="split"):
    """Go one of several ways by a hash of the unit, for variety and not for a comparison.

    Attributes:
        id: The step's id.
        salt: Salt of the hash.
        shares: The share of each way, which add up to 1.
        ways: The first step of each, None for the end.
    """

    id: str
    salt: str
    shares: tuple[float, ...]
    ways: tuple[str | None, ...]


class GoStep(msgspec.Struct, frozen=True, tag="go"):
    """Jump to a step, at most so many times in one enrollment; then go on.

    Attributes:
        id: The step's id.
        then: The step that comes next when it has jumped often enough, None for the end.
        to: The step jumped to.
        at_most: How many jumps there may be.
    """

    id: str
    then: str | None
    to: str
    at_most: int


class UpdateStep(msgspec.Struct, frozen=True, tag="update"):
    """Set traits of the unit, the held out as well, so that all else is equal between the arms.

    Attributes:
        id: The step's id.
        then: The step that comes next, None for the end.
        values: What gives each trait's value, by name; null is kept as null.
    """

    id: str
    then: str | None
    values: Mapping[str, Rule]


class WebhookStep(msgspec.Struct, frozen=True, tag="webhook"):
    """Tell a server of the team's own that this point was reached; the journey goes on with its receipt.

    Attributes:
        id: The step's id.
        then: The step that comes next, None for the end.
        url: Where it is posted.
        says: What it says has happened.
        offer: Offer whose terms as shown it tells; empty for none.
    """

    id: str
    then: str | None
    url: str
    says: str = "journey.step_reached"
    offer: str = ""


class TrialStep(msgspec.Struct, frozen=True, tag="trial"):
    """Grant a trial: the team's own billing is told, and the journey goes on with its receipt.

    What follows is written out as steps: a reminder, and at the end what becomes of who took the paid terms
    and of who did not. Nothing is ever charged for having tried.

    Attributes:
        id: The step's id.
        then: The step that comes next, None for the end.
        offer: Id of the offer, which says for how many days.
        url: Where it is posted.
        lasts: How long the trial lasts, in microseconds.
    """

    id: str
    then: str | None
    offer: Mapping[str, str]
    url: str
    lasts: Duration


class ChooseStep(msgspec.Struct, frozen=True, tag="choose"):
    """Choose the first of some offers that can be made now; steps that follow make it by its name.

    Attributes:
        id: The step's id.
        then: The step that comes next when one was chosen, None for the end.
        otherwise: The step that comes next when none can be made.
        name: What later steps call the offer chosen.
        offers: The offers, the preferred first.
    """

    id: str
    then: str | None
    otherwise: str | None
    name: str
    offers: tuple[str, ...]


class TaskStep(msgspec.Struct, frozen=True, tag="task"):
    """Open work for a person; counts as no message to the customer.

    Attributes:
        id: The step's id.
        then: The step that comes next, None for the end.
        queue: Which team's queue.
        title: What is to be done, in a few words.
        offer: Id of the offer to make, by arm; empty when none.
        due: When it should be done, in microseconds after it was opened; 0 for by what its queue says.
        reason: What it is for; of a household one is open for each. Empty for the workflow's key.
        talk_track: How to lead the talk; empty for what the offer says.
        objections: What they may say against it, with answers, before those of the offer.
        chance: How likely they are to take it, 0 to 1; None where nobody says.
    """

    id: str
    then: str | None
    queue: str
    title: str
    offer: Mapping[str, str]
    due: Duration
    reason: str = ""
    talk_track: str = ""
    objections: tuple[Objection, ...] = ()
    chance: Rule | None = None


class PromptKind(enum.Enum):
    """How a prompt is drawn in a page; ``AUTO`` leaves it to where the page asks."""

    AUTO = ""
    MODAL = "modal"
    PAYWALL = "paywall"
    BANNER = "banner"
    TOOLTIP = "tooltip"
    CARD = "card"


class PromptStep(msgspec.Struct, frozen=True, tag="prompt"):
    """Leave something to be shown when it is asked for, while the enrollment goes on; passes at once.

    Attributes:
        id: The step's id.
        then: The step that comes next, None for the end.
        placement: Where it can appear; empty for what is said over a channel.
        intent: What it is for.
        offer: Id of the offer made, by arm; empty when none is.
        channel: By which channel the team's own system says it; empty for what appears at a placement.
        content: What the team's own product or system calls what is to be shown; empty where it knows.
        lasts: For how long it is available, in microseconds; 0 for as long as the enrollment goes on.
        kind: How it is drawn in a page.
    """

    id: str
    then: str | None
    placement: str
    intent: Intent
    offer: Mapping[str, str] = msgspec.field(default_factory=dict)
    channel: str = ""
    content: str = ""
    lasts: Duration = 0
    kind: PromptKind = PromptKind.AUTO

    @property
    def where(self) -> str:
        """What a request asks for to get it: a placement, or a channel, which no placement is called."""
        return asked_where(self.placement, self.channel)


def asked_where(placement: str, channel: str) -> str:
    """Give what prompts are kept under that are for a placement or, where that is empty, for a channel."""
    return placement or f"@{channel}"


class EndStep(msgspec.Struct, frozen=True, tag="end"):
    """Leave the journey here."""

    id: str


Step: TypeAlias = (
    MessageStep
    | WaitStep
    | WaitForStep
    | WaitUntilStep
    | WaitDateStep
    | WaitTimeStep
    | IfStep
    | SplitStep
    | GoStep
    | UpdateStep
    | WebhookStep
    | TrialStep
    | ChooseStep
    | TaskStep
    | PromptStep
    | EndStep
)


def ways_on(step: Step) -> tuple[str | None, ...]:
    """Give the steps that may come next, None for the end; a branch's yes side before its no."""
    match step:
        case IfStep():
            return (step.yes, step.no)
        case SplitStep():
            return step.ways
        case GoStep():
            return (step.to, step.then)
        case ChooseStep():
            return (step.then, step.otherwise)
        case EndStep():
            return (None,)
        case _:
            return (step.then,)


def rules_asked(step: Step) -> tuple[Rule, ...]:
    """Give the rules a step asks."""
    match step:
        case IfStep(test=test) | WaitUntilStep(test=test):
            return (test,) if test is not None else ()
        case WaitDateStep():
            return (step.date,)
        case UpdateStep():
            return tuple(step.values.values())
        case TaskStep(chance=chance):
            return (chance,) if chance is not None else ()
        case _:
            return ()


def asked_of(step: Step) -> Asked | None:
    """Give what a step asks of an earlier one, None for nothing."""
    return step.asked if isinstance(step, IfStep | WaitUntilStep) else None


class Journey(msgspec.Struct, frozen=True):
    """Steps by id and where to begin, None for a journey without steps; and the ids of steps by name."""

    steps: Mapping[str, Step] = msgspec.field(default_factory=dict)
    entry: str | None = None
    names: Mapping[str, str] = msgspec.field(default_factory=dict)
