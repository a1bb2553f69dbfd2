"""Offers: what may be proposed, at which terms, and what instead when it cannot be.

Pure values, compiled from ``catalog.yaml``. The law: an offer is about exactly one thing.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from upsell.catalog.plans import BillingInterval
from upsell.clock import Duration, Moment
from upsell.money import Money
from upsell.rules.compile import Rule


class OfferKind(enum.Enum):
    """What an offer asks for; rules, caps and reports keep the kinds apart."""

    UPGRADE = "upgrade"
    CROSS_SELL = "cross-sell"
    RETENTION = "retention"


class Target(enum.Enum):
    """What an offer is about; the value is its key in ``catalog.yaml``."""

    PLAN = "plan"
    PRODUCT = "product"
    SEATS = "seats"
    FEATURE = "feature"
    ITEM = "item"
    INTERVAL = "interval"


FITTING = "fitting"
"""The plan an offer names when it is about whichever plan fits."""

PREMIUM = "premium"
"""The item an offer names when it is about the premium counterpart of what lies in the cart."""

WARRANTY = "warranty"
"""The item an offer names when it is about the warranty of what lies in the cart."""

BUNDLE = "bundle"
"""The item an offer names when it is about the bundle that saves most on what lies in the cart."""

OF_THE_CART = frozenset({PREMIUM, WARRANTY, BUNDLE})
"""The words for what goes with the cart; no item is called so."""


class DiscountStep(msgspec.Struct, frozen=True):
    """From which value on, itself included, what share of the price is taken off, 0 to 1."""

    least: float
    rate: float


class ValueDiscount(msgspec.Struct, frozen=True):
    """A discount that hangs on a number known of whoever gets it.

    A value that is unknown, or under the first step, takes nothing off: what is missing never gives.

    Attributes:
        of: The number.
        steps: The steps in ascending order of ``least``.
    """

    of: Rule
    steps: tuple[DiscountStep, ...]

    def rate(self, value: object) -> float:
        """Give the share taken off for a value of ``of``, 0 to 1; anything but a number is unknown."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return 0.0
        return next((step.rate for step in reversed(self.steps) if value >= step.least), 0.0)


class OutcomePrice(msgspec.Struct, frozen=True):
    """A price per result: so much for each one, such as for each booking made."""

    per: str
    amount: Money


class Testimonial(msgspec.Struct, frozen=True):
    """What a customer said of it, who that is, and their company; empty where it is not said."""

    quote: str
    name: str
    company: str = ""


class Objection(msgspec.Struct, frozen=True):
    """What somebody may say against it, and what a person can answer."""

    says: str
    answer: str


class OfferText(msgspec.Struct, frozen=True):
    """What an offer says in one more language; what is empty is said as it was written first."""

    title: str = ""
    reason: str = ""
    guarantee: str = ""
    downgrade: str = ""


class Offer(msgspec.Struct, frozen=True):
    """A proposal with its terms.

    Attributes:
        id: The offer's key, as workflows name it.
        kind: Upgrade, cross-sell or retention.
        title: What it is called to the customer.
        target: What it is about.
        thing: Id of the plan, product, feature or item; of a plan ``fitting`` for the one that fits, of an
            item ``premium`` for the counterpart of what lies in the cart, ``warranty`` for its warranty,
            ``bundle`` for the bundle that covers some of it.
            Empty for seats and an interval.
        seats: How many more seats; 0 unless it is about seats.
        interval: How often its price falls due: of the plan proposed, or of the present plan when it is
            about the interval alone. None for as now.
        reason: Why they would accept, in one sentence.
        discount_rate: Share of the price taken off for everyone, 0 to 1.
        by_value: A discount by what is known of whoever gets it, in its place; None without one.
        months: How many months the discount lasts; None for as long as it is kept.
        trial_days: Days of trial before anything falls due; 0 for none.
        guarantee: What is promised should it disappoint, in words; empty for nothing.
        guarantee_for: For how long after it was accepted what was paid is given back; None where no time is
            stated.
        downgrade: How one goes back, in words; empty when nothing is said.
        testimonials: What customers said of it.
        outcome: A price per result in place of every other, None for none.
        family: Product family for consent; empty for the team's main one.
        regions: Countries (ISO 3166 codes) it is made in; empty for everywhere.
        available_from: Before this moment it is not made; None for no beginning.
        available_until: From this moment on it is gone; None for no end.
        valid_for: How long its terms are honoured after it was shown, in microseconds; None for no end.
        stock: How many may be accepted; None for any number.
        budget: How much discount may be given away by it in all; None for any amount.
        fallback: Id of the offer to make when this one cannot be made to somebody; None for silence.
        locales: What it says in further languages, by locale.
        coupon: Id of the coupon at Stripe that takes its discount off; empty to have one made for it.
        talk_track: How a person leads a talk about it; empty where nothing is said.
        objections: What may be said against it, with answers for whoever leads that talk.
    """

    id: str
    kind: OfferKind
    title: str
    target: Target
    thing: str = ""
    seats: int = 0
    interval: BillingInterval | None = None
    reason: str = ""
    discount_rate: float = 0.0
    by_value: ValueDiscount | None = None
    months: int | None = None
    trial_days: int = 0
    guarantee: str = ""
    guarantee_for: Duration | None = None
    downgrade: str = ""
    testimonials: tuple[Testimonial, ...] = ()
    outcome: OutcomePrice | None = None
    family: str = ""
    regions: tuple[str, ...] = ()
    available_from: Moment | None = None
    available_until: Moment | None = None
    valid_for: Duration | None = None
    stock: int | None = None
    budget: Money | None = None
    fallback: str | None = None
    coupon: str = ""
    locales: Mapping[str, OfferText] = msgspec.field(default_factory=dict)
    talk_track: str = ""
    objections: tuple[Objection, ...] = ()

    def said_in(self, language: str) -> Offer:
        """Give the offer with its words in a language, as far as they are written in it.

        Args:
            language: An ISO 639-1 code; of several locales of it, the first by name.
        """
        found = next((tag for tag in sorted(self.locales) if tag.partition("-")[0] == language), None)
        if found is None:
            return self
        said = msgspec.structs.asdict(self.locales[found])
        return msgspec.structs.replace(self, **{name: text for name, text in said.items() if text})

    @property
    def deepest_rate(self) -> float:
        """The most that anybody gets taken off, as a share of the price."""
        steps = self.by_value.steps if self.by_value is not None else ()
        return max((self.discount_rate, *(step.rate for step in steps)))
