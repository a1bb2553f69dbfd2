"""The Liquid of this program: its filters in the reader's locale, its partials, and no blanks.

The laws: a name without a value is never shown as nothing, through whatever filter or partial it goes;
and partials are written into the template they are used in, so that a template is whole in itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, Final, cast

import liquid
from liquid.ast import Node
from liquid.builtin.filters.array import _Null
from liquid.builtin.output import Output
from liquid.builtin.tags.echo_tag import EchoTag
from liquid.builtin.tags.render_tag import RenderNode, RenderTag
from liquid.exceptions import FilterArgumentError
from liquid.parser import get_parser
from liquid.stream import TokenStream
from liquid.token import TOKEN_EOF, TOKEN_TAG

from upsell.workspace.filters import FILTERS
from upsell.workspace.liquid_nodes import SaidNode, WithinNode
from upsell.workspace.liquid_rendering import Template
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


class _Said(Output):
    """The parser of what stands between double braces."""

    node_class = SaidNode


class _Echo(EchoTag):
    """The parser of the same as a tag."""

    node_class = SaidNode  # type: ignore[assignment]


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
        return WithinNode(cast("RenderNode", call), block)
