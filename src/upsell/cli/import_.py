"""``upsell import``: the events of files into the ledger."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def import_(
    events: Annotated[
        list[Path], typer.Option("--events", help="A file of events, or a folder of them; repeatable.")
    ],
    *,
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
) -> None:
    """Take the events of files into the ledger, in the order they happened.

    Importing the same file again changes nothing. The exit code is 2 when any row was rejected.
    """
    from upsell.cli.progress import shown_progress
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.importing import import_files
    from upsell.sources.defaults import default_mapping
    from upsell.sources.mapping import read_mapping
    from upsell.sources.rejects import write_rejects
    from upsell.sources.relations import choose_files
    from upsell.store.connect import connect, database_url

    rows = read_mapping(mapping) if mapping is not None else default_mapping()
    files = choose_files(rows, events)
    with connect(database_url(load_settings(os.environ))) as connection, shown_progress() as progress:
        found = import_files(
            connection,
            rows,
            files,
            SystemClock(),
            progress,
            lambda refused: write_rejects(rejects, refused),
            is_historical=is_historical,
        )
    print(
        f"{found.appended:,} events imported, {found.duplicates:,} were there already, "
        f"{found.skipped:,} rows left out, {found.rejected:,} rejected"
    )
    if found.rejected:
        print(f"upsell: {found.rejected:,} rows were rejected; see {rejects}", file=sys.stderr)
        raise typer.Exit(0 if allow_rejects else 2)
