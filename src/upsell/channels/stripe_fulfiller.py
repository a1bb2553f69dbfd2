"""The Stripe fulfiller: what was accepted is made theirs at Stripe, at the price shown, or not at all.

The laws: Stripe is asked first how things stand, so that what was done is not done again when its memory of
our key, which lasts a day, is gone; what changes anything goes under the key of the order; no other price is
charged than the frozen one; and a trial ends without a charge unless its paid terms are accepted.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import msgspec
import stripe
from stripe.params import CustomerCreateParams

from upsell.channels.fulfillers import Bill, Fulfilment, Outcome, Purchase
from upsell.channels.stripe_door import StripeDoor
from upsell.channels.stripe_objects import ORDER, Changed, Session, Subscription, from_stripe, to_stripe
from upsell.channels.stripe_params import (
    change_params,
    known_as,
    preview_params,
    session_params,
    setup_params,
    trial_params,
)
from upsell.channels.stripe_sale import (
    Change,
    DiffersError,
    Move,
    Sale,
    UnclearError,
    ask_coupon,
    ask_due,
    ask_price,
    coupon_for,
    find_move,
)
from upsell.clock import SECOND
from upsell.decisions.terms import Terms
from upsell.ids import digest

LONGEST_KEY: Final = 200
"""The longest key of an order that is Stripe's key as it stands; they take 255 characters."""

CUSTOMER_TRAIT: Final = "stripe_customer_id"
"""The trait that says as whom Stripe knows somebody."""

SUBSCRIPTION_TRAIT: Final = "stripe_subscription_id"
"""The trait that says which subscription is theirs, where Stripe has several."""


class StripeFulfiller:
    """Makes what was accepted theirs at Stripe."""

    def __init__(self, door: StripeDoor, return_url: str) -> None:
        """Speak through ``door``; whoever pays on a page of Stripe's comes back to ``return_url``."""
        self._door = door
        self._return_url = return_url

    def fulfil(self, purchase: Purchase, sale: Sale) -> Fulfilment:
        """Make a purchase theirs, perhaps told before, and give how it stands; raises nothing of Stripe's."""
        try:
            return self._fulfil(purchase, sale)
        except DiffersError as error:
            return Fulfilment(Outcome.REFUSED, detail=str(error))
        except UnclearError as error:
            return Fulfilment(Outcome.BY_HAND, detail=str(error))
        except stripe.StripeError as error:
            return outcome_of(error)
        except msgspec.ValidationError as error:
            return Fulfilment(
                Outcome.NOT_YET, detail=f"Stripe answered in a shape that is not known: {error}"
            )

    def _fulfil(self, purchase: Purchase, sale: Sale) -> Fulfilment:
        left: str | None = None
        if sale.checkout:
            session = self._door.session(sale.checkout)
            if session.mode != "setup" or session.status != "complete":
                return _read_session(sale, session)
            left = session.setup_intent.payment_method if session.setup_intent is not None else None
            sale = msgspec.structs.replace(sale, customer=session.customer or sale.customer)
        held = held_by(self._door, sale)
        if purchase.trial_days:
            return self._try(purchase, sale, held)
        move = None if sale.change is Change.ONCE else find_move(sale, purchase.terms, purchase.key, held)
        if move is None:
            return self._open_checkout(purchase, sale)
        if move.is_done:
            return _done(sale, move, None)
        if not (left or move.subscription.can_pay):
            return self._ask_for_card(purchase, sale, move)
        try:
            return self._change(purchase, sale, move, left)
        except stripe.CardError as error:
            if left or error.code != _WANTS_THEM:
                raise
            # Nothing was changed. On Stripe's page they show their bank that it is them, for what comes too.
            return self._ask_for_card(purchase, sale, move)

    def _ask_for_card(self, purchase: Purchase, sale: Sale, move: Move) -> Fulfilment:
        """Open a page of Stripe's on which they leave a way to pay, and show their bank that it is them."""
        params = setup_params(move, purchase, self._return_url)
        return _awaited(self._door.open_session(params, _key(purchase, sale, "setup")))

    def _change(self, purchase: Purchase, sale: Sale, move: Move, left: str | None) -> Fulfilment:
        """Change what they subscribe to, once Stripe has named the very price that was accepted."""
        terms = purchase.terms
        ask_price(sale, terms, self._door.price(sale.price))
        coupon = coupon_of(self._door, sale, terms)
        foreseen = self._door.preview(preview_params(move, sale, purchase.accepted_at, coupon, "none"))
        ask_due(sale, terms, move, foreseen)
        params = change_params(move, sale, purchase, coupon, left)
        key = _key(purchase, sale, "left" if left else "")
        changed = self._door.change_subscription(move.subscription.id, params, key)
        return _done(sale, move, _paid(move, changed, terms.currency))

    def _try(self, purchase: Purchase, sale: Sale, held: list[Subscription]) -> Fulfilment:
        """Let them try it: beside what they pay for, which stays as it is."""
        if any(each.metadata.get(ORDER) == purchase.key for each in held):
            return Fulfilment(Outcome.DONE, detail="the trial is under way at Stripe", paid=0)
        if sale.change in (Change.MORE, Change.ONCE):
            msg = "expected a plan or an add-on to try, got what Stripe cannot let anybody try"
            raise UnclearError(msg)
        ask_price(sale, purchase.terms, self._door.price(sale.price))
        customer = held[0].customer.id if held else sale.customer or self._make_customer(purchase, sale)
        made = self._door.make_subscription(trial_params(sale, purchase, customer), _key(purchase, sale))
        return Fulfilment(
            Outcome.DONE, detail=f"{made.id} lets them try it, and ends by itself",
            paid=0, learned=_learned(sale, customer),
        )  # fmt: skip

    def _make_customer(self, purchase: Purchase, sale: Sale) -> str:
        params: CustomerCreateParams = {"metadata": known_as(purchase)}
        if sale.email:
            params["email"] = sale.email
        if sale.name:
            params["name"] = sale.name
        return self._door.make_customer(params, _key(purchase, sale, "customer")).id

    def _open_checkout(self, purchase: Purchase, sale: Sale) -> Fulfilment:
        """Open a page of Stripe's for them, where it asks the very price that was accepted."""
        terms = purchase.terms
        ask_price(sale, terms, self._door.price(sale.price))
        coupon = coupon_of(self._door, sale, terms)
        session = self._door.open_session(
            session_params(sale, purchase, coupon, self._return_url), _key(purchase, sale)
        )
        off = session.total_details.amount_discount if session.total_details is not None else 0
        asked = (session.amount_subtotal or 0) - off
        if (asked, session.currency) != (to_stripe(terms.price or 0, terms.currency), terms.currency.lower()):
            self._door.expire_session(session.id)
            msg = (
                f"expected {terms.price} in {terms.currency}, as was shown, but Stripe would ask {asked} in "
            )
            raise DiffersError(f"{msg}{(session.currency or '').upper()}")
        return _read_session(sale, session)


def coupon_of(door: StripeDoor, sale: Sale, terms: Terms) -> str:
    """Give the coupon that takes the discount off, made where it must be; empty where there is none.

    Raises:
        DiffersError: The one that the catalog names takes something else off.
    """
    wanted = coupon_for(sale, terms)
    if wanted is None:
        return ""
    if sale.coupon:
        ask_coupon(wanted, terms, door.coupon(sale.coupon))
        return sale.coupon
    door.make_coupon(wanted, terms.name)
    return wanted.id


def held_by(door: StripeDoor, sale: Sale) -> list[Subscription]:
    """Read what somebody subscribes to; nothing where Stripe does not know them."""
    if sale.customer:
        return door.subscriptions(sale.customer)
    if sale.subscription:
        return [door.subscription(sale.subscription)]
    return []


def idempotency_key(key: str, part: str, round_: int) -> str:
    """Give the key under which Stripe is told: of the order, of a part of it, and of each time anew.

    Told anew by hand it is another, for Stripe gives the answer it gave before to a key it knows.

    Args:
        key: Key of the order.
        part: What of it is told; empty for the change itself.
        round_: How often somebody of the team had it told anew.
    """
    base = key if len(key) <= LONGEST_KEY else digest(key)
    return "-".join(each for each in (base, part, str(round_) if round_ else "") if each)


def outcome_of(error: stripe.StripeError) -> Fulfilment:
    """Say what an error of Stripe's comes to: a refusal, or nothing that could be relied on.

    A card that was declined is told to the customer in Stripe's words. What is wrong with the request is
    refused, and nothing was charged. All else, a key that is no longer good among it, is tried again.
    """
    detail = f"{error.http_status or 'no answer'} {type(error).__name__}: {error.user_message or error}"[:500]
    if isinstance(error, stripe.CardError):
        return Fulfilment(Outcome.REFUSED, message=error.user_message or "", detail=detail)
    if isinstance(error, stripe.InvalidRequestError) and error.http_status in _WRONG:
        return Fulfilment(Outcome.REFUSED, detail=detail)
    return Fulfilment(Outcome.NOT_YET, detail=detail)


_WANTS_THEM: Final = "authentication_required"
"""What Stripe calls a charge that their bank takes only from themselves (3-D Secure)."""

_WRONG: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND})


def _key(purchase: Purchase, sale: Sale, part: str = "") -> str:
    return idempotency_key(purchase.key, part, sale.round)


def _read_session(sale: Sale, session: Session) -> Fulfilment:
    """Say how a page stands on which somebody pays."""
    if session.status == "expired":
        return Fulfilment(
            Outcome.REFUSED, detail=f"{session.id} was not paid before it expired", is_lapsed=True
        )
    is_paid = session.payment_status in ("paid", "no_payment_required")
    if session.status == "complete" and is_paid:
        paid = from_stripe(session.amount_total or 0, (session.currency or "").upper())
        learned = _learned(sale, session.customer)
        return Fulfilment(Outcome.DONE, detail=f"{session.id} was paid", paid=paid, learned=learned)
    return _awaited(session)


def _awaited(session: Session) -> Fulfilment:
    """Say that somebody is to pay, or that what they paid by takes its time."""
    said = "is to be paid" if session.status == "open" else "was sent off, and the payment is awaited"
    url = session.url or "" if session.status == "open" else ""
    bill = Bill(session.id, url, session.expires_at * SECOND)
    return Fulfilment(Outcome.UNPAID, detail=f"{session.id} {said}", bill=bill)


def _done(sale: Sale, move: Move, paid: int | None) -> Fulfilment:
    said = "goes on to be paid" if move.converts else "was so before" if move.is_done else "was changed"
    learned = _learned(sale, move.subscription.customer.id)
    return Fulfilment(Outcome.DONE, detail=f"{move.subscription.id} {said}", paid=paid, learned=learned)


def _learned(sale: Sale, customer: str | None) -> dict[str, str]:
    """Give what is to be kept of whoever pays: as whom Stripe knows them, where that is news."""
    return {CUSTOMER_TRAIT: customer} if customer and customer != sale.customer else {}


def _paid(move: Move, changed: Changed, currency: str) -> int | None:
    """Give what was paid at once: by a new invoice, else nothing; None where it is sent to be paid later."""
    invoice = changed.latest_invoice
    if invoice is None or invoice.id == move.subscription.latest_invoice:
        return 0
    return from_stripe(invoice.amount_paid, currency) if invoice.status == "paid" else None
