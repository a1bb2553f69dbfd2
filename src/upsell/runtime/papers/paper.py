"""A paper: headlines, sentences, tables and charts, before anybody said in which form.

The law: Markdown, HTML, PDF and mail are written from the same paper, so that they say the same.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from upsell.measurement.charts.chart import Chart, Table


class Paragraph(msgspec.Struct, frozen=True):
    """Some sentences; a note is said by the way, in smaller letters."""

    text: str
    is_note: bool = False


class Heading(msgspec.Struct, frozen=True):
    """The name of a part of a section."""

    text: str


Block: TypeAlias = Paragraph | Heading | Table | Chart


class Section(msgspec.Struct, frozen=True):
    """One subject of a paper.

    Attributes:
        name: What it is about, in a few words.
        headline: Its answer, in a sentence; the largest thing in it.
        blocks: Everything else, in order.
    """

    name: str
    headline: str
    blocks: tuple[Block, ...]


class Paper(msgspec.Struct, frozen=True):
    """One document.

    Attributes:
        title: The question it answers, or its name.
        about: What it was made from, in sentences.
        sections: Its subjects, in order; at least one.
        footer: How its numbers are to be read.
        language: In which language it is written, an ISO 639-1 code.
    """

    title: str
    about: tuple[str, ...]
    sections: tuple[Section, ...]
    footer: str
    language: str = "en"

    @property
    def charts(self) -> tuple[Chart, ...]:
        """Every chart, in order."""
        blocks = (block for section in self.sections for block in section.blocks)
        return tuple(block for block in blocks if isinstance(block, Chart))
