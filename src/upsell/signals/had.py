"""Had: which items of the catalog were ordered, and what was tried before, so that neither is offered again.

The law: what was ordered and taken back is not had; what was tried stays tried. Only what the catalog
names is kept, so what is kept is bounded by it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from upsell.clock import Moment
from upsell.signals.events import (
    ORDER_COMPLETED,
    REFUNDED,
    SUBSCRIPTION_STARTED,
    TRIAL_ENDED,
    TRIAL_STARTED,
    Event,
)
from upsell.signals.lines import has_lines, read_amount, read_lines
from upsell.signals.profiles import ItemOrder, Profile

TRIAL_EVENTS: Final = frozenset({TRIAL_STARTED, TRIAL_ENDED, SUBSCRIPTION_STARTED})
"""Names of the events that say that something is or was on trial."""


def take_items(ordered: dict[str, ItemOrder], event: Event, items: Collection[str]) -> None:
    """Take an order, or what takes one back, into what is kept of items.

    ``Order Canceled``, and a ``Refunded`` that names the order, take back the items they list; without a
    list all of the order, but a refund that says an amount none, as it may be of a part.

    Args:
        ordered: The last order of each item; changed in place.
        event: The order, or what takes one back.
        items: The items of the catalog.
    """
    said = event.properties
    order_id = str(said.get("order_id") or "")
    lines = {item for item, quantity, _ in read_lines(said) if quantity > 0}
    at = min(event.occurred_at, event.seen_at)
    if event.name == ORDER_COMPLETED:
        for item in sorted(lines & set(items)):
            held = ordered.get(item)
            if held is None or held.at <= at:
                ordered[item] = ItemOrder(at, order_id)
        return
    if not order_id or (event.name == REFUNDED and not has_lines(said) and read_amount(said) is not None):
        return
    for item in [each for each, held in ordered.items() if held.order_id == order_id]:
        if item in lines or not has_lines(said):
            del ordered[item]


def merge_items(stays: dict[str, ItemOrder], gone: Mapping[str, ItemOrder]) -> None:
    """Take what one ordered into what another did, in place; of one item the later order."""
    for item, order in gone.items():
        held = stays.get(item)
        stays[item] = order if held is None else max(held, order)


def take_trial(profile: Profile, event: Event, known: Collection[str]) -> None:
    """Note what an event says was tried; one that names only its subscription is of that one's plan.

    Args:
        profile: Of whoever pays; changed in place.
        event: One of ``TRIAL_EVENTS``; a subscription that starts counts when it does so on trial.
        known: What can be tried, each as ``plan/team`` or ``feature/sso``.
    """
    said = event.properties
    if event.name == SUBSCRIPTION_STARTED and said.get("status") != "trialing":
        return
    held = profile.subscriptions.get(str(said.get("subscription_id") or "default"))
    plan = said.get("plan") or (held.plan if held is not None and "feature" not in said else None)
    at = min(event.occurred_at, event.seen_at)
    for key in (f"plan/{plan}", f"product/{plan}", f"feature/{said.get('feature')}"):
        if key in known:
            profile.tried[key] = max(at, profile.tried.get(key, at))


def merge_tried(stays: dict[str, Moment], gone: Mapping[str, Moment]) -> None:
    """Take what one tried into what another did, in place; of one thing the later moment."""
    for key, at in gone.items():
        stays[key] = max(at, stays.get(key, at))
