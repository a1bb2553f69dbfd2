"""Stripe and the catalog: by which price something is sold there, and which prices it takes the place of.

Pure. The law: what the catalog names no price for is not sold by Stripe, and nothing is guessed in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from upsell.catalog.catalog import Catalog
from upsell.catalog.offers import Offer, Target
from upsell.catalog.plans import BillingInterval, Plan, Product
from upsell.channels.stripe_sale import Change, Sale
from upsell.decisions.terms import Terms
from upsell.money import Money


def sale_from(catalog: Catalog, offer: Offer, terms: Terms) -> Sale | None:
    """Say what terms are at Stripe; None where the catalog names no price for them.

    Args:
        catalog: What can be bought, with its ids.
        offer: The offer that made them.
        terms: What was shown.
    """
    sold = catalog.plans.get(terms.thing) or catalog.products.get(terms.thing)
    if sold is None or offer.target in (Target.FEATURE, Target.ITEM):
        return None
    prices = price_ids(catalog)
    plan = catalog.plan_in(terms.thing)
    change = Change.ADD if plan is None else Change.REPLACE
    if terms.interval:
        price = sold.stripe.get(BillingInterval(terms.interval), {}).get(terms.currency, "")
    else:
        price = sold.stripe_once.get(terms.currency, "") if isinstance(sold, Product) else ""
        change = Change.ONCE
    if not price:
        return None
    replaces = frozenset[str]()
    if offer.target is Target.SEATS:
        change, replaces = Change.MORE, frozenset({price})
    elif change is Change.REPLACE and plan is not None:
        replaces = frozenset(each for each, thing in prices.items() if _is_in_place_of(catalog, thing, plan))
    return Sale(
        price=price,
        change=change,
        replaces=replaces,
        known=frozenset(prices),
        coupon=offer.coupon,
        months=offer.months,
    )


def price_ids(catalog: Catalog) -> Mapping[str, str]:
    """Give every price that the catalog names at Stripe, with the id of what it is of."""
    return {price: sold.id for sold in _sold(catalog) for price in _ids(sold)}


def coupon_ids(catalog: Catalog) -> Mapping[str, str]:
    """Give every coupon that the catalog names at Stripe, with the id of an offer that has it."""
    return {offer.coupon: offer.id for offer in catalog.offers.values() if offer.coupon}


def stated_prices(catalog: Catalog) -> Iterator[tuple[str, Terms]]:
    """Give every price that the catalog names at Stripe, with the terms it stands for at its list price."""
    for sold in _sold(catalog):
        for interval, ids in sold.stripe.items():
            for currency, price in ids.items():
                yield price, _listed(sold, interval.value, sold.prices[interval][currency])
        if isinstance(sold, Product):
            for currency, price in sold.stripe_once.items():
                yield price, _listed(sold, "", sold.once[currency])


def _listed(sold: Plan | Product, interval: str, price: Money) -> Terms:
    return Terms(
        offer="", thing=sold.id, name=sold.name, currency=price.currency, interval=interval,
        full=price.amount, price=price.amount,
    )  # fmt: skip


def _is_in_place_of(catalog: Catalog, thing: str, plan: Plan) -> bool:
    """Tell whether a thing holds a plan of the same family, which one has one of."""
    held = catalog.plan_in(thing)
    return held is not None and held.family == plan.family


def _sold(catalog: Catalog) -> Iterator[Plan | Product]:
    yield from catalog.plans.values()
    yield from catalog.products.values()


def _ids(sold: Plan | Product) -> Iterator[str]:
    for by_currency in sold.stripe.values():
        yield from by_currency.values()
    if isinstance(sold, Product):
        yield from sold.stripe_once.values()
