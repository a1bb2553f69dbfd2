"""The line-up: the plans somebody may have, side by side, for mails, prompts and pricing pages.

The laws: nothing stands in it that is not sold to them or that they cannot move to; and what the
catalog does not state is said to be unknown, never shown as nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any, assert_never

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.plans import BillingInterval, Plan
from upsell.decisions.facts import UnitFacts
from upsell.decisions.fit import Fit
from upsell.money import Money

UNKNOWN = "unknown"
"""What is said of a price or limit that the catalog does not state."""

UNLIMITED = "unlimited"
"""What is said of a metric of which any amount is included."""


class LineupOrder(enum.Enum):
    """In which order plans stand side by side; what is seen first is what the others are held against."""

    ASCENDING = "ascending"
    DESCENDING = "descending"
    FITTING = "fitting"


class Stated(msgspec.Struct, frozen=True):
    """A price or limit as it is shown, and as a number: minor units, or how much; None when there is none."""

    text: str
    amount: int | float | None = None


class ListedPlan(msgspec.Struct, frozen=True):
    """One plan of a line-up.

    Attributes:
        id: The plan's id.
        name: What customers call it.
        tier: Its rank in its family.
        currency: ISO 4217 code of its prices: what they pay in, or would.
        prices: What falls due for one unit of quantity, by ``month`` and ``year``.
        features: What it includes, by name.
        limits: How much of each metric it includes per usage period, for every metric that some plan of
            the line-up limits.
        is_present: Whether they have it.
        is_fitting: Whether it is the plan that fits.
        is_offered: Whether the offer made to them is about it.
    """

    id: str
    name: str
    tier: int
    currency: str
    prices: Mapping[str, Stated]
    features: tuple[str, ...]
    limits: Mapping[str, Stated]
    is_present: bool
    is_fitting: bool
    is_offered: bool


def line_up(
    facts: UnitFacts, catalog: Catalog, order: LineupOrder, fit: Fit | None, offered: str | None = None
) -> tuple[ListedPlan, ...]:
    """Put the plans side by side that somebody has or may move to.

    They are those of the family of the plan offered, else of the one in force, else of the main one:
    for sale where they are, and one move away. The plan they have stands among them also when it is sold
    no more, and so does the one offered, which is honoured as it was shown.

    Args:
        facts: The unit, as of now.
        catalog: What can be bought.
        order: In which order; with no plan that fits, ``fitting`` is ascending.
        fit: The plan that fits, None where nothing can be said.
        offered: Id of the plan that is offered; None, or the id of another thing, for none.
    """
    proposed, held = catalog.plans.get(offered or ""), facts.holdings.plan
    leading = proposed or held
    family = leading.family if leading is not None else ""
    present = facts.plan_of(family)
    shown = [
        plan
        for plan in catalog.plans.values()
        if plan in (present, proposed) or (plan.family == family and _may_have(plan, present, facts.country))
    ]
    metrics = sorted({metric for plan in shown for metric in (*plan.limits, *plan.unlimited)})
    fitting = fit.plan if fit is not None else None
    return tuple(
        ListedPlan(
            id=plan.id,
            name=plan.name,
            tier=plan.tier,
            currency=facts.holdings.currency,
            prices={each.value: _price(plan, each, facts.holdings.currency) for each in BillingInterval},
            features=plan.features,
            limits={metric: _limit(plan, metric) for metric in metrics},
            is_present=plan is present,
            is_fitting=plan.id == fitting,
            is_offered=plan is proposed,
        )
        for plan in _ordered(shown, order, fitting)
    )


def lineup_content(plans: Iterable[ListedPlan]) -> list[dict[str, Any]]:
    """Give a line-up as JSON has it; an amount that is not known is null beside its text."""
    return [msgspec.to_builtins(plan) | {"features": list(plan.features)} for plan in plans]


def _may_have(plan: Plan, present: Plan | None, country: str) -> bool:
    return plan.is_sold_in(country) and (present is None or present.has_path_to(plan))


def _ordered(plans: list[Plan], order: LineupOrder, fitting: str | None) -> list[Plan]:
    ascending = sorted(plans, key=lambda plan: (plan.tier, plan.id))
    match order:
        case LineupOrder.ASCENDING:
            return ascending
        case LineupOrder.DESCENDING:
            return ascending[::-1]
        case LineupOrder.FITTING:
            return sorted(ascending, key=lambda plan: plan.id != fitting)
        case _:
            assert_never(order)


def _price(plan: Plan, interval: BillingInterval, currency: str) -> Stated:
    price: Money | None = plan.price(interval, currency)
    return Stated(UNKNOWN) if price is None else Stated(str(price), price.amount)


def _limit(plan: Plan, metric: str) -> Stated:
    if metric in plan.unlimited:
        return Stated(UNLIMITED)
    limit = plan.limits.get(metric)
    return Stated(UNKNOWN) if limit is None else Stated(f"{limit:,.15g}", limit)
