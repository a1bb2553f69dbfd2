"""The tree written as text again, in one form for one meaning.

Used for explanations and for the condition by which equal counters are told to be the same. The
law: reading the canonical text gives the same tree, so writing it again gives the same text.
"""

from __future__ import annotations

import re
from typing import assert_never

from upsell.clock import format_moment
from upsell.rules import tree
from upsell.rules.facts import Counter, Measure
from upsell.rules.intervals import write_interval
from upsell.rules.kinds import Kind
from upsell.rules.patterns import write_pattern

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EITHER, _BOTH, _NOT, _COMPARED, _SUM, _PRODUCT, _SIGN, _WHOLE = range(8)
_FUNCTIONS = {
    Measure.COUNT: "event_count",
    Measure.SUM: "event_sum",
    Measure.DISTINCT: "event_distinct",
    Measure.FIRST: "first_event",
    Measure.LAST: "last_event",
    Measure.TREND: "trend",
}


def canonical(node: tree.Node) -> str:  # noqa: PLR0911, PLR0912  # a case for each node
    """Write a tree as rule text: small letters, single spaces, parentheses only where needed."""
    match node:
        case tree.Hole():
            return "?"
        case tree.Null():
            return "null"
        case tree.Literal():
            return _constant(node)
        case tree.Field(scope=scope, name=name):
            return f"{_name(scope)}.{_name(name)}"
        case tree.Signal(name=name):
            return name
        case tree.Now():
            return "now()"
        case tree.Measured(quantity=quantity, metric=metric):
            return f"{quantity.value}({_quoted(metric)})"
        case tree.Counted(counter=counter):
            return _call(counter)
        case tree.Elapsed(direction=direction, moment=moment):
            return f"{direction.value}({canonical(moment)})"
        case tree.Shifted(moment=moment, duration=duration):
            sign = "-" if duration < 0 else "+"
            return f"{_within(moment, _SUM)} {sign} interval '{write_interval(abs(duration))}'"
        case tree.Negated(operand=operand):
            return f"-{_within(operand, _WHOLE)}"
        case tree.Arithmetic(operation=operation, left=left, right=right):
            level = _level(node)
            return f"{_within(left, level)} {operation.value} {_within(right, level + 1)}"
        case tree.Compare(comparison=comparison, left=left, right=right):
            return f"{_within(left, _SUM)} {comparison.value} {_within(right, _SUM)}"
        case tree.In(operand=operand, choices=choices):
            return f"{_within(operand, _SUM)} in ({', '.join(canonical(each) for each in choices)})"
        case tree.Like(operand=operand, pieces=pieces):
            return f"{_within(operand, _SUM)} like {_quoted(write_pattern(pieces, chr(92)))}"
        case tree.IsNull(operand=operand):
            return f"{_within(operand, _SUM)} is null"
        case tree.Not(operand=operand):
            return f"not {_within(operand, _COMPARED)}"
        case tree.Junction(connective=connective, operands=operands):
            return f" {connective.value} ".join(_joined(each, connective) for each in operands)
        case tree.Coalesce(operands=operands):
            return f"coalesce({', '.join(canonical(each) for each in operands)})"
        case tree.Case():
            return _case(node)
        case _:
            assert_never(node)


def _within(node: tree.Node, level: int) -> str:
    """Write a part, in parentheses when it binds less than its place asks."""
    text = canonical(node)
    return text if _level(node) >= level else f"({text})"


def _joined(node: tree.Node, connective: tree.Connective) -> str:
    """Write a side of and / or; one within its like needs no parentheses, one within the other has them."""
    is_like = isinstance(node, tree.Junction) and node.connective is connective
    return canonical(node) if is_like else _within(node, _NOT)


def _level(node: tree.Node) -> int:
    """Give how strongly the operator of a part binds, as the reader has it."""
    match node:
        case tree.Junction(connective=connective):
            return _EITHER if connective is tree.Connective.OR else _BOTH
        case tree.Not():
            return _NOT
        case tree.Compare() | tree.In() | tree.Like() | tree.IsNull():
            return _COMPARED
        case tree.Arithmetic(operation=tree.Operation.ADD | tree.Operation.SUBTRACT) | tree.Shifted():
            return _SUM
        case tree.Arithmetic():
            return _PRODUCT
        case tree.Negated():
            return _SIGN
        case tree.Literal(value=float(number)) if number < 0:
            return _SIGN
        case _:
            return _WHOLE


def _constant(node: tree.Literal) -> str:
    """Write a constant so that it is read back as the same value."""
    value = node.value
    match node.kind:
        case Kind.BOOLEAN:
            return "true" if value else "false"
        case Kind.NUMBER:
            number = float(value)
            return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
        case Kind.TEXT:
            return _quoted(str(value))
        case Kind.MOMENT:
            return f"timestamp '{format_moment(int(value))}'"
        case _:
            assert_never(node.kind)


def _call(counter: Counter) -> str:
    """Write a counter as the call that asks it."""
    arguments = [_quoted(counter.event)]
    if counter.property is not None:
        arguments.append(_quoted(counter.property))
    if counter.window is not None:
        arguments.append(f"interval '{write_interval(counter.window)}'")
    if counter.condition is not None:
        arguments.append(counter.condition)
    return f"{_FUNCTIONS[counter.measure]}({', '.join(arguments)})"


def _case(node: tree.Case) -> str:
    """Write a case with its conditions."""
    branches = " ".join(
        f"when {canonical(condition)} then {canonical(result)}"
        for condition, result in zip(node.conditions, node.results, strict=True)
    )
    default = "" if isinstance(node.otherwise, tree.Null) else f" else {canonical(node.otherwise)}"
    return f"case {branches}{default} end"


def _quoted(text: str) -> str:
    """Write a text in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def _name(name: str) -> str:
    """Write a name, in double quotes when it is not a plain word."""
    return name if _PLAIN.fullmatch(name) else f'"{name}"'
