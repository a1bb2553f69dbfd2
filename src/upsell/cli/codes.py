"""Codes as text: the page of one, and the reference pages of all.

The workspace knows the pages of its own complaints, and sources those of a mapping; here they are one list.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from upsell.channels.sinks.codes import OF_SINKS
from upsell.errors import ConfigError, nearest
from upsell.sources.codes import OF_SOURCES
from upsell.sources.codes import PAGES as OF_A_MAPPING
from upsell.workspace.codes import (
    catalog,
    experiments,
    files,
    hours,
    rules,
    steps,
    templates,
    terms,
    workflows,
)
from upsell.workspace.codes.page import Page, Subject
from upsell.workspace.codes.registry import PAGES as OF_A_WORKSPACE

PAGES: Final[Mapping[str, Page]] = {**OF_A_WORKSPACE, **OF_A_MAPPING, **OF_SOURCES, **OF_SINKS}
"""Every page by its code."""

_WIDTH = 100

_GENERATED = (
    "<!-- Written by `python docs/reference/write.py`; change the pages in the source, not this page. -->"
)

_LINTS_HEAD = """\
# Warnings

A workspace with warnings can be applied. `upsell check` prints them with their codes, `upsell check
--explain CODE` prints the page of one, and `upsell plan` and `upsell apply` say how many stand; `upsell
check --strict` ends with exit code 1 where one does. One that a team has looked at and lets stand is
[waived](../guides/waivers.md), with its reason. What stops a workspace is under [errors](errors.md).

The examples stand in a workspace that is otherwise in order, in the place of its own keys; tests run them.
"""

_ERRORS_HEAD = """\
# Errors

What stops a workspace, or a [mapping](mapping.md), by its code. `upsell check --explain CODE` prints the
same. What may stay is under [warnings](lints.md).

The examples stand in a workspace that is otherwise in order, in the place of its own keys; tests run them.
"""

_GROUPS: Final[Mapping[str, Iterable[Page]]] = {
    "Files and names": files.PAGES,
    "Workflows and policy": workflows.PAGES,
    "Experiments, layers and control": experiments.PAGES,
    "Steps and segments": steps.PAGES,
    "Contact hours": hours.PAGES,
    "The catalog": catalog.PAGES,
    "Discounts, paths and peers": terms.PAGES,
    "Rules and templates": (*rules.PAGES, *templates.PAGES),
    "Mappings": tuple(OF_A_MAPPING.values()),
    "Sources": tuple(OF_SOURCES.values()),
    "Sinks": tuple(OF_SINKS.values()),
}


def explained(code: str) -> str:
    """Give the page of a code, as Markdown.

    Raises:
        ConfigError: There is no such code.
    """
    page = PAGES.get(code)
    if page is None:
        near = nearest(code, PAGES)
        advice = f"did you mean {near}?" if near else "check prints it in brackets behind each problem"
        msg = f"expected the code of a problem, got {code}; {advice}"
        raise ConfigError(msg)
    return f"{_section(page, '#')}\nIn the documents: {reference_of(code)}"


def reference_of(code: str) -> str:
    """Give where the page of a code stands among the documents."""
    return f"docs/reference/{'lints' if PAGES[code].is_lint else 'errors'}.md#{code}"


def lints_page() -> str:
    """Give the reference page of the warnings."""
    return "\n".join(
        [_GENERATED, "", _LINTS_HEAD, *(_section(page, "##") for page in PAGES.values() if page.is_lint)]
    )


def errors_page() -> str:
    """Give the reference page of the errors."""
    parts = [_GENERATED, "", _ERRORS_HEAD]
    for title, pages in _GROUPS.items():
        parts += [f"## {title}\n", *(_section(page, "###") for page in pages if not page.is_lint)]
    return "\n".join(parts)


def _section(page: Page, level: str) -> str:
    """Write one page."""
    parts = [f"{level} {page.code}", _wrapped(page.meaning)]
    parts += [_wrapped(f"**Why.** {page.why}")] if page.why else []
    parts += [_wrapped(f"**What to do.** {page.remedy}")]
    parts += [_wrapped(f"**Source.** {page.source}")] if page.source else []
    parts += [_wrapped(f"**Waived** {_waived(page.waived_in)}")] if page.is_lint else []
    if page.wrong:
        parts += ["Wrong:", _fenced(page.wrong), "Right:", _fenced(page.right)]
    return "\n\n".join(parts) + "\n"


def _waived(subject: Subject | None) -> str:
    """Say what a waiver is written in."""
    match subject:
        case Subject.WORKFLOW:
            return "in the workflow's file."
        case Subject.OFFER:
            return "in the offer, in `catalog.yaml`."
        case None:
            return "nowhere: it is put right in less time than a reason is written."


def _wrapped(text: str) -> str:
    return "\n".join(_lines(text))


def _lines(text: str) -> Iterator[str]:
    yield from textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _fenced(example: str) -> str:
    language = "yaml" if all(file.endswith(".yaml") for file in _files(example)) else "text"
    return f"```{language}\n{example}```"


def _files(example: str) -> Iterator[str]:
    return (line[2:] for line in example.split("\n") if line.startswith("# "))
