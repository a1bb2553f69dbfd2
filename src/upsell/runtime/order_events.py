"""Order events: what is recorded of an order, and the work that is opened about it.

For whoever takes, fulfils and approves what was accepted. The law: what is recorded of an acceptance is of
whom the offer was made to, whoever took it; work about it is of whoever pays, makes no offer and is no step
of a workflow, so no report counts it as one.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from upsell.clock import Clock, Moment, format_moment
from upsell.decisions.commitments import Beyond
from upsell.ids import bare, digest, is_account
from upsell.journeys.effects import OpenTask
from upsell.money import Money
from upsell.signals.events import APPROVAL_ASKED, OFFER_ACCEPTED, TASK_OPENED, Event
from upsell.store.approvals import Act, Approval, keep_approval
from upsell.store.connect import Connection
from upsell.store.ledger import append
from upsell.store.orders import Order, OrderState
from upsell.store.tasks import keep_tasks

SOURCE: Final = "accepting"
"""The source of the events made here."""

OF_AN_ORDER: Final = "order"
"""The source of work that ends with its order, and by no other hand."""

APPROVALS: Final = "approval"
"""The queue of those who approve."""


def accepted_event(order: Order, at: Moment, approved_by: str = "") -> Event:
    """Give the event of an acceptance, as of when nothing more was in its way.

    Args:
        order: What was accepted.
        at: When it was accepted, or approved where somebody had to.
        approved_by: Who did; empty where nobody had to.
    """
    said = _said(order)
    said["terms"] = msgspec.to_builtins(order.terms)
    if order.trial_days:
        said["trial_days"] = order.trial_days
    if approved_by:
        said["approved_by"] = approved_by
    return _of_unit(order, OFFER_ACCEPTED, f"accepted/{order.key}", at, said)


def approval_event(order: Order, name: str, at: Moment, **more: Any) -> Event:
    """Give the event of what was asked or decided about an order."""
    return _of_unit(order, name, f"{name}/{order.key}", at, _said(order) | more)


def of_household(order: Order, name: str, now: Moment, said: dict[str, Any]) -> Event:
    """Give an event about whoever pays, known by its task."""
    of_account = is_account(order.household_id)
    return Event(
        id=f"{name}/{order.task}",
        name=name,
        occurred_at=now,
        seen_at=0,
        customer_id=None if of_account else bare(order.household_id),
        account_id=bare(order.household_id) if of_account else None,
        properties=said,
        source=SOURCE,
    )


def open_task(
    connection: Connection, clock: Clock, order: Order, queue: str, title: str, due_at: Moment
) -> None:
    """Give the team something to do, under the key the order names; a transaction is open."""
    now = clock.now()
    task = OpenTask(
        key=order.task,
        enrollment="",
        workflow="",
        unit_id=order.household_id,
        queue=queue,
        title=title,
        offer=None,
        opened_at=now,
        due_at=due_at,
        source=OF_AN_ORDER,
    )
    keep_tasks(connection, [task])
    said = {"key": order.task, "queue": queue, "title": title, "due_at": format_moment(due_at)}
    append(connection, [of_household(order, TASK_OPENED, now, said)], clock)


def as_asked(order: Order, decide_by: Moment) -> Order:
    """Give an order that waits for an approver, and is told to nobody before."""
    return msgspec.structs.replace(
        order,
        state=OrderState.ASKED,
        next_attempt_at=None,
        decide_by=decide_by,
        task=digest("task", "approval", order.key),
    )


def ask_approval(connection: Connection, clock: Clock, order: Order, beyond: Beyond) -> None:
    """Record that an order waits for approval, and give an approver work; a transaction is open."""
    why = beyond_words(beyond)
    asked = Approval(
        key=order.key,
        act=Act.ASKED,
        done_by=order.customer_id,
        because=why,
        words="",
        total=beyond.total,
        most=beyond.most,
        currency=beyond.currency,
        done_at=order.accepted_at,
    )
    keep_approval(connection, asked)
    decide_by = order.decide_by or order.accepted_at
    said = {"total": beyond.total, "decide_by": format_moment(decide_by)}
    told = approval_event(
        order, APPROVAL_ASKED, order.accepted_at, **{name: each for name, each in said.items() if each}
    )
    append(connection, [told], clock)
    title = f"Approve or refuse, {why}: {order_words(order)}; upsell orders show {order.key[:12]}"
    open_task(connection, clock, order, APPROVALS, title, decide_by)


def beyond_words(beyond: Beyond) -> str:
    """Say why something needs approval."""
    if beyond.total is None:
        return "no total is known beforehand"
    total = Money(beyond.total, beyond.currency)
    if beyond.most is None:
        return f"{total} over twelve months, and no limit is stated in {beyond.currency}"
    return f"{total} over twelve months, above {Money(beyond.most, beyond.currency)}"


def order_words(order: Order) -> str:
    """Say in a line what was accepted, for the team."""
    terms = order.terms
    price = "" if terms.price is None else f", {Money(terms.price, terms.currency)}"
    per = f" per {terms.interval}" if terms.price is not None and terms.interval else ""
    trial = f", after {order.trial_days} days of trial" if order.trial_days else ""
    return f"{terms.name} ({order.offer}){price}{per}{trial} for {bare(order.household_id)}"


def _said(order: Order) -> dict[str, Any]:
    terms = order.terms
    said: dict[str, Any] = {
        "key": order.key,
        "offer": order.offer,
        "thing": order.thing,
        "currency": terms.currency,
        "workflow": order.workflow,
        "via": order.via.value,
        "by": order.customer_id,
    }
    if terms.price is not None:
        said["price"] = terms.price
    return said


def _of_unit(order: Order, name: str, told_as: str, at: Moment, said: dict[str, Any]) -> Event:
    of_account = is_account(order.unit_id)
    return Event(
        id=told_as,
        name=name,
        occurred_at=at,
        seen_at=0,
        customer_id=order.customer_id if of_account else bare(order.unit_id),
        account_id=bare(order.household_id) if is_account(order.household_id) else None,
        properties=said,
        source=SOURCE,
    )
