"""The door of the rules room: from text to a ``Rule``, or to every problem it has.

The law: a rule that compiles can be asked of any facts without raising, and its answers are those
of its SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from upsell.clock import Moment
from upsell.errors import DefinitionError
from upsell.rules import tree
from upsell.rules.bounds import check_range, check_time
from upsell.rules.canonical import canonical
from upsell.rules.caret import Complaints
from upsell.rules.closure import compile_value
from upsell.rules.conditions import compile_condition, fields_of
from upsell.rules.facts import Counter, Facts
from upsell.rules.inference import infer_kinds
from upsell.rules.kinds import Kind
from upsell.rules.names import resolve
from upsell.rules.next_change import next_change_of
from upsell.rules.read import read
from upsell.rules.syntax import DEEPEST, too_deep
from upsell.rules.vocabulary import Vocabulary


class Reads(msgspec.Struct, frozen=True):
    """What a rule looks at, so that it is asked again only when that may have changed.

    Attributes:
        traits: Scope and name of every field read, in whatever scope.
        properties: Names of event properties that its counters read.
        metrics: Metrics whose usage or limit is read.
        has_usage: Whether usage is read.
        has_limit: Whether limits are read.
        has_now: Whether the present moment itself is read.
        is_timed: Whether the value can change by time alone; if not, ``next_change_at`` is always None.
    """

    traits: frozenset[tuple[str, str]]
    properties: frozenset[str]
    metrics: frozenset[str]
    has_usage: bool
    has_limit: bool
    has_now: bool
    is_timed: bool


class Term(msgspec.Struct, frozen=True):
    """A fact that a rule looks at, for explanations.

    Attributes:
        text: The fact in canonical form, such as ``usage_ratio('api_calls')``.
        kind: What it is.
        value: Gives it; None for null.
    """

    text: str
    kind: Kind
    value: Callable[[Facts], object]


class Rule(msgspec.Struct, frozen=True):
    """A compiled rule.

    Attributes:
        text: The text as it was written.
        canonical: The text in its one form, signals written out.
        kind: What its value is.
        value: Gives the value over facts; None for null. Moments are microseconds.
        next_change_at: Gives the next instant, after ``facts.now``, at which the value can change by
            time alone: never later than the true one; None when it cannot change so.
        counters: What must be counted, each once, in order of appearance.
        reads: What it looks at.
        terms: The facts it looks at, each once, in order of appearance.
        tree: The checked tree, for other interpreters such as SQL.
    """

    text: str
    canonical: str
    kind: Kind
    value: Callable[[Facts], object]
    next_change_at: Callable[[Facts], Moment | None]
    counters: tuple[Counter, ...]
    reads: Reads
    terms: tuple[Term, ...]
    tree: tree.Node


def compile_rule(text: str, vocabulary: Vocabulary, *, expects: Kind | None = Kind.BOOLEAN) -> Rule:
    """Compile a rule.

    Args:
        text: The rule; anything but text is a problem like any other.
        vocabulary: The names it may use.
        expects: The kind its value must have; None when any kind will do.

    Raises:
        DefinitionError: The rule is wrong; every problem is told, in order of place.
    """
    written, complaints = read(text)
    found = resolve(written, vocabulary, complaints)
    settled = infer_kinds(found, complaints, expects).settle(found)
    if tree.depth(settled) > DEEPEST:
        complaints.take(too_deep(text))
    if not complaints.problems:
        check_time(settled, complaints)
        check_range(settled, complaints)
        _check_conditions(settled, complaints)
    if complaints.problems:
        raise DefinitionError(complaints.problems)
    source = next_change_of(settled)
    return Rule(
        text=text,
        canonical=canonical(settled),
        kind=tree.kind_of(settled),
        value=compile_value(settled),
        next_change_at=_never if source is None else source,
        counters=_counters(settled),
        reads=_reads(settled, is_timed=source is not None),
        terms=_terms(settled),
        tree=settled,
    )


def _check_conditions(node: tree.Node, complaints: Complaints) -> None:
    """Complain about a condition whose canonical text, by which its counter is known, is too large."""
    for part in tree.walk(node):
        if isinstance(part, tree.Counted) and part.counter.condition is not None:
            try:
                compile_condition(part.counter.condition)
            except DefinitionError as error:
                message = f"the condition is too large: {error.problems[0].message}"
                complaints.add(part.at, message, "ask less of one event", "rule-size")


def _never(_: Facts) -> Moment | None:
    """Say that a value does not change by time alone."""
    return None


def _counters(node: tree.Node) -> tuple[Counter, ...]:
    """Gather the counters of a rule, each once."""
    found = (part.counter for part in tree.walk(node) if isinstance(part, tree.Counted))
    return tuple({counter.key: counter for counter in found}.values())


def _reads(node: tree.Node, *, is_timed: bool) -> Reads:
    """Gather what a rule looks at."""
    parts = list(tree.walk(node))
    measured = [part for part in parts if isinstance(part, tree.Measured)]
    return Reads(
        traits=frozenset((part.scope, part.name) for part in parts if isinstance(part, tree.Field)),
        properties=frozenset(_properties(parts)),
        metrics=frozenset(part.metric for part in measured),
        has_usage=any(part.quantity is not tree.Quantity.LIMIT for part in measured),
        has_limit=any(part.quantity is not tree.Quantity.USAGE for part in measured),
        has_now=any(isinstance(part, tree.Now | tree.Elapsed) for part in parts),
        is_timed=is_timed,
    )


def _properties(parts: Iterable[tree.Node]) -> Iterator[str]:
    """List the event properties that counters look at: what is summed or told apart, and in conditions."""
    for part in parts:
        if isinstance(part, tree.Counted):
            if part.counter.property is not None:
                yield part.counter.property
            if part.condition is not None:
                yield from fields_of(part.condition)


def _terms(node: tree.Node) -> tuple[Term, ...]:
    """Gather the facts of a rule, each once; elapsed days are told instead of the moment within."""
    found: dict[str, Term] = {}
    pending = [node]
    while pending:
        part = pending.pop()
        match part:
            case tree.Field() | tree.Measured() | tree.Counted() | tree.Elapsed() | tree.Now():
                text = canonical(part)
                if text not in found:
                    found[text] = _term(part, text)
            case _:
                pending.extend(reversed(tree.parts(part)))
    return tuple(found.values())


def _term(node: tree.Node, text: str) -> Term:
    """Make the term of one fact; a field of any kind is told as it is."""
    if isinstance(node, tree.Field) and node.kind is None:
        scope, name = node.scope, node.name
        return Term(text, Kind.TEXT, lambda facts: getattr(facts, scope).get(name))
    return Term(text, tree.kind_of(node), compile_value(node))
