"""Households: what ``advance`` is given, what is locked, and what is sharded.

A household is an account with the members concerned, or a customer without an account. Its
records change while it is advanced; whoever advances it owns the copy.
"""

from __future__ import annotations

import enum

import msgspec

from upsell.clock import Moment
from upsell.decisions.contact import Contact
from upsell.decisions.decision import Verdict
from upsell.decisions.declines import Decline
from upsell.decisions.rails import Given
from upsell.decisions.terms import Terms
from upsell.ids import UnitId, bare, is_account
from upsell.journeys.effects import Speak
from upsell.rules.facts import Scalar
from upsell.signals.profiles import Profile


class Phase(enum.Enum):
    """What an enrollment is doing."""

    WALKING = "walking"
    SPEAKING = "speaking"
    FROZEN = "frozen"
    CAPPED = "capped"


class Trial(msgspec.Struct, omit_defaults=True):
    """A trial that a passage granted, until billing has heard what became of it.

    Attributes:
        grant: What billing is told of it, which says of what passage and step it is.
        ends_at: When it ends, as it was told.
        is_granted: Whether billing was told, as far as anybody knows.
        is_accepted: Whether the paid terms were taken.
        told: Key of the message that tells billing of its end; empty before.
        is_apart: Whether it goes on without its passage.
        keys: Keys of what its passage said since of its paid terms; None where that was not written down.
    """

    grant: Speak
    ends_at: Moment
    is_granted: bool = False
    is_accepted: bool = False
    told: str = ""
    is_apart: bool = False
    keys: list[str] | None = None

    @property
    def step(self) -> str:
        """The id of the step that granted it."""
        return self.grant.step


class Enrollment(msgspec.Struct, omit_defaults=True):
    """One unit's passage through one workflow.

    Attributes:
        id: Made of workflow, unit and the moment it began.
        workflow: Key of the workflow.
        version: Version it entered with and keeps.
        entered_at: When it began.
        step: Id of the step it stands at, None before the first.
        step_at: When that step was reached.
        visits: How often each step was reached.
        phase: What it is doing.
        due_at: When time alone moves it next, None when only an event can.
        held_since: Since when it is frozen before the step it stands at.
        held_by: What holds it: the reason and the rule or state.
        pending: Keys of messages whose receipt is awaited.
        delivered: Whether any message of the present step was sent or is unknown.
        has_failed: Whether any message of the present step failed for good.
        withheld: How often the gate before sending withheld the present step since it was reached.
        is_shadow: It walks, spends and hears nothing: held out, or not in its arm's audience.
        is_control: A shadow because of the global control.
        is_held_out: A shadow because of the workflow's holdout.
        arm: The arm whose waits and offers it walks, a held-out unit too; None without arms.
        arrived: Whether the last awaited event arrived; None before any wait for one.
        exposed: Contrasts it was exposed in.
        expose_at: When the arms' contrast is exposed by time alone.
        trigger: What the trigger saw.
        after_goal: Whether it walks the steps after the goal.
        held_slots: Customers of the account whose slots it holds.
        terms: Terms it showed, by the offer that a step names.
        prompts: Steps whose prompts are available, by the placement or channel that is asked for.
        key: What tells several passages of one unit apart, such as an order; empty for one at a time.
        spoken: The step that spoke by each key, where the journey asks what became of it.
        last_spoken: The step that spoke last, as far as the journey asks for that.
        heard: What became of each step that spoke, in its latest visit.
        chosen: Offers that were chosen, by the name that steps call them.
        shown: Offers, as steps name them, whose discount has reached somebody or would have, of a shadow.
        ramp_share: The share of units the workflow was open to when it began; None without a ramp.
        control_stratum: In which stratum it counts for the whole programme; empty where it does not.
        control_share: Planned share of the global control in that stratum.
        owes_value: Whether it began under a ladder, and nothing without a discount has reached anybody yet,
            nor would have, of a shadow.
        capped_since: When it was first capped before the step it stands at.
        released_at: When its trigger was last asked again after a state that had stopped it.
        trial: The trial it granted, until billing has heard of its end.
        spoke_at: When what it says at the present step was reserved.
        awaits_from: From when on awaited events count, where that is before the wait was reached.
        prompts_until: Until when prompts are available that are so for a time, by placement or channel.
        early: Waits ahead whose event came while what is said before them was on its way.
    """

    id: str
    workflow: str
    version: str
    entered_at: Moment
    step: str | None = None
    step_at: Moment = 0
    visits: dict[str, int] = {}
    phase: Phase = Phase.WALKING
    due_at: Moment | None = None
    held_since: Moment | None = None
    held_by: str = ""
    pending: list[str] = []
    delivered: bool = False
    has_failed: bool = False
    withheld: int = 0
    is_shadow: bool = False
    is_control: bool = False
    is_held_out: bool = False
    arm: str | None = None
    arrived: bool | None = None
    exposed: list[str] = []
    expose_at: Moment | None = None
    trigger: dict[str, Scalar] = {}
    after_goal: bool = False
    held_slots: list[str] = []
    terms: dict[str, Terms] = {}
    prompts: dict[str, str] = {}
    key: str = ""
    spoken: dict[str, str] = {}
    last_spoken: str | None = None
    heard: dict[str, list[str]] = {}
    chosen: dict[str, str] = {}
    shown: list[str] = []
    ramp_share: float | None = None
    control_stratum: str = ""
    control_share: float = 0.0
    owes_value: bool = False
    capped_since: Moment | None = None
    released_at: Moment = 0
    trial: Trial | None = None
    spoke_at: Moment = 0
    awaits_from: Moment | None = None
    early: list[str] = []
    prompts_until: dict[str, Moment] = {}


class Waiting(msgspec.Struct):
    """A candidate that was blocked and is asked again while its trigger is true.

    Attributes:
        since: When it was blocked first.
        until: When it lapses.
        retry_at: When time alone may open the gate, None when unknown.
        verdict: The answer it got last.
        trigger: What the trigger saw.
    """

    since: Moment
    until: Moment
    retry_at: Moment | None
    verdict: Verdict
    trigger: dict[str, Scalar]


class Watch(msgspec.Struct, omit_defaults=True):
    """What a workflow remembers of a unit between inputs.

    Attributes:
        true_since: Since when ``when`` has been true, None while it is not.
        has_fired: Whether it fired in this stretch of truth.
        ask_at: When time alone may change the trigger, None when it cannot.
        entered_at: When the unit last entered, None when it never did.
        refused: The last refusal written, so that it is written once.
        waiting: The candidate that is blocked, if any.
        crossed: Thresholds that fired and are not armed again.
        crossed_in: The usage period and plan in which they fired.
        exposed_at: When the unit was first exposed in this workflow, None when it never was.
        assigned_as: The id its chance is drawn by in this workflow; None for the unit's.
        entered: Of a keyed workflow when each key last entered, as long as that matters.
        sides: The arm the unit was exposed in, by the salt of the experiment.
        queue: Of a keyed workflow the candidates that are blocked, by key, in the order they came.
    """

    true_since: Moment | None = None
    has_fired: bool = False
    ask_at: Moment | None = None
    entered_at: Moment | None = None
    refused: str = ""
    waiting: Waiting | None = None
    crossed: list[float] = []
    crossed_in: str = ""
    exposed_at: Moment | None = None
    assigned_as: UnitId | None = None
    entered: dict[str, Moment] = {}
    sides: dict[str, str] = {}
    queue: dict[str, Waiting] = {}

    @property
    def candidates(self) -> dict[str, Waiting]:
        """Every candidate that is blocked, by its key; empty for the one without."""
        return self.queue if self.waiting is None else {"": self.waiting, **self.queue}

    def keep(self, key: str, waiting: Waiting) -> None:
        """Let a candidate wait."""
        if key:
            self.queue[key] = waiting
        else:
            self.waiting = waiting

    def let_go(self, key: str) -> None:
        """Let a candidate wait no more."""
        if key:
            self.queue.pop(key, None)
        else:
            self.waiting = None


class Membership(msgspec.Struct, array_like=True):
    """What is remembered of a unit and a segment.

    Attributes:
        since: Since when the unit is in it, None while it is not.
        ask_at: When time alone may change that, None when it cannot.
    """

    since: Moment | None = None
    ask_at: Moment | None = None


class HeldTask(msgspec.Struct, omit_defaults=True):
    """Work for a person that is open for a household.

    Attributes:
        key: Its key.
        unit_id: Whose passage asked for it first, or who pays where none did.
        opened_at: When it was opened.
        due_at: By when it should be done.
        reason: What it is for; of a household one is open for each. Empty for one of its own.
        queue: Which team's queue.
        title: What is to be done.
        workflow: Key of the workflow that asked; empty where none did.
        entry_key: What tells the passage that asked from others of the unit; empty for one at a time.
        causes: Ids of the passages that ask for it and go on.
        terms: What it offers, None for nothing.
        is_overdue: Whether it was found overdue.
        is_taken: Whether somebody took it up.
        snoozed_until: Until when it is put off; 0 for not.
        after_goal: Whether it was asked for last by a passage that had reached its goal.
    """

    key: str
    unit_id: UnitId
    opened_at: Moment
    due_at: Moment
    reason: str = ""
    queue: str = ""
    title: str = ""
    workflow: str = ""
    entry_key: str = ""
    causes: list[str] = []
    terms: Terms | None = None
    is_overdue: bool = False
    is_taken: bool = False
    snoozed_until: Moment = 0
    after_goal: bool = False


class Unit(msgspec.Struct, omit_defaults=True):
    """One account or customer as the core keeps it.

    Attributes:
        id: Its unit id.
        profile: All we know of it now.
        contact: What was said to it, and what it allows; of an account the messages its caps count.
        watches: What each workflow remembers of it, by workflow key.
        enrollments: Its passages that go on, by id.
        slot: Id of the enrollment that holds its one upsell slot.
        next_due_at: When time alone next concerns it.
        exposed_at: When it was first exposed in any workflow, None when it never was.
        assigned_as: The id its chance is drawn by, that of whoever was exposed first; None for its own.
        discounts: Discounts it was shown lately, in order of time; of an account also what its people were.
        declines: What it said no to, by thing.
        segments: What is remembered of it and a segment, by name; None before it was asked any.
        trials: Trials that go on without the passage that granted them, by the key of the grant.
        tasks: Of whoever pays, work for people that is open, by key.
    """

    id: UnitId
    profile: Profile
    contact: Contact = msgspec.field(default_factory=Contact)
    watches: dict[str, Watch] = {}
    enrollments: dict[str, Enrollment] = {}
    slot: str | None = None
    next_due_at: Moment | None = None
    exposed_at: Moment | None = None
    assigned_as: UnitId | None = None
    discounts: list[Given] = []
    declines: dict[str, Decline] = {}
    segments: dict[str, Membership] | None = None
    trials: dict[str, Trial] = {}
    tasks: dict[str, HeldTask] = {}


class Household(msgspec.Struct):
    """What is advanced together.

    Attributes:
        id: Unit id of the account, or of the customer without one.
        taken_at: ``now`` of the last input taken; inputs never go behind it.
        account: The account's record, None for a customer without one.
        roster: Roles of members by customer id: of those concerned at least, and whoever else is known.
        engaged: Customer ids of members with an enrollment, a waiting candidate or a slot that is held.
        customers: Records of the members concerned, by customer id.
    """

    id: UnitId
    taken_at: Moment = 0
    account: Unit | None = None
    roster: dict[str, list[str]] = {}
    engaged: list[str] = []
    customers: dict[str, Unit] = {}


def empty_household(household_id: UnitId) -> Household:
    """Give a household of which nothing is known yet."""
    if is_account(household_id):
        return Household(household_id, account=Unit(household_id, Profile()))
    customer_id = bare(household_id)
    return Household(household_id, customers={customer_id: Unit(household_id, Profile())})
