"""Offers and plans as plain data, for machines, and what these and their pages rest on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.plans import Plan, Prices, Product
from upsell.clock import Moment, format_moment
from upsell.journeys.program import Program
from upsell.runtime.offered import BudgetGiven, OfferUse, offering_workflows

PATH: Final = "/offers"
"""Under which each offer has its page, by its key."""


class Offered(msgspec.Struct, frozen=True):
    """What the pages rest on: what is live, and what became of its offers as of a moment."""

    program: Program
    uses: Mapping[str, OfferUse]
    budgets: tuple[BudgetGiven, ...]
    now: Moment


def offer_path(key: str) -> str:
    """Give where the page of an offer is."""
    return f"{PATH}/{quote(key, safe='')}"


def by_tier(catalog: Catalog) -> list[Plan]:
    """Give the plans by their families, the smallest of each first."""
    return sorted(catalog.plans.values(), key=lambda plan: (plan.family, plan.tier, plan.id))


def offers_content(found: Offered | None) -> dict[str, Any]:
    """Give offers and plans as plain data: amounts in minor units, lengths of time in microseconds."""
    if found is None:
        return {"as_of": None, "offers": [], "plans": [], "products": [], "items": 0, "budgets": []}
    catalog = found.program.catalog
    return {
        "as_of": format_moment(found.now),
        "offers": [offer_content(found, key) for key in catalog.offers],
        "plans": [_plan_content(plan) for plan in by_tier(catalog)],
        "products": [_product_content(product) for product in catalog.products.values()],
        "items": len(catalog.items),
        "budgets": [
            {
                "workflow": each.workflow,
                "budget": each.budget.amount,
                "currency": each.budget.currency,
                "accepted": each.accepted,
                "ran_out_at": _told(each.ran_out_at),
            }
            for each in found.budgets
        ],
    }


def offer_content(found: Offered, key: str) -> dict[str, Any]:
    """Give one offer as plain data, with what became of it."""
    offer, use = found.program.catalog.offers[key], found.uses[key]
    return {
        "key": key,
        "path": offer_path(key),
        "title": offer.title,
        "kind": offer.kind.value,
        "target": offer.target.value,
        "thing": offer.thing,
        "interval": offer.interval.value if offer.interval is not None else None,
        "discount_rate": offer.discount_rate,
        "deepest_rate": offer.deepest_rate,
        "months": offer.months,
        "trial_days": offer.trial_days,
        "regions": offer.regions,
        "available_from": _told(offer.available_from),
        "available_until": _told(offer.available_until),
        "valid_for": offer.valid_for,
        "guarantee": offer.guarantee,
        "guarantee_for": offer.guarantee_for,
        "fallback": offer.fallback,
        "stock": offer.stock,
        "budget": msgspec.to_builtins(offer.budget),
        "workflows": offering_workflows(found.program, key),
        "taken": use.taken,
        "last_taken_at": _told(use.last_taken_at),
        "spent": use.spent,
        "ran_out_at": _told(use.ran_out_at),
        "promised": use.promised,
    }


def _plan_content(plan: Plan) -> dict[str, Any]:
    return {
        "id": plan.id,
        "name": plan.name,
        "tier": plan.tier,
        "family": plan.family,
        "prices": _prices_content(plan.prices),
        "limits": dict(plan.limits),
        "unlimited": sorted(plan.unlimited),
        "features": plan.features,
        "is_for_sale": plan.is_for_sale,
    }


def _product_content(product: Product) -> dict[str, Any]:
    return {
        "id": product.id,
        "name": product.name,
        "kind": product.kind.value,
        "prices": _prices_content(product.prices),
        "once": {currency: price.amount for currency, price in product.once.items()},
        "limits": dict(product.limits),
        "features": product.features,
        "contains": product.contains,
        "is_for_sale": product.is_for_sale,
    }


def _prices_content(prices: Prices) -> dict[str, dict[str, int]]:
    return {
        interval.value: {currency: price.amount for currency, price in by_currency.items()}
        for interval, by_currency in prices.items()
    }


def _told(at: Moment | None) -> str | None:
    return format_moment(at) if at is not None else None
