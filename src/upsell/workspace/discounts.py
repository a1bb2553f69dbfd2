"""Discounts by value: those of ``catalog.yaml`` that hang on what is known of whoever gets them.

The law: a price may hang on what somebody is worth, never on who they are.
"""

from __future__ import annotations

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.offers import DiscountStep, ValueDiscount
from upsell.rules.compile import Rule
from upsell.rules.kinds import Kind
from upsell.workspace.findings import Findings
from upsell.workspace.items import NOTHING_WRITTEN, Record
from upsell.workspace.protection import Protection
from upsell.workspace.rulebook import Rulebook


def compile_discounts(
    written: Record | None, catalog: Catalog, rulebook: Rulebook, protection: Protection, findings: Findings
) -> Catalog:
    """Give the catalog with the discounts that hang on a value; their rules need the catalog's own names.

    Args:
        written: The file as read, None without one.
        catalog: The catalog without them.
        rulebook: What rules may name.
        protection: What no price may hang on.
        findings: Where problems are noted.
    """
    offers = (written or NOTHING_WRITTEN).record("offers") or NOTHING_WRITTEN
    found = {}
    for key, record in offers.records():
        discount, offer = record.record("discount"), catalog.offers.get(key)
        if offer is None or discount is None:
            continue
        steps = _steps(discount, findings)
        of = _rule(discount, rulebook, protection, findings)
        # Without its rule the deepest step stands in, so that nothing else is said to lack a discount.
        deepest = max((step.rate for step in steps), default=0.0)
        found[key] = (
            msgspec.structs.replace(offer, by_value=ValueDiscount(of, steps))
            if of is not None
            else msgspec.structs.replace(offer, discount_rate=deepest)
        )
    return msgspec.structs.replace(catalog, offers={**catalog.offers, **found}) if found else catalog


def _rule(record: Record, rulebook: Rulebook, protection: Protection, findings: Findings) -> Rule | None:
    """Compile what a discount hangs on; None when that is wrong, which is noted."""
    leaf = record.leaf("of")
    of = rulebook.rule(leaf, Kind.NUMBER)
    for name in protection.of_rule(of) if of is not None else ():
        findings.error(
            leaf.place if leaf is not None else record.place,
            f"expected no protected trait in what a discount hangs on, got {name}",
            hint="a price may not hang on who somebody is; let it hang on what they bought or use",
            code="protected-trait",
        )
    return of


def _steps(record: Record, findings: Findings) -> tuple[DiscountStep, ...]:
    """Compile the steps, and note those that do not ascend or that take nothing off."""
    steps: list[DiscountStep] = []
    for each in record.each("steps"):
        if not isinstance(each, Record):
            continue
        step = DiscountStep(each.rate("from"), each.rate("off"))
        if steps and step.least <= steps[-1].least:
            findings.error(
                each.keys.get("from", each.place),
                f"expected steps in ascending order, got from {step.least:.15g} after {steps[-1].least:.15g}",
                hint="begin with the least value; each step holds up to the next",
                code="discount-steps",
            )
        steps.append(step)
    if steps and not any(step.rate > 0 for step in steps):
        findings.error(
            record.keys["steps"],
            "expected a step that takes something off, got none",
            hint="drop the discount, or say how much is taken off",
            code="discount-steps",
        )
    return tuple(steps)
