"""The whole of a workspace: the program, and what it is connected to on either side.

The law: a workspace is given only when nothing is wrong with any of its files, and everything that is wrong
is told at once.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upsell.channels.sinks.definition import Definition as SinkDefinition
from upsell.channels.sinks.definitions import find_sinks
from upsell.errors import DefinitionError
from upsell.sources.definition import Definition as SourceDefinition
from upsell.sources.definitions import find_sources
from upsell.workspace.compile import Compiled, compile_documents
from upsell.workspace.documents import Documents
from upsell.workspace.findings import Findings


class Whole(msgspec.Struct, frozen=True):
    """What documents compile to, and their sources and sinks by name."""

    compiled: Compiled
    sources: Mapping[str, SourceDefinition]
    sinks: Mapping[str, SinkDefinition]


def compile_whole(documents: Documents) -> Whole:
    """Compile documents to a program, and read their sources and sinks.

    Raises:
        DefinitionError: Something is wrong with any of these; carries every problem found.
    """
    findings = Findings()
    sources, sinks = find_sources(documents, findings), find_sinks(documents, findings)
    try:
        compiled = compile_documents(documents)
    except DefinitionError as error:
        findings.add(error.problems)
        raise DefinitionError(findings.in_order()) from error
    findings.settle()
    return Whole(compiled, sources, sinks)
