"""Findings: places in documents, and every problem found there, gathered until the end.

The law: nothing stops at the first complaint. Readers and compilers note what is wrong, go on
with a stand-in, and whoever began asks at the end whether anything was noted.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from upsell.errors import DefinitionError, Problem, nearest


class Place(msgspec.Struct, frozen=True):
    """Where something is written: the file, and line and column from 1."""

    file: str
    line: int = 1
    column: int = 1


class Findings:
    """Every problem found so far."""

    def __init__(self) -> None:
        """Begin with none."""
        self._problems: list[Problem] = []

    def error(self, place: Place, message: str, *, code: str, hint: str | None = None) -> None:
        """Note something that must be put right before the workspace can go live; its code has a page."""
        self._problems.append(Problem(message, place.file, place.line, place.column, hint, code))

    def warning(self, place: Place, message: str, *, code: str, hint: str | None = None) -> None:
        """Note something that may stay and is probably not meant; its code has a page."""
        self._problems.append(
            Problem(message, place.file, place.line, place.column, hint, code, severity="warning")
        )

    def unknown(self, place: Place, kind: str, name: str, known: Iterable[str], where: str) -> None:
        """Note a name that means nothing, with the nearest known one or all of them.

        ``where`` says where names of this ``kind`` are written, such as ``catalog.yaml``.
        """
        names = sorted(known)
        near = nearest(name, names)
        if near is not None:
            hint = f"did you mean {near}?"
        elif names:
            hint = f"known {kind}s: {listed(names)}"
        else:
            hint = f"there is no {kind} yet; write it in {where}"
        self.error(
            place,
            f"expected the name of {_article(kind)} {kind} in {where}, got {name}",
            hint=hint,
            code="-".join(("unknown", *kind.split())),
        )

    def add(self, problems: Iterable[Problem]) -> None:
        """Take over problems found elsewhere."""
        self._problems.extend(problems)

    def __len__(self) -> int:
        """Count the problems noted so far."""
        return len(self._problems)

    @property
    def has_errors(self) -> bool:
        """Whether anything noted so far stops the workspace."""
        return any(problem.severity == "error" for problem in self._problems)

    def in_order(self) -> tuple[Problem, ...]:
        """Give all problems by file, line and column, each once."""
        return tuple(sorted(dict.fromkeys(self._problems), key=_position))

    def settle(self) -> tuple[Problem, ...]:
        """Give the warnings when nothing worse was found.

        Raises:
            DefinitionError: Something stops the workspace; carries errors and warnings.
        """
        if self.has_errors:
            raise DefinitionError(self.in_order())
        return self.in_order()


def listed(names: Iterable[str], most: int = 12) -> str:
    """Write names one after the other; past ``most`` only how many there are more."""
    known = list(names)
    head = ", ".join(known[:most])
    return head if len(known) <= most else f"{head} and {len(known) - most} more"


def _article(noun: str) -> str:
    """Give the article a noun takes."""
    return "an" if noun[0] in "aeio" else "a"


def _position(problem: Problem) -> tuple[str, int, int, str]:
    """Give what problems are sorted by."""
    return (problem.file or "", problem.line or 0, problem.column or 0, problem.message)
