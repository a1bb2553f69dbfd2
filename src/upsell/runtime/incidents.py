"""Incidents told by hand or by a monitor: something of ours is broken, for one household or everyone.

The law: telling it twice changes nothing, and an end that ends nothing is said to be one.
"""

from __future__ import annotations

import enum

import msgspec

from upsell.clock import Clock
from upsell.errors import ConfigError
from upsell.ids import UnitId, bare, is_account
from upsell.signals.events import Event
from upsell.store.connect import Connection
from upsell.store.households import find_homes
from upsell.store.incidents import end_incident, start_incident
from upsell.store.ledger import Outcome, append

SOURCE = "incident"
"""The source of the events made here; with the incident's id it tells what was told before."""


class Turn(enum.Enum):
    """Which way an incident turns; the value is the fixed event of it."""

    START = "Incident Started"
    END = "Incident Ended"


class Told(msgspec.Struct, frozen=True):
    """What telling of an incident came to.

    Attributes:
        is_new: Whether it changed anything: an incident known before does not, nor an end of none.
        unit_id: Whom it is about, None for everyone.
    """

    is_new: bool
    unit_id: UnitId | None


def tell_incident(
    connection: Connection,
    clock: Clock,
    turn: Turn,
    incident_id: str,
    *,
    title: str = "",
    unit_id: UnitId | None = None,
) -> Told:
    """Say that an incident begins or is over, for one household or, without ``unit_id``, for everyone.

    Raises:
        ConfigError: ``unit_id`` is nobody something is known of, so nothing would be silenced.
    """
    if unit_id is None:
        if turn is Turn.START:
            is_new = start_incident(connection, clock, incident_id, title or incident_id)
        else:
            is_new = end_incident(connection, clock, incident_id)
        return Told(is_new, None)
    if unit_id not in find_homes(connection, [unit_id]):
        msg = (
            f"expected an account or a customer that something is known of, got {unit_id}; "
            "name it as your events do, or leave it out for everyone"
        )
        raise ConfigError(msg)
    of_account = is_account(unit_id)
    event = Event(
        id=f"{unit_id}/{incident_id}/{turn.value}",
        name=turn.value,
        occurred_at=clock.now(),
        seen_at=0,
        customer_id=None if of_account else bare(unit_id),
        account_id=bare(unit_id) if of_account else None,
        properties={"incident_id": incident_id, "title": title},
        source=SOURCE,
    )
    (appended,) = append(connection, [event], clock, [incident_id.encode()])
    return Told(appended.outcome is Outcome.APPENDED, unit_id)
