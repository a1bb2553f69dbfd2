"""Conflicts as text for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from upsell.cli.backtest_text import dotted, file_lines
from upsell.journeys.workflow import Status
from upsell.runtime.conflicts import slots_words

if TYPE_CHECKING:
    from upsell.journeys.conflicts import Conflict
    from upsell.journeys.program import Program
    from upsell.runtime.backtest import Backtest
    from upsell.runtime.conflicts import Collision, Losses

_WIDTH = 80
_INDENT = 18


def conflicts_text(program: Program, conflicts: Sequence[Conflict]) -> str:
    """Write every pair that may meet, then those that cannot, and what holds for all."""
    meeting = [each for each in conflicts if not each.apart]
    blocks = [
        _head(program, len(meeting)),
        *(list(_pair(each)) for each in meeting),
        *_apart(conflicts),
        *([_CAUTION] if meeting else []),
    ]
    return "\n\n".join("\n".join(block) for block in blocks)


def collisions_text(program: Program, collisions: Sequence[Collision], found: Backtest) -> str:
    """Write the same with what a backtest counted of each pair, most collisions first."""
    meeting = [each for each in collisions if not each.conflict.apart]
    blocks = [
        file_lines(found),
        _head(program, len(meeting)),
        *([*_pair(each.conflict), *_counts(each)] for each in meeting),
        *_apart([each.conflict for each in collisions]),
        *([_CAUTION] if meeting else []),
    ]
    return "\n\n".join("\n".join(block) for block in blocks)


def short_lines(conflicts: Sequence[Conflict], changed: Collection[str]) -> Iterator[str]:
    """Write in a line or two each pair that may meet of which one is new or changed; nothing without any."""
    told = [each for each in conflicts if not each.apart and not {each.one, each.other}.isdisjoint(changed)]
    if told:
        yield "New or changed workflows that compete for the upsell slot (see `upsell conflicts`):"
    for each in told:
        gets = f"{each.winner} wins at once" if each.winner is not None else "neither wins as such"
        words = f"{each.one} and {each.other}, over {slots_words(each)}: {gets} ({each.because})"
        yield from textwrap.wrap(words, _WIDTH, initial_indent="  ", subsequent_indent="    ")
        if each.doubt:
            yield from textwrap.wrap(each.doubt, _WIDTH, initial_indent="    ! ", subsequent_indent="      ")


def _head(program: Program, pairs: int) -> list[str]:
    live = [each for each in program.workflows.values() if each.status is Status.LIVE]
    taking = sorted(each.key for each in live if each.takes_slot)
    others = sorted(each.key for each in live if not each.takes_slot)
    lines = [
        f"Upsell slot: {_counted(len(taking), 'live workflow')} take it, "
        f"{_counted(pairs, 'pair')} may meet over it"
    ]
    if others:
        lines += textwrap.wrap(f"They sell nothing and take none: {', '.join(others)}", _WIDTH)
    return lines


def _pair(conflict: Conflict) -> Iterator[str]:
    yield f"{conflict.one} and {conflict.other}, over {slots_words(conflict)}"
    yield from _said("triggers alike", ", ".join(conflict.triggers) or "none")
    gets = f"{conflict.winner} wins: " if conflict.winner is not None else ""
    yield from _said("wanted at once", f"{gets}{conflict.because}")
    if conflict.doubt:
        yield from _said("to be looked at", conflict.doubt)


def _said(name: str, words: str) -> list[str]:
    head = f"  {name}"
    return textwrap.wrap(words, _WIDTH, initial_indent=head.ljust(_INDENT), subsequent_indent=" " * _INDENT)


def _counts(collision: Collision) -> Iterator[str]:
    units = {"account": "accounts", "customer": "customers"}.get(
        collision.conflict.units, "people, with their account"
    )
    yield dotted(f"  candidates of both: {units}", collision.both)
    yield dotted("  lost the slot to the other", collision.collisions)
    for losses in collision.losses:
        if losses.lost:
            yield from _lost(losses)


def _lost(losses: Losses) -> Iterator[str]:
    yield dotted(f"    {losses.workflow}: {losses.unit}s", losses.lost)
    if losses.in_vain:
        yield dotted("      candidates that never got it", losses.in_vain)


def _apart(conflicts: Sequence[Conflict]) -> Iterator[list[str]]:
    apart = [each for each in conflicts if each.apart]
    if apart:
        yield [
            "Never eligible at once:",
            *(f"  {each.one} and {each.other}, by {each.apart}" for each in apart),
        ]


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


_CAUTION = [
    "Whoever holds the slot keeps it until its journey ends, whatever the rank of",
    "others. A loser waits while its trigger is true, for policy.patience at most.",
]
