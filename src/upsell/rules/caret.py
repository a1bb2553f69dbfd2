"""Complaints about a rule: the line of its text with a caret beneath the place.

The law: a complaint shows where, says what came, and says what to do.
"""

from __future__ import annotations

from collections.abc import Iterable

from upsell.errors import Problem, nearest

_WIDEST = 100


def complain(text: str, at: int, message: str, *, code: str, hint: str | None = None) -> Problem:
    """Make a problem about the place ``at`` (an offset) of a rule.

    The hint shows the line with a caret beneath it, and then the advice. A line that is too wide is
    cut around the place. The column counts from 1 within that line.
    """
    at = max(0, min(at, len(text)))
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : len(text) if end < 0 else end]
    column = at - start
    shown, caret = line.replace("\t", " "), column
    if len(shown) > _WIDEST:
        left = max(0, column - _WIDEST // 2)
        shown = ("…" if left else "") + shown[left : left + _WIDEST]
        shown += "…" if left + _WIDEST < len(line) else ""
        caret = column - left + (1 if left else 0)
    drawing = f"    {shown}\n    {' ' * caret}^"
    return Problem(message, column=column + 1, hint=f"{drawing}\n    {hint}" if hint else drawing, code=code)


class Complaints:
    """The complaints about one text, gathered while it is read."""

    def __init__(self, text: str) -> None:
        """Begin with a text and no complaint."""
        self.text = text
        self._found: list[tuple[int, Problem]] = []

    def add(self, at: int, message: str, hint: str | None = None, code: str = "rule-syntax") -> None:
        """Add a complaint about a place, unless the very same is known already."""
        self.take(complain(self.text, at, message, hint=hint, code=code), at)

    def take(self, problem: Problem, at: int = 0) -> None:
        """Add a problem that is made already."""
        if (at, problem) not in self._found:
            self._found.append((at, problem))

    @property
    def problems(self) -> list[Problem]:
        """All problems in order of place."""
        return [problem for _, problem in sorted(self._found, key=lambda found: found[0])]


def suggest(name: str, known: Iterable[str], *, prefix: str = "") -> str:
    """Advise on an unknown name: the nearest known one, else the whole list when it is short."""
    names = sorted(set(known))
    near = nearest(name, names)
    if near is not None:
        return f"did you mean {prefix}{near}?"
    if not names:
        return "none is known"
    return "known are " + ", ".join(prefix + each for each in names[:12]) + (", ..." if names[12:] else "")
