"""``upsell backtest``: what a workspace would have done over the history in some files."""

from __future__ import annotations

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
    from upsell.cli.history import backtest_files, read_stretch, tell_rejected
    from upsell.workspace.documents import read_workspace

    within = read_stretch(since, until)
    found = backtest_files(
        read_workspace(workspace), events, mapping=mapping, within=within, workers=workers, rejects=rejects
    )
    if as_json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(found, order="deterministic")).decode())
    else:
        print(backtest_text(found))
    raise typer.Exit(tell_rejected(found, rejects, is_allowed=allow_rejects))
