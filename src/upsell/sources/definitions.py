"""Definitions: the files ``sources/*.yaml`` of a workspace, read to sources.

The law: sources are given only when nothing is wrong with any of their files, and everything that is wrong
is told at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from upsell.sources.definition import Definition
from upsell.sources.sort_keys import is_source, sorts_of
from upsell.sources.sorts import SHAPE, SORTS
from upsell.sources.source import NOBODYS
from upsell.sources.stripe.sold import read_sold
from upsell.sources.stripe.source import StripeDefinition
from upsell.workspace.compile import check_text
from upsell.workspace.documents import SOURCES, Documents
from upsell.workspace.files import File
from upsell.workspace.findings import Findings, Place
from upsell.workspace.named_files import is_named, read_record

SOURCE_FILE: Final = File(
    "sources/*.yaml",
    "A source of events each, told by its one key; the file's name is the source of its events.",
    SHAPE,
)
"""What kind of file it is."""

TAKEN_PATHS: Final = frozenset({"ses", "postmark", "sendgrid", "mailgun", "twilio"})
"""Paths under ``/hooks/`` by which providers of mail and texts are heard."""


def read_sources(documents: Documents) -> Mapping[str, Definition]:
    """Read the sources of documents, by name; empty where there are none.

    Raises:
        DefinitionError: Something is wrong with them; carries every problem found.
    """
    findings = Findings()
    sources = find_sources(documents, findings)
    findings.settle()
    return sources


def source_sorts(documents: Documents) -> Mapping[str, str]:
    """Give the sort of each source that is written by its name, also with problems; "" for none of them."""
    return {
        PurePosixPath(path).stem: next((key for key in sorts_of(path, text) if key in SORTS), "")
        for path, text in documents.items()
        if is_source(path)
    }


def read_source(file: str, name: str, text: str, findings: Findings) -> Definition | None:
    """Read the text of one source; what is wrong is noted, and then there is none."""
    before = len(findings)
    read = read_record(file, text, SHAPE, SORTS, findings)
    if read is None:
        return None
    for key, sort in SORTS.items():
        written = read.record(key)
        if written is not None:
            found = sort.read(name, written, findings)
            return found if len(findings) == before else None
    return None


def find_sources(documents: Documents, findings: Findings) -> dict[str, Definition]:
    """Read the sources of documents, noting what is wrong."""
    sources: dict[str, Definition] = {}
    for path, text in sorted(documents.items()):
        parts = PurePosixPath(path)
        if len(parts.parts) != 2 or parts.parts[0] != SOURCES:
            continue
        if not is_named(parts, "source", findings) or not _is_free(parts, findings):
            continue
        before = len(findings)
        check_text(path, text, findings)
        found = read_source(path, parts.stem, text, findings) if len(findings) == before else None
        if isinstance(found, StripeDefinition):
            found = found.selling(read_sold(documents), findings)
        if found is not None:
            sources[parts.stem] = found
    _check_paths(sources, findings)
    return sources


def _is_free(path: PurePosixPath, findings: Findings) -> bool:
    """Tell whether a file has a name that no other source has; else that is noted."""
    if path.stem not in NOBODYS and path.stem not in TAKEN_PATHS:
        return True
    findings.error(
        Place(str(path)),
        f"expected another name than {path.stem}: events that come in another way have that source",
        hint=f"call it otherwise, such as {path.stem}-events.yaml",
        code="source-name",
    )
    return False


def _check_paths(sources: Mapping[str, Definition], findings: Findings) -> None:
    """Note paths that lead to two things."""
    first: dict[str, str] = {}
    for name, source in sources.items():
        if source.path is None:
            continue
        other = "a mail provider" if source.path in TAKEN_PATHS else first.get(source.path)
        if other is not None:
            findings.error(
                source.place,
                f"expected a path of its own, got {source.path}, which leads to {other}",
                hint="write path: with another name, and tell the vendor the new address",
                code="source-path",
            )
        first.setdefault(source.path, f"sources/{name}.yaml")
