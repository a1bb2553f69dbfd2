"""Templates: messages in Liquid, by channel and locale, checked and made ready to be rendered.

A mail is ``templates/<name>.mjml`` or ``.html``: a block between ``---`` lines with its subject and perhaps
a preheader, then Liquid in MJML or HTML; ``<name>.txt`` beside it is the plain text, which is otherwise
derived. ``<name>.sms.txt`` is the same as a text message, ``<name>.push.txt`` as a push notification, with
its title between ``---`` lines. ``<name>.<locale>.mjml`` is it in another language. The law: whatever
renders a template uses the environments of ``liquid_environment``, so a template that was checked renders.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from liquid.exceptions import LiquidError

from upsell.decisions.reach import EMAIL, PUSH
from upsell.ids import digest
from upsell.journeys.workflow import Content
from upsell.workspace.documents import Documents
from upsell.workspace.findings import Findings, Place
from upsell.workspace.liquid_environment import html_environment, text_environment
from upsell.workspace.liquid_text import LiquidText
from upsell.workspace.mjml import check_mjml, compile_mjml
from upsell.workspace.partials import At, Partials
from upsell.workspace.plain_text import plain_text, trimmed
from upsell.workspace.preheaders import with_preheader
from upsell.workspace.template_checks import Checked, Checker, Scopes
from upsell.workspace.template_files import (
    HTML,
    MJML,
    TEXT,
    Texts,
    check_push_link,
    find_templates,
    read_head,
)


class Templates(msgspec.Struct, frozen=True):
    """The templates of a workspace.

    Attributes:
        contents: Those without problems, by name.
        names: The channels each is written for, also with problems, by name.
        variables: The first names of the variables each uses, by name.
    """

    contents: Mapping[str, Content] = {}
    names: Mapping[str, frozenset[str]] = {}
    variables: Mapping[str, frozenset[str]] = {}


def compile_templates(
    documents: Documents,
    locale: str,
    scopes: Scopes,
    lists: Mapping[str, frozenset[str]],
    findings: Findings,
) -> Templates:
    """Parse and check every template of the workspace.

    Args:
        documents: The workspace.
        locale: The locale in which a template is written whose file names none.
        scopes: What templates may name.
        lists: What each of the variables that are lists has fields for, to be held to in loops.
        findings: Where problems are noted.
    """
    found = find_templates(documents, locale, findings)
    checker = Checker(scopes, lists, findings)
    compiler = _Compiler(documents, locale, checker, findings)
    names = {name: frozenset(_channels(by_locale)) for name, by_locale in found.items()}
    contents: dict[str, Content] = {}
    variables: dict[str, frozenset[str]] = {}
    compiler.read(found)
    for name, by_locale in found.items():
        ready = {each: compiler.content(name, each) for each in by_locale}
        own = ready.pop("", None)
        others = {each: content for each, content in sorted(ready.items()) if content is not None}
        if own is not None and len(others) == len(ready):
            contents[name] = msgspec.structs.replace(own, locales=others) if others else own
            variables[name] = frozenset().union(*(compiler.variables(name, each) for each in by_locale))
    compiler.partials.check_rest()
    return Templates(contents, names, variables)


def _channels(by_locale: Mapping[str, Texts]) -> set[str]:
    return {channel for texts in by_locale.values() for channel in texts.paths}


class _Piece(msgspec.Struct, frozen=True):
    """One text of a template: the part of its content, its Liquid, how its file ends, and what it names."""

    part: str
    text: LiquidText
    kind: str
    checked: Checked


class _Compiler:
    """Makes the contents of templates."""

    def __init__(self, documents: Documents, locale: str, checker: Checker, findings: Findings) -> None:
        self.partials = Partials(documents, locale, checker, findings)
        self._documents = documents
        self._checker = checker
        self._findings = findings
        self._pieces: dict[tuple[str, str], list[_Piece] | None] = {}

    def read(self, found: Mapping[str, Mapping[str, Texts]]) -> None:
        """Read the texts of every template, so that it is known what partials are given."""
        self.partials.learn()
        for name, by_locale in found.items():
            for locale, texts in by_locale.items():
                pieces = self._read(texts)
                self._pieces[name, locale] = pieces
                for piece in pieces or ():
                    self.partials.note_given(piece.checked)

    def variables(self, name: str, locale: str) -> frozenset[str]:
        """Give the first names of the variables a template uses in a locale."""
        return frozenset().union(*(piece.checked.names for piece in self._pieces[name, locale] or ()))

    def content(self, name: str, locale: str) -> Content | None:
        """Make the content of a template in a locale; None, noted, when something is wrong with it."""
        pieces = self._pieces[name, locale]
        if pieces is None:
            return None
        said: dict[str, str] = {}
        is_plain = True
        for piece in pieces:
            source = self._written_out(piece, locale)
            if source is None:
                return None
            is_plain &= source == piece.text.source and piece.kind != MJML and piece.part != "preheader"
            said[piece.part] = source
        return self._finished(name, pieces, said, is_plain=is_plain)

    def _written_out(self, piece: _Piece, locale: str) -> str | None:
        """Give a text with its partials written out, checked as MJML where it is."""
        outline = None
        if piece.kind == MJML:
            outline = check_mjml(piece.text, self._findings, is_partial=False)
            if outline is None:
                return None
        source = self.partials.write_out(piece.text, piece.checked, outline, At(piece.kind, locale))
        if source is None:
            return None
        if outline is not None and not self.partials.check_places(piece.text, piece.checked, outline, locale):
            return None
        return source

    def _finished(
        self, name: str, pieces: list[_Piece], said: dict[str, str], *, is_plain: bool
    ) -> Content | None:
        """Compile MJML, derive the plain text, put the preheader in, and see that all of it parses."""
        written = (
            "" if is_plain else digest("content", *(f"{part}\n{text}" for part, text in sorted(said.items())))
        )
        mail = next((piece for piece in pieces if piece.part == "html"), None)
        if mail is not None:
            if mail.kind == MJML:
                html = compile_mjml(
                    LiquidText(mail.text.file, said["html"], mail.text.offset, is_html=True), self._findings
                )
                if html is None:
                    return None
                said["html"] = html
            if "text" not in said:
                derived = plain_text(said["html"])
                said["text"] = derived if is_plain else trimmed(derived)
            if "preheader" in said:
                said["html"] = with_preheader(said["html"], said["preheader"])
        content = msgspec.structs.replace(Content(name, written=written), **said)
        return content if self._parses(pieces, said) else None

    def _parses(self, pieces: list[_Piece], said: Mapping[str, str]) -> bool:
        """Tell whether what was put together is Liquid; each of its parts was already."""
        for part, source in said.items():
            environment = html_environment() if part == "html" else text_environment()
            try:
                environment.from_string(source)
            except LiquidError as error:
                piece = next((each for each in pieces if each.part == part), pieces[0])
                self._findings.error(
                    piece.text.at(0),
                    f"the Liquid cannot be read with its partials: {error.message}",
                    hint="open and close every tag in one file, and write {% render %} by itself",
                    code="liquid-syntax",
                )
                return False
        return True

    def _read(self, texts: Texts) -> list[_Piece] | None:
        """Read and check the texts of one template in one locale; None when one cannot be read."""
        pieces: list[_Piece] = []
        is_right = True
        for channel, path in texts.paths.items():
            written = self._texts(channel, path, texts.plain)
            is_right &= written is not None
            for part, text, kind in written or ():
                checked = self._checker.check(text)
                is_right &= checked is not None
                if checked is not None:
                    pieces.append(_Piece(part, text, kind, checked))
        return pieces if is_right else None

    def _texts(self, channel: str, path: str, plain: str | None) -> list[tuple[str, LiquidText, str]] | None:
        """Give the texts of one channel: the part of the content, the Liquid, and how its file ends."""
        source = self._documents[path]
        if channel == EMAIL:
            kind = MJML if path.endswith(MJML) else HTML
            head = read_head(
                path, source, needed="subject", others=("preheader",), is_html=True, findings=self._findings
            )
            if head is None:
                return None
            beside = [] if plain is None else [("text", LiquidText(plain, self._documents[plain]), TEXT)]
            said = [(part, text, TEXT) for part, text in head.said.items()]
            return [*said, ("html", head.rest, kind), *beside]
        if channel == PUSH:
            head = read_head(
                path, source, needed="title", others=("link",), is_html=False, findings=self._findings
            )
            if head is None or not check_push_link(head.said.get("link"), self._findings):
                return None
            link = [("push_link", head.said["link"], TEXT)] if "link" in head.said else []
            return [("push_title", head.said["title"], TEXT), *link, ("push", head.rest, TEXT)]
        if not source.strip():
            self._findings.error(
                Place(path), "expected what the text message says, got nothing", code="empty"
            )
            return None
        return [(channel, LiquidText(path, source.strip()), TEXT)]
