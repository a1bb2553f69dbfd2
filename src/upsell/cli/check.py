"""``upsell check``: every problem of a workspace, with file and line, and the page of each."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from upsell.errors import Problem
    from upsell.journeys.program import Program
    from upsell.workspace.linting import Linted
    from upsell.workspace.waivers import Waived


def check(
    workspace: Annotated[Path | None, typer.Argument(help="Directory of the workspace.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the problems as JSON.")] = False,
    shows_waived: Annotated[
        bool, typer.Option("--waived", help="Print what was waived too, with the reasons.")
    ] = False,
    is_strict: Annotated[
        bool, typer.Option("--strict", help="Let warnings that stand make the exit code 1 too.")
    ] = False,
    code: Annotated[
        str | None,
        typer.Option("--explain", metavar="CODE", help="Print the page of a code, and check nothing."),
    ] = None,
) -> None:
    """Check a workspace and print every problem.

    The exit code is 1 when anything must be put right, and 0 otherwise, also with warnings unless strict.
    """
    from upsell.clock import SystemClock
    from upsell.errors import DefinitionError
    from upsell.runtime.whole import compile_whole
    from upsell.workspace.documents import read_workspace
    from upsell.workspace.linting import Linted, lint

    if code is not None:
        from upsell.cli.codes import explained

        print(explained(code))
        return
    if workspace is None:
        msg = "expected the directory of the workspace, got none"
        raise typer.BadParameter(msg, param_hint="WORKSPACE")
    version: str | None = None
    try:
        whole = compile_whole(read_workspace(workspace))
        program = whole.compiled.program
        linted, version = lint(whole.compiled, SystemClock().now()), program.version
        found = _found(program, len(whole.sources), len(whole.sinks))
    except DefinitionError as error:
        linted, found = Linted(error.problems, ()), ""
    errors = sum(problem.severity == "error" for problem in linted.warnings)
    if as_json:
        print(_as_json(linted, errors, version))
    else:
        _print(linted, workspace, errors, found, shows_waived=shows_waived)
    raise typer.Exit(int(errors > 0 or (is_strict and bool(linted.warnings))))


def _print(linted: Linted, workspace: Path, errors: int, found: str, *, shows_waived: bool) -> None:
    """Print the problems, and in the last lines what they come to."""
    from upsell.cli.problems_text import shown_problem, shown_waived

    for problem in linted.warnings:
        print(shown_problem(problem, workspace), file=sys.stderr)
    if shows_waived:
        for waived in linted.waived:
            print(shown_waived(waived, workspace), file=sys.stderr)
    if linted.warnings:
        first = linted.warnings[0].code
        print(f"What the codes in brackets mean: upsell check --explain {first}", file=sys.stderr)
    warnings = len(linted.warnings) - errors
    print(_last_line(errors, warnings, found), file=sys.stderr if errors else sys.stdout)
    if linted.waived and not shows_waived:
        them = "it" if len(linted.waived) == 1 else "them"
        print(f"{len(linted.waived)} waived; --waived shows {them}.")


def _found(program: Program, sources: int, sinks: int) -> str:
    """Say what a workspace holds."""
    counts = [
        _counted(len(program.workflows), "workflow"),
        _counted(len(program.signals), "signal"),
        *([_counted(len(program.segments), "segment")] if program.segments else []),
        *([_counted(sources, "source")] if sources else []),
        *([_counted(sinks, "sink")] if sinks else []),
    ]
    return f"{', '.join(counts[:-1])} and {counts[-1]}"


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


def _as_json(linted: Linted, errors: int, version: str | None) -> str:
    """Write problems as one JSON object."""
    content = {
        "is_valid": errors == 0,
        "version": version,
        "errors": errors,
        "warnings": len(linted.warnings) - errors,
        "problems": [_plain(problem) for problem in linted.warnings],
        "waived": [_plain_waived(waived) for waived in linted.waived],
    }
    return json.dumps(content, indent=2)


def _plain(problem: Problem) -> dict[str, object]:
    """Give a problem as JSON has it, with where its code is explained."""
    import msgspec

    from upsell.cli.codes import reference_of

    return {**msgspec.to_builtins(problem), "explained_in": reference_of(problem.code)}


def _plain_waived(waived: Waived) -> dict[str, object]:
    """Give what was waived as JSON has it."""
    return {**_plain(waived.problem), "reason": waived.reason, "until": waived.until}
