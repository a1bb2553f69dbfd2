"""A workflow: trigger, gates, experiment, journey, goal and guardrails, compiled and immutable.

What is here is frozen with an enrollment: its steps and arms, and the signals and contents it
names (rules have signals written into them). Policy, consent, caps and kill switches are not.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping

import msgspec

from upsell.catalog.offers import Offer
from upsell.clock import DAY, HOUR, Duration, Moment
from upsell.decisions.guardrails import Guardrails
from upsell.decisions.ramps import RampStep
from upsell.journeys.steps import Journey
from upsell.money import Money
from upsell.rules.compile import Rule
from upsell.rules.conditions import Condition
from upsell.rules.facts import Facts


class UnitKind(enum.Enum):
    """What a workflow decides about and randomises."""

    ACCOUNT = "account"
    CUSTOMER = "customer"


class Status(enum.Enum):
    """Whether a workflow takes units in and lets them go on."""

    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"


class Existing(enum.Enum):
    """What happens at launch to units whose trigger is true already."""

    IGNORE = "ignore"
    ENTER = "enter"


class Crossing(msgspec.Struct, frozen=True):
    """Fires when a number passes a threshold upward: ``previous < t <= current``.

    Each threshold fires once per usage period and is re-armed by a new period, a change of plan,
    or the number falling under ``t - hysteresis``. In a jump over several the greatest decides.

    Attributes:
        of: The number watched.
        at: Thresholds in ascending order.
        next_turn_at: Gives when time alone may next bring the number to a threshold or below its
            hysteresis: never later than the true instant; None when it cannot.
        hysteresis: How far under a threshold the number must fall to arm it again.
    """

    of: Rule
    at: tuple[float, ...]
    next_turn_at: Callable[[Facts], Moment | None]
    hysteresis: float = 0.0


class ScorePart(msgspec.Struct, frozen=True):
    """One signal of a score.

    Attributes:
        weight: What it adds.
        rule: True or not; or with a half-life the moment of the last event, whose weight decays.
        half_life: After how long an event counts for half, in microseconds; None for a rule.
    """

    weight: float
    rule: Rule
    half_life: Duration | None = None


class Score(msgspec.Struct, frozen=True):
    """Several signals that weigh together; fires when their sum passes ``at`` upward.

    It fires once and is armed again by falling under ``at``, or by a new usage period or plan.
    Weights are set by hand; a model that learns them writes them here.

    Attributes:
        parts: The signals.
        at: The threshold, above zero.
    """

    parts: tuple[ScorePart, ...]
    at: float

    def value(self, facts: Facts) -> float:
        """Give the sum now; an event that never came and a rule that is not true add nothing."""
        return math.fsum(_worth(part, facts) for part in self.parts)

    def asks_at(self, facts: Facts) -> Moment | None:
        """Give when time alone may next take the sum across the threshold, never later than the true instant.

        As nothing decays faster than the shortest half-life, the sum stays at the threshold until
        ``half_life * log2(sum / at)``; what is under it rises by rules alone.
        """
        turns = [
            at for part in self.parts if part.half_life is None and (at := part.rule.next_change_at(facts))
        ]
        value = self.value(facts)
        halves = [part.half_life for part in self.parts if part.half_life is not None]
        if halves and value >= self.at:
            turns.append(facts.now + 1 + int(min(halves) * math.log2(value / self.at)))
        return min(turns, default=None)


def _worth(part: ScorePart, facts: Facts) -> float:
    value = part.rule.value(facts)
    if part.half_life is None:
        return part.weight if value is True else 0.0
    if not isinstance(value, int) or isinstance(value, bool):
        return 0.0
    return part.weight * math.exp2(-max(0, facts.now - value) / part.half_life)


class Trigger(msgspec.Struct, frozen=True):
    """The condition that opens an enrollment; exactly one of ``when``, ``on``, ``crossing``, ``score`` leads.

    Attributes:
        when: Fires on the edge from not true to true. Beside ``on`` or ``crossing``: must be true too.
        held_for: How long ``when`` must have stayed true before it fires; 0 for at once.
        on: Name of an event that fires it each time.
        where: Condition on the properties of that event.
        crossing: Fires when a number passes a threshold.
        score: Fires when several signals weigh enough together.
        again_after: How long after an enrollment began the unit may enter again; None for never.
    """

    when: Rule | None = None
    held_for: Duration = 0
    on: str | None = None
    where: Condition | None = None
    crossing: Crossing | None = None
    score: Score | None = None
    again_after: Duration | None = None


class Goal(msgspec.Struct, frozen=True):
    """What the workflow is for: an event, with a condition, within so long after exposure."""

    event: str
    within: Duration
    where: Condition | None = None


class Vary(enum.Enum):
    """The one thing the arms of an experiment differ in."""

    TIMING = "timing"
    OFFER = "offer"
    MESSAGE = "message"
    AUDIENCE = "audience"


class Arm(msgspec.Struct, frozen=True):
    """One arm: its name and its planned share of the treated units, 0 to 1."""

    name: str
    share: float


class Experiment(msgspec.Struct, frozen=True):
    """Who is held out, and what the arms are.

    Attributes:
        holdout_rate: Share of units kept without the treatment, 0 to 1.
        salt: Salt of the holdout's hash: the workflow's, outliving its versions.
        vary: What the arms differ in, None without arms.
        arms: The arms in the order of the file; shares add up to 1.
        arms_salt: Salt of the arms' hash: the experiment's own.
        audience: With ``vary: audience``, the rule each arm adds to eligibility, by arm.
        ramp: To which share of units it is open from when on, in order of time; empty for all.
        is_by_account: Whether customers of one account are drawn together, by the account.
    """

    holdout_rate: float
    salt: str
    vary: Vary | None = None
    arms: tuple[Arm, ...] = ()
    arms_salt: str = ""
    audience: Mapping[str, Rule] = msgspec.field(default_factory=dict)
    ramp: tuple[RampStep, ...] = ()
    is_by_account: bool = False

    @property
    def ramp_salt(self) -> str:
        """Salt of the ramp's hash: the workflow's too, and another than the holdout's."""
        return f"{self.salt}/ramp"


class PromptLink(msgspec.Struct, frozen=True):
    """A link in a prompt: what it says and where it leads, in Liquid."""

    label: str
    url: str


class PromptText(msgspec.Struct, frozen=True):
    """The text of a prompt as written, in Liquid; what is empty is said in the words of the offer.

    Attributes:
        title: Its heading.
        paragraphs: What it says.
        accept: The button that accepts, without its price.
        later: The button for not now.
        never: The button for never.
        link: A link beside the buttons.
        reasons: What may speak against an offer: as it is told, and as it is said.
    """

    title: str
    paragraphs: tuple[str, ...] = ()
    accept: str = ""
    later: str = ""
    never: str = ""
    link: PromptLink | None = None
    reasons: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def sources(self) -> tuple[str, ...]:
        """Every text of it, the heading last, which is always there."""
        link = (self.link.label, self.link.url) if self.link is not None else ()
        said = (*self.paragraphs, self.accept, self.later, self.never, *link, *self.reasons.values())
        return (*(each for each in said if each), self.title)


class Content(msgspec.Struct, frozen=True):
    """One template as written: Liquid text of a mail's subject, HTML and plain text, and for other channels.

    Attributes:
        name: Its name.
        subject: Subject of the mail; empty where there is no mail.
        html: HTML of the mail.
        text: Plain text of the mail.
        sms: The text message; empty where there is none.
        push_title: Title of the push notification; empty where there is none.
        push: Its text.
        push_link: Where it leads who presses it; empty for nowhere.
        preheader: What an inbox shows beside the subject; it stands in the HTML as well.
        written: Hash of what was written where HTML and text were made of it by a compiler, which another
            release may do otherwise; empty where they are as written.
        locales: The same in other locales, by locale; the parts that are not empty are written there.
        prompt: The text of a prompt; None where there is none.
    """

    name: str
    subject: str = ""
    html: str = ""
    text: str = ""
    sms: str = ""
    push_title: str = ""
    push: str = ""
    preheader: str = ""
    written: str = ""
    locales: Mapping[str, Content] = msgspec.field(default_factory=dict)
    prompt: PromptText | None = None
    push_link: str = ""


class Workflow(msgspec.Struct, frozen=True):
    """The whole definition of one workflow, compiled.

    Attributes:
        key: Stem of its file, such as ``api-quota``: its name in tables and hashes.
        version: Hash of its text, the signals and the contents it names.
        name: What people call it.
        owner: Who answers for it.
        purpose: Why it exists.
        review_by: ISO date by which it is to be looked at again, or None.
        unit: What is decided about and randomised.
        status: Live, paused or ended.
        existing: What happens at launch to units that match already.
        priority: The greater wins the slot when two want one unit.
        trigger: The condition that opens an enrollment.
        eligible: Rules that must all be true.
        suppress: Rules of which none may be true for selling intents.
        experiment: Who is held out, and the arms.
        goal: What it is for.
        journey: Its steps.
        on_goal: Steps after the goal was reached, intent service only.
        guardrails: Limits on the cost in trust.
        offers: The offers its steps name, as they were when it was compiled, by id.
        contents: The templates its steps name, by name.
        max_age: A trigger fired by an event older than this is ``stale``.
        takes_slot: Whether it sells, so that it needs the unit's one upsell slot.
        worth: What letting a unit in is expected to earn, a number in minor units; None where no model says.
        category: What its messages belong to, for caps; empty for none.
        is_dropped: Whether a candidate that is blocked is refused, not kept waiting.
        entry_key: Property of the trigger's event that tells passages of one unit apart; empty for one at
            a time.
        at_once: How many passages of one unit there may be at once.
        discount_budget: How much discount may be accepted through it before it gives no more; None for
            any amount.
        sender: Who its mail comes from, by name; empty for whom the workspace names for all.
    """

    key: str
    version: str
    name: str
    owner: str
    purpose: str
    review_by: str | None
    unit: UnitKind
    status: Status
    existing: Existing
    priority: int
    trigger: Trigger
    eligible: tuple[Rule, ...]
    suppress: tuple[Rule, ...]
    experiment: Experiment
    goal: Goal
    journey: Journey
    on_goal: Journey
    guardrails: Guardrails = Guardrails()
    offers: Mapping[str, Offer] = msgspec.field(default_factory=dict)
    contents: Mapping[str, Content] = msgspec.field(default_factory=dict)
    max_age: Duration = 24 * HOUR
    takes_slot: bool = True
    category: str = ""
    worth: Rule | None = None
    is_dropped: bool = False
    entry_key: str = ""
    at_once: int = 1
    discount_budget: Money | None = None
    sender: str = ""


EXISTING_SPREAD: Duration = 1 * DAY
"""Over how long units that match already are let in at launch with ``existing: enter``."""
