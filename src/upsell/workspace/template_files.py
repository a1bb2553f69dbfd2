"""The files of templates: which name, locale and channel each has, and what stands at its head.

The law: the name of a file says all of it, ``<name>[.<locale>].<ending>``, and a file that is read by
nothing is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

import msgspec

from upsell.decisions.reach import EMAIL, PROMPT, PUSH, SMS
from upsell.workspace.documents import PARTIALS, TEMPLATES, Documents
from upsell.workspace.findings import Findings, Place
from upsell.workspace.liquid_text import PIECE, LiquidText
from upsell.workspace.locales import find_locale
from upsell.workspace.nodes import shortened
from upsell.workspace.scalars import NAME

PROMPT_TEXT: Final = ".prompt.yaml"
"""How the file of a prompt's text ends; ``prompt_texts`` reads it."""

SUFFIXES: Final[Mapping[str, str]] = {EMAIL: ".mjml", SMS: ".sms.txt", PUSH: ".push.txt", PROMPT: PROMPT_TEXT}
"""How the file of a template ends, by the channel it is written for."""

MJML, HTML, TEXT = ".mjml", ".html", ".txt"

_ENDINGS: Final[Mapping[str, str]] = {".sms.txt": SMS, ".push.txt": PUSH, MJML: EMAIL, HTML: EMAIL}
_TAG = re.compile(r"\{%.*?%\}")
_PUSH_LINK = re.compile(r"\s*(?:https?://[^\s/?#@\\{}]+(?:[/?#]\S*.*)?|\{\{-?\s*links\.\w+\s*-?\}\}\s*)$")
_FRONT = re.compile(r"---[ \t]*\n(.*?\n)?---[ \t]*(?:\n|\Z)", re.DOTALL)


class Texts(msgspec.Struct, frozen=True):
    """The files of one template in one locale: the path by channel, and of the plain text beside a mail."""

    paths: Mapping[str, str] = {}
    plain: str | None = None


class Head(msgspec.Struct, frozen=True):
    """What stands at the head of a text, by its key, and the text after it."""

    said: Mapping[str, LiquidText]
    rest: LiquidText


def find_templates(
    documents: Documents, default: str, findings: Findings
) -> Mapping[str, Mapping[str, Texts]]:
    """Find the files of each template, by its name and its locale; the ``default`` locale is ``""``."""
    paths: dict[str, dict[str, dict[str, str]]] = {}
    for path in documents:
        parts = PurePosixPath(path)
        if parts.parent != PurePosixPath(TEMPLATES) or parts.name.endswith(PROMPT_TEXT):
            continue
        if parts.suffix not in {MJML, HTML, TEXT}:
            findings.warning(
                Place(path),
                f"expected templates that end in .mjml, .html, .txt or {PROMPT_TEXT}, got {parts.name}",
                hint="nothing reads this file",
                code="unread-file",
            )
            continue
        ending = next((each for each in _ENDINGS if parts.name.endswith(each)), TEXT)
        named = read_name(parts, ending, default, findings)
        if named is not None:
            name, locale = named
            channel = _ENDINGS.get(ending, TEXT)
            of_channel = paths.setdefault(name, {}).setdefault(locale, {})
            if channel in of_channel:
                findings.error(
                    Place(path),
                    f"expected one file for {channel}, got {path} and {of_channel[channel]}",
                    hint="keep the one that is meant",
                    code="file-name",
                )
            of_channel[channel] = path
    return {
        name: {locale: _texts(found, findings) for locale, found in by_locale.items()}
        for name, by_locale in paths.items()
        if has_default(name, by_locale, default, findings)
    }


def _texts(found: dict[str, str], findings: Findings) -> Texts:
    """Give the texts of one locale; a plain text beside no mail is told."""
    plain = found.pop(TEXT, None)
    if plain is not None and EMAIL not in found:
        stem = plain.removesuffix(TEXT)
        findings.error(
            Place(plain),
            f"expected {stem}{MJML} or {stem}{HTML} beside this file, got none",
            hint="that file holds the mail and its subject; .txt is its plain text",
            code="missing-file",
        )
    return Texts(found, plain)


def has_default(
    name: str, by_locale: Mapping[str, Mapping[str, str]], default: str, findings: Findings
) -> bool:
    """Tell whether a template is written in the workspace's own locale for every channel; note where not."""
    channels = {channel: path for found in by_locale.values() for channel, path in found.items()}
    has_all = True
    for channel, path in sorted(channels.items()):
        if channel not in by_locale.get("", {}) and channel != TEXT:
            suffix = SUFFIXES[channel]
            findings.error(
                Place(path),
                f"expected {TEMPLATES}/{name}{suffix} in {default}, as the workspace is, got this one alone",
                hint=f"write {TEMPLATES}/{name}{suffix}, for those of every other language; or locale: in "
                "upsell.yaml",
                code="missing-file",
            )
            has_all = False
    return has_all


def read_name(path: PurePosixPath, ending: str, default: str, findings: Findings) -> tuple[str, str] | None:
    """Read name and locale off a path, without its ending; None, noted, where it has no right ones."""
    name, dot, tag = path.name.removesuffix(ending).partition(".")
    if NAME.parse(name) is None:
        findings.error(Place(str(path)), f"expected {NAME.expected}, got {name}", code="file-name")
        return None
    locale = find_locale(tag) if dot else default
    if locale is None:
        findings.error(
            Place(str(path)),
            f"expected a locale such as de or pt-BR before {ending}, got {shortened(tag)}",
            hint="a language and perhaps a country, as the CLDR has them; names of templates have no dots",
            code="unknown-locale",
        )
        return None
    return name, "" if locale == default else locale


def find_partials(
    documents: Documents, default: str, findings: Findings
) -> Mapping[tuple[str, str, str], str]:
    """Find the path of each partial by its name, its locale and its ending."""
    found: dict[tuple[str, str, str], str] = {}
    for path in documents:
        parts = PurePosixPath(path)
        if parts.parent != PurePosixPath(PARTIALS):
            continue
        if parts.suffix not in {MJML, HTML, TEXT}:
            findings.warning(
                Place(path),
                f"expected partials that end in .mjml, .html or .txt, got {parts.name}",
                hint="nothing reads this file",
                code="unread-file",
            )
            continue
        named = read_name(parts, parts.suffix, default, findings)
        if named is not None:
            found[(*named, parts.suffix)] = path
    return found


def read_head(
    path: str, source: str, *, needed: str, others: tuple[str, ...], is_html: bool, findings: Findings
) -> Head | None:
    """Split a text into what stands at its head, such as a mail's subject, and the rest.

    The head is read line by line and not as YAML, to which Liquid's braces would mean something;
    quotes around the whole of a value are no part of it, as they would be none in YAML.
    """
    front = _FRONT.match(source)
    if front is None:
        findings.error(
            Place(path),
            f"expected the {needed} between two lines of --- at the head, got none",
            hint=f"begin the file with:\n---\n{needed}: Your plan at a glance\n---",
            code="front-matter",
        )
        return None
    said: dict[str, LiquidText] = {}
    is_right = True
    for line, text in enumerate((front[1] or "").splitlines(), start=2):
        key, colon, value = (part.strip() for part in text.partition(":"))
        if not text.strip():
            continue
        if not colon or key not in (needed, *others) or key in said or not value:
            keys = " or ".join(f"{each}:" for each in (needed, *others))
            findings.error(
                Place(path, line),
                f"expected {keys} and its text, once, got {shortened(text)}",
                hint=f"the head of a template has {_counted((needed, *others))}",
                code="front-matter",
            )
            is_right = False
        else:
            said[key] = LiquidText(path, _unquoted(value), line - 1)
    if needed not in said and is_right:
        findings.error(Place(path, 2), f"expected the key {needed}, got none", code="missing-key")
    if needed not in said or not is_right:
        return None
    lines = source.count("\n", 0, front.end())
    return Head(said, LiquidText(path, source[front.end() :], lines, is_html))


def check_push_link(link: LiquidText | None, findings: Findings) -> bool:
    """Tell whether a notification may lead where its head says; note where not.

    It leads to a web address whose host is written out, so that no trait can choose it, or to a link of ours.
    """
    if link is None or _PUSH_LINK.match(_TAG.sub("", link.source)):
        return True
    findings.error(
        link.at(0),
        f"expected a web address such as https://acme.example/usage, got {shortened(link.source)}",
        hint="write out its host, or let it be one of {{ links.offer }} and the other links of ours",
        code="front-matter",
    )
    return False


def _counted(keys: tuple[str, ...]) -> str:
    return f"one key, {keys[0]}" if len(keys) == 1 else f"the keys {' and '.join(keys)}"


def _unquoted(value: str) -> str:
    """Give a value without the pair of quotes around all of it."""
    quote, inner = value[0], value[1:-1]
    is_quoted = len(value) > 1 and quote in "'\"" and value.endswith(quote) and inner.strip() != ""
    return inner if is_quoted and quote not in PIECE.sub("", inner) else value
