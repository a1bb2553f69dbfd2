"""Partials: pieces that several templates share, written out where they are used.

A partial is ``templates/partials/<name>.mjml``, ``.html`` or ``.txt``, also by locale, used by
``{% render 'name', key: value %}``. It sees what it is given and what every template may name, nothing
else of the text around it. The law: a template holds its partials, so it is frozen with them.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from upsell.workspace.documents import PARTIALS, Documents
from upsell.workspace.findings import Findings
from upsell.workspace.liquid_text import LiquidText
from upsell.workspace.locales import fallbacks
from upsell.workspace.mjml import Outline, check_mjml, fits
from upsell.workspace.template_checks import Call, Checked, Checker
from upsell.workspace.template_files import HTML, MJML, TEXT, find_partials

_RENDER = re.compile(
    r"\{%(?P<left>-?)\s*render\s+(?P<call>(?P<q>['\"])(?P<name>[^'\"]*)(?P=q).*?)(?P<right>-?)%\}", re.DOTALL
)
_DEEPEST: Final = 20
_LARGEST: Final = 1_000_000


class At(msgspec.Struct, frozen=True):
    """Where a text stands that uses partials.

    Attributes:
        kind: How its file ends. In MJML, a partial between tags is MJML too, and one within words is HTML.
        locale: In which locale it is written, ``""`` for the workspace's.
        within: The partials it stands in, outermost first.
    """

    kind: str
    locale: str
    within: tuple[str, ...] = ()


class _Read(msgspec.Struct, frozen=True):
    """A partial that was read: its text, what it names, and as MJML what stands in it."""

    text: LiquidText
    checked: Checked
    outline: Outline | None


class Partials:
    """The partials of a workspace, each checked once."""

    def __init__(self, documents: Documents, default: str, checker: Checker, findings: Findings) -> None:
        """Find them; those that no template uses are checked at the end, by ``check_rest``."""
        self._documents = documents
        self._paths = find_partials(documents, default, findings)
        self._names = frozenset(name for name, _, _ in self._paths)
        self._default = default
        self._checker = checker
        self._findings = findings
        self._given: dict[str, set[str]] = {}
        self._read: dict[str, _Read | None] = {}
        self._written: dict[tuple[str, str], str | None] = {}

    def note_given(self, checked: Checked) -> None:
        """Remember what partials are given, before any of them is checked."""
        for call in checked.calls:
            self._given.setdefault(call.partial, set()).update(call.given)

    def learn(self) -> None:
        """Read what partials give to one another; their faults are told when they are checked."""
        quiet = Checker(self._checker.scopes, {}, Findings())
        for (_, _, ending), path in self._paths.items():
            read = quiet.read(_text(path, self._documents[path], ending))
            for call in read[2] if read is not None else ():
                self._given.setdefault(call.partial, set()).update(call.given)

    def check_rest(self) -> None:
        """Check the partials that no template uses."""
        for (name, _, ending), path in self._paths.items():
            self._partial(name, path, ending)

    def write_out(self, text: LiquidText, checked: Checked, outline: Outline | None, place: At) -> str | None:
        """Give a text with its partials written out; None, noted, where one is missing or does not fit.

        ``outline`` is that of MJML, None for other texts.
        """
        written: dict[int, str] = {}
        bare: set[int] = set()
        own = checked.bound.union(self._given.get(place.within[-1], ()) if place.within else ())
        is_right = True
        for call in checked.calls:
            kind = place.kind
            if outline is not None and call.index not in outline.calls:
                kind = HTML
            inner = self._write_out_call(text, call, msgspec.structs.replace(place, kind=kind))
            is_right &= inner is not None
            written[call.index] = inner or ""
            if not call.given and self._is_the_same_anywhere(call.partial, kind, place.locale, own):
                bare.add(call.index)
        if not is_right:
            return None

        def put(found: re.Match[str]) -> str:
            if found.start() not in written:  # within a comment, where nothing is called
                return found[0]
            if found.start() in bare and not (found["left"] or found["right"]):
                return written[found.start()]
            opening = f"{{%{found['left']} within {found['call'].strip()} %}}"
            return f"{opening}{written[found.start()]}{{% endwithin {found['right']}%}}"

        source = _RENDER.sub(put, text.source)
        if len(source) > _LARGEST:
            self._findings.error(
                text.at(0),
                f"expected at most {_LARGEST:,} characters with partials, got more",
                code="too-large",
            )
            return None
        return source

    def check_places(self, text: LiquidText, checked: Checked, outline: Outline, locale: str) -> bool:
        """Note partials of MJML that do not fit where a template uses them; tell whether all do."""
        is_right = True
        for call in checked.calls:
            parent = outline.calls.get(call.index)
            read = self._found(call.partial, MJML, locale)
            if parent is None or read is None:
                continue
            wrong = next((name for name in self._tops(read, locale, ()) if not fits(name, parent)), None)
            if wrong is not None:
                is_right = False
                self._findings.error(
                    text.at(call.index),
                    f"expected a partial that fits into <{parent}>, got {call.partial} with <{wrong}>",
                    hint=f"use it where <{wrong}> may stand",
                    code="mjml",
                )
        return is_right

    def _is_the_same_anywhere(self, name: str, kind: str, locale: str, own: frozenset[str]) -> bool:
        """Tell whether a partial says the same without a scope of its own, which takes time to make.

        So it is where it gives no names values, and the text around it none of the names it uses.
        """
        read = self._found(name, kind, locale)
        if read is None:
            return False
        return not (read.checked.calls or read.checked.bound or read.checked.names & own)

    def _tops(self, read: _Read, locale: str, within: tuple[str, ...]) -> tuple[str, ...]:
        """Give the tags at the top of a partial, those of partials at its top among them."""
        if read.outline is None or len(within) > _DEEPEST:
            return ()
        tops = list(read.outline.tops)
        for call in read.checked.calls:
            inner = self._found(call.partial, MJML, locale)
            if read.outline.calls.get(call.index, "") is None and inner is not None:
                tops += self._tops(inner, locale, (*within, call.partial))
        return tuple(tops)

    def _write_out_call(self, text: LiquidText, call: Call, place: At) -> str | None:
        name, given = call.partial, call.given
        if name in place.within or len(place.within) >= _DEEPEST:
            way = " → ".join((*place.within, name))
            self._findings.error(
                text.at(call.index),
                f"expected partials that come to an end, got {way}",
                hint="a partial cannot use itself, also not by way of another",
                code="recursive-partial",
            )
            return None
        read = self._found(name, place.kind, place.locale)
        if read is None:
            if self._path(name, place.kind, place.locale) is None:
                self._note_unknown(text, call, place.kind)
            return None
        lacking = sorted(read.checked.needed - given - self._checker.scopes.keys())
        if lacking:
            self._findings.error(
                text.at(call.index),
                f"expected {', '.join(lacking)} for the partial {name}, got "
                f"{', '.join(sorted(given)) or 'nothing'}",
                hint=f"{{% render '{name}', {lacking[0]}: … %}}, or ask with {{% if {lacking[0]} %}} in "
                f"{read.text.file}",
                code="partial-value",
            )
            return None
        key = (read.text.file, place.locale)
        if key not in self._written:
            inside = msgspec.structs.replace(place, within=(*place.within, name))
            self._written[key] = self.write_out(read.text, read.checked, read.outline, inside)
        return self._written[key]

    def _note_unknown(self, text: LiquidText, call: Call, kind: str) -> None:
        """Note a partial that is not there, or only for another kind of text."""
        name, at = call.partial, text.at(call.index)
        if name not in self._names:
            usable = {name for name, _, ending in self._paths if ending == kind}
            self._findings.unknown(at, "partial", name, usable, f"{PARTIALS}/")
            return
        self._findings.error(
            at,
            f"expected {PARTIALS}/{name}{kind}, got {name} of another kind or language only",
            hint="between tags of MJML stand partials that end in .mjml, in HTML and in the words of MJML "
            ".html, in subjects and texts .txt",
            code="unknown-partial",
        )

    def _found(self, name: str, kind: str, locale: str) -> _Read | None:
        path = self._path(name, kind, locale)
        return self._partial(name, path, kind) if path is not None else None

    def _path(self, name: str, kind: str, locale: str) -> str | None:
        """Give the file of a partial of a kind, in a locale or what it falls back to."""
        wanted = [each if each != self._default else "" for each in fallbacks((locale,), self._default)]
        return next((path for each in wanted if (path := self._paths.get((name, each, kind)))), None)

    def _partial(self, name: str, path: str, ending: str) -> _Read | None:
        """Read and check a partial, once."""
        if path not in self._read:
            text = _text(path, self._documents[path], ending)
            checked = self._checker.check(text, frozenset(self._given.get(name, ())))
            is_mjml = checked is not None and ending == MJML
            outline = check_mjml(text, self._findings, is_partial=True) if is_mjml else None
            is_right = checked is not None and (ending != MJML or outline is not None)
            self._read[path] = _Read(text, checked, outline) if is_right and checked is not None else None
        return self._read[path]


def _text(path: str, source: str, ending: str) -> LiquidText:
    # What stands in the middle of another text brings no line end of its own.
    return LiquidText(path, source.rstrip("\n"), is_html=ending != TEXT)
