"""Patterns of ``like``: % for any run of characters, _ for exactly one.

The law: a pattern is read once into pieces, and every interpreter is given its own writing of the
same pieces, so escapes mean the same everywhere. A backslash takes the next character as it is,
unless ``escape`` names another character.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

ANY_RUN = None
ONE_CHARACTER = 1


def read_pattern(pattern: str, escape: str) -> tuple[str | int | None, ...]:
    """Read a pattern into pieces: literal text, ``ANY_RUN`` or ``ONE_CHARACTER``.

    Raises:
        ValueError: The pattern ends with its escape character.
    """
    pieces: list[str | int | None] = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            taken = next(characters, None)
            if taken is None:
                msg = f"the pattern ends with its escape character {escape}"
                raise ValueError(msg)
            _add_text(pieces, taken)
        elif character == "%":
            if not pieces or pieces[-1] is not ANY_RUN:
                pieces.append(ANY_RUN)
        elif character == "_":
            pieces.append(ONE_CHARACTER)
        else:
            _add_text(pieces, character)
    return tuple(pieces)


def pattern_regex(pieces: Sequence[str | int | None]) -> re.Pattern[str]:
    """Write a pattern as a regular expression for ``fullmatch``."""
    written = [
        re.escape(piece) if isinstance(piece, str) else ".*" if piece is ANY_RUN else "." for piece in pieces
    ]
    return re.compile("".join(written), re.DOTALL)


def write_pattern(pieces: Sequence[str | int | None], escape: str) -> str:
    """Write a pattern as SQL's ``like`` takes it, escaping only what must be."""
    written = []
    for piece in pieces:
        if isinstance(piece, str):
            written += [escape + each if each in ("%", "_", escape) else each for each in piece]
        else:
            written.append("%" if piece is ANY_RUN else "_")
    return "".join(written)


def _add_text(pieces: list[str | int | None], character: str) -> None:
    """Add a literal character, growing the piece before it when that is text too."""
    before = pieces[-1] if pieces else None
    if isinstance(before, str):
        pieces[-1] = before + character
    else:
        pieces.append(character)
