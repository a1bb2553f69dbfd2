"""Accepting: an offer is taken at the terms it was shown with, by somebody who may, once.

For prompts, pages and servers. The laws: what is taken is what was shown under the key, at the price that
whoever takes it saw; a forwarded mail charges no company; and however often, and from wherever, one key is
taken, there is one order and one answer. Terms that say until when they hold are kept until then; without an
end they hold while the offer is made and has not run out. To try something takes no paid terms: those are
what the passage of a trial offers while it is under way.
"""

from __future__ import annotations

import enum
import threading
from typing import Any, Final

import msgspec

from upsell.catalog.offers import Offer
from upsell.channels.fulfillers import Purchase
from upsell.clock import SECOND, Clock, Duration, Moment
from upsell.errors import StoreError, UpsellError
from upsell.ids import SHARDS, UnitId, account_unit, bare, customer_unit, is_account
from upsell.journeys.household import Household, empty_household
from upsell.journeys.program import Program
from upsell.journeys.steps import TrialStep
from upsell.runtime.identities import Identity
from upsell.runtime.programs import Programs
from upsell.runtime.snapshot import take_pending
from upsell.signals.events import OFFER_ACCEPTED, Event
from upsell.store.acceptances import Showing, find_showing
from upsell.store.connect import Connection, connect
from upsell.store.cursors import read_cursors
from upsell.store.identities import find_identities
from upsell.store.ledger import append, stamp_moment
from upsell.store.orders import Order, OrderState, Via, add_order, find_order
from upsell.store.queries import query

SOURCE: Final = "accepting"
"""The source of the events made here."""

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
    """What somebody who may accept would buy, were it taken now, and the team's zone."""

    purchase: Purchase
    zone: str


class Accepted(msgspec.Struct, frozen=True):
    """What was accepted: the order, and whether it was there before."""

    order: Order
    is_new: bool


class Refusal(enum.Enum):
    """Why an acceptance is not taken; the value is its code."""

    NOT_FOUND = "not_found"
    NOT_YOURS = "not_yours"
    ROLE = "role"
    OVER = "over"
    PRICE = "price"


class NotAcceptedError(UpsellError):
    """Somebody may not accept this, at this price, now."""

    def __init__(self, refusal: Refusal, message: str) -> None:
        """Keep why; ``message`` is for whoever calls, not for the customer."""
        self.refusal = refusal
        super().__init__(message)


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
            showing = _ask_showing(connection, key, now)
            program = _newest(self._programs)
            who = _today(connection, identity.customer_id)
            home = _find_home(connection, program, showing, who, now)
            _ask_person(program, home, who, identity)
            offer = _ask_end(self._programs, program, showing, now)
            converts = _ask_trial(connection, program, home, showing, now)
        account_id = bare(home.household.id) if is_account(home.household.id) else None
        terms, days = showing.terms, 0 if converts else offer.trial_days
        bought = Purchase(key, who, account_id, offer.id, terms.thing, offer.kind.value, terms, days, now)
        return Looked(bought, program.zone)


def accept(connection: Connection, clock: Clock, asked: Accept, programs: Programs | None = None) -> Accepted:
    """Take an acceptance: the order and the event ``Offer Accepted`` are committed together.

    Accepted again, also under another key of the same passage, it is what it was.

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
    showing = _ask_showing(connection, asked.key, now)
    if programs is None:
        programs = Programs()
        programs.refresh(connection)
    program = _newest(programs)
    who = _today(connection, asked.identity.customer_id)
    home = _find_home(connection, program, showing, who, now)
    _ask_person(program, home, who, asked.identity)
    _ask_price(showing, asked)
    terms = showing.terms
    before = find_order(connection, asked.key, showing.enrollment, terms.offer, terms.thing)
    if before is not None and (before.key == asked.key or not before.trial_days):
        return Accepted(before, is_new=False)
    offer = _ask_end(programs, program, showing, now)
    converts = _ask_trial(connection, program, home, showing, now)
    order = _order(asked, showing, home, who, offer, now, converts=converts)
    with connection.transaction():
        if not add_order(connection, order):
            taken = find_order(connection, asked.key, order.enrollment, order.offer, order.thing)
            if taken is None:
                msg = "expected the order that stood in the way of another, found none; accept again"
                raise StoreError(msg)
            return Accepted(taken, is_new=False)
        if terms.expires_at is None and (offer.stock is not None or offer.budget is not None):
            # Two who take the last one wait for each other here, and the second finds it gone.
            stamp_moment(connection, clock)
            mine = Programs()
            mine.refresh(connection)
            _ask_stock(_newest(mine), showing)
        append(connection, [_event(order)], clock)
    return Accepted(order, is_new=True)


class _Home(msgspec.Struct, frozen=True):
    """Whom an offer was made to by who they are today, with the household that pays."""

    unit_id: UnitId
    household: Household


def _ask_showing(connection: Connection, key: str, now: Moment) -> Showing:
    """Find what was shown under a key.

    Raises:
        NotAcceptedError: Nothing was.
    """
    showing = find_showing(connection, key, now)
    if showing is None:
        msg = f"expected the key of what made an offer, got {key[:80]!r}"
        raise NotAcceptedError(Refusal.NOT_FOUND, msg)
    return showing


def _newest(programs: Programs) -> Program:
    """Give what is live.

    Raises:
        StoreError: Nothing is, or it does not compile.
    """
    newest = programs.newest()
    if newest is None:
        msg = "expected definitions that are live, found none; put some live with `upsell apply`"
        raise StoreError(msg)
    return programs.program(newest.number)


def _today(connection: Connection, customer_id: str) -> str:
    """Give who somebody is today: the one they went into, if they did."""
    known = find_identities(connection, [customer_id]).get(customer_id)
    return known.customer_id if known is not None else customer_id


def _find_home(connection: Connection, program: Program, showing: Showing, who: str, now: Moment) -> _Home:
    """Read the household of what was shown, as of now, with the roles of who accepts."""
    unit_id, household_id = showing.unit_id, showing.unit_id
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        if not is_account(unit_id):
            customer_id = _today(connection, bare(unit_id))
            unit_id = household_id = customer_unit(customer_id)
            values = {"customers": [customer_id]}
            for _, account_id in connection.execute(query("find_members"), values, binary=True):
                household_id = account_unit(account_id)
        people = {who} if is_account(unit_id) else {who, bare(unit_id)}
        cursors = read_cursors(connection, range(SHARDS))
        homes = take_pending(connection, program, {household_id: people}, cursors, now)
    return _Home(unit_id, homes.households.get(household_id) or empty_household(household_id))


def _ask_person(program: Program, home: _Home, who: str, identity: Identity) -> None:
    """Refuse whoever may not accept for the household.

    Raises:
        NotAcceptedError: They are not of it, or have no role that may.
    """
    household = home.household
    is_own = customer_unit(who) == home.unit_id
    if not is_account(household.id):
        if not is_own:
            msg = "expected the customer whom the offer was made to, got another"
            raise NotAcceptedError(Refusal.NOT_YOURS, msg)
        return
    is_told = identity.account_id is not None and account_unit(identity.account_id) == household.id
    if not is_own and who not in household.roster and not is_told:
        msg = "expected a member of the account that the offer was made to, got somebody else"
        raise NotAcceptedError(Refusal.NOT_YOURS, msg)
    roles = household.roster.get(who, [])
    if program.accepting.roles.isdisjoint(roles):
        msg = (
            f"expected one of the roles {', '.join(sorted(program.accepting.roles))} in the account, got "
            f"{', '.join(roles) or 'none'}; roles are told by Account Identified, and accepting.roles of "
            "upsell.yaml lists those that may"
        )
        raise NotAcceptedError(Refusal.ROLE, msg)


def _ask_price(showing: Showing, asked: Accept) -> None:
    """Refuse another price than the one that was shown.

    Raises:
        NotAcceptedError: It is another.
    """
    terms = showing.terms
    if (asked.price, asked.currency) != (terms.price, terms.currency):
        msg = (
            f"expected the price that was shown, {terms.price} {terms.currency} in minor units, got "
            f"{asked.price} {asked.currency}"
        )
        raise NotAcceptedError(Refusal.PRICE, msg)


def _ask_end(programs: Programs, program: Program, showing: Showing, now: Moment) -> Offer:
    """Give the offer as it was when it was shown.

    Raises:
        NotAcceptedError: Its terms hold no longer.
    """
    terms = showing.terms
    if terms.expires_at is not None and terms.expires_at <= now:
        msg = "expected terms that still hold, got some that have expired"
        raise NotAcceptedError(Refusal.OVER, msg)
    if terms.expires_at is None:
        _ask_stock(program, showing)
    offer = _offer_when(programs, terms.offer, showing.shown_at)
    if offer is None:
        msg = f"expected an offer of some revision, got {terms.offer!r}"
        raise NotAcceptedError(Refusal.OVER, msg)
    return offer


def _ask_trial(connection: Connection, program: Program, home: _Home, showing: Showing, now: Moment) -> bool:
    """Tell whether these are the paid terms of a trial that is under way: what its passage said since.

    Raises:
        NotAcceptedError: It is to try what is being tried, or the trial whose paid terms it was is over.
    """
    household, offer = home.household, showing.terms.offer
    own = household.account if is_account(home.unit_id) else household.customers.get(bare(home.unit_id))
    passages = own.enrollments.values() if own is not None else ()
    apart = own.trials.values() if own is not None else ()
    trials = [*apart, *(each.trial for each in passages if each.trial is not None)]
    going = [each for each in trials if each.grant.offer == offer and not each.told and now < each.ends_at]
    for trial in going:
        if trial.grant.enrollment == showing.enrollment and showing.shown_at >= trial.grant.reserved_at:
            return True
    if going:
        msg = f"expected what is not on trial, got {offer!r}, which is; its paid terms are another offer"
        raise NotAcceptedError(Refusal.OVER, msg)
    values = {"unit": showing.unit_id, "enrollment": showing.enrollment, "offer": offer}
    for workflow, version, step in connection.execute(query("find_posts"), values):
        known = program.of_version(workflow, version)
        if known is not None and isinstance(known.journey.steps.get(step), TrialStep):
            msg = f"expected a trial of {offer!r} that is under way, got one that is over"
            raise NotAcceptedError(Refusal.OVER, msg)
    return False


def _ask_stock(program: Program, showing: Showing) -> None:
    """Refuse an offer without an end that is made no more.

    Raises:
        NotAcceptedError: It is not in the catalog, or none is left.
    """
    offer = showing.terms.offer
    if offer not in program.catalog.offers:
        msg = f"expected an offer that is still made, got {offer!r}, which the catalog has no more"
        raise NotAcceptedError(Refusal.OVER, msg)
    if offer in program.sold_out:
        msg = f"expected an offer of which some is left, got {offer!r}, whose stock or budget ran out"
        raise NotAcceptedError(Refusal.OVER, msg)


def _offer_when(programs: Programs, offer_id: str, at: Moment) -> Offer | None:
    """Give an offer as the catalog had it at a moment, or last before it was taken out."""
    newest = programs.newest()
    known: Offer | None = None
    for number in range(1, (newest.number if newest is not None else 0) + 1):
        revision, compiled = programs.revision(number), programs.compiled(number)
        offer = compiled.catalog.offers.get(offer_id) if compiled is not None else None
        if offer is not None and (known is None or revision.live_at <= at):
            known = offer
    return known


def _order(
    asked: Accept, showing: Showing, home: _Home, who: str, offer: Offer, now: Moment, *, converts: bool
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
        trial_days=0 if converts else offer.trial_days,
        converts=converts,
        terms=terms,
        workflow=showing.workflow,
        enrollment=showing.enrollment,
        via=asked.via,
        accepted_at=now,
        state=OrderState.ACCEPTED,
        next_attempt_at=now + HEAD_START,
    )


def _event(order: Order) -> Event:
    """Give the event of an order: of the unit that the offer was made to, whoever took it."""
    terms = order.terms
    said: dict[str, Any] = {
        "key": order.key,
        "offer": order.offer,
        "thing": order.thing,
        "currency": terms.currency,
        "workflow": order.workflow,
        "via": order.via.value,
        "by": order.customer_id,
        "terms": msgspec.to_builtins(terms),
    }
    if terms.price is not None:
        said["price"] = terms.price
    if order.trial_days:
        said["trial_days"] = order.trial_days
    of_account = is_account(order.unit_id)
    return Event(
        id=f"accepted/{order.key}",
        name=OFFER_ACCEPTED,
        occurred_at=order.accepted_at,
        seen_at=0,
        customer_id=order.customer_id if of_account else bare(order.unit_id),
        account_id=bare(order.household_id) if is_account(order.household_id) else None,
        properties=said,
        source=SOURCE,
    )
