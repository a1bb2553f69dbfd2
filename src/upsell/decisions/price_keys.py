"""Price keys: a short name for the terms some offers are made at today.

For strata: units asked at different prices are compared apart. The law: the key is the same exactly as
long as every price and term that the offers can come to is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias, assert_never

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.items import Item
from upsell.catalog.offers import BUNDLE, FITTING, PREMIUM, WARRANTY, Offer, Target
from upsell.catalog.plans import Plan, Product
from upsell.decisions.discounting import EXACT, Rounding
from upsell.ids import digest
from upsell.money import Money

LENGTH = 8
"""Characters of a key: enough to tell the price lists of one workflow apart."""

_Sold: TypeAlias = Plan | Product | Item


def price_key(offers: Iterable[str], catalog: Catalog, rounding: Rounding = EXACT) -> str:
    """Name the terms that offers, and what falls back from them, are made at by a catalog.

    Args:
        offers: Ids of offers; those the catalog does not have are left out.
        catalog: What is offered today, at which prices.
        rounding: To which prices discounted ones are rounded down.

    Returns:
        ``LENGTH`` hexadecimal characters, or nothing where there are no offers.
    """
    chains = {each.id: each for name in offers for each in catalog.chain(name)}
    if not chains:
        return ""
    made = [[_terms(offer), sorted(_prices(catalog, offer))] for _, offer in sorted(chains.items())]
    return digest("prices", _rounding(rounding), msgspec.json.encode(made).decode())[:LENGTH]


def _rounding(rounding: Rounding) -> str:
    """Write to which prices is rounded; how deep it may go matters only where it is."""
    if rounding.to is None:
        return "1"
    deepest = f" {rounding.deepest_rate:g}" if rounding.deepest_rate < 1 else ""
    return f"{rounding.to.amount}{deepest}"


def _terms(offer: Offer) -> list[object]:
    """List what an offer says of its own price."""
    outcome = [offer.outcome.per, *_amount(offer.outcome.amount)] if offer.outcome is not None else None
    interval = offer.interval.value if offer.interval is not None else None
    return [
        offer.id,
        offer.target.value,
        offer.thing,
        offer.seats,
        interval,
        offer.discount_rate,
        offer.months,
        offer.trial_days,
        outcome,
    ]


def _prices(catalog: Catalog, offer: Offer) -> Iterator[list[str | int]]:
    """List every price the offer may be made at, whoever it is made to; none where results are paid."""
    if offer.outcome is not None:
        return
    for sold in _sold(catalog, offer):
        match sold:
            case Item():
                if sold.price is not None:
                    yield [sold.id, "once", *_amount(sold.price)]
            case Plan() | Product():
                for interval, prices in sold.prices.items():
                    yield from ([sold.id, interval.value, *_amount(price)] for price in prices.values())
                if isinstance(sold, Product):
                    yield from ([sold.id, "once", *_amount(price)] for price in sold.once.values())
            case _:
                assert_never(sold)


def _sold(catalog: Catalog, offer: Offer) -> Iterable[_Sold]:
    """Give what the offer may turn out to be about."""
    match offer.target:
        case Target.PLAN:
            plans = catalog.plans
            return plans.values() if offer.thing == FITTING else [plans[offer.thing]]
        case Target.SEATS | Target.INTERVAL:
            return catalog.plans.values()
        case Target.PRODUCT:
            return [catalog.products[offer.thing]]
        case Target.ITEM:
            if offer.thing == PREMIUM:
                return _premium(catalog)
            if offer.thing == BUNDLE:
                return _bundles(catalog)
            return _warranties(catalog) if offer.thing == WARRANTY else [catalog.items[offer.thing]]
        case Target.FEATURE:
            return []
        case _:
            assert_never(offer.target)


def _premium(catalog: Catalog) -> list[Item]:
    """Give the items that are a better one of another, and those others."""
    pairs = [(item, catalog.items[item.premium]) for item in catalog.items.values() if item.premium]
    return list({item.id: item for pair in pairs for item in pair}.values())


def _bundles(catalog: Catalog) -> list[Item]:
    """Give the bundles and what they hold, to which their prices are compared."""
    held = [item for item in catalog.items.values() if item.contains]
    parts = {part for item in held for part in item.contains}
    return [*held, *(catalog.items[part] for part in sorted(parts))]


def _warranties(catalog: Catalog) -> list[Item]:
    """Give the items that are the warranty of another."""
    named = {item.warranty for item in catalog.items.values() if item.warranty}
    return [catalog.items[each] for each in sorted(named)]


def _amount(money: Money) -> list[str | int]:
    return [money.currency, money.amount]
