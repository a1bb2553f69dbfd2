"""Fulfilling: what was accepted is made theirs, by billing or by the team, and that is told honestly.

For the request in which somebody accepts, and for the guard, which goes on with what was left. The laws: that
billing is being told is committed before it is; what a crash leaves in between is told again under the same
key; what billing refuses, or never answers, becomes work for a person, in the transaction that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import psycopg
import structlog

from upsell.channels.fulfillers import Fulfiller
from upsell.clock import DAY, MINUTE, Clock, Duration, Moment
from upsell.errors import StoreError
from upsell.ids import digest, is_account
from upsell.runtime.giving_back import giving_of, purchase_of
from upsell.runtime.order_events import of_household, open_task, order_words
from upsell.runtime.order_mails import News, tell_by_mail
from upsell.runtime.order_outcomes import has_left, is_told, news_of, return_words, stand_after, title_of
from upsell.signals.events import ACCOUNT_IDENTIFIED, CUSTOMER_IDENTIFIED, TASK_CLOSED, Event
from upsell.store.connect import Connection
from upsell.store.ledger import append
from upsell.store.orders import (
    NOT_APPROVED,
    Order,
    OrderState,
    claim_orders,
    find_order,
    settle_order,
    settle_order_by_hand,
)

QUEUE: Final = "success"
"""Where the team finds what it has to do by hand."""

DUE: Final[Duration] = DAY
"""By when."""

LEASE: Final[Duration] = MINUTE
"""How long telling billing may take before it is told again."""

_NOTHING: Final[Mapping[str, str]] = {}

_log = structlog.get_logger(__name__)


def fulfil(connection: Connection, clock: Clock, fulfiller: Fulfiller | None, key: str) -> Order | None:
    """Make an order theirs that was just accepted; give how it stands, None where somebody else is at it."""
    now = clock.now()
    claimed = claim_orders(connection, now, now + LEASE, 1, key)
    return _see_to(connection, clock, fulfiller, claimed[0], is_watched=True) if claimed else None


def fulfil_due(
    connection: Connection,
    clock: Clock,
    fulfiller: Fulfiller | None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Go on with orders that are due, one after the other, until stopped; give with how many."""
    done = 0
    while not is_stopped() and (claimed := claim_orders(connection, clock.now(), clock.now() + LEASE, 1)):
        order = _see_to(connection, clock, fulfiller, claimed[0])
        _log.info("order_told", key=order.key, state=order.state.value, attempts=order.attempts)
        done += 1
    return done


def settle_by_hand(
    connection: Connection, clock: Clock, order: Order, state: OrderState, because: str
) -> Order | None:
    """Write what somebody of the team says of an order, and close its task; give it as it stands.

    None where it stands elsewhere by now. Let go on, billing is told anew under the same key.

    Args:
        connection: The database.
        clock: The present.
        order: The order as they saw it.
        state: ``FULFILLED``, ``FAILED``, or ``ACCEPTED`` to go on.
        because: Why.

    Raises:
        StoreError: It had failed, and the same offer was accepted again since; or only an approver decides.
    """
    if order.state in NOT_APPROVED:
        msg = (
            f"expected an order that needs no approval, got {order.key}, which is {order.state.value}; "
            "`upsell orders approve` and `refuse` decide about those that wait"
        )
        raise StoreError(msg)
    now = clock.now()
    is_on = state is OrderState.ACCEPTED
    is_of_cart = order.state in (OrderState.IN_CART, OrderState.LEFT_OUT)
    if is_of_cart and state is OrderState.FAILED:
        # The shop charges for its cart, and nothing of it was to be set up.
        state = OrderState.LEFT_OUT
    # What billing gave back before it failed may be a part of what the team gave back; else it stays known.
    refunded = None if state is OrderState.FULFILLED else order.refunded
    after = msgspec.structs.replace(
        order, state=state, answer="", is_given_up=False, detail=because, task="", refunded=refunded,
        next_attempt_at=now if is_on else None, finished_at=None if is_on else now,
    )  # fmt: skip
    try:
        with connection.transaction():
            if not settle_order_by_hand(connection, after, order.state):
                return None
            if state is OrderState.FULFILLED and not is_of_cart:
                # What came to nothing the team tells them itself: only it knows whether anything was charged.
                tell_by_mail(connection, after, News.RETURNED if order.returns else News.CONFIRMED, now)
            if order.task:
                said = {"key": order.task, "queue": QUEUE, "outcome": because}
                append(connection, [of_household(order, TASK_CLOSED, now, said)], clock)
    except psycopg.errors.UniqueViolation as error:
        msg = f"expected the last word about this offer, but it was accepted again since {order.key} failed"
        raise StoreError(msg) from error
    return find_order(connection, order.key)


def _see_to(
    connection: Connection,
    clock: Clock,
    fulfiller: Fulfiller | None,
    order: Order,
    *,
    is_watched: bool = False,
) -> Order:
    """Tell billing of an order that is claimed, and write what it said; without billing, the team.

    Whoever accepted is told where to pay by the page they are on, where they watch it.
    """
    now = clock.now()
    if order.converts:
        after = msgspec.structs.replace(
            order, state=OrderState.FULFILLED, next_attempt_at=None, finished_at=now,
            detail="the step that granted the trial tells billing",
        )  # fmt: skip
        return _write(connection, clock, after, "", News.CONFIRMED)
    if order.returns:
        return _give_back(connection, clock, fulfiller, order)
    if fulfiller is None:
        after = msgspec.structs.replace(
            order, state=OrderState.WAITING, next_attempt_at=None, finished_at=now,
            detail="no billing is set up; a task was opened",
        )  # fmt: skip
        return _write(connection, clock, after, f"Accepted, make it so: {order_words(order)}", News.RECEIVED)
    said = fulfiller.fulfil(purchase_of(order), clock.now())
    after = stand_after(order, said, clock.now())
    news = None if is_told(after, fulfiller) else news_of(after)
    if after.pay_url and not is_watched and has_left(order, now):
        news = News.TO_PAY
    return _write(connection, clock, after, title_of(after, said), news, said.learned)


def _give_back(connection: Connection, clock: Clock, fulfiller: Fulfiller | None, order: Order) -> Order:
    """Tell billing that somebody goes back, and write what it said; what it does not do, the team does."""
    now, words = clock.now(), return_words(order)
    if fulfiller is None:
        after = msgspec.structs.replace(
            order, state=OrderState.WAITING, next_attempt_at=None, finished_at=now,
            detail="no billing is set up; a task was opened",
        )  # fmt: skip
        return _write(connection, clock, after, words, News.RETURNING)
    taken = find_order(connection, order.returns) or msgspec.structs.replace(order, key=order.returns)
    giving = giving_of(order, taken)
    after = stand_after(order, fulfiller.take_back(giving, clock.now()), clock.now())
    title, news = "", None
    match after.state:
        case OrderState.FULFILLED:
            news = None if fulfiller.is_confirming else News.RETURNED
        case OrderState.FAILED:
            what = "never answered" if after.is_given_up else "refused it"
            # What was given back before it failed is in it, so that nobody gives it back again.
            said = " ".join(after.detail.split())
            title, news = f"{words} - billing {what}{': ' if said else ''}{said}", News.RETURNING
        case OrderState.WAITING:
            title, news = f"{words} - {after.detail}" if after.detail else words, News.RETURNING
        case _:
            pass
    return _write(connection, clock, after, title, news)


def _write(
    connection: Connection,
    clock: Clock,
    order: Order,
    title: str,
    news: News | None,
    learned: Mapping[str, str] = _NOTHING,
) -> Order:
    """Write where an order stands, with the mail and the task that follow from it, where there is one."""
    key = digest("task", "order", order.key, str(order.finished_at)) if title else ""
    written = msgspec.structs.replace(order, task=key)
    with connection.transaction():
        if settle_order(connection, written):
            # The outbox first, then the ledger, as everybody asks for the two.
            if news is not None:
                tell_by_mail(connection, written, news, clock.now(), written.answer)
            if title:
                # Whoever goes back has waited long enough.
                due_at = clock.now() + (0 if order.returns else DUE)
                open_task(connection, clock, written, QUEUE, title, due_at)
            if learned:
                append(connection, [_identified(written, clock.now(), learned)], clock)
    return written


def _identified(order: Order, now: Moment, learned: Mapping[str, str]) -> Event:
    """Give the event that tells what billing said of whoever pays."""
    name = ACCOUNT_IDENTIFIED if is_account(order.household_id) else CUSTOMER_IDENTIFIED
    event = of_household(order, name, now, dict(learned))
    return msgspec.structs.replace(event, id=f"{name}/{order.key}/{order.round}")
