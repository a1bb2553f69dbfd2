"""Entitlement: whether an offer can be made to somebody at all, and which of a chain is made.

The law: nobody is offered what they have, what is smaller than what they use, what they do not
need, what is not sold to them or has no such price, or what they cannot move to from the plan they have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.offers import BUNDLE, FITTING, WARRANTY, Offer, OfferKind, Target
from upsell.catalog.plans import Plan, Product, ProductKind
from upsell.clock import Duration, Moment
from upsell.decisions.carts import doubts
from upsell.decisions.decision import Seen, Verdict
from upsell.decisions.declines import ANY_THING, Decline, ask_declines, thing_key
from upsell.decisions.facts import UnitFacts
from upsell.decisions.fit import SEATS
from upsell.decisions.margins import ask_margin
from upsell.decisions.priced import ask_priced
from upsell.decisions.rails import Given, Rails, Spent, ask_rails, ask_spent
from upsell.decisions.reasons import Reason
from upsell.decisions.sizes import ask_size
from upsell.decisions.terms import Terms, terms_of, value_seen


class Past(msgspec.Struct, frozen=True):
    """What a unit was shown and said before, as far as offers ask.

    Attributes:
        given: Discounts it, and anybody of whoever pays, was shown.
        declines: What it, and whoever pays, said no to.
        enrollment: Id of the enrollment that would show the offer, empty before there is one.
        held: Terms which that enrollment has shown and which are still honoured, None without any.
        is_first: Whether nothing without a discount has reached anybody of that enrollment yet.
    """

    given: Sequence[Given] = ()
    declines: Sequence[Mapping[str, Decline]] = ()
    enrollment: str = ""
    held: Terms | None = None
    is_first: bool = False


def choose_offer(
    facts: UnitFacts,
    catalog: Catalog,
    rails: Rails,
    offer_id: str,
    *,
    sold_out: Mapping[str, Moment],
    spent: Spent | None,
    not_now: Duration,
    past: Past,
) -> tuple[Terms | None, Verdict | None]:
    """Choose the first of an offer and its fallbacks that can be made to a unit now, with its terms.

    Args:
        facts: The unit, as of now.
        catalog: What is offered today.
        rails: Price guardrails.
        offer_id: The offer that a step names.
        sold_out: When stock or budget of an offer ran out, for those that ever did.
        spent: The discount budget of the workflow that asks, once it ran out.
        not_now: How long a "not now" rests.
        past: What the unit was shown and said before.

    Returns:
        The terms, or why none can be made: the reason of the offer named, not of its fallbacks.
    """
    refusal: Verdict | None = None
    for offer in catalog.chain(offer_id):
        verdict = _ask_sale(facts, catalog, offer, sold_out) or _ask_holding(facts, catalog, offer)
        if verdict is None:
            terms = terms_of(facts, catalog, offer, rails.rounding)
            if terms is None:
                verdict = _nothing_to_propose(facts, catalog, offer)
            else:
                # An answer of which nobody knows what the offer came to is about whatever it comes to.
                things = dict.fromkeys((terms.thing, offer.thing, ANY_THING))
                declined = [thing_key(offer.target, thing) for thing in things]
                verdict = ask_declines(past.declines, declined, not_now, facts.now)
                verdict = verdict or _ask_had(facts, catalog, offer, terms)
                verdict = verdict or ask_priced(facts, catalog, offer, terms)
                verdict = verdict or ask_size(facts, catalog, offer, terms)
                verdict = verdict or ask_margin(facts, catalog, rails, offer, terms)
                verdict = verdict or _ask_price(facts, rails, offer, terms, spent, past)
                if verdict is None:
                    return terms, None
        refusal = refusal or verdict
    return None, refusal or Verdict(Reason.OFFER_GONE, offer_id)


def _ask_price(
    facts: UnitFacts, rails: Rails, offer: Offer, terms: Terms, spent: Spent | None, past: Past
) -> Verdict | None:
    """Ask whether the discount of terms may be given; one that hangs on a value says which it saw."""
    verdict = ask_rails(rails, terms, past.given, past.enrollment, facts.now, is_first=past.is_first)
    if verdict is None and not _is_held(terms, past.held):
        verdict = ask_spent(spent, terms, facts.now)
    if verdict is None or offer.by_value is None:
        return verdict
    return msgspec.structs.replace(verdict, seen=(*verdict.seen, value_seen(offer.by_value, facts)))


def _is_held(terms: Terms, held: Terms | None) -> bool:
    """Whether they hold a discount in their hands already: said again, it gives nothing more away."""
    return held is not None and (terms.offer, terms.thing) == (held.offer, held.thing)


def _ask_sale(
    facts: UnitFacts, catalog: Catalog, offer: Offer, sold_out: Mapping[str, Moment]
) -> Verdict | None:
    """Ask whether an offer is made now and where the unit is."""
    now = facts.now
    if offer.available_from is not None and now < offer.available_from:
        return Verdict(Reason.OFFER_GONE, offer.id, (Seen("begins later", True),), offer.available_from)
    is_over = offer.available_until is not None and now >= offer.available_until
    ran_out_at = sold_out.get(offer.id)
    if is_over or (ran_out_at is not None and now >= ran_out_at):
        return Verdict(Reason.OFFER_GONE, offer.id)
    sold = _sold(catalog, offer)
    for each in sold:
        if not each.is_for_sale:
            seen = Seen("for sale" if len(sold) == 1 else f"{each.id} for sale", False)
            return Verdict(Reason.UNAVAILABLE, offer.id, (seen,))
    present = facts.holdings.plan if offer.target in (Target.SEATS, Target.INTERVAL) else None
    if present is not None and not present.is_for_sale:
        return Verdict(Reason.UNAVAILABLE, offer.id, (Seen(f"{present.id} for sale", False),))
    return _ask_region(facts, offer.id, (offer.regions, *(each.regions for each in sold)))


def _ask_region(facts: UnitFacts, name: str, regions: Iterable[tuple[str, ...]]) -> Verdict | None:
    """Where anything is sold in some countries only, the unit's must be known and be one of them."""
    for countries in regions:
        if countries and facts.country not in countries:
            return Verdict(Reason.UNAVAILABLE, name, (Seen("country", facts.country or None),))
    return None


def _sold(catalog: Catalog, offer: Offer) -> list[Plan | Product]:
    """Give the plan or product an offer is about; of a bundle all that it holds, too."""
    if offer.target is Target.PLAN and offer.thing != FITTING:
        return [catalog.plans[offer.thing]]
    if offer.target is not Target.PRODUCT:
        return []
    product = catalog.products[offer.thing]
    return [product, *catalog.parts_of(product)]


def _ask_holding(facts: UnitFacts, catalog: Catalog, offer: Offer) -> Verdict | None:
    """Ask whether the unit has already what an offer is about."""
    match offer.target:
        case Target.PLAN:
            if offer.thing == FITTING:
                return None
            return _ask_plan(facts, offer, catalog.plans[offer.thing])
        case Target.PRODUCT:
            return _ask_product(facts, catalog, offer, catalog.products[offer.thing])
        case Target.FEATURE:
            if offer.thing in facts.features:
                return Verdict(Reason.ENTITLED, offer.id, (Seen("has", offer.thing),))
        case Target.ITEM:
            if offer.thing in facts.cart_items:
                return Verdict(Reason.ENTITLED, offer.id, (Seen("in the cart", offer.thing),))
        case Target.INTERVAL:
            held = facts.holdings.interval
            if facts.holdings.subscription is not None and held is offer.interval:
                return Verdict(Reason.ENTITLED, offer.id, (Seen("subscription.interval", held.value),))
        case Target.SEATS:
            if SEATS in facts.holdings.unlimited:
                return Verdict(Reason.ENTITLED, offer.id, (Seen("seats", "unlimited"),))
        case _:
            assert_never(offer.target)
    return None


def _ask_plan(facts: UnitFacts, offer: Offer, plan: Plan) -> Verdict | None:
    """Of its family the tier of the plan held decides, an interval beside it; then whether it leads there."""
    held = facts.plan_of(plan.family)
    if held is None:
        return None
    refusal = _ask_tier(facts, offer, held, plan) if offer.kind is not OfferKind.RETENTION else None
    return refusal or _ask_path(offer, held, plan)


def _ask_tier(facts: UnitFacts, offer: Offer, held: Plan, plan: Plan) -> Verdict | None:
    if held is not facts.holdings.plan:
        is_had = held.tier >= plan.tier
        return Verdict(Reason.ENTITLED, offer.id, (Seen("has", held.id),)) if is_had else None
    is_longer = offer.interval is not None and offer.interval.months > facts.holdings.interval.months
    if held.tier > plan.tier or (held.tier == plan.tier and not (is_longer and held.id == plan.id)):
        seen = (Seen("plan.tier", held.tier), Seen("tier offered", plan.tier))
        return Verdict(Reason.ENTITLED, offer.id, seen)
    return None


def _ask_path(offer: Offer, held: Plan, plan: Plan) -> Verdict | None:
    """Ask whether one may move from the plan held to another of its family."""
    if held.has_path_to(plan):
        return None
    seen = (Seen("plan.id", held.id), Seen("plan.leads_to", ", ".join(held.leads_to or ()) or None))
    return Verdict(Reason.UNAVAILABLE, offer.id, seen)


def _ask_product(facts: UnitFacts, catalog: Catalog, offer: Offer, product: Product) -> Verdict | None:
    """Ask whether a product can be added to the plan they have, whether they have it, and so of each part."""
    parts = catalog.parts_of(product)
    present, new = facts.holdings.plan, catalog.plan_in(product.id)
    is_beside = new is None or (present is not None and present.family != new.family)
    refusal = _ask_addable(offer, product, present)
    if refusal is None and _has_product(facts, product):
        refusal = Verdict(Reason.ENTITLED, offer.id, (Seen("has", product.id),))
    for part in parts:
        refusal = refusal or _ask_part(facts, offer, part, present if is_beside else new)
    return refusal


def _ask_part(facts: UnitFacts, offer: Offer, part: Plan | Product, new: Plan | None) -> Verdict | None:
    """Ask of a part of a bundle what would be asked of it alone; its add-ons go with the plan in it."""
    if isinstance(part, Product):
        refusal = _ask_addable(offer, part, new)
        is_had = _has_product(facts, part)
        return refusal or (Verdict(Reason.ENTITLED, offer.id, (Seen("has", part.id),)) if is_had else None)
    held = facts.plan_of(part.family)
    if held is None:
        return None
    if held.tier >= part.tier and offer.kind is not OfferKind.RETENTION:
        seen = (Seen("has", held.id), Seen("plan.tier", held.tier), Seen("tier offered", part.tier))
        return Verdict(Reason.ENTITLED, offer.id, seen)
    return _ask_path(offer, held, part)


def _ask_addable(offer: Offer, product: Product, plan: Plan | None) -> Verdict | None:
    """Ask whether a product can be added to a plan."""
    if not product.plans or (plan is not None and plan.id in product.plans):
        return None
    return Verdict(Reason.UNAVAILABLE, offer.id, (Seen("plan.id", plan.id if plan is not None else None),))


def _has_product(facts: UnitFacts, product: Product) -> bool:
    """Whether they have a product, or all that it would give them."""
    match product.kind:
        case ProductKind.ADD_ON:
            has_features = bool(product.features) and set(product.features) <= facts.features
            unlimited = bool(product.limits) and set(product.limits) <= facts.holdings.unlimited
            return product.id in facts.owned or has_features or (unlimited and not product.features)
        case ProductKind.BUNDLE:
            return product.id in facts.owned
        case ProductKind.PACK:
            return bool(product.limits) and set(product.limits) <= facts.holdings.unlimited
        case ProductKind.SERVICE:
            return False
        case _:
            assert_never(product.kind)


def _ask_had(facts: UnitFacts, catalog: Catalog, offer: Offer, terms: Terms) -> Verdict | None:
    """Ask whether what would be proposed was on trial before; of an item, if it is sold, and was ordered."""
    if offer.trial_days and thing_key(offer.target, terms.thing) in facts.principal.tried:
        return Verdict(Reason.ENTITLED, offer.id, (Seen("tried before", terms.thing),))
    if offer.target is not Target.ITEM:
        return None
    item = catalog.items[terms.thing]
    if not item.is_for_sale:
        return Verdict(Reason.UNAVAILABLE, offer.id, (Seen(f"{item.id} for sale", False),))
    cart = facts.whole_cart
    if cart is not None and item.id in cart.sold_out:
        return Verdict(Reason.UNAVAILABLE, offer.id, (Seen(f"{item.id} in stock", False),))
    if item.price is None and facts.is_cart_asked:
        return Verdict(Reason.UNAVAILABLE, offer.id, (Seen(f"price of {item.id}", None),))
    parts = (catalog.items[part].regions for part in item.parts)
    refusal = _ask_region(facts, offer.id, (item.regions, *parts))
    # A warranty or a bundle is of what lies in the cart now, whatever was ordered before.
    is_of_cart = offer.thing in (WARRANTY, BUNDLE)
    order = facts.principal.ordered.get(item.id) if not is_of_cart else None
    if refusal is not None or order is None:
        return refusal
    again_after = item.again_after
    again_at = order.at + again_after if again_after is not None else None
    if again_at is not None and facts.now >= again_at:
        return None
    return Verdict(Reason.ENTITLED, offer.id, (Seen("ordered", terms.thing),), again_at)


def _nothing_to_propose(facts: UnitFacts, catalog: Catalog, offer: Offer) -> Verdict:
    if offer.target is Target.PLAN:
        return Verdict(Reason.NOT_NEEDED, offer.id)
    seen = doubts(facts.whole_cart, catalog) if offer.target is Target.ITEM else ()
    return Verdict(Reason.UNAVAILABLE, offer.id, seen)
