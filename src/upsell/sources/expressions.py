"""Expressions: JMESPath over what a vendor sent, with a few functions for money, times and ids.

Compiled once, when a file is read; asked of every request after. The laws: an expression computes from what
came alone and does nothing else; and what is wrong with it is told before anything comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import signature
from typing import Any, Final

import jmespath
import msgspec
from jmespath import exceptions, functions
from jmespath.parser import ParsedResult

from upsell.errors import Problem
from upsell.rules.caret import complain, suggest
from upsell.sources.functions import OURS, is_true
from upsell.workspace.findings import Findings, Place


class ExpressionError(Exception):
    """An expression made no sense of what came."""


class Expression(msgspec.Struct, frozen=True):
    """An expression, where it is written, and what it was compiled to."""

    text: str
    place: Place
    parsed: Any

    def of(self, said: Any) -> Any:
        """Give what it comes to.

        Raises:
            ExpressionError: It makes no sense of what came.
        """
        try:
            return self.parsed.search(said, options=_OPTIONS)
        except (exceptions.JMESPathError, ValueError, ArithmeticError, RecursionError) as error:
            raise ExpressionError(_first_line(error)) from error

    def is_true(self, said: Any) -> bool:
        """Tell whether it is true: neither false nor null nor empty, as JMESPath has it.

        Raises:
            ExpressionError: It makes no sense of what came.
        """
        return is_true(self.of(said))


def compile_expression(text: str, place: Place, findings: Findings) -> Expression | None:
    """Compile an expression; None where something is wrong with it, which is then noted."""
    try:
        parsed = jmespath.compile(text)
    except exceptions.ParseError as error:
        _note(complain(text, error.lex_position, _words(error), code="expression"), place, findings)
        return None
    except exceptions.JMESPathError as error:
        _note(complain(text, 0, _first_line(error), code="expression"), place, findings)
        return None
    wrong = next(_wrong_calls(text, parsed), None)
    if wrong is not None:
        _note(wrong, place, findings)
        return None
    return Expression(text, place, parsed)


class _Functions(functions.Functions):
    """JMESPath's own functions, and ours beside them."""

    def call_function(self, function_name: str, resolved_args: Any) -> Any:
        """Call a function by its name; how many values it takes was held to when it was compiled."""
        ours = OURS.get(function_name)
        return (
            ours(*resolved_args) if ours is not None else super().call_function(function_name, resolved_args)
        )


_TABLE: Final[Mapping[str, Any]] = functions.Functions.FUNCTION_TABLE
_OPTIONS: Final = jmespath.Options(custom_functions=_Functions())


def _wrong_calls(text: str, parsed: ParsedResult) -> Iterator[Problem]:
    """Give what is wrong with the functions that an expression calls."""
    nodes = [parsed.parsed]
    while nodes:
        node = nodes.pop()
        nodes.extend(node["children"])
        if node["type"] != "function_expression":
            continue
        name, count = node["value"], len(node["children"])
        at = text.find(f"{name}(")
        asked = _arity(name)
        if asked is None:
            said = f"expected a known function, got {name}()"
            yield complain(text, at, said, code="expression", hint=suggest(name, (*_TABLE, *OURS)))
            continue
        least, is_open = asked
        if count != least and not (is_open and count >= least):
            said = f"expected {'at least ' if is_open else ''}{least} values in {name}(), got {count}"
            yield complain(text, at, said, code="expression")


def _arity(name: str) -> tuple[int, bool] | None:
    """Give how many values a function takes, and whether more will do; None for one that is not known."""
    if name in OURS:
        return len(signature(OURS[name]).parameters), False
    known = _TABLE.get(name)
    if known is None:
        return None
    asked = known["signature"]
    return len(asked), bool(asked) and bool(asked[-1].get("variadic"))


def _note(problem: Problem, place: Place, findings: Findings) -> None:
    """Note a problem of an expression at the place where it is written."""
    findings.error(place, problem.message, hint=problem.hint, code="expression")


def _words(error: exceptions.ParseError) -> str:
    if isinstance(error, exceptions.IncompleteExpressionError) or not error.token_value:
        return "expected an expression in JMESPath, got one that is not finished"
    if isinstance(error, exceptions.LexerError):
        if error.token_value == "=":  # noqa: S105  # a token of the language
            return "expected an expression in JMESPath, got a single =; equality is written =="
        return f"expected an expression in JMESPath, got: {error.message}"
    return f"expected an expression in JMESPath, got {error.token_value} where none can stand"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
