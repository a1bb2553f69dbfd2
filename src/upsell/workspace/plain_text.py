"""Plain text from HTML, Liquid left as it is: the second half of a mail nobody wrote twice."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_STAND_IN = re.compile("\ue000(\\d+)\ue001")
_TAGS_ALONE = re.compile(r"^(?:\{% (?:(?!%\}).)*%\}[ \t]*)+$", re.MULTILINE)
_SPACE_AFTER_TAGS = re.compile(r"^((?:\{%-? (?:(?!%\}).)*%\})+) +", re.MULTILINE)
_BLOCKS = frozenset(
    "address article aside blockquote br center div dl dt dd fieldset figure footer form h1 h2 h3 h4 h5 h6 "
    "header hr main nav ol p pre section table tr ul".split()
)
_SILENT = frozenset({"head", "style", "script", "title", "template"})


def plain_text(html: str) -> str:
    """Give the text of an HTML page written in Liquid.

    Links become ``words (address)``, list items begin with a dash, images give their alternative
    text; style, script and head are dropped. Empty HTML gives empty text.
    """
    pieces = _LIQUID.findall(html)
    numbers = iter(range(len(pieces)))
    reader = _TextReader()
    # Liquid may hold < and quotes, so it goes through the HTML parser as a stand-in of private letters.
    reader.feed(_LIQUID.sub(lambda _: f"\ue000{next(numbers)}\ue001", html.replace("\ue000", "")))
    reader.close()
    text = _STAND_IN.sub(lambda found: _piece(pieces, found[1]), "".join(reader.parts))
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n" if text.strip() else ""


def trimmed(text: str) -> str:
    """Give a plain text in which tags of Liquid leave no empty lines and no spaces where they stand alone."""
    alone = _TAGS_ALONE.sub(lambda line: line[0].replace("{% ", "{%- "), text)
    return _SPACE_AFTER_TAGS.sub(r"\1", alone)


def _piece(pieces: list[str], number: str) -> str:
    """Give the Liquid a stand-in stands for; text that only looks like one gives nothing."""
    at = int(number)
    return pieces[at] if at < len(pieces) else ""


class _TextReader(HTMLParser):
    """Gathers the text of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silence = 0
        self._links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block, a link or a silence."""
        if tag in _SILENT:
            self._silence += 1
        elif self._silence:
            return
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in _BLOCKS:
            self.parts.append("\n" if tag in {"br", "tr"} else "\n\n")
        elif tag == "a":
            self._links.append(dict(attrs).get("href") or "")
        elif tag == "img":
            self.parts.append(dict(attrs).get("alt") or "")
        elif tag in {"td", "th"}:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """End a block, a link or a silence."""
        if tag in _SILENT:
            self._silence = max(0, self._silence - 1)
        elif self._silence:
            return
        elif tag == "a" and self._links:
            address = self._links.pop()
            if address and not address.startswith("#"):
                self.parts.append(f" ({address})")
        elif tag in _BLOCKS - {"br", "hr", "tr"}:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        """Take text; line ends in HTML are spaces."""
        if not self._silence:
            self.parts.append(re.sub(r"\s+", " ", data))
