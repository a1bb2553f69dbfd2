"""Honouring: somebody who took an offer goes back, at what was promised when they took it.

For the page that links in mail lead to, and for ``upsell honour``. The laws: what was promised is what the
catalog said when the offer was shown, whatever it says today; asking is enough, and asked twice it is one
task, due at once; and nothing is changed until the team has done it.
"""

from __future__ import annotations

import threading
from typing import Final

import msgspec
import structlog

from upsell.clock import Clock, Moment
from upsell.decisions.terms import Terms
from upsell.errors import ConfigError
from upsell.ids import UnitId, bare, customer_unit, digest, is_account
from upsell.journeys.effects import OpenTask
from upsell.journeys.program import Sender
from upsell.runtime.landing import Reader, program_when, reader_of
from upsell.runtime.programs import Programs
from upsell.runtime.snapshot import take_snapshot
from upsell.signals.events import OFFER_ACCEPTED, TASK_OPENED, Event
from upsell.store.acceptances import Showing, find_showing
from upsell.store.answers import keep_tasks
from upsell.store.connect import Connection, connect
from upsell.store.households import find_homes
from upsell.store.ledger import Head, append, read_household_inputs
from upsell.store.messages import find_message

QUEUE: Final = "success"
"""The queue of those who take somebody back."""

SOURCE: Final = "honouring"
"""The source of the events made here."""

LONGEST_BECAUSE: Final = 500
"""How many characters of a reason are kept."""

_log = structlog.get_logger(__name__)


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

    @property
    def task(self) -> str:
        """The key of the task that honours it."""
        return digest("honour", self.key)

    @property
    def words(self) -> tuple[str, ...]:
        """What was promised, in words."""
        return tuple(said for said in (self.guarantee, self.downgrade) if said)


class Held(msgspec.Struct, frozen=True):
    """What stands behind a link to go back.

    Attributes:
        reader: Whom its message was for.
        sender: Who it came from.
        promise: What they took; None when they took nothing that is known.
    """

    reader: Reader
    sender: Sender
    promise: Promise | None


class HonourDesk:
    """Reads what was promised by the key of any message to somebody, and takes their wish to go back."""

    def __init__(self, url: str, clock: Clock) -> None:
        """Work over the database at ``url``; nothing is opened yet."""
        self._url = url
        self._clock = clock
        self._programs = Programs()
        self._reading = threading.Lock()

    def read(self, key: str) -> Held | None:
        """Tell what stands behind the link of a message; None when no message has this key.

        Raises:
            StoreError: What is live does not compile with this release.
        """
        with connect(self._url) as connection, self._reading:
            self._programs.refresh(connection)
            return self._read(connection, key)

    def ask(self, key: str, because: str) -> Held | None:
        """Take the wish to go back; otherwise as ``read``, as it stands afterwards."""
        with connect(self._url) as connection, self._reading:
            self._programs.refresh(connection)
            held = self._read(connection, key)
            if held is not None and held.promise is not None:
                honour(connection, self._clock, held.promise, because, "page")
                held = self._read(connection, key)
            return held

    def _read(self, connection: Connection, key: str) -> Held | None:
        found = find_message(connection, key)
        if found is None or found.listed.key != key:
            return None
        now = self._clock.now()
        snapshot = take_snapshot(connection, self._programs, [found.queued], now)
        message, household = snapshot.message(found.queued), snapshot.household(found.queued)
        workflow = snapshot.program.of_version(message.workflow, message.version)
        promises = read_promises(connection, self._programs, message.unit_id)
        # Of several the one of the same passage, else the newest: a welcome follows what was just taken.
        same = [promise for promise in promises if promise.enrollment == message.enrollment]
        return Held(
            reader=reader_of(snapshot.program, household, message),
            sender=snapshot.program.sender_of(workflow),
            promise=next(reversed(same or promises), None),
        )


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
        if event.name == TASK_OPENED and event.source == SOURCE
    }
    found: dict[str, Promise] = {}
    for event in told:
        key = event.properties.get("key") if event.name == OFFER_ACCEPTED else None
        if not isinstance(key, str) or "\0" in key or key in found:
            continue
        showing = find_showing(connection, key, event.seen_at)
        if showing is not None and _is_of(event, unit_id):
            found[key] = _promise(programs, event, key, showing, unit_id, asked.get(key))
    return list(found.values())


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


def honour(connection: Connection, clock: Clock, promise: Promise, because: str, via: str) -> None:
    """Open the task that honours a promise, due at once; asked again nothing is opened again.

    Args:
        connection: The database, in autocommit.
        clock: The present.
        promise: What was promised.
        because: Why they go back, in words; empty where nothing was said.
        via: By what they said it: ``page`` or ``command``.
    """
    now, title = clock.now(), task_title(promise, because)
    told = Event(
        id=f"honour/{promise.key}",
        name=TASK_OPENED,
        occurred_at=now,
        seen_at=0,
        customer_id=promise.customer_id or None,
        account_id=bare(promise.unit_id) if is_account(promise.unit_id) else None,
        properties={
            "key": promise.task,
            "queue": QUEUE,
            "title": title,
            "asked_for": promise.key,
            "offer": promise.terms.offer,
            "thing": promise.terms.thing,
            "because": because[:LONGEST_BECAUSE],
            "via": via,
        },
        source=SOURCE,
    )
    # It is no step of a workflow and makes no offer, so no report counts it as one.
    task = OpenTask(
        key=promise.task,
        enrollment="",
        workflow="",
        unit_id=promise.unit_id,
        queue=QUEUE,
        title=title,
        offer=None,
        opened_at=now,
        due_at=now,
    )
    with connection.transaction():
        # Told again, whatever is said, it is the same: a duplicate here, and the same task.
        append(connection, [told], clock, [b"honour"])
        keep_tasks(connection, [task])
    _log.info("downgrade_asked", key=promise.key, via=via)


def task_title(promise: Promise, because: str) -> str:
    """Say what is to be done, with what was promised and what they said."""
    title = f"Take back from {promise.terms.name}"
    if promise.words:
        title += f", as promised: {' '.join(promise.words)}"
    said = " ".join(because[:LONGEST_BECAUSE].split())
    return f"{title} (they say: {said})" if said else title


def _is_of(event: Event, unit_id: UnitId) -> bool:
    """Tell whether an acceptance is of a unit: of the account, or of the customer themselves."""
    if is_account(unit_id):
        return event.account_id in (None, bare(unit_id))
    return event.customer_id is None or customer_unit(event.customer_id) == unit_id


def _promise(
    programs: Programs,
    event: Event,
    key: str,
    showing: Showing,
    unit_id: UnitId,
    asked_at: Moment | None,
) -> Promise:
    program = program_when(programs, showing.terms.offer, showing.shown_at)
    offer = program.catalog.offers[showing.terms.offer] if program is not None else None
    return Promise(
        key=key,
        unit_id=unit_id,
        customer_id=event.customer_id or "",
        enrollment=showing.enrollment,
        terms=showing.terms,
        accepted_at=event.occurred_at,
        guarantee=offer.guarantee if offer is not None else "",
        downgrade=offer.downgrade if offer is not None else "",
        asked_at=asked_at,
    )
