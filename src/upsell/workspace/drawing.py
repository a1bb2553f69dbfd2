"""Drawing: a workflow as an SVG picture, with how many stand at each step when that is known.

The law: it needs nothing from elsewhere, no script, font or image; it is readable in light and dark, and
whoever cannot see it is told the same. Whatever is written in a workflow is text, never markup.
"""

from __future__ import annotations

from typing import Final

from upsell.workspace.blocks import PADDING
from upsell.workspace.layout import MARGIN, Box, Label, Line, Picture, lay_out
from upsell.workspace.measuring import BOLD, FONT_SIZE, LINE_HEIGHT, width_of, wrapped
from upsell.workspace.outline import Outline, Sort
from upsell.workspace.outline_text import listed_outline, subtitle_of
from upsell.workspace.whereabouts import Whereabouts, noted_whereabouts

# Colours are written out where they are used: viewers other than browsers know no variables of CSS.
STYLE: Final = """
.drawing .page{fill:#fff}.drawing .box{fill:#f6f7f9;stroke:#8a929c}.drawing .jump{stroke-dasharray:5 4}
.drawing .line{fill:none;stroke:#6f7882;stroke-width:1.4}.drawing .tip{fill:#6f7882}
.drawing .label{fill:#fff}.drawing text{fill:#1b1f24}.drawing .soft{fill:#57606a}
.drawing .says .bar{fill:#0b5cad}.drawing .acts .bar{fill:#2a7d55}.drawing .waits .bar{fill:#a3abb5}
.drawing .asks .bar{fill:#8f5bbf}.drawing .head .bar{fill:#c07a10}.drawing .head .box{fill:#fff}
.drawing .count{fill:#1b1f24}.drawing .counted{fill:#fff}
@media (prefers-color-scheme:dark){
.drawing .page,.drawing .label,.drawing .head .box{fill:#14171a}.drawing .box{fill:#1f242a;stroke:#6b7580}
.drawing .line{stroke:#87919b}.drawing .tip{fill:#87919b}.drawing text{fill:#e6e9ec}
.drawing .soft{fill:#9aa4ae}.drawing .says .bar{fill:#6cb2ff}.drawing .acts .bar{fill:#57bd8c}
.drawing .waits .bar{fill:#77818c}.drawing .asks .bar{fill:#c39bea}.drawing .head .bar{fill:#e5ab4f}
.drawing .count{fill:#e6e9ec}.drawing .counted{fill:#14171a}}
""".replace("\n", "")
"""The style of every drawing; whoever shows one in a page may have to allow it by its hash."""

_TITLE_SIZE = 20
_TITLE_HEIGHT = 26

_MARKUP = {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord('"'): "&quot;",
    ord("'"): "&#39;",
    # What no XML document may hold, not even written as a number.
    **dict.fromkeys((*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF), "\N{REPLACEMENT CHARACTER}"),
}


def draw_outline(drawn: Outline, found: Whereabouts | None = None) -> str:
    """Draw a workflow as an SVG document; ``found`` None draws no counts."""
    picture = lay_out(drawn, found)
    left, room = picture.left + MARGIN, picture.width - 2 * MARGIN
    title = wrapped(drawn.title, room * FONT_SIZE / _TITLE_SIZE / BOLD)
    subtitle = wrapped(subtitle_of(drawn), room)
    notes = _notes(drawn, found, room)
    head = MARGIN + _TITLE_HEIGHT * len(title) + LINE_HEIGHT * len(subtitle)
    height = head + picture.height + LINE_HEIGHT * len(notes)
    under = _TITLE_HEIGHT * len(title) + MARGIN - head
    parts = [
        _opening(drawn, found, picture, -head, height),
        *(
            _text(line, left, MARGIN - head + _TITLE_HEIGHT * number + 18, _TITLE_FONT)
            for number, line in enumerate(title)
        ),
        *_lines_of_text(subtitle, left, under + FONT_SIZE, 'class="soft"'),
        *(_line(line) for line in picture.lines),
        *(_label(label) for label in picture.labels),
        *(_box(box, found) for box in picture.boxes),
        *_lines_of_text(notes, left, picture.height, 'class="soft"'),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


_TITLE_FONT = f'font-size="{_TITLE_SIZE}" font-weight="600"'


def escaped(text: str) -> str:
    """Write text so that it is text wherever it stands in an XML document."""
    return text.translate(_MARKUP)


def _opening(drawn: Outline, found: Whereabouts | None, picture: Picture, top: float, height: float) -> str:
    """Open the document: its size, what it is called, what it tells whoever cannot see it, and its ground."""
    told = "; ".join(line.strip() for line in listed_outline(drawn, found) if line)
    left, width = f"{picture.left:g}", f"{picture.width:g}"
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" viewBox="{left} {top:g} {width}'
            f' {height:g}"'
            f' width="{width}" height="{height:g}" role="img" aria-labelledby="drawing-title"'
            ' aria-describedby="drawing-told"'
            f' font-family="system-ui, \'Liberation Sans\', Arial, sans-serif" font-size="{FONT_SIZE}">',
            f'<title id="drawing-title">{escaped(drawn.title)}</title>',
            f'<desc id="drawing-told">{escaped(told)}</desc>',
            f"<style>{STYLE}</style>",
            '<defs><marker id="drawing-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8"'
            ' markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
            '<path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>',
            f'<rect class="page" x="{left}" y="{top:g}" width="{width}" height="{height:g}"/>',
        )
    )


def _text(text: str, x: float, y: float, how: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}"{" " if how else ""}{how}>{escaped(text)}</text>'


def _lines_of_text(lines: tuple[str, ...], x: float, y: float, how: str = "") -> list[str]:
    return [_text(line, x, y + LINE_HEIGHT * number, how) for number, line in enumerate(lines)]


def _line(line: Line) -> str:
    path = "L".join(f"{x:g} {y:g}" for x, y in line.points)
    tip = ' marker-end="url(#drawing-tip)"' if line.has_arrow else ""
    return f'<path class="line{" jump" if line.is_jump else ""}" d="M{path}"{tip}/>'


def _label(label: Label) -> str:
    middle, how = label.x + label.width / 2, 'class="soft" text-anchor="middle"'
    ground = (
        f'<rect class="label" x="{label.x:g}" y="{label.y:g}" width="{label.width:g}"'
        f' height="{label.height:g}" rx="4"/>'
    )
    return ground + "".join(_lines_of_text(label.lines, middle, label.y + LINE_HEIGHT - 2, how))


def _box(box: Box, found: Whereabouts | None) -> str:
    count = sum(found.at(box.item).values()) if box.item is not None and found is not None else 0
    is_end = box.sort is Sort.ENDS
    bar = f'<rect class="bar" x="{box.x:g}" y="{box.y + 5:g}" width="4" height="{box.height - 10:g}"/>'
    left, y = box.x + PADDING, box.y + PADDING + FONT_SIZE - 1
    heading = (
        [_text(box.title, left, y, 'font-weight="600"')] if box.title else [_lead(box.lines[0], left, y)]
    )
    rest = box.lines if box.title else box.lines[1:]
    shown = [*heading, *_lines_of_text(rest, left, y + LINE_HEIGHT)]
    notes = _lines_of_text(box.notes, left, y + LINE_HEIGHT * len(shown), 'class="soft"')
    return "".join(
        (
            f'<g class="{box.sort.value}"><title>{escaped(_told(box, count))}</title>',
            f'<rect class="box" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}"'
            f' rx="{17 if is_end else 5}"/>',
            "" if is_end else bar,
            *shown,
            *notes,
            _badge(box, count),
            "</g>",
        )
    )


def _lead(line: str, x: float, y: float) -> str:
    """Write the first line of a step, its first word bold: it says what kind of step it is."""
    first, space, rest = line.partition(" ")
    bold = f'<tspan font-weight="600">{escaped(first)}</tspan>'
    return f'<text x="{x:g}" y="{y:g}">{bold}{space}{escaped(rest)}</text>'


def _told(box: Box, count: int) -> str:
    """Say what a box says, with the place of its step in the file and how many stand there."""
    if box.item is None:
        return f"{box.title} {' '.join(line.strip() for line in box.lines)}"
    place = f"{box.item.ids[0]}: " if box.item.ids else ""
    name = f" [{box.item.name}]" if box.item.name else ""
    return f"{place}{box.item.words}{name}{f'; {count:,} here' if count else ''}"


def _badge(box: Box, count: int) -> str:
    """Show how many stand at a box, at its upper right corner; nothing for nobody."""
    if not count:
        return ""
    width = BOLD * width_of(f"{count:,}") + 14
    right, middle = box.x + box.width + 8, box.y
    return (
        f'<rect class="count" x="{right - width:g}" y="{middle - 10:g}" width="{width:g}"'
        ' height="20" rx="10"/>'
        f'<text class="counted" x="{right - width / 2:g}" y="{middle + 5:g}" text-anchor="middle"'
        f' font-weight="600">{count:,}</text>'
    )


def _notes(drawn: Outline, found: Whereabouts | None, width: float) -> tuple[str, ...]:
    """Give the lines under the picture; none without counts."""
    notes = noted_whereabouts(drawn, found) if found is not None else ()
    return tuple(line for note in notes for line in wrapped(note, width))
