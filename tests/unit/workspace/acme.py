"""The realistic workspace that tests begin with, and ways to write in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from upsell.clock import Moment
from upsell.errors import DefinitionError, Problem
from upsell.workspace.codes.registry import PAGES
from upsell.workspace.compile import Compiled, compile_documents
from upsell.workspace.documents import read_workspace
from upsell.workspace.linting import lint

ACME = Path(__file__).parents[2] / "workspaces" / "acme"

QUOTA = "workflows/api-quota.yaml"

NOW: Moment = 1_790_000_000_000_000
"""21 September 2026, in the forenoon: before every review of the workspace is due."""


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


def problems_of(changed: Mapping[str, str], now: Moment = NOW) -> tuple[Problem, ...]:
    """Give every problem of documents, the warnings that stand too; each has a code with a page."""
    try:
        problems = lint(compile_documents(changed), now).warnings
    except DefinitionError as error:
        problems = error.problems
    assert {problem.code for problem in problems} <= PAGES.keys()
    return problems


def line_of(changed: Mapping[str, str], file: str, text: str) -> int:
    """Give the line, from 1, on which a text first stands."""
    return changed[file][: changed[file].index(text)].count("\n") + 1
