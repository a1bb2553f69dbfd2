"""Stripe sales: what a purchase is at Stripe, and what is to be changed there for it.

Pure. The laws: nothing is charged but what was shown, so whatever Stripe has otherwise than the frozen terms
is refused; and where what somebody holds cannot be told for certain, nothing is changed and the team asked.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec

from upsell.channels.stripe_objects import (
    ORDER,
    TRIAL,
    Coupon,
    Invoice,
    Item,
    Price,
    Subscription,
    to_stripe,
)
from upsell.clock import HOUR, SECOND, Moment
from upsell.decisions.terms import Terms
from upsell.errors import UpsellError
from upsell.ids import digest

_PERCENT: Final = Decimal("0.01")
"""To how many digits a coupon says a share."""

_HALF: Final = Decimal("0.5")


class Change(enum.Enum):
    """How what is sold comes to what they hold."""

    REPLACE = "replace"
    ADD = "add"
    MORE = "more"
    ONCE = "once"


class Sale(msgspec.Struct, frozen=True):
    """What a purchase is at Stripe, by the catalog and by what is known of who pays.

    Attributes:
        price: Id of the price that is sold.
        change: How it comes to what they hold.
        replaces: Ids of the prices of which the one they hold gives way, or has its quantity raised.
        known: Ids of all prices that the catalog names.
        coupon: Id of the coupon that takes the discount off; empty to have one made.
        months: How many months the discount lasts; None for as long as it is kept.
        customer: Who pays, as Stripe knows them; empty where it is not known.
        subscription: What they pay for, as Stripe knows it; empty where it is not known.
        email: Their address; empty where it is not known.
        name: What they are called; empty where it is not known.
        checkout: Id of the page that was opened for them to pay on; empty before.
        round: How often somebody of the team had it told anew.
        due_from: When it was approved, or told anew by hand; 0 where neither was.
    """

    price: str
    change: Change
    replaces: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    coupon: str = ""
    months: int | None = None
    customer: str = ""
    subscription: str = ""
    email: str = ""
    name: str = ""
    checkout: str = ""
    round: int = 0
    due_from: Moment = 0

    def reckoned_from(self, accepted_at: Moment) -> Moment:
        """Give from when it is theirs: accepted, or since then approved or told anew."""
        return max(accepted_at, self.due_from)


class Move(msgspec.Struct, frozen=True):
    """What is to be changed of one subscription.

    Attributes:
        subscription: Which.
        item: The line that changes; None for a new one.
        quantity: For how many units it is then.
        converts: Whether it was a trial of ours, which goes on to be paid.
        is_done: Whether it is so already: by this order, or because it would change nothing.
    """

    subscription: Subscription
    item: Item | None
    quantity: int
    converts: bool = False
    is_done: bool = False

    def is_at_other_interval(self, terms: Terms) -> bool:
        """Whether the line was paid at another interval before, so that its period begins anew."""
        recurring = self.item.price.recurring if self.item is not None else None
        return recurring is not None and recurring.interval != terms.interval


class DiffersError(UpsellError):
    """Stripe would charge another price than the one that was accepted: it is refused."""


class UnclearError(UpsellError):
    """What is to be changed cannot be told for certain: the team does it by hand."""


def find_move(sale: Sale, terms: Terms, key: str, held: Sequence[Subscription]) -> Move | None:
    """Say what is to be changed of what somebody holds; None where they hold nothing to be changed.

    Args:
        sale: What is sold.
        terms: What was accepted.
        key: Key of the order.
        held: Their subscriptions.

    Raises:
        UnclearError: It cannot be told.
        DiffersError: It would not be what was accepted.
    """
    for each in held:
        for line in each.items.data:
            if line.metadata.get(ORDER) == key:
                return Move(each, line, line.quantity or 0, is_done=True)
    live = [each for each in held if each.is_live and not each.is_our_trial]
    live = [each for each in live if each.id == sale.subscription] or live
    places = [(each, line) for each in live for line in each.items.data if line.price.id in sale.replaces]
    if len(places) > 1 or (len(live) > 1 and not places):
        msg = "expected one subscription that this changes, found several; say which by the trait"
        raise UnclearError(f"{msg} stripe_subscription_id")
    if not live:
        return _trial_move(sale, terms, held)
    subscription = places[0][0] if places else live[0]
    item = places[0][1] if places else _item_of(live[0], sale.price)
    _ask_certain(sale, terms, subscription, is_new=item is None)
    units = _whole(terms.quantity)
    if item is None:
        if sale.change is Change.MORE:
            msg = "expected an item of the present plan to add to, found none"
            raise UnclearError(msg)
        return Move(subscription, None, units)
    if sale.change is Change.MORE:
        if terms.price != terms.full:
            msg = (
                "expected more of what they have without a discount, got one, which would hold for all of it"
            )
            raise UnclearError(msg)
        return Move(subscription, item, (item.quantity or 0) + units)
    if item.quantity != units:
        msg = f"expected a quantity of {units}, as was accepted, found {item.quantity} at Stripe"
        raise DiffersError(msg)
    is_same = item.price.id == sale.price and terms.price == terms.full and not item.discounts
    return Move(subscription, item, units, is_done=is_same)


def ask_price(sale: Sale, terms: Terms, price: Price) -> None:
    """Refuse a price at Stripe that is not the list price of what was accepted.

    Raises:
        DiffersError: It is not.
        UnclearError: The terms name no price.
    """
    if terms.full is None or terms.price is None:
        msg = "expected terms with a price, got some without"
        raise UnclearError(msg)
    units = _whole(terms.quantity)
    found = price.amount_in(terms.currency)
    wanted = to_stripe(terms.full, terms.currency)
    if found is None or found * units != wanted:
        shown = "none" if found is None else f"{found * units}"
        msg = (
            f"expected {sale.price} to come to {wanted} in {terms.currency} for {units}, as was shown, found "
            f"{shown} at Stripe"
        )
        raise DiffersError(msg)
    recurring = price.recurring
    interval = recurring.interval if recurring is not None and recurring.interval_count == 1 else ""
    is_other = recurring is not None and recurring.usage_type != "licensed"
    if interval != terms.interval or is_other or not price.active:
        msg = f"expected {sale.price} to be sold per {terms.interval or 'piece, once'}, found it otherwise"
        raise DiffersError(msg)


def coupon_for(sale: Sale, terms: Terms) -> Coupon | None:
    """Give the coupon by which Stripe charges the price that was shown; None where nothing is taken off.

    It takes a share off where that comes to the very price however it is rounded, else the amount. Its id
    follows from what it does, so that one is made for all who are offered the same.
    """
    if terms.full is None or terms.price is None or terms.price == terms.full:
        return None
    full, price = to_stripe(terms.full, terms.currency), to_stripe(terms.price, terms.currency)
    percent = (Decimal(100 * (full - price)) / full).quantize(_PERCENT)
    is_exact = abs(Decimal(full) * (100 - percent) / 100 - price) < _HALF
    duration = "once" if sale.change is Change.ONCE else "repeating" if sale.months else "forever"
    coupon = Coupon(
        id="",
        duration=duration,
        duration_in_months=sale.months if duration == "repeating" else None,
        percent_off=float(percent) if is_exact else None,
        amount_off=None if is_exact else full - price,
        currency=None if is_exact else terms.currency.lower(),
    )
    said = (
        coupon.duration,
        coupon.duration_in_months,
        coupon.percent_off,
        coupon.amount_off,
        coupon.currency,
    )
    return msgspec.structs.replace(coupon, id="upsell-" + digest(*map(str, said))[:20])


def ask_coupon(wanted: Coupon, terms: Terms, found: Coupon) -> None:
    """Refuse a coupon at Stripe that takes something else off than was shown, or for another time.

    Raises:
        DiffersError: It does.
    """
    full = to_stripe(terms.full or 0, terms.currency)
    price = to_stripe(terms.price or 0, terms.currency)
    off = Decimal(full) * Decimal(str(found.percent_off)) / 100 if found.percent_off is not None else None
    if off is None and found.currency == terms.currency.lower():
        off = Decimal(found.amount_off or 0)
    is_off = off is not None and abs(off - (full - price)) < _HALF
    is_as_long = (found.duration, found.duration_in_months) == (wanted.duration, wanted.duration_in_months)
    if not (is_off and is_as_long and found.valid):
        months = wanted.duration_in_months
        lasts = f"for {months} months" if months else {"once": "once"}.get(wanted.duration, "for good")
        msg = (
            f"expected the coupon {found.id} to take {full - price} off {lasts}, found it otherwise at Stripe"
        )
        raise DiffersError(msg)


def due_each(sale: Sale, terms: Terms, move: Move) -> int:
    """Give what the line comes to per interval once it is changed, before tax, in Stripe's units."""
    price, full = terms.price or 0, terms.full or 0
    if sale.change is not Change.MORE:
        return to_stripe(price, terms.currency)
    return to_stripe(full, terms.currency) // _whole(terms.quantity) * move.quantity


def ask_due(sale: Sale, terms: Terms, move: Move, invoice: Invoice) -> None:
    """Refuse a change by which Stripe would charge another price per interval than the one that was accepted.

    Whatever takes something off, or adds to it, is in what Stripe says of the line: also a discount that they
    have had before. Tax is not, which comes on top by their law.

    Raises:
        DiffersError: It would.
    """
    wanted = due_each(sale, terms, move)
    due = [line.net for line in invoice.lines.data if line.price == sale.price and not line.is_proration]
    if due != [wanted] or invoice.currency != terms.currency.lower():
        shown = ", ".join(map(str, due)) or "nothing"
        msg = (
            f"expected {wanted} in {terms.currency} per {terms.interval}, as was shown, but Stripe would "
            f"charge {shown} in {invoice.currency.upper()} for {sale.price}"
        )
        raise DiffersError(msg)


def prorated_at(move: Move, at: Moment) -> int:
    """Give from when a change is reckoned, in Unix seconds: the full hour, in the period that is paid.

    What was previewed and what is charged within one hour is the same to the cent.
    """
    begun = max((each.current_period_start for each in move.subscription.items.data), default=0)
    return max(at // HOUR * (HOUR // SECOND), begun)


def _trial_move(sale: Sale, terms: Terms, held: Sequence[Subscription]) -> Move | None:
    """Let a trial of the same thing go on to be paid; None where there is none."""
    for each in held:
        if each.is_our_trial and each.metadata[TRIAL] == terms.thing and sale.change is not Change.MORE:
            return Move(each, each.items.data[0], _whole(terms.quantity), converts=True)
    return None


def _ask_certain(sale: Sale, terms: Terms, subscription: Subscription, *, is_new: bool) -> None:
    """Refuse to change what is on its way out, in other money, or may hold it under another name."""
    if subscription.currency != terms.currency.lower():
        msg = f"expected a subscription in {terms.currency}, found {subscription.currency.upper()}"
        raise UnclearError(msg)
    if subscription.cancel_at_period_end or subscription.cancel_at is not None:
        msg = f"expected a subscription that goes on, found {subscription.id}, which is to end"
        raise UnclearError(msg)
    unknown = [each.price.id for each in subscription.items.data if each.price.id not in sale.known]
    if is_new and sale.change is Change.REPLACE and unknown:
        msg = f"expected prices that the catalog names, found {unknown[0]}, which may be the present plan"
        raise UnclearError(msg)


def _item_of(subscription: Subscription, price: str) -> Item | None:
    return next((each for each in subscription.items.data if each.price.id == price), None)


def _whole(quantity: float) -> int:
    """Give a quantity as Stripe counts it.

    Raises:
        UnclearError: It is no whole number.
    """
    if quantity != int(quantity) or quantity < 1:
        msg = f"expected a whole number of units, got {quantity:g}"
        raise UnclearError(msg)
    return int(quantity)
