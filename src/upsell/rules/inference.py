"""Kinds: what every part of a rule must be, worked out from its uses.

A declared field has its kind; any other takes the one kind that all its uses in the rule ask. The
law: a text is never compared with a number; two uses that disagree are an error before the rule is
ever asked. This is unification (Robinson 1965) over four constants and one variable per field.
"""

from __future__ import annotations

from typing import TypeAlias, assert_never

import msgspec

from upsell.rules import tree
from upsell.rules.canonical import canonical
from upsell.rules.caret import Complaints
from upsell.rules.facts import Measure
from upsell.rules.kinds import Kind

FieldName: TypeAlias = tuple[str, str]
"""A scope and a name in it."""

_Slot: TypeAlias = Kind | FieldName | None
"""A kind, the field whose kind it is, or None where nothing is known because of a hole or a null."""


def infer_kinds(node: tree.Node, complaints: Complaints, expects: Kind | None = None) -> Kinds:
    """Work out the kinds of a tree's fields, and complain about uses that disagree."""
    kinds = Kinds(complaints)
    slot = kinds.slot(node)
    if expects is not None:
        kinds.expect(node, slot, expects)
    return kinds


class Kinds:
    """The kinds of the fields of one rule, as far as they are known."""

    def __init__(self, complaints: Complaints) -> None:
        """Begin with nothing known."""
        self.complaints = complaints
        self.bound: dict[FieldName, Kind | FieldName] = {}

    def settle(self, node: tree.Node) -> tree.Node:
        """Give the tree with its fields' kinds; complain where a kind is needed and not known."""
        presences = {id(part.operand) for part in tree.walk(node) if isinstance(part, tree.IsNull)}
        for part in tree.walk(node):
            if isinstance(part, tree.Field) and self._find(part) is None and id(part) not in presences:
                message = f"cannot tell whether {canonical(part)} is a text, a number, a moment or a boolean"
                hint = "compare it with a constant, or declare its kind"
                self.complaints.add(part.at, message, hint, "unknown-kind")
        return tree.rewrite(node, self._with_kind)

    def _with_kind(self, node: tree.Node) -> tree.Node:
        """Give a field with its kind, and a counter with its condition settled on its own."""
        if isinstance(node, tree.Field):
            return msgspec.structs.replace(node, kind=self._find(node))
        if isinstance(node, tree.Counted) and node.condition is not None:
            condition = settle_condition(node.condition, self.complaints)
            return msgspec.structs.replace(node, condition=condition)
        return node

    def _find(self, node: tree.Field) -> Kind | None:
        """Give the kind of a field, if known."""
        found = self._root(node.kind or (node.scope, node.name))
        return found if isinstance(found, Kind) else None

    def _root(self, slot: _Slot) -> _Slot:
        """Follow a field to its kind, or to the field that stands for all that equal it."""
        while isinstance(slot, tuple) and slot in self.bound:
            slot = self.bound[slot]
        return slot

    def _unify(self, one: _Slot, other: _Slot) -> tuple[Kind, Kind] | None:
        """Make two slots one; give their kinds when these are two different ones."""
        one, other = self._root(one), self._root(other)
        if one is None or other is None or one == other:
            return None
        if isinstance(one, tuple):
            self.bound[one] = other
        elif isinstance(other, tuple):
            self.bound[other] = one
        else:
            return one, other
        return None

    def expect(self, node: tree.Node, slot: _Slot, wanted: Kind) -> None:
        """Hold a part to a kind."""
        clash = self._unify(slot, wanted)
        if clash is not None:
            found = clash[0]
            message = f"expected a {wanted.value}, got {_shown(node)}, which is a {found.value}"
            hint = _ADVICE.get((wanted, found), f"use a {wanted.value} here")
            self.complaints.add(node.at, message, hint, "kind-clash")

    def _same(self, first: tree.Node, one: _Slot, second: tree.Node, other: _Slot) -> None:
        """Hold two parts to one kind."""
        clash = self._unify(one, other)
        if clash is not None:
            left, right = clash
            message = (
                f"a {left.value} and a {right.value} cannot be compared: "
                f"{_shown(first)} is a {left.value}, {_shown(second)} is a {right.value}"
            )
            hint = _ADVICE.get((left, right), _ADVICE.get((right, left), "compare values of one kind"))
            self.complaints.add(first.at, message, hint, "kind-clash")

    def slot(self, node: tree.Node) -> _Slot:  # noqa: PLR0911, PLR0912  # a case for each node
        """Work out the kind of a part, and hold its own parts to what it needs."""
        match node:
            case tree.Hole() | tree.Null() | tree.Signal():
                return None
            case tree.Literal(kind=kind):
                return kind
            case tree.Field(scope=scope, name=name, kind=kind):
                return kind or (scope, name)
            case tree.Now():
                return Kind.MOMENT
            case tree.Measured():
                return Kind.NUMBER
            case tree.Counted(counter=counter):
                is_dated = counter.measure in (Measure.FIRST, Measure.LAST)
                return Kind.MOMENT if is_dated else Kind.NUMBER
            case tree.Elapsed(moment=moment):
                self.expect(moment, self.slot(moment), Kind.MOMENT)
                return Kind.NUMBER
            case tree.Shifted(moment=moment):
                self.expect(moment, self.slot(moment), Kind.MOMENT)
                return Kind.MOMENT
            case tree.Negated(operand=operand):
                self.expect(operand, self.slot(operand), Kind.NUMBER)
                return Kind.NUMBER
            case tree.Arithmetic(left=left, right=right):
                self.expect(left, self.slot(left), Kind.NUMBER)
                self.expect(right, self.slot(right), Kind.NUMBER)
                return Kind.NUMBER
            case tree.Compare():
                return self._compare(node)
            case tree.In(operand=operand, choices=choices):
                self._all_same((operand, *choices))
                return Kind.BOOLEAN
            case tree.Like(operand=operand):
                self.expect(operand, self.slot(operand), Kind.TEXT)
                return Kind.BOOLEAN
            case tree.IsNull(operand=operand):
                self.slot(operand)
                return Kind.BOOLEAN
            case tree.Not(operand=operand):
                self.expect(operand, self.slot(operand), Kind.BOOLEAN)
                return Kind.BOOLEAN
            case tree.Junction(operands=operands):
                for each in operands:
                    self.expect(each, self.slot(each), Kind.BOOLEAN)
                return Kind.BOOLEAN
            case tree.Coalesce(operands=operands):
                return self._all_same(operands)
            case tree.Case(conditions=conditions, results=results, otherwise=otherwise):
                for each in conditions:
                    self.expect(each, self.slot(each), Kind.BOOLEAN)
                if all(isinstance(each, tree.Null) for each in (*results, otherwise)):
                    message = "every result of this case is null"
                    self.complaints.add(node.at, message, "give it a value", "unknown-kind")
                return self._all_same((*results, otherwise))
            case _:
                assert_never(node)

    def _compare(self, node: tree.Compare) -> Kind:
        """Hold both sides to one kind, and to one that has an order where order is asked."""
        left, right = self.slot(node.left), self.slot(node.right)
        self._same(node.left, left, node.right, right)
        has_order = node.comparison not in (tree.Comparison.EQUAL, tree.Comparison.DIFFERENT)
        if has_order and self._root(left) is Kind.BOOLEAN:
            message = f"booleans have no order, so {node.comparison.value} cannot compare them"
            self.complaints.add(node.at, message, "use = or <>", "kind-clash")
        return Kind.BOOLEAN

    def _all_same(self, nodes: tuple[tree.Node, ...]) -> _Slot:
        """Hold parts to one kind, and give it."""
        known = [(node, self.slot(node)) for node in nodes]
        first, slot = next(((node, each) for node, each in known if each is not None), known[0])
        for node, each in known:
            if node is not first:
                self._same(first, slot, node, each)
        return slot


def settle_condition(node: tree.Node, complaints: Complaints) -> tree.Node:
    """Give a condition over an event's properties with the kinds its own uses ask.

    Kinds come from the condition alone, so that its text says all there is to know about it.
    """
    return infer_kinds(node, complaints, Kind.BOOLEAN).settle(node)


_ADVICE = {
    (Kind.NUMBER, Kind.TEXT): "write a number without quotes",
    (Kind.TEXT, Kind.NUMBER): "write a text in single quotes",
    (Kind.MOMENT, Kind.TEXT): "write timestamp '2026-01-31T09:00:00Z' or date '2026-01-31'",
    (Kind.MOMENT, Kind.NUMBER): "days between a moment and now are days_since(...) or days_until(...)",
    (Kind.NUMBER, Kind.MOMENT): "days between a moment and now are days_since(...) or days_until(...)",
    (Kind.BOOLEAN, Kind.NUMBER): "compare the number, such as with > 0",
    (Kind.BOOLEAN, Kind.TEXT): "compare the text, or write true or false without quotes",
    (Kind.BOOLEAN, Kind.MOMENT): "compare the moment, or ask is not null",
}


def _shown(node: tree.Node) -> str:
    """Write a part for a message, cut when long."""
    text = canonical(node)
    return text if len(text) <= 50 else text[:47] + "..."
