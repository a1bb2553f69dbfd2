"""Changes: what differs between two catalogs in price and packaging, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from upsell.catalog.catalog import Catalog
from upsell.catalog.offers import FITTING, PREMIUM, WARRANTY, Offer, Target, ValueDiscount
from upsell.money import Money

_UNSAID = {"leads_to": "any of its family"}
"""What holds of a field where nothing is said, when that is not the same as nothing."""


class Change(msgspec.Struct, frozen=True):
    """One thing that changed.

    Attributes:
        noun: ``plan``, ``product``, ``item`` or ``offer``.
        id: Its id.
        said: What changed of it, each from what to what.
    """

    noun: str
    id: str
    said: tuple[str, ...]


def find_changes(before: Catalog, after: Catalog) -> list[Change]:
    """Give what differs, plans first; nothing for what is new, which nobody was offered yet."""
    return [
        *_changes("plan", before.plans, after.plans),
        *_changes("product", before.products, after.products),
        *_changes("item", before.items, after.items),
        *_changes("offer", before.offers, after.offers),
    ]


def touches(offer: Offer, change: Change) -> bool:
    """Tell whether a change may change what an offer comes to, or who gets it.

    Of an offer of the plan that fits any plan's does, of one of a plan the paths from any.
    """
    if change.noun == "offer":
        return change.id == offer.id
    if change.noun == "plan":
        is_path = any(each.startswith("leads_to:") for each in change.said)
        if offer.target is Target.PLAN:
            return is_path or offer.thing in (change.id, FITTING)
        return offer.target in (Target.SEATS, Target.INTERVAL)
    return offer.target.value == change.noun and offer.thing in (change.id, PREMIUM, WARRANTY)


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
            case Money():
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
        add(field, getattr(thing, field))
    return found
