"""``upsell journey``: move passages under way to the live version, or end one."""

from __future__ import annotations

import getpass
import os
from typing import Annotated, Literal

import typer


def journey(
    what: Annotated[Literal["migrate", "end"], typer.Argument(help="migrate or end.")],
    workflow: Annotated[str, typer.Argument(help="Key of the workflow: the name of its file.")],
    unit: Annotated[
        str,
        typer.Argument(metavar="[UNIT]", help="Whose passage to end: a:ID or c:ID.", show_default=False),
    ] = "",
    *,
    step: Annotated[
        list[str] | None,
        typer.Option(metavar="OLD=NEW", help="Where a step of an earlier version goes on, by id or name."),
    ] = None,
    why: Annotated[str, typer.Option(help="Why it is ended; kept with the decision.")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Move them; without it only who would land where is shown.")
    ] = False,
) -> None:
    """Move passages of earlier versions to the live one, or end a unit's passage.

    A unit in a journey keeps the version it entered with. `migrate` shows where each would go on in the
    live version, and with --yes moves those whose step has a place there; the others stay.
    """
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.steering import end_passages, listed_landings, migrate_passages
    from upsell.store.connect import connect, database_url

    if (what == "end") is not bool(unit and why):
        wanted = "a unit and --why" if what == "end" else "no unit and no --why"
        raise typer.BadParameter(f"expected {wanted}, got UNIT {unit or 'none'} and --why {why or 'none'}")
    steps = dict(_pair(each) for each in step or [])
    with connect(database_url(load_settings(os.environ))) as connection:
        if what == "end":
            count = end_passages(connection, SystemClock(), workflow, unit, getpass.getuser(), why)
            print(f"{count} passage{'' if count == 1 else 's'} of {unit} through {workflow} ended.")
            return
        done = migrate_passages(connection, SystemClock(), workflow, steps, getpass.getuser(), is_meant=yes)
    print("\n".join(listed_landings(done)))
    moved = sum(each.passages for each in done.landings if each.to is not None)
    if yes:
        print(f"{moved:,} moved to version {done.version[:8]}.")
    elif done.landings:
        print(f"{moved:,} would move to version {done.version[:8]}; say --yes to move them.")


def _pair(written: str) -> tuple[str, str]:
    old, equals, new = written.partition("=")
    if not (old and equals and new):
        raise typer.BadParameter(f"expected OLD=NEW, got {written}", param_hint="--step")
    return old, new
