"""``upsell pull``: write what is live to files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def pull(
    workspace: Annotated[Path, typer.Argument(help="Directory to write to; made when it is not there.")],
    *,
    is_forced: Annotated[
        bool, typer.Option("--force", help="Also when the directory has changes of its own.")
    ] = False,
) -> None:
    """Write the documents that are live to a directory; files that belong to no workspace stay.

    Refused when documents in the directory differ from the revision it was made from, unless forced.
    """
    from upsell.config import load_settings
    from upsell.runtime.checkout import pull_revision
    from upsell.store.connect import connect, database_url

    with connect(database_url(load_settings(os.environ))) as connection:
        revision = pull_revision(connection, workspace, is_forced=is_forced)
    print(f"Revision {revision.number} was written to {workspace}.")
