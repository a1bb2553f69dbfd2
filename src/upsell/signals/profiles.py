"""Profiles: all we know of a unit now, made from its events alone.

Profiles are records that change: whoever advances a household owns its copy. Everything else
treats them as values.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from upsell.clock import Moment, from_datetime, to_datetime
from upsell.rules.facts import Scalar
from upsell.signals.counters import CounterState


class Term(msgspec.Struct, frozen=True, array_like=True):
    """What a subscription was to from a moment on: which plan and how much of it.

    Attributes:
        since: From when on.
        plan: Id of the plan; empty for nothing, None where it is not known.
        quantity: Units of quantity.
    """

    since: Moment
    plan: str | None
    quantity: float


class Word(msgspec.Struct, frozen=True, array_like=True):
    """What a source that names the states of a subscription said of it.

    Attributes:
        before: The state it came from; None where the source does not know.
        after: The state it is in from then on.
        name: The event's name.
        said: Its properties.
        at: When it happened.
    """

    before: str | None
    after: str
    name: str
    said: dict[str, Any]
    at: Moment


class Subscription(msgspec.Struct):
    """What a unit pays for under one subscription id.

    Attributes:
        id: The subscription's id.
        plan: Id of the plan.
        quantity: Units of quantity, such as seats.
        amount: What falls due per interval for the whole subscription after discount, minor units.
        currency: ISO 4217 code.
        interval_months: Months in one interval.
        status: ``active`` or ``trialing``, as the source says.
        started_at: When it started.
        renews_at: When the present terms end, or None when not said.
        ends_at: When it ends or ended, or None while it is open.
        changed_at: When what is known of it happened last; what happened before it changes nothing.
        priced_at: Since when what falls due is as it is; None where only ``changed_at`` is known.
        held_at: Since when plan and quantity are as they are; None where only ``changed_at`` is known.
        before: What it was to before that, in order of time; what was not told is not among it.
        told: What was said of it in the second of ``changed_at`` by a source that names its states, the word
            that holds last.
    """

    id: str
    plan: str
    quantity: float
    amount: int
    currency: str
    interval_months: int
    status: str
    started_at: Moment
    renews_at: Moment | None = None
    ends_at: Moment | None = None
    changed_at: Moment = 0
    priced_at: Moment | None = None
    held_at: Moment | None = None
    before: list[Term] = []
    told: list[Word] = []

    def is_open(self, now: Moment) -> bool:
        """Tell whether it is in force at ``now``; it ends at ``ends_at``, which is outside."""
        return self.ends_at is None or now < self.ends_at

    def mrr(self) -> int:
        """Give the recurring revenue per month in minor units, half to even; nothing on trial."""
        if self.status == "trialing":
            return 0
        return round(self.amount / self.interval_months)

    def priced_since(self) -> Moment:
        """Give a moment since which what falls due has been as it is, maybe for longer."""
        return self.changed_at if self.priced_at is None else self.priced_at

    def held_since(self) -> Moment:
        """Give a moment since which plan and quantity have been as they are, maybe for longer."""
        return max(self.changed_at, self.started_at) if self.held_at is None else self.held_at


class Lifetime(msgspec.Struct, array_like=True):
    """All that was ever recorded of a metric.

    Attributes:
        total: The amount of all of it.
        since: Since when that is, by when it was used.
        last_at: When the newest of it was used.
        reached: Milestones that the total was seen to pass, each with the moment by which it had.
    """

    total: float
    since: Moment
    last_at: Moment
    reached: list[tuple[int, Moment]] = []


class Usage(msgspec.Struct, array_like=True):
    """How much of a metric was used: in the period that began at ``period_started_at``, or a gauge.

    A gauge (seats in use) has no period and stays until it is set anew.

    Attributes:
        amount: The amount used in the period, or the level.
        period_started_at: When the period began, None for a gauge.
        days: What was used on each of the last days, or a gauge's last level on it, for the days that
            something was recorded on, oldest first; a day is its number since 1970 in UTC.
        level_at: When a gauge stood at ``amount``, None for what has a period.
        past: When each of the last periods before the present one began, and the amount used in it.
        lifetime: All that was ever recorded; None for a gauge, and where nothing has been since this is
            kept.
    """

    amount: float
    period_started_at: Moment | None
    days: list[tuple[int, float]] = []
    level_at: Moment | None = None
    past: list[tuple[Moment, float]] = []
    lifetime: Lifetime | None = None


class OveragePayment(msgspec.Struct, array_like=True):
    """What was paid, or with a minus given back, for use beyond a limit: minor units and currency."""

    amount: int
    currency: str
    paid_at: Moment


class Span(msgspec.Struct, array_like=True):
    """A stretch in which a state held: what keeps it open, and when it last ended.

    Attributes:
        opened: When each of what is still open (ticket ids) began, in the order it was heard of.
        ended_at: When the last stretch ended, None when none ever did.
        closed: When something was said to have ended lately, for a beginning that is told after it.
    """

    opened: dict[str, Moment] = {}
    ended_at: Moment | None = None
    closed: dict[str, Moment] = {}


class CartLine(msgspec.Struct, array_like=True):
    """One item of a cart: which, how many, and what one costs in minor units, None when not said."""

    item: str
    quantity: float
    price: int | None = None


class Cart(msgspec.Struct, array_like=True):
    """What lies in a cart.

    Attributes:
        lines: Its items; none in one that was emptied.
        amount: What it is worth in minor units, None when not said.
        currency: ISO 4217 code, empty when not said.
        updated_at: When the last word on it happened; what happened before changes nothing.
        checkout_started_at: When its customer went to pay, None when they did not.
        asked_at: When a request that showed it was taken, None where events told of it.
        emptied_at: When an order last emptied it, 0 when none ever did.
        sold_out: Ids of items that cannot be had now, as the request said.
        is_checked: Whether a price told must be the catalog's, as whoever told it could say anything.
        taken: Ids of what was put in by offers that were taken, until an order empties it.
    """

    lines: list[CartLine]
    amount: int | None
    currency: str
    updated_at: Moment
    checkout_started_at: Moment | None = None
    asked_at: Moment | None = None
    emptied_at: Moment = 0
    sold_out: list[str] = []
    is_checked: bool = False
    taken: list[str] = []


class PackOrder(msgspec.Struct, omit_defaults=True):
    """An order of usage packs, and what of it was taken back.

    Attributes:
        at: When it was completed; of one of which only that was heard, when it was taken back.
        limits: How much of each metric its packs add to the usage period it was completed in.
        amount: What it came to in minor units, None when not said.
        refunded: The most that one refund gave back of it without saying of what, in minor units.
        is_canceled: Whether it was called off, or given back whole.
        returned: How much of each metric the packs add that were given back by name.
    """

    at: Moment
    limits: dict[str, float] = {}
    amount: int | None = None
    refunded: int = 0
    is_canceled: bool = False
    returned: dict[str, float] = {}

    @property
    def is_back(self) -> bool:
        """Whether all of it was taken back; a refund of an order that said no amount is of all of it."""
        return self.is_canceled or (self.refunded > 0 and self.refunded >= (self.amount or 0))


class ItemOrder(msgspec.Struct, frozen=True, array_like=True, order=True):
    """The last order of an item: when it was completed, and its id, empty when not said."""

    at: Moment
    order_id: str = ""


class Profile(msgspec.Struct, omit_defaults=True):
    """All we know of one unit now.

    Attributes:
        traits: Properties true until replaced: JSON scalars by name.
        subscriptions: By subscription id; for an account, or a customer without one.
        usage: By metric.
        counters: What rules need counted, by counter key.
        states: Sensitive states of which something began or ended, by name.
        cart: A customer's cart, None when nothing was ever said of one.
        packs: Orders of usage packs of the present and recent usage periods, by order id; for whoever pays.
        bought: When something of each product family was last ordered for money; for whoever pays.
        overage: What was paid for use beyond limits in the last year, by invoice.
        features: The day since 1970 (UTC) each feature of a plan was used last on; for whoever pays.
        ordered: The last order of each item of the catalog that was not taken back; for whoever pays.
        tried: When what the catalog offers on trial was last on trial; for whoever pays.
    """

    traits: dict[str, Scalar] = {}
    subscriptions: dict[str, Subscription] = {}
    usage: dict[str, Usage] = {}
    counters: dict[str, CounterState] = {}
    states: dict[str, Span] = {}
    cart: Cart | None = None
    packs: dict[str, PackOrder] = {}
    bought: dict[str, Moment] = {}
    overage: dict[str, OveragePayment] = {}
    features: dict[str, int] = {}
    ordered: dict[str, ItemOrder] = {}
    tried: dict[str, Moment] = {}


@lru_cache(maxsize=4096)
def usage_period(anchor: Moment | None, now: Moment) -> tuple[Moment, Moment]:
    """Give the usage period ``[start, end)`` that holds ``now``.

    With an anchor (when the subscription started) periods are months counted from it, the day
    held to the month's length; without one they are calendar months in UTC.
    """
    present = to_datetime(now)
    start = (
        to_datetime(anchor) if anchor is not None else datetime(present.year, present.month, 1, tzinfo=UTC)
    )
    months = (present.year - start.year) * 12 + present.month - start.month
    if _months_after(start, months) > present:
        months -= 1
    return from_datetime(_months_after(start, months)), from_datetime(_months_after(start, months + 1))


def months_after(at: Moment, months: int) -> Moment:
    """Give the moment so many calendar months after ``at``, the day held to the month's length."""
    return from_datetime(_months_after(to_datetime(at), months))


def _months_after(start: datetime, months: int) -> datetime:
    year, month0 = divmod(start.year * 12 + start.month - 1 + months, 12)
    for day in range(start.day, 27, -1):
        try:
            return start.replace(year=year, month=month0 + 1, day=day)
        except ValueError:
            continue
    return start.replace(year=year, month=month0 + 1)
