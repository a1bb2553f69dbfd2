"""Every error the program raises on purpose, drawn as one tree.

UpsellError
├── DefinitionError   a workspace file is wrong; carries every problem found
├── ConfigError       a setting is missing or wrong
├── IntakeError       an item that came in cannot be taken
├── StoreError        the database refused or is not what was expected
├── DeliveryError     a provider could not take a message (temporary or permanent)
└── MeasurementError  a report was asked for in a way that makes no sense

The law: an error says what was expected, what came, where, and what to do. Refusals that policy
expects (capped, held out) are values and never appear here.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import msgspec


class UpsellError(Exception):
    """Something Upsell could not do; the text says what to do about it."""


class Problem(msgspec.Struct, frozen=True):
    """One complaint about a definition: where it is and what to do.

    Attributes:
        message: What was expected and what came, in one sentence.
        file: Path within the workspace, or None when there is no file.
        line: Line from 1, or None.
        column: Column from 1, or None.
        hint: What to do, or the nearest known name; may hold a caret drawing of several lines.
        code: A short stable code such as ``unknown-key``.
        severity: ``error`` stops, ``warning`` only tells.
    """

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None
    code: str = "definition"
    severity: str = "error"

    def __str__(self) -> str:
        """Write the problem as ``file:line: message`` with its hint on the lines after."""
        where = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        head = f"{where}: {self.message}" if where else self.message
        return f"{head}\n{self.hint}" if self.hint else head


class DefinitionError(UpsellError):
    """A definition is wrong; ``problems`` holds every complaint, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems and write them one under the other."""
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ConfigError(UpsellError):
    """A setting is missing or wrong."""


class IntakeError(UpsellError):
    """An item that came in cannot be taken."""


class StoreError(UpsellError):
    """The database refused, or is not what was expected."""


class DeliveryError(UpsellError):
    """A provider could not take a message."""

    def __init__(self, message: str, *, is_temporary: bool) -> None:
        """Keep whether trying again later can help."""
        self.is_temporary = is_temporary
        super().__init__(message)


class MeasurementError(UpsellError):
    """A report was asked for in a way that makes no sense."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Give the known name most like ``name``, or None when none is near.

    Letter case is ignored; ties go to the first in code-point order.
    """
    ordered = sorted(set(known))
    folded = {candidate.casefold(): candidate for candidate in reversed(ordered)}
    found = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else None
