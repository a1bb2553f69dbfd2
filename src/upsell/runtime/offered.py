"""What became of offers: how often each was taken, what is left of stock and budget, what is promised.

For the pages of offers. The laws: what was taken is counted from the ledger, once for each showing; and what
a budget gave is what was accepted, never what was shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.offers import FITTING, Offer, Target
from upsell.catalog.plans import Plan, Prices, Product
from upsell.clock import Duration, Moment, format_duration, to_datetime
from upsell.journeys.program import Program
from upsell.money import Money
from upsell.runtime.programs import accepted_through
from upsell.store.acceptances import Acceptance


class OfferUse(msgspec.Struct, frozen=True):
    """What became of one offer so far.

    Attributes:
        taken: How often it was taken.
        last_taken_at: When last; None for never.
        spent: What its discounts came to, in minor units of its budget's currency; 0 without a budget.
        ran_out_at: When its stock or budget ran out; None while there is some.
        promised: How many of those who took it may still ask for their money back, by today's catalog.
    """

    taken: int
    last_taken_at: Moment | None
    spent: int
    ran_out_at: Moment | None
    promised: int


class BudgetGiven(msgspec.Struct, frozen=True):
    """What a workflow gave of its discount budget: both in minor units, and since when it gives no more."""

    workflow: str
    budget: Money
    accepted: int
    ran_out_at: Moment | None


def read_uses(program: Program, acceptances: Iterable[Acceptance], now: Moment) -> Mapping[str, OfferUse]:
    """Give what became of each offer of a program, by id."""
    offers = program.catalog.offers
    taken: dict[str, list[Acceptance]] = {key: [] for key in offers}
    for each in acceptances:
        if each.offer in taken:
            taken[each.offer].append(each)
    return {key: _use(offers[key], found, program.sold_out.get(key), now) for key, found in taken.items()}


def read_budgets_given(program: Program, acceptances: list[Acceptance]) -> tuple[BudgetGiven, ...]:
    """Give what each live workflow gave of its discount budget, by key; () where none has one."""
    return tuple(
        BudgetGiven(
            key,
            workflow.discount_budget,
            sum(accepted_through(key, workflow.discount_budget, acceptances)),
            program.spent[key].ran_out_at if key in program.spent else None,
        )
        for key, workflow in sorted(program.workflows.items())
        if workflow.discount_budget is not None
    )


def offering_workflows(program: Program, offer_id: str) -> tuple[str, ...]:
    """Give the keys of the live workflows that make an offer, themselves or where another cannot be made."""
    return tuple(key for key, workflow in sorted(program.workflows.items()) if offer_id in workflow.offers)


def price_words(prices: Prices, once: Mapping[str, Money] | None = None) -> tuple[str, ...]:
    """Say what something costs, each price by itself; () where none is stated."""
    recurring = [
        f"{amount} a {interval.value}"
        for interval, by_currency in prices.items()
        for amount in by_currency.values()
    ]
    return (*recurring, *(f"{amount} once" for amount in (once or {}).values()))


def limit_words(sold: Plan | Product) -> tuple[str, ...]:
    """Say what something includes of each metric, and what more of it costs."""
    added = "" if isinstance(sold, Plan) else "+"
    limits = [f"{metric} {added}{limit:,.10g}" for metric, limit in sold.limits.items()]
    if isinstance(sold, Product):
        return tuple(limits)
    endless = [f"{metric} without end" for metric in sorted(sold.unlimited)]
    over = [f"{charge} for each {metric} beyond" for metric, charge in sold.overage.items()]
    return (*limits, *endless, *over)


def gives_words(offer: Offer, catalog: Catalog) -> str:
    """Say what an offer proposes, and at what discount or trial."""
    parts = [_thing_words(offer, catalog), *_reductions(offer)]
    return ", ".join(part for part in parts if part)


def term_lines(offer: Offer) -> Iterator[tuple[str, str]]:
    """Give the terms of an offer, each with what it is called; what is not said is left out."""
    if offer.by_value is not None:
        steps = "; ".join(f"from {step.least:g} on {step.rate:.4g}" for step in offer.by_value.steps)
        yield "Discount by", f"{offer.by_value.of.text}: {steps} of the price"
    if offer.reason:
        yield "Because", offer.reason
    yield "Made in", ", ".join(offer.regions) or "every country"
    if offer.available_from is not None:
        yield "From", _minute(offer.available_from)
    if offer.available_until is not None:
        yield "Until", _minute(offer.available_until)
    yield "Terms hold", _for(offer.valid_for, "after it was shown")
    if offer.guarantee:
        yield "Guarantee", offer.guarantee
    if offer.guarantee_for is not None:
        yield "Money back", _for(offer.guarantee_for, "after it was taken")
    if offer.downgrade:
        yield "Going back", offer.downgrade
    if offer.family:
        yield "Product family", offer.family
    if offer.fallback is not None:
        yield "Otherwise", offer.fallback
    if offer.locales:
        yield "Also said in", ", ".join(sorted(offer.locales))


def _thing_words(offer: Offer, catalog: Catalog) -> str:
    name = _target_words(offer, catalog)
    return f"{name} by the {offer.interval.value}" if offer.interval is not None else name


def _target_words(offer: Offer, catalog: Catalog) -> str:
    match offer.target:
        case Target.PLAN:
            plan = catalog.plans.get(offer.thing)
            known = f"the plan {plan.name if plan is not None else offer.thing}"
            return "the plan that fits" if offer.thing == FITTING else known
        case Target.PRODUCT:
            product = catalog.products.get(offer.thing)
            return f"the {product.kind.value} {product.name}" if product is not None else offer.thing
        case Target.SEATS:
            return f"{offer.seats} more {'seat' if offer.seats == 1 else 'seats'}"
        case Target.FEATURE:
            return f"the feature {offer.thing}"
        case Target.ITEM:
            item = catalog.items.get(offer.thing)
            return item.name if item is not None else f"the {offer.thing} of what lies in the cart"
        case Target.INTERVAL:
            return "the present plan"
        case _:
            assert_never(offer.target)


def _reductions(offer: Offer) -> Iterator[str]:
    if offer.outcome is not None:
        yield f"{offer.outcome.amount} for each {offer.outcome.per}"
    if offer.discount_rate:
        months = f" for {offer.months} months" if offer.months is not None else ""
        yield f"{offer.discount_rate * 100:.4g} % off{months}"
    if offer.by_value is not None:
        yield f"up to {offer.deepest_rate * 100:.4g} % off"
    if offer.trial_days:
        yield f"{offer.trial_days} days on trial"


def _use(offer: Offer, taken: list[Acceptance], ran_out_at: Moment | None, now: Moment) -> OfferUse:
    budget, lasts = offer.budget, offer.guarantee_for
    return OfferUse(
        taken=len(taken),
        last_taken_at=taken[-1].taken_at if taken else None,
        spent=0
        if budget is None
        else sum(each.discount for each in taken if each.currency in ("", budget.currency)),
        ran_out_at=ran_out_at,
        promised=0 if lasts is None else sum(each.taken_at + lasts > now for each in taken),
    )


def _for(duration: Duration | None, after: str) -> str:
    return f"{format_duration(duration)} {after}" if duration is not None else "without an end"


def _minute(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d %H:%M} UTC"
