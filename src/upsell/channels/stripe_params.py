"""Stripe parameters: a move, a trial and a page to pay on, written as Stripe wants to be told.

Pure. The laws: a trial is made so that it ends by itself without a charge, whatever becomes of us; a change
whose payment fails does not take place; and what is previewed is what is then told.
"""

from __future__ import annotations

from typing import Literal

from stripe.params import (
    InvoiceCreatePreviewParams,
    SubscriptionCreateParams,
    SubscriptionUpdateParams,
)
from stripe.params._invoice_create_preview_params import InvoiceCreatePreviewParamsSubscriptionDetailsItem
from stripe.params._subscription_update_params import SubscriptionUpdateParamsItem
from stripe.params.checkout import SessionCreateParams

from upsell.channels.fulfillers import Purchase
from upsell.channels.stripe_before import before_of, write_before
from upsell.channels.stripe_objects import BEFORE, ORDER, TRIAL
from upsell.channels.stripe_sale import Change, Move, Sale, prorated_at
from upsell.clock import DAY, SECOND, Moment

Proration = Literal["always_invoice", "none"]
"""How a change is reckoned: at once for the rest of the period, or from the next on."""


def change_params(
    move: Move, sale: Sale, purchase: Purchase, coupon: str, payment_method: str | None
) -> SubscriptionUpdateParams:
    """Say a change: charged at once for the rest of the period, and undone where that is not paid.

    What the item was before is written with it, for whoever goes back.
    """
    before = before_of(move, sale, purchase.terms, purchase.accepted_at)
    changed: SubscriptionUpdateParamsItem = {
        "price": sale.price,
        "quantity": move.quantity,
        "metadata": {ORDER: purchase.key, BEFORE: write_before(before)},
    }
    if move.item is not None:
        changed["id"] = move.item.id
    if coupon:
        changed["discounts"] = [{"coupon": coupon}]
    elif move.item is not None and move.item.discounts:
        changed["discounts"] = ""
    params: SubscriptionUpdateParams = {
        "items": [changed],
        "payment_behavior": "error_if_incomplete",
        "off_session": True,
    }
    if move.converts:
        params["cancel_at_period_end"] = False
        params["proration_behavior"] = "none"
    else:
        params["proration_behavior"] = "always_invoice"
        params["proration_date"] = before.at
    if payment_method:
        params["default_payment_method"] = payment_method
    return params


def preview_params(
    move: Move, sale: Sale, at: Moment, coupon: str, proration: Proration
) -> InvoiceCreatePreviewParams:
    """Say of which change an invoice is to be previewed."""
    changed: InvoiceCreatePreviewParamsSubscriptionDetailsItem = {
        "price": sale.price,
        "quantity": move.quantity,
    }
    if move.item is not None:
        changed["id"] = move.item.id
    if coupon:
        changed["discounts"] = [{"coupon": coupon}]
    elif move.item is not None and move.item.discounts:
        changed["discounts"] = ""
    params: InvoiceCreatePreviewParams = {
        "customer": move.subscription.customer.id,
        "subscription": move.subscription.id,
        "subscription_details": {"items": [changed], "proration_behavior": proration},
    }
    if move.converts:
        params["subscription_details"]["cancel_at_period_end"] = False
    elif proration == "always_invoice":
        params["subscription_details"]["proration_date"] = prorated_at(move, at)
    return params


def trial_params(sale: Sale, purchase: Purchase, customer: str) -> SubscriptionCreateParams:
    """Say a trial: a subscription of its own, born to end with it."""
    return {
        "customer": customer,
        "items": [
            {
                "price": sale.price,
                "quantity": int(purchase.terms.quantity),
                "metadata": {ORDER: purchase.key},
            }
        ],
        "trial_end": (sale.reckoned_from(purchase.accepted_at) + purchase.trial_days * DAY) // SECOND,
        "cancel_at_period_end": True,
        "trial_settings": {"end_behavior": {"missing_payment_method": "cancel"}},
        "metadata": {**known_as(purchase), ORDER: purchase.key, TRIAL: purchase.thing},
    }


def session_params(sale: Sale, purchase: Purchase, coupon: str, return_url: str) -> SessionCreateParams:
    """Say a page on which what is sold is paid for: as a subscription, or once."""
    metadata = {**known_as(purchase), ORDER: purchase.key}
    params: SessionCreateParams = {
        "mode": "payment" if sale.change is Change.ONCE else "subscription",
        "line_items": [{"price": sale.price, "quantity": int(purchase.terms.quantity)}],
        "currency": purchase.terms.currency.lower(),
        # Else it may be charged in the currency of their country, at a price nobody was shown.
        "adaptive_pricing": {"enabled": False},
        "success_url": return_url,
        "client_reference_id": purchase.account_id or purchase.customer_id,
        "metadata": metadata,
    }
    if sale.change is Change.ONCE:
        params["payment_intent_data"] = {"metadata": metadata}
    else:
        params["subscription_data"] = {"metadata": metadata}
    if coupon:
        params["discounts"] = [{"coupon": coupon}]
    if sale.customer:
        params["customer"] = sale.customer
    elif sale.email:
        params["customer_email"] = sale.email
    if sale.change is Change.ONCE and not sale.customer:
        params["customer_creation"] = "always"
    return params


def known_as(purchase: Purchase) -> dict[str, str]:
    """Give the ids of ours under which what is made at Stripe is known again when Stripe tells of it."""
    known = {"upsell_account": purchase.account_id or "", "upsell_customer": purchase.customer_id}
    return {name: said for name, said in known.items() if said}


def setup_params(move: Move, purchase: Purchase, return_url: str) -> SessionCreateParams:
    """Say a page on which somebody leaves what their subscription is paid by; nothing is charged there."""
    return {
        "mode": "setup",
        "customer": move.subscription.customer.id,
        "currency": move.subscription.currency,
        "success_url": return_url,
        "metadata": {ORDER: purchase.key},
    }
