"""Discounts: what the coupons of an item, of a subscription or of a customer take off its revenue.

A coupon ``forever`` lowers recurring revenue; one for ``once`` or some months does not, so that its end is no
upgrade. Source: Stripe, Billing Analytics ("If you apply a coupon with a finite duration your MRR is
unaffected"); Stripe, Coupons (several apply one after the other; those of an item before those of all).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import msgspec

from upsell.sources.stripe.revenue import UnknownAmountError
from upsell.sources.stripe.shapes import Coupon, Item, Subscription, coupon_in, id_of


class Cut(msgspec.Struct, frozen=True):
    """What a discount takes off.

    Attributes:
        share: Which part of the amount, 0 to 1.
        amount: Or how much, in Stripe's minor units.
        products: Of which products alone, by id; None of all.
    """

    share: Fraction = Fraction(0)
    amount: Fraction = Fraction(0)
    products: frozenset[str] | None = None


def cuts_of_item(item: Item, currency: str) -> list[Cut]:
    """Give what the discounts of one item take off of it, in order.

    Raises:
        UnknownAmountError: Nothing tells what a discount takes off.
    """
    return _cuts(item.discounts or (), {}, currency)


def cuts_of_all(subscription: Subscription, currency: str) -> list[Cut]:
    """Give what the discounts of a subscription take off; without any, those of its customer.

    A customer's discounts are only seen where the customer stands in the subscription whole.

    Raises:
        UnknownAmountError: Nothing tells what a discount takes off.
    """
    single = subscription.discount
    known = {id_of(single): single} if single is not None else {}
    named: Sequence[Any] = subscription.discounts or ((single,) if single is not None else ())
    if not named and isinstance(subscription.customer, Mapping):
        of_customer = subscription.customer.get("discount")
        named = (of_customer,) if isinstance(of_customer, Mapping) else ()
    return _cuts(named, known, currency)


def discounted(
    amounts: Sequence[Fraction], products: Sequence[str | None], cuts: Sequence[Cut]
) -> list[Fraction]:
    """Give what is left of the amounts of several items after discounts on all of them together.

    An amount taken off is spread over the items by what they come to, and takes off no more than there is.
    """
    left = list(amounts)
    for cut in cuts:
        met = [cut.products is None or product in cut.products for product in products]
        whole = sum((amount for amount, is_met in zip(left, met, strict=True) if is_met), Fraction(0))
        if whole <= 0:
            continue
        kept = max(Fraction(0), 1 - cut.share - cut.amount / whole)
        left = [amount * kept if is_met else amount for amount, is_met in zip(left, met, strict=True)]
    return left


def _cuts(
    discounts: Sequence[Any], known: Mapping[str | None, Mapping[str, Any] | None], currency: str
) -> list[Cut]:
    cuts = []
    for named in discounts:
        whole = named if isinstance(named, Mapping) else known.get(id_of(named))
        coupon = _coupon(whole, id_of(named))
        if coupon.duration == "forever":
            cuts.append(_cut(coupon, currency))
    return cuts


def _coupon(discount: Mapping[str, Any] | None, discount_id: str | None) -> Coupon:
    found = coupon_in(discount) if discount is not None else None
    if not isinstance(found, Mapping):
        what = f"discount {discount_id[:60]}" if discount_id is not None else "a discount"
        if isinstance(found, str):
            what = f"coupon {found[:60]} of {what}"
        msg = (
            f"expected what {what} takes off, got its id alone, and no other "
            "webhook told; have the endpoint told of customer.discount.created, customer.discount.updated, "
            "coupon.created and coupon.updated (a coupon of before is told when it is renamed at Stripe)"
        )
        raise UnknownAmountError(msg, may_be_told=True)
    try:
        return msgspec.convert(found, Coupon)
    except msgspec.ValidationError as error:
        msg = f"expected a coupon, got: {error}"
        raise UnknownAmountError(msg) from error


def _cut(coupon: Coupon, currency: str) -> Cut:
    products = (coupon.applies_to or {}).get("products")
    only = frozenset(map(str, products)) if isinstance(products, list) else None
    if coupon.percent_off is not None:
        share = Fraction(str(coupon.percent_off)) / 100
        if not 0 <= share <= 1:
            msg = f"expected percent_off of 0 to 100, got {coupon.percent_off}"
            raise UnknownAmountError(msg)
        return Cut(share=share, products=only)
    if coupon.amount_off is None or (coupon.currency or "").upper() != currency:
        msg = f"expected percent_off, or amount_off in {currency}, in coupon {coupon.id[:60]}"
        raise UnknownAmountError(msg)
    return Cut(amount=Fraction(max(coupon.amount_off, 0)), products=only)
