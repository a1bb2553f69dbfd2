"""From a SQL syntax tree to the tree of the rules language: an allow-list.

Answers what a rule's text means, part by part. The law: a syntax node that is not named here is
refused with its place, and every refusal of a text is told at once.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sqlglot import exp

from upsell.errors import Problem
from upsell.rules import tree
from upsell.rules.calls import interval_of, read_call
from upsell.rules.caret import Complaints
from upsell.rules.intervals import IntervalError
from upsell.rules.kinds import LARGEST, SMALLEST, Kind, as_moment
from upsell.rules.patterns import read_pattern
from upsell.rules.syntax import DEEPEST, parse_expression, too_deep

_COMPARISONS: dict[type[exp.Expression], tree.Comparison] = {
    exp.EQ: tree.Comparison.EQUAL,
    exp.NEQ: tree.Comparison.DIFFERENT,
    exp.LT: tree.Comparison.LESS,
    exp.LTE: tree.Comparison.AT_MOST,
    exp.GT: tree.Comparison.MORE,
    exp.GTE: tree.Comparison.AT_LEAST,
}
_OPERATIONS: dict[type[exp.Expression], tree.Operation] = {
    exp.Add: tree.Operation.ADD,
    exp.Sub: tree.Operation.SUBTRACT,
    exp.Mul: tree.Operation.MULTIPLY,
    exp.Div: tree.Operation.DIVIDE,
}
_CONNECTIVES: dict[type[exp.Expression], tree.Connective] = {
    exp.And: tree.Connective.AND,
    exp.Or: tree.Connective.OR,
}
_MEANT = frozenset(
    {
        "this",
        "expression",
        "expressions",
        "table",
        "negate",
        "low",
        "high",
        "ifs",
        "default",
        "to",
        "true",
        "unit",
    }
)
"""The arguments of syntax nodes that are read; any other that is set is refused."""

_HARMLESS = frozenset({"typed", "safe", "is_string", "quoted", "coalesce"})
_ADVICE: dict[type[exp.Expression], str] = {
    exp.ILike: "letter case has no one meaning in all databases; use like",
    exp.Cast: "only date '...' and timestamp '...' have a type; a trait is read as the kind its use asks",
    exp.Mod: "the operators are + - * /",
    exp.Alias: "an operator such as = or and is missing between the two words",
    exp.Concat: "an operator is missing between the two texts",
    exp.Null: "compare with is null or is not null",
    exp.Star: "name one value, such as customer.country",
    exp.Dot: "names have two parts, such as customer.country",
    exp.Interval: "an interval stands in event_count('X', interval '7 days') or beside + and - of a moment",
    exp.Tuple: "a list stands after in",
    exp.Count: "events are counted by event_count('Event Name', interval '7 days')",
    exp.Sum: "a property is summed by event_sum('Event Name', 'property', interval '7 days')",
    exp.In: "write in ('a', 'b')",
    exp.Select: "a rule is one expression, without select",
    exp.Subquery: "a rule is one expression, without select",
    exp.Exists: "ask event_count('Event Name', interval '7 days') > 0",
    exp.If: "write case when ... then ... else ... end",
    exp.Date: "write date '2026-01-01'",
    exp.NullSafeEQ: "use = with is null",
    exp.NullSafeNEQ: "use <> with is null",
}
_MOST_COPIED = 1_000
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Reading(NamedTuple):
    """A text as read: its tree, which has holes where there are complaints."""

    tree: tree.Node
    complaints: Complaints


def read(text: object) -> Reading:
    """Read a rule's text. Whatever it is, problems come as values and nothing is raised."""
    complaints = Complaints(text if isinstance(text, str) else "")
    syntax = parse_expression(text)
    if isinstance(syntax, Problem):
        complaints.take(syntax)
        return Reading(tree.Hole(), complaints)
    if _levels(syntax) > 3 * DEEPEST:
        complaints.take(too_deep(complaints.text))
        return Reading(tree.Hole(), complaints)
    return Reading(_Reader(complaints).node(syntax), complaints)


class _Reader:
    """Reads the parts of one text, and gathers complaints on the way."""

    def __init__(self, complaints: Complaints) -> None:
        """Begin with the place where complaints go."""
        self.complaints = complaints
        self.copied = 0

    def node(self, syntax: exp.Expression) -> tree.Node:
        """Read one part and the parts within it; ``negate`` turns the truth of what was read."""
        found = self._plain(syntax)
        if syntax.args.get("negate") and not isinstance(found, tree.Hole):
            return tree.Not(operand=found, at=found.at)
        return found

    def _plain(self, syntax: exp.Expression) -> tree.Node:  # noqa: PLR0911, PLR0912  # an allow-list
        """Read one part without its ``negate``."""
        at = _place(syntax)
        kind = type(syntax)
        if not _has_only_what_is_meant(syntax):
            return self._refuse(syntax)
        if kind in _CONNECTIVES:
            operands = tuple(self.node(each) for each in _chain(syntax))
            return tree.Junction(connective=_CONNECTIVES[kind], operands=operands, at=at)
        if kind in _COMPARISONS:
            left, right = self.node(syntax.this), self.node(syntax.expression)
            return tree.Compare(comparison=_COMPARISONS[kind], left=left, right=right, at=at)
        if kind in _OPERATIONS:
            return self._arithmetic(syntax, at)
        match syntax:
            case exp.Paren():
                return self.node(syntax.this)
            case exp.Not():
                return tree.Not(operand=self.node(syntax.this), at=at)
            case exp.Column():
                return self._name(syntax, at)
            case exp.Literal():
                return self._constant(syntax, at)
            case exp.Boolean():
                return tree.Literal(value=bool(syntax.this), kind=Kind.BOOLEAN, at=at)
            case exp.CurrentTimestamp() if syntax.this is None:
                return tree.Now(at=at)
            case exp.Neg():
                return self._negated(syntax, at)
            case exp.Cast():
                return self._dated(syntax, at)
            case exp.Is():
                return self._is(syntax, at)
            case exp.In() if syntax.expressions:
                choices = tuple(self.node(each) for each in syntax.expressions)
                return tree.In(operand=self.node(syntax.this), choices=choices, at=at)
            case exp.Between():
                return self._between(syntax, at)
            case exp.Like() | exp.Escape():
                return self._like(syntax, at)
            case exp.Coalesce():
                values = (syntax.this, *syntax.expressions)
                return tree.Coalesce(operands=tuple(self.node(each) for each in values), at=at)
            case exp.Case():
                return self._case(syntax, at)
            case exp.Anonymous():
                return read_call(syntax, at, self.node, self.complaints)
            case _:
                return self._refuse(syntax)

    def _refuse(self, syntax: exp.Expression) -> tree.Hole:
        """Complain that a part is not in the language."""
        written = syntax.sql(dialect="postgres")
        shown = written if len(written) <= 60 else written[:57] + "..."
        hint = _ADVICE.get(type(syntax), "the language is listed in docs/reference/rules.md")
        return self._complain(_place(syntax), f"`{shown}` is not in the rules language", hint)

    def _complain(self, at: int, message: str, hint: str, code: str = "rule-syntax") -> tree.Hole:
        """Complain about a place and give a hole to go on with."""
        self.complaints.add(at, message, hint, code)
        return tree.Hole(at=at)

    def _name(self, syntax: exp.Expression, at: int) -> tree.Node:
        """Read ``scope.name``, or a bare name as a signal."""
        if not isinstance(syntax.this, exp.Identifier):
            return self._complain(at, "`*` is not in the rules language", _ADVICE[exp.Star])
        name, scope = syntax.this.name, syntax.args.get("table")
        if scope is not None:
            if re.search(r'["\\*\x00-\x1f]', name) or not name:
                message = "a name cannot hold quotes, backslashes, asterisks or line ends"
                return self._complain(at, message, "rename it")
            return tree.Field(scope=scope.name, name=name, at=at)
        if syntax.this.args.get("quoted"):
            hint = f"write '{name}': text stands in single quotes"
            return self._complain(at, f'"{name}" in double quotes is a name, not a text', hint)
        return tree.Signal(name=name, at=at)

    def _constant(self, syntax: exp.Expression, at: int) -> tree.Node:
        """Read a text or a number."""
        if syntax.is_string:
            return tree.Literal(value=str(syntax.this), kind=Kind.TEXT, at=at)
        try:
            number = float(syntax.this)
        except ValueError:
            # The tokenizer lets an exponent without digits pass as a number.
            hint = "write one such as 3, 0.5 or 1e6"
            return self._complain(at, f"expected a number, got {syntax.this}", hint)
        if number != 0.0 and not SMALLEST <= abs(number) <= LARGEST:
            return self._complain(at, f"the number {syntax.this} is out of range", "use one within 1e30")
        return tree.Literal(value=number, kind=Kind.NUMBER, at=at)

    def _negated(self, syntax: exp.Expression, at: int) -> tree.Node:
        """Read a turned sign; that of a constant belongs to the constant."""
        inner = self.node(syntax.this)
        if isinstance(inner, tree.Literal) and isinstance(inner.value, float):
            return tree.Literal(value=0.0 - inner.value, kind=Kind.NUMBER, at=at)
        return tree.Negated(operand=inner, at=at)

    def _arithmetic(self, syntax: exp.Expression, at: int) -> tree.Node:
        """Read arithmetic of numbers, or a moment moved by an interval."""
        left, right = syntax.this, syntax.expression
        moved, by = (right, left) if isinstance(left, exp.Interval) else (left, right)
        is_move = isinstance(syntax, exp.Add) or (isinstance(syntax, exp.Sub) and by is right)
        if not (isinstance(by, exp.Interval) and is_move):
            operation = _OPERATIONS[type(syntax)]
            return tree.Arithmetic(operation=operation, left=self.node(left), right=self.node(right), at=at)
        try:
            length = interval_of(by)
        except IntervalError as error:
            return self._complain(at, str(error), error.hint, "rule-interval")
        duration = length if isinstance(syntax, exp.Add) else -length
        return tree.Shifted(moment=self.node(moved), duration=duration, at=at)

    def _dated(self, syntax: exp.Expression, at: int) -> tree.Node:
        """Read ``date '...'`` as UTC midnight, or ``timestamp '...'`` with its zone."""
        inner = syntax.this
        if not (isinstance(inner, exp.Literal) and inner.is_string):
            return self._refuse(syntax)
        written, named = str(inner.this), syntax.args["to"].sql().lower()
        if named == "date":
            moment = as_moment(f"{written}T00:00:00Z") if _DATE.fullmatch(written) else None
            wanted, hint = "a date", "write date '2026-01-31'; it means midnight UTC"
        elif named in ("timestamp", "timestamptz"):
            moment = as_moment(written)
            wanted, hint = "a date-time with a zone", "write timestamp '2026-01-31T09:00:00Z'"
        else:
            return self._refuse(syntax)
        if moment is None:
            return self._complain(at, f"expected {wanted}, got '{written}'", hint, "rule-moment")
        return tree.Literal(value=moment, kind=Kind.MOMENT, at=at)

    def _is(self, syntax: exp.Expression, at: int) -> tree.Node:
        """Read ``is null``, and ``is true`` and ``is false``, which are never unknown."""
        operand = self.node(syntax.this)
        match syntax.expression:
            case exp.Null():
                return tree.IsNull(operand=operand, at=at)
            case exp.Boolean(this=wanted):
                truth = operand if wanted else tree.Not(operand=operand, at=at)
                never = tree.Literal(value=False, kind=Kind.BOOLEAN, at=at)
                return tree.Coalesce(operands=(truth, never), at=at)
            case _:
                return self._complain(at, "expected null, true or false after is", "use = or <>")

    def _between(self, syntax: exp.Expression, at: int) -> tree.Node:
        """Read ``between`` as the two comparisons it stands for."""
        operand = self._copied(self.node(syntax.this), 1)
        low, high = self.node(syntax.args["low"]), self.node(syntax.args["high"])
        bounds = (
            tree.Compare(comparison=tree.Comparison.AT_LEAST, left=operand, right=low, at=at),
            tree.Compare(comparison=tree.Comparison.AT_MOST, left=operand, right=high, at=at),
        )
        return tree.Junction(connective=tree.Connective.AND, operands=bounds, at=at)

    def _like(self, syntax: exp.Expression, at: int) -> tree.Node:
        """Read ``like`` with a constant pattern, and its ``escape``."""
        escape = "\\"
        like = syntax
        if isinstance(syntax, exp.Escape):
            escape, like = str(syntax.expression.this), syntax.this
            if len(escape) != 1 or escape in "%_" or not isinstance(like, exp.Like):
                return self._complain(at, "expected one character after escape", "write escape '!'")
        pattern = like.expression
        if not (isinstance(pattern, exp.Literal) and pattern.is_string):
            return self._complain(at, "expected a text in quotes after like", "write like 'Pro%'")
        try:
            pieces = read_pattern(str(pattern.this), escape)
        except ValueError as error:
            return self._complain(at, str(error), "write it twice to mean itself")
        found = tree.Like(operand=self.node(like.this), pieces=pieces, at=at)
        if like is not syntax and like.args.get("negate"):
            return tree.Not(operand=found, at=at)
        return found

    def _case(self, syntax: exp.Expression, at: int) -> tree.Node:
        """Read ``case``; with a subject, each ``when`` compares it."""
        branches = syntax.args["ifs"]
        subject = None if syntax.this is None else self._copied(self.node(syntax.this), len(branches) - 1)
        conditions, results = [], []
        for branch in branches:
            condition = self.node(branch.this)
            if subject is not None:
                same = tree.Comparison.EQUAL
                condition = tree.Compare(comparison=same, left=subject, right=condition, at=condition.at)
            conditions.append(condition)
            results.append(self._result(branch.args["true"]))
        default = syntax.args.get("default")
        otherwise = tree.Null(at=at) if default is None else self._result(default)
        return tree.Case(conditions=tuple(conditions), results=tuple(results), otherwise=otherwise, at=at)

    def _copied(self, node: tree.Node, times: int) -> tree.Node:
        """Give a part that will stand several times in the tree, unless all copies together are too large."""
        self.copied += tree.size(node) * times
        if self.copied <= _MOST_COPIED:
            return node
        message = "this part is too large to be compared several times"
        return self._complain(node.at, message, "name a part of it as a signal of its own", "rule-size")

    def _result(self, syntax: exp.Expression) -> tree.Node:
        """Read a result of ``case``, the one place where null may be written."""
        return tree.Null(at=_place(syntax)) if isinstance(syntax, exp.Null) else self.node(syntax)


def _has_only_what_is_meant(syntax: exp.Expression) -> bool:
    """Tell whether no argument is set that this reader would pass over."""
    return all(key in _MEANT or key in _HARMLESS for key, value in syntax.args.items() if value)


def _place(syntax: exp.Expression) -> int:
    """Give the offset where a part begins, or where the nearest part around it does."""
    here: exp.Expr | None = syntax
    while here is not None:
        starts = [node.meta["start"] for node in here.walk() if "start" in node.meta]
        if starts:
            return int(min(starts))
        here = here.parent
    return 0


def _chain(syntax: exp.Expression) -> list[exp.Expression]:
    """Give the operands of a chain of one connective, however long, in reading order."""
    found: list[exp.Expression] = []
    pending = [syntax]
    while pending:
        here = pending.pop()
        inner = here.unnest()
        if type(inner) is type(syntax):
            pending += [inner.expression, inner.this]
        else:
            found.append(here)
    return found


def _levels(syntax: exp.Expression) -> int:
    """Count the levels of a syntax tree; a chain of one connective is one level."""
    deepest = 0
    pending = [(syntax, 1)]
    while pending:
        here, level = pending.pop()
        deepest = max(deepest, level)
        for child in here.iter_expressions():
            is_chain = type(child) is type(here) and type(here) in _CONNECTIVES
            pending.append((child, level if is_chain else level + 1))
    return deepest
