"""``upsell check``: every problem of a workspace, with file and line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from upsell.errors import Problem
    from upsell.journeys.program import Program


def check(
    workspace: Annotated[Path, typer.Argument(help="Directory of the workspace.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the problems as JSON.")] = False,
) -> None:
    """Check a workspace and print every problem.

    The exit code is 1 when anything must be put right, and 0 otherwise, also with warnings.
    """
    from upsell.cli.problems_text import shown_problem
    from upsell.errors import DefinitionError
    from upsell.workspace.compile import compile_workspace

    version: str | None = None
    try:
        compiled = compile_workspace(workspace)
        problems, version = compiled.warnings, compiled.program.version
        found = _found(compiled.program)
    except DefinitionError as error:
        problems, found = error.problems, ""
    errors = sum(problem.severity == "error" for problem in problems)
    if as_json:
        print(_as_json(problems, errors, version))
    else:
        for problem in problems:
            print(shown_problem(problem, workspace), file=sys.stderr)
        print(_last_line(errors, len(problems) - errors, found), file=sys.stderr if errors else sys.stdout)
    raise typer.Exit(1 if errors else 0)


def _found(program: Program) -> str:
    """Say what a workspace holds."""
    workflows, signals = (
        _counted(len(program.workflows), "workflow"),
        _counted(len(program.signals), "signal"),
    )
    if not program.segments:
        return f"{workflows} and {signals}"
    return f"{workflows}, {signals} and {_counted(len(program.segments), 'segment')}"


def _last_line(errors: int, warnings: int, found: str) -> str:
    """Say what was found and what to do."""
    warned = f", {_counted(warnings, 'warning')}" if warnings else ""
    if errors:
        these = "it" if errors == 1 else "them"
        return f"{_counted(errors, 'error')}{warned}. Put {these} right and check again; nothing was changed."
    if warnings:
        return f"No errors{warned} in {found}. It can be applied; read the warnings first."
    return f"No problems in {found}. It can be applied."


def _counted(number: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _as_json(problems: tuple[Problem, ...], errors: int, version: str | None) -> str:
    """Write problems as one JSON object."""
    import msgspec

    content = {
        "is_valid": errors == 0,
        "version": version,
        "errors": errors,
        "warnings": len(problems) - errors,
        "problems": msgspec.to_builtins(problems),
    }
    return json.dumps(content, indent=2)
