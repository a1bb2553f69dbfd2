"""``upsell propose``: files become a change that another person approves before it is launched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def propose(
    workspace: Annotated[Path, typer.Argument(help="Directory of the workspace.")],
    *,
    why: Annotated[str, typer.Option(help="Why, for whoever approves it and for the log.")],
    over: Annotated[
        int | None,
        typer.Option(help="Propose over this revision, although the directory was made from another."),
    ] = None,
    change: Annotated[
        int, typer.Option(help="Alter this change instead of drafting one; it needs approval anew.")
    ] = 0,
    asks: Annotated[bool, typer.Option("--ask", help="Ask for approval at once.")] = False,
) -> None:
    """Propose a workspace as a change over what is live; nothing goes live by it.

    Files may have problems while it is a draft; they are to be put right before it is asked for. Refused,
    with the difference, when another revision is live than the one the directory was made from.
    """
    from upsell.cli.experiment import user_name
    from upsell.cli.problems_text import shown_problem, standing
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime import changes
    from upsell.runtime.change_book import check
    from upsell.runtime.changes import Word
    from upsell.runtime.checkout import read_mark
    from upsell.store.connect import connect, database_url
    from upsell.workspace.documents import read_workspace

    if not why.strip():
        raise typer.BadParameter("expected why, got nothing", param_hint="--why")
    documents, clock = read_workspace(workspace), SystemClock()
    made_from = read_mark(workspace) if over is None else over
    word = Word(f"shell:{user_name()}", why.strip())
    checked = check(documents, clock.now())
    with connect(database_url(load_settings(os.environ))) as connection:
        if change:
            kept = changes.alter(connection, clock, change, documents, word, made_from=made_from)
        else:
            kept = changes.propose(connection, clock, documents, word, made_from=made_from)
        if asks and not checked.problems:
            kept = changes.ask(connection, clock, kept.number, word)
    print("".join(f"{shown_problem(each, workspace)}\n" for each in checked.problems), end="")
    print(standing(checked.linted, workspace), end="")
    print(f"Change {kept.number} over revision {kept.made_from} is kept; it is {_stands(kept.state.value)}.")
    if checked.problems:
        print(f"Put the above right, then: upsell propose {workspace} --change {kept.number} --why TEXT")
        raise typer.Exit(1)
    print(f"Look at it: upsell changes show {kept.number}, or /changes/{kept.number} of the pages.")


def _stands(state: str) -> str:
    return "a draft" if state == "draft" else "asked for, and waits for another person's approval"
