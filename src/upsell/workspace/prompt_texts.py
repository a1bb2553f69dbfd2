"""Prompt texts: the words of a prompt, checked and made ready to be rendered.

``templates/<name>.prompt.yaml`` is the text of the prompts that name it as their content, and
``<name>.<locale>.prompt.yaml`` the same in another language; every value is Liquid. The law: a text says
what it likes but what is paid, which the terms say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final

import msgspec

from upsell.decisions.reach import PROMPT
from upsell.journeys.workflow import Content, PromptLink, PromptText
from upsell.workspace import scalars
from upsell.workspace.documents import TEMPLATES, Documents
from upsell.workspace.findings import Findings, Place
from upsell.workspace.items import Leaf, Record
from upsell.workspace.liquid_text import LiquidText
from upsell.workspace.nodes import compose
from upsell.workspace.reading import Reader
from upsell.workspace.shapes import Key, ListOf, MapOf, RecordOf, Scalar
from upsell.workspace.template_checks import Checked, Checker, Scopes
from upsell.workspace.template_files import PROMPT_TEXT, has_default, read_name

MOST_PARAGRAPHS: Final = 6
"""How many paragraphs a text may have: more are not read."""

_PLACE: Final = re.compile(r"https?://[^\s/?#@\\{}]+([/?#][^\s]*)?|/([^/\\\s][^\s]*)?")


def link_place(text: str) -> str | None:
    """Give where a link may lead, without what stands around it; None of another scheme or no place.

    What leads there must stand before any Liquid, so that no trait can choose the host.
    """
    said = text.strip()
    fixed = said.partition("{{")[0].partition("{%")[0]
    return said if _PLACE.fullmatch(fixed) and len(said) <= 2_000 else None


_LINK: Final = Scalar(
    "link",
    "a web address such as https://acme.example/plans, or a path such as /plans",
    link_place,
    {"type": "string", "pattern": r"^(https?://[^\s/?#@\\{}]|/([^/\\\s]|$))"},
)
PROMPT_SHAPE: Final = RecordOf(
    {
        "title": Key(scalars.TEXT, "its heading", True),
        "paragraphs": Key(
            ListOf(scalars.TEXT), "what it says; without it the reason of the offer and what it adds"
        ),
        "accept": Key(scalars.TEXT, "the button that accepts; the price is put behind it"),
        "later": Key(scalars.TEXT, "the button for not now"),
        "never": Key(scalars.TEXT, "the button for never"),
        "link": Key(
            RecordOf(
                {
                    "label": Key(scalars.TEXT, "what the link says", True),
                    "url": Key(_LINK, "where it leads; Liquid behind the host", True),
                }
            ),
            "a link beside the buttons",
        ),
        "reasons": Key(
            MapOf(scalars.TEXT, "reason", scalars.SIGNAL_NAME, least=1),
            "what may speak against the offer: as it is told, and as it is said",
        ),
    }
)


class PromptTexts(msgspec.Struct, frozen=True):
    """The prompt texts of a workspace.

    Attributes:
        contents: Those without problems, by name.
        variables: The first names of the variables each uses, by name; of all that are written.
    """

    contents: Mapping[str, Content] = {}
    variables: Mapping[str, frozenset[str]] = {}


def compile_prompt_texts(
    documents: Documents,
    locale: str,
    scopes: Scopes,
    lists: Mapping[str, frozenset[str]],
    findings: Findings,
) -> PromptTexts:
    """Read and check every prompt text of the workspace; arguments as of ``compile_templates``."""
    # Links are made for one letter and one reader; a page has its own ways.
    known = {name: fields for name, fields in scopes.items() if name != "links"}
    checker = Checker(known, lists, findings)
    contents: dict[str, Content] = {}
    variables: dict[str, frozenset[str]] = {}
    for name, by_locale in _find(documents, locale, findings).items():
        if not has_default(
            name, {each: {PROMPT: path} for each, path in by_locale.items()}, locale, findings
        ):
            continue
        read = {each: _read(path, documents[path], checker, findings) for each, path in by_locale.items()}
        variables[name] = frozenset().union(*(names for _, names in read.values()))
        texts = {each: text for each, (text, _) in read.items() if text is not None}
        if len(texts) == len(read):
            own = Content(name, prompt=texts.pop(""))
            others = {each: Content(name, prompt=text) for each, text in sorted(texts.items())}
            contents[name] = msgspec.structs.replace(own, locales=others)
    return PromptTexts(contents, variables)


def with_prompt(content: Content | None, prompt: Content) -> Content:
    """Give a template with the prompt text of the same name."""
    if content is None:
        return prompt
    locales = {
        each: with_prompt(content.locales.get(each), prompt.locales[each])
        if each in prompt.locales
        else content.locales[each]
        for each in sorted({*content.locales, *prompt.locales})
    }
    return msgspec.structs.replace(content, prompt=prompt.prompt, locales=locales)


class _Value(LiquidText, frozen=True):
    """A value of a file, with where it begins: YAML does not tell where each of its characters stands."""

    place: Place = Place("")

    def at(self, index: int) -> Place:  # noqa: ARG002  # as of any Liquid
        """Give where the value begins."""
        return self.place


def _find(documents: Documents, default: str, findings: Findings) -> dict[str, dict[str, str]]:
    """Give the path of each text by its name and locale; the ``default`` locale is ``""``."""
    found: dict[str, dict[str, str]] = {}
    for path in documents:
        parts = PurePosixPath(path)
        if parts.parent == PurePosixPath(TEMPLATES) and parts.name.endswith(PROMPT_TEXT):
            named = read_name(parts, PROMPT_TEXT, default, findings)
            if named is not None:
                name, locale = named
                if locale in found.setdefault(name, {}):
                    findings.error(
                        Place(path),
                        f"expected one file for a locale, got {path} and {found[name][locale]}",
                        hint="keep the one that is meant",
                        code="file-name",
                    )
                found[name][locale] = path
    return found


def _read(
    path: str, source: str, checker: Checker, findings: Findings
) -> tuple[PromptText | None, frozenset[str]]:
    """Read one text and hold it to its names: it, None where something is wrong, and the names."""
    before = len(findings)
    node = compose(path, source, findings)
    if node is None:
        if len(findings) == before:
            findings.error(Place(path), "expected the key title, got an empty file", code="missing-key")
        return None, frozenset()
    record = Reader(path, {}, findings).read(node, PROMPT_SHAPE)
    if not isinstance(record, Record):
        return None, frozenset()
    _check_length(record, findings)
    checked = [_check(leaf, checker, findings) for leaf in _leaves(record)]
    names = frozenset().union(*(each.names for each in checked if each is not None))
    return _text(record), names


def _check(leaf: Leaf, checker: Checker, findings: Findings) -> Checked | None:
    checked = checker.check(_Value(leaf.place.file, leaf.text, place=leaf.place))
    if checked is not None and checked.calls:
        findings.error(
            leaf.place,
            f"expected the words themselves, got the partial {checked.calls[0].partial}",
            hint="prompts are short and use no partials",
            code="unknown-partial",
        )
    return checked


def _check_length(record: Record, findings: Findings) -> None:
    count = len(record.each("paragraphs"))
    if count > MOST_PARAGRAPHS:
        findings.error(
            record.keys["paragraphs"],
            f"expected at most {MOST_PARAGRAPHS} paragraphs, got {count}",
            hint="say what helps, and let the link lead to the rest",
            code="too-large",
        )


def _leaves(record: Record) -> Iterator[Leaf]:
    """Give every value of a text."""
    for key in ("title", "paragraphs", "accept", "later", "never"):
        yield from record.leaves(key)
    for _, inner in record.records():
        for key in inner.items:
            yield from inner.leaves(key)


def _text(record: Record) -> PromptText:
    link, reasons = record.record("link"), record.record("reasons")
    return PromptText(
        title=record.text("title"),
        paragraphs=tuple(leaf.text for leaf in record.leaves("paragraphs")),
        accept=record.text("accept"),
        later=record.text("later"),
        never=record.text("never"),
        link=PromptLink(link.text("label"), link.text("url")) if link is not None else None,
        reasons={key: reasons.text(key) for key in reasons.items} if reasons is not None else {},
    )
