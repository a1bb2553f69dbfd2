"""Weekly mails: which owner was told of which week, kept in the outbox beside all other mail.

The law: that a mail is being sent is committed before a server is spoken to, under a key of week and
owner, so that no week is told to anybody twice, whoever crashes and however many send.
"""

from __future__ import annotations

from upsell.clock import HOUR, Moment
from upsell.store.connect import Connection
from upsell.store.outbox import LOST, State
from upsell.store.queries import query

LOST_AFTER = HOUR
"""How long after its beginning the sending of one mail is taken for lost."""


def is_weekly_claimed(connection: Connection, key: str) -> bool:
    """Tell whether somebody said before that this mail is being sent."""
    return connection.execute(query("find_weekly"), {"key": key}).fetchone() is not None


def claim_weekly(connection: Connection, key: str, owner: str, now: Moment) -> bool:
    """Say that an owner is about to be mailed their week; tell whether that is still to be done."""
    values = {"key": key, "owner": owner, "now": now}
    return connection.execute(query("claim_weekly"), values).fetchone() is not None


def finish_weekly(connection: Connection, key: str, state: State, detail: str, now: Moment) -> None:
    """Say what became of a mail to an owner: sent, failed or unknown."""
    is_sent = state is State.SENT
    values = {
        "key": key,
        "state": state.value,
        "reason": None if is_sent else detail,
        "provider_id": detail if is_sent else None,
        "now": now,
    }
    connection.execute(query("finish_weekly"), values)


def forget_weekly(connection: Connection, key: str) -> None:
    """Take back a mail that no server would take now."""
    connection.execute(query("forget_weekly"), {"key": key})


def give_up_weekly(connection: Connection, now: Moment) -> int:
    """Call unknown the mails whose sender was lost; give how many."""
    values = {"reason": LOST, "before": now - LOST_AFTER, "now": now}
    return connection.execute(query("give_up_weekly"), values).rowcount
