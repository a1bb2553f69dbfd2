"""``upsell schema``: JSON Schemas of the workspace's files, for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def schema(
    kind: Annotated[
        str | None, typer.Argument(help="upsell, catalog, signals or workflow.", metavar="[FILEKIND]")
    ] = None,
    write: Annotated[
        Path | None, typer.Option("--write", help="Write all schemas into this directory.", metavar="DIR")
    ] = None,
) -> None:
    """Print the JSON Schema of one kind of workspace file, or write them all."""
    from upsell.errors import ConfigError, nearest
    from upsell.workspace.files import FileKind
    from upsell.workspace.schema import all_schemas, schema_of

    kinds = [known.value for known in FileKind]
    if (kind is None) == (write is None):
        msg = f"expected one of {', '.join(kinds)}, or --write DIR, got {'both' if kind else 'neither'}"
        raise ConfigError(msg)
    if write is not None:
        _write(write, {name: _text(content) for name, content in all_schemas().items()})
    elif kind in kinds:
        print(_text(schema_of(FileKind(kind))))
    else:
        near = nearest(str(kind), kinds)
        advice = f"; did you mean {near}?" if near else ""
        msg = f"expected one of {', '.join(kinds)}, got {kind}{advice}"
        raise ConfigError(msg)


def _write(folder: Path, texts: dict[str, str]) -> None:
    """Write the schemas and say what was written.

    Raises:
        ConfigError: The directory cannot be written.
    """
    from upsell.errors import ConfigError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        msg = f"expected a directory that can be written at {folder}, got: {error.strerror}"
        raise ConfigError(msg) from error
    print(f"Wrote {len(texts)} schemas to {folder}. Name one at the head of a file:")
    print("# yaml-language-server: $schema=<path to the schema>")


def _text(content: dict[str, object]) -> str:
    """Write a schema as JSON."""
    return json.dumps(content, indent=2, ensure_ascii=False)
