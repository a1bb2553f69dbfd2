"""``upsell apply``: put a workspace live."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def apply(
    workspace: Annotated[Path, typer.Argument(help="Directory of the workspace.")],
    *,
    note: Annotated[str, typer.Option(help="What is to be remembered about this revision.")] = "",
    over: Annotated[
        int | None,
        typer.Option(help="Apply over this revision, although the directory was made from another."),
    ] = None,
) -> None:
    """Put a workspace live as the next revision.

    Refused, with the difference, when another revision is live than the one the directory was made
    from. Counters that are new are filled from the ledger before it counts for anybody. Says besides how
    many warnings stand, and how many are waived. Asks for nobody's approval, and stands in the log: whoever
    can run it holds the machine. With approval: `upsell propose`.
    """
    from upsell.cli.experiment import user_name
    from upsell.cli.problems_text import standing
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime import apply as applying
    from upsell.runtime.checkout import read_mark, write_mark
    from upsell.runtime.whole import compile_whole
    from upsell.store.connect import connect, database_url
    from upsell.store.revisions import newest_revision
    from upsell.workspace.documents import read_workspace
    from upsell.workspace.linting import lint

    documents, clock = read_workspace(workspace), SystemClock()
    linted = lint(compile_whole(documents).compiled, clock.now())
    expected = read_mark(workspace) if over is None else over
    with connect(database_url(load_settings(os.environ))) as connection:
        before = newest_revision(connection)
        by = f"shell:{user_name()}"
        revision = applying.apply(connection, documents, clock, expected=expected, note=note, by=by)
    write_mark(workspace, revision)
    print(standing(linted, workspace), end="")
    is_same = before is not None and revision.number == before.number
    for said in applying.newly_meant(before, documents) if before is not None and not is_same else ():
        print(said)
    if is_same:
        print(f"Revision {revision.number} is live and is the same; nothing was applied.")
    else:
        print(f"Revision {revision.number} is live ({revision.hash[:12]}).")
