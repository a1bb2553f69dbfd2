"""Messages as people look them through: found by what they are, and withdrawn or settled by hand.

The law: a person withdraws only what no provider has been spoken to about, and settles only what is unknown;
of a person and a dispatcher who want the same message one is first, and the other finds it moved.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from upsell.clock import DAY, Moment
from upsell.ids import customer_unit
from upsell.store.connect import Connection
from upsell.store.households import find_homes
from upsell.store.outbox import Queued, State, as_queued
from upsell.store.queries import query
from upsell.store.stops import hold_sending

AT_ONCE = 500
"""How many messages are withdrawn in one transaction."""

_STRETCHES = (DAY, 30 * DAY, 100 * 365 * DAY)
"""How far back is looked for the newest, one after the other until enough are found."""


class Wanted(msgspec.Struct, frozen=True):
    """Which messages are looked for; what is empty is not asked.

    Attributes:
        state: Where they stand.
        channel: The channel.
        workflow: Key of the workflow.
        customer_id: The person addressed.
    """

    state: State | None = None
    channel: str = ""
    workflow: str = ""
    customer_id: str = ""


class Listed(msgspec.Struct, frozen=True):
    """A message as it is listed.

    Attributes:
        key: Its key.
        state: Where it stands.
        channel: The channel.
        workflow: Key of the workflow.
        step: Id of the step.
        customer_id: The person addressed.
        intent: What it is for.
        content: Name of the template.
        reserved_at: When it was reserved.
        next_attempt_at: When it may be tried, if it is reserved.
        sending_at: When it was handed over last, None before.
        finished_at: When it came to where it stands, None while it is on its way.
        attempts: How often it was handed over.
        provider_id: What the provider answered when it accepted it, None where it did not.
        reason: Why it stands there, None where nothing is to be said.
    """

    key: str
    state: State
    channel: str
    workflow: str
    step: str
    customer_id: str
    intent: str
    content: str
    reserved_at: Moment
    next_attempt_at: Moment
    sending_at: Moment | None
    finished_at: Moment | None
    attempts: int
    provider_id: str | None
    reason: str | None


class Found(msgspec.Struct, frozen=True):
    """One message whole: how it is listed, and what is to be said."""

    listed: Listed
    queued: Queued


def list_messages(connection: Connection, wanted: Wanted, now: Moment, limit: int) -> list[Listed]:
    """Give messages, those reserved last first, at most ``limit``."""
    listed: list[Listed] = []
    for stretch in _STRETCHES:
        values = _values(connection, wanted) | {"since": max(0, now - stretch), "limit": limit}
        rows = connection.execute(query("list_messages"), values, binary=True)
        listed = [Listed(key, State(state), *rest) for key, state, *rest in rows]
        if len(listed) == limit:
            break
    return listed


def count_wanted(connection: Connection, wanted: Wanted) -> dict[State, int]:
    """Count messages by where they stand, in the order of ``State``; a state nobody is in is absent."""
    rows = connection.execute(query("count_wanted"), _values(connection, wanted), binary=True)
    counted = {State(state): count for state, count in rows}
    return {state: counted[state] for state in State if state in counted}


def count_stopped(connection: Connection) -> dict[int, int]:
    """Count the messages that wait because of each stop that holds, by its number."""
    return dict(connection.execute(query("count_stopped"), binary=True).fetchall())


def count_waiting_messages(connection: Connection, workflow: str = "") -> int:
    """Count the messages that wait to go out, of a workflow or of all."""
    row = connection.execute(query("count_waiting_messages"), {"workflow": workflow}).fetchone()
    return row[0] if row is not None else 0


def find_message(connection: Connection, key: str) -> Found | None:
    """Give one message, by its key or how that begins; None where none or several begin so."""
    rows = connection.execute(query("find_message"), {"key": key}, binary=True).fetchall()
    if len(rows) != 1:
        return None
    head, rest = rows[0][:15], rows[0][15:]
    (queued,) = as_queued([rest])
    return Found(Listed(head[0], State(head[1]), *head[2:]), queued)


def withdraw_some(
    connection: Connection, keys: Sequence[str], workflow: str, reason: str, now: Moment
) -> list[Queued]:
    """Take messages back, those of these keys or of a workflow, at most ``AT_ONCE``; give them.

    Their places are given back with them. A transaction is open; whoever hands over waits until it ends.
    """
    hold_sending(connection)
    values = {"keys": list(keys), "workflow": workflow, "reason": reason, "now": now, "limit": AT_ONCE}
    return as_queued(connection.execute(query("take_back_messages"), values, binary=True))


def settle_by_hand(connection: Connection, key: str, state: State, reason: str, now: Moment) -> Queued | None:
    """Say what became of an unknown message; give it, None where it is not unknown any more."""
    values = {"key": key, "state": state.value, "reason": reason, "now": now}
    rows = as_queued(connection.execute(query("settle_by_hand"), values, binary=True))
    return rows[0] if rows else None


def _values(connection: Connection, wanted: Wanted) -> dict[str, object]:
    """Give what is asked for; a person's messages are found by whom they are about."""
    units = None
    if wanted.customer_id:
        own = customer_unit(wanted.customer_id)
        units = [own, find_homes(connection, [own]).get(own, own)]
    return {
        "state": wanted.state.value if wanted.state is not None else None,
        "channel": wanted.channel or None,
        "workflow": wanted.workflow or None,
        "customer": wanted.customer_id or None,
        "units": units,
    }
