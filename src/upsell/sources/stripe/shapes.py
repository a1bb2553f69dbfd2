"""Shapes: the fields of Stripe's objects that are read, whatever version of its API wrote them.

A version is read by its shape and not by its name: what moved is looked for in both places. Source: Stripe's
API reference and changelog. Billing periods and ``parent`` of an invoice moved in 2025-03-31 (basil), the
coupon of a discount went into ``source`` in 2025-09-30 (clover), ``plan`` became ``price`` in 2020-08-27.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from upsell.clock import SECOND, Moment

LATEST: Final = 4_102_444_800  # 2100-01-01
"""Times from then on, in seconds since 1970, were not meant."""


class Recurring(msgspec.Struct, frozen=True):
    """How often a price falls due, and whether it is for what was promised or what was used."""

    interval: str
    interval_count: int = 1
    usage_type: str | None = "licensed"


class Tier(msgspec.Struct, frozen=True):
    """One step of a price in tiers: up to how many, None for the last, what each and what all cost."""

    up_to: int | None = None
    unit_amount: int | None = None
    unit_amount_decimal: str | None = None
    flat_amount: int | None = None
    flat_amount_decimal: str | None = None


class Transform(msgspec.Struct, frozen=True):
    """How many make one that is paid for, and which way what is left over is rounded."""

    divide_by: int
    round: str


class Price(msgspec.Struct, frozen=True):
    """What an item costs; a plan of before 2020 is read as one."""

    id: str
    currency: str | None = None
    product: Any = None
    unit_amount: int | None = None
    unit_amount_decimal: str | None = None
    billing_scheme: str | None = "per_unit"
    tiers: list[Tier] | None = None
    tiers_mode: str | None = None
    transform_quantity: Transform | None = None
    recurring: Recurring | None = None
    lookup_key: str | None = None


class Item(msgspec.Struct, frozen=True):
    """One item of a subscription; ``price`` is there once it has passed ``read_subscription``."""

    id: str
    price: Price
    quantity: int | None = None
    created: int | None = None
    current_period_end: int | None = None
    current_period_start: int | None = None
    discounts: list[Any] | None = None


class Items(msgspec.Struct, frozen=True):
    """The items of a subscription, and whether there are more than came."""

    data: list[Item]
    has_more: bool = False


class Coupon(msgspec.Struct, frozen=True):
    """What a discount takes off, and for how long; to which products, where that is said."""

    id: str
    duration: str
    percent_off: float | None = None
    amount_off: int | None = None
    currency: str | None = None
    applies_to: dict[str, Any] | None = None


class Subscription(msgspec.Struct, frozen=True):
    """A subscription."""

    id: str
    status: str
    customer: Any
    items: Items
    currency: str | None = None
    created: int | None = None
    start_date: int | None = None
    current_period_end: int | None = None
    current_period_start: int | None = None
    cancel_at: int | None = None
    cancel_at_period_end: bool | None = False
    canceled_at: int | None = None
    ended_at: int | None = None
    trial_start: int | None = None
    trial_end: int | None = None
    discount: dict[str, Any] | None = None
    discounts: list[Any] | None = None


class Invoice(msgspec.Struct, frozen=True):
    """An invoice."""

    id: str
    currency: str
    amount_paid: int
    amount_due: int
    amount_remaining: int | None = None
    attempt_count: int | None = 0


class Charge(msgspec.Struct, frozen=True):
    """A charge, and how much of it all its refunds came to."""

    id: str
    amount_refunded: int
    currency: str


def read_subscription(said: Mapping[str, Any]) -> Subscription:
    """Read a subscription.

    Raises:
        msgspec.ValidationError: Something that is needed is missing, or is of another kind.
    """
    items = said.get("items")
    entries = items.get("data") if isinstance(items, Mapping) else None
    if isinstance(items, Mapping) and isinstance(entries, list):
        said = {**said, "items": {**items, "data": [_item(entry) for entry in entries]}}
    return msgspec.convert(said, Subscription)


def id_of(said: object) -> str | None:
    """Give the id of what is named by its id or stands there whole; None for neither."""
    if isinstance(said, Mapping):
        said = said.get("id")
    return said if isinstance(said, str) and said else None


def coupon_in(discount: Mapping[str, Any]) -> object:
    """Give the coupon of a discount, whole or by its id; clover (2025-09-30) put it into ``source``."""
    source = discount.get("source")
    return discount.get("coupon") or (source.get("coupon") if isinstance(source, Mapping) else None)


def moment_of(seconds: int) -> Moment:
    """Give a moment that Stripe says in seconds since 1970.

    Raises:
        msgspec.ValidationError: It is none of this century or the last.
    """
    if not 0 <= seconds < LATEST:
        msg = f"expected a time in seconds since 1970, got {seconds}"
        raise msgspec.ValidationError(msg)
    return seconds * SECOND


def before(said: Mapping[str, Any], previous: Mapping[str, Any]) -> dict[str, Any]:
    """Give an object as it was before an update: ``previous_attributes`` laid over what it is now.

    Objects are laid over key by key, a list replaces; of a list's entries those that lack fields take them
    from the entry of the same id. Source: Stripe, Event object, ``data.previous_attributes``.
    """
    was = dict(said)
    for key, old in previous.items():
        new = said.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping) and not _is_other(old, new):
            was[key] = before(new, old)
        elif isinstance(old, list) and isinstance(new, list):
            known = {id_of(entry): entry for entry in new if isinstance(entry, Mapping)}
            was[key] = [_entry_before(entry, known) for entry in old]
        else:
            was[key] = old
    return was


def _entry_before(old: object, known: Mapping[str | None, Mapping[str, Any]]) -> object:
    new = known.get(id_of(old)) if isinstance(old, Mapping) else None
    return before(new, old) if isinstance(old, Mapping) and new is not None else old


def _is_other(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Tell whether what stood in a place was another object altogether."""
    return "id" in old and "id" in new and old["id"] != new["id"] and "object" in old


def _item(entry: object) -> object:
    """Give an item with its price, made of the plan where an old version tells of no price."""
    if not isinstance(entry, Mapping) or entry.get("price") is not None:
        return entry
    plan = entry.get("plan")
    if not isinstance(plan, Mapping):
        return entry
    recurring = {key: plan[key] for key in ("interval", "interval_count", "usage_type") if key in plan}
    price = {
        **plan,
        "unit_amount": plan.get("amount"),
        "unit_amount_decimal": plan.get("amount_decimal"),
        "transform_quantity": plan.get("transform_usage"),
        "recurring": recurring,
    }
    return {**entry, "price": price}
