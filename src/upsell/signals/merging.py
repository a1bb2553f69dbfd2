"""Merging: two profiles that turn out to be one person's become one.

The law: what is counted afterwards is what would have been counted had every event carried the
id that stays, so that no rule can tell when two ids were found to be one.
"""

from __future__ import annotations

from collections.abc import Mapping

from upsell.clock import Moment
from upsell.rules.facts import Counter, Measure
from upsell.signals.cart import merge_carts
from upsell.signals.counters import CounterState, Mark, Tally, Values
from upsell.signals.features import merge_features
from upsell.signals.had import merge_items, merge_tried
from upsell.signals.overage import merge_overage
from upsell.signals.packs import merge_packs
from upsell.signals.profiles import Profile, Span, Subscription
from upsell.signals.purchases import merge_purchases
from upsell.signals.usage import merge_usage


def merge_profiles(stays: Profile, gone: Profile, counters: Mapping[str, Counter]) -> None:
    """Take everything known of ``gone`` into ``stays``.

    Traits of the one that stays win, missing ones are taken over. A subscription both have is as
    the later word on it says.

    Args:
        stays: Changed in place.
        gone: Left as it is, and not to be used any more.
        counters: Every counter that is kept, by key.
    """
    stays.traits.update({name: said for name, said in gone.traits.items() if name not in stays.traits})
    for key, other in gone.subscriptions.items():
        held = stays.subscriptions.get(key)
        stays.subscriptions[key] = _merge_subscriptions(held, other) if held is not None else other
    for metric, used in gone.usage.items():
        known = stays.usage.get(metric)
        stays.usage[metric] = merge_usage(known, used) if known is not None else used
    for key, state in gone.counters.items():
        kept = stays.counters.get(key)
        stays.counters[key] = merge_counters(kept, state, counters.get(key)) if kept is not None else state
    for name, span in gone.states.items():
        here = stays.states.get(name)
        stays.states[name] = _merge_spans(here, span) if here is not None else span
    stays.cart = merge_carts(stays.cart, gone.cart)
    merge_packs(stays.packs, gone.packs)
    merge_purchases(stays.bought, gone.bought)
    merge_overage(stays.overage, gone.overage)
    merge_features(stays.features, gone.features)
    merge_items(stays.ordered, gone.ordered)
    merge_tried(stays.tried, gone.tried)


def merge_counters(stays: CounterState, gone: CounterState, counter: Counter | None) -> CounterState:
    """Give one state that counted what either did; of two that do not fit together, the one that stays.

    A mark needs its counter, None when nothing keeps it any more, to know the first from the last.
    """
    match stays, gone:
        case Tally(), Tally():
            amounts = dict(zip(stays.tiles, stays.amounts, strict=True))
            for tile, amount in zip(gone.tiles, gone.amounts, strict=True):
                amounts[tile] = amounts.get(tile, 0) + amount
            tiles = sorted(amounts)
            return Tally(tiles, [amounts[tile] for tile in tiles])
        case Values(), Values():
            last_tile = dict(stays.last_tile)
            for value, tile in gone.last_tile.items():
                last_tile[value] = max(tile, last_tile.get(value, tile))
            return Values(last_tile)
        case Mark(), Mark() if counter is not None:
            is_first = counter.measure is Measure.FIRST
            return Mark(min(stays.at, gone.at) if is_first else max(stays.at, gone.at))
        case _:
            return stays


def _merge_subscriptions(stays: Subscription, gone: Subscription) -> Subscription:
    told, other = (gone, stays) if gone.changed_at > stays.changed_at else (stays, gone)
    told.started_at = min(told.started_at, other.started_at)
    return told


def _merge_spans(stays: Span, gone: Span) -> Span:
    """Keep open what neither has heard the end of, and the later of what ended."""
    closed = _latest(stays.closed, gone.closed)
    opened = _latest(stays.opened, gone.opened)
    over = [key for key, at in opened.items() if max(closed.get(key, at), closed.get("", at)) > at]
    ended = [at for at in (stays.ended_at, gone.ended_at) if at is not None]
    ended += [max(closed.get(key, 0), closed.get("", 0)) for key in over]
    still = {key: at for key, at in opened.items() if key not in over}
    return Span(still, max(ended, default=None), closed)


def _latest(stays: Mapping[str, Moment], gone: Mapping[str, Moment]) -> dict[str, Moment]:
    kept = dict(stays)
    for key, at in gone.items():
        kept[key] = max(at, kept.get(key, at))
    return kept
