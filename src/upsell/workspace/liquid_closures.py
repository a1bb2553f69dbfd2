"""Templates made into functions, because going through the library's nodes takes three times as long.

For rendering mail. The law: what is rendered, and what is refused, is what the library would render and
refuse; whatever has no function of its own here is rendered by the library's node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias, cast

from liquid import BoundTemplate, Markup, escape
from liquid.ast import BlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import StringLiteral
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.case_tag import CaseNode, MultiExpressionBlockNode
from liquid.builtin.tags.comment_tag import CommentNode
from liquid.builtin.tags.for_tag import ForLoop, ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.exceptions import (
    BreakLoop,
    ContinueLoop,
    LiquidError,
    LiquidInterrupt,
    LiquidSyntaxError,
    StopRender,
)
from liquid.expression import Expression
from liquid.stringify import to_liquid_string

from upsell.workspace.liquid_expressions import WORDS, Ask, Making, asking, testing
from upsell.workspace.liquid_nodes import SaidNode, WithinNode
from upsell.workspace.liquid_rendering import Context, Pieces
from upsell.workspace.locales import told

Say: TypeAlias = Callable[[Context, Pieces], object]
"""Adds what a part of a template says."""


class Closure:
    """A template that was made into functions."""

    def __init__(self, template: BoundTemplate) -> None:
        """Make functions of a template's nodes."""
        self._template = template
        making = Making(template.env, _own_names(template))
        self._says = list(_merged((node, _saying(node, making)) for node in template.nodes))

    def render(self, facts: Mapping[str, object]) -> str:
        """Render the template with what it may name.

        Raises:
            LiquidError: It cannot be rendered.
        """
        env = self._template.env
        context = Context(self._template, globals=facts)
        # The library tells each template whether it is one within another.
        context.scope.push({"partial": False})
        pieces = Pieces(env.output_stream_limit or 0)
        node = None
        try:
            for node, say in self._says:  # noqa: B007  # asked for where one of them fails
                say(context, pieces)
            pieces.weigh()
        except LiquidInterrupt as interrupt:
            token = node.token if node is not None else None
            env.error(LiquidSyntaxError(f"unexpected '{interrupt}'", token=token))
        except StopRender:
            pass
        except LiquidError as error:
            env.error(error, token=node.token if node is not None else None)
        return "".join(pieces)


class _Text:
    """Adds a text."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __call__(self, context: Context, pieces: Pieces) -> None:
        del context
        pieces.append(self.text)


class _Nowhere(Pieces):
    """Takes what a block that says nothing but blanks would add."""

    def append(self, text: str, /) -> None:
        """Take it."""

    def write(self, text: str, /) -> int:
        """Take it."""
        del text
        return 0


def _own_names(template: BoundTemplate) -> frozenset[str]:
    """Give the names that a template gives to anything itself, and those the library gives."""
    context, pending = Context(template), list(template.nodes)
    names = {"partial", "forloop", "tablerowloop"}
    while pending:
        node = pending.pop()
        names.update(node.template_scope(), node.block_scope())
        pending += node.children(context, include_partials=False)
    return frozenset(str(name) for name in names)


def _saying(node: Node, making: Making) -> Say:
    """Give the function of a node."""
    kind = type(node)
    make = _MAKERS.get(kind)
    return make(node, making) if make is not None else cast("Say", node.render)


def _merged(parts: Iterable[tuple[Node, Say]]) -> Iterable[tuple[Node, Say]]:
    """Make one of texts that follow each other, and leave out what says nothing."""
    last: tuple[Node, _Text] | None = None
    for node, say in parts:
        if type(say) is _Text:
            last = (node, say) if last is None else (last[0], _Text(last[1].text + say.text))
            continue
        if say is _nothing:
            continue
        if last is not None:
            yield last
            last = None
        yield node, say
    if last is not None:
        yield last


def _nothing(context: Context, pieces: Pieces) -> None:
    del context, pieces


def _block(block: BlockNode, making: Making) -> Say:
    """Give the function of a sequence of nodes."""
    is_blank = making.env.suppress_blank_control_flow_blocks and block.blank
    says = [say for _, say in _merged((node, _saying(node, making)) for node in block.nodes)]
    if is_blank:
        says = [say for say in says if type(say) is not _Text]
    if not says:
        return _nothing
    if is_blank:

        def say_nothing(context: Context, pieces: Pieces) -> None:
            nowhere = _Nowhere(pieces.left)
            for say in says:
                say(context, nowhere)

        return say_nothing
    if len(says) == 1:
        return says[0]

    def say_all(context: Context, pieces: Pieces) -> None:
        for say in says:
            say(context, pieces)

    return say_all


def _content(node: ContentNode, making: Making) -> Say:
    del making
    return _Text(node.text)


def _comment(node: CommentNode, making: Making) -> Say:
    del node, making
    return _nothing


def _said(node: SaidNode, making: Making) -> Say:
    ask = asking(node.expression, making)
    if making.env.autoescape:

        def say_escaped(context: Context, pieces: Pieces) -> None:
            value = ask(context)
            kind = type(value)
            if kind is str:
                pieces.append(escape(value))
            elif kind is Markup:
                pieces.append(cast("Markup", value))
            else:
                pieces.append(to_liquid_string(told(value), autoescape=True))

        return say_escaped

    def say(context: Context, pieces: Pieces) -> None:
        value = ask(context)
        said = value if type(value) is str else to_liquid_string(told(value), autoescape=False)
        pieces.append(said)

    return say


def _assign(node: AssignNode, making: Making) -> Say:
    name, ask = node.name, asking(node.expression, making)

    def say(context: Context, pieces: Pieces) -> None:
        del pieces
        context.assign(name, ask(context))

    return say


def _if(node: IfNode, making: Making) -> Say:
    return _choice([(testing(node.condition, making), node.consequence)], node, making)


def _unless(node: UnlessNode, making: Making) -> Say:
    test = testing(node.condition, making)
    return _choice([(lambda context: not test(context), node.consequence)], node, making)


def _choice(
    first: list[tuple[Callable[[Context], bool], BlockNode]], node: IfNode | UnlessNode, making: Making
) -> Say:
    """Give the function of a choice: the first block whose condition holds is said, or the last."""
    others = [(testing(each.expression, making), each.block) for each in node.alternatives]
    ways = [(test, _block(block, making)) for test, block in (*first, *others)]
    otherwise = _block(node.default, making) if node.default is not None else _nothing
    if len(ways) == 1:
        holds, then = ways[0]

        def say_one(context: Context, pieces: Pieces) -> None:
            (then if holds(context) else otherwise)(context, pieces)

        return say_one

    def say(context: Context, pieces: Pieces) -> None:
        for holds, then in ways:
            if holds(context):
                then(context, pieces)
                return
        otherwise(context, pieces)

    return say


def _case(node: CaseNode, making: Making) -> Say:
    ask = asking(node.expression, making)
    ways = [
        (each.expression, _words(each.expression.expressions), _block(each.block, making))
        if isinstance(each, MultiExpressionBlockNode)
        else (None, (), _block(each, making))
        for each in node.blocks
    ]

    def say(context: Context, pieces: Pieces) -> None:
        value, is_default = ask(context), True
        is_word = type(value) in WORDS
        for expression, words, then in ways:
            if expression is None:
                if is_default:
                    then(context, pieces)
                continue
            # The library says a block once for each of its values that is equal.
            matches = words.count(value) if is_word and words else expression.evaluate(context).count(True)
            is_default = is_default and matches == 0
            for _ in range(matches):
                then(context, pieces)

    return say


def _words(expressions: Iterable[Expression]) -> tuple[object, ...]:
    """Give the values of a branch where all are words, nothing otherwise."""
    listed = list(expressions)
    are_words = all(isinstance(each, StringLiteral) for each in listed)
    return tuple(cast("StringLiteral", each).value for each in listed) if are_words else ()


def _for(node: ForNode, making: Making) -> Say:
    expression, block = node.expression, _block(node.block, making)
    otherwise = _block(node.default, making) if node.default is not None else _nothing
    name, label = expression.identifier, f"{expression.identifier}-{expression.iterable}"
    is_whole = expression.limit is None and expression.offset is None and not expression.reversed
    ask = asking(expression.iterable, making)

    def say(context: Context, pieces: Pieces) -> None:
        listed = ask(context) if is_whole else None
        if type(listed) is list:
            each, length = iter(listed), context.stopindex(label, len(listed))
        else:
            each, length = expression.evaluate(context)
        if not length:
            otherwise(context, pieces)
            return
        loop = ForLoop(name=label, it=each, length=length, parentloop=context.parentloop())
        names: dict[str, object] = {"forloop": loop, name: None}
        context.begin_loop(names, loop)
        try:
            for names[name] in loop:
                try:
                    block(context, pieces)
                except ContinueLoop:
                    continue
                except BreakLoop:
                    break
                pieces.weigh()
        finally:
            context.end_loop()

    return say


def _within(node: WithinNode, making: Making) -> Say:
    block = _block(node.block, making)
    if node.call.var is not None:

        def say_each(context: Context, pieces: Pieces) -> None:
            def render(within: Context) -> None:
                block(within, pieces)
                pieces.weigh()

            node.render_each(context, render)

        return say_each
    given: list[tuple[str, Ask]] = [(each.name, asking(each.value, making)) for each in node.call.args]

    def say(context: Context, pieces: Pieces) -> None:
        block(context.isolated({name: ask(context) for name, ask in given}), pieces)

    return say


_MAKERS: Mapping[type[Node], Callable[..., Say]] = {
    ContentNode: _content,
    CommentNode: _comment,
    SaidNode: _said,
    AssignNode: _assign,
    IfNode: _if,
    UnlessNode: _unless,
    CaseNode: _case,
    ForNode: _for,
    WithinNode: _within,
}
