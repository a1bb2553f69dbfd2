"""Papers as one HTML file: no scripts, nothing fetched, light and dark, and ready to print.

The same file goes by mail without its pictures, which mail programs do not draw: their tables say it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import assert_never

import msgspec

from upsell.measurement.charts.chart import Chart, Table, draw_svg
from upsell.measurement.charts.themes import DARK, LIGHT, Theme
from upsell.runtime.papers.paper import Block, Heading, Paper, Paragraph

_STYLES = Path(__file__).with_name("paper.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def html_of(paper: Paper, *, has_pictures: bool = True) -> str:
    """Write a paper as HTML that stands by itself; without pictures, each chart is its table."""
    return "\n".join(_lines(paper, has_pictures=has_pictures))


def _lines(paper: Paper, *, has_pictures: bool) -> Iterator[str]:
    yield from (
        "<!doctype html>",
        f'<html lang="{escape(paper.language)}">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{escape(paper.title)}</title>",
        f"<style>\n{_styles()}</style>",
        "</head>",
        "<body>",
        "<header>",
        f"<h1>{escape(paper.title)}</h1>",
    )
    yield from (f'<p class="about">{escape(text)}</p>' for text in paper.about)
    yield "</header>\n<main>"
    for number, section in enumerate(paper.sections, 1):
        yield f'<section aria-labelledby="s{number}">'
        yield f'<h2 id="s{number}">{escape(section.name)}</h2>'
        yield f'<p class="headline">{escape(section.headline)}</p>'
        for block in section.blocks:
            yield from _block_lines(block, has_pictures=has_pictures)
        yield "</section>"
    yield from ("</main>", f"<footer><p>{escape(paper.footer)}</p></footer>", "</body>", "</html>", "")


def _block_lines(block: Block, *, has_pictures: bool) -> Iterator[str]:
    match block:
        case Paragraph(text=text, is_note=is_note):
            yield f'<p class="note">{escape(text)}</p>' if is_note else f"<p>{escape(text)}</p>"
        case Heading(text=text):
            yield f"<h3>{escape(text)}</h3>"
        case Table():
            yield from _table_lines(block)
        case Chart():
            yield "<figure>"
            if has_pictures:
                yield _picture(block)
            else:
                yield f"<h3>{escape(block.title)}</h3>"
            yield from _table_lines(block.table)
            yield "</figure>"
        case _:
            assert_never(block)


def _table_lines(table: Table) -> Iterator[str]:
    sides = ['class="number"' if side == "r" else "" for side in table.align]
    yield f'<div class="wide"><table><caption>{escape(table.caption)}</caption>'
    heads = (
        f'<th scope="col" {side}>{escape(name)}</th>' for name, side in zip(table.head, sides, strict=True)
    )
    yield f"<thead><tr>{''.join(heads)}</tr></thead><tbody>"
    for first, *rest in table.rows:
        cells = (f"<td {side}>{escape(cell)}</td>" for cell, side in zip(rest, sides[1:], strict=True))
        yield f'<tr><th scope="row">{escape(first)}</th>{"".join(cells)}</tr>'
    yield "</tbody></table></div>"


def _picture(chart: Chart) -> str:
    """Draw a chart whose colours follow the page's."""
    svg = draw_svg(chart)
    for name, colour in msgspec.structs.asdict(LIGHT).items():
        svg = svg.replace(f'"{colour}"', f'"var(--{name})"')
    label = escape(f"{chart.title}. {chart.alternative}")
    return re.sub(r"<svg ", f'<svg role="img" aria-label="{label}" ', svg, count=1)


def _styles() -> str:
    dark = f"@media (prefers-color-scheme: dark) {{ :root {{ {_tokens(DARK)} }} }}"
    # Paper is white, whatever the screen is.
    printed = f"@media print {{ :root {{ color-scheme: light; {_tokens(LIGHT)} }} }}"
    base = f":root {{ color-scheme: light dark; {_tokens(LIGHT)} }}"
    return "\n".join([base, dark, printed, _STYLES.read_text("utf-8")])


def _tokens(theme: Theme) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in msgspec.structs.asdict(theme).items())
