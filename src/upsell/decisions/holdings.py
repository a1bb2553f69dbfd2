"""Holdings: what somebody has of the catalog now, and where and in which money they buy.

Plans and products (catalog) and subscriptions (signals) meet here, so that neither needs the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.plans import BillingInterval, Plan, ProductKind
from upsell.clock import Moment
from upsell.rules.facts import Scalar
from upsell.signals.packs import PackLimits, packs_within
from upsell.signals.plan_history import NOTHING, term_within
from upsell.signals.profiles import Profile, Subscription, usage_period
from upsell.signals.subscriptions import Tiers, current_subscription


class Holdings(msgspec.Struct, frozen=True):
    """What somebody has at one moment.

    Attributes:
        plan: The plan in force, of a bundle the one it contains; the default plan without a subscription;
            None without either.
        subscription: The subscription rules see, None without one.
        limits: How much of each metric plan, add-ons and packs include; absent is unknown.
        unlimited: Metrics of which any amount is included.
        currency: What they pay in, or would.
        packs: What of the limits is of packs bought in the present usage period, and ends with it.
    """

    plan: Plan | None
    subscription: Subscription | None
    limits: Mapping[str, float]
    unlimited: frozenset[str]
    currency: str
    packs: Mapping[str, float] = msgspec.field(default_factory=dict)

    @property
    def quantity(self) -> float:
        """Units of quantity paid for; one without a subscription."""
        return self.subscription.quantity if self.subscription is not None else 1.0

    @property
    def interval(self) -> BillingInterval:
        """How often their price falls due; monthly without a subscription."""
        is_yearly = self.subscription is not None and self.subscription.interval_months == 12
        return BillingInterval.YEAR if is_yearly else BillingInterval.MONTH

    @property
    def paid(self) -> float | None:
        """What really falls due for the plan in force, per month and for the quantity held, in minor units.

        None where that is not known: of a subscription that says no amount or no currency, that is on trial,
        or to a bundle, whose amount is for more; and without one, of a default plan that is not free.
        """
        held, plan = self.subscription, self.plan
        if plan is None:
            return None
        if held is None:
            price = plan.price(BillingInterval.MONTH, self.currency)
            return 0.0 if not plan.is_priced or (price is not None and price.amount == 0) else None
        if not held.mrr() or not held.currency or held.plan != plan.id:
            return None
        return held.amount / held.interval_months


class Had(msgspec.Struct, frozen=True):
    """What somebody had at one moment, to be written down: what they go back to.

    Attributes:
        plan: Id of the plan in force, empty where none was known.
        name: What customers call it.
        subscription: Id of the subscription; empty without one.
        interval: How often its price fell due, ``month`` or ``year``.
        quantity: Units of quantity paid for.
        amount: What fell due each interval, in minor units; None where that was not known.
        currency: ISO 4217 code of that.
    """

    plan: str = ""
    name: str = ""
    subscription: str = ""
    interval: str = "month"
    quantity: float = 1.0
    amount: int | None = None
    currency: str = ""


def had_of(holdings: Holdings) -> Had:
    """Write down what somebody has."""
    plan, held, paid = holdings.plan, holdings.subscription, holdings.paid
    return Had(
        plan=plan.id if plan is not None else "",
        name=plan.name if plan is not None else "",
        subscription=held.id if held is not None else "",
        interval=holdings.interval.value,
        quantity=holdings.quantity,
        amount=None if paid is None else round(paid * holdings.interval.months),
        currency=holdings.currency,
    )


class PastHoldings(msgspec.Struct, frozen=True):
    """What somebody had in all of a usage period that is over.

    Attributes:
        plan: The plan in force in it, as the catalog states it today.
        added: How much of each metric that it limits add-ons and packs added.
    """

    plan: Plan
    added: Mapping[str, float]


def holdings_of(profile: Profile, catalog: Catalog, tiers: Tiers, now: Moment) -> Holdings:
    """Give what whoever pays has at ``now``.

    Add-ons and bundles that are subscribed to add their limits, times their quantity, to those the
    plan states; packs bought in the usage period that holds ``now`` add theirs.
    """
    held = current_subscription(profile, tiers, now)
    plan = catalog.plan_in(held.plan if held is not None else catalog.default_plan or "")
    limits = _limits(profile, catalog, plan, now)
    packs: Mapping[str, float] = {}
    if profile.packs:
        period = usage_period(held.started_at if held is not None else None, now)
        bought = packs_within(profile.packs.values(), *period)
        packs = {metric: amount for metric, amount in bought.items() if metric in limits}
        limits = {metric: amount + packs.get(metric, 0.0) for metric, amount in limits.items()}
    return Holdings(
        plan=plan,
        subscription=held,
        limits=limits,
        unlimited=plan.unlimited if plan is not None else frozenset(),
        currency=(held.currency if held is not None else "") or catalog.currency,
        packs=packs,
    )


def past_holdings(
    profile: Profile, catalog: Catalog, tiers: Tiers, start: Moment, end: Moment
) -> PastHoldings | None:
    """Give what whoever pays had in all of ``[start, end)``; None where that changed or is not known."""
    held = []
    for subscription in profile.subscriptions.values():
        term = term_within(subscription, start, end)
        if term is None or term.plan is None:
            return None
        if term.plan != NOTHING:
            held.append((tiers.by_plan.get(term.plan, -1), subscription.started_at, subscription.id, term))
    to_plans = [each for each in held if each[-1].plan not in tiers.beside]
    best = max(to_plans, key=lambda each: each[:-1], default=None)
    plan = catalog.plan_in((best[-1].plan or "") if best is not None else catalog.default_plan or "")
    if plan is None:
        return None
    added = packs_within(profile.packs.values(), start, end) if profile.packs else {}
    for *_, term in held:
        for metric, more in added_by(catalog, term.plan or "").items():
            added[metric] = added.get(metric, 0.0) + more * term.quantity
    return PastHoldings(plan, {metric: more for metric, more in added.items() if metric in plan.limits})


def plan_features(catalog: Catalog) -> frozenset[str]:
    """Give the features that one plan has and another has not: those whose use tells which plan is enough."""
    plans = list(catalog.plans.values())
    every = {feature for plan in plans for feature in plan.features}
    return frozenset(each for each in every if any(each not in plan.features for plan in plans))


def pack_limits(catalog: Catalog) -> PackLimits:
    """Give how much of each metric one piece of each pack adds: all that orders need of a catalog."""
    packs = (each for each in catalog.products.values() if each.kind is ProductKind.PACK)
    return {pack.id: pack.limits for pack in packs if pack.limits}


def owned_of(profile: Profile, catalog: Catalog, plan: Plan | None, now: Moment) -> frozenset[str]:
    """Give the ids of the plans and products of every open subscription, and of the plan in force.

    What a bundle contains is owned with it.
    """
    owned = {plan.id} if plan is not None else set[str]()
    for other in profile.subscriptions.values():
        if other.is_open(now):
            owned.add(other.plan)
            bundle = catalog.products.get(other.plan)
            owned.update(bundle.contains if bundle is not None else ())
    return frozenset(owned)


def plan_of_family(catalog: Catalog, present: Plan | None, owned: Iterable[str], family: str) -> Plan | None:
    """Give the plan of a family that somebody has: the one in force, else the greatest they own; or None."""
    if present is not None and present.family == family:
        return present
    held = (catalog.plans[each] for each in owned if each in catalog.plans)
    return max((p for p in held if p.family == family), key=lambda plan: (plan.tier, plan.id), default=None)


def features_of(catalog: Catalog, owned: Iterable[str]) -> frozenset[str]:
    """Give the features that plans and products include, by name."""
    return frozenset(name for each in owned for name in _features(catalog, each))


def added_by(catalog: Catalog, bought: str) -> Mapping[str, float]:
    """Give how much of each metric a product adds, with what it contains; nothing of a plan."""
    product = catalog.products.get(bought)
    if product is None or not product.contains:
        return product.limits if product is not None else {}
    added: dict[str, float] = {}
    for each in (product, *(catalog.products[each] for each in product.contains if each in catalog.products)):
        for metric, more in each.limits.items():
            added[metric] = added.get(metric, 0.0) + more
    return added


def country_of(account: Mapping[str, Scalar], customer: Mapping[str, Scalar]) -> str:
    """Give the country somebody buys in: the trait ``country`` of the account, or else of the customer.

    ISO 3166 codes in capitals; empty when not known.
    """
    for traits in (account, customer):
        country = traits.get("country")
        if isinstance(country, str) and country:
            return country.upper()
    return ""


def _features(catalog: Catalog, owned: str) -> tuple[str, ...]:
    plan, product = catalog.plans.get(owned), catalog.products.get(owned)
    return (*(plan.features if plan is not None else ()), *(product.features if product is not None else ()))


def _limits(profile: Profile, catalog: Catalog, plan: Plan | None, now: Moment) -> Mapping[str, float]:
    stated = plan.limits if plan is not None else {}
    if not catalog.products or not stated:
        return stated
    limits = dict(stated)
    for other in profile.subscriptions.values():
        if other.is_open(now):
            for metric, more in added_by(catalog, other.plan).items():
                if metric in limits:
                    limits[metric] += more * other.quantity
    return limits
