"""Sizes: whether what would be proposed holds what is used, and what is paid for.

The law: nobody is offered less than they use, whether so far, by what is expected, or by the last period.
"""

from __future__ import annotations

from collections.abc import Mapping

from upsell.catalog.catalog import Catalog
from upsell.catalog.offers import Offer, Target
from upsell.catalog.plans import Plan
from upsell.decisions.decision import Seen, Verdict
from upsell.decisions.facts import UnitFacts
from upsell.decisions.fit import SEATS, lacked_of, limit_of
from upsell.decisions.holdings import added_by
from upsell.decisions.reasons import Reason
from upsell.decisions.terms import Terms


def ask_size(facts: UnitFacts, catalog: Catalog, offer: Offer, terms: Terms) -> Verdict | None:
    """Ask whether what would be proposed holds what the unit uses already."""
    if offer.target is Target.SEATS:
        seats = facts.usage(SEATS)
        if seats is not None and facts.holdings.quantity + offer.seats < seats:
            seen = (Seen("usage('seats')", seats), Seen("seats paid for", facts.holdings.quantity))
            return Verdict(Reason.TOO_SMALL, offer.id, seen)
        return None
    if offer.target is Target.PLAN:
        return _ask_plan(facts, offer, catalog.plans[terms.thing], {})
    bundle = catalog.products.get(terms.thing) if offer.target is Target.PRODUCT else None
    parts = catalog.parts_of(bundle) if bundle is not None else ()
    beside = added_by(catalog, terms.thing) if parts else {}
    refusals = (_ask_plan(facts, offer, part, beside) for part in parts if isinstance(part, Plan))
    return next((refusal for refusal in refusals if refusal is not None), None)


def _ask_plan(facts: UnitFacts, offer: Offer, plan: Plan, beside: Mapping[str, float]) -> Verdict | None:
    """Ask whether a plan holds what is used, what is expected, and what was used in the last period.

    Of the plan they have it need only hold what is used so far. What costs overage is no end. What is
    sold ``beside`` the plan adds to its limits.
    """
    present = facts.holdings.plan
    if present is not None and present.family != plan.family:
        return None
    lacked = lacked_of(plan, facts)
    if lacked is not None:
        term, has, other = lacked
        return Verdict(Reason.TOO_SMALL, offer.id, (Seen(term, has), Seen("plan offered", other)))
    for metric in sorted(plan.limits):
        stated = limit_of(plan, metric, facts)
        if stated is None or metric in plan.overage:
            continue
        limit = stated + beside.get(metric, 0.0)
        uses = [(f"usage('{metric}')", facts.usage(metric), limit)]
        if plan is not present:
            uses.append((f"expected use of {metric}", facts.expected_use(metric), limit))
            without_packs = limit - facts.holdings.packs.get(metric, 0.0)
            uses.append((f"last period's use of {metric}", facts.last_use(metric), without_packs))
        for term, used, most in uses:
            if used is not None and used > most:
                return Verdict(Reason.TOO_SMALL, offer.id, (Seen(term, used), Seen("limit offered", most)))
    return None
