"""Papers as Markdown: every chart as its title, its text and its table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import assert_never

from upsell.measurement.charts.chart import Chart, Table
from upsell.runtime.papers.paper import Block, Heading, Paper, Paragraph

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def markdown_of(paper: Paper) -> str:
    """Write a paper as Markdown (CommonMark with the pipe tables of GitHub)."""
    return "\n".join(_lines(paper))


def _lines(paper: Paper) -> Iterator[str]:
    yield f"# {_plain(paper.title)}"
    yield ""
    for text in paper.about:
        yield from (_plain(text), "")
    for section in paper.sections:
        yield from (f"## {_plain(section.name)}", "", f"**{_plain(section.headline)}**", "")
        for block in section.blocks:
            yield from _block_lines(block)
    yield from ("---", "", _plain(paper.footer), "")


def _block_lines(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(text=text):
            yield from (_plain(text), "")
        case Heading(text=text):
            yield from (f"### {_plain(text)}", "")
        case Table():
            yield from _table_lines(block)
        case Chart(title=title, alternative=alternative, table=table):
            yield from (f"### {_plain(title)}", "", _plain(alternative), "")
            yield from _table_lines(table)
        case _:
            assert_never(block)


def _table_lines(table: Table) -> Iterator[str]:
    yield from (f"{_plain(table.caption)}:", "")
    yield f"| {' | '.join(map(_plain, table.head))} |"
    yield f"| {' | '.join('---:' if side == 'r' else '---' for side in table.align)} |"
    for row in table.rows:
        yield f"| {' | '.join(map(_plain, row))} |"
    yield ""


def _plain(text: str) -> str:
    """Write text so that nothing in it is read as a mark."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
