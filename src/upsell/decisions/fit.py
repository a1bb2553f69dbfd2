"""Fit: the plan that costs least for what somebody is expected to use, and what it would have saved.

The law: nothing is recommended beyond need. Where the present plan is the cheapest that will do,
staying is best, and that is the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.plans import BillingInterval, Plan
from upsell.clock import Moment
from upsell.decisions.holdings import Holdings
from upsell.money import Money
from upsell.rules.facts import Scalar
from upsell.signals.packs import KEPT_PERIODS

SEATS = "seats"
"""The metric whose limit the quantity of a subscription is held to."""

LOOKED_AT = KEPT_PERIODS
"""How many past usage periods the proof looks back on: those of which packs are known."""


class PastPeriod(msgspec.Struct, frozen=True):
    """A usage period that is over.

    Attributes:
        began_at: When it began.
        used: What was used of each metric.
        plan: The plan that was in force in all of it.
        added: What add-ons and packs added to the limits of that plan.
    """

    began_at: Moment
    used: Mapping[str, float]
    plan: Plan
    added: Mapping[str, float]


class Uses(Protocol):
    """What a fit asks of a unit: what it has, and what it uses."""

    holdings: Holdings

    @property
    def features_in_use(self) -> frozenset[str]:
        """The features of plans that were used lately."""
        ...

    def expected_use(self, metric: str) -> float | None:
        """Give how much will have been used by the end of the usage period, None when never recorded."""
        ...

    def past_use(self, metrics: Iterable[str], most: int) -> list[PastPeriod]:
        """Give the last usage periods that are over and had use of any of the metrics, oldest first.

        Only such in which one plan was in force throughout, as far as that is known.
        """
        ...


class Fit(msgspec.Struct, frozen=True):
    """Which plan fits, and what it would cost and save.

    Attributes:
        plan: Id of the plan that fits.
        is_staying: Whether it is the one in force.
        needs: Expected use of each metric to the end of the usage period, without the margin.
        price: Its price per month for the quantity held, with expected overage.
        saving: What it costs less per month than what they really pay, expected overage counted; None where
            staying cannot go on, what they pay is not known, or the price is of another interval.
        periods: In how many of the last four usage periods that are over something was used, of those
            throughout which it is known what they had.
        periods_over: In how many of these use was over what the plan of then, add-ons and packs included.
        would_have_saved: What it would have cost less over those periods, at its price of today, than what
            they paid, overage counted; None where one of them was under another plan or price, the present
            plan charges no overage, or a price is not known.
    """

    plan: str
    is_staying: bool
    needs: Mapping[str, float]
    price: Money
    saving: Money | None
    periods: int
    periods_over: int
    would_have_saved: Money | None


def fit_plan(facts: Uses, catalog: Catalog, country: str) -> Fit | None:
    """Find the plan for sale, of the same family, that costs least and covers what is needed.

    Of the others only those that the present plan leads to count, in one move: what is said to fit can be
    taken now. Where a way of several moves would end better, each next one is found once it is there.

    Another plan has all features in use that the present one has, and holds the seats paid for. A plan
    covers a metric that it includes without limit, whose limit is at least the expected use
    and the catalog's margin, or beyond which it charges overage. Of equals the greater tier wins.
    The present plan counts as one, whether still sold or not.

    Returns:
        The fit; None without a plan in force, without recorded use of a metric that plans limit, or
        where no plan with a known price covers it.
    """
    holdings = facts.holdings
    present = holdings.plan
    if present is None:
        return None
    rivals = [plan for plan in catalog.plans.values() if _is_offered(plan, present, country)]
    metrics = {metric for plan in (present, *rivals) for metric in (*plan.limits, *plan.unlimited)}
    needs = {m: need for m in sorted(metrics) if (need := facts.expected_use(m)) is not None}
    if not needs:
        return None
    staying = _monthly(present, needs, facts, catalog.margin)
    costs = {plan.id: _monthly(plan, needs, facts, catalog.margin) for plan in rivals}
    if staying is not None:
        costs[present.id] = staying
    known = [(cost, -catalog.plans[key].tier, key) for key, cost in costs.items() if cost is not None]
    if not known:
        return None
    cost, _, best = min(known, key=lambda each: (each[0], each[2] != present.id, each[1], each[2]))
    is_told = best == present.id or (holdings.paid is not None and _has_price(catalog.plans[best], holdings))
    past = facts.past_use(needs, LOOKED_AT)
    currency = holdings.currency
    return Fit(
        plan=best,
        is_staying=best == present.id,
        needs=needs,
        price=Money(round(cost), currency),
        saving=Money(round(staying - cost), currency) if staying is not None and is_told else None,
        periods=len(past),
        periods_over=sum(_is_over(period) for period in past),
        would_have_saved=_saved(present, catalog.plans[best], past, facts),
    )


def fit_facts(fit: Fit | None) -> dict[str, Scalar]:
    """Give what rules see of a fit, money in minor units; nothing where nothing can be said."""
    if fit is None:
        return {}
    return {
        "plan": fit.plan,
        "is_staying": fit.is_staying,
        "price": fit.price.amount,
        "saving": fit.saving.amount if fit.saving is not None else None,
        "periods": fit.periods,
        "periods_over": fit.periods_over if fit.periods else None,
        "would_have_saved": fit.would_have_saved.amount if fit.would_have_saved is not None else None,
    }


def limit_of(plan: Plan, metric: str, facts: Uses) -> float | None:
    """Give a plan's limit with what add-ons and packs add to the present one."""
    holdings = facts.holdings
    stated = plan.limits.get(metric)
    if stated is None or holdings.plan is None:
        return stated
    return stated + max(0.0, holdings.limits.get(metric, 0.0) - holdings.plan.limits.get(metric, 0.0))


def lacked_of(plan: Plan, facts: Uses) -> tuple[str, Scalar, Scalar] | None:
    """Say what of the present plan is in use or paid for that another lacks; None when it has it all.

    The features in use, and the quantity held to the other's limit of ``seats``.

    Returns:
        What it is called, how much of it there is, and how much the other plan has.
    """
    holdings = facts.holdings
    present = holdings.plan
    if present is None or plan is present:
        return None
    lacking = (facts.features_in_use & set(present.features)) - set(plan.features)
    if lacking:
        return "features in use", ", ".join(sorted(lacking)), ", ".join(plan.features) or None
    seats = limit_of(plan, SEATS, facts)
    if seats is not None and seats < holdings.quantity and SEATS not in plan.overage:
        return "seats paid for", holdings.quantity, seats
    return None


def _is_offered(plan: Plan, present: Plan, country: str) -> bool:
    if plan.id == present.id or plan.family != present.family:
        return False
    return plan.is_sold_in(country) and present.has_path_to(plan)


def _monthly(plan: Plan, needs: Mapping[str, float], facts: Uses, margin: float) -> float | None:
    """Give what a plan costs per month in minor units with expected overage; None where it will not do."""
    price = monthly_price(plan, facts)
    if price is None:
        return None
    cost = price
    if lacked_of(plan, facts) is not None:
        return None
    for metric, need in needs.items():
        limit = limit_of(plan, metric, facts)
        if limit is None:
            # What the present plan does not state has been enough so far; of another it is not known.
            if metric in plan.unlimited or plan is facts.holdings.plan:
                continue
            return None
        charge = plan.overage.get(metric)
        if charge is not None and charge.currency == facts.holdings.currency:
            cost += max(0.0, need - limit) * charge.amount
        elif limit < need * (1 + margin) and not (plan is facts.holdings.plan and limit >= need):
            return None
    return cost


def monthly_price(plan: Plan, facts: Uses) -> float | None:
    """Give a plan's price per month for the quantity held, by the interval held where it has one.

    Of the present plan what they really pay, and the catalog's price only where that is not known.
    """
    holdings = facts.holdings
    if plan is holdings.plan and holdings.paid is not None:
        return holdings.paid
    for interval in (holdings.interval, BillingInterval.MONTH):
        price = plan.price(interval, holdings.currency)
        if price is not None:
            return price.amount / interval.months * holdings.quantity
    return None


def _has_price(plan: Plan, holdings: Holdings) -> bool:
    return plan.price(holdings.interval, holdings.currency) is not None


def _is_over(period: PastPeriod) -> bool:
    limits = period.plan.limits
    return any(
        metric in limits and amount > limits[metric] + period.added.get(metric, 0.0)
        for metric, amount in period.used.items()
    )


def _saved(present: Plan, best: Plan, past: list[PastPeriod], facts: Uses) -> Money | None:
    """Give what the better plan would have saved over past periods, at its price of today.

    Packs that were bought would have been bought with it too: what they cost is not counted.
    """
    holdings = facts.holdings
    one, other = holdings.paid, monthly_price(best, facts)
    if one is None or other is None or not past or not present.overage:
        return None
    held = holdings.subscription
    is_priced_alike = held is None or held.priced_since() <= past[0].began_at
    if not is_priced_alike or not (best is present or _has_price(best, holdings)):
        return None
    if any(period.plan.id != present.id for period in past):
        return None
    currency = holdings.currency
    charged = sum(_overage(present, each, currency) - _overage(best, each, currency) for each in past)
    return Money(round(len(past) * (one - other) + charged), currency)


def _overage(plan: Plan, period: PastPeriod, currency: str) -> float:
    charged = 0.0
    for metric, amount in period.used.items():
        limit, charge = plan.limits.get(metric), plan.overage.get(metric)
        if limit is not None and charge is not None and charge.currency == currency:
            charged += max(0.0, amount - limit - period.added.get(metric, 0.0)) * charge.amount
    return charged
