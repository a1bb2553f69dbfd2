"""Accept checks: why an acceptance is not taken.

The laws: a forwarded mail charges no company, for whoever accepts is of the household that pays and may
decide for it; the price is the one that was shown; and terms are kept until their end, or while the offer is
made.
"""

from __future__ import annotations

import enum

from upsell.catalog.offers import Offer
from upsell.clock import Moment
from upsell.decisions.cart_changes import CartChange
from upsell.errors import UpsellError
from upsell.ids import account_unit, bare, customer_unit, is_account
from upsell.journeys.effects import Speak
from upsell.journeys.program import Program
from upsell.journeys.steps import TrialStep
from upsell.journeys.trials import is_under_way, says_paid_terms, trials_of
from upsell.runtime.identities import Identity
from upsell.runtime.payers import Home
from upsell.runtime.programs import Programs
from upsell.store.acceptances import Showing, find_showing
from upsell.store.connect import Connection
from upsell.store.queries import query


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


def ask_showing(connection: Connection, key: str, now: Moment) -> Showing:
    """Find what was shown under a key.

    Raises:
        NotAcceptedError: Nothing was.
    """
    showing = find_showing(connection, key, now)
    if showing is None:
        msg = f"expected the key of what made an offer, got {key[:80]!r}"
        raise NotAcceptedError(Refusal.NOT_FOUND, msg)
    return showing


def ask_person(program: Program, home: Home, who: str, identity: Identity) -> None:
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


def ask_cart(home: Home, change: CartChange) -> None:
    """Refuse a change of a cart that holds no more what is to be replaced, or has what would be added.

    Raises:
        NotAcceptedError: It is another cart by now.
    """
    person = home.household.customers.get(bare(home.unit_id))
    cart = person.profile.cart if person is not None else None
    held = {line.item: line.quantity for line in cart.lines} if cart is not None else {}
    is_there = all(held.get(each.id, 0) >= each.quantity for each in change.remove)
    if not is_there or any(each.id in held for each in change.add):
        msg = "expected the cart that the offer was made for, got another by now; ask for the placement again"
        raise NotAcceptedError(Refusal.OVER, msg)


def ask_price(showing: Showing, price: int | None, currency: str) -> None:
    """Refuse another price than the one that was shown.

    Raises:
        NotAcceptedError: It is another.
    """
    terms = showing.terms
    if (price, currency) != (terms.price, terms.currency):
        msg = (
            f"expected the price that was shown, {terms.price} {terms.currency} in minor units, got "
            f"{price} {currency}"
        )
        raise NotAcceptedError(Refusal.PRICE, msg)


def ask_end(programs: Programs, program: Program, showing: Showing, now: Moment) -> Offer:
    """Give the offer as it was when it was shown.

    Raises:
        NotAcceptedError: Its terms hold no longer.
    """
    terms = showing.terms
    if terms.expires_at is not None and terms.expires_at <= now:
        msg = "expected terms that still hold, got some that have expired"
        raise NotAcceptedError(Refusal.OVER, msg)
    if terms.expires_at is None:
        ask_stock(program, showing)
    offer = _offer_when(programs, terms.offer, showing.shown_at)
    if offer is None:
        msg = f"expected an offer of some revision, got {terms.offer!r}"
        raise NotAcceptedError(Refusal.OVER, msg)
    return offer


class Converting(enum.Enum):
    """Whether an acceptance takes the paid terms of a trial, and who tells billing of it.

    Not; the step that granted it; or the order, since it is at Stripe.
    """

    NOT = "not"
    BY_STEP = "by_step"
    BY_ORDER = "by_order"


def ask_trial(
    connection: Connection, program: Program, home: Home, showing: Showing, now: Moment
) -> Converting:
    """Tell whether these are the paid terms of a trial that is under way: what its passage said since.

    Raises:
        NotAcceptedError: It is to try what is being tried, or the trial whose paid terms it was is over.
    """
    household, offer = home.household, showing.terms.offer
    own = household.account if is_account(home.unit_id) else household.customers.get(bare(home.unit_id))
    if own is not None and says_paid_terms(own, showing.enrollment, offer, showing.shown_at, now):
        grants = (each.grant for each in trials_of(own) if each.grant.enrollment == showing.enrollment)
        is_at_stripe = any(_is_at_stripe(program, each) for each in grants if each.offer == offer)
        return Converting.BY_ORDER if is_at_stripe else Converting.BY_STEP
    going = own is not None and any(is_under_way(each, offer, now) for each in trials_of(own))
    if going:
        msg = f"expected what is not on trial, got {offer!r}, which is; its paid terms are another offer"
        raise NotAcceptedError(Refusal.OVER, msg)
    values = {"unit": showing.unit_id, "enrollment": showing.enrollment, "offer": offer}
    for workflow, version, step in connection.execute(query("find_posts"), values):
        known = program.of_version(workflow, version)
        if known is not None and isinstance(known.journey.steps.get(step), TrialStep):
            msg = f"expected a trial of {offer!r} that is under way, got one that is over"
            raise NotAcceptedError(Refusal.OVER, msg)
    return Converting.NOT


def _is_at_stripe(program: Program, grant: Speak) -> bool:
    """Tell whether the step that granted a trial names no address, so that it is at Stripe."""
    workflow = program.of_version(grant.workflow, grant.version)
    step = workflow.journey.steps.get(grant.step) if workflow is not None else None
    return isinstance(step, TrialStep) and not step.url


def ask_stock(program: Program, showing: Showing) -> None:
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
