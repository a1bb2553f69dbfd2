"""Fulfilling: what was accepted is made theirs, by billing or by the team, and that is told honestly.

For the request in which somebody accepts, and for the guard, which goes on with what was left. The laws: that
billing is being told is committed before it is; what a crash leaves in between is told again under the same
key; what billing refuses, or never answers, becomes work for a person, in the transaction that says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, assert_never

import msgspec
import psycopg
import structlog

from upsell.channels.fulfillers import (
    Bill,
    Fulfiller,
    Fulfilment,
    GivingBack,
    Outcome,
    Purchase,
    WebhookFulfiller,
)
from upsell.channels.money_words import money_words
from upsell.channels.prompt_view import day_words, locale_of
from upsell.channels.prompt_words import WORDS, language_of
from upsell.channels.signing import read_secret
from upsell.clock import DAY, HOUR, MINUTE, SECOND, Clock, Duration, Moment
from upsell.config import Settings
from upsell.errors import ConfigError, StoreError
from upsell.ids import bare, digest, is_account
from upsell.runtime.accepting import Accept, AcceptDesk, Accepted, NotAcceptedError, Refusal
from upsell.runtime.order_events import of_household, open_task, order_words
from upsell.runtime.order_mails import News, tell_by_mail
from upsell.runtime.stripe_billing import open_stripe
from upsell.signals.events import ACCOUNT_IDENTIFIED, CUSTOMER_IDENTIFIED, TASK_CLOSED, Event
from upsell.store.connect import Connection, connect
from upsell.store.households import read_traits
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

_NOTHING: Final[Mapping[str, str]] = {}

_PATIENCE: Final = 8.0
"""Seconds that whoever accepts a second time waits for what the first hears."""

_log = structlog.get_logger(__name__)


class Told(msgspec.Struct, frozen=True):
    """What whoever accepted is told.

    Attributes:
        order: The order as it stands.
        message: In their language.
        is_failed: Whether it could not be made theirs.
    """

    order: Order
    message: str
    is_failed: bool


class FulfilDesk:
    """Takes acceptances for a server's threads, and makes them theirs while somebody waits."""

    def __init__(self, url: str, clock: Clock, fulfiller: Fulfiller | None) -> None:
        """Work over the database at ``url``; without a fulfiller everything is left to the team."""
        self._url = url
        self._clock = clock
        self._fulfiller = fulfiller
        self._desk = AcceptDesk(url, clock)

    def take(self, asked: Accept, locales: Sequence[object] = ()) -> Told:
        """Take an acceptance and see it through, as far as billing answers now.

        Accepted again, what the first was told is told again; it is waited for while billing is spoken to.

        Args:
            asked: Who accepts what, at which price.
            locales: Locales they read, the best first; after these, the one among their traits.

        Raises:
            NotAcceptedError: It is not taken.
        """
        accepted = self._desk.accept(asked)
        with connect(self._url) as connection:
            order = self._see_through(connection, accepted)
            traits = read_traits(connection, order.customer_id)
        return tell(order, (*locales, traits.get("locale"), traits.get("language")))

    def see_through(self, key: str) -> None:
        """Tell billing of an order that was just made, as far as it answers now."""
        with connect(self._url) as connection:
            fulfil(connection, self._clock, self._fulfiller, key)

    @property
    def has_billing(self) -> bool:
        """Whether anybody but the team is told."""
        return self._fulfiller is not None

    def refusal_words(self, error: NotAcceptedError, asked: Accept, locales: Sequence[object] = ()) -> str:
        """Say to whoever wanted to accept why it was not taken; locales as in ``take``."""
        with connect(self._url) as connection:
            traits = read_traits(connection, asked.identity.customer_id)
        return refusal_words(error, (*locales, traits.get("locale"), traits.get("language")))

    def close(self) -> None:
        """Close what is kept open."""
        if self._fulfiller is not None:
            self._fulfiller.close()

    def _see_through(self, connection: Connection, accepted: Accepted) -> Order:
        order = accepted.order
        if accepted.is_new:
            return fulfil(connection, self._clock, self._fulfiller, order.key) or order
        give_up_at = time.monotonic() + _PATIENCE
        while _is_being_told(order) and time.monotonic() < give_up_at:
            time.sleep(0.1)
            order = find_order(connection, order.key) or order
        return order


def open_fulfiller(settings: Settings, url: str = "") -> Fulfiller | None:
    """Give who makes things theirs, as the settings say; None for nobody but the team.

    Args:
        settings: Which billing is set up.
        url: The database, in which is written what is what at Stripe.

    Raises:
        ConfigError: Billing would be told in the open, or without a signature, or there are two.
    """
    if settings.stripe_secret_key:
        return open_stripe(settings, url)
    if not settings.billing_url:
        return None
    if not settings.gateway_secret:
        msg = "expected UPSELL_GATEWAY_SECRET beside UPSELL_BILLING_URL, got none; billing knows us by it"
        raise ConfigError(msg)
    secret, is_confirming = read_secret(settings.gateway_secret), bool(settings.billing_confirms)
    return WebhookFulfiller(settings.billing_url, secret, is_confirming=is_confirming)


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


def tell(order: Order, locales: Sequence[object]) -> Told:
    """Say how an order stands to whoever accepted: in billing's words where it has some."""
    language = language_of(*locales)
    words = WORDS[language]
    is_failed = order.state in _NOT_THEIRS
    by = ""
    if order.decide_by is not None:
        by = day_words(order.decide_by, locale_of(locales, language))
    match order.state:
        case OrderState.FULFILLED:
            said = words.accepted
        case OrderState.FULFILLING | OrderState.WAITING if order.pay_url:
            said = words.to_pay
        case OrderState.ACCEPTED | OrderState.FULFILLING:
            said = words.pending
        case OrderState.WAITING:
            said = words.pending if order.checkout else words.waiting
        case OrderState.IN_CART:
            said = words.in_cart
        case OrderState.LEFT_OUT:
            said = words.over
        case OrderState.FAILED if order.pay_by is not None:
            said = words.not_paid
        case OrderState.FAILED:
            said = words.stuck if order.is_given_up else words.refused
        case OrderState.ASKED:
            said = words.asked
        case OrderState.REFUSED:
            said = words.not_approved
        case OrderState.LAPSED:
            said = words.lapsed
        case _:
            assert_never(order.state)
    message = order.answer or said.format(name=order.terms.name, by=by)
    if order.state is OrderState.FULFILLED and order.paid:
        paid = money_words(order.paid, order.terms.currency, locale_of(locales, language_of(*locales)))
        message = f"{message} {words.charged.format(paid=paid)}"
    return Told(order, message, is_failed)


def refusal_words(error: NotAcceptedError, locales: Sequence[object]) -> str:
    """Say to whoever wanted to accept why it was not taken."""
    words = WORDS[language_of(*locales)]
    return {
        Refusal.NOT_FOUND: words.unknown,
        Refusal.NOT_YOURS: words.not_yours,
        Refusal.ROLE: words.role,
        Refusal.OVER: words.over,
        Refusal.PRICE: words.price,
    }[error.refusal]


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
    after = msgspec.structs.replace(
        order, state=state, answer="", is_given_up=False, detail=because, task="",
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


def _is_being_told(order: Order) -> bool:
    """Whether somebody is telling billing now, or is about to."""
    is_begun = order.state is OrderState.ACCEPTED and order.attempts == 0
    return is_begun or order.state is OrderState.FULFILLING


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
    said = fulfiller.fulfil(_purchase(order), clock.now())
    after = _after(order, said, clock.now())
    news = None if _is_told(after, fulfiller) else _news(after)
    if after.pay_url and not is_watched and _has_left(order, now):
        news = News.TO_PAY
    return _write(connection, clock, after, _title(after, said), news, said.learned)


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
    giving = GivingBack(
        key=order.key,
        purchase=_purchase(taken),
        had=order.had,
        has_refund=order.has_refund,
        because=order.because,
        asked_at=order.accepted_at,
    )
    after = _after(order, fulfiller.take_back(giving, clock.now()), clock.now())
    title, news = "", None
    match after.state:
        case OrderState.FULFILLED:
            news = None if fulfiller.is_confirming else News.RETURNED
        case OrderState.FAILED:
            what = "never answered" if after.is_given_up else "refused it"
            title, news = f"{words} - billing {what}", News.RETURNING
        case OrderState.WAITING:
            title, news = words, News.RETURNING
        case _:
            pass
    return _write(connection, clock, after, title, news)


def return_words(order: Order) -> str:
    """Say what is to be done for somebody who goes back, with what was promised and what they said."""
    title = f"Take back from {order.terms.name}"
    promised = " ".join(said for said in (order.guarantee, order.downgrade) if said)
    if promised:
        title += f", as promised: {promised}"
    if order.has_refund:
        title += " - give back what was paid"
    return f"{title} (they say: {order.because})" if order.because else title


def _title(after: Order, said: Fulfilment) -> str:
    """Say what the team has to do about an order as it stands after what billing said; empty for nothing."""
    if said.outcome is Outcome.BY_HAND:
        return f"Accepted, make it so: {order_words(after)}"
    if after.state is not OrderState.FAILED:
        return ""
    what = "could not be set up" if after.is_given_up else "was refused by billing"
    if said.is_lapsed:
        what = "was not paid in time"
    return f"Accepted, but it {what}; tell {after.customer_id}: {order_words(after)}"


def _after(order: Order, said: Fulfilment, now: Moment) -> Order:
    """Give where an order stands after what billing said."""
    changed = msgspec.structs.replace(
        order, answer=said.message, detail=said.detail, next_attempt_at=None, finished_at=now, paid=said.paid,
        checkout="", pay_url="", pay_by=order.pay_by if said.is_lapsed else None,
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


_NOT_THEIRS: Final = frozenset({OrderState.FAILED, OrderState.REFUSED, OrderState.LAPSED})
"""Where what was accepted has come to nothing."""


def _news(order: Order) -> News | None:
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


def _is_told(order: Order, fulfiller: Fulfiller) -> bool:
    """Tell whether billing itself tells whoever accepted that it is theirs."""
    return fulfiller.is_confirming and order.state is OrderState.FULFILLED


def _has_left(order: Order, now: Moment) -> bool:
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


def _purchase(order: Order) -> Purchase:
    of_account = is_account(order.household_id)
    return Purchase(
        key=order.key,
        customer_id=order.customer_id,
        account_id=bare(order.household_id) if of_account else None,
        offer=order.offer,
        thing=order.thing,
        kind=order.kind,
        terms=order.terms,
        trial_days=order.trial_days,
        accepted_at=order.accepted_at,
    )
