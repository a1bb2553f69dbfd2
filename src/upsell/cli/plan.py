"""``upsell plan``: what applying a workspace would change."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def plan(workspace: Annotated[Path, typer.Argument(help="Directory of the workspace.")]) -> None:
    """Show what differs between what is live and a workspace, and what that concerns; changes nothing.

    Whom changed prices concern, and which workflows the new and changed ones compete with; and how many
    warnings stand, and how many are waived.
    """
    from upsell.cli.conflicts_text import short_lines
    from upsell.cli.problems_text import standing
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.journeys.conflicts import find_conflicts
    from upsell.runtime.apply import changed_workflows, difference, newly_meant
    from upsell.runtime.repricing import Concerned, concerned_lines, find_concerned
    from upsell.runtime.whole import compile_whole
    from upsell.store.connect import connect, database_url
    from upsell.store.revisions import newest_revision
    from upsell.workspace.documents import read_workspace
    from upsell.workspace.linting import lint

    documents = read_workspace(workspace)
    compiled, now = compile_whole(documents).compiled, SystemClock().now()
    concerned: list[Concerned] = []
    with connect(database_url(load_settings(os.environ))) as connection:
        live = newest_revision(connection)
        if live is not None:
            concerned = find_concerned(connection, live.documents, compiled.program, now)
    told = standing(lint(compiled, now), workspace)
    changed = difference(live.documents if live is not None else {}, documents)
    number = live.number if live is not None else 0
    if not changed:
        print(f"{told}Revision {number} is live and is the same; there is nothing to apply.")
        return
    print(changed, end="")
    print("\n".join(concerned_lines(concerned)), end="\n" if concerned else "")
    for said in newly_meant(live, documents) if live is not None else ():
        print(said)
    keys = changed_workflows(live.documents if live is not None else {}, compiled.program)
    competing = list(short_lines(find_conflicts(compiled.program), keys))
    print("\n".join(competing), end="\n" if competing else "")
    print(f"{told}These changes would make revision {number + 1}.")
