"""Papers as PDF, set by Typst with the fonts it brings: no network and no font of the machine.

The law: the same paper gives the same bytes on any machine. The file is tagged, and every chart in it
has its text, so that it can be read aloud.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, assert_never

import typst

from upsell.clock import Moment, to_datetime
from upsell.measurement.charts.chart import Chart, Table, draw_svg
from upsell.measurement.charts.themes import LIGHT
from upsell.runtime.papers.paper import Block, Heading, Paper, Paragraph

_FONT = "Libertinus Serif"

_HEAD = f"""
#let ink = rgb("{LIGHT.ink}")
#let quiet = rgb("{LIGHT.quiet}")
#let line-colour = rgb("{LIGHT.line}")
#set page(
  paper: "a4",
  margin: (x: 22mm, y: 20mm),
  footer: context align(right, text(8pt, fill: quiet)[#counter(page).display("1 / 1", both: true)]),
)
#set text(font: "{_FONT}", size: 10.5pt, fill: ink, lang: "en", number-width: "tabular")
#set par(leading: 0.6em, spacing: 0.9em)
#set table(
  stroke: (x, y) => if y > 0 {{ (top: 0.5pt + line-colour) }},
  inset: (left: 0pt, right: 12pt, y: 4pt),
)
#show heading.where(level: 1): set text(20pt, weight: 600)
#show heading.where(level: 2): it => block(above: 2.2em, below: 0.6em, width: 100%)[
  #line(length: 100%, stroke: 0.5pt + line-colour)
  #v(0.4em)
  #text(10.5pt, weight: 600, fill: quiet, it.body)
]
#show heading.where(level: 3): set text(11pt, weight: 600)
#show heading.where(level: 3): set block(above: 1.6em, below: 0.7em)
#show table.cell.where(y: 0): set text(8.5pt, fill: quiet)
#let grid-of(caption, columns, sides, ..cells) = block(above: 1.2em, width: 100%)[
  #block(below: 0.7em, sticky: true, text(8.5pt, fill: quiet, caption))
  #set text(9.5pt)
  #table(columns: columns, align: (x, y) => sides.at(x), ..cells)
]
"""


def pdf_of(paper: Paper, as_of: Moment) -> bytes:
    """Set a paper as PDF, dated as of a moment."""
    source = typst_of(paper, as_of).encode()
    # Typst dates a document to the second and refuses anything finer.
    at = to_datetime(as_of).replace(microsecond=0)
    return typst.compile(source, ignore_system_fonts=True, format="pdf", timestamp=at)


def pages_of(paper: Paper, as_of: Moment, ppi: float = 72.0) -> list[bytes]:
    """Set a paper and give its pages as PNG, ``ppi`` pixels to the inch."""
    source = typst_of(paper, as_of).encode()
    # Several pages come as a list, whatever the binding's types say.
    made: Any = typst.compile(source, ignore_system_fonts=True, format="png", ppi=ppi)
    return list(made) if isinstance(made, list) else [made]


def typst_of(paper: Paper, as_of: Moment) -> str:
    """Write a paper in Typst's own language; text travels in string literals and is never markup."""
    return "\n".join(_lines(paper, to_datetime(as_of)))


def _lines(paper: Paper, date: datetime) -> Iterator[str]:
    day = f"datetime(year: {date.year}, month: {date.month}, day: {date.day})"
    yield f"#set document(title: {_text(paper.title)}, date: {day})"
    yield _HEAD
    yield f"#set text(lang: {_text(paper.language)})"
    yield f"#heading(level: 1, {_text(paper.title)})"
    for text in paper.about:
        yield f"#par(text(fill: quiet, {_text(text)}))"
    for section in paper.sections:
        yield f"#heading(level: 2, {_text(section.name)})"
        yield f"#block(below: 1.2em, breakable: false, text(14pt, {_text(section.headline)}))"
        for block in section.blocks:
            yield from _block_lines(block)
    yield "#v(2em)\n#line(length: 100%, stroke: 0.5pt + line-colour)"
    yield f"#par(text(8.5pt, fill: quiet, {_text(paper.footer)}))"


def _block_lines(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(text=text, is_note=True):
            yield f"#par(text(9pt, fill: quiet, {_text(text)}))"
        case Paragraph(text=text):
            yield f"#par({_text(text)})"
        case Heading(text=text):
            yield f"#heading(level: 3, {_text(text)})"
        case Table():
            yield _table(block)
        case Chart(alternative=alternative, title=title):
            picture = _text(draw_svg(block, font=_FONT))
            said = _text(f"{title}. {alternative}")
            yield (
                f'#block(above: 2em, breakable: false, image(bytes({picture}), format: "svg", '
                f"alt: {said}, width: 88%))"
            )
            yield _table(block.table)
        case _:
            assert_never(block)


def _table(table: Table) -> str:
    # Prose takes what numbers leave.
    widths = ["auto" if side == "r" else "1fr" for side in table.align]
    sides = ["right" if side == "r" else "left" for side in table.align]
    head = f"table.header({', '.join(map(_text, table.head))})"
    cells = [_text(cell) for row in table.rows for cell in row]
    given = [_text(table.caption), _array(widths), _array(sides), head, *cells]
    return f"#grid-of({', '.join(given)})"


def _array(items: list[str]) -> str:
    return f"({', '.join(items)},)"


def _text(text: str) -> str:
    """Write text as a literal of Typst."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
