"""Measuring: how wide text is where no font can be asked, and where its lines break.

The law: a width is rather too great than too small for the sans-serif fonts that browsers come with, so
what is laid out by it never runs over its edge. The widths are those of DejaVu Sans, which with Verdana is
the widest of them; a browser test asks Chromium for each.
"""

from __future__ import annotations

import re
import unicodedata

FONT_SIZE = 13
"""The size of text that is measured, in pixels."""

LINE_HEIGHT = 17

BOLD = 1.27
"""How much wider bold text is at most."""

_LETTERS = {
    0.28: "'ijl",
    0.3: "IJ",
    0.34: " \N{NO-BREAK SPACE},./:;|\\",
    0.42: "!()-[]frt",
    0.51: '*_`"',
    0.56: "?cszL",
    0.62: "FTYaekovxyP",
    0.64: "0123456789$bdghnpqu{}ES",
    0.7: "ABCKRVXZ",
    0.79: "&DGHNOQU",
    0.84: "#+<=>^~w",
    0.87: "M",
    1.0: "%@Wm",
}
_WIDTHS = {letter: width for width, letters in _LETTERS.items() for letter in letters}
_HELD = "\N{NO-BREAK SPACE}"
_COUNTED = re.compile(r"(?<=\d) (?=[^\W\d])")
_OTHER = 1.1
_ACCENT = 0.1


def width_of(text: str) -> float:
    """Give how wide a line is at most, in pixels."""
    return FONT_SIZE * sum(_width_of(letter) for letter in text)


def wrapped(text: str, width: float) -> tuple[str, ...]:
    """Break text into lines of at most a width; one empty line for none.

    It breaks between words where that can be, and not between a number and what it counts.
    """
    lines: list[str] = []
    line = ""
    for word in _COUNTED.sub(_HELD, " ".join(text.split())).split(" "):
        joined = f"{line} {word}" if line else word
        if width_of(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = _broken(word, width)
        lines += full
    return tuple(each.replace(_HELD, " ") for each in (*lines, line))


def _broken(word: str, width: float) -> list[str]:
    """Break one word that may be longer than a line."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and width_of(pieces[-1] + letter) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _width_of(letter: str) -> float:
    """Give the width of a letter in sizes of the font; an accent makes it a little wider."""
    if letter in _WIDTHS:
        return _WIDTHS[letter]
    bare = _WIDTHS.get(unicodedata.normalize("NFD", letter)[0])
    return _OTHER if bare is None else bare + _ACCENT
