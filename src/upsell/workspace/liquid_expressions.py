"""Expressions of Liquid made into functions.

For ``liquid_closures``. The law: the plain case of an expression, names of plain mappings and values of plain
kinds, is answered here as the library answers it, and everything else by the library's expression.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias, cast

import msgspec
from liquid import Environment, FalsyStrictUndefined, Markup
from liquid.builtin.expressions import (
    BooleanExpression,
    Filter,
    FilteredExpression,
    KeywordArgument,
    Literal,
    Nil,
    Path,
    StringLiteral,
)
from liquid.builtin.expressions.logical import (
    EqExpression,
    GeExpression,
    GtExpression,
    LeExpression,
    LogicalAndExpression,
    LogicalNotExpression,
    LogicalOrExpression,
    LtExpression,
    NeExpression,
)
from liquid.exceptions import FilterArgumentError, LiquidTypeError
from liquid.expression import Expression

from upsell.workspace.liquid_rendering import Context
from upsell.workspace.locales import Amount, Count, Instant, Quantity, Share

Ask: TypeAlias = Callable[[Context], object]
"""Gives what an expression stands for."""

Test: TypeAlias = Callable[[Context], bool]
"""Tells whether an expression counts as true."""

_TRUE_KINDS: Final = frozenset({str, Markup, int, float, list, dict, Count, Quantity, Share, Amount, Instant})
"""Kinds of which every value counts as true in Liquid, the empty and nought among them."""

_NUMBERS: Final = frozenset({int, float, Count, Quantity, Share})
WORDS: Final = frozenset({str, Markup})
"""Kinds of words, which compare as text."""

_OF_LISTS: Final = frozenset({"size", "first", "last"})
"""Names that mean something of whatever has none of that name."""


class Making(msgspec.Struct, frozen=True):
    """What the functions of one template are made with.

    Attributes:
        env: Its environment.
        own: The names that the template gives to anything itself, which go before what it may name.
    """

    env: Environment
    own: frozenset[str]


def asking(expression: Expression, making: Making) -> Ask:
    """Give the function of an expression."""
    if isinstance(expression, Path) and all(isinstance(each, str | int) for each in expression.path):
        return _named(expression, making)
    if isinstance(expression, StringLiteral):
        # What a template's author wrote is HTML already.
        said = Markup(expression.value) if making.env.autoescape else expression.value
        return lambda _: said
    if isinstance(expression, Literal):
        value = expression.value
        return lambda _: value
    if isinstance(expression, Nil):
        return lambda _: None
    if isinstance(expression, FilteredExpression):
        return _filtered(expression, making)
    return cast("Ask", expression.evaluate)


def testing(expression: Expression, making: Making) -> Test:
    """Give the function that tells whether an expression counts as true."""
    if isinstance(expression, BooleanExpression):
        return testing(expression.expression, making)
    if isinstance(expression, LogicalAndExpression | LogicalOrExpression):
        left, right = testing(expression.left, making), testing(expression.right, making)
        if isinstance(expression, LogicalAndExpression):
            return lambda context: left(context) and right(context)
        return lambda context: left(context) or right(context)
    if isinstance(expression, LogicalNotExpression):
        inner = testing(expression.right, making)
        return lambda context: not inner(context)
    if isinstance(expression, _COMPARISONS):
        return _compared(expression, making)
    ask, whole = asking(expression, making), BooleanExpression(expression.token, expression)

    def test(context: Context) -> bool:
        value = ask(context)
        kind = type(value)
        if kind in _TRUE_KINDS:
            return True
        if kind is FalsyStrictUndefined or value is None or kind is bool:
            return value is True
        return whole.evaluate(context)

    return test


def _named(path: Path, making: Making) -> Ask:
    """Give the function of a path of names and numbers."""
    whole = cast("list[object]", path.path)
    root, rest, token = whole[0], whole[1:], path.token
    if root in making.own:
        # The library's own way, past what loops and blocks call by this name.
        return lambda context: context.get(whole, token=token)
    if len(rest) == 1 and rest[0] not in _OF_LISTS:
        return _named_twice(path)
    absent: dict[int, object] = {}

    def ask(context: Context) -> object:
        found: Any = context.globals.get(cast("str", root))
        if found is None:
            return context.get(whole, token=token)
        for depth, segment in enumerate(rest):
            if type(found) is not dict or (segment not in found and segment in _OF_LISTS):
                return context.get(whole, token=token)
            if segment not in found:
                # What stands for no value says which name has none and nothing else: one serves all.
                nothing = absent.get(depth)
                if nothing is None:
                    nothing = absent[depth] = context.get(whole, token=token)
                return nothing
            found = found[segment]
        return found

    return ask


def _named_twice(path: Path) -> Ask:
    """Give the function of a path such as ``customer.first_name``, as most are."""
    whole, token = cast("list[object]", path.path), path.token
    root, segment = cast("tuple[str, object]", whole)
    absent: list[object] = []

    def ask(context: Context) -> object:
        found: Any = context.globals.get(root)
        if type(found) is not dict:
            return context.get(whole, token=token)
        if segment in found:
            return found[segment]
        if not absent:
            absent.append(context.get(whole, token=token))
        return absent[0]

    return ask


def _filtered(expression: FilteredExpression, making: Making) -> Ask:
    ask = asking(expression.left, making)
    filters = [_changing(each, making) for each in expression.filters or ()]
    if not filters:
        return ask
    if len(filters) == 1:
        only = filters[0]
        return lambda context: only(ask(context), context)

    def ask_filtered(context: Context) -> object:
        value = ask(context)
        for change in filters:
            value = change(value, context)
        return value

    return ask_filtered


def _changing(filter_: Filter, making: Making) -> Callable[[object, Context], object]:
    """Give the function of a filter with its arguments."""
    function = making.env.filters.get(filter_.name)
    if function is None or getattr(function, "with_environment", False):
        return filter_.evaluate
    has_context = getattr(function, "with_context", False)
    named = {each.name: each.value for each in filter_.args if isinstance(each, KeywordArgument)}
    placed = [each.value for each in filter_.args if not isinstance(each, KeywordArgument)]
    ask_named = {name: asking(value, making) for name, value in named.items()}
    ask_placed = [asking(value, making) for value in placed]

    def change(value: object, context: Context) -> object:
        values = [ask(context) for ask in ask_placed]
        words = {name: ask(context) for name, ask in ask_named.items()}
        if has_context:
            words["context"] = context
        try:
            return function(value, *values, **words)
        except TypeError as error:
            raise LiquidTypeError(f"{filter_.name}: {error}", token=filter_.token) from error
        except (LiquidTypeError, FilterArgumentError) as error:
            error.token = filter_.token
            raise

    return change


_COMPARISONS: Final = (
    EqExpression,
    NeExpression,
    LtExpression,
    LeExpression,
    GtExpression,
    GeExpression,
)
_OPERATORS: Final[dict[type, Callable[[Any, Any], bool]]] = {
    EqExpression: lambda left, right: left == right,
    NeExpression: lambda left, right: left != right,
    LtExpression: lambda left, right: left < right,
    LeExpression: lambda left, right: left <= right,
    GtExpression: lambda left, right: left > right,
    GeExpression: lambda left, right: left >= right,
}


def _compared(expression: Any, making: Making) -> Test:
    """Give the function of a comparison: numbers and words here, all else by the library."""
    left, right, compare = (
        asking(expression.left, making),
        asking(expression.right, making),
        _OPERATORS[type(expression)],
    )
    is_ordered = not isinstance(expression, EqExpression | NeExpression)

    def test(context: Context) -> bool:
        one, other = left(context), right(context)
        kind, other_kind = type(one), type(other)
        if (kind in _NUMBERS and other_kind in _NUMBERS) or (kind in WORDS and other_kind in WORDS):
            return compare(one, other)
        if is_ordered and kind is FalsyStrictUndefined and other_kind in _NUMBERS:
            return False
        return bool(expression.evaluate(context))

    return test
