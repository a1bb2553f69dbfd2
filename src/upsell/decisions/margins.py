"""Margins: whether an item that goes with a cart would be sold below what it costs, or for too little more.

The law: an item whose cost the catalog states is offered by itself, in place of another or as a bundle, only
at a price that leaves the margin asked for; a cost that is not known breaks nothing.
"""

from __future__ import annotations

from upsell.catalog.catalog import Catalog
from upsell.catalog.offers import Offer, Target
from upsell.decisions.cart_changes import propose_item
from upsell.decisions.decision import Seen, Verdict
from upsell.decisions.facts import UnitFacts
from upsell.decisions.rails import Rails
from upsell.decisions.reasons import Reason
from upsell.decisions.terms import Terms


def ask_margin(
    facts: UnitFacts, catalog: Catalog, rails: Rails, offer: Offer, terms: Terms
) -> Verdict | None:
    """Say that an item would be sold below its cost, or at less than the least margin, or None."""
    if offer.target is not Target.ITEM or terms.unit_price is None:
        return None
    found = propose_item(facts.whole_cart, catalog, offer.thing)
    if found is None or found.cost is None or found.cost.currency != terms.currency:
        return None
    price, cost = found.paid + terms.unit_price, found.cost.amount
    seen = (Seen("price", price), Seen("cost", cost))
    if price < cost:
        return Verdict(Reason.PRICE_GUARDRAIL, f"at least what {terms.thing} costs", seen)
    least = rails.min_margin_rate
    if least is not None and price - cost < least * price:
        return Verdict(Reason.PRICE_GUARDRAIL, f"a margin of at least {least * 100:.4g} %", seen)
    return None
