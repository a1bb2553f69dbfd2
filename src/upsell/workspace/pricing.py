"""Pricing: the price guardrails of the policy compiled, and every discount held to them at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import assert_never

from upsell.catalog.catalog import Catalog
from upsell.catalog.offers import FITTING, Offer, Target
from upsell.catalog.plans import BillingInterval, Plan, Product
from upsell.decisions.discounting import discounted, rate_taken
from upsell.decisions.rails import Rails, broken_rail
from upsell.journeys.concerns import discount_rules, rules_of
from upsell.journeys.speaking import first_steps
from upsell.journeys.steps import ChooseStep, Journey
from upsell.journeys.workflow import UnitKind, Workflow
from upsell.money import Money
from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import NOTHING_WRITTEN, Item, Leaf, Listing, Record
from upsell.workspace.products import compile_money
from upsell.workspace.protection import Protection, events_deciding
from upsell.workspace.written_steps import place_of


def compile_rails(record: Record | None, currency: str, findings: Findings) -> Rails:
    """Compile price guardrails; without any, every discount is allowed."""
    if record is None:
        return Rails()
    usual = Rails()
    budget, rounded = record.leaf("budget_per_unit"), record.leaf("round_to")
    return Rails(
        max_discount_rate=record.rate("max_discount", usual.max_discount_rate),
        min_margin_rate=record.rate("min_margin") if record.has("min_margin") else None,
        rest=record.integer("rest") or None,
        unit_budget=None if budget is None else compile_money(budget, currency, findings),
        unit_within=record.integer("budget_within", usual.unit_within),
        is_laddered=record.text("ladder", "false") == "true",
        round_to=None if rounded is None else compile_money(rounded, currency, findings),
        protected=frozenset(leaf.text for leaf in record.leaves("protected"))
        if record.has("protected")
        else usual.protected,
    )


def compile_budget(workflow: Record, catalog: Catalog, findings: Findings) -> Money | None:
    """Compile how much discount may be accepted through a workflow; None without a budget."""
    leaf = workflow.leaf("discount_budget")
    if leaf is None:
        return None
    budget = compile_money(leaf, catalog.currency, findings)
    if budget.amount <= 0:
        findings.error(
            leaf.place,
            f"expected a discount budget above 0, got {leaf.text}",
            hint="to give no discount, offer none",
            code="discount-budget",
        )
    return budget


def check_offers(written: Record | None, catalog: Catalog, rails: Rails, findings: Findings) -> None:
    """Note discounts that break a guardrail whoever they are given to."""
    offers = (written or NOTHING_WRITTEN).record("offers") or NOTHING_WRITTEN
    for key, record in offers.records():
        offer = catalog.offers.get(key)
        if offer is not None:
            for rate, place in _rates(offer, record):
                _check_rate(offer, rate, place, catalog, rails, findings)


def _rates(offer: Offer, record: Record) -> Iterator[tuple[float, Place]]:
    """Give every discount an offer may come to, and where it is written."""
    by_value = record.record("discount")
    if by_value is None:
        yield offer.discount_rate, record.keys.get("discount", record.place)
        return
    for step in by_value.each("steps"):
        if isinstance(step, Record):
            yield step.rate("off"), step.keys.get("off", step.place)


def _check_rate(
    offer: Offer, rate: float, place: Place, catalog: Catalog, rails: Rails, findings: Findings
) -> None:
    """Note a discount that breaks a guardrail at some price the offer is known to be made at."""
    for price, cost, said in _prices(catalog, offer):
        amount = price.amount if price is not None else None
        unit = discounted(price.amount, rate, price.currency, rails.rounding) if price is not None else None
        broken = broken_rail(rails, rate_taken(amount, unit, rate), unit, cost)
        if broken is not None:
            findings.error(
                place,
                f"expected {broken}, got {rate * 100:.4g} % off{said}",
                hint="policy.pricing of upsell.yaml holds for every discount; give less",
                code="price-guardrail",
            )
            return


def _prices(catalog: Catalog, offer: Offer) -> Iterator[tuple[Money | None, int | None, str]]:
    """Give the prices an offer is known to be made at: price, cost over the same time, and in words."""
    plan = catalog.plans.get(offer.thing) if offer.target is Target.PLAN and offer.thing != FITTING else None
    product = catalog.products.get(offer.thing) if offer.target is Target.PRODUCT else None
    yield None, None, ""
    sold = plan or product
    if sold is None:
        return
    for interval, prices in sold.prices.items():
        if offer.interval in (None, interval) or BillingInterval.YEAR not in sold.prices:
            for price in prices.values():
                is_same = sold.cost is not None and sold.cost.currency == price.currency
                cost = sold.cost.amount * interval.months if is_same and sold.cost is not None else None
                yield price, cost, f" {price} a {interval.value}"
    if product is not None:
        for price in product.once.values():
            cost = product.cost.amount if product.cost is not None else None
            yield price, cost, f" {price}"


def check_workflow(
    workflow: Workflow,
    record: Record,
    catalog: Catalog,
    rails: Rails,
    protection: Protection,
    findings: Findings,
) -> None:
    """Note a discount that nothing of value comes before, and a price that hangs on a protected trait."""
    gives = [offer for offer in workflow.offers.values() if offer.deepest_rate > 0]
    if workflow.discount_budget is not None:
        _check_budget(workflow.discount_budget, gives, record, catalog, findings)
    if not gives:
        return
    if rails.is_laddered and _begins_with_discount(workflow.journey, catalog):
        findings.error(
            record.keys.get("journey", record.place),
            "expected a step that speaks without a discount before one that gives it, got the discount first",
            hint="policy.pricing.ladder: value first, discount last; begin with help, or with the full price",
            code="ladder",
        )
    _check_scopes(workflow, gives, record, findings)
    # What the offers' own discounts hang on is asked where it is written, in the catalog.
    of_offers = list(discount_rules(workflow.offers.values()))
    rules = [rule for rule in rules_of(workflow) if all(rule is not each for each in of_offers)]
    read = [(_place_of(record, rule.text), protection.of_rule(rule)) for rule in rules]
    for event, where, at in events_deciding(workflow):
        place = record.keys.get("trigger", record.place) if at is None else place_of(record, at)
        if where is not None:
            read.append((_place_of(record, where.text, place), protection.of_properties(where.reads)))
        read.append((place, protection.of_event(event, where.text if where is not None else None)))
    for place, names in read:
        for name in names:
            findings.error(
                place,
                f"expected no protected trait where a discount is given, got {name}",
                hint="a price may not hang on who somebody is; drop the rule, or the discount",
                code="protected-trait",
            )


def _place_of(item: Item, text: str, otherwise: Place | None = None) -> Place:
    """Give where a rule is written; of one that is put together ``otherwise``, or where it all begins."""
    pending = [item]
    while pending:
        here = pending.pop()
        match here:
            case Leaf():
                if here.text == text:
                    return here.place
            case Listing():
                pending.extend(reversed(here.items))
            case Record():
                pending.extend(reversed(list(here.items.values())))
            case _:
                assert_never(here)
    return otherwise or item.place


def _check_scopes(workflow: Workflow, gives: list[Offer], record: Record, findings: Findings) -> None:
    """Warn of a discount that hangs on what an account has none of, and so is never given."""
    if workflow.unit is not UnitKind.ACCOUNT:
        return
    for offer in gives:
        scopes = {scope for scope, _ in offer.by_value.of.reads.traits} if offer.by_value else set[str]()
        for scope in sorted(scopes & {"customer", "cart"}):
            findings.warning(
                record.keys.get("unit", record.place),
                f"expected a discount of {offer.id} that an account can have, got one by {scope}.*",
                hint=f"an account has no {scope} of its own: the value is unknown, so nothing is taken off",
                code="discount-value",
            )


def _check_budget(
    budget: Money, gives: list[Offer], record: Record, catalog: Catalog, findings: Findings
) -> None:
    """Note a budget that nothing counts against, or that what is accepted may pass by without bound."""
    place = record.keys["discount_budget"]
    if not gives:
        findings.error(
            place,
            "expected an offer with a discount in a workflow with discount_budget, got none",
            hint="drop discount_budget, or let a step make an offer that has a discount",
            code="discount-budget",
        )
    for offer in gives:
        if offer.valid_for is None and offer.available_until is None:
            findings.warning(
                place,
                f"expected valid_for in the offer {offer.id}, whose discount is budgeted, got none",
                hint="what was shown stays open until its end, and is honoured after the budget is spent",
                code="open-discount",
            )
        others = sorted(_currencies(_sold(catalog, offer)) - {budget.currency})
        if others:
            findings.warning(
                place,
                f"expected {offer.id} at prices in {budget.currency} alone, got {', '.join(others)} beside",
                hint="currencies are never added: discounts in another one do not count against the budget",
                code="budget-currency",
            )


def lint_currencies(offer: Offer, record: Record, catalog: Catalog, rails: Rails, findings: Findings) -> None:
    """Note a discount at prices at which a guardrail cannot be asked, so that it is never given there."""
    if offer.deepest_rate <= 0:
        return
    sold = _sold(catalog, offer)
    unasked = {"budget_per_unit": set[str](), "min_margin": set[str]()}
    if rails.unit_budget is not None:
        unasked["budget_per_unit"] = _currencies(sold) - {rails.unit_budget.currency}
    if rails.min_margin_rate is not None:
        unasked["min_margin"] = {
            found
            for each in sold
            if each.cost is not None
            for found in _currencies([each]) - {each.cost.currency}
        }
    for rail, found in unasked.items():
        if found:
            findings.warning(
                record.keys.get("discount", record.place),
                f"expected {offer.id} at prices in the currency that {rail} is asked in, got "
                f"{', '.join(sorted(found))} beside",
                hint="currencies are never compared: at those prices a discount is refused (price_guardrail)",
                code="rail-currency",
            )


def _sold(catalog: Catalog, offer: Offer) -> list[Plan | Product]:
    """Give the plans and products an offer may be about, as far as the catalog says."""
    match offer.target:
        case Target.PLAN if offer.thing != FITTING:
            return [plan for key, plan in catalog.plans.items() if key == offer.thing]
        case Target.PLAN | Target.SEATS | Target.INTERVAL:
            return list(catalog.plans.values())
        case Target.PRODUCT:
            return [product for key, product in catalog.products.items() if key == offer.thing]
        case Target.FEATURE | Target.ITEM:
            return []
        case _:
            assert_never(offer.target)


def _currencies(sold: Collection[Plan | Product]) -> set[str]:
    """Give the currencies that plans and products have prices in."""
    found = {currency for each in sold for prices in each.prices.values() for currency in prices}
    return found | {currency for each in sold if isinstance(each, Product) for currency in each.once}


def _is_discounted(catalog: Catalog, offer: Offer) -> bool:
    return any(each.deepest_rate > 0 for each in catalog.chain(offer.id))


def _begins_with_discount(journey: Journey, catalog: Catalog) -> bool:
    """Tell whether the first thing said may have a discount; what is chosen may be any of its offers."""
    chosen: dict[str, list[str]] = {}
    for step in journey.steps.values():
        if isinstance(step, ChooseStep):
            chosen.setdefault(step.name, []).extend(step.offers)
    named = [name for step in first_steps(journey) for name in step.offer.values()]
    return any(
        _is_discounted(catalog, catalog.offers[offer])
        for name in named
        for offer in chosen.get(name, [name])
        if offer in catalog.offers
    )
