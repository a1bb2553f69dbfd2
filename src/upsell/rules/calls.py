"""The functions of the rules language: their arguments, and the counters they need.

Answers what a call means. The law: names of events, properties and metrics are text literals, so
that a rule says before it is asked which counters must be kept for it.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from upsell.clock import Duration
from upsell.rules import tree
from upsell.rules.canonical import canonical
from upsell.rules.caret import Complaints, suggest
from upsell.rules.facts import Counter, Measure, tile_of
from upsell.rules.intervals import IntervalError, read_interval

_USES = {
    "usage": "usage('api_calls')",
    "limit": "limit('api_calls')",
    "usage_ratio": "usage_ratio('api_calls')",
    "usage_over": "usage_over('api_calls')",
    "days_to_limit": "days_to_limit('api_calls')",
    "days_to_limit_at_least": "days_to_limit_at_least('api_calls')",
    "days_to_limit_at_most": "days_to_limit_at_most('api_calls')",
    "event_count": "event_count('Pricing Viewed', interval '7 days'[, properties.page = 'pro'])",
    "event_sum": "event_sum('Order Completed', 'total', interval '30 days'[, condition])",
    "event_distinct": "event_distinct('Project Opened', 'project_id', interval '30 days'[, condition])",
    "first_event": "first_event('Order Completed'[, condition])",
    "last_event": "last_event('Order Completed'[, condition])",
    "trend": "trend('Report Viewed', interval '7 days')",
    "days_since": "days_since(last_event('Order Completed'))",
    "days_until": "days_until(subscription.renews_at)",
}
FUNCTIONS = (*_USES, "now", "coalesce")
"""The names of all functions."""

_MEASURES = {
    "event_count": Measure.COUNT,
    "event_sum": Measure.SUM,
    "event_distinct": Measure.DISTINCT,
    "first_event": Measure.FIRST,
    "last_event": Measure.LAST,
    "trend": Measure.TREND,
}
_QUANTITIES = {each.value: each for each in tree.Quantity}
_DIRECTIONS = {each.value: each for each in tree.Direction}

Read = Callable[[exp.Expression], tree.Node]
"""Reads one part of a rule; given by the reader."""


class _CallError(ValueError):
    """A call whose arguments do not fit."""


def read_call(syntax: exp.Anonymous, at: int, read: Read, complaints: Complaints) -> tree.Node:
    """Read a call of one of the language's functions; complain and give a hole when it is none."""
    name = str(syntax.this).lower()
    if name not in _USES:
        message = f"unknown function {syntax.this}"
        complaints.add(at, message, suggest(name, FUNCTIONS), "unknown-function")
        return tree.Hole(at=at)
    arguments = list(syntax.expressions)
    try:
        if name in _QUANTITIES:
            metric = _only_text(arguments, "a metric")
            return tree.Measured(quantity=_QUANTITIES[name], metric=metric, at=at)
        if name in _DIRECTIONS:
            if len(arguments) != 1:
                raise _CallError(f"expected one moment, got {len(arguments)} arguments")
            return tree.Elapsed(direction=_DIRECTIONS[name], moment=read(arguments[0]), at=at)
        return _counted(_MEASURES[name], arguments, at, read)
    except IntervalError as error:
        complaints.add(at, f"{name}: {error}", error.hint, "rule-interval")
    except _CallError as error:
        complaints.add(at, f"{name}: {error}", f"write {_USES[name]}", "rule-call")
    return tree.Hole(at=at)


def interval_of(syntax: exp.Interval) -> Duration:
    """Give the length of an interval literal.

    Raises:
        IntervalError: It is none of the language.
    """
    amount, unit = syntax.this, syntax.args.get("unit")
    if not isinstance(amount, exp.Literal):
        raise IntervalError("expected an interval such as '7 days'", "write interval '7 days'")
    return read_interval(str(amount.this), str(unit.this) if isinstance(unit, exp.Var) else "")


def _counted(measure: Measure, arguments: list[exp.Expression], at: int, read: Read) -> tree.Node:
    """Read the arguments of a function that counts events, in their order."""
    event = _text(arguments, "the name of an event")
    named = measure in (Measure.SUM, Measure.DISTINCT)
    property_name = _text(arguments, "the name of a property") if named else None
    is_dated = measure in (Measure.FIRST, Measure.LAST)
    window = None if is_dated else _window(arguments)
    condition = None
    if arguments and measure is not Measure.TREND:
        condition = read(arguments.pop(0))
    if arguments:
        raise _CallError("got more arguments than it takes")
    span = 0 if window is None else 2 * window if measure is Measure.TREND else window
    counter = Counter(
        measure=measure,
        event=event,
        property=property_name,
        condition=None if condition is None else canonical(condition),
        window=window,
        tile=tile_of(span),
    )
    return tree.Counted(counter=counter, condition=condition, at=at)


def _only_text(arguments: list[exp.Expression], what: str) -> str:
    """Take the one argument, a text literal."""
    text = _text(arguments, what)
    if arguments:
        raise _CallError(f"expected only {what}, got {len(arguments) + 1} arguments")
    return text


def _text(arguments: list[exp.Expression], what: str) -> str:
    """Take the next argument, a text literal."""
    first = arguments.pop(0) if arguments else None
    if isinstance(first, exp.Literal) and first.is_string and first.this:
        return str(first.this)
    if isinstance(first, exp.Column):
        raise _CallError(f"expected {what} in single quotes, got {first.sql()}")
    raise _CallError(f"expected {what} in single quotes" + (f", got {first.sql()}" if first else ""))


def _window(arguments: list[exp.Expression]) -> Duration:
    """Take the next argument, an interval literal."""
    first = arguments.pop(0) if arguments else None
    if isinstance(first, exp.Interval):
        return interval_of(first)
    got = f", got {first.sql()}" if first else ""
    raise _CallError(f"expected an interval such as interval '7 days'{got}")
