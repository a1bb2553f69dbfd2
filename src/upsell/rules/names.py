"""Names: every name of a rule is known, and signals are replaced by their own trees.

Answers what a rule says once its signals are written out. The law: a signal means its tree, so a
rule over signals needs nothing but facts; a signal that comes back to itself is an error.
"""

from __future__ import annotations

import msgspec

from upsell.errors import Problem, nearest
from upsell.rules import tree
from upsell.rules.calls import FUNCTIONS
from upsell.rules.caret import Complaints, suggest
from upsell.rules.inference import infer_kinds
from upsell.rules.read import read
from upsell.rules.syntax import DEEPEST, too_deep
from upsell.rules.vocabulary import Vocabulary

PROPERTIES = "properties"
"""The scope of an event's own properties, within a condition."""

_LARGEST = 5_000


def resolve(node: tree.Node, vocabulary: Vocabulary, complaints: Complaints) -> tree.Node:
    """Give the tree with declared kinds on its fields and signals written out.

    Unknown names, cycles and signals with problems of their own are complained about, and leave holes.
    """
    return _Resolver(vocabulary, complaints, (), {}).resolve(node)


def check_condition(node: tree.Node, complaints: Complaints) -> None:
    """Complain about whatever in a condition is not about the properties of one event."""
    for part in tree.walk(node):
        match part:
            case tree.Field(scope=scope) if scope != PROPERTIES:
                message = f"a condition sees only the event's own properties, not {scope}.{part.name}"
                complaints.add(part.at, message, f"write properties.{part.name}", "unknown-name")
            case tree.Signal(name=name):
                message = f"a condition sees only the event's own properties, not {name}"
                complaints.add(part.at, message, f"write properties.{name}", "unknown-name")
            case tree.Now() | tree.Measured() | tree.Counted() | tree.Elapsed():
                message = "a condition is about one event, so it knows no now, usage or other events"
                hint = "ask about them outside of the condition"
                complaints.add(part.at, message, hint, "rule-condition")
            case _:
                pass


class _Resolver:
    """Resolves the names of one text, within the signals that led to it."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        complaints: Complaints,
        chain: tuple[str, ...],
        known: dict[str, tree.Node | Problem],
    ) -> None:
        """Begin with the signals that are being written out, outermost first, and those that are known."""
        self.vocabulary = vocabulary
        self.complaints = complaints
        self.chain = chain
        self.known = known
        self.size = 0

    def resolve(self, node: tree.Node) -> tree.Node:
        """Resolve all names of a tree."""
        return tree.rewrite(node, self._one)

    def _one(self, node: tree.Node) -> tree.Node:
        """Resolve one node whose parts are resolved already."""
        match node:
            case tree.Field():
                return self._field(node)
            case tree.Signal():
                return self._signal(node)
            case tree.Measured():
                known = self.vocabulary.metrics
                if known is not None and node.metric not in known:
                    message = f"unknown metric {node.metric}"
                    self.complaints.add(node.at, message, suggest(node.metric, known), "unknown-name")
                return node
            case tree.Counted(condition=condition) if condition is not None:
                check_condition(condition, self.complaints)
                return node
            case _:
                return node

    def _field(self, node: tree.Field) -> tree.Node:
        """Check the scope and name of a field, and give it its declared kind."""
        scopes = self.vocabulary.scopes
        if node.scope not in scopes:
            message = f"unknown scope {node.scope} in {node.scope}.{node.name}"
            hint = suggest(node.scope, scopes)
            if node.scope == PROPERTIES:
                hint = "properties stand in the condition of an event function, after its interval"
            self.complaints.add(node.at, message, hint, "unknown-name")
            return tree.Hole(at=node.at)
        declared = self.vocabulary.declared(node.scope)
        if declared is None:
            return node
        if node.name not in declared:
            message = f"unknown name {node.scope}.{node.name}"
            hint = suggest(node.name, declared, prefix=f"{node.scope}.")
            self.complaints.add(node.at, message, hint, "unknown-name")
            return tree.Hole(at=node.at)
        return msgspec.structs.replace(node, kind=declared[node.name])

    def _signal(self, node: tree.Signal) -> tree.Node:
        """Write out a signal; its parts get the place of its name."""
        name = node.name
        if name not in self.vocabulary.signals:
            self._refuse_unknown(node)
            return tree.Hole(at=node.at)
        if name in self.chain:
            way = " -> ".join((*self.chain[self.chain.index(name) :], name))
            message = f"the {self.vocabulary.called(name)} comes back to itself: {way}"
            self.complaints.add(node.at, message, "break the circle in one of them", "signal-cycle")
            return tree.Hole(at=node.at)
        if name not in self.known:
            self.known[name] = self._written_out(name)
        found = self.known[name]
        if isinstance(found, Problem):
            is_told = found.code in ("broken-signal", "signal-cycle")
            message = (
                found.message
                if is_told
                else f"the {self.vocabulary.called(name)} cannot be used: {found.message}"
            )
            code = found.code if is_told else "broken-signal"
            self.complaints.add(node.at, message, f"{name} says: {self.vocabulary.signals[name]}", code)
            return tree.Hole(at=node.at)
        self.size += tree.size(found)
        if self.size > _LARGEST:
            message = f"the rule has more than {_LARGEST:,} parts when its signals are written out"
            self.complaints.add(node.at, message, "use fewer signals within signals", "rule-size")
            return tree.Hole(at=node.at)
        return tree.rewrite(found, lambda part: msgspec.structs.replace(part, at=node.at))

    def _written_out(self, name: str) -> tree.Node | Problem:
        """Give the tree of a signal, or the first problem it has."""
        reading, inner = read(self.vocabulary.signals[name])
        found = _Resolver(self.vocabulary, inner, (*self.chain, name), self.known).resolve(reading)
        if not inner.problems:
            infer_kinds(found, inner)
        if not inner.problems and tree.depth(found) > DEEPEST:
            inner.take(too_deep(inner.text))
        return inner.problems[0] if inner.problems else found

    def _refuse_unknown(self, node: tree.Signal) -> None:
        """Complain about a bare name that is no signal."""
        name = node.name
        if name.lower() in FUNCTIONS:
            message, hint = f"{name} is a function and needs parentheses", f"write {name.lower()}(...)"
        elif name in self.vocabulary.scopes:
            message, hint = f"{name} is a scope, not a value", f"name a value in it, such as {name}.x"
        else:
            message, hint = f"unknown signal {name}", suggest(name, self.vocabulary.signals)
            if nearest(name, self.vocabulary.signals) is None:
                hint = f"write '{name}' in quotes if a text is meant; of signals {hint}"
        self.complaints.add(node.at, message, hint, "unknown-name")
