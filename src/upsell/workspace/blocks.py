"""Blocks: an outline measured, each thing with the lines of text it shows and the room it takes.

For the layout, which puts them in their places. Sizes are made from the inside out, each once, so that a
journey of hundreds of steps costs no more than its text.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from upsell.workspace.measuring import BOLD, LINE_HEIGHT, width_of, wrapped
from upsell.workspace.outline import END, Item, Sort, Way
from upsell.workspace.whereabouts import Whereabouts, parts_in_words

BOX_WIDTH = 232
PADDING = 12

GAP = 26
"""Between a box and the next under it."""

GUTTER = 40
"""Between ways side by side; jumps back run in it."""

BAND = 30
"""Under a box that has several ways on: where lines spread, and jumps cross."""

JOIN = 24
"""Under ways that come together again."""

_ROOM = BOX_WIDTH - 2 * PADDING


class Block(msgspec.Struct, frozen=True):
    """What is drawn for an item.

    Attributes:
        lines: What its box says; the first word is written bold.
        notes: How those stand there, where that is more than a number.
        box_height: The height of its box.
        width: The width it takes with its ways.
        height: The height it takes with its ways.
        ends: Whether nothing follows it.
        branches: Its ways on; none where there is only one.
        item: What it is drawn for.
    """

    lines: tuple[str, ...]
    notes: tuple[str, ...]
    box_height: float
    width: float
    height: float
    ends: bool
    branches: tuple[Branch, ...]
    item: Item


class Branch(msgspec.Struct, frozen=True):
    """What is drawn for one way on: a label, and the blocks under it.

    Attributes:
        lines: What its label says.
        label_width: The width of the label.
        label_height: The height of the label.
        width: The width of all.
        height: The height of all.
        ends: Whether nothing follows it.
        blocks: What is done on it.
    """

    lines: tuple[str, ...]
    label_width: float
    label_height: float
    width: float
    height: float
    ends: bool
    blocks: tuple[Block, ...]


def measured(items: Sequence[Item], found: Whereabouts | None) -> tuple[Block, ...]:
    """Measure a journey: items in a row, with the end that follows where they do not come to one."""
    blocks = tuple(_block(item, found) for item in items)
    is_open = bool(blocks) and not any(block.ends for block in blocks)
    return (*blocks, _block(END, None)) if is_open else blocks


def heading_lines(said: Sequence[str]) -> tuple[str, ...]:
    """Break what a heading says into lines, each saying on a new one and set in where it goes on."""
    broken = [wrapped(each, _ROOM - PADDING) for each in said]
    return tuple(
        f"\N{EM SPACE}{line}" if number else line for lines in broken for number, line in enumerate(lines)
    )


def box_height(lines: int) -> float:
    """Give the height of a box of so many lines."""
    return 2 * PADDING + LINE_HEIGHT * lines


def height_of(blocks: Sequence[Block]) -> float:
    """Give the height of blocks under one another."""
    return sum(block.height for block in blocks) + GAP * max(len(blocks) - 1, 0)


def width_over(blocks: Sequence[Block]) -> float:
    """Give the width of blocks under one another: that of the widest; 0 for none."""
    return max((block.width for block in blocks), default=0.0)


def _block(item: Item, found: Whereabouts | None) -> Block:
    name = f" [{item.name}]" if item.name else ""
    bolder = (BOLD - 1) * width_of(item.words.partition(" ")[0])
    lines = wrapped(f"{item.words}{name}", _ROOM - bolder)
    parts = parts_in_words(found.at(item)) if found is not None else ""
    notes = wrapped(parts, _ROOM) if parts else ()
    tall = box_height(len(lines) + len(notes))
    branches = tuple(_branch(way, found) for way in item.ways)
    wide = sum(branch.width for branch in branches) + GUTTER * (len(branches) - 1)
    below = BAND + max(branch.height for branch in branches) + JOIN if branches else 0
    return Block(
        lines=lines,
        notes=notes,
        box_height=tall,
        width=max(BOX_WIDTH, wide),
        height=tall + below,
        ends=item.sort is Sort.ENDS or (bool(branches) and all(branch.ends for branch in branches)),
        branches=branches,
        item=item,
    )


def _branch(way: Way, found: Whereabouts | None) -> Branch:
    lines = wrapped(way.label, _ROOM - 2 * PADDING)
    label_width = max(width_of(line) for line in lines) + PADDING
    label_height = LINE_HEIGHT * len(lines) + 8
    blocks = tuple(_block(item, found) for item in way.items)
    return Branch(
        lines=lines,
        label_width=label_width,
        label_height=label_height,
        width=max(width_over(blocks), label_width),
        height=label_height + (GAP + height_of(blocks) if blocks else 0),
        ends=any(block.ends for block in blocks),
        blocks=blocks,
    )
