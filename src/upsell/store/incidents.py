"""Incidents for everyone: when each began and was over.

The law: the moments are given while the ledger is held, after everything that was seen before, so
that an incident has one place among the inputs of every household and a replay finds it there.
"""

from __future__ import annotations

from upsell.clock import Clock, Moment
from upsell.decisions.incidents import Incident
from upsell.store.connect import Connection
from upsell.store.ledger import stamp_moment
from upsell.store.queries import query


def read_incidents(connection: Connection) -> tuple[Incident, ...]:
    """Give every incident for everyone, the first first; () without any."""
    return tuple(Incident(*row) for row in connection.execute(query("read_incidents"), binary=True))


def start_incident(connection: Connection, clock: Clock, incident_id: str, title: str) -> bool:
    """Let an incident hold for everyone from now on; tell whether it is new."""
    with connection.transaction():
        at: Moment = stamp_moment(connection, clock)
        values = {"id": incident_id, "title": title, "at": at}
        return connection.execute(query("start_incident"), values).rowcount == 1


def end_incident(connection: Connection, clock: Clock, incident_id: str) -> bool:
    """Let an incident for everyone be over; tell whether it was open."""
    with connection.transaction():
        at: Moment = stamp_moment(connection, clock)
        return connection.execute(query("end_incident"), {"id": incident_id, "at": at}).rowcount == 1
