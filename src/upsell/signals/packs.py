"""Packs: what the orders of usage packs add to the limits of the usage periods they were bought in.

The law: what a period has follows from its orders alone. In whichever order they and what takes them
back are told, and however often, an order counts once, by when it was completed. What is kept is bounded
by time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from upsell.clock import DAY, Duration, Moment
from upsell.signals.events import ORDER_CANCELED, ORDER_COMPLETED, REFUNDED, Event
from upsell.signals.lines import read_amount, read_lines
from upsell.signals.profiles import PackOrder

PACK_EVENTS: Final = frozenset({ORDER_COMPLETED, ORDER_CANCELED, REFUNDED})
"""Names of the events that add packs or take them back."""

KEPT_PERIODS: Final = 4
"""In how many usage periods before the present one packs are known."""

KEPT: Final[Duration] = (KEPT_PERIODS + 1) * 31 * DAY
"""How long an order is kept: as long as those periods and the present one can last."""

PackLimits = Mapping[str, Mapping[str, float]]
"""How much of each metric one piece adds, by the id of the pack."""


def take_packs(packs: dict[str, PackOrder], event: Event, sold: PackLimits) -> bool:
    """Take an order, or what takes one back, into what is kept of packs; tell whether anything changed.

    ``Order Completed`` counts the packs among its items. ``Order Canceled``, and a ``Refunded`` that
    names the order, take back the packs they list; without a list all of them, but a refund of less than
    the order came to none, as it says not of what. What is said to have happened later than it was told
    counts for when it was told.

    Args:
        packs: By order id, or by the id of the event that names none; changed in place.
        event: One of ``PACK_EVENTS``.
        sold: The packs that are sold.
    """
    at = min(event.occurred_at, event.seen_at)
    if not sold or at <= event.seen_at - KEPT:
        return False
    told = _told(event, at, sold)
    if told is None:
        return False
    key, order = told
    before = packs.get(key)
    packs[key] = order if before is None else merge_orders(before, order)
    if packs[key] == before:
        return False
    for old in [each for each, kept in packs.items() if kept.at <= event.seen_at - KEPT]:
        del packs[old]
    return True


def packs_within(packs: Iterable[PackOrder], start: Moment, end: Moment) -> dict[str, float]:
    """Give how much of each metric the orders completed in ``[start, end)`` add."""
    added: dict[str, float] = {}
    for order in packs:
        if start <= order.at < end and not order.is_back:
            for metric, amount in order.limits.items():
                left = max(0.0, amount - order.returned.get(metric, 0.0))
                added[metric] = added.get(metric, 0.0) + left
    return added


def merge_packs(stays: dict[str, PackOrder], gone: Mapping[str, PackOrder]) -> None:
    """Take the orders of one into those of another, in place; one that both have is one order."""
    for key, order in gone.items():
        stays[key] = merge_orders(stays[key], order) if key in stays else order


def merge_orders(one: PackOrder, other: PackOrder) -> PackOrder:
    """Give what two words on one order come to: what was told of the earlier moment, less what is back.

    Of two that take back from one order the greater counts, as one may be the other told again.
    """
    told = min(one, other, key=_telling)
    metrics = sorted({*one.returned, *other.returned})
    return PackOrder(
        at=told.at,
        limits=told.limits,
        amount=told.amount,
        refunded=max(one.refunded, other.refunded),
        is_canceled=one.is_canceled or other.is_canceled,
        returned={each: max(one.returned.get(each, 0.0), other.returned.get(each, 0.0)) for each in metrics},
    )


def _telling(order: PackOrder) -> tuple[bool, Moment, list[tuple[str, float]], int]:
    """Rank tellings of one order: one that says what was bought, then the earlier, then by what they say."""
    return not order.limits, order.at, sorted(order.limits.items()), order.amount or 0


def _told(event: Event, at: Moment, sold: PackLimits) -> tuple[str, PackOrder] | None:
    """Give the order an event is about, and what it says of it; None when it says nothing of packs."""
    said = event.properties
    named = said.get("order_id")
    order_id = str(named) if isinstance(named, str | int) and not isinstance(named, bool) else ""
    lines = list(read_lines(said))
    listed: dict[str, float] = {}
    for item, quantity, _ in lines:
        for metric, each in sold.get(item, {}).items():
            if quantity > 0:
                listed[metric] = listed.get(metric, 0.0) + quantity * each
    amount = read_amount(said)
    if event.name == ORDER_COMPLETED:
        return (order_id or f"{event.source}/{event.id}", PackOrder(at, listed, amount)) if listed else None
    if not order_id or (lines and not listed):
        return None
    if listed:
        return order_id, PackOrder(at, returned=listed)
    if event.name == REFUNDED and amount is not None:
        return order_id, PackOrder(at, refunded=amount)
    return order_id, PackOrder(at, is_canceled=True)
