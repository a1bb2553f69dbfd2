"""Counters: what is kept of a unit's events so that a rule can be asked at any moment.

A counter keeps moments rounded down to its tile, not events, so a profile is bounded by windows
and not by traffic. The law: an event at ``t`` is in ``(now - window, now]`` exactly when
``t // tile > (now - window) // tile``, in memory, in SQL and in a backtest.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from math import fsum
from typing import Any, TypeAlias

import msgspec

from upsell.clock import Duration, Moment
from upsell.rules.facts import Counter, Measure
from upsell.rules.kinds import as_number, distinct_key


class Tally(msgspec.Struct, array_like=True, tag="t"):
    """Amounts by tile, tiles ascending: for counts, sums and trends."""

    tiles: list[int] = []
    amounts: list[int | float] = []


class Values(msgspec.Struct, array_like=True, tag="v"):
    """The last tile each different value was seen in."""

    last_tile: dict[str, int] = {}


class Mark(msgspec.Struct, array_like=True, tag="m"):
    """One moment: of the first or of the last event."""

    at: Moment


CounterState: TypeAlias = Tally | Values | Mark


def count_event(
    states: dict[str, CounterState],
    key: str,
    counter: Counter,
    occurred_at: Moment,
    now: Moment,
    properties: Mapping[str, Any],
) -> None:
    """Count one event that meets the counter's condition; a late one finds its own place.

    ``key`` is ``counter.key``, which the caller has at hand.

    An event that has left the window at ``now`` already is not kept. ``SUM`` skips a property
    that is no number, ``DISTINCT`` one that is no scalar or null.
    """
    match counter.measure:
        case Measure.COUNT | Measure.TREND:
            _add(states, key, counter, occurred_at, now, 1)
        case Measure.SUM:
            amount = as_number(properties.get(counter.property or ""))
            if amount is not None:
                _add(states, key, counter, occurred_at, now, amount)
        case Measure.DISTINCT:
            value = distinct_key(properties.get(counter.property or ""))
            if value is not None:
                _see(states, key, counter, occurred_at, now, value)
        case Measure.FIRST | Measure.LAST:
            _mark(states, key, counter, occurred_at)


def _add(
    states: dict[str, CounterState],
    key: str,
    counter: Counter,
    occurred_at: Moment,
    now: Moment,
    amount: float,
) -> None:
    tile = occurred_at // counter.tile
    gone = _gone_tile(counter, now)
    state = states.get(key)
    if not isinstance(state, Tally):
        if tile > gone:
            states[key] = Tally([tile], [amount])
        return
    tiles = state.tiles
    if tiles and tiles[0] <= gone:
        expired = bisect_right(tiles, gone)
        del tiles[:expired]
        del state.amounts[:expired]
    if tile <= gone:
        return
    if not tiles or tile > tiles[-1]:
        tiles.append(tile)
        state.amounts.append(amount)
        return
    place = bisect_left(tiles, tile)
    if tiles[place] == tile:
        state.amounts[place] += amount
    else:
        tiles.insert(place, tile)
        state.amounts.insert(place, amount)


def _see(
    states: dict[str, CounterState], key: str, counter: Counter, occurred_at: Moment, now: Moment, value: str
) -> None:
    tile = occurred_at // counter.tile
    gone = _gone_tile(counter, now)
    state = states.get(key)
    kept = (
        {name: last for name, last in state.last_tile.items() if last > gone}
        if isinstance(state, Values)
        else {}
    )
    if tile > gone:
        kept[value] = max(tile, kept.get(value, tile))
    states[key] = Values(kept)


def _mark(states: dict[str, CounterState], key: str, counter: Counter, occurred_at: Moment) -> None:
    state = states.get(key)
    if not isinstance(state, Mark):
        states[key] = Mark(occurred_at)
    elif counter.measure is Measure.FIRST:
        state.at = min(state.at, occurred_at)
    else:
        state.at = max(state.at, occurred_at)


def _length(counter: Counter) -> Duration:
    """The window's length; a counter without a window has no length and is never asked for one."""
    return counter.window or 0


def _gone_tile(counter: Counter, now: Moment) -> int:
    """The last tile that has left everything the counter can be asked about at ``now``."""
    kept = _length(counter) * (2 if counter.measure is Measure.TREND else 1)
    return (now - kept) // counter.tile


def reaches_back_to(counter: Counter, now: Moment) -> Moment:
    """Give a moment such that nothing that happened up to it counts at ``now``; events begin with 1970."""
    if counter.window is None:
        return -1
    kept = 2 * counter.window if counter.measure is Measure.TREND else counter.window
    return max(-1, now - kept - counter.tile)


def read_count(state: CounterState | None, counter: Counter, now: Moment) -> int:
    """Give how many events are in the window at ``now``."""
    if not isinstance(state, Tally):
        return 0
    gone = (now - _length(counter)) // counter.tile
    if state.tiles and state.tiles[0] > gone:
        return int(sum(state.amounts))
    return int(sum(state.amounts[bisect_right(state.tiles, gone) :]))


def read_total(state: CounterState | None, counter: Counter, now: Moment) -> float:
    """Give the sum over the window at ``now``, correctly rounded; 0.0 over no events."""
    if not isinstance(state, Tally):
        return 0.0
    gone = (now - _length(counter)) // counter.tile
    return fsum(state.amounts[bisect_right(state.tiles, gone) :])


def read_distinct(state: CounterState | None, counter: Counter, now: Moment) -> int:
    """Give how many different values are in the window at ``now``."""
    if not isinstance(state, Values):
        return 0
    gone = (now - _length(counter)) // counter.tile
    return sum(1 for last in state.last_tile.values() if last > gone)


def read_mark(state: CounterState | None) -> Moment | None:
    """Give the moment a ``FIRST`` or ``LAST`` counter keeps, None before any event."""
    return state.at if isinstance(state, Mark) else None


def read_trend(state: CounterState | None, counter: Counter, now: Moment) -> float | None:
    """Give the count in ``(now - w, now]`` over that in ``(now - 2w, now - w]``; None over zero."""
    if not isinstance(state, Tally):
        return None
    start = bisect_right(state.tiles, (now - 2 * _length(counter)) // counter.tile)
    middle = bisect_right(state.tiles, (now - _length(counter)) // counter.tile)
    before = sum(state.amounts[start:middle])
    return sum(state.amounts[middle:]) / before if before else None


def falls_below_at(state: CounterState | None, counter: Counter, now: Moment, least: int) -> Moment | None:
    """Give the first instant at which a count falls below ``least`` by time alone.

    Tile ``k`` leaves the window when ``(now - window) // tile`` reaches ``k``, so at
    ``k * tile + window``. None when the count is below ``least`` already, or never can fall there.
    """
    if not isinstance(state, Tally) or least <= 0:
        return None
    start = bisect_right(state.tiles, (now - _length(counter)) // counter.tile)
    remaining = int(sum(state.amounts[start:]))
    if remaining < least:
        return None
    for place in range(start, len(state.tiles)):
        remaining -= int(state.amounts[place])
        if remaining < least:
            return state.tiles[place] * counter.tile + _length(counter)
    return None


def changes_at(state: CounterState | None, counter: Counter, now: Moment) -> Moment | None:
    """Give the next instant at which a windowed counter changes by time alone; None if it never does."""
    if counter.window is None:
        return None
    match state:
        case Tally(tiles=tiles):
            leaves = [_next_leaving(tiles, counter, now, counter.window)]
            if counter.measure is Measure.TREND:
                leaves.append(_next_leaving(tiles, counter, now, 2 * _length(counter)))
            return min((at for at in leaves if at is not None), default=None)
        case Values(last_tile=last_tile):
            return _next_leaving(sorted(last_tile.values()), counter, now, counter.window)
        case _:
            return None


def _next_leaving(tiles: list[int], counter: Counter, now: Moment, window: int) -> Moment | None:
    place = bisect_right(tiles, (now - window) // counter.tile)
    return tiles[place] * counter.tile + window if place < len(tiles) else None
