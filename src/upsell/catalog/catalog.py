"""The catalog: everything that can be bought, and everything that may be offered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from upsell.catalog.items import Item
from upsell.catalog.metrics import Metric, PeerRule
from upsell.catalog.offers import FITTING, Offer, Target
from upsell.catalog.plans import Plan, Product


class Catalog(msgspec.Struct, frozen=True):
    """Everything that can be bought or offered.

    Attributes:
        plans: Plans by id.
        offers: Offers by id.
        default_plan: Id of the plan a unit without subscription is on, or None when there is none.
        metrics: Every metric that usage events may name.
        items: What is sold one by one, by id.
        products: What is sold beside plans, by id.
        currency: ISO 4217 code of prices to whoever pays in none yet.
        margin: How much more than its forecast use a plan must cover to fit, as a share.
        described: The metrics of which customers may be told, by id.
        peers: Who is compared with whom.
        largest_step: How much dearer than what lies in a cart something in its place may be, as a share of
            it; None for any.
        bundled: The ids of the bundles that each item is part of, by its id.
    """

    plans: Mapping[str, Plan] = msgspec.field(default_factory=dict)
    offers: Mapping[str, Offer] = msgspec.field(default_factory=dict)
    default_plan: str | None = None
    metrics: frozenset[str] = frozenset()
    items: Mapping[str, Item] = msgspec.field(default_factory=dict)
    products: Mapping[str, Product] = msgspec.field(default_factory=dict)
    currency: str = "USD"
    margin: float = 0.2
    described: Mapping[str, Metric] = msgspec.field(default_factory=dict)
    peers: PeerRule = PeerRule()
    largest_step: float | None = None
    bundled: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)

    def plan_in(self, bought: str) -> Plan | None:
        """Give the plan that comes with what was bought: itself, or of a bundle the greatest it contains.

        A plan of the main family comes before those of others; None for add-ons and unknown ids.
        """
        if bought in self.plans:
            return self.plans[bought]
        bundle = self.products.get(bought)
        held = [self.plans[each] for each in bundle.contains if each in self.plans] if bundle else []
        return max(held, key=lambda plan: (not plan.family, plan.tier, plan.id), default=None)

    def parts_of(self, bundle: Product) -> list[Plan | Product]:
        """Give the plans and products a bundle holds, plans first; nothing of anything else."""
        plans = [self.plans[each] for each in bundle.contains if each in self.plans]
        return [*plans, *(self.products[each] for each in bundle.contains if each in self.products)]

    def families_of(self, bought: str) -> frozenset[str]:
        """Give the product families of what an id names: its own, and of a bundle those of what it contains.

        Nothing for an unknown id.
        """
        bundle = self.products.get(bought) or self.items.get(bought)
        inside = bundle.contains if bundle is not None else ()
        ids = (bought, *(each for each in inside if each != bought))
        found = [self.plans.get(each) or self.products.get(each) or self.items.get(each) for each in ids]
        return frozenset(each.family for each in found if each is not None)

    def alike(self, offers: Iterable[Offer]) -> frozenset[str]:
        """Give the ids of offers about anything that some offers are about, and of these themselves.

        Two are alike when both are about the same thing; a bundle is about what it contains too, and the
        plan that fits is about any plan. Nothing for no offers.
        """
        asked = list(offers)
        things = {thing for offer in asked for thing in self._things_of(offer)}
        found = {key for key, offer in self.offers.items() if not things.isdisjoint(self._things_of(offer))}
        return frozenset(found.union(offer.id for offer in asked))

    def _things_of(self, offer: Offer) -> frozenset[tuple[str, str]]:
        if offer.target is Target.PLAN and offer.thing == FITTING:
            return frozenset(("bought", plan) for plan in self.plans)
        if offer.target not in (Target.PLAN, Target.PRODUCT):
            return frozenset({(offer.target.value, offer.thing)})
        product = self.products.get(offer.thing)
        inside = product.contains if product is not None else ()
        return frozenset(("bought", each) for each in (offer.thing, *inside))

    def chain(self, offer_id: str) -> Iterator[Offer]:
        """Give an offer and what falls back from it, in order, each once; nothing for an unknown id."""
        passed: set[str] = set()
        at: str | None = offer_id
        while at is not None and at not in passed and at in self.offers:
            passed.add(at)
            yield self.offers[at]
            at = self.offers[at].fallback
