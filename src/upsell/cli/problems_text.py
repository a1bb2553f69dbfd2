"""Problems of definitions as text, the same for every command that meets them."""

from __future__ import annotations

from pathlib import Path

from upsell.errors import Problem


def shown_problem(problem: Problem, workspace: Path | None = None) -> str:
    """Write one problem as ``path:line: severity: message``, its hint indented below.

    The path is told from ``workspace``; without one, as the problem has it.
    """
    place = str(Path(workspace or "") / (problem.file or ""))
    line = f":{problem.line}" if problem.line else ""
    where = f"{place}{line}: " if place != "." else ""
    hint = ""
    if problem.hint:
        hint = "".join(f"\n    {text}" for text in _unindented(problem.hint))
    return f"{where}{problem.severity}: {problem.message}{hint}"


def _unindented(hint: str) -> list[str]:
    """Give the lines of a hint without the indentation they share."""
    lines = hint.split("\n")
    shared = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[shared:] for line in lines]
