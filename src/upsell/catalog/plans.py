"""Plans and offers: what can be bought, and what may be proposed.

Pure values, compiled from ``catalog.yaml``. The law: a limit or price that is not stated is
unknown, never zero and never infinite.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from upsell.catalog.items import Item
from upsell.clock import Moment
from upsell.money import Money


class OfferKind(enum.Enum):
    """What an offer asks for; reports keep the kinds apart."""

    UPGRADE = "upgrade"
    CROSS_SELL = "cross-sell"
    RETENTION = "retention"


class BillingInterval(enum.Enum):
    """How often an amount falls due."""

    MONTH = "month"
    YEAR = "year"

    @property
    def months(self) -> int:
        """How many months one interval lasts."""
        return 12 if self is BillingInterval.YEAR else 1


class Plan(msgspec.Struct, frozen=True):
    """One tier of the product.

    Attributes:
        id: The plan's key, as subscription events name it.
        name: What customers call it.
        tier: Its rank; a higher tier is a bigger plan. 0 is the free plan.
        prices: What falls due per interval for one unit of quantity, by interval.
        limits: How much of each metric is included per usage period; absent is unlimited or unknown.
        features: What the plan includes by name.
        cost: What serving one unit of quantity costs per month, or None when not known.
    """

    id: str
    name: str
    tier: int
    prices: Mapping[BillingInterval, Money] = msgspec.field(default_factory=dict)
    limits: Mapping[str, float] = msgspec.field(default_factory=dict)
    features: tuple[str, ...] = ()
    cost: Money | None = None


class Offer(msgspec.Struct, frozen=True):
    """A proposal to move to a plan, with its terms.

    Attributes:
        id: The offer's key, as workflows name it.
        kind: Upgrade, cross-sell or retention.
        plan: Id of the plan proposed.
        title: What it is called to the customer.
        reason: Why they would accept, in one sentence.
        discount_rate: Share of the price taken off, 0 to 1.
        months: How many months the discount lasts; None for as long as the plan is kept.
        trial_days: Days of trial before anything falls due; 0 for none.
        available_until: After this moment the offer is gone; None for no end.
    """

    id: str
    kind: OfferKind
    plan: str
    title: str
    reason: str = ""
    discount_rate: float = 0.0
    months: int | None = None
    trial_days: int = 0
    available_until: Moment | None = None


class Catalog(msgspec.Struct, frozen=True):
    """Everything that can be bought or offered.

    Attributes:
        plans: Plans by id.
        offers: Offers by id.
        default_plan: Id of the plan a unit without subscription is on, or None when there is none.
        metrics: Every metric that usage events may name.
        items: What is sold one by one, by id.
    """

    plans: Mapping[str, Plan] = msgspec.field(default_factory=dict)
    offers: Mapping[str, Offer] = msgspec.field(default_factory=dict)
    default_plan: str | None = None
    metrics: frozenset[str] = frozenset()
    items: Mapping[str, Item] = msgspec.field(default_factory=dict)
