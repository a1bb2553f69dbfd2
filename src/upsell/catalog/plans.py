"""Plans: the tiers of a product, what each costs, includes and limits.

Pure values, compiled from ``catalog.yaml``. The law: a limit or price that is not stated is
unknown, never zero and never infinite; what has no end is said to be unlimited.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from upsell.money import Money, minor_digits


class BillingInterval(enum.Enum):
    """How often an amount falls due."""

    MONTH = "month"
    YEAR = "year"

    @property
    def months(self) -> int:
        """How many months one interval lasts."""
        return 12 if self is BillingInterval.YEAR else 1


Prices: TypeAlias = Mapping[BillingInterval, Mapping[str, Money]]
"""What falls due per interval for one unit of quantity, by interval and ISO 4217 currency."""

PriceIds: TypeAlias = Mapping[BillingInterval, Mapping[str, str]]
"""Ids of the prices that these are at Stripe, by interval and ISO 4217 currency."""


class Charge(msgspec.Struct, frozen=True):
    """What one of a metric costs: no money but a rate, reckoned for all that is used and rounded then.

    Attributes:
        amount: In minor units of the currency, parts of one too: a thousandth of a dollar is 0.1.
        currency: ISO 4217 code.
    """

    amount: float
    currency: str

    def __str__(self) -> str:
        """Write it in major units with its currency code, such as ``0.002 USD``."""
        digits = minor_digits(self.currency)
        written = f"{self.amount / 10**digits:.12f}".rstrip("0")
        whole, _, part = written.partition(".")
        return f"{whole}.{part.ljust(digits, '0')}".rstrip(".") + f" {self.currency}"


class Plan(msgspec.Struct, frozen=True):
    """One tier of the product.

    Attributes:
        id: The plan's key, as subscription events name it.
        name: What customers call it.
        tier: Its rank in its family; a higher tier is a bigger plan. 0 is the free plan.
        prices: What falls due per interval for one unit of quantity.
        limits: How much of each metric is included per usage period; absent is unknown.
        unlimited: Metrics of which any amount is included.
        overage: What one of a metric costs beyond its limit, by metric.
        features: What the plan includes by name.
        cost: What serving one unit of quantity costs per month, or None when not known.
        family: The product it is a plan of; plans of one family are compared with each other.
        regions: Countries (ISO 3166 codes) it is sold in; empty for everywhere.
        is_for_sale: Whether anybody may still move to it.
        leads_to: Ids of the plans of its family that one may move to from it, empty for none; None for
            any of them.
        stripe: What its prices are at Stripe; a price without an id there is not sold by Stripe.
    """

    id: str
    name: str
    tier: int
    prices: Prices = msgspec.field(default_factory=dict)
    limits: Mapping[str, float] = msgspec.field(default_factory=dict)
    unlimited: frozenset[str] = frozenset()
    overage: Mapping[str, Charge] = msgspec.field(default_factory=dict)
    features: tuple[str, ...] = ()
    cost: Money | None = None
    family: str = ""
    regions: tuple[str, ...] = ()
    is_for_sale: bool = True
    leads_to: tuple[str, ...] | None = None
    stripe: PriceIds = msgspec.field(default_factory=dict)

    def has_path_to(self, other: Plan) -> bool:
        """Tell whether one may have another plan after this one, in one move.

        Staying is no move, and a plan of another family is had beside this one, not instead of it.
        """
        if self.leads_to is None or other.id == self.id or other.family != self.family:
            return True
        return other.id in self.leads_to

    def is_sold_in(self, country: str) -> bool:
        """Tell whether it is for sale in a country (ISO 3166 code), empty for one that is not known."""
        return self.is_for_sale and (not self.regions or country in self.regions)

    def price(self, interval: BillingInterval, currency: str) -> Money | None:
        """Give what falls due per interval in a currency, None where it is not stated."""
        return self.prices.get(interval, {}).get(currency)

    @property
    def is_priced(self) -> bool:
        """Whether any price is stated."""
        return any(self.prices.values())


class ProductKind(enum.Enum):
    """What is sold beside plans."""

    ADD_ON = "add-on"
    BUNDLE = "bundle"
    PACK = "pack"
    SERVICE = "service"


class Product(msgspec.Struct, frozen=True):
    """Something bought beside a plan: an add-on, a bundle, an amount of usage, or a service.

    Who has an add-on or bundle is told by a subscription event whose ``plan`` is its id.

    Attributes:
        id: Its key.
        kind: What it is.
        name: What customers call it.
        prices: What falls due per interval, for what recurs.
        once: What is due once, by currency, for packs and services.
        limits: How much of each metric it adds: per usage period, or once for a pack.
        features: What it adds, by name.
        contains: Add-ons and plans that a bundle holds, by id.
        plans: Plans it can be added to, by id; empty for all.
        cost: What serving it costs per month, or once for what is paid once; None when not known.
        regions: Countries (ISO 3166 codes) it is sold in; empty for everywhere.
        is_for_sale: Whether anybody may still buy it.
        family: The product family it belongs to, empty for the main one; for consent and similar sales.
        stripe: What its recurring prices are at Stripe.
        stripe_once: What its prices that are due once are at Stripe, by currency.
    """

    id: str
    kind: ProductKind
    name: str
    prices: Prices = msgspec.field(default_factory=dict)
    once: Mapping[str, Money] = msgspec.field(default_factory=dict)
    limits: Mapping[str, float] = msgspec.field(default_factory=dict)
    features: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    cost: Money | None = None
    regions: tuple[str, ...] = ()
    is_for_sale: bool = True
    family: str = ""
    stripe: PriceIds = msgspec.field(default_factory=dict)
    stripe_once: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def is_priced(self) -> bool:
        """Whether any price is stated."""
        return bool(self.once) or any(self.prices.values())
