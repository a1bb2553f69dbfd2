"""The Liquid of this program: its filters in the reader's locale, its partials, and no blanks.

The laws: a name without a value is never shown as nothing, through whatever filter or partial it goes;
and partials are written into the template they are used in, so that a template is whole in itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, Final, cast

import liquid
from liquid.ast import BlockNode, Node
from liquid.builtin.expressions import Literal
from liquid.builtin.filters.array import _Null
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.echo_tag import EchoTag
from liquid.builtin.tags.for_tag import ForLoop
from liquid.builtin.tags.render_tag import RenderNode, RenderTag
from liquid.context import RenderContext
from liquid.exceptions import FilterArgumentError
from liquid.parser import get_parser
from liquid.stream import TokenStream
from liquid.stringify import to_liquid_string
from liquid.token import TOKEN_EOF, TOKEN_TAG

from upsell.workspace.filters import FILTERS
from upsell.workspace.liquid_rendering import Context, Template
from upsell.workspace.locales import Amount, Instant, told

MOST_LOOPS: Final = 10_000
"""How often a template may go round its loops."""

LARGEST: Final = 1_000_000
"""How many characters a template may grow to."""

_MAY_BE_ABSENT: Final = frozenset({"default"})
"""Filters that are there for what has no value."""

_RECKONING: Final = frozenset(
    "abs at_least at_most ceil divided_by floor minus modulo plus round sum times".split()
)
"""Filters of numbers; what is no number counts as nothing to them, so money is refused."""

_SAYING: Final = frozenset({"append", "prepend"})
"""Filters of words, to which a number comes as it is said."""


@cache
def html_environment() -> liquid.Environment:
    """Give the Liquid in which HTML is rendered: every value is escaped."""
    return _environment(is_escaping=True, is_written=False)


@cache
def text_environment() -> liquid.Environment:
    """Give the Liquid in which subjects and plain texts are rendered: values stand as they are."""
    return _environment(is_escaping=False, is_written=False)


@cache
def written_environment(*, is_html: bool) -> liquid.Environment:
    """Give the Liquid of files, in which partials are named and not yet written out."""
    return _environment(is_escaping=is_html, is_written=True)


def _environment(*, is_escaping: bool, is_written: bool) -> liquid.Environment:
    environment = liquid.Environment(autoescape=is_escaping, undefined=liquid.FalsyStrictUndefined)
    # Declared for subclasses; set here because nothing else of the environment is ours.
    environment.loop_iteration_limit = MOST_LOOPS  # type: ignore[misc]
    environment.output_stream_limit = LARGEST  # type: ignore[misc]
    environment.template_class = Template
    environment.tags.pop("include", None)
    for said in (_Said, _Echo):
        environment.add_tag(said)
    if not is_written:
        environment.tags.pop("render", None)
        environment.tags[_WithinTag.name] = _WithinTag(environment)
    environment.filters.update(FILTERS)
    for name, function in environment.filters.items():
        if name not in _MAY_BE_ABSENT:
            environment.filters[name] = _strict(name, function)
    return environment


def _strict(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a filter refuse what has no value, and tell when it gives nothing itself."""
    is_reckoning, is_saying = name in _RECKONING, name in _SAYING

    # What a filter asks for (the context, the environment) is told by its attributes, which go along.
    @wraps(function)
    def filter_(*values: Any, **named: Any) -> Any:
        for value in (*values, *named.values()) if named else values:
            # By its class: asking whether something is one of abstract parents takes longer than a filter.
            kind = type(value)
            if kind is liquid.FalsyStrictUndefined:
                # As text it says which name has no value, by raising.
                str(value)
            if is_reckoning and (kind is Amount or kind is Instant):
                msg = f"{name}: expected a number, got {value}; money and moments are not reckoned with"
                raise FilterArgumentError(msg, token=None)
        given = function(*map(told, values), **named) if is_saying else function(*values, **named)
        # What a list lacks, Liquid gives as something that equals nothing.
        is_nothing = given is None or type(given) is _Null
        return liquid.FalsyStrictUndefined(f"what {name} gives", token=None) if is_nothing else given

    return filter_


class _SaidNode(OutputNode):
    """What is said: numbers in the reader's locale."""

    def render_to_output(self, context: RenderContext, buffer: Any) -> int:
        """Write a value."""
        value = told(self.expression.evaluate(context))
        written: int = buffer.write(to_liquid_string(value, context.autoescape))
        return written


class _Said(Output):
    """The parser of what stands between double braces."""

    node_class = _SaidNode


class _Echo(EchoTag):
    """The parser of the same as a tag."""

    node_class = _SaidNode  # type: ignore[assignment]


class _WithinNode(Node):
    """A partial written out where it is used: it sees what it is given, and what every template may name."""

    __slots__ = ("block", "call")

    def __init__(self, call: RenderNode, block: BlockNode) -> None:
        super().__init__(call.token)
        self.call = call
        self.block = block
        self.blank = False

    def render_to_output(self, context: RenderContext, buffer: Any) -> int:
        """Render the partial, once or for each of a list."""
        call = self.call
        given: dict[str, object] = {each.name: each.value.evaluate(context) for each in call.args}
        within = cast("Context", context).isolated(given)
        if call.var is None:
            return self.block.render(within, buffer)
        key = str(call.alias or (call.name.value if isinstance(call.name, Literal) else call.name))
        value = call.var.evaluate(context)
        names = cast("dict[str, object]", within.globals)
        if not (call.loop and isinstance(value, list | tuple)):
            names[key] = value
            return self.block.render(within, buffer)
        within.raise_for_loop_limit(len(value))
        loop = ForLoop(
            name=key,
            it=iter(value),
            length=len(value),
            parentloop=context.env.undefined("parentloop", token=self.token),
        )
        names["forloop"] = loop
        for each in loop:
            names[key] = each
            self.block.render(within, buffer)
        return 1

    def children(self, static_context: RenderContext, *, include_partials: bool = True) -> list[Node]:
        """Give what is within."""
        del static_context, include_partials
        return [self.block]

    def expressions(self) -> Any:
        """Give what the partial is given."""
        return self.call.expressions()


class _WithinTag(RenderTag):
    """The tag that stands around a partial that was written out; no file may write it itself."""

    name = "within"
    block = True
    end = "endwithin"

    def parse(self, stream: TokenStream) -> Node:
        """Parse what ``render`` takes, and all up to the end."""
        call = super().parse(stream)
        next(stream)
        block = get_parser(self.env).parse_block(stream, frozenset({self.end, TOKEN_EOF}))
        stream.expect(TOKEN_TAG, value=self.end)
        return _WithinNode(cast("RenderNode", call), block)
