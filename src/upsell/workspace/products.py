"""Products and prices of ``catalog.yaml`` compiled.

The law: amounts are read exactly. Digits finer than the currency's minor unit are a problem, never
rounded away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from upsell.catalog.plans import BillingInterval, Charge, Prices, Product, ProductKind
from upsell.money import Money, minor_digits
from upsell.workspace.documents import CATALOG
from upsell.workspace.findings import Findings
from upsell.workspace.items import NOTHING_WRITTEN, Item, Leaf, Record
from upsell.workspace.stripe_ids import compile_ids_once, compile_price_ids


def compile_product(
    key: str, record: Record, plans: Record, products: Record, currency: str, findings: Findings
) -> Product:
    """Compile one product, and note what it names that is not there."""
    kind = ProductKind(record.text("kind", ProductKind.ADD_ON.value))
    for leaf in record.leaves("plans"):
        check_known(leaf, "plan", plans.keys, findings)
    for leaf in record.leaves("contains"):
        check_known(leaf, "add-on or plan", {**plans.keys, **products.keys}, findings)
    if key in plans.keys:
        findings.error(
            record.place,
            f"expected an id that no plan has, got {key}",
            hint="a subscription names plans and products in one way; call one of them otherwise",
            code="id",
        )
    if record.has("contains") != (kind is ProductKind.BUNDLE) and record.has("kind"):
        findings.error(
            record.place,
            f"expected contains in a bundle and nowhere else, got kind {kind.value}",
            hint="contains lists the add-ons and plans that a bundle holds",
            code="bundle",
        )
    price = record.record("price") or NOTHING_WRITTEN
    cost = record.leaf("cost")
    limits = record.record("limits") or NOTHING_WRITTEN
    return Product(
        id=key,
        kind=kind,
        name=record.text("name"),
        prices=compile_prices(price, currency, findings),
        once=compile_by_currency(price.items.get("once"), currency, findings),
        limits={metric: limits.rate(metric) for metric in limits.items},
        features=tuple(leaf.text for leaf in record.leaves("features")),
        contains=tuple(leaf.text for leaf in record.leaves("contains")),
        plans=tuple(leaf.text for leaf in record.leaves("plans")),
        cost=None if cost is None else compile_money(cost, currency, findings),
        regions=tuple(leaf.text for leaf in record.leaves("regions")),
        is_for_sale=record.text("for_sale", "true") == "true",
        family=record.text("family"),
        stripe=compile_price_ids(record, currency, findings),
        stripe_once=compile_ids_once(record, currency),
    )


def compile_prices(record: Record, currency: str, findings: Findings) -> Prices:
    """Compile prices by interval; one amount is in the workspace's ``currency``."""
    return {
        interval: compile_by_currency(record.items.get(interval.value), currency, findings)
        for interval in BillingInterval
        if interval.value in record.items
    }


def compile_by_currency(item: Item | None, currency: str, findings: Findings) -> Mapping[str, Money]:
    """Compile amounts by currency; one amount is in the workspace's ``currency``, nothing is none."""
    if isinstance(item, Leaf):
        return {currency: compile_money(item, currency, findings)}
    if not isinstance(item, Record):
        return {}
    return {
        code: compile_money(leaf, code, findings)
        for code in item.items
        if (leaf := item.leaf(code)) is not None
    }


def compile_money(leaf: Leaf, currency: str, findings: Findings) -> Money:
    """Turn an amount in whole units into minor units, exactly."""
    digits = minor_digits(currency)
    exact = leaf.value * 10**digits if not isinstance(leaf.value, str) else 0
    whole = int(exact)
    if whole != exact:
        findings.error(
            leaf.place,
            f"expected at most {digits} digits after the point in {currency}, got {leaf.text}",
            hint="write the amount to the currency's smallest unit",
            code="too-precise",
        )
    return Money(whole, currency)


def compile_charge(leaf: Leaf, currency: str) -> Charge:
    """Turn what one of a metric costs, in whole units, into minor units and parts of them."""
    exact = leaf.value * 10 ** minor_digits(currency) if not isinstance(leaf.value, str) else 0
    return Charge(float(exact), currency)


def check_known(leaf: Leaf, noun: str, known: Collection[str], findings: Findings) -> None:
    """Note something that the catalog lacks."""
    if leaf.text not in known:
        findings.unknown(leaf.place, noun, leaf.text, known, CATALOG)
