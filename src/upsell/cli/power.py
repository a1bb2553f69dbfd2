"""``upsell power``: how many units and days an experiment needs, from what a history really held."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def power(  # noqa: PLR0913  # a command's options
    workspace: Annotated[Path, typer.Argument(help="Directory of the workspace.")],
    events: Annotated[
        list[Path], typer.Option("--events", help="A file of events, or a folder of them; repeatable.")
    ],
    *,
    mapping: Annotated[
        Path | None,
        typer.Option("--map", help="Mapping file; without it lines are JSON in Segment's shapes."),
    ] = None,
    workflow: Annotated[str | None, typer.Option(help="Only this workflow, by its key.")] = None,
    lift: Annotated[
        str, typer.Option(help="The lift to be seen: 10% of what is there now, or 2pp of a conversion.")
    ] = "10%",
    likely: Annotated[
        str, typer.Option("--power", help="How likely it is to be seen when it is there.")
    ] = "80%",
    since: Annotated[
        str | None,
        typer.Option("--from", help="The history asked begins on this date or moment; before is learned."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Events from this date or moment on are left out.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="How many processes; as many as there are cores.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Tell, before an experiment begins, how many units and days it needs to see a lift.

    The rates are those of a backtest over the files: who would have been let in, and what they did. Rows
    that cannot be taken are left out; upsell backtest says which.
    """
    from upsell.cli.power_text import power_text
    from upsell.cli.progress import shown_progress
    from upsell.clock import SystemClock
    from upsell.runtime.backtest import Question, read_history
    from upsell.runtime.moments import moment_of
    from upsell.runtime.power import ask_power, read_lift_asked
    from upsell.sources.defaults import default_mapping
    from upsell.sources.mapping import read_mapping
    from upsell.sources.relations import choose_files
    from upsell.workspace.documents import read_workspace

    wanted, chance = read_lift_asked(lift), _chance(likely)
    rows = read_mapping(mapping) if mapping is not None else default_mapping()
    question = Question(
        documents=read_workspace(workspace),
        mapping=rows,
        files=choose_files(rows, events),
        since=moment_of(since, "--from"),
        until=moment_of(until, "--to"),
        workers=workers or len(os.sched_getaffinity(0)),
    )
    with shown_progress() as progress:
        history = read_history(question, SystemClock(), progress, lambda _: None)
    found = ask_power(history, wanted, chance, workflow)
    if as_json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(found, order="deterministic")).decode())
    else:
        print(power_text(found))
    if history.files.rejected:
        print(f"upsell: {history.files.rejected:,} rows were left out", file=sys.stderr)


def _chance(text: str) -> float:
    """Read a power in percent."""
    import re

    found = re.fullmatch(r"(\d{2}(?:\.\d+)?) ?%", text.strip())
    chance = float(found[1]) / 100 if found is not None else 0.0
    if not 0.5 < chance < 1:
        raise typer.BadParameter(
            f"expected a share above 50% and below 100% such as 80%, got {text}", param_hint="--power"
        )
    return chance
