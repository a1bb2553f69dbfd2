"""``upsell conflicts``: which workflows compete for the upsell slot, and how often they would have met."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def conflicts(  # noqa: PLR0913  # a command's options
    workspace: Annotated[Path, typer.Argument(help="Directory of the workspace.")],
    events: Annotated[
        list[Path] | None,
        typer.Option(
            "--events",
            help="A file of events, or a folder of them, to count who would have met; repeatable.",
        ),
    ] = None,
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
    as_json: Annotated[bool, typer.Option("--json", help="Print the pairs as JSON.")] = False,
) -> None:
    """Tell which live workflows may want one unit's upsell slot, and which would lose.

    With --events a backtest counts, of each pair, who were candidates of both, who lost the slot, and who
    never got it. The exit code is 2 when any row was rejected.
    """
    import msgspec

    from upsell.cli.conflicts_text import collisions_text, conflicts_text
    from upsell.cli.history import backtest_files, read_stretch, tell_rejected
    from upsell.errors import ConfigError
    from upsell.journeys.conflicts import find_conflicts
    from upsell.runtime.conflicts import find_collisions
    from upsell.workspace.compile import compile_documents
    from upsell.workspace.documents import read_workspace

    if not events and (mapping or since or until):
        msg = "--map, --from and --to say how files are read: expected --events beside them, got none"
        raise ConfigError(msg)
    within = read_stretch(since, until)
    documents = read_workspace(workspace)
    program = compile_documents(documents).program
    pairs = find_conflicts(program)
    if not events:
        content = msgspec.json.encode({"pairs": pairs})
        print(msgspec.json.format(content).decode() if as_json else conflicts_text(program, pairs))
        return
    found = backtest_files(
        documents, events, mapping=mapping, within=within, workers=workers, rejects=rejects
    )
    collisions = find_collisions(pairs, found)
    content = msgspec.json.encode({"pairs": collisions})
    print(msgspec.json.format(content).decode() if as_json else collisions_text(program, collisions, found))
    raise typer.Exit(tell_rejected(found, rejects, is_allowed=allow_rejects))
