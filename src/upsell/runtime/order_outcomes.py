"""Order outcomes: where an order stands after what billing said, and who is to be told what of it.

Nothing here reads or writes. The laws: what billing did not answer is told again, ever later, and given up at
last; whoever is to pay is waited for until the page they pay on is closed, and a day longer where billing is
silent; what comes to nothing is work for a person.
"""

from __future__ import annotations

from typing import Final, assert_never

import msgspec

from upsell.channels.fulfillers import Bill, Fulfiller, Fulfilment, Outcome
from upsell.clock import DAY, HOUR, MINUTE, SECOND, Duration, Moment
from upsell.runtime.order_events import order_words
from upsell.runtime.order_mails import News
from upsell.store.orders import Order, OrderState

FIRST_PAUSE: Final[Duration] = 30 * SECOND
"""How long after a first attempt billing is told again; each further pause is twice as long."""

LONGEST_PAUSE: Final[Duration] = 6 * HOUR

SHORTEST_WAIT: Final[Duration] = 10 * SECOND
"""How soon it is asked whether a customer has paid."""

LONGEST_WAIT: Final[Duration] = 10 * MINUTE
"""How late it is asked at the latest."""

GRACE: Final[Duration] = DAY
"""For how long after the last moment to pay billing may be silent."""

LEFT_AFTER: Final[Duration] = 30 * MINUTE
"""After how long whoever was to pay, and did not, is taken to have left the page."""

MOST_ATTEMPTS: Final = 14
"""How often billing is told that does not answer: over a little more than a day."""


def stand_after(order: Order, said: Fulfilment, now: Moment) -> Order:
    """Give where an order stands after what billing said."""
    changed = msgspec.structs.replace(
        order, answer=said.message, detail=said.detail, next_attempt_at=None, finished_at=now, paid=said.paid,
        checkout="", pay_url="", pay_by=order.pay_by if said.is_lapsed else None,
        refunded=said.refunded, credited=said.credited, keeps_until=said.until,
    )  # fmt: skip
    match said.outcome:
        case Outcome.DONE:
            return msgspec.structs.replace(changed, state=OrderState.FULFILLED, checkout=order.checkout)
        case Outcome.REFUSED:
            return msgspec.structs.replace(changed, state=OrderState.FAILED)
        case Outcome.BY_HAND:
            return msgspec.structs.replace(changed, state=OrderState.WAITING)
        case Outcome.UNPAID:
            return _awaiting(changed, said.bill or _bill(order), now)
        case Outcome.NOT_YET if order.checkout and now < (order.pay_by or 0) + GRACE:
            return _awaiting(changed, _bill(order), now)
        case Outcome.NOT_YET if order.attempts >= MOST_ATTEMPTS:
            return msgspec.structs.replace(changed, state=OrderState.FAILED, is_given_up=True)
        case Outcome.NOT_YET:
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (order.attempts - 1))
            return msgspec.structs.replace(
                changed, state=OrderState.ACCEPTED, next_attempt_at=now + pause, finished_at=None
            )
        case _:
            assert_never(said.outcome)


def title_of(after: Order, said: Fulfilment) -> str:
    """Say what the team has to do about an order as it stands after what billing said; empty for nothing."""
    if said.outcome is Outcome.BY_HAND:
        return f"Accepted, make it so: {order_words(after)}"
    if after.state is not OrderState.FAILED:
        return ""
    what = "could not be set up" if after.is_given_up else "was refused by billing"
    if said.is_lapsed:
        what = "was not paid in time"
    return f"Accepted, but it {what}; tell {after.customer_id}: {order_words(after)}"


def return_words(order: Order) -> str:
    """Say what is to be done for somebody who goes back, with what was promised and what they said."""
    title = f"Take back from {order.terms.name}"
    promised = " ".join(said for said in (order.guarantee, order.downgrade) if said)
    if promised:
        title += f", as promised: {promised}"
    if order.has_refund:
        title += " - give back what was paid"
    return f"{title} (they say: {order.because})" if order.because else title


def news_of(order: Order) -> News | None:
    """Give what whoever accepted is mailed of an order as it stands; None where there is nothing to say."""
    match order.state:
        case OrderState.FULFILLED:
            return News.CONFIRMED
        case OrderState.FAILED:
            return News.FAILED if order.pay_by is None else News.UNPAID
        case OrderState.WAITING if not order.checkout:
            return News.RECEIVED
        case _:
            return None


def is_told(order: Order, fulfiller: Fulfiller) -> bool:
    """Tell whether billing itself tells whoever accepted that it is theirs."""
    return fulfiller.is_confirming and order.state is OrderState.FULFILLED


def has_left(order: Order, now: Moment) -> bool:
    """Tell whether nobody showed whoever accepted the page they pay on, or they were shown it long ago."""
    return not order.checkout or now >= order.accepted_at + LEFT_AFTER


def _awaiting(order: Order, bill: Bill, now: Moment) -> Order:
    """Give an order that waits to be paid: it is asked again, the longer the later."""
    pause = min(LONGEST_WAIT, max(SHORTEST_WAIT, (now - order.accepted_at) // 8))
    return msgspec.structs.replace(
        order, state=OrderState.WAITING, next_attempt_at=now + pause, finished_at=None,
        checkout=bill.id, pay_url=bill.url, pay_by=bill.pay_by,
    )  # fmt: skip


def _bill(order: Order) -> Bill:
    return Bill(order.checkout, order.pay_url, order.pay_by or order.accepted_at)
