"""The realistic workspace that tests begin with, and ways to write in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from upsell.errors import DefinitionError, Problem
from upsell.workspace.compile import Compiled, compile_documents
from upsell.workspace.documents import read_workspace

ACME = Path(__file__).parents[2] / "workspaces" / "acme"

QUOTA = "workflows/api-quota.yaml"


def documents() -> dict[str, str]:
    """Give the documents of the workspace, which a test may write in."""
    return dict(read_workspace(ACME))


def with_change(file: str, old: str, new: str) -> dict[str, str]:
    """Give the documents with one text put in the place of another, which must be there."""
    changed = documents()
    assert old in changed[file], f"{old!r} is not in {file}"
    changed[file] = changed[file].replace(old, new, 1)
    return changed


def compiled(changed: Mapping[str, str] | None = None) -> Compiled:
    """Compile the workspace, or documents made of it."""
    return compile_documents(documents() if changed is None else changed)


def problems_of(changed: Mapping[str, str]) -> tuple[Problem, ...]:
    """Give every problem of documents, warnings too."""
    try:
        return compile_documents(changed).warnings
    except DefinitionError as error:
        return error.problems


def line_of(changed: Mapping[str, str], file: str, text: str) -> int:
    """Give the line, from 1, on which a text first stands."""
    return changed[file][: changed[file].index(text)].count("\n") + 1
