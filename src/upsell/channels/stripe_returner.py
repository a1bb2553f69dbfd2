"""The Stripe returner: whoever goes back has at Stripe what they had before, and what is owed to them.

The laws: Stripe is asked first how things stand, at every attempt, so that nothing is given back twice and
nothing that somebody else changed is changed again; what is owed is given before anything is taken away; what
changes anything goes under a key of the order; what was foreseen is what is then done; and what was given
back is told whatever fails after it, so that nobody gives it back again.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import msgspec
import stripe

from upsell.channels.fulfillers import Fulfilment, GivingBack, Outcome
from upsell.channels.stripe_door import StripeDoor
from upsell.channels.stripe_fulfiller import idempotency_key, outcome_of
from upsell.channels.stripe_objects import ORDER, Session, Subscription, from_stripe, to_stripe
from upsell.channels.stripe_owed import (
    Owed,
    UnsettledError,
    ask_change_alone,
    charge_of,
    find_bills,
    owed_of,
)
from upsell.channels.stripe_params import known_as
from upsell.channels.stripe_return import (
    Mark,
    Return,
    Way,
    back_params,
    back_preview_params,
    credit_of,
    find_return,
    mark_name,
    reckoned_at,
)
from upsell.channels.stripe_sale import UnclearError
from upsell.clock import SECOND, Moment


class Taken(msgspec.Struct, frozen=True):
    """Where Stripe has what somebody took.

    Attributes:
        customer: Who pays, as Stripe knows them; empty where it is not known.
        subscription: What they pay for, as Stripe knows it; empty where it is not known.
        checkout: Id of the page on which they paid for it; empty for none.
        round: How often somebody of the team had going back told anew.
        due_from: When it was told anew; 0 where it was not.
        refunded: What an attempt before gave back, in minor units; None where it is not known.
    """

    customer: str = ""
    subscription: str = ""
    checkout: str = ""
    round: int = 0
    due_from: Moment = 0
    refunded: int | None = None


class BackOutlook(enum.Enum):
    """What can be said of going back beforehand: that it is done at once, by the team, or nothing."""

    AT_ONCE = "at_once"
    BY_HAND = "by_hand"
    SILENT = "silent"


class BackForeseen(msgspec.Struct, frozen=True):
    """What going back comes to, by Stripe's reckoning.

    Attributes:
        outlook: What can be said of it.
        refunded: What is given back to the card or account it was paid by, in minor units.
        credited: What is taken off the next invoices, in minor units.
        until: Until when they keep what they took; None where it is gone at once.
        currency: ISO 4217 code.
        detail: Why the team does it, for the team; empty where it does not.
    """

    outlook: BackOutlook
    refunded: int = 0
    credited: int = 0
    until: Moment | None = None
    currency: str = ""
    detail: str = ""


class _Plan(msgspec.Struct, frozen=True):
    """What is to be done: what is changed, None for nothing; what is given back; and what comes of it."""

    found: Return | None
    owed: tuple[Owed, ...]
    mark: Mark
    at: int = 0


class StripeReturner:
    """Takes back at Stripe what was made theirs there."""

    def __init__(self, door: StripeDoor) -> None:
        """Speak through ``door``."""
        self._door = door

    def foresee(self, giving: GivingBack, taken: Taken) -> BackForeseen:
        """Say what going back comes to now; nothing is changed, and nothing of Stripe's is raised."""
        try:
            plan = self._plan(giving, taken, [])
        except UnclearError as error:
            return BackForeseen(BackOutlook.BY_HAND, detail=str(error))
        except (UnsettledError, stripe.StripeError, msgspec.ValidationError) as error:
            # Asked again later, it is done by itself: no team does it.
            return BackForeseen(BackOutlook.SILENT, detail=str(error))
        said = _given(plan.mark, giving)
        return BackForeseen(
            BackOutlook.AT_ONCE, said.refunded or 0, said.credited or 0, said.until,
            giving.purchase.terms.currency,
        )  # fmt: skip

    def take_back(self, giving: GivingBack, taken: Taken) -> Fulfilment:
        """Take back what was made theirs, perhaps told before, and give how it stands; raises nothing."""
        given: list[Owed] = []
        try:
            plan = self._plan(giving, taken, given)
            self._give(plan, giving, taken, given)
            self._change(plan, giving, taken)
        except UnclearError as error:
            said = Fulfilment(Outcome.BY_HAND, detail=str(error))
        except UnsettledError as error:
            said = Fulfilment(Outcome.NOT_YET, detail=str(error))
        except stripe.StripeError as error:
            said = outcome_of(error)
        except msgspec.ValidationError as error:
            said = Fulfilment(
                Outcome.NOT_YET, detail=f"Stripe answered in a shape that is not known: {error}"
            )
        else:
            return _given(plan.mark, giving, _detail(plan))
        return _with_given(said, given, giving, taken)

    def _plan(self, giving: GivingBack, taken: Taken, given: list[Owed]) -> _Plan:
        """Ask Stripe how things stand, and say what is left to be done; ``given`` grows by what was given."""
        session = self._door.session(taken.checkout) if taken.checkout else None
        if session is not None and session.mode == "payment":
            return self._plan_once(giving, session)
        held = self._held(taken, session)
        purchase, has_refund = giving.purchase, giving.has_refund
        found = find_return(purchase.key, purchase.terms, giving.key, held, has_refund=has_refund)
        if found.mark is not None:
            return _Plan(None, (), found.mark)
        at = reckoned_at(found, max(giving.asked_at, taken.due_from), has_refund=has_refund)
        if has_refund:
            owed = self._owed(giving, found, at, given)
            return _Plan(found, owed, Mark(refunded=sum(each.amount for each in owed)))
        if found.way is Way.END_NOW:
            return _Plan(found, (), Mark())
        if found.way is Way.END_LATER:
            return _Plan(found, (), Mark(until=found.item.current_period_end))
        credited = credit_of(self._door.preview(back_preview_params(found, at)))
        return _Plan(found, (), Mark(credited=credited), at)

    def _plan_once(self, giving: GivingBack, session: Session) -> _Plan:
        """Give back what was due once: of it there is nothing to be changed."""
        if not giving.has_refund or session.payment_intent is None:
            msg = "expected something paid again and again, or within its guarantee, got what was due once"
            raise UnclearError(msg)
        charge = self._door.payment(session.payment_intent).latest_charge
        if charge is None:
            msg = f"expected a charge that paid {session.id}, found none"
            raise UnclearError(msg)
        owed = owed_of(session.id, charge, charge.amount, self._door.refunds(charge.id), giving.key)
        return _Plan(None, (owed,), Mark(refunded=owed.amount))

    def _held(self, taken: Taken, session: Session | None) -> list[Subscription]:
        customer = taken.customer or (session.customer if session is not None else None)
        if customer:
            return self._door.subscriptions(customer, with_ended=True)
        return [self._door.subscription(taken.subscription)] if taken.subscription else []

    def _owed(self, giving: GivingBack, found: Return, at: int, given: list[Owed]) -> tuple[Owed, ...]:
        """Say what is owed of which invoice, and what of it was given back by an attempt before."""
        bills = find_bills(found, self._door.invoices(found.subscription.id))
        amounts = [(each.id, each.amount_paid) for each in bills.whole]
        if bills.renewed is not None:
            preview = self._door.preview(back_preview_params(found, at))
            ask_change_alone("the invoice of going back", preview.lines, found)
            amounts.append((bills.renewed.id, credit_of(preview)))
        owed = []
        for source, amount in amounts:
            if amount:
                charge = charge_of(source, self._door.payments(source))
                refunds = self._door.refunds(charge.id)
                owed.append(owed_of(source, charge, amount, refunds, giving.key))
                if owed[-1].is_given:
                    given.append(owed[-1])
        return tuple(owed)

    def _give(self, plan: _Plan, giving: GivingBack, taken: Taken, given: list[Owed]) -> None:
        """Give back what is owed and was not given back yet; ``given`` grows by it."""
        for owed in plan.owed:
            if owed.is_given:
                continue
            try:
                made = self._door.refund(
                    {
                        "charge": owed.charge,
                        "amount": owed.amount,
                        "reason": "requested_by_customer",
                        "metadata": {**known_as(giving.purchase), ORDER: giving.key},
                    },
                    idempotency_key(giving.key, owed.charge, taken.round),
                )
            except stripe.InvalidRequestError as error:
                msg = f"expected to give back {owed.amount} of {owed.source}, Stripe says: {error}"
                raise UnclearError(msg) from error
            if not made.is_good:
                msg = (
                    f"expected {owed.amount} of {owed.source} to be given back, found {made.id} {made.status}"
                )
                raise UnclearError(msg)
            given.append(owed)

    def _change(self, plan: _Plan, giving: GivingBack, taken: Taken) -> None:
        found = plan.found
        if found is None:
            return
        if found.way is Way.END_NOW:
            comment = f"{mark_name(giving.key)} {msgspec.json.encode(plan.mark).decode()}"
            self._door.end_subscription(
                found.subscription.id,
                {"cancellation_details": {"comment": comment}, "invoice_now": False, "prorate": False},
            )
            return
        params = back_params(
            found, giving.key, plan.mark, plan.at, "none" if giving.has_refund else "always_invoice"
        )
        key = idempotency_key(giving.key, "", taken.round)
        self._door.change_subscription(found.subscription.id, params, key)


def _detail(plan: _Plan) -> str:
    found, owed = plan.found, ", ".join(each.source for each in plan.owed)
    said = f"gave back of {owed}" if owed else ""
    if found is None:
        return said or "was done before"
    ends = found.way in (Way.END_NOW, Way.END_LATER)
    what = "ends" if ends else "is as it was"
    return "; ".join(each for each in (f"{found.subscription.id} {what}", said) if each)


def _given(mark: Mark, giving: GivingBack, detail: str = "") -> Fulfilment:
    """Say what somebody has of going back, in minor units."""
    currency = giving.purchase.terms.currency
    return Fulfilment(
        Outcome.DONE,
        detail=detail,
        refunded=from_stripe(mark.refunded, currency),
        credited=from_stripe(mark.credited, currency),
        until=mark.until * SECOND if mark.until else None,
    )


def _with_given(said: Fulfilment, given: Sequence[Owed], giving: GivingBack, taken: Taken) -> Fulfilment:
    """Add to what did not come to its end what was given back all the same, now or at an attempt before."""
    currency = giving.purchase.terms.currency
    total = sum(each.amount for each in given)
    words = [f"gave back {each.amount} of {each.source} already" for each in given]
    before = to_stripe(taken.refunded or 0, currency)
    if before > total:
        # Now Stripe could not be asked about all of it.
        total, words = before, [f"gave back {before} already, at an attempt before"]
    if not words:
        return said
    detail = "; ".join((said.detail, *words))
    return msgspec.structs.replace(said, detail=detail, refunded=from_stripe(total, currency))
