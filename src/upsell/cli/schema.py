"""``upsell schema``: what came, by name and kind; and the JSON Schemas of a workspace's files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from upsell.store.seen import KindSeen


def schema(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Only this event, or the traits of customer or account."),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print what came as JSON.")] = False,
    workspace: Annotated[
        str | None,
        typer.Option(
            "--workspace",
            metavar="FILEKIND",
            help="Print the JSON Schema of a file: upsell, catalog, signals, workflow, source, sink or all.",
        ),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            "--write", metavar="DIR", help="With --workspace all, write the schemas into this directory."
        ),
    ] = None,
) -> None:
    """Show which events, properties and traits came, of which kinds, how often and when last.

    Of a trait it is told besides which share of customers or accounts have it (of 5,000 looked at). A
    property that came in more than one kind is marked: a rule that asks for one of them sees null in
    the others.
    """
    from upsell.config import load_settings
    from upsell.errors import ConfigError
    from upsell.runtime.doctor import read_filled
    from upsell.runtime.learning import learn
    from upsell.store.connect import connect, database_url
    from upsell.store.seen import read_seen_kinds

    if workspace is not None:
        _show_workspace(workspace, write)
        return
    if write is not None:
        msg = "expected --workspace all beside --write, got --write alone"
        raise ConfigError(msg)
    with connect(database_url(load_settings(os.environ))) as connection:
        learn(connection)
        kinds = _chosen(read_seen_kinds(connection), name)
        filled = read_filled(connection, kinds)
    if as_json:
        print(_as_json(kinds, filled))
    else:
        print("\n".join(_lines(kinds, filled)))


def _chosen(kinds: Sequence[KindSeen], name: str | None) -> Sequence[KindSeen]:
    """Give what is asked about.

    Raises:
        ConfigError: Nothing of that name came.
    """
    from upsell.errors import ConfigError, nearest

    if name is None:
        return kinds
    wanted = [kind for kind in kinds if name in (kind.scope, kind.scope.removeprefix("event "))]
    if not wanted:
        known = {kind.scope.removeprefix("event ") for kind in kinds}
        near = nearest(name, known)
        advice = f"did you mean {near}?" if near else "`upsell schema` lists what came"
        msg = f"expected the name of an event that came, customer or account, got {name}; {advice}"
        raise ConfigError(msg)
    return wanted


def _lines(kinds: Sequence[KindSeen], filled: Mapping[tuple[str, str], float]) -> Iterator[str]:
    """Write a block per event or kind of trait."""
    from upsell.clock import to_datetime
    from upsell.runtime.examined import changed_kinds
    from upsell.runtime.learning import EVENT

    if not kinds:
        yield "No event has come yet."
        return
    changed = changed_kinds(kinds)
    scopes = dict.fromkeys(kind.scope for kind in kinds)
    for scope in sorted(scopes, key=lambda each: (each.startswith("event "), each)):
        rows = [kind for kind in kinds if kind.scope == scope]
        whole = next(kind for kind in rows if kind.kind == EVENT)
        title = scope.removeprefix("event ") if scope.startswith("event ") else f"{scope} (traits)"
        yield f"{title}  {whole.count:,} times, last {to_datetime(whole.last_at):%Y-%m-%d %H:%M} UTC"
        for row in rows:
            if row.kind != EVENT:
                mark = "  changed its kind" if (scope, row.property) in changed else ""
                last = f"{to_datetime(row.last_at):%Y-%m-%d}"
                share = filled.get((scope, row.property))
                held = f"  held by {share:.0%}" if share is not None else ""
                yield f"  {row.property:<28} {row.kind:<8} {row.count:>12,}  {last}{held}{mark}"
        yield ""


def _as_json(kinds: Sequence[KindSeen], filled: Mapping[tuple[str, str], float]) -> str:
    """Write what came for machines; moments are ISO 8601."""
    from upsell.clock import format_moment
    from upsell.runtime.examined import changed_kinds

    changed = changed_kinds(kinds)
    rows = [
        {
            "scope": kind.scope,
            "property": kind.property,
            "kind": kind.kind,
            "count": kind.count,
            "first_at": format_moment(kind.first_at),
            "last_at": format_moment(kind.last_at),
            "has_changed": (kind.scope, kind.property) in changed,
            "filled_rate": filled.get((kind.scope, kind.property)),
        }
        for kind in kinds
    ]
    return json.dumps({"seen": rows}, indent=2, ensure_ascii=False)


def _show_workspace(kind: str, write: Path | None) -> None:
    """Print the JSON Schema of one kind of workspace file, or write them all."""
    from upsell.channels.sinks.definitions import SINK_FILE
    from upsell.errors import ConfigError, nearest
    from upsell.sources.definitions import SOURCE_FILE
    from upsell.workspace.files import FILES
    from upsell.workspace.schema import schema_of

    files = {**{known.value: file for known, file in FILES.items()}, "source": SOURCE_FILE, "sink": SINK_FILE}
    kinds = list(files)
    if kind == "all" and write is not None:
        _write(write, {f"{name}.schema.json": _text(schema_of(file)) for name, file in files.items()})
    elif write is not None:
        msg = f"expected all beside --write, got {kind}"
        raise ConfigError(msg)
    elif kind in kinds:
        print(_text(schema_of(files[kind])))
    elif kind == "all":
        msg = "expected --write DIR beside all, got none"
        raise ConfigError(msg)
    else:
        near = nearest(kind, kinds)
        advice = f"; did you mean {near}?" if near else ""
        msg = f"expected one of {', '.join(kinds)} or all, got {kind}{advice}"
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
