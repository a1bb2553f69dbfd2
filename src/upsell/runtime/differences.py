"""Differences: what changes in each file from one set of documents to another, line by line.

The law: applied to what was, they give what is; what is shown of them may end early and says so.
"""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterator
from typing import Final

import msgspec

from upsell.workspace.documents import Documents

MOST_LINES: Final = 600
"""How many lines of one file are shown at most."""

_AROUND = 3


class Sign(enum.Enum):
    """What a line of a difference is."""

    ADDED = "+"
    REMOVED = "−"
    KEPT = " "
    SKIPPED = "…"


class Line(msgspec.Struct, frozen=True):
    """One line: what it is, its text, and its number in what was and in what is; None where it is not."""

    sign: Sign
    text: str
    before: int | None = None
    after: int | None = None


class FileDifference(msgspec.Struct, frozen=True):
    """What changes in one file.

    Attributes:
        name: Its path within the workspace.
        how: ``added``, ``removed`` or ``changed``.
        added: How many lines come.
        removed: How many go.
        lines: The lines that come and go with some around them, at most ``MOST_LINES``.
        left_out: How many lines are not shown.
    """

    name: str
    how: str
    added: int
    removed: int
    lines: tuple[Line, ...]
    left_out: int

    @property
    def words(self) -> str:
        """What becomes of it, and how many lines come and go."""
        come = "1 line comes" if self.added == 1 else f"{self.added:,} lines come"
        return f"{self.how}, {come}, {self.removed:,} {'goes' if self.removed == 1 else 'go'}"


def find_differences(before: Documents, after: Documents) -> tuple[FileDifference, ...]:
    """Give what changes in each file, in order of their paths; () when nothing does."""
    return tuple(
        _difference(name, before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )


def _difference(name: str, before: str | None, after: str | None) -> FileDifference:
    how = "added" if before is None else "removed" if after is None else "changed"
    lines = tuple(_lines((before or "").splitlines(), (after or "").splitlines()))
    return FileDifference(
        name=name,
        how=how,
        added=sum(line.sign is Sign.ADDED for line in lines),
        removed=sum(line.sign is Sign.REMOVED for line in lines),
        lines=lines[:MOST_LINES],
        left_out=max(0, len(lines) - MOST_LINES),
    )


def _lines(before: list[str], after: list[str]) -> Iterator[Line]:
    """Give what comes and goes with lines around it, and where lines were skipped."""
    shown_to = 0
    groups = list(difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(_AROUND))
    for group in groups:
        first = group[0][1]
        if first > shown_to:
            yield Line(Sign.SKIPPED, _skipped(first - shown_to))
        for kind, start, end, other_start, other_end in group:
            if kind == "equal":
                for at in range(end - start):
                    yield Line(Sign.KEPT, before[start + at], start + at + 1, other_start + at + 1)
                continue
            for at in range(start, end):
                yield Line(Sign.REMOVED, before[at], at + 1, None)
            for at in range(other_start, other_end):
                yield Line(Sign.ADDED, after[at], None, at + 1)
        shown_to = group[-1][2]
    if groups and shown_to < len(before):
        yield Line(Sign.SKIPPED, _skipped(len(before) - shown_to))


def _skipped(count: int) -> str:
    return "1 line as it was" if count == 1 else f"{count:,} lines as they were"
