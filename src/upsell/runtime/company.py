"""A made-up company: how many accounts it has, what they do by themselves, and how they respond.

The scenario of the demo, as values. The law: everything that happens follows from the seed and
the account's number, so any account can be lived again alone, and differently only where a message
reached it.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import msgspec

from upsell.clock import DAY, Duration, Moment

YEAR: Duration = 365 * DAY


class PricedPlan(msgspec.Struct, frozen=True):
    """A plan as the company sells it: id, prices in minor units, use included a month, a shut feature."""

    id: str
    month: int
    year: int
    included: float
    shut_feature: str | None


PLANS = (
    PricedPlan("free", 0, 0, 50, "scheduled-reports"),
    PricedPlan("starter", 2900, 29000, 500, "scheduled-reports"),
    PricedPlan("team", 9900, 99000, 2000, "audit-log"),
    PricedPlan("business", 29900, 299000, 10000, None),
)
"""The company's plans by tier, as in its ``catalog.yaml``."""

CURRENCY = "USD"


class Response(msgspec.Struct, frozen=True):
    """What an account's fixed draw for a workflow must be under for its messages to change something.

    Attributes:
        rates: The chance that the first message, the first two, and so on, persuade; the last one
            holds for any further message.
        is_renewal: Whether persuaded means to stay at the renewal; otherwise it means to upgrade.
        by_arm: The same chances for an arm of an experiment, where they are others.
    """

    rates: tuple[float, ...]
    is_renewal: bool = False
    by_arm: Mapping[str, tuple[float, ...]] = msgspec.field(default_factory=dict)

    def rate(self, heard: int, arm: str | None = None) -> float:
        """Give the chance to be persuaded by so many messages of an arm; nothing by none."""
        rates = self.by_arm.get(arm or "", self.rates)
        return rates[min(heard, len(rates)) - 1] if heard > 0 and rates else 0.0


RESPONSES: Mapping[str, Response] = {
    "usage-limit": Response((0.01, 0.04, 0.10)),
    "locked-feature": Response((0.01, 0.07)),
    "renewal": Response((0.12, 0.35), is_renewal=True),
}
"""The planted responses of the demo, by workflow."""


class Habits(msgspec.Struct, frozen=True):
    """What accounts do by themselves; rates are chances per account and month unless said otherwise.

    Attributes:
        existing_rate: Share of accounts that signed up in the year before the simulation starts.
        plan_rates: Share of accounts that begin on each tier.
        yearly_rate: Share of paying accounts that pay by the year.
        upgrade_rates: Chance to upgrade with use under 80 %, under 100 %, and above the plan's limit.
        wanted_upgrade_rate: What a month of reaching for a shut feature adds to it.
        churn_rate: Chance that an account paying by the month leaves.
        lapse_rate: Chance, per renewal, that an account paying by the year leaves.
        downgrade_rate: Chance to take a smaller plan with use under 40 %.
        ticket_rate: Chance of a ticket.
        failure_rate: Chance of a failed payment.
        burst_rate: Chance of reaching for a shut feature again and again.
        gate_rate: Chance of reaching for it once.
        look_rate: Chance of looking at the prices.
        regret_rate: Chance, per persuaded upgrade, that money is asked back.
        pressure_rate: Chance, added by every message heard, of leaving because of it.
        objection_rate: Chance, added by every message heard, of asking for no more.
        fatigue_rate: What share of its force each message heard before, of whichever workflow, takes from
            the next.
    """

    existing_rate: float = 0.74
    plan_rates: tuple[float, ...] = (0.10, 0.46, 0.32, 0.12)
    yearly_rate: float = 0.70
    upgrade_rates: tuple[float, float, float] = (0.004, 0.05, 0.09)
    wanted_upgrade_rate: float = 0.04
    churn_rate: float = 0.012
    lapse_rate: float = 0.24
    downgrade_rate: float = 0.004
    ticket_rate: float = 0.05
    failure_rate: float = 0.012
    burst_rate: float = 0.075
    gate_rate: float = 0.05
    look_rate: float = 0.06
    regret_rate: float = 0.05
    pressure_rate: float = 0.0015
    objection_rate: float = 0.004
    fatigue_rate: float = 0.0


class Custom(msgspec.Struct, frozen=True):
    """An event of the company's own that accounts do by themselves, so often a month on average."""

    name: str
    monthly: float
    properties: Mapping[str, bool | int | float | str] = msgspec.field(default_factory=dict)


class Company(msgspec.Struct, frozen=True):
    """The whole scenario.

    Attributes:
        seed: What all chance hangs on.
        accounts: How many accounts sign up before the year ends.
        starts_at: When the simulated year starts.
        lasts: How long the simulation lasts, in microseconds.
        responses: The planted responses, by workflow.
        habits: What accounts do by themselves.
        plans: What it sells, by tier.
        metric: What its customers use.
        currency: What they pay in.
        customs: Events of its own beside those.
    """

    seed: int
    accounts: int
    starts_at: Moment
    lasts: Duration = YEAR
    responses: Mapping[str, Response] = msgspec.field(default_factory=lambda: RESPONSES)
    habits: Habits = Habits()
    plans: tuple[PricedPlan, ...] = PLANS
    metric: str = "reports"
    currency: str = CURRENCY
    customs: tuple[Custom, ...] = ()

    @property
    def ends_at(self) -> Moment:
        """When the simulation ends; nothing happens at it or after."""
        return self.starts_at + self.lasts

    def luck(self, index: int, *purpose: str | int) -> Random:
        """Give the chance that belongs to one account and purpose, the same in every world."""
        parts = (self.seed, index, *purpose)
        # Seeded chance is what a simulation is made of; nothing here is a secret.
        return Random("/".join(str(part) for part in parts))  # noqa: S311


def account_id(index: int) -> str:
    """Give the id of an account by its number."""
    return f"acct-{index:05d}"


def index_of(account: str) -> int:
    """Give the number of an account by its id."""
    return int(account.removeprefix("acct-"))
