"""YAML text to nodes that know their file, line and column.

The law: no text, however odd, raises anything or takes long; what cannot be read is noted. YAML
is read as its version 1.2 means it: ``on``, ``off``, ``yes`` and ``no`` are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

import yaml

from upsell.workspace.findings import Findings, Place

Node: TypeAlias = yaml.Node

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

DEEPEST = 40
"""How deeply values may lie inside one another."""

MOST_NODES = 50_000
"""How many values one document may have, repeated ones counted each time."""


def compose(file: str, text: str, findings: Findings) -> Node | None:
    """Read one YAML document.

    Empty text gives None, as does text that cannot be read (noted in ``findings``).
    """
    start = Place(file)
    try:
        if not _is_shallow(text):
            findings.error(start, f"expected values at most {DEEPEST} deep", code="too-deep")
            return None
        node: Node | None = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        _note_syntax(file, text, error, findings)
        return None
    if node is not None and not _is_small(node):
        findings.error(
            start, f"expected at most {MOST_NODES:,} values without cycles of anchors", code="too-large"
        )
        return None
    return node


def place_of(file: str, node: Node) -> Place:
    """Give where a node begins."""
    return Place(file, node.start_mark.line + 1, node.start_mark.column + 1)


def has_tag(node: Node) -> bool:
    """Tell whether a node is marked as something beyond plain YAML, such as ``!include``."""
    return not node.tag.startswith("tag:yaml.org,2002:")


_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def is_writable(text: str) -> bool:
    """Tell whether text holds no control characters and no half of a surrogate pair.

    Databases and mails cannot carry these; YAML can smuggle them in as escapes.
    """
    return _UNWRITABLE.search(text) is None


def is_plain(node: yaml.ScalarNode) -> bool:
    """Tell whether a scalar is written without quotes; the two loaders mark this differently."""
    return not node.style


def is_nothing(node: Node) -> bool:
    """Tell whether a node is an empty value, such as after a key with nothing behind it."""
    return isinstance(node, yaml.ScalarNode) and is_plain(node) and node.value in {"", "~", "null", "Null"}


_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")


def is_plain_number(node: yaml.ScalarNode) -> bool:
    """Tell whether a scalar is a number by YAML's rules: unquoted, and of digits."""
    return is_plain(node) and _NUMBER.fullmatch(node.value) is not None


def is_plain_boolean(node: yaml.ScalarNode) -> bool:
    """Tell whether a scalar is unquoted ``true`` or ``false``."""
    return is_plain(node) and node.value in {"true", "false", "True", "False"}


def describe(node: Node) -> str:
    """Say in a few words what a node is, for the half of a message after ``got``."""
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value[:3] if isinstance(key, yaml.ScalarNode)]
        more = ", ..." if len(node.value) > len(keys) else ""
        return (
            f"keys and values ({', '.join(shortened(key) for key in keys)}{more})"
            if keys
            else "an empty mapping"
        )
    if isinstance(node, yaml.SequenceNode):
        return f"a list of {len(node.value)}"
    if is_nothing(node):
        return "nothing"
    if isinstance(node, yaml.ScalarNode) and is_plain_number(node):
        return f"the number {shortened(node.value)}"
    return shortened(node.value) if node.value else "empty text"


def shortened(text: str) -> str:
    """Write text on one line, at most 60 characters of it, nothing unprintable."""
    flat = " ".join(text.split())
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in flat)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _is_shallow(text: str) -> bool:
    """Tell whether no value lies too deep; composing is recursive, so this is asked before."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                return False
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return True


def _is_small(root: Node) -> bool:
    """Tell whether a walk over a document ends soon: aliases may repeat or contain themselves."""
    left = MOST_NODES
    stack = [(root, 0)]
    while stack:
        node, depth = stack.pop()
        left -= 1
        if left < 0 or depth > 2 * DEEPEST:
            return False
        stack.extend((child, depth + 1) for child in _children(node))
    return True


def _children(node: Node) -> Iterator[Node]:
    """List the nodes directly inside one."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _note_syntax(file: str, text: str, error: yaml.YAMLError, findings: Findings) -> None:
    """Note text that is no YAML, at the place the parser stopped."""
    mark = getattr(error, "problem_mark", None)
    place = Place(file, mark.line + 1, mark.column + 1) if mark is not None else _odd_character(file, text)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable text"
    context = getattr(error, "context", None)
    begun = getattr(error, "context_mark", None)
    where = f" that begins on line {begun.line + 1}" if begun is not None else ""
    findings.error(
        place,
        f"the YAML cannot be read: {what}{f' {context}{where}' if context else ''}",
        hint=_syntax_hint(text, place, what),
        code="yaml-syntax",
    )


_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _odd_character(file: str, text: str) -> Place:
    """Find the first character that YAML does not allow."""
    found = _PRINTABLE.search(text)
    at = found.start() if found else 0
    return Place(file, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))


def _syntax_hint(text: str, place: Place, what: str) -> str | None:
    """Show the line with a caret under the place, and say what it most often is."""
    lines = text.split("\n")
    written = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
    line = written.replace("\t", " ")[:200]
    shown = []
    if line.strip() and place.column <= len(line) + 1:
        shown = [f"    {line}", f"    {' ' * (place.column - 1)}^"]
    is_tabbed = "\t" in written[: len(written) - len(written.lstrip())]
    means = [_TABBED] if is_tabbed else [said for part, said in _MEANS.items() if part in what]
    return "\n".join([*shown, *(f"    {said}" for said in means[:1])]) or None


_TABBED = "a tab stands at the beginning of this line; YAML is indented with spaces"

_MEANS = {
    "expected key": "lines that belong together begin in one column; look at the lines before it too",
    "'-' indicator": "lines that belong together begin in one column; look at the lines before it too",
    "',' or ']'": "a list that is opened with [ is not closed with ] before here",
    "',' or '}'": "what is opened with { is not closed with } before here",
    "mapping values": "text with a colon and a space in it needs quotes; or the line begins too far right",
    "unexpected end of stream": "a quote that is opened is not closed",
}
"""What a parser's complaint most often means, by a part of its words."""
