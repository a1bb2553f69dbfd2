"""The catalog: ``catalog.yaml`` compiled to plans and offers.

The law: amounts are read exactly. Digits finer than the currency's minor unit are a problem, never
rounded away; what one of a metric costs beyond a limit may be finer.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.items import Item
from upsell.catalog.offers import OF_THE_CART
from upsell.catalog.plans import Plan
from upsell.money import Money
from upsell.workspace.documents import CATALOG
from upsell.workspace.findings import Findings
from upsell.workspace.items import NOTHING_WRITTEN, Leaf, Record
from upsell.workspace.metrics import compile_metrics, compile_peers, named_metrics
from upsell.workspace.offers import compile_offers
from upsell.workspace.paths import check_offered_paths, check_paths, compile_paths
from upsell.workspace.products import (
    check_known,
    compile_charge,
    compile_money,
    compile_prices,
    compile_product,
)
from upsell.workspace.scalars import UNLIMITED
from upsell.workspace.settings import Settings
from upsell.workspace.stripe_ids import check_own_ids, compile_price_ids


def compile_catalog(written: Record | None, settings: Settings, findings: Findings) -> Catalog:
    """Compile ``catalog.yaml``; without it, an empty catalog."""
    record = written or NOTHING_WRITTEN
    plans = record.record("plans") or NOTHING_WRITTEN
    products = record.record("products") or NOTHING_WRITTEN
    offers = record.record("offers") or NOTHING_WRITTEN
    default = record.leaf("default_plan")
    if default is not None:
        check_known(default, "plan", plans.keys, findings)
    compiled = {key: _plan(key, plan, settings.currency, findings) for key, plan in plans.records()}
    check_paths(plans, compiled, findings)
    beside = {
        key: compile_product(key, product, plans, products, settings.currency, findings)
        for key, product in products.records()
    }
    items = _items(record.record("items") or NOTHING_WRITTEN, settings.currency, findings)
    limited = {
        metric for each in compiled.values() for metric in (*each.limits, *each.unlimited, *each.overage)
    }
    catalog = Catalog(
        plans=compiled,
        default_plan=None if default is None else default.text,
        metrics=named_metrics(record) | limited,
        items=items,
        products=beside,
        currency=settings.currency,
        margin=record.rate("fit_margin", 0.2),
        described=compile_metrics(record, settings.currency, findings),
        peers=compile_peers(record, settings, findings),
        largest_step=record.rate("largest_step") if record.has("largest_step") else None,
        bundled=_bundled(items),
    )
    catalog = msgspec.structs.replace(
        catalog, offers=compile_offers(offers, record, catalog, settings, findings)
    )
    check_offered_paths(offers, catalog, findings)
    check_own_ids({**dict(plans.records()), **dict(products.records())}, findings)
    return catalog


def _plan(key: str, record: Record, currency: str, findings: Findings) -> Plan:
    """Compile one plan."""
    cost = record.leaf("cost")
    limits = record.record("limits") or NOTHING_WRITTEN
    overage = record.record("overage") or NOTHING_WRITTEN
    unlimited = {metric for metric in limits.items if limits.text(metric) == UNLIMITED}
    plan = Plan(
        id=key,
        name=record.text("name"),
        tier=record.integer("tier"),
        prices=compile_prices(record.record("price") or NOTHING_WRITTEN, currency, findings),
        limits={metric: limits.rate(metric) for metric in limits.items if metric not in unlimited},
        unlimited=frozenset(unlimited),
        overage={
            metric: compile_charge(leaf, currency)
            for metric in overage.items
            if (leaf := overage.leaf(metric)) is not None
        },
        features=tuple(leaf.text for leaf in record.leaves("features")),
        cost=None if cost is None else compile_money(cost, currency, findings),
        family=record.text("family"),
        regions=tuple(leaf.text for leaf in record.leaves("regions")),
        is_for_sale=record.text("for_sale", "true") == "true",
        leads_to=compile_paths(record),
        stripe=compile_price_ids(record, currency, findings),
    )
    for metric, place in overage.keys.items():
        if metric not in plan.limits:
            findings.error(
                place,
                f"expected a limit of {metric} beside its overage, got none",
                hint="overage is what is used beyond a limit; state the limit",
                code="overage",
            )
    return plan


def _items(written: Record, currency: str, findings: Findings) -> Mapping[str, Item]:
    """Compile the items, and note premium counterparts and warranties that are none."""
    items = {key: _item(key, record, currency, findings) for key, record in written.records()}
    for key, record in written.records():
        _check_words(key, record, written, findings)
    for key, record in written.records():
        _check_cost(items[key], record, findings)
        if record.has("contains"):
            _check_bundle(items, key, record, findings)
        leaf = record.leaf("premium")
        if leaf is None:
            continue
        if leaf.text not in written.keys:
            findings.unknown(leaf.place, "item", leaf.text, written.keys, CATALOG)
        elif leaf.text in items:
            _check_premium(items, key, leaf, findings)
    return items


def _check_words(key: str, record: Record, written: Record, findings: Findings) -> None:
    """Note an item called as offers call what goes with another, and a warranty that is none."""
    if key in OF_THE_CART:
        findings.error(
            record.place,
            f"expected an id that is not a word of offers, got {key}",
            hint=f"item: {key} is about what goes with what lies in the cart; call this item otherwise",
            code="id",
        )
    leaf = record.leaf("warranty")
    others = [each for each in written.keys if each != key]
    if leaf is not None and leaf.text not in others:
        findings.unknown(leaf.place, "item", leaf.text, others, CATALOG)


def _item(key: str, record: Record, currency: str, findings: Findings) -> Item:
    """Compile one item."""
    price, cost = record.leaf("price"), record.leaf("cost")
    return Item(
        id=key,
        name=record.text("name"),
        price=None if price is None else compile_money(price, currency, findings),
        premium=record.text("premium") or None,
        warranty=record.text("warranty") or None,
        difference=record.text("difference"),
        again_after=record.integer("again_after") or None,
        regions=tuple(leaf.text for leaf in record.leaves("regions")),
        is_for_sale=record.text("for_sale", "true") == "true",
        family=record.text("family"),
        cost=None if cost is None else compile_money(cost, currency, findings),
        contains=tuple(leaf.text for leaf in record.leaves("contains")),
    )


def _bundled(items: Mapping[str, Item]) -> Mapping[str, tuple[str, ...]]:
    """Give the bundles that each item is part of."""
    found: dict[str, list[str]] = {}
    for key, item in items.items():
        for part in item.parts:
            found.setdefault(part, []).append(key)
    return {part: tuple(bundles) for part, bundles in found.items()}


def _check_bundle(items: Mapping[str, Item], key: str, record: Record, findings: Findings) -> None:
    """Note a bundle that holds what it cannot, has no price, or saves nothing."""
    bundle = items[key]
    known = {each: item for each, item in items.items() if each != key and not item.contains}
    unknown = [leaf for leaf in record.leaves("contains") if leaf.text not in known]
    for leaf in unknown:
        if leaf.text in items:
            findings.error(
                leaf.place,
                f"expected an item that is no bundle in the bundle {key}, got {leaf.text}",
                hint="a bundle holds items; list what the other one holds",
                code="bundle",
            )
        else:
            findings.unknown(leaf.place, "item", leaf.text, known, CATALOG)
    if bundle.price is None:
        findings.error(
            record.place,
            f"expected a price of the bundle {key}, got none",
            hint="what a bundle saves is told to the minor unit, so its price must be known",
            code="missing-key",
        )
    prices = [item.price for part in bundle.contains if (item := known.get(part)) is not None]
    singly = sum(price.amount for price in prices if price is not None)
    if bundle.price is not None and not unknown and None not in prices and singly <= bundle.price.amount:
        findings.warning(
            record.keys.get("price", record.place),
            f"expected a bundle that costs less than its parts, got {key} at {bundle.price} and its parts at "
            f"{Money(singly, bundle.price.currency)}",
            hint="a bundle is offered only to whom it saves something; look at the prices",
            code="bundle-price",
        )


def _check_cost(item: Item, record: Record, findings: Findings) -> None:
    """Warn of an item that is sold below what it costs: it is never offered."""
    if item.price is not None and item.cost is not None and item.price.amount < item.cost.amount:
        findings.warning(
            record.keys["cost"],
            f"expected a price of {item.id} that covers its cost of {item.cost}, got {item.price}",
            hint="an item below its cost is never offered; look at both",
            code="below-cost",
        )


def _check_premium(items: Mapping[str, Item], key: str, leaf: Leaf, findings: Findings) -> None:
    """Note a way of premium counterparts that comes back, and one that is no dearer."""
    way = [key]
    while (following := items[way[-1]].premium) is not None and following in items:
        if following in way:
            if following == key:
                findings.error(
                    leaf.place,
                    f"expected premium items that lead upwards, got a circle: {' -> '.join([*way, key])}",
                    hint="leave premium out of the best one",
                    code="premium-circle",
                )
            return
        way.append(following)
    price, better = items[key].price, items[leaf.text].price
    if price is not None and better is not None and better.amount <= price.amount:
        findings.warning(
            leaf.place,
            f"expected a premium item that is dearer than {key}, got {leaf.text} at {better}",
            hint="an upsell that costs less earns nothing; look at both prices",
            code="premium-price",
        )
