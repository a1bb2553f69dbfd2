"""Paths: to which plans one may move from each, held to what the catalog sells.

The law: a path leads to another plan of the family that somebody can still buy.
"""

from __future__ import annotations

from collections.abc import Mapping

from upsell.catalog.catalog import Catalog
from upsell.catalog.offers import FITTING, Offer, OfferKind, Target
from upsell.catalog.plans import Plan
from upsell.workspace.findings import Findings
from upsell.workspace.items import Leaf, Record
from upsell.workspace.products import check_known


def compile_paths(record: Record) -> tuple[str, ...] | None:
    """Give the plans one may move to from a plan; None where it says nothing, for all of its family."""
    if not record.has("leads_to"):
        return None
    return tuple(leaf.text for leaf in record.leaves("leads_to"))


def check_paths(written: Record, plans: Mapping[str, Plan], findings: Findings) -> None:
    """Note paths to plans that are not there, not for sale, of another family, or the plan itself."""
    for key, record in written.records():
        for leaf in record.leaves("leads_to"):
            check_known(leaf, "plan", written.keys, findings)
            if leaf.text in plans and key in plans:
                _check_path(plans[key], plans[leaf.text], leaf, findings)


def _check_path(plan: Plan, other: Plan, leaf: Leaf, findings: Findings) -> None:
    if other.id == plan.id:
        findings.error(
            leaf.place,
            f"expected other plans that {plan.id} leads to, got {plan.id} itself",
            hint="whoever has it may always stay; leave it out, and write [] when it leads nowhere",
            code="path",
        )
    elif not other.is_for_sale:
        findings.error(
            leaf.place,
            f"expected a plan that is for sale, got a path to {other.id}, which is not",
            hint=f"leave {other.id} out of leads_to, or sell it again",
            code="path",
        )
    elif other.family != plan.family:
        findings.error(
            leaf.place,
            f"expected plans of the family of {plan.id}, got {other.id} of {other.family or 'the main one'}",
            hint="a plan of another family is bought beside this one, which needs no path",
            code="path",
        )


def check_offered_paths(offers: Record, catalog: Catalog, findings: Findings) -> None:
    """Note offers of a plan to which nobody can come: everyone has a plan, and none leads there."""
    for key, record in offers.records():
        offer, leaf = catalog.offers.get(key), record.leaf("plan")
        if offer is None or leaf is None or offer.target is not Target.PLAN or offer.thing == FITTING:
            continue
        plan = catalog.plans.get(offer.thing)
        if plan is not None and not _can_be_taken(offer, plan, catalog):
            findings.warning(
                leaf.place,
                f"expected a plan that some plan leads to, got {plan.id}, which none does",
                hint=f"add {plan.id} to leads_to of the plans one may move from",
                code="no-path",
            )


def _can_be_taken(offer: Offer, plan: Plan, catalog: Catalog) -> bool:
    """Tell whether anybody can take an offer of a plan: who has it, has none, or has one that leads there."""
    if offer.kind is OfferKind.RETENTION or offer.interval is not None:
        return True
    default = catalog.plans.get(catalog.default_plan or "")
    if default is None or default.family != plan.family or default.id == plan.id:
        return True
    others = [each for each in catalog.plans.values() if each.family == plan.family and each.id != plan.id]
    return any(each.has_path_to(plan) for each in others)
