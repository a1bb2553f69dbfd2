"""Apart: whether two lists of rules can be seen never to be true of one unit at one moment.

For whoever asks which audiences overlap. The law: what is said to be apart truly is; what is not said
to be may be apart all the same, as only comparisons of a fact with constants are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf
from typing import TypeAlias, assert_never

import msgspec

from upsell.rules import tree
from upsell.rules.canonical import canonical

_Constant: TypeAlias = bool | int | float | str


class _Allowed(msgspec.Struct, frozen=True):
    """What a fact may be: one of some values, None for any, and between two ends, open or not."""

    values: frozenset[_Constant] | None = None
    low: float = -inf
    is_low_open: bool = False
    high: float = inf
    is_high_open: bool = False

    def and_(self, other: _Allowed) -> _Allowed:
        """Give what is allowed by both."""
        values = self.values if other.values is None else other.values
        if self.values is not None and other.values is not None:
            values = self.values & other.values
        low = max((self.low, self.is_low_open), (other.low, other.is_low_open))
        high = min((self.high, not self.is_high_open), (other.high, not other.is_high_open))
        return _Allowed(values, low[0], low[1], high[0], not high[1])

    def is_empty(self) -> bool:
        """Whether nothing is allowed."""
        if self.values is not None:
            return not any(self._holds(value) for value in self.values)
        return self.low > self.high or (self.low == self.high and (self.is_low_open or self.is_high_open))

    def _holds(self, value: _Constant) -> bool:
        if isinstance(value, str | bool):
            return True
        above = value > self.low or (value == self.low and not self.is_low_open)
        return above and (value < self.high or (value == self.high and not self.is_high_open))


def apart_by(
    one: Iterable[tree.Node], other: Iterable[tree.Node], is_shared: Callable[[tree.Node], bool]
) -> str | None:
    """Give the fact by which two lists of checked rules are never all true at once; None where none is seen.

    Args:
        one: Rules that must all be true.
        other: Rules that must all be true beside them.
        is_shared: Tells of a fact whether both lists are asked of the same one.
    """
    first, second = _allowed(one), _allowed(other)
    for text, (node, allowed) in first.items():
        beside = second.get(text)
        if beside is not None and is_shared(node) and allowed.and_(beside[1]).is_empty():
            return text
    return None


def _allowed(rules: Iterable[tree.Node]) -> Mapping[str, tuple[tree.Node, _Allowed]]:
    """Give what each fact may be where all rules are true, by its canonical text."""
    found: dict[str, tuple[tree.Node, _Allowed]] = {}
    for rule in rules:
        for fact, allowed in _limits(rule):
            text = canonical(fact)
            known = found.get(text)
            found[text] = (fact, allowed if known is None else known[1].and_(allowed))
    return found


def _limits(node: tree.Node) -> Iterator[tuple[tree.Node, _Allowed]]:
    """List what a rule that is true says of facts."""
    match node:
        case tree.Junction(connective=tree.Connective.AND, operands=operands):
            for operand in operands:
                yield from _limits(operand)
        case tree.In(operand=tree.Field() | tree.Measured() as fact, choices=choices):
            values = [choice.value for choice in choices if isinstance(choice, tree.Literal)]
            if len(values) == len(choices):
                yield fact, _Allowed(frozenset(values))
        case tree.Compare(comparison=comparison, left=left, right=right):
            if isinstance(left, tree.Literal):
                comparison, left, right = comparison.mirrored, right, left
            if isinstance(left, tree.Field | tree.Measured) and isinstance(right, tree.Literal):
                allowed = _compared(comparison, right.value)
                if allowed is not None:
                    yield left, allowed
        case _:
            pass


def _compared(comparison: tree.Comparison, value: _Constant) -> _Allowed | None:
    """Give what a comparison with a constant allows; texts have no order here."""
    if comparison is tree.Comparison.EQUAL:
        return _Allowed(frozenset({value}))
    if isinstance(value, str | bool):
        return None
    match comparison:
        case tree.Comparison.LESS:
            return _Allowed(high=value, is_high_open=True)
        case tree.Comparison.AT_MOST:
            return _Allowed(high=value)
        case tree.Comparison.MORE:
            return _Allowed(low=value, is_low_open=True)
        case tree.Comparison.AT_LEAST:
            return _Allowed(low=value)
        case tree.Comparison.DIFFERENT:
            return None
        case _:
            assert_never(comparison)
