"""Change files: what was uploaded or typed becomes the documents of a change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import yaml

from upsell.errors import ConfigError, DefinitionError
from upsell.journeys.workflow import Status
from upsell.workspace.compile import compile_documents
from upsell.workspace.documents import SETTINGS, WORKFLOWS, Documents, is_document, take_files


def take_upload(files: Sequence[tuple[str, bytes]]) -> Documents:
    """Give the documents of a folder that was uploaded, by the paths its files had there.

    The workspace is where ``upsell.yaml`` lies nearest to the top; whatever else was sent is left alone.

    Raises:
        ConfigError: There is no workspace in it, or a document of it cannot be read.
    """
    tops = [PurePosixPath(path).parent for path, _ in files if PurePosixPath(path).name == SETTINGS]
    if not tops:
        got = f"{len(files):,} files without one" if files else "no file"
        msg = f"expected a folder that holds {SETTINGS}, got {got}; choose the folder of the workspace"
        raise ConfigError(msg)
    top = min(tops, key=lambda each: (len(each.parts), str(each)))
    under = [
        (str(PurePosixPath(path).relative_to(top)), content)
        for path, content in files
        if PurePosixPath(path).is_relative_to(top)
    ]
    return _taken(under)


def with_text(documents: Documents, name: str, text: str) -> Documents:
    """Give documents with one of them written otherwise, or one more.

    Raises:
        ConfigError: No document of a workspace may have that path, or the text cannot be one.
    """
    if not is_document(name):
        msg = f"expected the path of a document such as {WORKFLOWS}/api-quota.yaml, got {name or 'nothing'}"
        raise ConfigError(msg)
    if not text.strip():
        msg = f"expected the text of {name}, got nothing; to take a file away propose the whole workspace"
        raise ConfigError(msg)
    return dict(sorted({**documents, **_taken([(name, text.encode("utf-8", "replace"))])}.items()))


def with_status(documents: Documents, workflow: str, status: Status) -> Documents:
    """Give documents in which a workflow has another status, and nothing else differs.

    Its file keeps every other letter: the word is put in the place of the one that stands there, or on a line
    of its own below the name.

    Raises:
        ConfigError: There is no such workflow, it has that status, or its file has to be edited by hand.
    """
    path = f"{WORKFLOWS}/{workflow}.yaml"
    if path not in documents:
        msg = f"expected the key of a workflow that is live, got {workflow}"
        raise ConfigError(msg)
    try:
        before = compile_documents(documents).program.workflows
        if before[workflow].status is status:
            msg = (
                f"expected a workflow that is not {status.value}, got {workflow}, which is; nothing to change"
            )
            raise ConfigError(msg)
        written = {**documents, path: _with_status(documents[path], status)}
        after = compile_documents(written).program.workflows
    except (DefinitionError, yaml.YAMLError) as error:
        raise ConfigError(_by_hand(path, status)) from error
    meant = {key: (each.version, each.status) for key, each in before.items()}
    meant[workflow] = (before[workflow].version, status)
    if {key: (each.version, each.status) for key, each in after.items()} != meant:
        raise ConfigError(_by_hand(path, status))
    return written


def _with_status(text: str, status: Status) -> str:
    """Write a status into the text of a workflow's file."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    for key, value in pairs:
        if key.value == "status":
            start, end = value.start_mark.index, value.end_mark.index
            return f"{text[:start]}{status.value}{text[end:]}"
    # A file is written with a key a line: below the name is where people look for what it is.
    found = re.search(r"^name:[^\n]*\n", text, flags=re.MULTILINE)
    at = found.end() if found is not None else 0
    return f"{text[:at]}status: {status.value}\n{text[at:]}"


def _by_hand(path: str, status: Status) -> str:
    return (
        f"expected a file into which status: {status.value} can be written without changing anything else, "
        f"got {path}; write it there by hand"
    )


def _taken(files: Sequence[tuple[str, bytes]]) -> Documents:
    try:
        return take_files(files)
    except DefinitionError as error:
        raise ConfigError(f"expected documents that can be read, got: {error.problems[0]}") from error
