"""Stops in the store: when each was thrown, and when somebody let go on.

The laws: a stop is given its moment while the ledger is held, after everything that was seen before, so
that it has one place among the inputs of every household and a replay finds it there; and once throwing one
has returned, no dispatcher begins to hand over what it is about.
"""

from __future__ import annotations

from upsell.clock import Clock, Moment
from upsell.decisions.stops import Stop
from upsell.store.connect import Connection
from upsell.store.ledger import stamp_moment
from upsell.store.queries import query

_LOCK = 7_207_736_522  # an arbitrary number that no other advisory lock of ours uses


def read_stops(connection: Connection) -> tuple[Stop, ...]:
    """Give every stop there was, the first first; () without any."""
    return tuple(Stop(*row) for row in connection.execute(query("read_stops"), binary=True))


def open_stops(connection: Connection) -> tuple[Stop, ...]:
    """Give the stops that hold, the first first; () without any."""
    return tuple(stop for stop in read_stops(connection) if stop.ended_at is None)


def start_stop(
    connection: Connection, clock: Clock, channel: str, workflow: str, by: str, because: str
) -> bool:
    """Stop from now on; tell whether that is new: what is stopped already stays so, with its first reason.

    Waits for dispatchers that are about to hand over.
    """
    with connection.transaction():
        hold_sending(connection)
        at: Moment = stamp_moment(connection, clock)
        values = {"channel": channel, "workflow": workflow, "by": by, "because": because, "at": at}
        return connection.execute(query("start_stop"), values).rowcount == 1


def end_stop(
    connection: Connection, clock: Clock, channel: str, workflow: str, by: str, because: str
) -> bool:
    """Let go on from now on; tell whether it was stopped. Dispatchers are woken."""
    with connection.transaction():
        at: Moment = stamp_moment(connection, clock)
        values = {"channel": channel, "workflow": workflow, "by": by, "because": because, "at": at}
        is_ended = connection.execute(query("end_stop"), values).rowcount == 1
        connection.execute(query("notify_outbox"))
        return is_ended


def hold_sending(connection: Connection) -> None:
    """Wait for dispatchers that are about to hand over, and let none begin until the transaction ends.

    Whoever wants the ledger too asks for it afterwards.
    """
    connection.execute(query("hold_sending"), {"lock": _LOCK})


def share_sending(connection: Connection) -> None:
    """Let no stop be thrown between here and the end of the transaction that is open."""
    connection.execute(query("share_sending"), {"lock": _LOCK})
