"""Documents: the files of a workspace as plain text by path, before anything is understood.

The store keeps documents and compiles them again, so they are a value of their own. The law:
this is the only module of the room that touches the disk, and it judges nothing but bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final, TypeAlias

from upsell.errors import DefinitionError, Problem, nearest
from upsell.ids import digest

Documents: TypeAlias = Mapping[str, str]
"""Text by path within the workspace, with forward slashes: ``workflows/api-quota.yaml``."""

SETTINGS = "upsell.yaml"
CATALOG = "catalog.yaml"
SIGNALS = "signals.yaml"
CONTACT_HOURS = "contact_hours.yaml"
SEGMENTS = "segments.yaml"
QUEUES = "queues.yaml"
WORKFLOWS = "workflows"
TEMPLATES = "templates"
PARTIALS = "templates/partials"
SOURCES = "sources"
SINKS = "sinks"

AT_THE_TOP = (SETTINGS, CATALOG, SIGNALS, SEGMENTS, QUEUES, CONTACT_HOURS)
"""Files that stand at the top of a workspace."""

LARGEST = 1_000_000
"""The most bytes one document may have; a workspace is written by hand."""


def read_workspace(path: Path) -> Documents:
    r"""Read every document of the workspace in the directory ``path``.

    What belongs to no workspace (a README, data, hidden files) is left alone. A byte order mark
    is dropped and line ends become ``\n``.

    Raises:
        DefinitionError: ``path`` is no directory, or a document cannot be read, is too large or
            is not UTF-8; every such file is named.
    """
    if not path.is_dir():
        raise DefinitionError([_no_directory(path)])
    return _read((file.relative_to(path).as_posix(), file.read_bytes) for file in _files(path))


def take_files(files: Iterable[tuple[str, bytes]]) -> Documents:
    """Give the documents among files that came by their paths within a workspace; the same are left alone.

    Raises:
        DefinitionError: A document is too large or is not UTF-8; every such file is named.
    """
    return _read((name, partial(bytes, content)) for name, content in files if is_document(name))


def is_document(name: str) -> bool:
    """Tell whether a path within a workspace is that of a document, if only by a slip of its name."""
    path = PurePosixPath(name)
    folder = "" if len(path.parts) == 1 else str(path.parent)
    is_plain = name.isprintable() and str(path) == name
    return is_plain and folder in _FITTING and _FITTING[folder](path.name)


def hash_documents(documents: Documents) -> str:
    """Give what documents are known by: the same for the same texts by the same paths, and no others."""
    return digest("documents", json.dumps(sorted(documents.items()), ensure_ascii=True))


def _read(files: Iterable[tuple[str, Callable[[], bytes]]]) -> Documents:
    """Read documents by their paths.

    Raises:
        DefinitionError: One cannot be read, is too large or is not UTF-8; every such file is named.
    """
    documents: dict[str, str] = {}
    problems: list[Problem] = []
    for name, read in files:
        try:
            documents[name] = _text(read())
        except OSError as error:
            problems.append(
                Problem(f"expected a file that can be read, got: {error.strerror}", name, code="unreadable")
            )
        except ValueError as error:
            problems.append(_unfit(name, error))
    if problems:
        raise DefinitionError(problems)
    return dict(sorted(documents.items()))


def read_shipped_hours() -> str:
    """Read the contact hours that are shipped, in the form of a workspace's own."""
    return (Path(__file__).parent / CONTACT_HOURS).read_text(encoding="utf-8")


def _files(root: Path) -> Iterator[Path]:
    """List the files of a workspace: YAML at the top, of workflows, sources and sinks, and templates."""
    for name, is_fitting in _FITTING.items():
        folder = root / name
        if folder.is_dir():
            yield from sorted(file for file in folder.iterdir() if file.is_file() and is_fitting(file.name))


def meant_file(name: str) -> str | None:
    """Give the file at the top of a workspace that a name is, or is a slip of; None for any other file."""
    stems = {PurePosixPath(known).stem: known for known in AT_THE_TOP}
    near = nearest(PurePosixPath(name).stem, stems) if _is_yaml(name) else None
    return None if near is None else stems[near]


def _is_meant(name: str) -> bool:
    """Tell whether a file at the top belongs to the workspace, if only by a slip of its name."""
    return meant_file(name) is not None


def _is_yaml(name: str) -> bool:
    """Tell whether a name is that of a YAML file."""
    return _is_visible(name) and PurePosixPath(name).suffix in {".yaml", ".yml"}


def _is_visible(name: str) -> bool:
    """Tell whether a name is neither hidden nor an editor's leavings."""
    return not name.startswith(".") and not name.endswith("~")


_FITTING: Final[Mapping[str, Callable[[str], bool]]] = {
    "": _is_meant,
    WORKFLOWS: _is_yaml,
    SOURCES: _is_yaml,
    SINKS: _is_yaml,
    TEMPLATES: _is_visible,
    PARTIALS: _is_visible,
}
"""Which names are those of documents, by the folder they stand in."""


def _text(content: bytes) -> str:
    """Decode a document.

    Raises:
        ValueError: It is too large (the text says so), or not UTF-8.
    """
    if len(content) > LARGEST:
        msg = f"expected at most {LARGEST:,} bytes, got {len(content):,}"
        raise ValueError(msg)
    return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def _unfit(name: str, error: ValueError) -> Problem:
    """Say why a file is no document."""
    if isinstance(error, UnicodeDecodeError):
        line = bytes(error.object[: error.start]).count(b"\n") + 1
        byte = error.object[error.start]
        return Problem(
            f"expected UTF-8 text, got byte 0x{byte:02X}",
            name,
            line,
            hint="save the file as UTF-8",
            code="encoding",
        )
    return Problem(str(error), name, code="too-large")


def _no_directory(path: Path) -> Problem:
    """Say that there is no workspace where one was expected."""
    came = "a file" if path.is_file() else "nothing"
    return Problem(
        f"expected a workspace directory at {path}, got {came}",
        hint=f"name the directory that holds {SETTINGS}",
        code="missing-file",
    )
