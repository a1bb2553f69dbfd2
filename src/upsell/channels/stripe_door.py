"""The Stripe door: what is asked of Stripe and told it, by their own library, within a time limit.

The laws: what changes anything goes under a key of ours, so that told twice it is done once; and the library
tries nothing again by itself, since whoever calls knows better when.
"""

from __future__ import annotations

from typing import Final

import stripe
from stripe.params import (
    CouponCreateParams,
    CustomerCreateParams,
    InvoiceCreatePreviewParams,
    PaymentIntentRetrieveParams,
    RefundCreateParams,
    SubscriptionCancelParams,
    SubscriptionCreateParams,
    SubscriptionListParams,
    SubscriptionUpdateParams,
)
from stripe.params.checkout import SessionCreateParams

from upsell.channels.stripe_objects import (
    Changed,
    Coupon,
    Customer,
    Invoice,
    Price,
    Session,
    Subscription,
    read_object,
)
from upsell.channels.stripe_payments import Billed, InvoicePayment, PaymentIntent, Refund

MOST_HELD: Final = 100
"""How many subscriptions of one customer are looked at, and how many invoices of one subscription."""


class StripeDoor:
    """One way to Stripe; every call raises what the library raises, and takes no longer than its limit."""

    def __init__(self, secret_key: str, url: str, timeout: float) -> None:
        """Aim at Stripe; nothing is opened yet.

        Args:
            secret_key: The secret, or restricted, key of the team's account there.
            url: Where its API is.
            timeout: Seconds one call may take to connect, and between two parts of an answer.
        """
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": url.rstrip("/")},
            http_client=stripe.RequestsClient(timeout=timeout),
            max_network_retries=0,
        ).v1

    def subscription(self, subscription_id: str) -> Subscription:
        """Read a subscription with its customer."""
        found = self._client.subscriptions.retrieve(subscription_id, {"expand": ["customer"]})
        return read_object(found, Subscription)

    def subscriptions(self, customer_id: str, *, with_ended: bool = False) -> list[Subscription]:
        """Read what somebody subscribes to, each with its customer; without what has ended unless told."""
        params: SubscriptionListParams = {
            "customer": customer_id,
            "limit": MOST_HELD,
            "expand": ["data.customer"],
        }
        if with_ended:
            params["status"] = "all"
        found = self._client.subscriptions.list(params)
        return [read_object(each, Subscription) for each in found.data]

    def knock(self) -> None:
        """See whether Stripe answers to the key; nothing is read of what it says."""
        self._client.prices.list({"limit": 1})

    def price(self, price_id: str) -> Price:
        """Read a price in all its currencies."""
        found = self._client.prices.retrieve(price_id, {"expand": ["currency_options"]})
        return read_object(found, Price)

    def coupon(self, coupon_id: str) -> Coupon:
        """Read a coupon."""
        return read_object(self._client.coupons.retrieve(coupon_id), Coupon)

    def make_coupon(self, coupon: Coupon, name: str) -> None:
        """Make a coupon whose id says what it does; made before, it stays as it is."""
        params: CouponCreateParams = {"id": coupon.id, "duration": coupon.duration, "name": name[:40]}
        if coupon.duration_in_months is not None:
            params["duration_in_months"] = coupon.duration_in_months
        if coupon.percent_off is not None:
            params["percent_off"] = coupon.percent_off
        if coupon.amount_off is not None and coupon.currency is not None:
            params["amount_off"] = coupon.amount_off
            params["currency"] = coupon.currency
        try:
            self._client.coupons.create(params)
        except stripe.InvalidRequestError as error:
            if error.code != "resource_already_exists":
                raise

    def make_customer(self, params: CustomerCreateParams, key: str) -> Customer:
        """Make somebody known to Stripe, under a key."""
        return read_object(self._client.customers.create(params, {"idempotency_key": key}), Customer)

    def make_subscription(self, params: SubscriptionCreateParams, key: str) -> Changed:
        """Make a subscription, under a key."""
        made = self._client.subscriptions.create(
            {**params, "expand": ["latest_invoice"]}, {"idempotency_key": key}
        )
        return read_object(made, Changed)

    def change_subscription(
        self, subscription_id: str, params: SubscriptionUpdateParams, key: str
    ) -> Changed:
        """Change a subscription, under a key."""
        changed = self._client.subscriptions.update(
            subscription_id, {**params, "expand": ["latest_invoice"]}, {"idempotency_key": key}
        )
        return read_object(changed, Changed)

    def end_subscription(self, subscription_id: str, params: SubscriptionCancelParams) -> None:
        """End a subscription at once; told of one that has ended Stripe refuses it."""
        self._client.subscriptions.cancel(subscription_id, params)

    def invoices(self, subscription_id: str) -> list[Billed]:
        """Read the invoices of a subscription, the newest first."""
        found = self._client.invoices.list({"subscription": subscription_id, "limit": MOST_HELD})
        return [read_object(each, Billed) for each in found.data]

    def payments(self, invoice_id: str) -> list[InvoicePayment]:
        """Read by what an invoice was paid, with the charge."""
        found = self._client.invoice_payments.list(
            {"invoice": invoice_id, "expand": ["data.payment.payment_intent.latest_charge"]}
        )
        return [read_object(each, InvoicePayment) for each in found.data]

    def payment(self, payment_intent_id: str) -> PaymentIntent:
        """Read how something came to be paid, with its charge."""
        params: PaymentIntentRetrieveParams = {"expand": ["latest_charge"]}
        return read_object(self._client.payment_intents.retrieve(payment_intent_id, params), PaymentIntent)

    def refunds(self, charge_id: str) -> list[Refund]:
        """Read what was given back of a charge."""
        found = self._client.refunds.list({"charge": charge_id, "limit": MOST_HELD})
        return [read_object(each, Refund) for each in found.data]

    def refund(self, params: RefundCreateParams, key: str) -> Refund:
        """Give something of a charge back, under a key."""
        return read_object(self._client.refunds.create(params, {"idempotency_key": key}), Refund)

    def preview(self, params: InvoiceCreatePreviewParams) -> Invoice:
        """Read the invoice that a change would make; nothing is changed."""
        return read_object(self._client.invoices.create_preview(params), Invoice)

    def session(self, session_id: str) -> Session:
        """Read a page that was opened to pay on."""
        found = self._client.checkout.sessions.retrieve(session_id, {"expand": ["setup_intent"]})
        return read_object(found, Session)

    def open_session(self, params: SessionCreateParams, key: str) -> Session:
        """Open a page to pay on, under a key."""
        opened = self._client.checkout.sessions.create(
            {**params, "expand": ["setup_intent"]}, {"idempotency_key": key}
        )
        return read_object(opened, Session)

    def expire_session(self, session_id: str) -> None:
        """Close a page on which nobody has paid."""
        self._client.checkout.sessions.expire(session_id)
