"""Order mails: whoever accepted something is told by mail what it was and what became of it.

For whoever writes where an order stands. The laws: a mail goes into the outbox in the transaction that makes
it true, under a key of order and news, so that a crash loses none and none is said twice; it says what was
accepted as it was accepted; and it rests on the contract, so that only an address that takes no mail, or a
withdrawal of service itself, keeps it back.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from upsell.channels.link_facts import DOWNGRADE, LINK, QUOTE
from upsell.clock import Moment, format_moment
from upsell.decisions.commitments import committed_total
from upsell.decisions.intents import Intent
from upsell.decisions.reach import EMAIL
from upsell.ids import digest
from upsell.journeys.effects import OF_ORDER, Speak
from upsell.rules.facts import Scalar
from upsell.store.connect import Connection
from upsell.store.orders import Order
from upsell.store.outbox import keep_messages

TEMPLATE: Final = "order"
"""The template that tells all of it; by ``order.news`` it knows what."""


class News(enum.Enum):
    """What a mail about an order says."""

    CONFIRMED = "confirmed"
    RECEIVED = "received"
    FAILED = "failed"
    TO_PAY = "to_pay"
    UNPAID = "unpaid"
    ASKED = "asked"
    REFUSED = "refused"
    LAPSED = "lapsed"
    RETURNED = "returned"
    RETURNING = "returning"


_LINKS: Final[Mapping[News, str]] = {
    News.CONFIRMED: DOWNGRADE,
    News.RECEIVED: DOWNGRADE,
    News.ASKED: QUOTE,
}
"""What the one link of a mail is for."""

_AGAIN: Final = frozenset({News.FAILED, News.TO_PAY, News.UNPAID})
"""What is news again once billing was told anew."""


def tell_by_mail(connection: Connection, order: Order, news: News, now: Moment, message: str = "") -> None:
    """Put a mail to whoever accepted into the outbox, once for each news; a transaction is open.

    Where nobody knows who that was, nobody is written to.

    Args:
        connection: The database.
        order: The order as it stands now.
        news: What is told.
        now: The present.
        message: What billing or an approver wants them to be told; empty for nothing.
    """
    if order.customer_id:
        keep_messages(connection, [(order.household_id, mail_of(order, news, now, message))], {})


def mail_of(order: Order, news: News, now: Moment, message: str = "") -> Speak:
    """Give the mail that tells news of an order; see ``tell_by_mail``."""
    said = {**_facts(order), "news": news.value, "message": message, LINK: _LINKS.get(news, "")}
    anew = (str(order.round),) if order.round and news in _AGAIN else ()
    return Speak(
        key=digest("order mail", order.key, news.value, *anew),
        enrollment="",
        workflow="",
        version="",
        step=OF_ORDER + news.value,
        visit=1,
        unit_id=order.household_id,
        customer_id=order.customer_id,
        channel=EMAIL,
        intent=Intent.SERVICE,
        content=TEMPLATE,
        offer=None,
        arm=None,
        trigger={name: value for name, value in said.items() if value not in (None, "")},
        reserved_at=now,
    )


def _facts(order: Order) -> dict[str, Scalar]:
    """Give what was accepted, as it was: the message makes no offer, so it carries no terms of its own."""
    terms, had = order.terms, order.had
    quantity = terms.quantity
    return {
        # Of what takes something back, the key of what it took.
        "key": order.returns or order.key,
        "workflow": order.workflow,
        "name": terms.name,
        "currency": terms.currency,
        "price": terms.price,
        "full_price": terms.full if terms.full != terms.price else None,
        "total": committed_total(terms, order.months) if terms.interval else None,
        "interval": terms.interval,
        "quantity": round(quantity) if quantity == round(quantity) else quantity,
        "months": order.months,
        "trial_days": order.trial_days or None,
        "guarantee": order.guarantee,
        "downgrade": order.downgrade,
        "accepted_at": format_moment(order.accepted_at),
        "decide_by": format_moment(order.decide_by) if order.decide_by is not None else None,
        "back_to": had.name if had is not None else "",
        # Where billing said what it gave back, that is told and not that it does.
        "has_refund": (order.has_refund and order.refunded is None) or None,
        "is_given_up": order.is_given_up or None,
        "paid": order.paid or None,
        "refunded": order.refunded or None,
        "credited": order.credited or None,
        "keeps_until": format_moment(order.keeps_until) if order.keeps_until is not None else None,
        "pay_url": order.pay_url,
        "pay_by": format_moment(order.pay_by) if order.pay_by is not None else None,
    }
