"""Approving: offers above a limit are approved or refused by somebody of the team, or lapse.

For ``upsell orders`` and the guard. The laws: nothing is charged before somebody else than who asked has
approved; what is approved is fulfilled at exactly the terms that were accepted; each decision is a row that
is never changed; and whoever accepted is told what came of it.
"""

from __future__ import annotations

import msgspec
import structlog

from upsell.clock import Clock, Moment
from upsell.errors import ConfigError
from upsell.ids import bare, is_account
from upsell.journeys.program import Program
from upsell.runtime.accepting import is_converting
from upsell.runtime.order_events import APPROVALS, SOURCE, accepted_event, approval_event, of_household
from upsell.runtime.order_mails import News, tell_by_mail
from upsell.runtime.order_words import what_words
from upsell.runtime.programs import Programs
from upsell.signals.events import (
    APPROVAL_GIVEN,
    APPROVAL_LAPSED,
    APPROVAL_REFUSED,
    ENROLLMENT_ENDED,
    TASK_CLOSED,
    Event,
)
from upsell.store import acts
from upsell.store.approvals import Act, Approval, keep_approval
from upsell.store.connect import Connection
from upsell.store.households import read_traits
from upsell.store.ledger import append
from upsell.store.orders import Order, OrderState, find_lapsing, settle_order_by_hand
from upsell.store.users import person_of

AT_ONCE = 100
"""How many orders lapse in one transaction."""

_log = structlog.get_logger(__name__)


class Decision(msgspec.Struct, frozen=True):
    """What an approver decided.

    Attributes:
        by: Who they are.
        because: Why, for the record.
        words: What the customer is told of a refusal; empty for an approval.
        actor: Who did it as the log of users has it, where that is somebody else, such as who typed a command
            for them; empty for themselves.
    """

    by: str
    because: str
    words: str = ""
    actor: str = ""


def approve(
    connection: Connection, clock: Clock, programs: Programs, order: Order, decision: Decision
) -> Order:
    """Approve an order: it is ``Offer Accepted`` from now on, and billing is told within seconds.

    Args:
        connection: The database, in autocommit.
        clock: The present.
        programs: The revisions, read up to now.
        order: The order as the approver saw it.
        decision: Who decided, and why.

    Raises:
        ConfigError: It does not wait, they may not approve it, or it can be sold no more.
    """
    now, program = clock.now(), _newest(programs)
    _check(connection, program, order, decision, now)
    if order.terms.expires_at is None and order.offer in program.sold_out:
        msg = f"expected an offer of which some is left, got {order.offer}, which ran out; refuse it"
        raise ConfigError(msg)
    promised = order.guarantee_until
    after = msgspec.structs.replace(
        order,
        state=OrderState.ACCEPTED,
        # A trial may have ended meanwhile: then nobody but us tells billing.
        converts=order.converts and is_converting(connection, programs, order, now),
        next_attempt_at=now,
        detail=f"approved by {decision.by}: {decision.because}",
        task="",
        # What was promised for some days is promised from when they have it.
        guarantee_until=None if promised is None else promised + now - order.accepted_at,
    )
    told = [
        approval_event(order, APPROVAL_GIVEN, now, approver=decision.by, why=decision.because),
        accepted_event(after, now, approved_by=decision.by),
    ]
    row = _row(order, Act.APPROVED, decision, now)
    _decide(connection, clock, after, order, row, told, log=_log_as(decision))
    return after


def refuse(
    connection: Connection, clock: Clock, programs: Programs, order: Order, decision: Decision
) -> Order:
    """Refuse an order: whoever accepted is told in the words given, and the passage that offered it ends.

    Raises:
        ConfigError: It does not wait, or they may not refuse it.
    """
    now = clock.now()
    _check(connection, _newest(programs), order, decision, now)
    after = msgspec.structs.replace(
        order,
        state=OrderState.REFUSED,
        detail=f"refused by {decision.by}: {decision.because}",
        answer=decision.words,
        task="",
        finished_at=now,
    )
    told = [approval_event(order, APPROVAL_REFUSED, now, approver=decision.by, why=decision.because)]
    if order.enrollment:
        told.append(_end(order, decision, now))
    row = _row(order, Act.REFUSED, decision, now)
    _decide(connection, clock, after, order, row, told, news=News.REFUSED, log=_log_as(decision))
    return after


def lapse_due(connection: Connection, clock: Clock) -> int:
    """Let lapse what nobody decided in time, and tell whoever accepted; give how many."""
    done = 0
    while True:
        now = clock.now()
        with connection.transaction():
            found = find_lapsing(connection, now, AT_ONCE)
            for order in found:
                after = msgspec.structs.replace(
                    order,
                    state=OrderState.LAPSED,
                    detail="nobody decided in time",
                    task="",
                    finished_at=now,
                )
                row = _row(order, Act.LAPSED, Decision("", after.detail), now)
                told = [approval_event(order, APPROVAL_LAPSED, now)]
                _decide(connection, clock, after, order, row, told, news=News.LAPSED)
                _log.info("approval_lapsed", key=order.key)
        done += len(found)
        if len(found) < AT_ONCE:
            return done


def _newest(programs: Programs) -> Program:
    newest = programs.newest()
    if newest is None:
        msg = "expected a workspace that is live, found none; run upsell apply WORKSPACE"
        raise ConfigError(msg)
    return programs.program(newest.number)


def _check(connection: Connection, program: Program, order: Order, decision: Decision, now: Moment) -> None:
    """Refuse a decision about what does not wait, or by who may not decide.

    Raises:
        ConfigError: It is one.
    """
    if order.state is not OrderState.ASKED:
        msg = f"expected an order that waits for approval, got {order.key}, which is {order.state.value}"
        raise ConfigError(msg)
    if order.decide_by is not None and order.decide_by <= now:
        msg = (
            f"expected an order that still waits for approval, got {order.key}, whose time is over; it lapses"
        )
        raise ConfigError(msg)
    by = decision.by.casefold()
    known = [each.casefold() for each in program.accepting.approvers]
    if known and by not in known:
        names = ", ".join(program.accepting.approvers)
        msg = f"expected an approver, got {decision.by}; accepting.approvers of upsell.yaml names {names}"
        raise ConfigError(msg)
    traits = read_traits(connection, order.customer_id)
    own = {person_of(order.customer_id), person_of(str(traits.get("email") or ""))} - {""}
    if person_of(decision.by) in own:
        msg = f"expected somebody else than who asked, got {decision.by}; let another person decide"
        raise ConfigError(msg)


def _row(order: Order, act: Act, decision: Decision, now: Moment) -> Approval:
    return Approval(
        key=order.key,
        act=act,
        done_by=decision.by,
        because=decision.because,
        words=decision.words,
        total=None,
        most=None,
        currency=order.terms.currency,
        done_at=now,
    )


def _decide(  # one transaction, all of whose parts are true together
    connection: Connection,
    clock: Clock,
    after: Order,
    before: Order,
    row: Approval,
    told: list[Event],
    news: News | None = None,
    log: str = "",
) -> None:
    """Write a decision with all that follows from it.

    Raises:
        ConfigError: Somebody decided before.
    """
    with connection.transaction():
        is_first = settle_order_by_hand(connection, after, OrderState.ASKED)
        if not is_first or keep_approval(connection, row) is None:
            msg = f"expected {before.key} to wait still, found it decided by now; look at it again"
            raise ConfigError(msg)
        if news is not None:
            tell_by_mail(connection, after, news, row.done_at, row.words)
        closed = {"key": before.task, "queue": APPROVALS, "outcome": row.act.value}
        append(connection, [of_household(before, TASK_CLOSED, row.done_at, closed), *told], clock)
        if log:
            done = acts.Act.ORDER_APPROVED if row.act is Act.APPROVED else acts.Act.ORDER_REFUSED
            acts.add_act(connection, done, log, before.key, what_words(before), row.because, row.done_at)


def _log_as(decision: Decision) -> str:
    return decision.actor or decision.by


def _end(order: Order, decision: Decision, now: Moment) -> Event:
    """Give the event that ends the passage: what is not sold is not offered again by its next mail."""
    of_account = is_account(order.household_id)
    return Event(
        id=f"{ENROLLMENT_ENDED}/{order.key}",
        name=ENROLLMENT_ENDED,
        occurred_at=now,
        seen_at=0,
        customer_id=None if is_account(order.unit_id) else bare(order.unit_id),
        account_id=bare(order.household_id) if of_account else None,
        properties={
            "unit": order.unit_id,
            "workflow": order.workflow,
            "enrollment": order.enrollment,
            "by": decision.by,
            "why": "its offer was not approved",
        },
        source=SOURCE,
    )
