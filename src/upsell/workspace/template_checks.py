"""Checks of templates: Liquid that can be read, and names that rendering will know.

The law: what may be missing is found before anything is sent. A name nobody knows is an error; a fact that
may be absent is told where nothing asks whether it is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec
from liquid import BoundTemplate, Environment, RenderContext
from liquid.ast import ConditionalBlockNode, Node
from liquid.builtin.expressions import FilteredExpression, Path, StringLiteral
from liquid.builtin.tags.case_tag import CaseNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.render_tag import RenderNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.static_analysis import TemplateAnalysis

from upsell.errors import nearest
from upsell.workspace.findings import Findings, Place, listed
from upsell.workspace.liquid_environment import written_environment
from upsell.workspace.liquid_text import LiquidText
from upsell.workspace.nodes import shortened

Fields: TypeAlias = "frozenset[str] | Mapping[str, Fields] | None"
"""What may be named of a variable: its fields, or what may be named of each; None where any will do."""

Scopes: TypeAlias = Mapping[str, Fields]
"""What templates may name: the variables, and what may be named of each."""

MAY_BE_ABSENT: Final[Mapping[str, frozenset[str] | None]] = {
    "offer": frozenset(
        "features months trial_days interval guarantee downgrade expires_at saving outcome_price "
        "outcome_per".split()
    ),
    "fit": None,
    "proof": None,
    "days_to_limit": None,
    "links": None,
    "order": frozenset(
        "message price full_price total interval months trial_days guarantee downgrade accepted_at decide_by "
        "back_to has_refund refunded credited keeps_until is_given_up by".split()
    ),
}
"""Facts that are absent for some, by their first name; None where every field may be."""

_NO_CONTEXT: Final = RenderContext(Environment().from_string(""))
"""Nodes tell their parts within a context, which matters only to those that load other files."""

_CLOSED_BY: Final = {"{{": "}}", "{%": "%}"}
_BRACES = re.compile(r"\{\{|\{%|\}\}|%\}")
_LONGEST = 1_000
_MOST_TOLD = 5

_Names: TypeAlias = tuple[str, ...]


class Call(msgspec.Struct, frozen=True):
    """A partial that a text uses: its name, the names of what it is given, and where that is written."""

    partial: str
    given: frozenset[str]
    index: int


class Checked(msgspec.Struct, frozen=True):
    """What a text that can be read names.

    Attributes:
        names: The first names of the variables it uses.
        needed: Those of them that must have a value, because nothing asks whether they have.
        calls: The partials it uses.
        bound: The names it gives values itself, by assigning them or in loops.
    """

    names: frozenset[str]
    needed: frozenset[str]
    calls: tuple[Call, ...]
    bound: frozenset[str] = frozenset()


class Checker:
    """Holds templates to the names they may use."""

    def __init__(self, scopes: Scopes, lists: Mapping[str, frozenset[str]], findings: Findings) -> None:
        """Know the names and where problems are noted.

        ``lists`` says what each of the variables that are lists has fields for, to be held to in loops.
        """
        self._scopes = scopes
        self._lists = lists
        self._findings = findings

    @property
    def scopes(self) -> Scopes:
        """What every template may name."""
        return self._scopes

    def check(self, text: LiquidText, given: frozenset[str] | None = None) -> Checked | None:
        """Parse one text and hold it to its names; None when it cannot be parsed.

        Args:
            text: The text.
            given: Of a partial, what those who use it give it: those names are theirs to choose, and so
                is every name no template knows. None for a text that stands for itself.
        """
        read = self.read(text)
        if read is None:
            return None
        template, analysis, calls = read
        own = given or frozenset()
        self._check_filters(text, analysis)
        wrong = self._check_variables(text, analysis, own, is_partial=given is not None)
        self._check_loops(text, template, analysis)
        needed = list(_unguarded(template.nodes, frozenset()))
        self._check_absent(text, [each for each in needed if each[1] not in wrong], own)
        roots = frozenset(analysis.globals)
        bound = frozenset(
            str(each)
            for node in _all(template.nodes)
            for each in (*node.template_scope(), *node.block_scope())
        )
        return Checked(roots, roots & {names[0] for names, _ in needed}, calls, bound)

    def read(self, text: LiquidText) -> tuple[BoundTemplate, TemplateAnalysis, tuple[Call, ...]] | None:
        """Parse a text; None, noted, when it cannot be."""
        if not self._is_closed(text):
            return None
        try:
            template = written_environment(is_html=text.is_html).from_string(text.source)
            analysis = template.analyze(include_partials=False)
            calls = [self._call(text, node) for node in _all(template.nodes) if isinstance(node, RenderNode)]
        except LiquidError as error:
            self._note_syntax(text, error)
            return None
        except (ValueError, RecursionError) as error:
            self._findings.error(text.at(0), f"the Liquid cannot be read: {error}", code="liquid-syntax")
            return None
        known = tuple(call for call in calls if call is not None)
        return (template, analysis, known) if len(known) == len(calls) else None

    def _call(self, text: LiquidText, node: RenderNode) -> Call | None:
        """Read the use of a partial; None, noted, of one whose name is only known when it is rendered."""
        index = max(0, text.source.rfind("{%", 0, node.token.start_index))
        if not isinstance(node.name, StringLiteral):
            self._findings.error(
                text.at(index),
                "expected the name of a partial in quotes, got a variable",
                hint="write {% render 'footer' %}; which partial it is has to be known beforehand",
                code="unknown-partial",
            )
            return None
        bound = {str(node.alias or node.name.value)} if node.var is not None else set()
        loop = {"forloop"} if node.loop else set()
        return Call(node.name.value, frozenset({*(arg.name for arg in node.args), *bound, *loop}), index)

    def _is_closed(self, text: LiquidText) -> bool:
        """Tell whether all that Liquid opens is closed, and soon; what is not is noted, the first few.

        The parser would read on, but takes time in the square of what follows.
        """
        unclosed: list[re.Match[str]] = []
        opened: re.Match[str] | None = None
        for found in _BRACES.finditer(text.source):
            is_opening = found[0] in _CLOSED_BY
            if opened is not None and (is_opening or found.start() - opened.start() > _LONGEST):
                unclosed.append(opened)
            opened = found if is_opening else None
        if opened is not None:
            unclosed.append(opened)
        for opening in unclosed[:_MOST_TOLD]:
            self._findings.error(
                text.at(opening.start()),
                f"expected {_CLOSED_BY[opening[0]]} within {_LONGEST:,} characters of {opening[0]}, got none",
                code="liquid-syntax",
            )
        return not unclosed

    def _check_filters(self, text: LiquidText, analysis: TemplateAnalysis) -> None:
        """Note filters that do not exist."""
        known = written_environment(is_html=text.is_html).filters
        for name, spans in analysis.filters.items():
            if name not in known:
                for span in spans:
                    self._unknown(text.at(span.index), "filter", name, known)

    def _check_variables(
        self, text: LiquidText, analysis: TemplateAnalysis, given: frozenset[str], *, is_partial: bool
    ) -> set[int]:
        """Note variables that rendering will not know; give where they stand."""
        wrong: set[int] = set()
        for root, uses in analysis.globals.items():
            if root in given or (is_partial and root not in self._scopes):
                continue
            for variable in uses:
                place = text.at(variable.span.index)
                if root not in self._scopes:
                    self._unknown(place, "variable", root, self._scopes)
                    wrong.add(variable.span.index)
                elif not self._check_fields(place, root, self._scopes[root], variable.segments[1:]):
                    wrong.add(variable.span.index)
        return wrong

    def _check_loops(self, text: LiquidText, template: BoundTemplate, analysis: TemplateAnalysis) -> None:
        """Note fields that no entry of a list has, where a loop goes through it."""
        for name, fields in _looped(template.nodes, self._lists).items():
            for variable in analysis.variables.get(name, ()):
                field = variable.segments[1] if len(variable.segments) > 1 else None
                if isinstance(field, str) and field not in fields:
                    names = (f"{name}.{known}" for known in fields)
                    self._unknown(text.at(variable.span.index), "variable", f"{name}.{field}", names)

    def _check_absent(
        self, text: LiquidText, needed: Iterable[tuple[_Names, int]], given: frozenset[str]
    ) -> None:
        """Tell of facts that may be absent and are used as if they never were, each once a text."""
        told: set[_Names] = set()
        for names, index in needed:
            absent = MAY_BE_ABSENT.get(names[0], frozenset())
            is_one = len(names) > 1 and (absent is None or names[1] in absent)
            if not is_one or names[0] in given or names[0] not in self._scopes or names in told:
                continue
            told.add(names)
            path = ".".join(names)
            self._findings.warning(
                text.at(index),
                f"expected a guard around {path}, got none: who lacks it is not written to",
                hint=f'{{% if {path} %}}…{{% endif %}}, or {{{{ {path} | default: "…" }}}}',
                code="unguarded-fact",
            )

    def _check_fields(self, place: Place, path: str, fields: Fields, segments: Sequence[object]) -> bool:
        """Note the first field on a path that rendering will not know; tell whether all are known."""
        for segment in segments:
            if fields is None or not isinstance(segment, str):
                return True
            if segment not in fields:
                self._unknown(place, "variable", segment, fields, f"{path}.")
                return False
            path = f"{path}.{segment}"
            fields = fields[segment] if isinstance(fields, Mapping) else None
        return True

    def _unknown(self, place: Place, kind: str, name: str, known: Iterable[str], within: str = "") -> None:
        """Note a name that means nothing in a template; ``within`` is the path it stands behind."""
        names = sorted(known)
        near = nearest(name, names)
        hint = f"did you mean {within}{near}?" if near else None
        if hint is None:
            told = listed((f"{within}{each}" for each in names), 20)
            hint = f"known {kind}s: {told}" if names else "none is known there; metrics are in catalog.yaml"
        self._findings.error(
            place,
            f"expected a {kind} templates know, got {shortened(f'{within}{name}')}",
            hint=hint,
            code=f"unknown-{kind}",
        )

    def _note_syntax(self, text: LiquidText, error: LiquidError) -> None:
        """Note text that is no Liquid."""
        index = error.token.start_index if error.token is not None else -1
        # Without a place of its own, the fault is something left open at the end.
        at = index if 0 <= index < len(text.source) else len(text.source.rstrip())
        self._findings.error(
            text.at(at), f"the Liquid cannot be read: {shortened(str(error.message))}", code="liquid-syntax"
        )


def _children(node: Node) -> list[Node]:
    return list(node.children(_NO_CONTEXT, include_partials=False))


def _all(nodes: Iterable[Node]) -> Iterator[Node]:
    """Give every node, outermost first."""
    pending = list(nodes)
    while pending:
        node = pending.pop()
        pending.extend(_children(node))
        yield node


def _unguarded(nodes: Iterable[Node], guards: frozenset[_Names]) -> Iterator[tuple[_Names, int]]:
    """Give what must have a value, with where it stands: what no condition around it asks for.

    A condition that names a path, or what it is part of, is taken to ask whether it is there.
    """
    for node in nodes:
        if isinstance(node, RenderNode):
            # What a partial is given may be absent; whether it needs it, the partial says.
            continue
        if isinstance(node, IfNode | UnlessNode | CaseNode | ConditionalBlockNode):
            asked = {names for each in node.expressions() for names, _ in _paths(each)}
            yield from _unguarded(_children(node), guards | asked)
            continue
        for expression in node.expressions():
            for names, index in _paths(expression, is_output=True):
                if not any(_asks_for(guard, names) for guard in guards):
                    yield names, index
        yield from _unguarded(_children(node), guards)


def _asks_for(guard: _Names, names: _Names) -> bool:
    if guard == names or (len(guard) > len(names) and guard[: len(names)] == names):
        return True
    return len(guard) > 1 and names[: len(guard)] == guard


def _paths(expression: Expression, *, is_output: bool = False) -> Iterator[tuple[_Names, int]]:
    """Give the paths an expression names; of an output, those with a default are left out."""
    if isinstance(expression, Path):
        names = tuple(str(each) for each in expression.path if isinstance(each, str | int))
        if names and len(names) == len(expression.path):
            yield names, expression.token.start_index
    filters = (expression.filters or ()) if isinstance(expression, FilteredExpression) else ()
    if is_output and any(each.name == "default" for each in filters):
        return
    for child in expression.children():
        yield from _paths(child, is_output=is_output)


def _looped(nodes: Iterable[Node], lists: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Give the names under which loops go through lists, with the fields of an entry.

    A name that goes through anything else as well is left out: what it has cannot be told by its name.
    """
    found: dict[str, frozenset[str]] = {}
    others: set[str] = set()
    for node in _all(nodes):
        if isinstance(node, ForNode):
            path = node.expression.iterable
            listed = path.path[0] if isinstance(path, Path) and len(path.path) == 1 else None
            if isinstance(listed, str) and listed in lists:
                found[node.expression.identifier] = lists[listed]
            else:
                others.add(node.expression.identifier)
    return {name: fields for name, fields in found.items() if name not in others}
