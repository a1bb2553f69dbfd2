"""Excerpts: one entry of a file, as it was written."""

from __future__ import annotations

from textwrap import dedent

import yaml

from upsell.workspace.findings import Findings
from upsell.workspace.nodes import compose


def excerpt(text: str, *keys: str) -> str:
    """Give the lines that an entry of a YAML file stands on, under its keys from the outermost on.

    Empty where there is no such entry, or the file cannot be read. Comments before it are not among them.
    """
    node = compose("", text, Findings())
    name = None
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            return ""
        found = next(((each, value) for each, value in node.value if each.value == key), None)
        if found is None:
            return ""
        name, node = found
    if name is None or node is None:
        return ""
    lines = text.splitlines()[name.start_mark.line : node.end_mark.line + 1]
    # A block ends where the next thing begins, on a line that is not its own.
    if node.end_mark.column == 0 or node.end_mark.line >= len(text.splitlines()):
        lines = lines[: node.end_mark.line - name.start_mark.line]
    elif isinstance(node, yaml.MappingNode) and not node.flow_style:
        lines = lines[:-1]
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return dedent("\n".join(lines))
