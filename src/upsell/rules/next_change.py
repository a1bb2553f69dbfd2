"""When a rule's value can next change by time alone.

Answers the instant at which a household must be asked again though nothing happens to it: this is
what makes date-driven triggers timers instead of nightly scans. The law: the answer is never later
than the true instant, so asking again then misses nothing; it may be earlier. It is exact for one
date compared with a constant and for one count compared with a constant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from upsell.clock import DAY, Duration, Moment
from upsell.rules import tree
from upsell.rules.bounds import moves
from upsell.rules.closure import compile_value, compile_value_at
from upsell.rules.facts import FIT, Facts, Measure
from upsell.rules.kinds import Kind
from upsell.rules.tree import Comparison

Source: TypeAlias = Callable[[Facts], Moment | None]
"""Gives the next instant, after now, at which something turns; None when it never does."""

HORIZON: Moment = 253_402_300_800_000_000
"""The year 10000: what would change only then is said never to change."""

_EQUALITIES = frozenset({Comparison.EQUAL, Comparison.DIFFERENT})
_LOWER = frozenset({Comparison.AT_LEAST, Comparison.LESS, Comparison.EQUAL, Comparison.DIFFERENT})
_UPPER = frozenset({Comparison.MORE, Comparison.AT_MOST, Comparison.EQUAL, Comparison.DIFFERENT})


def next_change_of(node: tree.Node) -> Source | None:
    """Make the function that gives a checked rule's next change; None when it never changes by time."""
    if moves(node):
        return _at_every_instant(node)
    return _source(node)


def next_turn_of(node: tree.Node, bounds: Iterable[float]) -> Source:
    """Make the function that gives when a checked number next comes to or leaves one of several bounds."""
    found = [
        next_change_of(
            tree.Compare(
                at=node.at,
                comparison=Comparison.AT_LEAST,
                left=node,
                right=tree.Literal(at=node.at, value=bound, kind=Kind.NUMBER),
            )
        )
        for bound in sorted(bounds)
    ]
    earliest = _earliest(found)
    return earliest if earliest is not None else _never


def _never(_: Facts) -> Moment | None:
    """Say that nothing turns."""
    return None


def _source(node: tree.Node) -> Source | None:
    """Make the source of one part from what it is made of."""
    match node:
        case tree.Junction():
            return _of_junction(node)
        case tree.Compare(comparison=comparison, left=left, right=right):
            others = _earliest([_source(left), _source(right)])
            if moves(right) or isinstance(left, tree.Literal):
                return _of_comparison(right, comparison.mirrored, left, others)
            return _of_comparison(left, comparison, right, others)
        case tree.In(operand=operand, choices=choices):
            others = _earliest([_source(part) for part in (operand, *choices)])
            if others is None and not moves(operand):
                return None
            equal = Comparison.EQUAL
            return _earliest([_of_comparison(operand, equal, choice, others) for choice in choices])
        case tree.Field(scope=scope) if scope == FIT:
            return _after_now(lambda facts: facts.fit_changes_at())
        case tree.Measured(quantity=quantity, metric=metric):
            return _after_now(_of_measured(quantity, metric))
        case tree.Counted(counter=counter) if counter.window is not None:
            key = counter.key
            return _after_now(lambda facts: facts.changes_at(key))
        case _:
            return _earliest([_source(part) for part in tree.parts(node)])


def _of_measured(quantity: tree.Quantity, metric: str) -> Source:
    """Make the source of a quantity of a metric; what limits change by time, they change with the period."""
    if quantity in tree.FORECASTS:
        return lambda facts: facts.forecast_changes_at(metric)
    if quantity is tree.Quantity.LIMIT:
        return lambda facts: facts.limits_change_at()
    return lambda facts: facts.usage_changes_at()


def _earliest(sources: Sequence[Source | None]) -> Source | None:
    """Make one source of several: the earliest of their instants."""
    known = [source for source in sources if source is not None]
    if len(known) < 2:
        return known[0] if known else None

    def earliest(facts: Facts) -> Moment | None:
        best: Moment | None = None
        for source in known:
            at = source(facts)
            if at is not None and (best is None or at < best):
                best = at
        return best

    return earliest


def _after_now(source: Source) -> Source:
    """Keep a source to instants after now: what turned already does not turn by time again."""

    def later(facts: Facts) -> Moment | None:
        at = source(facts)
        return at if at is not None and at > facts.now else None

    return later


def _at_every_instant(node: tree.Node) -> Source:
    """Make the source of a value that is another one at each instant, unless it is null."""
    value, inner = compile_value(node), _source(node)

    def next_instant(facts: Facts) -> Moment | None:
        if value(facts) is not None:
            return facts.now + 1
        return None if inner is None else inner(facts)

    return next_instant


def _of_junction(node: tree.Junction) -> Source | None:
    """Make the source of and / or: silent while a side that stands still decides alone."""
    sources = [_source(operand) for operand in node.operands]
    earliest = _earliest(sources)
    still = tuple(operand for operand, source in zip(node.operands, sources, strict=True) if source is None)
    if earliest is None or not still:
        return earliest
    decided = compile_value(tree.Junction(connective=node.connective, operands=still))
    decides = node.connective is tree.Connective.OR

    def unless_decided(facts: Facts) -> Moment | None:
        return None if decided(facts) is decides else earliest(facts)

    return unless_decided


def _of_comparison(
    left: tree.Node, comparison: Comparison, right: tree.Node, others: Source | None
) -> Source | None:
    """Make the source of a comparison, by the exact way where there is one.

    Only the left side may move with every instant; ``others`` is the source of all parts of both sides.
    """
    is_count = isinstance(left, tree.Counted) and left.counter.measure is Measure.COUNT
    if isinstance(left, tree.Counted) and is_count and isinstance(right, tree.Literal):
        return _of_count(left.counter.key, comparison, float(right.value))
    if not moves(left):
        return others
    if others is None:
        if isinstance(left, tree.Elapsed) and isinstance(right, tree.Literal):
            return _of_days(left, comparison, float(right.value))
        if isinstance(left, tree.Now | tree.Shifted):
            exact = _of_moment(left, comparison, right)
            if exact is not None:
                return exact
    return _of_search(left, comparison, right, others)


def _of_count(key: str, comparison: Comparison, bound: float) -> Source | None:
    """Make the exact source of a count against a constant: a count only falls by time alone."""
    if comparison in _EQUALITIES:
        return _of_count_equal(key, int(bound)) if bound.is_integer() and bound >= 0 else None
    least = math.ceil(bound) if comparison in _LOWER else math.floor(bound) + 1
    if least <= 0:
        return None
    return _after_now(lambda facts: facts.falls_below_at(key, least))


def _of_count_equal(key: str, number: int) -> Source:
    """Make the exact source of a count being a number, which it may fall past in one instant."""

    def falls(facts: Facts) -> Moment | None:
        reached_at = facts.falls_below_at(key, number + 1)
        if number == 0:
            return reached_at
        left_at = facts.falls_below_at(key, number)
        if reached_at is None:
            return left_at
        return None if reached_at == left_at else reached_at

    return _after_now(falls)


def _of_days(node: tree.Elapsed, comparison: Comparison, bound: float) -> Source | None:
    """Make the exact source of elapsed days against a constant; no number of days equals some doubles."""
    lower, upper = _least_days(bound, is_above=False), _least_days(bound, is_above=True)
    if comparison in _EQUALITIES and lower == upper:
        return None
    spans = [lower] * (comparison in _LOWER) + [upper] * (comparison in _UPPER)
    since = node.direction is tree.Direction.SINCE
    return _of_turns(compile_value(node.moment), [span if since else 1 - span for span in spans])


def _least_days(bound: float, *, is_above: bool) -> Duration:
    """Give the least elapsed time whose days, as a double, reach the bound, or lie above it."""
    if abs(bound) > HORIZON / DAY:
        return 2 * HORIZON if bound > 0 else -2 * HORIZON
    # Far from zero many microseconds are one double, so the count begins well below the bound.
    span = math.floor(bound * DAY) - 256
    while span / DAY < bound or (is_above and span / DAY == bound):
        span += 1
    return span


def _of_moment(left: tree.Node, comparison: Comparison, right: tree.Node) -> Source | None:
    """Make the exact source of now, moved by a constant, against a moment that stands still."""
    moved = 0
    while isinstance(left, tree.Shifted):
        moved, left = moved + left.duration, left.moment
    if not isinstance(left, tree.Now):
        return None
    turns = [-moved] * (comparison in _LOWER) + [1 - moved] * (comparison in _UPPER)
    return _of_turns(compile_value(right), turns)


def _of_turns(moment: Source, offsets: Sequence[Duration]) -> Source:
    """Make the source of turns at fixed distances from a moment that stands still."""
    first, last = min(offsets), max(offsets)

    def turn(facts: Facts) -> Moment | None:
        at = moment(facts)
        if at is None:
            return None
        now = facts.now
        for instant in (at + first, at + last):
            if instant > now:
                return instant if instant < HORIZON else None
        return None

    return turn


def _of_search(left: tree.Node, comparison: Comparison, right: tree.Node, others: Source | None) -> Source:
    """Make the source of a comparison that moves in some other way: its turn is searched for.

    Until something else turns, the moving side only rises or only falls, so each of ``<=`` and
    ``>=`` turns at most once and can be found by doubling steps and then halving them.
    """
    both = (Comparison.AT_MOST, Comparison.AT_LEAST)
    orders = both if comparison in _EQUALITIES else (comparison,)
    tests = [compile_value_at(tree.Compare(comparison=order, left=left, right=right)) for order in orders]

    def search(facts: Facts) -> Moment | None:
        other = None if others is None else others(facts)
        end = HORIZON if other is None else min(other, HORIZON)
        for test in tests:
            turn = _turn(lambda now, test=test: test(facts, now), facts.now, end)  # type: ignore[misc]
            end = end if turn is None else turn
        return end if end < HORIZON else None

    return search


def _turn(test: Callable[[Moment], object], now: Moment, end: Moment) -> Moment | None:
    """Give the first instant in ``(now, end)`` at which the test's answer is another; None if none is."""
    before = test(now)
    if before is None:
        return None
    step, low = 1, now
    while True:
        high = min(now + step, end - 1)
        if high <= low:
            return None
        if test(high) != before:
            break
        low, step = high, step * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if test(middle) == before else (low, middle)
    return high
