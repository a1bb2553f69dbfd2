"""The rules language as a tree: the small set of ideas that every interpreter must know.

``read.py`` makes it from text; ``check.py`` gives its fields their kinds; ``closure.py``,
``next_change.py`` and ``sql.py`` are three interpreters of it. The law: what is not a node here
is not in the language.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, assert_never

import msgspec

from upsell.clock import Duration
from upsell.rules.facts import Counter, Measure
from upsell.rules.kinds import Kind


class Comparison(enum.Enum):
    """How two values of one kind are compared."""

    EQUAL = "="
    DIFFERENT = "<>"
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="

    @property
    def mirrored(self) -> Comparison:
        """The same comparison with its sides exchanged."""
        return _MIRRORED.get(self, self)


_MIRRORED = {
    Comparison.LESS: Comparison.MORE,
    Comparison.AT_MOST: Comparison.AT_LEAST,
    Comparison.MORE: Comparison.LESS,
    Comparison.AT_LEAST: Comparison.AT_MOST,
}


class Operation(enum.Enum):
    """What is done with two numbers."""

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"


class Connective(enum.Enum):
    """How truths are joined."""

    AND = "and"
    OR = "or"


class Direction(enum.Enum):
    """Whether days are counted from a moment to now, or from now to a moment."""

    SINCE = "days_since"
    UNTIL = "days_until"


class Quantity(enum.Enum):
    """What is asked about a metric in the present period."""

    USAGE = "usage"
    LIMIT = "limit"
    RATIO = "usage_ratio"
    OVER = "usage_over"
    DAYS_TO_LIMIT = "days_to_limit"
    DAYS_AT_LEAST = "days_to_limit_at_least"
    DAYS_AT_MOST = "days_to_limit_at_most"


FORECASTS = frozenset({Quantity.DAYS_TO_LIMIT, Quantity.DAYS_AT_LEAST, Quantity.DAYS_AT_MOST})
"""What is asked about the days until the limit is expected to be reached."""


class _Node(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a rule, and the offset in its text where it begins."""

    at: int = 0


class Hole(_Node, frozen=True):
    """What could not be read; a problem about it is already known."""


class Null(_Node, frozen=True):
    """The absent value, as a result of ``case``."""


class Literal(_Node, frozen=True):
    """A constant; a moment is in microseconds."""

    value: bool | int | float | str
    kind: Kind


class Field(_Node, frozen=True):
    """A value by name in a scope; the kind is None until checked, and after it only where any will do."""

    scope: str
    name: str
    kind: Kind | None = None


class Signal(_Node, frozen=True):
    """Another signal by name, before it is replaced by its own tree."""

    name: str


class Now(_Node, frozen=True):
    """The moment the rule is asked."""


class Measured(_Node, frozen=True):
    """The usage or limit of a metric, or the one over the other."""

    quantity: Quantity
    metric: str


class Counted(_Node, frozen=True):
    """What a counter says; the condition's tree stands beside its text in the counter."""

    counter: Counter
    condition: Node | None = None


class Elapsed(_Node, frozen=True):
    """Days of 86,400 s between now and a moment, as a real number."""

    direction: Direction
    moment: Node


class Shifted(_Node, frozen=True):
    """A moment moved by a duration, which may be negative."""

    moment: Node
    duration: Duration


class Negated(_Node, frozen=True):
    """A number with its sign turned."""

    operand: Node


class Arithmetic(_Node, frozen=True):
    """Two numbers made one; a division by zero is null."""

    operation: Operation
    left: Node
    right: Node


class Compare(_Node, frozen=True):
    """Two values of one kind compared."""

    comparison: Comparison
    left: Node
    right: Node


class In(_Node, frozen=True):
    """Whether a value equals one of several."""

    operand: Node
    choices: tuple[Node, ...]


class Like(_Node, frozen=True):
    """Whether a text has a form: pieces of literal text, ``None`` for any run, ``1`` for one character."""

    operand: Node
    pieces: tuple[str | int | None, ...]


class IsNull(_Node, frozen=True):
    """Whether a value is absent."""

    operand: Node


class Not(_Node, frozen=True):
    """The opposite truth; unknown stays unknown."""

    operand: Node


class Junction(_Node, frozen=True):
    """Several truths joined by and, or by or."""

    connective: Connective
    operands: tuple[Node, ...]


class Coalesce(_Node, frozen=True):
    """The first value that is not null."""

    operands: tuple[Node, ...]


class Case(_Node, frozen=True):
    """The result that belongs to the first true condition, else the last."""

    conditions: tuple[Node, ...]
    results: tuple[Node, ...]
    otherwise: Node


Node: TypeAlias = (
    Hole
    | Null
    | Literal
    | Field
    | Signal
    | Now
    | Measured
    | Counted
    | Elapsed
    | Shifted
    | Negated
    | Arithmetic
    | Compare
    | In
    | Like
    | IsNull
    | Not
    | Junction
    | Coalesce
    | Case
)
"""Any part of a rule."""


def parts(node: Node) -> tuple[Node, ...]:
    """Give the parts a node is made of, in reading order; a counter's condition is not among them."""
    match node:
        case Hole() | Null() | Literal() | Field() | Signal() | Now() | Measured() | Counted():
            return ()
        case Elapsed(moment=inner) | Shifted(moment=inner):
            return (inner,)
        case Negated(operand=inner) | Like(operand=inner) | IsNull(operand=inner) | Not(operand=inner):
            return (inner,)
        case Arithmetic(left=left, right=right) | Compare(left=left, right=right):
            return (left, right)
        case In(operand=inner, choices=choices):
            return (inner, *choices)
        case Junction(operands=operands) | Coalesce(operands=operands):
            return operands
        case Case(conditions=conditions, results=results, otherwise=otherwise):
            return (*conditions, *results, otherwise)
        case _:
            assert_never(node)


def with_parts(node: Node, new: Sequence[Node]) -> Node:
    """Give the node made anew of other parts, as many and in the order of ``parts``."""
    match node:
        case Hole() | Null() | Literal() | Field() | Signal() | Now() | Measured() | Counted():
            return node
        case Elapsed() | Shifted():
            return msgspec.structs.replace(node, moment=new[0])
        case Negated() | Like() | IsNull() | Not():
            return msgspec.structs.replace(node, operand=new[0])
        case Arithmetic() | Compare():
            return msgspec.structs.replace(node, left=new[0], right=new[1])
        case In():
            return msgspec.structs.replace(node, operand=new[0], choices=tuple(new[1:]))
        case Junction() | Coalesce():
            return msgspec.structs.replace(node, operands=tuple(new))
        case Case(conditions=conditions):
            count = len(conditions)
            return msgspec.structs.replace(
                node,
                conditions=tuple(new[:count]),
                results=tuple(new[count : 2 * count]),
                otherwise=new[-1],
            )
        case _:
            assert_never(node)


def rewrite(node: Node, change: Callable[[Node], Node]) -> Node:
    """Give the tree with ``change`` applied to every node, parts before wholes."""
    return change(with_parts(node, [rewrite(part, change) for part in parts(node)]))


def walk(node: Node) -> Iterator[Node]:
    """Give every node of the tree, wholes before parts, in reading order."""
    pending = [node]
    while pending:
        here = pending.pop()
        yield here
        pending.extend(reversed(parts(here)))


def kind_of(node: Node) -> Kind:
    """Give the kind of a checked node.

    Raises:
        ValueError: The node has no kind of its own: it was not checked, or any kind will do.
    """
    match node:
        case Literal(kind=kind):
            return kind
        case Field(kind=kind) if kind is not None:
            return kind
        case Now() | Shifted():
            return Kind.MOMENT
        case Counted(counter=counter):
            is_dated = counter.measure in (Measure.FIRST, Measure.LAST)
            return Kind.MOMENT if is_dated else Kind.NUMBER
        case Measured() | Elapsed() | Negated() | Arithmetic():
            return Kind.NUMBER
        case Compare() | In() | Like() | IsNull() | Not() | Junction():
            return Kind.BOOLEAN
        case Coalesce(operands=operands):
            return kind_of(operands[0])
        case Case(results=results, otherwise=otherwise):
            return next(kind_of(each) for each in (*results, otherwise) if not isinstance(each, Null))
        case Hole() | Null() | Signal() | Field():
            msg = f"expected a checked part of a rule, got {type(node).__name__}"
            raise ValueError(msg)
        case _:
            assert_never(node)


def size(node: Node) -> int:
    """Give how many parts the tree has, itself among them."""
    return sum(1 for _ in walk(node))


def depth(node: Node) -> int:
    """Give how many levels the tree has; a leaf has 1."""
    deepest = 0
    pending = [(node, 1)]
    while pending:
        here, level = pending.pop()
        deepest = max(deepest, level)
        pending.extend((part, level + 1) for part in parts(here))
    return deepest
