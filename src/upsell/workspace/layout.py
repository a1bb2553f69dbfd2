"""Layout: where each thing of an outline stands in a picture: from the top down, ways side by side.

The law: no two boxes or labels overlap, everything lies within the picture, and no line passes a box: it
leaves one by its foot and comes to the next by its head, and a jump back runs beside what it passes.

No program that draws any graph is asked for this. A journey is a tree but for its jumps, so putting ways
side by side is all there is to do; such a program would be one more thing to install, would measure text by
fonts the reader may not have, and would move everything about when one step is added.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from upsell.workspace.blocks import (
    BAND,
    BOX_WIDTH,
    GAP,
    GUTTER,
    JOIN,
    Block,
    Branch,
    box_height,
    heading_lines,
    height_of,
    measured,
    width_over,
)
from upsell.workspace.outline import Item, Outline, Sort
from upsell.workspace.whereabouts import Whereabouts

MARGIN = 24

_LANE = 12
"""How far beside what they pass jumps run."""

_LANES = 4
"""How many jumps run side by side before they share a lane."""

Point = tuple[float, float]


class Box(msgspec.Struct, frozen=True):
    """A box: its place and size, and what it says.

    Attributes:
        lines: What it says.
        notes: How those stand there, where that is more than a number.
        item: What it is drawn for; None for a heading.
        title: The title of a heading.
    """

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    sort: Sort
    notes: tuple[str, ...] = ()
    item: Item | None = None
    title: str = ""


class Label(msgspec.Struct, frozen=True):
    """A label on a line: its place and size, and its lines of text."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]


class Line(msgspec.Struct, frozen=True):
    """A line through points; ``has_arrow`` at its end, ``is_jump`` for one that leads back or aside."""

    points: tuple[Point, ...]
    has_arrow: bool = True
    is_jump: bool = False


class Picture(msgspec.Struct, frozen=True):
    """Everything that is drawn, and how much room it takes; ``left`` is where it begins, perhaps under 0."""

    left: float
    width: float
    height: float
    boxes: tuple[Box, ...]
    labels: tuple[Label, ...]
    lines: tuple[Line, ...]


def lay_out(drawn: Outline, found: Whereabouts | None = None) -> Picture:
    """Give each thing of a workflow its place; the goal and what follows it stand to the right."""
    blocks, after_goal = measured(drawn.items, found), measured(drawn.after_goal, found)
    gates = (_heading("Gates", drawn.gates),) if drawn.gates else ()
    goal = _heading("Goal, from any step", (drawn.goal, "whoever reaches it leaves the journey at once"))
    table = _Table()
    table.put_column((_heading("Begins when", (drawn.begins,)), *gates), blocks, 0, MARGIN)
    foot = MARGIN + goal.height + GAP + height_of(after_goal)
    wide = max(width_over(after_goal), BOX_WIDTH)
    table.draw_jumps()
    table.put_column((goal,), after_goal, table.right_above(foot) + 2 * GUTTER + wide / 2, MARGIN)
    table.draw_jumps()
    return table.picture()


def _heading(title: str, said: Sequence[str]) -> Box:
    lines = heading_lines(said)
    return Box(0, 0, BOX_WIDTH, box_height(len(lines) + 1), lines, Sort.HEAD, title=title)


class _Lane:
    """The free strip at the left of a row of blocks, and how a jump comes from it to the row around.

    Attributes:
        x: Where it runs.
        band: The height at which it is crossed to the lane around it; None for the outermost.
        around: The lane of the row around it; None for the outermost.
    """

    def __init__(self, left: float, band: float | None, around: _Lane | None) -> None:
        self.x = left - _LANE
        self.band = band
        self.around = around

    def chain(self) -> list[_Lane]:
        """Give the lanes from the outermost to this one."""
        return [*(self.around.chain() if self.around is not None else []), self]


class _Table:
    """What has its place by now."""

    def __init__(self) -> None:
        self._boxes: list[Box] = []
        self._labels: list[Label] = []
        self._lines: list[Line] = []
        self._at: dict[str, tuple[Box, _Lane]] = {}
        self._jumps: list[tuple[Box, _Lane, str]] = []

    def put_column(self, headings: Sequence[Box], blocks: Sequence[Block], centre: float, top: float) -> None:
        """Put headings, and blocks behind them, under one another."""
        y = top
        for number, heading in enumerate(headings):
            if number:
                self._down(centre, y)
            self._boxes.append(msgspec.structs.replace(heading, x=centre - heading.width / 2, y=y))
            y += heading.height + GAP
        self._row(blocks, centre, y, _Lane(centre - width_over(blocks) / 2, None, None))

    def _row(self, blocks: Sequence[Block], centre: float, top: float, lane: _Lane) -> None:
        """Put blocks under one another, each with its ways; a line comes from above into the first."""
        y, is_reached = top, True
        for block in blocks:
            if is_reached:
                self._down(centre, y)
            self._put(block, centre, y, lane)
            y += block.height + GAP
            is_reached = not block.ends

    def _put(self, block: Block, centre: float, y: float, lane: _Lane) -> None:
        item, left = block.item, centre - BOX_WIDTH / 2
        box = Box(left, y, BOX_WIDTH, block.box_height, block.lines, item.sort, block.notes, item)
        self._boxes.append(box)
        for step_id in item.ids:
            self._at[step_id] = (box, lane)
        if item.goes_to is not None:
            self._jumps.append((box, lane, item.goes_to))
        if block.branches:
            self._spread(block.branches, centre, y + block.box_height, lane)

    def _spread(self, branches: Sequence[Branch], centre: float, foot: float, lane: _Lane) -> None:
        """Put the ways on from a box side by side, and let those that go on come together again."""
        x = centre - (sum(branch.width for branch in branches) + GUTTER * (len(branches) - 1)) / 2
        band, top = foot + BAND / 2, foot + BAND
        joined = top + max(branch.height for branch in branches) + JOIN / 2
        for branch in branches:
            middle = x + branch.width / 2
            points = ((centre, foot), (centre, band), (middle, band), (middle, top))
            self._lines.append(Line(points, has_arrow=False))
            self._put_branch(branch, middle, top, _Lane(x, band - 8, lane))
            if not branch.ends:
                low = top + branch.height
                points = ((middle, low), (middle, joined), (centre, joined), (centre, joined + JOIN / 2))
                self._lines.append(Line(points, has_arrow=False))
            x += branch.width + GUTTER

    def _put_branch(self, branch: Branch, middle: float, top: float, lane: _Lane) -> None:
        left = middle - branch.label_width / 2
        self._labels.append(Label(left, top, branch.label_width, branch.label_height, branch.lines))
        if branch.blocks:
            self._row(branch.blocks, middle, top + branch.label_height + GAP, lane)

    def _down(self, x: float, y: float) -> None:
        """Draw the line that comes to ``y`` from what is above."""
        self._lines.append(Line(((x, y - GAP), (x, y))))

    def draw_jumps(self) -> None:
        """Draw each jump: out to the left, up beside what it passes, and in from the left at its end."""
        for number, (box, lane, to) in enumerate(self._jumps):
            target, there = self._at[to]
            aside = -5.0 * (number % _LANES)
            leaving, coming = lane.chain(), there.chain()
            shared = sum(one is other for one, other in zip(leaving, coming, strict=False))
            start, end = box.y + box.height / 2, target.y + target.height / 2 + aside
            points = [(box.x, start), (lane.x + aside, start)]
            for inner in reversed(leaving[shared:]):
                points += _crossing(inner, aside, is_out=True)
            for inner in coming[shared:]:
                points += _crossing(inner, aside, is_out=False)
            points += [(there.x + aside, end), (target.x, end)]
            self._lines.append(Line(tuple(points), is_jump=True))
        self._jumps.clear()

    def right_above(self, foot: float) -> float:
        """Give how far to the right anything reaches that begins above a height."""
        things: list[Box | Label] = [*self._boxes, *self._labels]
        reach = [thing.x + thing.width for thing in things if thing.y < foot + GAP]
        return max(*reach, *(x for line in self._lines for x, y in line.points if y < foot + GAP))

    def picture(self) -> Picture:
        """Give everything, with the room it takes."""
        things: list[Box | Label] = [*self._boxes, *self._labels]
        points = [point for line in self._lines for point in line.points]
        left = min(*(thing.x for thing in things), *(x for x, _ in points)) - MARGIN
        right = max(*(thing.x + thing.width for thing in things), *(x for x, _ in points)) + MARGIN
        foot = max(*(thing.y + thing.height for thing in things), *(y for _, y in points)) + MARGIN
        return Picture(left, right - left, foot, tuple(self._boxes), tuple(self._labels), tuple(self._lines))


def _crossing(inner: _Lane, aside: float, *, is_out: bool) -> list[Point]:
    """Give the points by which a jump leaves a row for the one around it, or enters it from there."""
    if inner.around is None or inner.band is None:
        return []
    band = inner.band + aside / 4
    inside, outside = (inner.x + aside, band), (inner.around.x + aside, band)
    return [inside, outside] if is_out else [outside, inside]
