"""Margins of prices: what is left of each price of the catalog, and of each offer's, beyond its cost.

The laws: a cost that is not stated leaves no margin to tell, and currencies are never compared; a margin is
told at list prices, for one unit of quantity, at the deepest discount an offer gives.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.items import Item
from upsell.catalog.offers import Offer, Target
from upsell.catalog.plans import Plan, Product
from upsell.decisions.discounting import discounted
from upsell.decisions.rails import Rails
from upsell.journeys.program import Program
from upsell.money import Money


class PriceMargin(msgspec.Struct, frozen=True):
    """What is left of one price.

    Attributes:
        thing: Id of the plan, product or item.
        name: What customers call it.
        offer: Id of the offer whose discount is off the price; empty for the list price.
        interval: How often it falls due; empty for once.
        price: The price of one.
        cost: What serving it costs for as long.
        rate: The share of the price that is left: below 0 where it costs more than it brings.
        is_enough: Whether that is what the policy asks for of discounted prices, or all that is asked.
    """

    thing: str
    name: str
    offer: str
    interval: str
    price: Money
    cost: Money
    rate: float
    is_enough: bool

    @property
    def left(self) -> Money:
        """What is left of the price."""
        return self.price - self.cost


class _Priced(msgspec.Struct, frozen=True):
    thing: str
    name: str
    interval: str
    price: Money
    cost: Money


def has_costs(catalog: Catalog) -> bool:
    """Tell whether the catalog states what anything costs."""
    sold: tuple[Plan | Product | Item, ...] = (
        *catalog.plans.values(),
        *catalog.products.values(),
        *catalog.items.values(),
    )
    return any(each.cost is not None for each in sold)


def read_margins(program: Program) -> tuple[PriceMargin, ...]:
    """Give every price with a cost in its currency, and what each offer with a discount leaves of it."""
    catalog, rails = program.catalog, program.policy.rails
    priced = list(_priced(catalog))
    plain = [_margin(each, "", each.price.amount, rails) for each in priced if each.price.amount > 0]
    offered = [
        _margin(each, offer.id, _reduced(each, offer, rails), rails)
        for offer in catalog.offers.values()
        if offer.deepest_rate > 0
        for each in priced
        if _is_about(offer, each) and each.price.amount > 0
    ]
    return (*plain, *offered)


def _priced(catalog: Catalog) -> Iterator[_Priced]:
    recurring: tuple[Plan | Product, ...] = (*catalog.plans.values(), *catalog.products.values())
    for sold in recurring:
        yield from _recurring(sold)
    for product in catalog.products.values():
        for price in product.once.values():
            if product.cost is not None and product.cost.currency == price.currency:
                yield _Priced(product.id, product.name, "", price, product.cost)
    for item in catalog.items.values():
        if item.price is not None and item.cost is not None and item.cost.currency == item.price.currency:
            yield _Priced(item.id, item.name, "", item.price, item.cost)


def _recurring(sold: Plan | Product) -> Iterator[_Priced]:
    if sold.cost is None:
        return
    for interval, by_currency in sold.prices.items():
        price = by_currency.get(sold.cost.currency)
        if price is not None:
            cost = Money(sold.cost.amount * interval.months, sold.cost.currency)
            yield _Priced(sold.id, sold.name, interval.value, price, cost)


def _is_about(offer: Offer, priced: _Priced) -> bool:
    is_bought = offer.target in (Target.PLAN, Target.PRODUCT, Target.ITEM) and offer.thing == priced.thing
    return is_bought and (offer.interval is None or offer.interval.value == priced.interval)


def _reduced(priced: _Priced, offer: Offer, rails: Rails) -> int:
    return discounted(priced.price.amount, offer.deepest_rate, priced.price.currency, rails.rounding)


def _margin(priced: _Priced, offer: str, price: int, rails: Rails) -> PriceMargin:
    rate = (price - priced.cost.amount) / price
    least = rails.min_margin_rate or 0.0
    return PriceMargin(
        priced.thing,
        priced.name,
        offer,
        priced.interval,
        Money(price, priced.price.currency),
        priced.cost,
        rate,
        rate >= (least if offer else 0.0),
    )
