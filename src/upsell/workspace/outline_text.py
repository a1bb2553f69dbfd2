"""Outlines as text: a workflow as a tree of at most 80 columns, for the terminal and for screen readers."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from upsell.journeys.workflow import Status
from upsell.workspace.outline import Item, Outline
from upsell.workspace.whereabouts import Whereabouts, noted_whereabouts, parts_in_words

COLUMNS = 80
"""How wide a line may be."""

_LEAST = 24
"""What is left for words however deep they stand; only there may a line be longer."""


def listed_outline(drawn: Outline, found: Whereabouts | None = None) -> Iterator[str]:
    """Write a workflow as lines: what begins it, its gates and goal, then its steps as a tree.

    Args:
        drawn: The workflow.
        found: How many stand where now; None where that is not asked.
    """
    yield from _wrapped(f"{drawn.title} ({subtitle_of(drawn)})", "", "  ")
    yield from _wrapped(f"begins   when {drawn.begins}", "  ", " " * 11)
    for gate in drawn.gates:
        yield from _wrapped(f"gate     {gate}", "  ", " " * 11)
    yield from _wrapped(f"goal     {drawn.goal}; who reaches it leaves at once", "  ", " " * 11)
    yield ""
    yield from _sequence(drawn.items, "", found)
    if drawn.after_goal:
        yield ""
        yield "After the goal"
        yield from _sequence(drawn.after_goal, "", found)
    if found is not None:
        yield ""
        for note in noted_whereabouts(drawn, found):
            yield from _wrapped(note, "", "  ")


def subtitle_of(drawn: Outline) -> str:
    """Say which workflow it is, and what it is about; and its status unless it is live."""
    status = "" if drawn.status is Status.LIVE else f", {drawn.status.value}"
    return f"{drawn.key}, about each {drawn.unit}, version {drawn.version[:8]}{status}"


def _sequence(items: Sequence[Item], margin: str, found: Whereabouts | None) -> Iterator[str]:
    for item in items:
        yield from _wrapped(_told(item, found), margin, f"{margin}   {'│' if item.ways else ' '}  ")
        for number, way in enumerate(item.ways):
            is_last = number + 1 == len(item.ways)
            onward = "" if way.items else ": goes on"
            inner = f"{margin}   {' ' if is_last else '│'} "
            yield from _wrapped(
                f"{way.label}{onward}", f"{margin}   {'└' if is_last else '├'} ", f"{inner}  "
            )
            yield from _sequence(way.items, inner, found)


def _told(item: Item, found: Whereabouts | None) -> str:
    """Write an item with its place in the file, its name, and how many stand there."""
    place = f"{item.ids[0]}  " if item.ids else ""
    name = f" [{item.name}]" if item.name else ""
    counts = found.at(item) if found is not None else {}
    parts = f": {said}" if (said := parts_in_words(counts)) else ""
    here = f"  <- {sum(counts.values()):,} here{parts}" if counts else ""
    return f"{place}{item.words}{name}{here}"


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    width = max(COLUMNS, max(len(first), len(rest)) + _LEAST)
    wrapped = textwrap.wrap(text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    return wrapped or [first.rstrip()]
