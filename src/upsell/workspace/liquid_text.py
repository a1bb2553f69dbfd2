"""Liquid as it is written in a file: its text, where it stands, and the language it is written in.

The law: a complaint about a character of a text names the line and column of its file.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from upsell.workspace.findings import Place

PIECE: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
"""One piece of Liquid: what is said, or a tag."""


class LiquidText(msgspec.Struct, frozen=True):
    """One Liquid text, which begins after ``offset`` lines of its file.

    Attributes:
        file: Where it stands.
        source: The text.
        offset: How many lines of the file stand before it.
        is_html: Whether it is HTML, in which values are escaped.
    """

    file: str
    source: str
    offset: int = 0
    is_html: bool = False

    def at(self, index: int) -> Place:
        """Give the place of a character."""
        line = self.offset + self.source.count("\n", 0, index) + 1
        return Place(self.file, line, index - self.source.rfind("\n", 0, index))
