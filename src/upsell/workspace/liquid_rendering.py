"""Rendering Liquid fast: names are looked up without ceremony, and what grows too large is stopped.

For the environments of ``liquid_environment``. The law: what is rendered is what the library would render;
the short ways are for plain mappings, and everything else goes the library's way.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from io import StringIO
from itertools import islice
from operator import mul
from typing import Any, Final

from liquid import BoundTemplate, RenderContext
from liquid.builtin.tags.for_tag import ForLoop
from liquid.exceptions import ContextDepthError, OutputStreamLimitError
from liquid.token import Token

_UNDEFINED: Final = (RenderContext.get.__kwdefaults__ or {})["default"]
"""What the library takes for no default; it exports no name for it."""

_TOO_LARGE: Final = "it grows too large"


class Written(StringIO):
    """What is rendered, up to a limit of characters."""

    def __init__(self, limit: int) -> None:
        """Begin with nothing."""
        super().__init__()
        self.left = limit

    def write(self, text: str, /) -> int:
        """Add some.

        Raises:
            OutputStreamLimitError: It grows too large.
        """
        self.left -= len(text)
        if self.left < 0:
            raise OutputStreamLimitError(_TOO_LARGE, token=None)
        return super().write(text)


class Pieces(list[str]):
    """The same in pieces: who appends to it many times has it weighed in between.

    Attributes:
        left: How many characters may be added to what was weighed.
    """

    def __init__(self, limit: int) -> None:
        """Begin with nothing."""
        super().__init__()
        self.left = limit
        self._weighed = 0

    def write(self, text: str, /) -> int:
        """Add some, for nodes of the library.

        Raises:
            OutputStreamLimitError: It grows too large.
        """
        self.append(text)
        self.weigh()
        return len(text)

    def weigh(self) -> None:
        """Count what was added.

        Raises:
            OutputStreamLimitError: It grows too large.
        """
        self.left -= sum(map(len, islice(self, self._weighed, None)))
        self._weighed = len(self)
        if self.left < 0:
            raise OutputStreamLimitError(_TOO_LARGE, token=None)


class Context(RenderContext):
    """The names a template sees while it is rendered.

    Attributes:
        facts: What every template may name; None where that is all it was begun with.
    """

    facts: Mapping[str, object] | None = None

    def get(self, path: list[object], *, token: Token | None, default: object = _UNDEFINED) -> object:
        """Give what a path names; see ``RenderContext.get``."""
        root = path[0]
        for names in self.scope._maps:  # the short way round the library's own loop
            if root in names:
                found: Any = names[root]  # type: ignore[index]
                for segment in path[1:]:
                    if type(found) is not dict or segment not in found:
                        return super().get(path, token=token, default=default)
                    found = found[segment]
                return found
        return super().get(path, token=token, default=default)

    def begin_loop(self, names: Mapping[str, object], loop: ForLoop) -> None:
        """Let names of a loop be seen until it ends; as ``loop``, which takes longer.

        Raises:
            LoopIterationLimitError: It would go round too often.
            ContextDepthError: Loops lie too deep inside one another.
        """
        self.raise_for_loop_limit(loop.length)
        if self.scope.size() > self.env.context_depth_limit:
            raise ContextDepthError("loops lie too deep inside one another", token=None)
        self.loops.append(loop)
        self.scope.push(names)

    def end_loop(self) -> None:
        """End what was begun."""
        self.scope.pop()
        self.loops.pop()

    def get_buffer(self, buf: object = None) -> Written:
        """Give a buffer that may hold what its parent may still hold."""
        return Written(buf.left if isinstance(buf, Written | Pieces) else self.env.output_stream_limit or 0)

    def isolated(self, given: dict[str, object]) -> Context:
        """Give a context that sees what it is given and what every template may name.

        Raises:
            ContextDepthError: Contexts lie too deep inside one another.
        """
        if self._copy_depth > self.env.context_depth_limit:
            raise ContextDepthError("partials lie too deep inside one another", token=None)
        facts = self.globals if self.facts is None else self.facts
        within = Context(
            self.template,
            globals={**facts, **given},
            copy_depth=self._copy_depth + 1,
            parent_context=self,
            loop_iteration_carry=reduce(mul, (loop.length for loop in self.loops), self.loop_iteration_carry),
        )
        within.facts = facts
        return within


class Template(BoundTemplate):
    """A template that renders so."""

    context_class = Context

    def _get_buffer(self) -> Written:
        return Written(self.env.output_stream_limit or 0)
