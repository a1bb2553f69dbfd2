"""``upsell sources``: what a workspace reads from elsewhere, how it stands, and a query asked by hand."""

from __future__ import annotations

from typing import Annotated, Literal

import typer


def sources(
    action: Annotated[Literal["list", "sync"], typer.Argument(help="list or sync.")] = "list",
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Name of a query to ask.", show_default=False)
    ] = "",
    *,
    allows_gone: Annotated[
        bool,
        typer.Option("--allow-gone", help="Sync: clear traits also where most or all of a query is gone."),
    ] = False,
) -> None:
    """Look at the sources of the live workspace, and ask a query now.

    list tells each source, when its last run was, what came of it and when the next is; sync asks a query
    now and sends what changed since its last run.
    """
    from upsell.cli.sources_sync import list_sources, sync_source

    if (action == "sync") != bool(name):
        raise typer.BadParameter("expected upsell sources list, or upsell sources sync NAME")
    if action == "sync":
        sync_source(name, allows_gone=allows_gone)
    else:
        list_sources()
