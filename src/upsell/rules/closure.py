"""A rule as Python: its tree written as one flat lambda and compiled once.

The live path and the backtest ask rules this way, about a microsecond each. The law: null is None
and truth is three-valued, exactly as SQL has it: every operator answers None when a part it needs
is None; ``and`` is False as soon as one side is, ``or`` True as soon as one side is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, assert_never

from upsell.clock import DAY, Moment
from upsell.rules import tree
from upsell.rules.facts import KEPT_MOMENTS, Facts, Measure, Scalar
from upsell.rules.kinds import (
    Kind,
    as_boolean,
    as_kept_moment,
    as_moment,
    as_number,
    is_present,
    rounded_total,
)
from upsell.rules.patterns import pattern_regex

_PYTHON_COMPARISONS = {
    tree.Comparison.EQUAL: "==",
    tree.Comparison.DIFFERENT: "!=",
    tree.Comparison.LESS: "<",
    tree.Comparison.AT_MOST: "<=",
    tree.Comparison.MORE: ">",
    tree.Comparison.AT_LEAST: ">=",
}
_READINGS: dict[str, object] = {
    "type": type,
    "str": str,
    "bool": bool,
    "as_number": as_number,
    "as_boolean": as_boolean,
    "as_moment": as_moment,
    "as_kept_moment": as_kept_moment,
    "is_present": is_present,
    "rounded_total": rounded_total,
}
_ASKED = {
    Measure.COUNT: "count",
    Measure.SUM: "total",
    Measure.DISTINCT: "distinct",
    Measure.FIRST: "first",
    Measure.LAST: "last",
    Measure.TREND: "trend",
}

_OF_TWO = frozenset({tree.Quantity.RATIO, tree.Quantity.OVER})
"""What is made of usage and limit together."""


def compile_value(node: tree.Node) -> Callable[[Facts], Any]:
    """Compile a checked tree to a function of the facts; its answer is None for null."""
    value: Callable[[Facts], Any] = _compile(node, "f", "f.now", "f.{}")
    return value


def compile_value_at(node: tree.Node) -> Callable[[Facts, Moment], Any]:
    """Compile a checked tree to a function of the facts and of a now that stands for theirs."""
    value: Callable[[Facts, Moment], Any] = _compile(node, "f, now", "now", "f.{}")
    return value


def compile_of_properties(node: tree.Node) -> Callable[[Mapping[str, Scalar]], Any]:
    """Compile a checked condition to a function of one event's properties."""
    value: Callable[[Mapping[str, Scalar]], Any] = _compile(node, "p", "None", "p")
    return value


def _compile(node: tree.Node, parameters: str, now: str, scope: str) -> Any:
    """Write the lambda and evaluate it once, with nothing in reach but what it names."""
    writer = _Writer(now, scope)
    source = f"lambda {parameters}: {writer.value(node)}"
    return eval(source, {"__builtins__": {}, **writer.names})  # noqa: S307  # written here, from a checked tree


def is_never_null(node: tree.Node) -> bool:
    """Tell whether a part has a value whatever the facts are."""
    match node:
        case tree.Literal() | tree.Now() | tree.IsNull():
            return True
        case tree.Counted(counter=counter):
            return counter.measure in (Measure.COUNT, Measure.SUM, Measure.DISTINCT)
        case tree.Arithmetic(operation=tree.Operation.DIVIDE):
            return False
        case (
            tree.Elapsed()
            | tree.Shifted()
            | tree.Negated()
            | tree.Arithmetic()
            | tree.Compare()
            | tree.In()
            | tree.Like()
            | tree.Not()
            | tree.Junction()
        ):
            return all(is_never_null(part) for part in tree.parts(node))
        case _:
            return False


class _Writer:
    """Writes Python for the parts of one rule.

    A part is written either as a *value* (an expression that is None for null) or *strictly*: as
    guards, each of which is true where the part is null, and an expression that holds once all of
    them were evaluated and false. Strict parts of an operator share one test for null.
    """

    def __init__(self, now: str, scope: str) -> None:
        """Begin with how the present and a scope are written."""
        self.now = now
        self.scope = scope
        self.names: dict[str, object] = dict(_READINGS)
        self.kept = 0

    def value(self, node: tree.Node) -> str:
        """Write a part as an expression that is None for null."""
        match node:
            case tree.Null():
                return "None"
            case tree.Junction():
                return self._junction(node)
            case tree.Coalesce():
                return self._coalesce(node)
            case tree.Case():
                return self._case(node)
            case tree.Measured(quantity=quantity, metric=metric) if quantity not in _OF_TWO:
                return f"f.{quantity.value}({metric!r})"
            case tree.Counted(counter=counter) if counter.measure is not Measure.SUM:
                return f"f.{_ASKED[counter.measure]}({counter.key!r})"
            case tree.Field(kind=Kind.NUMBER | Kind.MOMENT):
                return self._read(node)
            case _:
                guards, expression = self.strict(node)
                return f"(None if {' or '.join(guards)} else {expression})" if guards else expression

    def strict(self, node: tree.Node) -> tuple[list[str], str]:  # noqa: PLR0911, PLR0912  # a case for each node
        """Write a part as guards against null and an expression that holds behind them."""
        match node:
            case tree.Literal(value=value):
                return [], f"({value!r})" if isinstance(value, float) else repr(value)
            case tree.Now():
                return [], self.now
            case tree.Field(kind=Kind.TEXT | Kind.BOOLEAN as kind):
                test, name = self._keep(self._get(node))
                return [f"type({test}) is not {'str' if kind is Kind.TEXT else 'bool'}"], name
            case tree.Counted(counter=counter) if counter.measure is Measure.SUM:
                return [], f"rounded_total(f.total({counter.key!r}))"
            case tree.Counted(counter=counter) if counter.measure in (Measure.COUNT, Measure.DISTINCT):
                return [], self.value(node)
            case tree.Measured(quantity=quantity, metric=metric) if quantity in _OF_TWO:
                return self._of_two(quantity, metric)
            case tree.Elapsed(direction=direction, moment=moment):
                guards, then = self.strict(moment)
                since = direction is tree.Direction.SINCE
                span = f"{self.now} - {then}" if since else f"{then} - {self.now}"
                return guards, f"(({span}) / {float(DAY)!r})"
            case tree.Shifted(moment=moment, duration=duration):
                guards, then = self.strict(moment)
                return guards, f"({then} + {duration})" if duration > 0 else f"({then} - {-duration})"
            case tree.Negated(operand=operand):
                guards, number = self.strict(operand)
                return guards, f"(-{number})"
            case tree.Arithmetic():
                return self._arithmetic(node)
            case tree.Compare(comparison=comparison, left=left, right=right):
                left_guards, one = self.strict(left)
                right_guards, other = self.strict(right)
                return left_guards + right_guards, f"({one} {_PYTHON_COMPARISONS[comparison]} {other})"
            case tree.In():
                return self._in(node)
            case tree.Like(operand=operand, pieces=pieces):
                guards, text = self.strict(operand)
                match = self._name(pattern_regex(pieces).fullmatch)
                return guards, f"({match}({text}) is not None)"
            case tree.IsNull(operand=tree.Field(kind=None) as field):
                return [], f"(not is_present({self._get(field)}))"
            case tree.IsNull(operand=operand):
                guards, _ = self.strict(operand)
                return [], f"({' or '.join(guards)})" if guards else "False"
            case tree.Not(operand=operand):
                guards, truth = self.strict(operand)
                return guards, f"(not {truth})"
            case tree.Junction(connective=connective, operands=operands):
                if not is_never_null(node):
                    return self._kept_value(node)
                joined = f" {connective.value} ".join(self.strict(each)[1] for each in operands)
                return [], f"({joined})"
            case (
                tree.Null() | tree.Field() | tree.Measured() | tree.Counted() | tree.Coalesce() | tree.Case()
            ):
                return self._kept_value(node)
            case tree.Hole() | tree.Signal():
                msg = f"expected a checked part of a rule, got {type(node).__name__}"
                raise ValueError(msg)
            case _:
                assert_never(node)

    def _kept_value(self, node: tree.Node) -> tuple[list[str], str]:
        """Write a value, kept under a name, with one guard."""
        test, name = self._keep(self.value(node))
        return [f"{test} is None"], name

    def _keep(self, expression: str) -> tuple[str, str]:
        """Write an assignment to a new name within an expression; give it and the name."""
        self.kept += 1
        name = f"t{self.kept}"
        return f"({name} := {expression})", name

    def _name(self, value: object) -> str:
        """Give a constant a name that the lambda can reach."""
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def _get(self, field: tree.Field) -> str:
        """Write how the raw value of a field is fetched."""
        return f"{self.scope.format(field.scope)}.get({field.name!r})"

    def _read(self, field: tree.Field) -> str:
        """Write how a field is read as the number or moment it is asked to be."""
        if field.kind is Kind.NUMBER:
            return f"as_number({self._get(field)})"
        reading = "as_kept_moment" if field.scope in KEPT_MOMENTS else "as_moment"
        return f"{reading}({self._get(field)})"

    def _of_two(self, quantity: tree.Quantity, metric: str) -> tuple[list[str], str]:
        """Write usage over limit, which is null over no limit and over zero, or what is beyond it."""
        used_test, used = self._keep(f"f.usage({metric!r})")
        limit_test, limit = self._keep(f"f.limit({metric!r})")
        guards = [f"{used_test} is None", f"{limit_test} is None"]
        if quantity is tree.Quantity.OVER:
            return guards, f"({used} - {limit} if {used} > {limit} else 0.0)"
        return [*guards, f"{limit} == 0"], f"({used} / {limit})"

    def _arithmetic(self, node: tree.Arithmetic) -> tuple[list[str], str]:
        """Write arithmetic; a divisor of zero is one more way to be null."""
        left_guards, left = self.strict(node.left)
        right_guards, right = self.strict(node.right)
        guards = left_guards + right_guards
        if node.operation is tree.Operation.DIVIDE:
            test, right = self._keep(right)
            guards.append(f"{test} == 0")
        return guards, f"({left} {node.operation.value} {right})"

    def _in(self, node: tree.In) -> tuple[list[str], str]:
        """Write membership; behind the guards of the operand only a choice that is null is unknown."""
        guards, operand = self.strict(node.operand)
        constants = [choice.value for choice in node.choices if isinstance(choice, tree.Literal)]
        others = [choice for choice in node.choices if not isinstance(choice, tree.Literal)]
        if not others:
            return guards, f"({operand} in {self._name(frozenset(constants))})"
        test, operand = self._keep(operand)
        equal = [f"{test} in {self._name(frozenset(constants))}"]
        unknown = []
        for choice in others:
            written = self.value(choice)
            if not is_never_null(choice):
                written, name = self._keep(written)
                unknown.append(f"{name} is None")
            equal.append(f"{operand} == {written}")
        if not unknown:
            return guards, f"({' or '.join(equal)})"
        value = f"True if {' or '.join(equal)} else None if {' or '.join(unknown)} else False"
        test, name = self._keep(f"None if {' or '.join(guards)} else {value}" if guards else value)
        return [f"{test} is None"], name

    def _junction(self, node: tree.Junction) -> str:
        """Write and / or of three values, leaving off at the first that decides."""
        decides = "False" if node.connective is tree.Connective.AND else "True"
        deciding, unknown = [], []
        for operand in node.operands:
            if is_never_null(operand):
                truth = self.value(operand)
                deciding.append(f"not {truth}" if decides == "False" else truth)
            else:
                test, name = self._keep(self.value(operand))
                deciding.append(f"{test} is {decides}")
                unknown.append(f"{name} is None")
        other = "True" if decides == "False" else "False"
        if not unknown:
            return f"({decides} if {' or '.join(deciding)} else {other})"
        return f"({decides} if {' or '.join(deciding)} else None if {' or '.join(unknown)} else {other})"

    def _coalesce(self, node: tree.Coalesce) -> str:
        """Write the first value that is not None."""
        written = []
        for operand in node.operands[:-1]:
            test, name = self._keep(self.value(operand))
            written.append(f"{name} if {test} is not None else ")
        return f"({''.join(written)}{self.value(node.operands[-1])})"

    def _case(self, node: tree.Case) -> str:
        """Write the result of the first condition that is True; unknown is not true."""
        branches = "".join(
            f"{self.value(result)} if {self.value(condition)} else "
            for condition, result in zip(node.conditions, node.results, strict=True)
        )
        return f"({branches}{self.value(node.otherwise)})"
