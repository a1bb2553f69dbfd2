"""Standing: what a unit pays for, and its use of each metric against the plan, in one look.

For explanations and pages. The law: it says what rules see, by the same facts.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.clock import Moment
from upsell.decisions.facts import UnitFacts
from upsell.decisions.fit import Fit, fit_plan
from upsell.decisions.lineup import LineupOrder, ListedPlan, line_up
from upsell.decisions.proof import ProofFacts
from upsell.signals.forecast import Forecast


class MetricUse(msgspec.Struct, frozen=True):
    """How much of a metric is used against its limit.

    Attributes:
        metric: Which metric.
        used: The amount used in the present period, a gauge as it stands; None when never recorded.
        limit: The plan's limit, None when it states none.
        over: What was used beyond the limit; None where either is not known.
        forecast: When the limit is expected to be reached.
    """

    metric: str
    used: float | None
    limit: float | None
    over: float | None
    forecast: Forecast


class Standing(msgspec.Struct, frozen=True):
    """What a unit pays for and uses at one moment.

    Attributes:
        plan: Id of the plan in force, None without one.
        tier: Its tier.
        price: Its price per month and unit of quantity in minor units, None when not known.
        seats: Units of quantity paid for, None without a subscription.
        amount: What falls due per interval in minor units, None without a subscription.
        currency: The subscription's ISO 4217 code.
        interval: ``month`` or ``year``.
        renews_at: When the present terms end, None when not said.
        ends_at: When the subscription ends, None while it is open.
        period_started_at: When the usage period began.
        period_ends_at: When it ends.
        metrics: Use of each metric that is recorded or limited, by name.
        fit: The plan that fits, None where nothing can be said.
        plans: The plans they have or may move to, side by side.
        proof: What can be proved to them.
    """

    plan: str | None
    tier: int | None
    price: int | None
    seats: float | None
    amount: int | None
    currency: str | None
    interval: str | None
    renews_at: Moment | None
    ends_at: Moment | None
    period_started_at: Moment
    period_ends_at: Moment
    metrics: tuple[MetricUse, ...]
    fit: Fit | None = None
    plans: tuple[ListedPlan, ...] = ()
    proof: ProofFacts = ProofFacts()


def standing_of(facts: UnitFacts, catalog: Catalog, order: LineupOrder, proof: ProofFacts) -> Standing:
    """Give the standing of a unit, its plans in an order, with what can be proved to it."""
    metrics: Iterable[str] = catalog.metrics
    plan, held = facts.plan, facts.subscription
    started_at, ends_at = facts.usage_period()
    fit = fit_plan(facts, catalog, facts.country)
    values = {
        "plan": plan.get("id"),
        "tier": plan.get("tier"),
        "price": plan.get("price"),
        "seats": held.get("quantity"),
        "amount": held.get("amount"),
        "currency": held.get("currency"),
        "interval": held.get("interval"),
        "renews_at": held.get("renews_at"),
        "ends_at": held.get("ends_at"),
        "period_started_at": started_at,
        "period_ends_at": ends_at,
        "fit": fit,
        "plans": line_up(facts, catalog, order, fit),
        "proof": proof,
        "metrics": tuple(use for metric in sorted(metrics) if (use := _use(facts, metric)) is not None),
    }
    return Standing(**values)  # type: ignore[arg-type]  # the facts' scalars are of these kinds


def _use(facts: UnitFacts, metric: str) -> MetricUse | None:
    used, limit = facts.usage(metric), facts.limit(metric)
    if used is None and limit is None:
        return None
    over = max(0.0, used - limit) if used is not None and limit is not None else None
    return MetricUse(metric, used, limit, over, facts.forecast(metric))
