"""Stripe objects: of what Stripe answers, the part that is read here.

The law: what is not named here is passed over, so that a newer version of their API is read as well; what is
named and missing is no answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from upsell.money import minor_digits

LIVE: Final = frozenset({"active", "trialing", "past_due"})
"""States of a subscription by which somebody has what it holds."""

ORDER: Final = "upsell_order"
"""The key of metadata under which Stripe keeps the key of an order."""

TRIAL: Final = "upsell_trial"
"""The key of metadata that says what a subscription lets somebody try."""

BEFORE: Final = "upsell_before"
"""The key of an item's metadata that says what it was before an order changed it."""

_NO_DIGITS: Final = frozenset(
    "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split()
)  # fmt: skip
_THREE_DIGITS: Final = frozenset("BHD JOD KWD OMR TND".split())

_T = TypeVar("_T")


class Recurring(msgspec.Struct, frozen=True):
    """How often a price falls due."""

    interval: str
    interval_count: int = 1
    usage_type: str = "licensed"


class Option(msgspec.Struct, frozen=True):
    """A price in one further currency, in its smallest unit; None where it is no whole number of them."""

    unit_amount: int | None = None


class Price(msgspec.Struct, frozen=True):
    """What one unit costs; of a price by tiers nothing is said."""

    id: str
    currency: str
    active: bool = True
    unit_amount: int | None = None
    billing_scheme: str = "per_unit"
    recurring: Recurring | None = None
    currency_options: Mapping[str, Option] = {}

    def amount_in(self, currency: str) -> int | None:
        """Give what one unit costs in a currency (ISO 4217); None where it is not sold so."""
        if self.billing_scheme != "per_unit":
            return None
        if self.currency == currency.lower():
            return self.unit_amount
        option = self.currency_options.get(currency.lower())
        return option.unit_amount if option is not None else None


class Item(msgspec.Struct, frozen=True):
    """One line of a subscription: so many units at a price; moments are Unix seconds."""

    id: str
    price: Price
    quantity: int | None = None
    discounts: tuple[Any, ...] = ()
    metadata: Mapping[str, str] = {}
    current_period_start: int = 0
    current_period_end: int = 0


class ItemList(msgspec.Struct, frozen=True):
    """The lines of a subscription."""

    data: tuple[Item, ...]


class InvoiceSettings(msgspec.Struct, frozen=True):
    """By what a customer pays unless a subscription says otherwise."""

    default_payment_method: str | None = None


class Customer(msgspec.Struct, frozen=True):
    """Who pays."""

    id: str
    default_source: str | None = None
    invoice_settings: InvoiceSettings = InvoiceSettings()


class CancellationDetails(msgspec.Struct, frozen=True):
    """Why a subscription was ended, in the words of whoever did."""

    comment: str | None = None


class Subscription(msgspec.Struct, frozen=True):
    """What somebody pays for again and again; its customer is read with it."""

    id: str
    status: str
    currency: str
    customer: Customer
    items: ItemList
    cancel_at_period_end: bool = False
    cancel_at: int | None = None
    collection_method: str = "charge_automatically"
    default_payment_method: str | None = None
    default_source: str | None = None
    latest_invoice: str | None = None
    metadata: Mapping[str, str] = {}
    trial_end: int | None = None
    cancellation_details: CancellationDetails | None = None

    @property
    def is_live(self) -> bool:
        """Whether somebody has what it holds."""
        return self.status in LIVE

    @property
    def is_our_trial(self) -> bool:
        """Whether it lets somebody try something until it ends by itself."""
        return bool(self.metadata.get(TRIAL)) and self.status == "trialing" and self.cancel_at_period_end

    @property
    def can_pay(self) -> bool:
        """Whether there is something by which its invoices are paid, or they are sent to be paid by hand."""
        return self.collection_method == "send_invoice" or bool(
            self.default_payment_method
            or self.default_source
            or self.customer.invoice_settings.default_payment_method
            or self.customer.default_source
        )


class PaidInvoice(msgspec.Struct, frozen=True):
    """An invoice after a change: how it stands, and what was paid."""

    id: str
    status: str | None = None
    amount_paid: int = 0


class Changed(msgspec.Struct, frozen=True):
    """A subscription after a change, with the newest invoice."""

    id: str
    latest_invoice: PaidInvoice | None = None


class DiscountAmount(msgspec.Struct, frozen=True):
    """What one discount takes off."""

    amount: int


class PriceDetails(msgspec.Struct, frozen=True):
    """By which price a line came."""

    price: str | None = None


class Pricing(msgspec.Struct, frozen=True):
    """How a line is priced."""

    price_details: PriceDetails | None = None


class ItemDetails(msgspec.Struct, frozen=True):
    """Whether a line is for a part of a period only."""

    proration: bool = False


class LineParent(msgspec.Struct, frozen=True):
    """What a line came from."""

    subscription_item_details: ItemDetails | None = None
    invoice_item_details: ItemDetails | None = None


class Line(msgspec.Struct, frozen=True):
    """One line of an invoice, before tax; of how many units, None where it is of none."""

    amount: int
    quantity: int | None = None
    discount_amounts: tuple[DiscountAmount, ...] | None = None
    pricing: Pricing | None = None
    parent: LineParent | None = None

    @property
    def price(self) -> str | None:
        """Id of the price it came by, None where it came by none."""
        details = self.pricing.price_details if self.pricing is not None else None
        return details.price if details is not None else None

    @property
    def is_proration(self) -> bool:
        """Whether it is for a part of a period only."""
        parent = self.parent or LineParent()
        return any(
            each is not None and each.proration
            for each in (parent.subscription_item_details, parent.invoice_item_details)
        )

    @property
    def net(self) -> int:
        """What it comes to less its discounts."""
        return self.amount - sum(each.amount for each in self.discount_amounts or ())


class LineList(msgspec.Struct, frozen=True):
    """The lines of an invoice."""

    data: tuple[Line, ...]


class Invoice(msgspec.Struct, frozen=True):
    """An invoice that would be made: what would be due, with tax, and when its period ends."""

    amount_due: int
    currency: str
    period_end: int
    lines: LineList
    total: int = 0


class TotalDetails(msgspec.Struct, frozen=True):
    """What a checkout takes off."""

    amount_discount: int = 0


class SetupIntent(msgspec.Struct, frozen=True):
    """What a customer left to pay by."""

    payment_method: str | None = None


class Session(msgspec.Struct, frozen=True):
    """A page of Stripe's on which somebody pays, or says by what they will; moments are Unix seconds."""

    id: str
    mode: str
    status: str | None
    payment_status: str
    expires_at: int
    url: str | None = None
    currency: str | None = None
    amount_subtotal: int | None = None
    amount_total: int | None = None
    total_details: TotalDetails | None = None
    customer: str | None = None
    setup_intent: SetupIntent | None = None
    payment_intent: str | None = None


class Coupon(msgspec.Struct, frozen=True):
    """What takes a share, or an amount in a currency, off."""

    id: str
    duration: str
    valid: bool = True
    duration_in_months: int | None = None
    percent_off: float | None = None
    amount_off: int | None = None
    currency: str | None = None


def read_object(answer: Any, shape: type[_T]) -> _T:
    """Read an answer of the library's.

    Raises:
        msgspec.ValidationError: It is not of that shape.
    """
    return msgspec.convert(answer.to_dict(), shape, strict=False)


def to_stripe(amount: int, currency: str) -> int:
    """Turn minor units as we count them (ISO 4217) into those that Stripe counts in."""
    return amount * _times(currency)


def from_stripe(amount: int, currency: str) -> int:
    """Turn the units that Stripe counts in into minor units as we count them (ISO 4217)."""
    return amount // _times(currency)


def stripe_digits(currency: str) -> int:
    """Give how many digits after the point Stripe counts a currency (ISO 4217) in.

    Source: docs.stripe.com/currencies; ISK and UGX have two there, though they have no minor unit.
    """
    if currency in _NO_DIGITS:
        return 0
    return 3 if currency in _THREE_DIGITS else 2


def _times(currency: str) -> int:
    """Give how many of their units one of ours is."""
    return int(10 ** max(0, stripe_digits(currency) - minor_digits(currency)))
