"""MJML: a mail's layout, read and compiled to HTML once, so that sending renders nothing but Liquid.

The law: the compiler sees only MJML. Liquid, and the HTML inside texts, buttons and tables, stand aside
while it works and come back as they were written; what would be lost on the way is noted, with its line.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import assert_never

import mjml
import msgspec

from upsell.errors import nearest
from upsell.workspace.findings import Findings
from upsell.workspace.liquid_text import PIECE, LiquidText
from upsell.workspace.mjml_tags import (
    ATTRIBUTES,
    CHILDREN,
    FIXED_ATTRIBUTES,
    HTML_INSIDE,
    NOTHING_INSIDE,
    TAKES_LIQUID,
    WORD_ATTRIBUTES,
)

_TAG = re.compile(
    r"<!--(?P<comment>.{0,20000}?)-->"
    r"|<(?P<close>/?)(?P<name>[A-Za-z][\w-]*)"
    r"(?P<attributes>(?:[^<>\"'/]|\"[^\"]*\"|'[^']*'|/(?!>)){0,5000})(?P<empty>/?)>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([^\s=\"']+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"']+))?")
_MASK = "\ue002"


class Outline(msgspec.Struct, frozen=True):
    """What of a text matters to where it may stand.

    Attributes:
        tops: The tags that stand in no other, by name.
        calls: Between which tags each piece of Liquid stands: the tag it is in, None at the top, by the
            index at which the piece begins; only those that stand between tags.
    """

    tops: tuple[str, ...]
    calls: Mapping[int, str | None]


class _Kind(enum.Enum):
    """What a part of MJML is: a tag as it opens or closes, the HTML in one, Liquid between tags, or text."""

    OPEN = "open"
    EMPTY = "empty"
    CLOSE = "close"
    INNER = "inner"
    LIQUID = "liquid"
    TEXT = "text"


class _Token(msgspec.Struct, frozen=True):
    """A part of MJML and where it stands."""

    kind: _Kind
    start: int
    end: int
    name: str = ""
    attributes: tuple[int, int] = (0, 0)


def check_mjml(text: LiquidText, findings: Findings, *, is_partial: bool) -> Outline | None:
    """Note what is wrong with the MJML of a file; None when it cannot be compiled.

    A partial is a piece: what stands at its top is checked where it is used.
    """
    return _Checker(text, findings, is_partial=is_partial).check()


def compile_mjml(text: LiquidText, findings: Findings) -> str | None:
    """Compile MJML that was checked, partials written out, to HTML in Liquid; None, noted, when it fails."""
    kept: list[str] = []
    # Plain letters that are not in the text, because the compiler writes others in attributes its own way.
    mark = next(mark for n in count() if (mark := f"aside{n}q") not in text.source)
    try:
        # By itself it has mail programs load its usual fonts from another company, which learns who opens.
        html = mjml.mjml2html("".join(_compilable(text.source, kept, mark)), fonts={})
    except ValueError as error:
        findings.error(text.at(0), f"expected MJML that compiles, got: {error}", code="mjml")
        return None
    stand_in = re.compile(f"{mark}(\\d+)z")
    found = {int(number) for number in stand_in.findall(html)}
    for number, piece in enumerate(kept):
        if number not in found and piece.strip():
            findings.error(
                text.at(max(0, text.source.find(piece))),
                f"expected a place for {_short(piece)} in the HTML, got none: MJML drops it where it stands",
                hint="write it into mj-text, mj-button, mj-table or mj-raw",
                code="mjml",
            )
            return None
    return stand_in.sub(lambda each: kept[int(each[1])], html)


def fits(name: str, parent: str) -> bool:
    """Tell whether a tag may stand in another."""
    return name in CHILDREN.get(parent, ())


def _tokens(source: str) -> Iterator[_Token]:
    """Cut MJML into its parts; HTML inside a tag that takes it is one part."""
    masked = _masked(source)
    at = 0
    while at < len(source):
        found = _TAG.search(masked, at)
        yield from _between(source, at, found.start() if found else len(source))
        if found is None:
            return
        at = found.end()
        if found["comment"] is not None:
            continue
        name = found["name"].lower()
        kind = _Kind.CLOSE if found["close"] else _Kind.EMPTY if found["empty"] else _Kind.OPEN
        yield _Token(kind, found.start(), at, name, found.span("attributes"))
        # A tag that there is not is told once, and not all that stands in it.
        if kind is _Kind.OPEN and (name in HTML_INSIDE or name not in CHILDREN):
            closing = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(masked, at)
            if closing is not None:
                yield _Token(_Kind.INNER, at, closing.start(), name)
                yield _Token(_Kind.CLOSE, closing.start(), closing.end(), name)
                at = closing.end()


def _between(source: str, start: int, end: int) -> Iterator[_Token]:
    """Give what stands between two tags: Liquid that says nothing itself, and text; white space is none."""
    at = start
    for piece in PIECE.finditer(source, start, end):
        yield from _words(source, at, piece.start())
        yield _Token(_Kind.LIQUID if piece[0].startswith("{%") else _Kind.TEXT, piece.start(), piece.end())
        at = piece.end()
    yield from _words(source, at, end)


def _words(source: str, start: int, end: int) -> Iterator[_Token]:
    words = source[start:end].lstrip()
    if words:
        yield _Token(_Kind.TEXT, end - len(words), end)


def _compilable(source: str, kept: list[str], mark: str) -> Iterator[str]:
    """Give MJML with what is not MJML put aside into ``kept``."""

    def aside(piece: str) -> str:
        kept.append(piece)
        return f"{mark}{len(kept) - 1}z"

    for token in _tokens(source):
        written = source[token.start : token.end]
        if token.kind is _Kind.INNER:
            yield aside(written)
        elif token.kind is _Kind.LIQUID:
            yield f"<mj-raw>{aside(written)}</mj-raw>"
        elif token.kind in (_Kind.OPEN, _Kind.EMPTY):
            yield _with_values_aside(source, token, aside)
        else:
            yield written


def _with_values_aside(source: str, token: _Token, aside: Callable[[str], str]) -> str:
    """Give a tag with the values put aside that are words, addresses or Liquid, which are none of MJML's."""
    start, end = token.attributes
    parts, at = [source[token.start : start]], start
    for found in _ATTRIBUTE.finditer(_masked(source[start:end])):
        value = source[start + found.start(2) : start + found.end(2)]
        if found[2] is not None and (found[1] in WORD_ATTRIBUTES or PIECE.search(value)):
            parts += [source[at : start + found.start(2)], value[0], aside(value[1:-1]), value[-1]]
            at = start + found.end(2)
    return "".join([*parts, source[at : token.end]])


def _masked(source: str) -> str:
    """Give a text of the same length and lines, in which Liquid holds nothing that could be a tag."""
    return PIECE.sub(lambda each: re.sub(r"[^\n]", _MASK, each[0]), source)


class _Checker:
    """Goes through the tags of one text."""

    def __init__(self, text: LiquidText, findings: Findings, *, is_partial: bool) -> None:
        self._text = text
        self._findings = findings
        self._is_partial = is_partial
        self._open: list[_Token] = []
        self._tops: list[str] = []
        self._calls: dict[int, str | None] = {}
        self._is_right = True
        self._is_lost = False

    def check(self) -> Outline | None:
        """Check every part; None when something is wrong."""
        for token in _tokens(self._text.source):
            match token.kind:
                case _Kind.OPEN | _Kind.EMPTY:
                    self._enter(token)
                case _Kind.CLOSE:
                    self._leave(token)
                case _Kind.LIQUID:
                    self._pass(token)
                case _Kind.TEXT if self._is_in_the_dark:
                    pass
                case _Kind.TEXT:
                    got = _short(self._text.source[token.start : token.end])
                    hint = "words stand in mj-text, mj-button or mj-table"
                    self._complain(token.start, f"expected tags here, got {got}", hint)
                case _Kind.INNER:
                    pass
                case _:
                    assert_never(token.kind)
        for token in self._open:
            self._complain(token.start, f"expected </{token.name}>, got none", "close what is opened")
        if not self._is_partial and self._tops != ["mjml"] and self._is_right:
            self._complain(0, "expected one <mjml> that holds head and body, got none", "<mjml><mj-body>…")
        return Outline(tuple(self._tops), self._calls) if self._is_right else None

    @property
    def _parent(self) -> str | None:
        return self._open[-1].name if self._open else None

    @property
    def _is_in_the_dark(self) -> bool:
        """Whether what stands here is noise: of a tag that is none, or after tags that do not close."""
        return self._is_lost or (self._parent is not None and self._parent not in CHILDREN)

    def _enter(self, token: _Token) -> None:
        if self._is_known(token):
            self._check_attributes(token)
        if not self._open:
            self._tops.append(token.name)
        if token.kind is _Kind.OPEN:
            self._open.append(token)

    def _is_known(self, token: _Token) -> bool:
        """Tell whether a tag is one of MJML; note where not, and where it may not stand where it does."""
        parent, known = self._parent, CHILDREN.keys()
        if token.name in ("mj-preview", "mj-include"):
            instead = (
                "write preheader: beside subject: between the lines of ---"
                if token.name == "mj-preview"
                else "write {% render 'name' %}, with templates/partials/name.mjml"
            )
            self._complain(token.start, f"expected no {token.name}, got one", instead)
            return False
        if token.name not in known and self._is_in_the_dark:
            return False
        if token.name not in known:
            near = nearest(token.name, known)
            hint = f"did you mean {near}?" if near else "HTML stands in mj-text, mj-table or mj-raw"
            self._complain(token.start, f"expected a tag of MJML, got <{token.name}>", hint)
            return False
        if parent is not None and parent in CHILDREN and not fits(token.name, parent):
            takes = ", ".join(CHILDREN[parent]) or "no other"
            self._complain(
                token.start, f"expected no <{token.name}> in <{parent}>, got one", f"{parent} takes {takes}"
            )
        return True

    def _check_attributes(self, token: _Token) -> None:
        """Note attributes that MJML passes over, that are not quoted, or that cannot be Liquid."""
        start, end = token.attributes
        source = self._text.source
        for found in _ATTRIBUTE.finditer(_masked(source[start:end])):
            name, value = found[1], found[2]
            at = start + found.start()
            if _MASK in name:
                self._complain(
                    at,
                    "expected Liquid inside the quotes of an attribute, got it between attributes",
                    'write align="{{ side }}", or {% if %} around two tags',
                )
                return
            if value is None or value[0] not in "\"'":
                self._complain(at, f"expected quotes around the value of {name}, got none", f'{name}="…"')
            elif _MASK in value and name in FIXED_ATTRIBUTES:
                self._complain(
                    at,
                    f"expected a fixed {name}, got Liquid: MJML reckons with it before anything is sent",
                    "write the value itself, or {% if %} around two tags",
                )
            elif name not in ATTRIBUTES and token.name not in ("mj-all", "mj-class"):
                near = nearest(name, ATTRIBUTES)
                self._findings.warning(
                    self._text.at(at),
                    f"expected an attribute of MJML, got {name}, which MJML passes over",
                    hint=f"did you mean {near}?" if near else "styles of your own go into mj-style",
                    code="mjml-attribute",
                )

    def _leave(self, token: _Token) -> None:
        if self._is_lost:
            return
        if self._open and self._is_in_the_dark and token.name in CHILDREN:
            # It closes what was misspelt where it opened.
            self._open.pop()
            return
        if not self._open or self._open[-1].name != token.name:
            opened = f"</{self._open[-1].name}>" if self._open else "no closing tag"
            self._complain(token.start, f"expected {opened}, got </{token.name}>", "close what is opened")
            # What follows from this one fault would only be noise.
            self._is_lost = True
            self._open.clear()
            return
        left = self._open.pop()
        if left.name in NOTHING_INSIDE and self._text.source[left.end : token.start].strip():
            self._complain(
                left.start, f"expected nothing inside <{left.name}>, got something", "close it at once"
            )

    def _pass(self, token: _Token) -> None:
        """Note Liquid between tags where the compiler has no place for it."""
        self._calls[token.start] = self._parent
        if self._parent in CHILDREN and self._parent not in TAKES_LIQUID:
            self._complain(
                token.start,
                f"expected no Liquid directly in <{self._parent}>, got some",
                f"it may stand in {', '.join(sorted(TAKES_LIQUID))}, and within words",
            )

    def _complain(self, at: int, message: str, hint: str) -> None:
        self._is_right = False
        self._findings.error(self._text.at(at), message, hint=hint, code="mjml")


def _short(piece: str) -> str:
    line = " ".join(piece.split())
    return line if len(line) <= 40 else f"{line[:39]}…"
