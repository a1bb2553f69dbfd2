"""Changes: what differs between two catalogs in price and packaging, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.offers import BUNDLE, FITTING, OF_THE_CART, PREMIUM, Offer, Target, ValueDiscount
from upsell.catalog.plans import Charge
from upsell.money import Money

FIT_MARGIN = "fit_margin"
"""The key of the catalog that says how much more than is used fits."""

LARGEST_STEP = "largest_step"
"""The key of the catalog that says how much dearer than what lies in a cart something in its place may be."""

_UNSAID = {"leads_to": "any of its family"}
"""What holds of a field where nothing is said, when that is not the same as nothing."""

_UNSEEN = frozenset({"stripe", "stripe_once", "coupon"})
"""What is no price and no packaging: the names that things have at Stripe."""


class Change(msgspec.Struct, frozen=True):
    """One thing that changed.

    Attributes:
        noun: ``catalog``, ``plan``, ``product``, ``item`` or ``offer``.
        id: Its id; of the catalog the key that says it.
        said: What changed of it, each from what to what.
    """

    noun: str
    id: str
    said: tuple[str, ...]


def find_changes(before: Catalog, after: Catalog) -> list[Change]:
    """Give what differs, plans first; nothing for what is new, which nobody was offered yet."""
    margins = f"{before.margin * 100:.4g}% -> {after.margin * 100:.4g}%"
    steps = f"{_step(before)} -> {_step(after)}"
    return [
        *([Change("catalog", FIT_MARGIN, (margins,))] if before.margin != after.margin else []),
        *([Change("catalog", LARGEST_STEP, (steps,))] if before.largest_step != after.largest_step else []),
        *_changes("plan", before.plans, after.plans),
        *_changes("product", before.products, after.products),
        *_changes("item", before.items, after.items),
        *_changes("offer", before.offers, after.offers),
    ]


def touches(offer: Offer, change: Change, catalog: Catalog) -> bool:
    """Tell whether a change may change what an offer of a catalog comes to, or who gets it.

    Of an offer of the plan that fits any plan's does, of one of a plan the paths from any, and of one of a
    bundle that of whatever it contains.
    """
    if change.noun == "catalog":
        if change.id == LARGEST_STEP:
            return offer.target is Target.ITEM and offer.thing in (PREMIUM, BUNDLE)
        return offer.target is Target.PLAN and offer.thing == FITTING
    if offer.target is Target.PRODUCT and change.noun in ("plan", "product"):
        return change.id in _with_contents(offer.thing, catalog)
    if change.noun == "offer":
        return change.id == offer.id
    if change.noun == "plan":
        is_path = any(each.startswith("leads_to:") for each in change.said)
        if offer.target is Target.PLAN:
            return is_path or offer.thing in (change.id, FITTING)
        return offer.target in (Target.SEATS, Target.INTERVAL)
    return offer.target.value == change.noun and offer.thing in (change.id, *OF_THE_CART)


def _step(catalog: Catalog) -> str:
    return "any" if catalog.largest_step is None else f"{catalog.largest_step * 100:.4g}%"


def _with_contents(product: str, catalog: Catalog) -> set[str]:
    """Give a product with all that it contains, by id."""
    found: set[str] = set()
    ahead = [product]
    while ahead:
        at = ahead.pop()
        if at not in found:
            found.add(at)
            ahead += catalog.products[at].contains if at in catalog.products else ()
    return found


def _changes(noun: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for key in sorted(before):
        if key not in after:
            yield Change(noun, key, ("is gone",))
            continue
        old, new = _flat(before[key]), _flat(after[key])
        said = [
            f"{name}: {old.get(name, 'none')} -> {new.get(name, 'none')}"
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        ]
        if said:
            yield Change(noun, key, tuple(said))


def _flat(thing: msgspec.Struct) -> dict[str, str]:
    """Give the fields of a thing in words, those of mappings each by its own name."""
    found: dict[str, str] = {}

    def add(name: str, value: object) -> None:
        match value:
            case Money() | Charge():
                found[name] = str(value)
            case ValueDiscount():
                steps = (f"{step.rate * 100:.4g}% from {step.least:.15g}" for step in value.steps)
                found[name] = f"{', '.join(steps)} of {value.of.text}"
            case Mapping():
                for key, inner in value.items():
                    add(f"{name} {getattr(key, 'value', key)}", inner)
            case frozenset() | tuple() | list():
                found[name] = ", ".join(sorted(map(str, value))) or "none"
            case float():
                found[name] = f"{value:.15g}"
            case None:
                if name in _UNSAID:
                    found[name] = _UNSAID[name]
            case _:
                found[name] = str(getattr(value, "value", value))

    for field in thing.__struct_fields__:
        if field in _UNSEEN:
            continue
        add(field, getattr(thing, field))
    return found
