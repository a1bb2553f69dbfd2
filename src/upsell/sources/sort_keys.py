"""Sort keys: of which sort a source is, told without loading what reads sources."""

from __future__ import annotations

from pathlib import PurePosixPath

from yaml import MappingNode, ScalarNode

from upsell.workspace.documents import SOURCES
from upsell.workspace.findings import Findings
from upsell.workspace.nodes import compose


def is_source(path: str) -> bool:
    """Tell whether a document of a workspace is a source."""
    return PurePosixPath(path).parent.name == SOURCES


def sorts_of(path: str, text: str) -> list[str]:
    """Give the keys of a source, of which the one it has tells its sort; [] for what cannot be read."""
    node = compose(path, text, Findings())
    if not isinstance(node, MappingNode):
        return []
    return [key.value for key, _ in node.value if isinstance(key, ScalarNode)]
