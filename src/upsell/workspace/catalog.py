"""The catalog: ``catalog.yaml`` compiled to plans and offers.

The law: amounts are read exactly. Digits finer than the currency's minor unit are a problem, never
rounded away.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from upsell.catalog.items import Item
from upsell.catalog.plans import BillingInterval, Catalog, Offer, OfferKind, Plan
from upsell.clock import Moment, from_datetime, parse_moment
from upsell.money import Money, minor_digits
from upsell.workspace.documents import CATALOG
from upsell.workspace.findings import Findings
from upsell.workspace.items import NOTHING_WRITTEN, Leaf, Record
from upsell.workspace.settings import Settings


def compile_catalog(written: Record | None, settings: Settings, findings: Findings) -> Catalog:
    """Compile ``catalog.yaml``; without it, an empty catalog."""
    record = written or NOTHING_WRITTEN
    plans = record.record("plans") or NOTHING_WRITTEN
    offers = record.record("offers") or NOTHING_WRITTEN
    default = record.leaf("default_plan")
    if default is not None:
        _check_plan(default, plans, findings)
    compiled = {key: _plan(key, plan, settings.currency, findings) for key, plan in plans.records()}
    limited = {metric for plan in compiled.values() for metric in plan.limits}
    return Catalog(
        plans=compiled,
        offers={key: _offer(key, offer, plans, settings.zone, findings) for key, offer in offers.records()},
        default_plan=None if default is None else default.text,
        metrics=frozenset(leaf.text for leaf in record.leaves("metrics")) | limited,
        items=_items(record.record("items") or NOTHING_WRITTEN, settings.currency, findings),
    )


def _plan(key: str, record: Record, currency: str, findings: Findings) -> Plan:
    """Compile one plan."""
    prices = record.record("price") or NOTHING_WRITTEN
    amounts = {
        interval: _money(amount, currency, findings)
        for interval in BillingInterval
        if (amount := prices.leaf(interval.value)) is not None
    }
    cost = record.leaf("cost")
    limits = record.record("limits") or NOTHING_WRITTEN
    return Plan(
        id=key,
        name=record.text("name"),
        tier=record.integer("tier"),
        prices=amounts,
        limits={metric: limits.rate(metric) for metric in limits.items},
        features=tuple(leaf.text for leaf in record.leaves("features")),
        cost=None if cost is None else _money(cost, currency, findings),
    )


def _offer(key: str, record: Record, plans: Record, zone: str, findings: Findings) -> Offer:
    """Compile one offer."""
    plan = record.leaf("plan")
    if plan is not None:
        _check_plan(plan, plans, findings)
    if record.has("months") and not record.has("discount"):
        findings.error(
            record.keys["months"],
            "expected a discount beside months, got months alone",
            hint="months says how long the discount lasts; add discount, or drop months",
        )
    until = record.leaf("available_until")
    return Offer(
        id=key,
        kind=OfferKind(record.text("kind", OfferKind.UPGRADE.value)),
        plan="" if plan is None else plan.text,
        title=record.text("title"),
        reason=record.text("reason"),
        discount_rate=record.rate("discount"),
        months=record.integer("months") or None,
        trial_days=record.integer("trial_days"),
        available_until=None if until is None else _end_of(until.text, zone),
    )


def _items(written: Record, currency: str, findings: Findings) -> Mapping[str, Item]:
    """Compile the items, and note premium counterparts that are none."""
    items = {key: _item(key, record, currency, findings) for key, record in written.records()}
    for key, record in written.records():
        leaf = record.leaf("premium")
        if leaf is None:
            continue
        if leaf.text not in written.keys:
            findings.unknown(leaf.place, "item", leaf.text, written.keys, CATALOG)
        elif leaf.text in items:
            _check_premium(items, key, leaf, findings)
    return items


def _item(key: str, record: Record, currency: str, findings: Findings) -> Item:
    """Compile one item."""
    price = record.leaf("price")
    return Item(
        id=key,
        name=record.text("name"),
        price=None if price is None else _money(price, currency, findings),
        premium=record.text("premium") or None,
        difference=record.text("difference"),
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


def _money(leaf: Leaf, currency: str, findings: Findings) -> Money:
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


def _end_of(text: str, zone: str) -> Moment:
    """Give the moment ``text`` says: itself, or for a date the end of that day in ``zone``."""
    at = parse_moment(text)
    if at is not None:
        return at
    day = date.fromisoformat(text)
    if day == date.max:
        return from_datetime(datetime.combine(day, time.min, ZoneInfo("UTC")))
    return from_datetime(datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone)))


def _check_plan(leaf: Leaf, plans: Record, findings: Findings) -> None:
    """Note a plan that the catalog lacks."""
    if leaf.text not in plans.keys:
        findings.unknown(leaf.place, "plan", leaf.text, plans.keys, CATALOG)
