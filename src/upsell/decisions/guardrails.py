"""Guardrails: limits on the cost in trust, and the pauses that follow where one is broken.

A pause is no text of the workspace and no event of anybody: like an incident for everyone it is told to the
program, so that it holds for every household at once, from one moment on, until somebody lets the workflow
go on. The law: a moment of the past is asked with the pauses of that moment.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from upsell.clock import HOUR, Duration, Moment
from upsell.decisions.decision import Verdict
from upsell.decisions.reasons import Reason

PAUSE_ASKED_EACH: Duration = HOUR
"""About how often whoever waits for a paused workflow asks again whether it goes on."""

USUAL_LEAST: Final = 300
"""How many messages delivered, or units spoken to, are the fewest that anything is told of."""

NEVER_REACHED: Final = 0.003
"""The complaint rate that is never to be reached.

Source: Google, Email sender guidelines, support.google.com/a/answer/81126, in force since 2024-02-01 for
mail to gmail.com and googlemail.com; Yahoo, Sender Best Practices, senders.yahooinc.com/best-practices,
in force since February 2024. As copied on 2026-03-11.
"""

STAY_UNDER: Final = 0.001
"""The complaint rate to stay under. Source: Google, the same page; Yahoo names none, it is held alike."""

_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})
_YAHOO: Final = frozenset({"ymail.com", "rocketmail.com", "aol.com", "aim.com", "verizon.net"})


class Measure(enum.Enum):
    """What a guardrail watches; the value is its key in a workflow's file."""

    UNSUBSCRIBE = "unsubscribe_rate"
    COMPLAINT = "complaint_rate"
    BOUNCE = "bounce_rate"
    EXCESS_REFUND = "excess_refund_rate"
    EXCESS_TICKET = "excess_ticket_rate"
    EXCESS_DOWNGRADE = "excess_downgrade_rate"
    EXCESS_CHURN = "excess_churn_rate"


PER_MESSAGE: Final = (Measure.UNSUBSCRIBE, Measure.COMPLAINT, Measure.BOUNCE)
"""Measures that are counted per message."""

BEYOND_HOLDOUT: Final = (
    Measure.EXCESS_REFUND,
    Measure.EXCESS_TICKET,
    Measure.EXCESS_DOWNGRADE,
    Measure.EXCESS_CHURN,
)
"""Measures that are the share of units spoken to beyond that of those held out."""


class Action(enum.Enum):
    """What follows where a guardrail is broken: the owner is told, or the workflow is paused as well."""

    WARN = "warn"
    PAUSE = "pause"


class Mailbox(enum.Enum):
    """Whose mailboxes a complaint limit is about; the value is what is kept with a message."""

    GMAIL = "gmail"
    YAHOO = "yahoo"
    ANY = ""


class Guardrails(msgspec.Struct, frozen=True):
    """Limits on what a workflow may cost in trust, as fractions; None is not watched.

    Attributes:
        unsubscribe_rate: Most unsubscribes per delivered message.
        complaint_rate: Most complaints per delivered message.
        bounce_rate: Most bounces per sent message.
        excess_refund_rate: Most units with a refund beyond the holdout's share.
        excess_ticket_rate: Most units with a ticket beyond it.
        excess_downgrade_rate: Most units with a downgrade beyond it.
        excess_churn_rate: Most units that left beyond it.
        action: What follows where one is broken; None for what the policy says.
        least: How many messages or units there must be; None for what the policy says.
    """

    unsubscribe_rate: float | None = None
    complaint_rate: float | None = None
    bounce_rate: float | None = None
    excess_refund_rate: float | None = None
    excess_ticket_rate: float | None = None
    excess_downgrade_rate: float | None = None
    excess_churn_rate: float | None = None
    action: Action | None = None
    least: int | None = None

    def limit(self, measure: Measure) -> float | None:
        """Give the limit of a measure, None where it is not watched."""
        limit: float | None = getattr(self, measure.value)
        return limit

    @property
    def limits(self) -> Iterator[tuple[Measure, float]]:
        """The measures that are watched, each with its limit, in the order of the file's reference."""
        for measure in Measure:
            limit = self.limit(measure)
            if limit is not None:
                yield measure, limit


class GlobalGuardrails(msgspec.Struct, frozen=True):
    """What the policy says of guardrails.

    Attributes:
        usual: Limits that hold for every workflow that does not write its own, with action and least.
        has_mailbox_limits: Whether complaints are held to what mailbox providers publish.
        false_alarm_rate: With which chance a workflow that keeps to all its limits may ever be paused.
    """

    usual: Guardrails = Guardrails()
    has_mailbox_limits: bool = True
    false_alarm_rate: float = 0.05

    @property
    def is_off(self) -> bool:
        """Whether nothing is watched of a workflow that writes nothing."""
        return not self.has_mailbox_limits and not any(self.usual.limits)


class Pause(msgspec.Struct, frozen=True):
    """One pause of a workflow.

    Attributes:
        workflow: Key of the workflow.
        words: What was broken, with counts, rate, interval and limit.
        started_at: From when on nothing new is said.
        ended_at: When somebody let it go on, None while it holds.
    """

    workflow: str
    words: str
    started_at: Moment
    ended_at: Moment | None = None


def watched_of(own: Guardrails, usual: Guardrails) -> Guardrails:
    """Give what is watched of a workflow: its own limits, and the policy's where it writes none."""
    limits = {
        measure.value: usual.limit(measure) if own.limit(measure) is None else own.limit(measure)
        for measure in Measure
    }
    return Guardrails(
        **limits,
        action=own.action or usual.action or Action.PAUSE,
        least=own.least or usual.least or USUAL_LEAST,
    )


def mailbox_of(address: str) -> Mailbox:
    """Give whose mailbox an address is by its domain; ``ANY`` where the domain does not tell."""
    domain = address.rpartition("@")[2].lower()
    if domain in _GMAIL:
        return Mailbox.GMAIL
    if domain in _YAHOO or domain.startswith("yahoo."):
        return Mailbox.YAHOO
    return Mailbox.ANY


def ask_pauses(pauses: Iterable[Pause], now: Moment, place: float) -> Verdict | None:
    """Say which pause of a workflow holds at ``now``, or None.

    Args:
        pauses: All pauses of the workflow there were.
        now: The moment asked about; what is known of later than it does not count.
        place: Where in the crowd the unit stands, in [0, 1): who is asked again when.
    """
    for pause in pauses:
        if pause.started_at <= now and (pause.ended_at is None or now < pause.ended_at):
            retry_at = now + PAUSE_ASKED_EACH + int(PAUSE_ASKED_EACH * place)
            return Verdict(Reason.PAUSED, pause.words, (), retry_at)
    return None
