"""``upsell import``: the events of files, and of queries on a warehouse, into the ledger."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from upsell.runtime.importing import Imported
    from upsell.sources.relations import DataFile


def import_(
    events: Annotated[
        list[Path] | None, typer.Option("--events", help="A file of events, or a folder of them; repeatable.")
    ] = None,
    *,
    query: Annotated[
        list[Path] | None,
        typer.Option("--query", help="A file with SQL for the warehouse of --from; repeatable."),
    ] = None,
    warehouse: Annotated[
        str | None,
        typer.Option("--from", help="Variable UPSELL_SECRET_... that holds the warehouse's address."),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option("--map", help="Mapping file; without it lines are JSON in Segment's shapes."),
    ] = None,
    is_historical: Annotated[
        bool, typer.Option("--historical", help="The events are history: they start nothing.")
    ] = False,
    rejects: Annotated[
        Path, typer.Option(help="Where rows that cannot be taken are written, with line and reason.")
    ] = Path("import.rejects.jsonl"),
    allow_rejects: Annotated[
        bool, typer.Option("--allow-rejects", help="Exit with 0 also when rows were rejected.")
    ] = False,
    is_again: Annotated[
        bool, typer.Option("--again", help="Read files also that were imported before.")
    ] = False,
) -> None:
    """Take the events of files and queries into the ledger, in the order they happened.

    An import that was broken off goes on where it was when the same is said again. A file that was imported
    before is known by its content and left out. The exit code is 2 when any row was rejected.
    """
    from upsell.cli.progress import shown_progress
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.importing import Importing, import_files
    from upsell.runtime.processes import collect_rarely
    from upsell.sources.defaults import default_mapping
    from upsell.sources.mapping import read_mapping
    from upsell.sources.rejects import write_rejects
    from upsell.sources.relations import choose_files
    from upsell.store.connect import connect, database_url

    collect_rarely()
    if not (events or query):
        msg = "expected --events FILE or --query FILE.sql, got neither"
        raise typer.BadParameter(msg)
    rows = read_mapping(mapping) if mapping is not None else default_mapping()
    settings = load_settings(os.environ)
    files = _with_queries(choose_files(rows, [*(events or ()), *(query or ())]), warehouse, settings.secrets)
    how = Importing(
        folder=Path(settings.data_folder).expanduser(),
        is_historical=is_historical,
        is_again=is_again,
        dedup_days=settings.dedup_days,
        warehouse=warehouse or "",
    )
    with connect(database_url(settings)) as connection, shown_progress() as progress:
        found = import_files(
            connection,
            rows,
            files,
            SystemClock(),
            progress,
            lambda refused: write_rejects(rejects, refused),
            how,
        )
    _tell(found, has_queries=bool(query))
    if found.rejected:
        print(f"upsell: {found.rejected:,} rows were rejected; see {rejects}", file=sys.stderr)
        raise typer.Exit(0 if allow_rejects else 2)


def _with_queries(
    files: Sequence[DataFile], warehouse: str | None, secrets: Mapping[str, str]
) -> tuple[DataFile, ...]:
    """Give queries the warehouse they are put to."""
    import msgspec

    from upsell.errors import ConfigError
    from upsell.sources.mapping import Format
    from upsell.sources.warehouse import address_of, rows_of

    queries = [file for file in files if file.format is Format.QUERY]
    if not queries:
        if warehouse is not None:
            msg = "expected --query FILE.sql beside --from, got none"
            raise typer.BadParameter(msg)
        return tuple(files)
    if warehouse is None:
        msg = (
            f"expected --from NAME, the environment variable with the warehouse's address, for "
            f"{queries[0].path.name}, got none"
        )
        raise ConfigError(msg)
    address = address_of(warehouse, secrets)
    return tuple(
        msgspec.structs.replace(file, rows=rows_of(address, file.path.read_text("utf-8"), warehouse))
        if file.format is Format.QUERY
        else file
        for file in files
    )


def _tell(found: Imported, *, has_queries: bool) -> None:
    """Say what an import came to."""
    for name in found.known:
        print(f"{name} was imported before and has not changed: left out (--again reads it)")
    for name in found.grown:
        print(f"{name} has grown since it was imported: what it said before is known by its ids")
    if found.resumed:
        print(f"went on behind the {found.resumed:,} events that an earlier run took")
    print(
        f"{found.appended:,} events imported, {found.duplicates:,} were there already, "
        f"{found.skipped:,} rows left out, {found.rejected:,} rejected"
    )
    if has_queries and not (found.appended or found.duplicates or found.skipped or found.rejected):
        print("the query gave no rows")
