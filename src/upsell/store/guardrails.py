"""Guardrails: what they are counted from, summed piece by piece behind the ledger, and what was broken.

The laws: summing the ledger in any pieces gives what summing it whole gives; what is read afterwards is a few
rows for each workflow, however many messages there were; a breach is given its moment while the ledger is
held, so that a pause has one place among the inputs of every household and a replay finds it there.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import msgspec

from upsell.clock import DAY, Clock, Duration, Moment
from upsell.decisions.guardrails import Action, Pause
from upsell.store.connect import Connection
from upsell.store.ledger import Head, read_head, stamp_moment
from upsell.store.queries import query

WINDOW: Duration = 14 * DAY
"""How long after its exposure a refund, a ticket, a downgrade or a cancellation counts for a unit."""

AT_ONCE = 20_000
"""How many events are summed in one transaction."""

GUARDED_EVENTS = frozenset(
    {
        "Message Sent",
        "Message Failed",
        "Message Bounced",
        "Message Complained",
        "Consent Withdrawn",
        "Refunded",
        "Ticket Opened",
        "Subscription Downgraded",
        "Subscription Canceled",
    }
)
"""What guardrails count, as the index ``events_guarded`` and ``find_guarded.sql`` have it."""

NOTICE_LOST = "the process that was sending was lost before it could say what the mail server answered"
"""The detail of a notice that is unknown because of a crash."""


STRETCH: Duration = 28 * DAY
"""How long a stretch is by which messages are summed; the middle of number n lies n of them after 1970."""


class MessageSums(msgspec.Struct, frozen=True):
    """What became of the messages of one workflow, channel and mailbox provider.

    Attributes:
        workflow: Key of the workflow.
        channel: The channel.
        mailbox: Whose mailboxes, empty where it is not known.
        since: After which moment, on which somebody let a workflow go on, they were said; 0 for the first.
        stretch: In which 28 days since 1970.
        sent: How many went out, those that came back among them.
        bounced: How many came back.
        complained: How many were marked as spam.
        unsubscribed: How many were answered by withdrawing consent.
    """

    workflow: str
    channel: str
    mailbox: str
    since: Moment
    stretch: int
    sent: int
    bounced: int
    complained: int
    unsubscribed: int


class UnitSums(msgspec.Struct, frozen=True):
    """Units of one arm and stratum whose window has closed, and for how many something came in it.

    Attributes:
        workflow: Key of the workflow.
        stratum: The stratum.
        arm: ``treated`` or ``holdout``.
        since: After which moment, on which somebody let a workflow go on, they were exposed; 0 for the first.
        units: How many.
        refunds: How many of them asked for money back and got it.
        tickets: How many asked for help.
        downgrades: How many took a smaller plan.
        churned: How many canceled.
    """

    workflow: str
    stratum: str
    arm: str
    since: Moment
    units: int
    refunds: int
    tickets: int
    downgrades: int
    churned: int


class NoticeState(enum.Enum):
    """Where the notice of a breach stands; ``NOBODY`` is sent to nobody."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOBODY = "nobody"


class Breach(msgspec.Struct, frozen=True):
    """One guardrail that was broken.

    Attributes:
        number: Its number.
        workflow: Key of the workflow.
        guardrail: Which guardrail.
        action: What followed.
        words: Counts, rate, interval and limit.
        found_at: From when on it holds.
        ended_at: When somebody let the workflow go on, None while nobody did.
        ended_by: Who did, as the machine knows them.
        why: Why, in their words.
        notice: Where its notice stands.
        notice_to: Who was told.
        notice_detail: What became of the notice, for people.
    """

    number: int
    workflow: str
    guardrail: str
    action: Action
    words: str
    found_at: Moment
    ended_at: Moment | None
    ended_by: str
    why: str
    notice: NoticeState
    notice_to: str
    notice_detail: str


class Broken(msgspec.Struct, frozen=True):
    """What was read when a guardrail was found to be broken.

    Attributes:
        guardrail: Which guardrail.
        action: What is to follow.
        words: Counts, rate, interval and limit.
        ended: How many breaches had ended when it was read.
    """

    guardrail: str
    action: Action
    words: str
    ended: int


class DueNotice(msgspec.Struct, frozen=True):
    """A notice that is being sent: of which breach, and at which attempt."""

    number: int
    workflow: str
    guardrail: str
    action: Action
    words: str
    found_at: Moment
    attempts: int


def sum_some(connection: Connection, now: Moment) -> bool:
    """Sum the next piece of the ledger, and close exposures once it is summed; tell whether there is more.

    One transaction; of two who sum at once one waits.
    """
    with connection.transaction():
        (after, since, closed_to) = connection.execute(query("hold_guarded"), binary=True).fetchall()[0]
        head = read_head(connection)
        bounds = {"after": after, "since": since, "up_to": head.position, "limit": AT_ONCE}
        reached, seen_at, found = connection.execute(query("find_guarded"), bounds, binary=True).fetchall()[0]
        cuts = {"cuts": [0, *_cuts(connection)]}
        is_behind = bool(found == AT_ONCE)
        end = Head(reached, seen_at) if is_behind else head
        if found:
            piece = {"after": after, "since": since, "up_to": end.position}
            connection.execute(query("sum_guarded_messages"), piece | cuts)
            connection.execute(query("sum_guarded_troubles"), piece | cuts)
            connection.execute(query("keep_guarded_signals"), piece)
        if end.position > after:
            moved = {"position": end.position, "seen_at": end.seen_at}
            connection.execute(query("move_guarded"), moved)
        if not is_behind and now > closed_to:
            _close(connection, closed_to, now, cuts)
    return is_behind


def read_message_sums(connection: Connection) -> list[MessageSums]:
    """Give what became of messages, by workflow, channel, mailbox and time."""
    return [MessageSums(*row) for row in connection.execute(query("read_guarded_messages"), binary=True)]


def stretch_at(now: Moment) -> int:
    """Give the stretch a moment is in."""
    return (now + STRETCH // 2) // STRETCH


def stretch_begins(stretch: int) -> Moment:
    """Give the first moment of a stretch."""
    return stretch * STRETCH - STRETCH // 2


def read_unit_sums(connection: Connection) -> list[UnitSums]:
    """Give the units whose window has closed, by workflow, stratum, arm and time."""
    return [UnitSums(*row) for row in connection.execute(query("read_guarded_units"), binary=True)]


def read_counted_at(connection: Connection) -> Moment:
    """Give up to when the ledger is summed; 0 before it ever was."""
    row = connection.execute(query("read_counted_at"), binary=True).fetchone()
    return int(row[0]) if row is not None else 0


def keep_breach(connection: Connection, clock: Clock, workflow: str, broken: Broken) -> int | None:
    """Keep that a guardrail was broken, from now on; give its number.

    None where it was known, and where somebody let a workflow go on since it was read: what was read then is
    of before.
    """
    with connection.transaction():
        at: Moment = stamp_moment(connection, clock)
        values = {
            "workflow": workflow, "guardrail": broken.guardrail, "action": broken.action.value,
            "words": broken.words, "ended": broken.ended, "at": at,
        }  # fmt: skip
        row = connection.execute(query("keep_breach"), values, binary=True).fetchone()
        return int(row[0]) if row is not None else None


def end_breaches(connection: Connection, clock: Clock, workflow: str, by: str, why: str) -> int:
    """Let a workflow go on from now on; give how many breaches of it were open."""
    with connection.transaction():
        at: Moment = stamp_moment(connection, clock)
        values = {"workflow": workflow, "by": by, "why": why, "at": at}
        return connection.execute(query("end_breaches"), values).rowcount


def read_breaches(connection: Connection) -> list[Breach]:
    """Give every guardrail that was broken, in the order in which it was found."""
    return [
        Breach(
            number,
            workflow,
            guardrail,
            Action(action),
            words,
            found_at,
            ended_at,
            by,
            why,
            NoticeState(notice),
            to,
            detail,
        )
        for number, workflow, guardrail, action, words, found_at, ended_at, by, why, notice, to, detail in (
            connection.execute(query("read_breaches"), binary=True)
        )
    ]


def read_pauses(connection: Connection) -> tuple[Pause, ...]:
    """Give every pause there was, with how it ends, the first first; () without any."""
    return tuple(
        Pause(workflow, f"{words}; upsell guardrail resume {workflow} lets it go on", found_at, ended_at)
        for workflow, words, found_at, ended_at in connection.execute(query("read_pauses"), binary=True)
    )


def has_notices(connection: Connection) -> bool:
    """Tell whether any notice is due or being sent."""
    return connection.execute(query("find_notices"), binary=True).fetchone() is not None


def claim_notices(connection: Connection, now: Moment, until: Moment) -> list[DueNotice]:
    """Claim the notices that are due until a moment; from then on they are unknown."""
    rows = connection.execute(query("claim_notices"), {"now": now, "until": until}, binary=True)
    return [
        DueNotice(number, workflow, guardrail, Action(action), words, found_at, attempts)
        for number, workflow, guardrail, action, words, found_at, attempts in rows
    ]


def finish_notice(
    connection: Connection, number: int, state: NoticeState, to: str, detail: str, next_at: Moment
) -> None:
    """Say what became of a notice; ``next_at`` is when it may be tried again where it is due once more."""
    values = {"number": number, "state": state.value, "to": to, "detail": detail, "next_at": next_at}
    connection.execute(query("finish_notice"), values)


def give_up_notices(connection: Connection, now: Moment) -> int:
    """Call unknown the notices whose sender was lost; give how many."""
    return connection.execute(query("give_up_notices"), {"now": now, "reason": NOTICE_LOST}).rowcount


def _cuts(connection: Connection) -> Sequence[Moment]:
    """Give the moments on which somebody let a workflow go on."""
    return sorted({each.ended_at for each in read_breaches(connection) if each.ended_at is not None})


def _close(connection: Connection, closed_to: Moment, now: Moment, cuts: dict[str, list[Moment]]) -> None:
    values = {"closed_to": closed_to, "now": now, "window": WINDOW} | cuts
    connection.execute(query("close_guarded_units"), values)
    connection.execute(query("forget_guarded_signals"), {"closed_to": now, "window": WINDOW})
    connection.execute(query("move_closed"), {"closed_to": now})
