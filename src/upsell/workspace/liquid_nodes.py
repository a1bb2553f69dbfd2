"""Nodes of our own in Liquid: what is said, in the reader's locale, and partials written out in their place.

For ``liquid_environment``, which makes them, and ``liquid_closures``, which renders them fast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from liquid.ast import BlockNode, Node
from liquid.builtin.expressions import Literal
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.for_tag import ForLoop
from liquid.builtin.tags.render_tag import RenderNode
from liquid.context import RenderContext
from liquid.stringify import to_liquid_string

from upsell.workspace.liquid_rendering import Context
from upsell.workspace.locales import told


class SaidNode(OutputNode):
    """What is said: numbers in the reader's locale."""

    def render_to_output(self, context: RenderContext, buffer: Any) -> int:
        """Write a value."""
        value = told(self.expression.evaluate(context))
        written: int = buffer.write(to_liquid_string(value, context.autoescape))
        return written


class WithinNode(Node):
    """A partial written out where it is used: it sees what it is given, and what every template may name.

    Attributes:
        call: What named the partial, and what it is given.
        block: What the partial says.
    """

    __slots__ = ("block", "call")

    def __init__(self, call: RenderNode, block: BlockNode) -> None:
        """Stand where a partial was used."""
        super().__init__(call.token)
        self.call = call
        self.block = block
        self.blank = False

    def render_to_output(self, context: RenderContext, buffer: Any) -> int:
        """Render the partial, once or for each of a list."""
        self.render_each(cast("Context", context), lambda within: self.block.render(within, buffer))
        return 1

    def render_each(self, context: Context, render: Callable[[Context], object]) -> None:
        """Render the partial in its own context, once or for each of a list."""
        call = self.call
        within = context.isolated({each.name: each.value.evaluate(context) for each in call.args})
        if call.var is None:
            render(within)
            return
        key = str(call.alias or (call.name.value if isinstance(call.name, Literal) else call.name))
        value = call.var.evaluate(context)
        names = cast("dict[str, object]", within.globals)
        if not (call.loop and isinstance(value, list | tuple)):
            names[key] = value
            render(within)
            return
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
            render(within)

    def children(self, static_context: RenderContext, *, include_partials: bool = True) -> list[Node]:
        """Give what is within."""
        del static_context, include_partials
        return [self.block]

    def expressions(self) -> Any:
        """Give what the partial is given."""
        return self.call.expressions()
