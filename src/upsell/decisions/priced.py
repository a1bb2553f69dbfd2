"""Priced: whether what would be proposed has the price it would be sold at.

The law: nothing is offered at terms that do not exist. What states no price at all may be spoken of
without one; what is priced, but not in their currency or at that interval, is not sold at it.
"""

from __future__ import annotations

from typing import assert_never

from upsell.catalog.catalog import Catalog
from upsell.catalog.offers import Offer, Target
from upsell.decisions.decision import Seen, Verdict
from upsell.decisions.facts import UnitFacts
from upsell.decisions.reasons import Reason
from upsell.decisions.terms import Terms


def ask_priced(facts: UnitFacts, catalog: Catalog, offer: Offer, terms: Terms) -> Verdict | None:
    """Say that terms are at a price that does not exist, or below zero; None where they may be proposed."""
    if terms.price is not None and terms.price < 0:
        return Verdict(Reason.UNAVAILABLE, offer.id, (Seen("price", terms.price),))
    # What is paid per result has that price, whatever the thing itself would cost.
    if terms.outcome_price is not None or _is_sold_at(facts, catalog, offer, terms):
        return None
    interval = offer.interval.value if offer.interval is not None else terms.interval
    currency = str(facts.cart.get("currency") or "") if offer.target is Target.ITEM else terms.currency
    wanted = f"price in {currency}" + (f" per {interval}" if interval else "")
    return Verdict(Reason.UNAVAILABLE, offer.id, (Seen(wanted, None),))


def _is_sold_at(facts: UnitFacts, catalog: Catalog, offer: Offer, terms: Terms) -> bool:
    """Tell whether there is such a price, or none is stated at all."""
    is_known = terms.price is not None
    is_wanted = offer.interval is None or terms.interval == offer.interval.value
    match offer.target:
        case Target.PLAN:
            return (is_known and is_wanted) or not catalog.plans[terms.thing].is_priced
        case Target.PRODUCT:
            product = catalog.products[terms.thing]
            return (is_known and (is_wanted or not terms.interval)) or not product.is_priced
        case Target.SEATS:
            return is_known or not catalog.plans[terms.thing].is_priced
        case Target.INTERVAL:
            return is_known
        case Target.ITEM:
            price, currency = catalog.items[terms.thing].price, facts.cart.get("currency")
            return price is None or currency in (None, price.currency)
        case Target.FEATURE:
            return True
        case _:
            assert_never(offer.target)
