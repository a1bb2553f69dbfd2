"""Templates: messages in Liquid, parsed and held to the names they may use.

A mail is ``templates/<name>.html``: a block between ``---`` lines with its subject, then Liquid in
HTML; ``<name>.txt`` beside it is the plain text, which is otherwise derived. ``<name>.sms.txt`` is the
same as a text message, ``<name>.push.txt`` as a push notification, with its title between ``---``
lines. The law: whatever renders a template uses the environments of this module, so a template that
was checked renders.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final, TypeAlias

import msgspec
from liquid import BoundTemplate, Environment, RenderContext
from liquid.ast import Node
from liquid.builtin.expressions import Path
from liquid.builtin.tags.for_tag import ForNode
from liquid.exceptions import LiquidError
from liquid.static_analysis import TemplateAnalysis

from upsell.decisions.reach import EMAIL, PUSH, SMS
from upsell.errors import nearest
from upsell.journeys.workflow import Content
from upsell.workspace.documents import TEMPLATES, Documents
from upsell.workspace.findings import Findings, Place, listed
from upsell.workspace.nodes import shortened
from upsell.workspace.plain_text import plain_text
from upsell.workspace.scalars import NAME

Fields: TypeAlias = "frozenset[str] | Mapping[str, Fields] | None"
"""What may be named of a variable: its fields, or what may be named of each; None where any will do."""

Scopes: TypeAlias = Mapping[str, Fields]
"""What templates may name: the variables, and what may be named of each."""

_UNAVAILABLE: Final = ("include", "render")
"""Tags that need other files; a template is frozen with its workflow and stands alone."""

_NO_CONTEXT: Final = RenderContext(Environment().from_string(""))
"""Nodes tell their parts within a context, which matters only to those that load other files."""

_CLOSED_BY: Final = {"{{": "}}", "{%": "%}"}
_BRACES = re.compile(r"\{\{|\{%|\}\}|%\}")
_LONGEST = 1_000
_MOST_TOLD = 5

_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_FRONT = re.compile(r"---[ \t]*\n(.*?\n)?---[ \t]*(?:\n|\Z)", re.DOTALL)


SUFFIXES: Final[Mapping[str, str]] = {EMAIL: ".html", SMS: ".sms.txt", PUSH: ".push.txt"}
"""How the file of a template ends, by the channel it is written for."""


def html_environment() -> Environment:
    """Give the Liquid in which HTML is written: every value is escaped."""
    return _environment(is_escaping=True)


def text_environment() -> Environment:
    """Give the Liquid in which subjects and plain texts are written: values stand as they are."""
    return _environment(is_escaping=False)


class Templates(msgspec.Struct, frozen=True):
    """The templates of a workspace.

    Attributes:
        contents: Those without problems, by name.
        names: The channels each is written for, also with problems, by name.
        variables: The first names of the variables each uses, by name.
    """

    contents: Mapping[str, Content] = {}
    names: Mapping[str, frozenset[str]] = {}
    variables: Mapping[str, frozenset[str]] = {}


def compile_templates(
    documents: Documents, scopes: Scopes, lists: Mapping[str, frozenset[str]], findings: Findings
) -> Templates:
    """Parse and check every template of the workspace.

    ``lists`` says what each of the variables that are lists has fields for, to be held to in loops.
    """
    contents: dict[str, Content] = {}
    variables: dict[str, frozenset[str]] = {}
    checker = _Checker(scopes, lists, findings)
    written = _written(documents, findings)
    for name, paths in written.items():
        pieces = _pieces(documents, paths, findings)
        used = [checker.check(liquid) for liquid in pieces.values()] if pieces is not None else [None]
        if pieces is not None and None not in used:
            said = {part: liquid.source for part, liquid in pieces.items()}
            if "html" in said and "text" not in said:
                said["text"] = plain_text(said["html"])
            contents[name] = Content(name, **said)
            variables[name] = frozenset().union(*(names for names in used if names))
    return Templates(contents, {name: frozenset(paths) for name, paths in written.items()}, variables)


def _pieces(documents: Documents, paths: Mapping[str, str], findings: Findings) -> dict[str, _Liquid] | None:
    """Give the Liquid texts of one template by the part of its content; None when one cannot be read."""
    pieces: dict[str, _Liquid] = {}
    for channel, path in paths.items():
        if channel == EMAIL:
            mail = _read_headed(path, documents[path], "subject", html_environment(), findings)
            if mail is None:
                return None
            pieces["subject"], pieces["html"] = mail
            beside = f"{path.removesuffix('.html')}.txt"
            if beside in documents:
                pieces["text"] = _Liquid(beside, documents[beside], 0, text_environment())
        elif channel == PUSH:
            push = _read_headed(path, documents[path], "title", text_environment(), findings)
            if push is None:
                return None
            pieces["push_title"], pieces["push"] = push
        else:
            pieces[channel] = _Liquid(path, documents[path].strip(), 0, text_environment())
            if not pieces[channel].source:
                findings.error(Place(path), "expected what the text message says, got nothing", code="empty")
                return None
    return pieces


class _Liquid(msgspec.Struct, frozen=True):
    """One Liquid text, which begins after ``offset`` lines of its file."""

    file: str
    source: str
    offset: int
    environment: Environment

    def at(self, index: int) -> Place:
        """Give the place of a character."""
        line = self.offset + self.source.count("\n", 0, index) + 1
        return Place(self.file, line, index - self.source.rfind("\n", 0, index))


class _Checker:
    """Holds templates to the names they may use."""

    def __init__(self, scopes: Scopes, lists: Mapping[str, frozenset[str]], findings: Findings) -> None:
        """Know the names and where problems are noted."""
        self._scopes = scopes
        self._lists = lists
        self._findings = findings

    def check(self, liquid: _Liquid) -> frozenset[str] | None:
        """Parse one Liquid text; give the first names of its variables, None when it cannot be parsed."""
        if not self._is_closed(liquid):
            return None
        try:
            template = liquid.environment.from_string(liquid.source)
            analysis = template.analyze()
        except LiquidError as error:
            self._note_syntax(liquid, error)
            return None
        except (ValueError, RecursionError) as error:
            self._findings.error(liquid.at(0), f"the Liquid cannot be read: {error}", code="liquid-syntax")
            return None
        self._check_filters(liquid, analysis)
        self._check_variables(liquid, analysis)
        self._check_loops(liquid, template, analysis)
        return frozenset(analysis.globals)

    def _is_closed(self, liquid: _Liquid) -> bool:
        """Tell whether all that Liquid opens is closed, and soon; what is not is noted, the first few.

        The parser would read on, but takes time in the square of what follows.
        """
        unclosed: list[re.Match[str]] = []
        opened: re.Match[str] | None = None
        for found in _BRACES.finditer(liquid.source):
            is_opening = found[0] in _CLOSED_BY
            if opened is not None and (is_opening or found.start() - opened.start() > _LONGEST):
                unclosed.append(opened)
            opened = found if is_opening else None
        if opened is not None:
            unclosed.append(opened)
        for opening in unclosed[:_MOST_TOLD]:
            self._findings.error(
                liquid.at(opening.start()),
                f"expected {_CLOSED_BY[opening[0]]} within {_LONGEST:,} characters of {opening[0]}, got none",
                code="liquid-syntax",
            )
        return not unclosed

    def _check_filters(self, liquid: _Liquid, analysis: TemplateAnalysis) -> None:
        """Note filters that do not exist."""
        for name, spans in analysis.filters.items():
            if name not in liquid.environment.filters:
                for span in spans:
                    self._unknown(liquid.at(span.index), "filter", name, liquid.environment.filters)

    def _check_variables(self, liquid: _Liquid, analysis: TemplateAnalysis) -> None:
        """Note variables that rendering will not know."""
        for root, uses in analysis.globals.items():
            for variable in uses:
                place = liquid.at(variable.span.index)
                if root not in self._scopes:
                    self._unknown(place, "variable", root, self._scopes)
                    continue
                self._check_fields(place, root, self._scopes[root], variable.segments[1:])

    def _check_loops(self, liquid: _Liquid, template: BoundTemplate, analysis: TemplateAnalysis) -> None:
        """Note fields that no entry of a list has, where a loop goes through it."""
        for name, fields in _looped(template.nodes, self._lists).items():
            for variable in analysis.variables.get(name, ()):
                field = variable.segments[1] if len(variable.segments) > 1 else None
                if isinstance(field, str) and field not in fields:
                    names = (f"{name}.{known}" for known in fields)
                    self._unknown(liquid.at(variable.span.index), "variable", f"{name}.{field}", names)

    def _check_fields(self, place: Place, path: str, fields: Fields, segments: Sequence[object]) -> None:
        """Note the first field on a variable's path that rendering will not know."""
        for segment in segments:
            if fields is None or not isinstance(segment, str):
                return
            if segment not in fields:
                self._unknown(place, "variable", segment, fields, f"{path}.")
                return
            path = f"{path}.{segment}"
            fields = fields[segment] if isinstance(fields, Mapping) else None

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

    def _note_syntax(self, liquid: _Liquid, error: LiquidError) -> None:
        """Note text that is no Liquid."""
        index = error.token.start_index if error.token is not None else -1
        # Without a place of its own, the fault is something left open at the end.
        at = index if 0 <= index < len(liquid.source) else len(liquid.source.rstrip())
        self._findings.error(
            liquid.at(at), f"the Liquid cannot be read: {shortened(str(error.message))}", code="liquid-syntax"
        )


def _looped(nodes: Iterable[Node], lists: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Give the names under which loops go through lists, with the fields of an entry.

    A name that goes through anything else as well is left out: what it has cannot be told by its name.
    """
    found: dict[str, frozenset[str]] = {}
    others: set[str] = set()
    pending = list(nodes)
    while pending:
        node = pending.pop()
        pending.extend(node.children(_NO_CONTEXT, include_partials=False))
        if isinstance(node, ForNode):
            path = node.expression.iterable
            listed = path.path[0] if isinstance(path, Path) and len(path.path) == 1 else None
            if isinstance(listed, str) and listed in lists:
                found[node.expression.identifier] = lists[listed]
            else:
                others.add(node.expression.identifier)
    return {name: fields for name, fields in found.items() if name not in others}


def _environment(*, is_escaping: bool) -> Environment:
    environment = Environment(autoescape=is_escaping)
    for tag in _UNAVAILABLE:
        environment.tags.pop(tag, None)
    return environment


def _written(documents: Documents, findings: Findings) -> dict[str, dict[str, str]]:
    """Give the path of each template by its name and the channel it is written for."""
    written: dict[str, dict[str, str]] = {}
    for path in documents:
        parts = PurePosixPath(path)
        if parts.parent == PurePosixPath(TEMPLATES):
            found = _channel_of(parts, documents, findings)
            if found is not None:
                name, channel = found
                written.setdefault(name, {})[channel] = path
    return written


def _channel_of(path: PurePosixPath, documents: Documents, findings: Findings) -> tuple[str, str] | None:
    """Give the name and channel a file is a template of; None, noted where wrong, when it is none."""
    place = Place(str(path))
    if path.suffix not in {".html", ".txt"}:
        findings.warning(
            place,
            f"expected templates that end in .html or .txt, got {path.name}",
            hint="nothing reads this file",
            code="unread-file",
        )
        return None
    channel = next((each for each, suffix in SUFFIXES.items() if path.name.endswith(suffix)), None)
    name = path.name.removesuffix(SUFFIXES[channel] if channel is not None else ".txt")
    if NAME.parse(name) is None:
        findings.error(place, f"expected {NAME.expected}, got {name}", code="file-name")
        return None
    if channel is None:
        page = f"{TEMPLATES}/{name}.html"
        if page not in documents:
            findings.error(
                place,
                f"expected {page} beside this file, got none",
                hint="the .html file holds the mail and its subject; .txt is its plain text",
                code="missing-file",
            )
        return None
    return name, channel


def _read_headed(
    path: str, source: str, headed: str, environment: Environment, findings: Findings
) -> tuple[_Liquid, _Liquid] | None:
    """Split a text into what stands in its head under ``headed``, such as a mail's subject, and the rest.

    The head is read line by line and not as YAML, to which Liquid's braces would mean something;
    quotes around the whole of it are no part of it, as they would be none in YAML.
    """
    front = _FRONT.match(source)
    if front is None:
        findings.error(
            Place(path),
            f"expected the {headed} between two lines of --- at the head, got none",
            hint=f"begin the file with:\n---\n{headed}: Your plan at a glance\n---",
            code="front-matter",
        )
        return None
    subject: _Liquid | None = None
    is_right = True
    for line, text in enumerate((front[1] or "").splitlines(), start=2):
        key, colon, value = text.partition(":")
        if not text.strip():
            continue
        if not colon or key.strip() != headed or subject is not None or not value.strip():
            findings.error(
                Place(path, line),
                f"expected {headed}: and its text, once, got {shortened(text)}",
                hint=f"the head of a template has one key, {headed}",
                code="front-matter",
            )
            is_right = False
        else:
            subject = _Liquid(path, _unquoted(value.strip()), line - 1, text_environment())
    if subject is None and is_right:
        findings.error(Place(path, 2), f"expected the key {headed}, got none", code="missing-key")
    if subject is None or not is_right:
        return None
    lines = source.count("\n", 0, front.end())
    return subject, _Liquid(path, source[front.end() :], lines, environment)


def _unquoted(value: str) -> str:
    """Give a subject without the pair of quotes around all of it."""
    quote, inner = value[0], value[1:-1]
    is_quoted = len(value) > 1 and quote in "'\"" and value.endswith(quote) and inner.strip() != ""
    return inner if is_quoted and quote not in _LIQUID.sub("", inner) else value
