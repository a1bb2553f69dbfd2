"""Problems of definitions as text, the same for every command that meets them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from upsell.errors import Problem

if TYPE_CHECKING:
    from upsell.workspace.linting import Linted
    from upsell.workspace.waivers import Waived


def shown_problem(problem: Problem, workspace: Path | None = None) -> str:
    """Write one problem as ``path:line: severity: message [code]``, its hint indented below.

    The path is told from ``workspace``; without one, as the problem has it.
    """
    return _shown(problem, problem.severity, problem.hint, workspace)


def shown_waived(waived: Waived, workspace: Path | None = None) -> str:
    """Write one waived warning as a problem is written, with its reason in the place of the hint."""
    end = f" (until {waived.until})" if waived.until is not None else ""
    return _shown(waived.problem, "waived", f"{waived.reason}{end}", workspace)


def standing(linted: Linted, workspace: Path) -> str:
    """Write how many warnings stand and how many are waived, as a line; empty when there are none."""
    waived, stand = len(linted.waived), len(linted.warnings)
    counted = []
    if stand:
        counted.append(f"{stand} warning stands" if stand == 1 else f"{stand} warnings stand")
    if waived:
        kind = "" if stand else "warning " if waived == 1 else "warnings "
        counted.append(f"{waived} {kind}{'is' if waived == 1 else 'are'} waived")
    if not counted:
        return ""
    command = f"upsell check{' --waived' if waived else ''} {workspace}"
    return f"{', '.join(counted)}; {command} shows {'it' if stand + waived == 1 else 'them'}.\n"


def _shown(problem: Problem, word: str, below: str | None, workspace: Path | None) -> str:
    place = str(Path(workspace or "") / (problem.file or ""))
    line = f":{problem.line}" if problem.line else ""
    where = f"{place}{line}: " if place != "." else ""
    hint = "".join(f"\n    {text}" for text in _unindented(below)) if below else ""
    return f"{where}{word}: {problem.message} [{problem.code}]{hint}"


def _unindented(hint: str) -> list[str]:
    """Give the lines of a hint without the indentation they share."""
    lines = hint.split("\n")
    shared = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[shared:] for line in lines]
