"""Accepting: an offer is taken at the terms it was shown with, by somebody who may, once.

For prompts, pages and servers. The laws: what is taken is what was shown under the key, at the price that
whoever takes it saw; a forwarded mail charges no company; and however often, and from wherever, one key is
taken, there is one order and one answer. Terms that say until when they hold are kept until then; without an
end they hold while the offer is made and has not run out. To try something takes no paid terms: those are
what the passage of a trial offers while it is under way. What is proposed for a cart is taken for that cart
while it holds what is to be replaced; the shop changes it, and an order shows what became of it.
"""

from __future__ import annotations

import threading
from typing import Final

import msgspec

from upsell.catalog.offers import Offer
from upsell.channels.fulfillers import Purchase
from upsell.channels.languages import language_of
from upsell.clock import SECOND, Clock, Duration, Moment
from upsell.decisions.commitments import Beyond, ask_limit
from upsell.decisions.holdings import had_of
from upsell.errors import StoreError
from upsell.ids import bare, is_account
from upsell.runtime.accept_checks import (
    Converting,
    NotAcceptedError,
    Refusal,
    ask_cart,
    ask_end,
    ask_person,
    ask_price,
    ask_showing,
    ask_stock,
    ask_trial,
)
from upsell.runtime.identities import Identity
from upsell.runtime.order_events import accepted_event, as_asked, ask_approval
from upsell.runtime.order_mails import News, tell_by_mail
from upsell.runtime.payers import Home, find_home, id_today, newest_program
from upsell.runtime.programs import Programs
from upsell.store.acceptances import Showing, find_showing
from upsell.store.connect import Connection, connect
from upsell.store.households import read_traits
from upsell.store.ledger import append, stamp_moment
from upsell.store.orders import Order, OrderState, Via, add_order, find_order

HEAD_START: Final[Duration] = 30 * SECOND
"""For how long whoever accepted may tell billing, before the guard does."""


class Accept(msgspec.Struct, frozen=True):
    """Somebody accepts.

    Attributes:
        key: Key of the prompt, the message or the task that made the offer.
        identity: Who: as a token names them, or the person a sealed link is for.
        price: The price that was stated to them, in minor units; None where none was.
        currency: ISO 4217 code of the price that was stated.
        via: By what.
    """

    key: str
    identity: Identity
    price: int | None
    currency: str
    via: Via


class Looked(msgspec.Struct, frozen=True):
    """What somebody who may accept would buy now, whether it needs approval, and the team's zone."""

    purchase: Purchase
    needs_approval: bool
    zone: str


class Accepted(msgspec.Struct, frozen=True):
    """What was accepted: the order, and whether it was there before."""

    order: Order
    is_new: bool


class AcceptDesk:
    """Takes acceptances for a server's threads."""

    def __init__(self, url: str, clock: Clock) -> None:
        """Work over the database at ``url``; nothing is opened yet."""
        self._url = url
        self._clock = clock
        self._programs = Programs()
        self._reading = threading.Lock()

    def accept(self, asked: Accept) -> Accepted:
        """Take an acceptance; see ``accept``."""
        with connect(self._url) as connection:
            with self._reading:
                self._programs.refresh(connection)
            return accept(connection, self._clock, asked, self._programs)

    def look(self, key: str, identity: Identity) -> Looked:
        """Say what somebody would buy by a key; nothing is taken.

        Raises:
            NotAcceptedError: They may not accept it, or it is over.
            StoreError: The newest revision does not compile with this release.
        """
        with connect(self._url) as connection:
            with self._reading:
                self._programs.refresh(connection)
            now = self._clock.now()
            showing = ask_showing(connection, key, now)
            program = newest_program(self._programs)
            who = id_today(connection, identity.customer_id)
            home = find_home(connection, program, showing, who, now)
            ask_person(program, home, who, identity)
            offer = ask_end(self._programs, program, showing, now)
            converts = ask_trial(connection, program, home, showing, now)
        account_id = bare(home.household.id) if is_account(home.household.id) else None
        terms = showing.terms
        days = offer.trial_days if converts is Converting.NOT else 0
        bought = Purchase(key, who, account_id, offer.id, terms.thing, offer.kind.value, terms, days, now)
        beyond = None if days else ask_limit(terms, offer.months, program.accepting.approval_above)
        return Looked(bought, beyond is not None and terms.cart is None, program.zone)


def accept(connection: Connection, clock: Clock, asked: Accept, programs: Programs | None = None) -> Accepted:
    """Take an acceptance: the order and the event ``Offer Accepted`` are committed together.

    Accepted again, also under another key of the same passage, it is what it was. Beyond the limits above
    which an offer needs approval it is asked for, and the event is that of the approval.

    Args:
        connection: The database, in autocommit.
        clock: The present.
        asked: Who accepts what, at which price.
        programs: The revisions, read up to now; None to read them.

    Raises:
        NotAcceptedError: It is not taken.
        StoreError: The newest revision does not compile with this release.
    """
    now = clock.now()
    showing = ask_showing(connection, asked.key, now)
    if programs is None:
        programs = Programs()
        programs.refresh(connection)
    program = newest_program(programs)
    who = id_today(connection, asked.identity.customer_id)
    home = find_home(connection, program, showing, who, now)
    if asked.identity.is_visitor and who != asked.identity.customer_id:
        msg = "expected a token, as this visitor has said who they are, got an anonymousId alone"
        raise NotAcceptedError(Refusal.NOT_YOURS, msg)
    ask_person(program, home, who, asked.identity)
    ask_price(showing, asked.price, asked.currency)
    terms = showing.terms
    change = None if asked.via is Via.PAGE else terms.cart
    # A change of a cart is known by its key: the same offer may be taken again for the next cart.
    passage = showing.enrollment if change is None else ""
    before = find_order(connection, asked.key, passage, terms.offer, terms.thing)
    if before is not None and (before.key == asked.key or not before.trial_days):
        if before.state is OrderState.LEFT_OUT:
            msg = "expected a cart that is still to be ordered, got one that was ordered without it"
            raise NotAcceptedError(Refusal.OVER, msg)
        return Accepted(before, is_new=False)
    if change is not None:
        ask_cart(home, change)
    offer = ask_end(programs, program, showing, now)
    converts = ask_trial(connection, program, home, showing, now)
    # What is mailed of it later is said in the language of whoever accepts.
    offer = offer.said_in(language_of(read_traits(connection, who)))
    order = _order(asked, showing, home, who, offer, now, converts)
    # Of what is only tried nothing falls due, and what lies in a cart the shop sells: nobody approves those.
    limits = program.accepting
    is_free = order.trial_days > 0 or change is not None
    beyond = None if is_free else ask_limit(terms, offer.months, limits.approval_above)
    if beyond is not None:
        order = as_asked(order, now + limits.approval_within)
    if change is not None:
        order = msgspec.structs.replace(order, state=OrderState.IN_CART, next_attempt_at=None)
    if not _write(connection, clock, order, beyond, offer, showing):
        taken = find_order(connection, asked.key, passage, order.offer, order.thing)
        if taken is None:
            msg = "expected the order that stood in the way of another, found none; accept again"
            raise StoreError(msg)
        return Accepted(taken, is_new=False)
    return Accepted(order, is_new=True)


def _write(
    connection: Connection,
    clock: Clock,
    order: Order,
    beyond: Beyond | None,
    offer: Offer,
    showing: Showing,
) -> bool:
    """Commit an order with what is told of it; False where another took its place.

    Raises:
        NotAcceptedError: What is limited has run out meanwhile.
    """
    now = order.accepted_at
    with connection.transaction():
        if not add_order(connection, order):
            return False
        if beyond is not None:
            # The outbox before the ledger, as everybody asks for the two.
            tell_by_mail(connection, order, News.ASKED, now)
        if order.terms.expires_at is None and (offer.stock is not None or offer.budget is not None):
            # Two who take the last one wait for each other here, and the second finds it gone.
            stamp_moment(connection, clock)
            mine = Programs()
            mine.refresh(connection)
            ask_stock(newest_program(mine), showing)
        if beyond is None:
            append(connection, [accepted_event(order, now)], clock)
        else:
            ask_approval(connection, clock, order, beyond)
    return True


def is_converting(connection: Connection, programs: Programs, order: Order, now: Moment) -> bool:
    """Tell whether an order still takes the paid terms of a trial that is under way at ``now``."""
    showing = find_showing(connection, order.key, order.accepted_at)
    if showing is None or not order.converts:
        return False
    program = newest_program(programs)
    home = find_home(connection, program, showing, order.customer_id, now)
    try:
        return ask_trial(connection, program, home, showing, now) is Converting.BY_STEP
    except NotAcceptedError:
        return False


def _order(
    asked: Accept, showing: Showing, home: Home, who: str, offer: Offer, now: Moment, converts: Converting
) -> Order:
    terms = showing.terms
    return Order(
        key=asked.key,
        unit_id=home.unit_id,
        household_id=home.household.id,
        customer_id=who,
        offer=terms.offer,
        thing=terms.thing,
        kind=offer.kind.value,
        trial_days=offer.trial_days if converts is Converting.NOT else 0,
        converts=converts is Converting.BY_STEP,
        terms=terms,
        workflow=showing.workflow,
        enrollment=showing.enrollment,
        via=asked.via,
        accepted_at=now,
        state=OrderState.ACCEPTED,
        next_attempt_at=now + HEAD_START,
        months=offer.months,
        guarantee=offer.guarantee,
        downgrade=offer.downgrade,
        guarantee_until=now + offer.guarantee_for if offer.guarantee_for is not None else None,
        had=had_of(home.holdings),
    )
