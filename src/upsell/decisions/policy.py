"""Policy: the rules of restraint that hold over every workflow and are never frozen."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from upsell.catalog.offers import OfferKind
from upsell.clock import DAY, Duration
from upsell.decisions.contact_law import ContactLaw
from upsell.decisions.control import Control
from upsell.decisions.grounds import Grounds
from upsell.decisions.guardrails import GlobalGuardrails
from upsell.decisions.hours import Calendar, Hours
from upsell.decisions.intents import PROMOTIONAL, SELLING, Intent
from upsell.decisions.lineup import LineupOrder
from upsell.decisions.rails import Rails
from upsell.rules.compile import Rule
from upsell.rules.conditions import Condition, compile_condition


class Per(enum.Enum):
    """Whose messages a cap counts: those to one person, or those to all people of one account."""

    PERSON = "person"
    ACCOUNT = "account"


class Cap(msgspec.Struct, frozen=True):
    """At most ``at_most`` touches of one person or account in a window.

    The window is a rolling ``(now - within, now]``, or the day, week or month that holds now.

    Attributes:
        at_most: How many reservations fit.
        within: Length of the window in microseconds; of a calendar one the longest it can be.
        intents: Which intents count and obey.
        channels: Which channels count and obey; empty for all.
        per: Whose messages count. A customer without an account is their own.
        calendar: A window that begins with the calendar, None for a rolling one.
        workflows: Workflows whose messages count and obey, by key; empty for all.
        categories: Categories of workflows that count and obey; empty for all.
        kinds: Kinds of offers that count and obey; empty for all, also for what makes none.
        is_hard: Whether it is obeyed by steps too that need not obey caps: a minimum gap.
    """

    at_most: int
    within: Duration
    intents: frozenset[Intent] = PROMOTIONAL
    channels: frozenset[str] = frozenset()
    per: Per = Per.PERSON
    calendar: Calendar | None = None
    workflows: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    kinds: frozenset[OfferKind] = frozenset()
    is_hard: bool = False


class SensitiveState(msgspec.Struct, frozen=True):
    """A state in which some intents stay silent: what starts it, what ends it, how long it lingers.

    Attributes:
        name: The state's name, such as ``open_ticket``.
        starts: Names of events that start it.
        ends: Names of events that end it; without any it ends of itself at once.
        cool_down: How long after its end the intents still stay silent, in microseconds.
        stops: Intents that stay silent.
        key: Property that tells several apart (two open tickets), or None when one at a time.
        where: What a starting event must say to start it; None takes every one.
        when: Rule that holds it open as long as it is true, beside its events; None without one.
        longest: How long it stays open at most when nobody ends it, in microseconds; None without an end.
    """

    name: str
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    cool_down: Duration
    stops: frozenset[Intent]
    key: str | None = None
    where: Condition | None = None
    when: Rule | None = None
    longest: Duration | None = None


OPEN_TASK = "open_task"
"""The state that a task of ours opens too."""

OPEN_DEAL = "open_deal"
"""The state that a task closed as an opportunity opens too."""

INCIDENT = "incident"
"""The state that an incident for everyone opens too."""

PENDING_CANCELLATION = "pending_cancellation"
"""The state that also ends by itself: with the subscription, when nothing is pending any more."""

SENSITIVE_STATES = (
    SensitiveState("open_ticket", ("Ticket Opened",), ("Ticket Closed",), 2 * DAY, SELLING, "ticket_id"),
    SensitiveState(
        "severe_ticket",
        ("Ticket Opened",),
        ("Ticket Closed",),
        2 * DAY,
        PROMOTIONAL,
        "ticket_id",
        compile_condition("properties.severity in ('high', 'urgent', 'critical')"),
    ),
    SensitiveState(
        "failed_payment",
        ("Invoice Payment Failed",),
        ("Invoice Paid", "Invoice Voided"),
        3 * DAY,
        SELLING,
        "invoice_id",
    ),
    SensitiveState("refund", ("Refunded",), (), 30 * DAY, SELLING),
    SensitiveState("recent_downgrade", ("Subscription Downgraded",), (), 60 * DAY, SELLING),
    SensitiveState(
        PENDING_CANCELLATION,
        ("Subscription Canceled",),
        ("Subscription Started", "Subscription Changed", "Subscription Renewed"),
        30 * DAY,
        SELLING,
    ),
    SensitiveState(OPEN_TASK, ("Task Opened",), ("Task Closed",), 0, SELLING, "key", longest=14 * DAY),
    SensitiveState(OPEN_DEAL, ("Deal Opened",), ("Deal Closed",), 0, SELLING, "deal_id", longest=90 * DAY),
    SensitiveState(INCIDENT, ("Incident Started",), ("Incident Ended",), 1 * DAY, PROMOTIONAL, "incident_id"),
    SensitiveState(
        "low_satisfaction",
        ("Survey Answered",),
        (),
        60 * DAY,
        SELLING,
        where=compile_condition(
            "(properties.kind in ('nps', 'NPS') and properties.score <= 6)"
            " or (properties.kind in ('csat', 'CSAT') and properties.score <= 2)"
        ),
    ),
)
"""Built in and on unless the policy turns one off by name; those held by a rule are the workspace's."""


class Policy(msgspec.Struct, frozen=True):
    """What holds over every workflow.

    Attributes:
        caps: Frequency caps per person and per account; all must hold.
        suppress: Rules that silence selling intents when true, each with its text as reason.
        states: Sensitive states in force.
        patience: How long a blocked candidate waits while its trigger is true, in microseconds.
        freeze_for: How long a frozen enrollment waits before it leaves, in microseconds.
        control: The global control.
        rails: Price guardrails.
        hours: When each channel may speak by the team's own hours, by channel; one that is absent always may.
        law: The law's contact hours by jurisdiction.
        lawful: Channels that obey the law of the places somebody may be in, besides the team's own hours.
        lineup_order: In which order plans are put side by side.
        grounds: What is taken as ground for promotion, by channel; absent asks only for no withdrawal.
        not_now: How long what somebody answered "not now" to rests, in microseconds.
        guardrails: Limits on the cost in trust.
    """

    caps: tuple[Cap, ...] = ()
    suppress: tuple[Rule, ...] = ()
    states: tuple[SensitiveState, ...] = SENSITIVE_STATES
    patience: Duration = 14 * DAY
    freeze_for: Duration = 14 * DAY
    control: Control = Control()
    rails: Rails = Rails()
    hours: Mapping[str, Hours] = msgspec.field(default_factory=dict)
    law: ContactLaw = msgspec.field(default_factory=dict)
    lawful: frozenset[str] = frozenset()
    not_now: Duration = 30 * DAY
    grounds: Mapping[str, Grounds] = msgspec.field(default_factory=dict)
    lineup_order: LineupOrder = LineupOrder.ASCENDING
    guardrails: GlobalGuardrails = GlobalGuardrails()


def caps_per(policy: Policy, per: Per) -> tuple[Cap, ...]:
    """Give the caps that count the messages to one person, or those to one account."""
    return tuple(cap for cap in policy.caps if cap.per is per)
