"""Definitions: the files ``sinks/*.yaml`` of a workspace, read to sinks.

The law: sinks are given only when nothing is wrong with any of their files, and everything that is wrong is
told at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from upsell.channels.border import BorderError, read_border
from upsell.channels.sinks.definition import Definition
from upsell.channels.sinks.sorts import SHAPE, SORTS
from upsell.workspace.compile import check_text
from upsell.workspace.documents import SINKS, Documents
from upsell.workspace.files import File
from upsell.workspace.findings import Findings
from upsell.workspace.named_files import is_named, read_record

SINK_FILE: Final = File(
    "sinks/*.yaml",
    "A place each to which events go, of the sort that one of its keys tells; the file's name is its name.",
    SHAPE,
)
"""What kind of file it is."""


def read_sinks(documents: Documents) -> Mapping[str, Definition]:
    """Read the sinks of documents, by name; empty where there are none.

    Raises:
        DefinitionError: Something is wrong with them; carries every problem found.
    """
    findings = Findings()
    sinks = find_sinks(documents, findings)
    findings.settle()
    return sinks


def find_sinks(documents: Documents, findings: Findings) -> dict[str, Definition]:
    """Read the sinks of documents, noting what is wrong."""
    sinks: dict[str, Definition] = {}
    for path, text in sorted(documents.items()):
        parts = PurePosixPath(path)
        if len(parts.parts) != 2 or parts.parts[0] != SINKS or not is_named(parts, "sink", findings):
            continue
        before = len(findings)
        check_text(path, text, findings)
        found = _read(path, parts.stem, text, findings) if len(findings) == before else None
        if found is not None:
            sinks[parts.stem] = found
    return sinks


def _read(file: str, name: str, text: str, findings: Findings) -> Definition | None:
    before = len(findings)
    read = read_record(file, text, SHAPE, SORTS, findings)
    if read is None:
        return None
    sort = next(sort for key, sort in SORTS.items() if read.has(key))
    found = sort.read(name, read, findings) if len(findings) == before else None
    if found is None or len(findings) > before:
        return None
    try:
        _EVERYWHERE.check(found.where)
    except BorderError as error:
        findings.error(found.place, str(error), code="sink-url")
        return None
    return found


_EVERYWHERE: Final = read_border("0.0.0.0/0, ::/0, localhost")
"""Which addresses are allowed is a setting of where it runs; what can never do is said at once."""
