"""Trials at Stripe: whether a step of a journey that names no address can be granted there.

The law: what Stripe could not let anybody try is refused before it is live, not when somebody is to try it.
"""

from __future__ import annotations

from collections.abc import Iterator

from upsell.catalog.catalog import Catalog
from upsell.catalog.offers import FITTING, Offer, Target
from upsell.catalog.plans import Plan, Product
from upsell.workspace.findings import Findings
from upsell.workspace.items import Leaf

_TRIED = (Target.PLAN, Target.PRODUCT)


def check_trial_at_stripe(leaf: Leaf, catalog: Catalog, findings: Findings) -> None:
    """Note that the offer of a trial without an address cannot be tried at Stripe; an unknown one is passed.

    Args:
        leaf: Where the step names the offer.
        catalog: What can be bought, with its ids at Stripe.
        findings: Takes what is wrong.
    """
    offer = catalog.offers.get(leaf.text)
    if offer is None or not offer.trial_days:
        return
    if offer.target not in _TRIED:
        findings.error(
            leaf.place,
            f"expected the offer of a plan or an add-on, which Stripe can let somebody try, got {leaf.text}, "
            f"which is of {offer.target.value}",
            hint="say url: to have your own billing grant it",
            code="trial",
        )
        return
    missing = [said for sold in _sold(offer, catalog) for said in _missing(offer, sold)]
    if missing:
        findings.error(
            leaf.place,
            f"expected an id at Stripe for every price of what {leaf.text} lets somebody try, found none for "
            f"{', '.join(missing)}",
            hint="write stripe: beside price: in catalog.yaml, or say url: to have your own billing grant it",
            code="trial",
        )


def _sold(offer: Offer, catalog: Catalog) -> Iterator[Plan | Product]:
    """Give what an offer may come to: one thing; of the plan that fits, any that has a price."""
    if offer.thing == FITTING:
        yield from (plan for plan in catalog.plans.values() if plan.prices)
        return
    found = catalog.plans.get(offer.thing) or catalog.products.get(offer.thing)
    if found is not None:
        yield found


def _missing(offer: Offer, sold: Plan | Product) -> Iterator[str]:
    """Say which prices that may be offered have no id at Stripe; of what recurs at none, that it does not."""
    if not sold.prices:
        yield f"{sold.id}, which is not sold again and again"
    for interval, prices in sold.prices.items():
        for currency in prices if offer.interval in (None, interval) else ():
            if currency not in sold.stripe.get(interval, {}):
                yield f"{sold.id} per {interval.value} in {currency}"
