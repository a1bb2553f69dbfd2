"""Terms: what an offer comes to for one unit at one moment, to be shown and then kept.

The law: what was shown is what is charged, and what is said of a discount is what is really taken off.
"""

from __future__ import annotations

from typing import assert_never

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.offers import FITTING, Offer, Target, ValueDiscount
from upsell.catalog.plans import BillingInterval, Plan, Product
from upsell.clock import Moment
from upsell.decisions.cart_changes import CartChange, ItemProposal, propose_item
from upsell.decisions.decision import Seen
from upsell.decisions.discounting import EXACT, Rounding, discounted, rate_taken
from upsell.decisions.facts import UnitFacts
from upsell.decisions.fit import Fit, fit_plan
from upsell.money import Money
from upsell.rules.facts import Facts


class Terms(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is proposed to one unit.

    Attributes:
        offer: Id of the offer.
        thing: Id of the plan, product, feature or item proposed; of the present plan for more seats or
            another interval.
        name: What customers call it.
        currency: ISO 4217 code.
        interval: How often the price falls due, empty for once or for nothing due.
        quantity: For how many units of quantity.
        full: The price of all units per interval before the discount, in minor units; None when not known.
        price: The same after the discount.
        unit_price: The price of one unit of quantity after the discount.
        cost: What serving all units costs over one interval, None when not known in the price's currency.
        cost_currency: The currency that cost is known in where it is another than the price's; empty
            otherwise.
        discount_rate: Share of the price really taken off, 0 to 1; as the offer says where the price is not
            known.
        discount: What the discount comes to in minor units over the months it lasts, at most a year.
        saving: What is saved per month against what they really pay, for a fitting plan, or per year for
            another interval, or once against its parts one by one, for a bundle of items, in minor units;
            None when not known or nothing.
        expires_at: Until when the terms hold once they are shown, None without an end.
        outcome_price: What each result costs, in minor units, in place of every other price, which are then
            None; None where it is not paid by results.
        outcome_per: Each what, such as ``booking made``; empty where it is not paid by results.
        cart: What taking it does to the cart that a request showed; None where none did.
    """

    offer: str
    thing: str
    name: str
    currency: str
    interval: str = ""
    quantity: float = 1.0
    full: int | None = None
    price: int | None = None
    unit_price: int | None = None
    cost: int | None = None
    cost_currency: str = ""
    discount_rate: float = 0.0
    discount: int = 0
    saving: int | None = None
    expires_at: Moment | None = None
    outcome_price: int | None = None
    outcome_per: str = ""
    cart: CartChange | None = None


class _Proposal(msgspec.Struct, frozen=True):
    """What is sold by an offer, before its discount: one unit's price and cost per interval."""

    thing: str
    name: str
    price: Money | None
    interval: BillingInterval | None = None
    quantity: float = 1.0
    cost: Money | None = None
    saving: int | None = None
    item: ItemProposal | None = None


def terms_of(facts: UnitFacts, catalog: Catalog, offer: Offer, rounding: Rounding = EXACT) -> Terms | None:
    """Say what an offer comes to for a unit now; None when there is nothing to propose to it.

    That is: no plan fits, nothing in the cart has a premium counterpart or a warranty or is covered by a
    bundle, or who has no plan is to get more of it. ``expires_at`` counts from now.

    Args:
        facts: The unit, as of now.
        catalog: What can be bought.
        offer: What may be proposed.
        rounding: To which prices discounted ones are rounded down.
    """
    proposal = _proposal(facts, catalog, offer)
    if proposal is None:
        return None
    if offer.outcome is not None:
        return Terms(
            offer=offer.id,
            thing=proposal.thing,
            name=proposal.name,
            currency=offer.outcome.amount.currency,
            quantity=proposal.quantity,
            expires_at=expiry_of(offer, facts.now),
            outcome_price=offer.outcome.amount.amount,
            outcome_per=offer.outcome.per,
        )
    currency = proposal.price.currency if proposal.price is not None else facts.holdings.currency
    full_unit = proposal.price.amount if proposal.price is not None else None
    rate = rate_for(offer, facts)
    unit = None if full_unit is None else discounted(full_unit, rate, currency, rounding)
    full = None if full_unit is None else round(full_unit * proposal.quantity)
    price = None if unit is None else round(unit * proposal.quantity)
    is_same = proposal.cost is not None and proposal.cost.currency == currency
    months = proposal.interval.months if proposal.interval is not None else 1
    cost = round(proposal.cost.amount * proposal.quantity * months) if is_same and proposal.cost else None
    return Terms(
        offer=offer.id,
        thing=proposal.thing,
        name=proposal.name,
        currency=currency,
        interval=proposal.interval.value if proposal.interval is not None else "",
        quantity=proposal.quantity,
        full=full,
        price=price,
        unit_price=unit,
        cost=cost,
        cost_currency=proposal.cost.currency if proposal.cost is not None and not is_same else "",
        discount_rate=rate_taken(full_unit, unit, rate),
        discount=_discount(offer, proposal.interval, full, price),
        saving=proposal.saving if proposal.item is None else _saved(proposal.item, unit),
        expires_at=expiry_of(offer, facts.now),
        cart=proposal.item.change(unit, currency)
        if proposal.item is not None and unit is not None and facts.is_cart_asked
        else None,
    )


def rate_for(offer: Offer, facts: Facts) -> float:
    """Give the share of the price that an offer takes off for a unit now, 0 to 1."""
    if offer.by_value is None:
        return offer.discount_rate
    return offer.by_value.rate(offer.by_value.of.value(facts))


def value_seen(by_value: ValueDiscount, facts: Facts) -> Seen:
    """Give the value that a discount hangs on, as it is now."""
    value = by_value.of.value(facts)
    return Seen(by_value.of.text, value if isinstance(value, int | float) else None)


def expiry_of(offer: Offer, shown_at: Moment) -> Moment | None:
    """Give until when an offer that was shown is honoured: its end, or its time after being shown."""
    ends = [offer.available_until] if offer.available_until is not None else []
    if offer.valid_for is not None:
        ends.append(shown_at + offer.valid_for)
    return min(ends, default=None)


def _discount(offer: Offer, interval: BillingInterval | None, full: int | None, price: int | None) -> int:
    if full is None or price is None or full == price:
        return 0
    if interval is None:
        return full - price
    months = min(offer.months or 12, 12)
    return round((full - price) * max(1.0, months / interval.months))


def _proposal(facts: UnitFacts, catalog: Catalog, offer: Offer) -> _Proposal | None:
    match offer.target:
        case Target.PLAN:
            return _plan(facts, catalog, offer)
        case Target.PRODUCT:
            return _product(facts, catalog.products[offer.thing], offer)
        case Target.SEATS:
            return _seats(facts, offer)
        case Target.FEATURE:
            return _Proposal(offer.thing, offer.thing, None)
        case Target.ITEM:
            return _item(facts, catalog, offer)
        case Target.INTERVAL:
            return _interval(facts, offer)
        case _:
            assert_never(offer.target)


def _plan(facts: UnitFacts, catalog: Catalog, offer: Offer) -> _Proposal | None:
    fit = None
    if offer.thing == FITTING:
        fit = fit_plan(facts, catalog, facts.country)
        if fit is None or fit.is_staying:
            return None
    plan = catalog.plans[fit.plan if fit is not None else offer.thing]
    holdings = facts.holdings
    is_same_family = holdings.plan is not None and holdings.plan.family == plan.family
    interval = _interval_of(plan, offer.interval or holdings.interval, holdings.currency)
    return _Proposal(
        thing=plan.id,
        name=plan.name,
        price=plan.price(interval, holdings.currency),
        interval=interval,
        quantity=holdings.quantity if is_same_family else 1.0,
        cost=plan.cost,
        saving=_saving(fit),
    )


def _saving(fit: Fit | None) -> int | None:
    return fit.saving.amount if fit is not None and fit.saving is not None and fit.saving.amount > 0 else None


def _interval_of(plan: Plan, wanted: BillingInterval, currency: str) -> BillingInterval:
    """Give the interval wanted where there is a price at it, else the first there is one at."""
    priced = (each for each in (wanted, *BillingInterval) if plan.price(each, currency) is not None)
    return next(priced, BillingInterval.MONTH)


def _product(facts: UnitFacts, product: Product, offer: Offer) -> _Proposal:
    currency = facts.holdings.currency
    once = product.once.get(currency)
    if once is not None:
        return _Proposal(product.id, product.name, once, cost=product.cost)
    wanted = offer.interval or facts.holdings.interval
    priced = (each for each in (wanted, *BillingInterval) if currency in product.prices.get(each, {}))
    interval = next(priced, BillingInterval.MONTH)
    price = product.prices.get(interval, {}).get(currency)
    return _Proposal(product.id, product.name, price, interval, cost=product.cost)


def _seats(facts: UnitFacts, offer: Offer) -> _Proposal | None:
    holdings = facts.holdings
    if holdings.plan is None or holdings.subscription is None:
        return None
    interval = _interval_of(holdings.plan, holdings.interval, holdings.currency)
    price = holdings.plan.price(interval, holdings.currency)
    name = f"{offer.seats} more seats" if offer.seats > 1 else "one more seat"
    return _Proposal(holdings.plan.id, name, price, interval, float(offer.seats), holdings.plan.cost)


def _item(facts: UnitFacts, catalog: Catalog, offer: Offer) -> _Proposal | None:
    found = propose_item(facts.whole_cart, catalog, offer.thing)
    if found is None:
        return None
    # What one costs the shop says nothing of a price that is only the difference to another.
    cost = found.cost if not found.paid else None
    item = found.item
    return _Proposal(item.id, item.name, found.price, None, float(found.quantity), cost, item=found)


def _saved(item: ItemProposal, unit: int | None) -> int | None:
    """Give what a bundle costs less than its parts, at the price it is proposed at."""
    if item.worth is None or unit is None or item.worth <= unit:
        return None
    return item.worth - unit


def _interval(facts: UnitFacts, offer: Offer) -> _Proposal | None:
    holdings, wanted = facts.holdings, offer.interval
    if holdings.plan is None or holdings.subscription is None or wanted is None:
        return None
    price = holdings.plan.price(wanted, holdings.currency)
    saving = None
    is_longer = holdings.interval.months < wanted.months
    if price is not None and holdings.paid is not None and is_longer:
        less = round(wanted.months * holdings.paid - price.amount * holdings.quantity)
        saving = less if less > 0 else None
    return _Proposal(
        holdings.plan.id, holdings.plan.name, price, wanted, holdings.quantity, holdings.plan.cost, saving
    )
