"""Honouring: somebody who took an offer goes back, at what was promised when they took it.

For the page that links in mail lead to, and for ``upsell honour``. The laws: what was promised is what the
catalog said when the offer was shown, whatever it says today; asking is enough, and asked twice it is one
order, which goes to billing as any other; and what billing does not do is a task, due at once.
"""

from __future__ import annotations

import threading
from typing import Final

import msgspec
import structlog

from upsell.channels.fulfillers import GivingBack
from upsell.clock import Clock, Moment
from upsell.ids import bare, digest, is_account, shard_of
from upsell.journeys.program import Sender
from upsell.runtime.accepting import HEAD_START
from upsell.runtime.fulfil_desk import FulfilDesk
from upsell.runtime.fulfilling import QUEUE
from upsell.runtime.giving_back import giving_of
from upsell.runtime.order_events import open_task
from upsell.runtime.order_mails import News, mail_of, tell_by_mail
from upsell.runtime.order_outcomes import return_words
from upsell.runtime.programs import Programs
from upsell.runtime.promises import HONOURING, Promise, read_promises
from upsell.runtime.readers import Reader, may_decide, reader_of
from upsell.runtime.snapshot import take_snapshot
from upsell.signals.events import RETURN_ASKED, Event
from upsell.store.connect import Connection, connect
from upsell.store.ledger import append
from upsell.store.messages import find_message
from upsell.store.orders import Order, OrderState, Via, add_order, find_order
from upsell.store.outbox import Queued

LONGEST_BECAUSE: Final = 500
"""How many characters of a reason are kept."""

_log = structlog.get_logger(__name__)


class Asking(msgspec.Struct, frozen=True):
    """Who asks to go back.

    Attributes:
        customer_id: Who; empty where only the account is known.
        may_decide: Whether they have a role that decides for the account, or it is their own.
        via: By what.
    """

    customer_id: str
    may_decide: bool
    via: Via


class Held(msgspec.Struct, frozen=True):
    """What stands behind a link to go back.

    Attributes:
        reader: Whom its message was for.
        sender: Who it came from.
        promise: What they took; None when they took nothing that is known.
        may_decide: Whether the reader may decide for whoever pays.
        now: The moment it is looked at.
    """

    reader: Reader
    sender: Sender
    promise: Promise | None
    may_decide: bool
    now: Moment


class HonourDesk:
    """Reads what was promised by the key of any message to somebody, and takes their wish to go back."""

    def __init__(self, url: str, clock: Clock, fulfil: FulfilDesk) -> None:
        """Work over the database at ``url``, and tell billing by ``fulfil``; nothing is opened yet."""
        self._url = url
        self._clock = clock
        self._fulfil = fulfil
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
            if held is None or held.promise is None:
                return held
            asking = Asking(held.reader.customer_id, held.may_decide, Via.PAGE)
            order = None
            if held.promise.asked_at is None:
                order = honour(connection, self._clock, held.promise, because, asking)
                _log.info("return_asked", key=held.promise.key, order=order.key)
        if order is not None and held.may_decide:
            # Billing is waited for by nobody else.
            self._fulfil.see_through(order.key)
        return self.read(key)

    def _read(self, connection: Connection, key: str) -> Held | None:
        now = self._clock.now()
        queued = _queued(connection, key, now)
        if queued is None:
            return None
        snapshot = take_snapshot(connection, self._programs, [queued], now)
        message, household = snapshot.message(queued), snapshot.household(queued)
        order = find_order(connection, key)
        made_by = message.workflow or (order.workflow if order is not None else "")
        workflow = snapshot.program.workflows.get(made_by)
        unit_id = order.unit_id if order is not None else message.unit_id
        promises = read_promises(connection, self._programs, unit_id)
        # Of several the one of this key, else of the same passage, else the newest: a welcome follows what
        # was just taken.
        exact = [promise for promise in promises if promise.key == key]
        same = [promise for promise in promises if promise.enrollment == message.enrollment]
        return Held(
            reader=reader_of(snapshot.program, household, message),
            sender=snapshot.program.sender_of(workflow),
            promise=next(reversed(exact or same or promises), None),
            may_decide=may_decide(snapshot.program, household, message.customer_id),
            now=now,
        )


def _queued(connection: Connection, key: str, now: Moment) -> Queued | None:
    """Give the message of a key, or one about the order of a key that a prompt made; None for neither."""
    found = find_message(connection, key)
    if found is not None and found.listed.key == key:
        return found.queued
    order = find_order(connection, key)
    if order is None or order.key != key:
        return None
    mail = mail_of(order, News.CONFIRMED, now)
    return Queued(mail, order.household_id, shard_of(order.household_id), 0, 0)


def honour(connection: Connection, clock: Clock, promise: Promise, because: str, by: Asking) -> Order:
    """Make the order that takes somebody back; asked again it is the one that is there.

    Billing is told of it by whoever makes orders theirs, or the team, where billing is not set up, where it
    refuses, and where whoever asks may not decide for their account.

    Args:
        connection: The database, in autocommit.
        clock: The present.
        promise: What was promised.
        because: Why they go back, in words; empty where nothing was said.
        by: Who asks, and by what.
    """
    now, order = clock.now(), _order_back(promise, because, by, clock.now())
    told = Event(
        id=f"return/{promise.key}",
        name=RETURN_ASKED,
        occurred_at=now,
        seen_at=0,
        customer_id=promise.customer_id or None,
        account_id=bare(promise.unit_id) if is_account(promise.unit_id) else None,
        properties={
            "key": promise.key,
            "offer": promise.terms.offer,
            "thing": promise.terms.thing,
            "because": order.because,
            "via": by.via.value,
            "refund": order.has_refund,
        },
        source=HONOURING,
    )
    with connection.transaction():
        if add_order(connection, order):
            if order.task:
                tell_by_mail(connection, order, News.RETURNING, now)
                why = "what they took is not set up" if by.may_decide else f"ask whether {by.customer_id} may"
                title = f"{return_words(order)} - {why}"
                open_task(connection, clock, order, QUEUE, title, now)
            append(connection, [told], clock)
    return find_order(connection, order.key) or order


def foreseen_of(promise: Promise, now: Moment) -> GivingBack | None:
    """Say what billing would be told, were it asked for now; None where it cannot take it back."""
    taken = promise.order
    if taken is None or taken.state is not OrderState.FULFILLED or promise.asked_at is not None:
        return None
    asking = Asking(promise.customer_id, may_decide=True, via=Via.PAGE)
    return giving_of(_order_back(promise, "", asking, now), taken)


def _order_back(promise: Promise, because: str, by: Asking, now: Moment) -> Order:
    """Write the order that takes back what was taken; only the team is told where nobody may decide."""
    key, taken = digest("return", promise.key), promise.order
    # What billing never made theirs it cannot take back.
    is_decided = by.may_decide and (taken is None or taken.state is OrderState.FULFILLED)
    return Order(
        key=key,
        unit_id=promise.unit_id,
        household_id=taken.household_id if taken is not None else promise.unit_id,
        customer_id=by.customer_id,
        offer=promise.terms.offer,
        thing=promise.terms.thing,
        kind="return",
        trial_days=0,
        converts=False,
        terms=promise.terms,
        workflow=promise.workflow,
        enrollment=promise.enrollment,
        via=by.via,
        accepted_at=now,
        state=OrderState.ACCEPTED if is_decided else OrderState.WAITING,
        next_attempt_at=now + HEAD_START if is_decided else None,
        task="" if is_decided else digest("task", "return", promise.key),
        guarantee=promise.guarantee,
        downgrade=promise.downgrade,
        guarantee_until=promise.guarantee_until,
        had=taken.had if taken is not None else None,
        returns=promise.key,
        because=" ".join(because[:LONGEST_BECAUSE].split()),
    )
