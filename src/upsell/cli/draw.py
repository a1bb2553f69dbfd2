"""``upsell draw``: a workflow as a picture or as a tree of text, with how many stand at each step."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from upsell.workspace.outline import Outline
    from upsell.workspace.whereabouts import Whereabouts


def draw(
    workspace: Annotated[Path, typer.Argument(help="Directory of the workspace.")],
    workflow: Annotated[str, typer.Argument(help="Key of the workflow: the name of its file.")],
    *,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Where it is written; without it printed."),
    ] = None,
    text: Annotated[
        bool, typer.Option("--text", help="A tree of text for the terminal instead of a picture.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Add how many stand at each step now, from the database.")
    ] = False,
) -> None:
    """Draw a workflow: what begins it, its gates and goal, and its steps from the top down.

    The picture is an SVG file that needs nothing else. With --live each step shows how many stand there now,
    the held out among them; those in other versions of the workflow are listed under it.
    """
    from upsell.errors import ConfigError
    from upsell.runtime.drawn import outline_of
    from upsell.workspace.compile import compile_workspace
    from upsell.workspace.drawing import draw_outline
    from upsell.workspace.outline_text import listed_outline

    drawn = outline_of(compile_workspace(workspace).program, workflow)
    found = _find(drawn) if live else None
    shown = "\n".join(listed_outline(drawn, found)) + "\n" if text else draw_outline(drawn, found)
    if output is None:
        print(shown, end="")
        return
    try:
        output.write_text(shown, encoding="utf-8")
    except OSError as error:
        msg = f"expected a file that can be written, got {output}: {error.strerror}"
        raise ConfigError(msg) from error
    print(f"Drawn to {output}.")


def _find(drawn: Outline) -> Whereabouts:
    """Ask the database how many stand where."""
    from upsell.config import load_settings
    from upsell.runtime.drawn import find_whereabouts
    from upsell.store.connect import connect, database_url

    with connect(database_url(load_settings(os.environ))) as connection:
        return find_whereabouts(connection, drawn)
