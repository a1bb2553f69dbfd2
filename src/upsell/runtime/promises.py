"""Promises: what somebody took of what was offered here, and what was promised with it.

For whoever takes them back. The law: what was promised is what the catalog said when the offer was shown, in
the words of whoever took it, whatever it says today.
"""

from __future__ import annotations

import msgspec

from upsell.clock import Moment
from upsell.decisions.terms import Terms
from upsell.errors import ConfigError
from upsell.ids import UnitId, bare, customer_unit, is_account
from upsell.runtime.programs import Programs
from upsell.runtime.readers import program_when
from upsell.signals.events import OFFER_ACCEPTED, TASK_OPENED, Event
from upsell.store.acceptances import Showing, find_showing
from upsell.store.connect import Connection
from upsell.store.households import find_homes
from upsell.store.ledger import Head, read_household_inputs
from upsell.store.messages import find_message
from upsell.store.orders import Order, find_order, find_returns

HONOURING = "honouring"
"""The source of the events of going back."""


class Promise(msgspec.Struct, frozen=True):
    """What somebody took, and what was promised with it.

    Attributes:
        key: The key it was taken under.
        unit_id: Who has it.
        customer_id: Who took it; empty where only the account is known.
        enrollment: Id of the enrollment that did.
        terms: The terms it was taken at.
        accepted_at: When.
        guarantee: What was promised should it disappoint; empty for nothing.
        downgrade: How one goes back; empty when nothing was said.
        asked_at: When they asked to go back, None before.
        workflow: Key of the workflow that made it.
        guarantee_until: Until when what was paid is given back; None where no time was promised.
        order: The order by which it was taken; None where the team's own system told of it.
        back: The order by which it is taken back; None before they asked.
    """

    key: str
    unit_id: UnitId
    customer_id: str
    enrollment: str
    terms: Terms
    accepted_at: Moment
    guarantee: str
    downgrade: str
    asked_at: Moment | None
    workflow: str = ""
    guarantee_until: Moment | None = None
    order: Order | None = None
    back: Order | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """What was promised, in words."""
        return tuple(said for said in (self.guarantee, self.downgrade) if said)


def read_promises(connection: Connection, programs: Programs, unit_id: UnitId) -> list[Promise]:
    """Give what a unit took of what was offered here, in the order it was taken."""
    home = find_homes(connection, [unit_id]).get(unit_id, unit_id)
    names = [OFFER_ACCEPTED, TASK_OPENED]
    told = [
        item.event for item in read_household_inputs(connection, sorted({home, unit_id}), names, Head(0, 0))
    ]
    asked = {
        str(event.properties.get("asked_for")): event.occurred_at
        for event in told
        # Before going back was an order, it was a task alone.
        if event.name == TASK_OPENED and event.source == HONOURING
    }
    found: dict[str, Promise] = {}
    for event in told:
        key = event.properties.get("key") if event.name == OFFER_ACCEPTED else None
        if not isinstance(key, str) or "\0" in key or key in found:
            continue
        showing = find_showing(connection, key, event.seen_at)
        if showing is not None and _is_of(event, unit_id):
            taken = find_order(connection, key)
            found[key] = _promise(programs, event, taken, (key, showing, unit_id, asked.get(key)))
    backs = find_returns(connection, found)
    return [_with_back(promise, backs.get(promise.key)) for promise in found.values()]


def _with_back(promise: Promise, back: Order | None) -> Promise:
    if back is None:
        return promise
    return msgspec.structs.replace(promise, asked_at=back.accepted_at, back=back)


def find_promise(connection: Connection, programs: Programs, key: str, now: Moment) -> Promise:
    """Find what was taken under a key, which may be cut short where it is that of a message.

    Raises:
        ConfigError: Nothing of this key was offered here, or it was not taken.
    """
    message = find_message(connection, key)
    whole = message.listed.key if message is not None else key
    showing = find_showing(connection, whole, now)
    if showing is None:
        msg = f"expected the key of what made an offer, got {key}; `upsell outbox` lists messages"
        raise ConfigError(msg)
    for promise in read_promises(connection, programs, showing.unit_id):
        if promise.key == whole:
            return promise
    msg = f"expected an offer that was taken, got {key}, which nobody took; there is nothing to go back from"
    raise ConfigError(msg)


def _is_of(event: Event, unit_id: UnitId) -> bool:
    """Tell whether an acceptance is of a unit: of the account, or of the customer themselves."""
    if is_account(unit_id):
        return event.account_id in (None, bare(unit_id))
    return event.customer_id is None or customer_unit(event.customer_id) == unit_id


def _promise(
    programs: Programs,
    event: Event,
    order: Order | None,
    said: tuple[str, Showing, UnitId, Moment | None],
) -> Promise:
    key, showing, unit_id, asked_at = said
    program = program_when(programs, showing.terms.offer, showing.shown_at)
    offer = program.catalog.offers[showing.terms.offer] if program is not None else None
    # What was taken by an order was promised in the words of whoever took it.
    words = order if order is not None and (order.guarantee or order.downgrade) else offer
    return Promise(
        key=key,
        unit_id=unit_id,
        customer_id=event.customer_id or "",
        enrollment=showing.enrollment,
        terms=showing.terms,
        accepted_at=event.occurred_at,
        guarantee=words.guarantee if words is not None else "",
        downgrade=words.downgrade if words is not None else "",
        asked_at=asked_at,
        workflow=showing.workflow,
        guarantee_until=order.guarantee_until if order is not None else None,
        order=order,
    )
