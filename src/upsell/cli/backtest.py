"""``upsell backtest``: what a workspace would have done over the history in some files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def backtest(  # noqa: PLR0913  # a command's options
    workspace: Annotated[Path, typer.Argument(help="Directory of the workspace.")],
    events: Annotated[
        list[Path], typer.Option("--events", help="A file of events, or a folder of them; repeatable.")
    ],
    *,
    mapping: Annotated[
        Path | None,
        typer.Option("--map", help="Mapping file; without it lines are JSON in Segment's shapes."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--from", help="The workflows go live on this date or moment; what is before is only learned."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Events from this date or moment on are left out.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="How many processes; as many as there are cores.")
    ] = None,
    rejects: Annotated[
        Path, typer.Option(help="Where rows that cannot be taken are written, with line and reason.")
    ] = Path("backtest.rejects.jsonl"),
    allow_rejects: Annotated[
        bool, typer.Option("--allow-rejects", help="Exit with 0 also when rows were rejected.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Tell what a workspace would have done over the history in some files.

    History runs through the same core as live events. The exit code is 2 when any row was rejected.
    """
    from upsell.cli.backtest_text import backtest_text
    from upsell.cli.moments import moment_of
    from upsell.cli.progress import shown_progress
    from upsell.clock import SystemClock
    from upsell.errors import ConfigError
    from upsell.runtime.backtest import Question, run_backtest
    from upsell.sources.defaults import default_mapping
    from upsell.sources.mapping import read_mapping
    from upsell.sources.rejects import write_rejects
    from upsell.sources.relations import choose_files
    from upsell.workspace.documents import read_workspace

    starts_at, ends_at = moment_of(since, "--from"), moment_of(until, "--to")
    if starts_at is not None and ends_at is not None and starts_at >= ends_at:
        msg = f"--to: expected a moment after --from, which is {since}, got {until}"
        raise ConfigError(msg)
    rows = read_mapping(mapping) if mapping is not None else default_mapping()
    question = Question(
        documents=read_workspace(workspace),
        mapping=rows,
        files=choose_files(rows, events),
        since=starts_at,
        until=ends_at,
        workers=workers or len(os.sched_getaffinity(0)),
    )
    with shown_progress() as progress:
        found = run_backtest(
            question, SystemClock(), progress, lambda refused: write_rejects(rejects, refused)
        )
    if as_json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(found, order="deterministic")).decode())
    else:
        print(backtest_text(found))
    if found.files.rejected:
        print(f"upsell: {found.files.rejected:,} rows were rejected; see {rejects}", file=sys.stderr)
        raise typer.Exit(0 if allow_rejects else 2)
