"""Offers of ``catalog.yaml`` compiled: each is about one thing, and what falls back ends somewhere."""

from __future__ import annotations

from collections.abc import Mapping

from upsell.catalog.catalog import Catalog
from upsell.catalog.offers import (
    FITTING,
    OF_THE_CART,
    Objection,
    Offer,
    OfferKind,
    OfferText,
    OutcomePrice,
    Target,
    Testimonial,
)
from upsell.catalog.plans import BillingInterval, Plan, Product
from upsell.clock import Moment
from upsell.workspace.dates import moment_of
from upsell.workspace.documents import CATALOG
from upsell.workspace.findings import Findings
from upsell.workspace.items import NOTHING_WRITTEN, Record
from upsell.workspace.products import check_known, compile_money
from upsell.workspace.settings import Settings
from upsell.workspace.stripe_ids import compile_coupon

_ABOUT = (Target.PLAN, Target.PRODUCT, Target.SEATS, Target.FEATURE, Target.ITEM)


def compile_offers(
    offers: Record, written: Record, catalog: Catalog, settings: Settings, findings: Findings
) -> Mapping[str, Offer]:
    """Compile the offers over a catalog without them.

    Args:
        offers: The offers as written.
        written: The whole file, for the names of what could not be compiled.
        catalog: Plans, products and items.
        settings: Currency and zone.
        findings: Where problems are noted.
    """
    compiled = {}
    for key, record in offers.records():
        target = _target(record, findings)
        _check_thing(record, target, written, findings)
        _check_feature(record, target, catalog, findings)
        _check_terms(record, target, findings)
        compiled[key] = _offer(key, record, target, catalog, settings, findings)
    for key, record in offers.records():
        leaf = record.leaf("fallback")
        if leaf is None:
            continue
        check_known(leaf, "offer", offers.keys, findings)
        if _comes_back(key, compiled):
            findings.error(
                leaf.place,
                f"expected fallbacks that end, got some that lead back to {key}",
                hint="leave fallback out of the last one",
                code="fallback-circle",
            )
    return compiled


def _target(record: Record, findings: Findings) -> Target:
    """Give what an offer is about, and note when that is nothing or several things."""
    named = [target for target in _ABOUT if record.has(target.value)]
    if len(named) > 1:
        others = " and ".join(target.value for target in named)
        findings.error(
            record.keys[named[1].value],
            f"expected one thing that the offer is about, got {others}",
            hint="make one offer of each; a bundle of the catalog sells several as one",
            code="offer",
        )
    if not named and not record.has("interval"):
        findings.error(
            record.place,
            "expected what the offer is about, got none of plan, product, seats, feature, item, interval",
            hint="plan: fitting proposes whichever plan covers their use",
            code="missing-key",
        )
        return Target.PLAN
    return named[0] if named else Target.INTERVAL


def _check_thing(record: Record, target: Target, written: Record, findings: Findings) -> None:
    """Note a plan, product or item that the catalog lacks."""
    leaf = record.leaf(target.value)
    among = {Target.PLAN: "plans", Target.PRODUCT: "products", Target.ITEM: "items"}
    words = {Target.PLAN: (FITTING,), Target.ITEM: OF_THE_CART}.get(target, ())
    if leaf is not None and target in among and leaf.text not in words:
        known = (written.record(among[target]) or NOTHING_WRITTEN).keys
        check_known(leaf, target.value, known, findings)


def _check_feature(record: Record, target: Target, catalog: Catalog, findings: Findings) -> None:
    """Note a feature that no plan and no product has: nobody could keep it after the trial."""
    leaf = record.leaf(Target.FEATURE.value)
    if leaf is None or target is not Target.FEATURE:
        return
    sold: list[Plan | Product] = [*catalog.plans.values(), *catalog.products.values()]
    known = {feature for each in sold for feature in each.features}
    if leaf.text not in known:
        findings.unknown(leaf.place, "feature", leaf.text, known, CATALOG)


def _check_terms(record: Record, target: Target, findings: Findings) -> None:
    """Note terms that do not belong together."""
    if record.has("months") and not record.has("discount"):
        findings.error(
            record.keys["months"],
            "expected a discount beside months, got months alone",
            hint="months says how long the discount lasts; add discount, or drop months",
            code="offer",
        )
    if record.has("outcome") and record.has("discount"):
        findings.error(
            record.keys["discount"],
            "expected no discount beside outcome, got one",
            hint="outcome is the only price there is then; write it lower, or drop outcome",
            code="offer",
        )
    if target is Target.FEATURE and not record.integer("trial_days"):
        findings.error(
            record.keys.get("feature", record.place),
            "expected trial_days beside feature, got none",
            hint="a feature alone is tried for some days; to sell it, offer the plan or add-on that has it",
            code="missing-key",
        )
    if record.has("budget") and not record.has("discount"):
        findings.error(
            record.keys["budget"],
            "expected a discount beside budget, got none",
            hint="budget is how much discount is given away; stock limits an offer without one",
            code="offer",
        )


def _offer(
    key: str, record: Record, target: Target, catalog: Catalog, settings: Settings, findings: Findings
) -> Offer:
    """Compile one offer."""
    outcome = record.record("outcome")
    per_outcome = outcome.leaf("price") if outcome is not None else None
    budget = record.leaf("budget")
    interval = record.leaf("interval")
    sold = (
        catalog.plans.get(record.text("plan"))
        or catalog.products.get(record.text("product"))
        or catalog.items.get(record.text("item"))
    )
    return Offer(
        id=key,
        kind=OfferKind(record.text("kind", OfferKind.UPGRADE.value)),
        title=record.text("title"),
        target=target,
        thing="" if target is Target.SEATS else record.text(target.value) if target in _ABOUT else "",
        seats=record.integer("seats"),
        interval=None if interval is None else BillingInterval(interval.text),
        reason=record.text("reason"),
        discount_rate=record.rate("discount"),
        months=record.integer("months") or None,
        trial_days=record.integer("trial_days"),
        guarantee=record.text("guarantee"),
        guarantee_for=record.integer("guarantee_for") or None,
        downgrade=record.text("downgrade"),
        testimonials=tuple(
            Testimonial(each.text("quote"), each.text("name"), each.text("company"))
            for each in record.each("testimonials")
            if isinstance(each, Record)
        ),
        outcome=OutcomePrice(outcome.text("per"), compile_money(per_outcome, settings.currency, findings))
        if outcome is not None and per_outcome is not None
        else None,
        family=record.text("family") or (sold.family if sold is not None else ""),
        regions=tuple(leaf.text for leaf in record.leaves("regions")),
        available_from=_moment(record, "available_from", settings.zone, 0),
        available_until=_moment(record, "available_until", settings.zone, 1),
        valid_for=record.integer("valid_for") or None,
        stock=record.integer("stock") or None,
        budget=None if budget is None else compile_money(budget, settings.currency, findings),
        fallback=record.text("fallback") or None,
        locales={
            locale: OfferText(
                said.text("title"), said.text("reason"), said.text("guarantee"), said.text("downgrade")
            )
            for locale, said in (record.record("locales") or NOTHING_WRITTEN).records()
        },
        coupon=compile_coupon(record, findings),
        talk_track=record.text("talk_track"),
        objections=compile_objections(record),
    )


def compile_objections(record: Record) -> tuple[Objection, ...]:
    """Compile what may be said against something, with answers."""
    return tuple(
        Objection(each.text("says"), each.text("answer"))
        for each in record.each("objections")
        if isinstance(each, Record)
    )


def _comes_back(key: str, offers: Mapping[str, Offer]) -> bool:
    passed: set[str] = set()
    at: str | None = offers[key].fallback
    while at is not None and at in offers and at not in passed:
        if at == key:
            return True
        passed.add(at)
        at = offers[at].fallback
    return False


def _moment(record: Record, name: str, zone: str, days_after: int) -> Moment | None:
    """Give the moment a key says, None when it is absent."""
    leaf = record.leaf(name)
    return None if leaf is None else moment_of(leaf.text, zone, days_after)
