"""``upsell experiment``: roll the arm that won out to all, and list what was tested before."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upsell.config import Settings
    from upsell.runtime.rolling import Roll
    from upsell.store.connect import Connection
    from upsell.store.experiments import ClosedExperiment


def experiment(
    action: Annotated[Literal["roll", "list"], typer.Argument(help="roll or list.")],
    workspace: Annotated[
        Path | None, typer.Argument(help="Directory of the workspace.", show_default=False)
    ] = None,
    workflow: Annotated[
        str, typer.Argument(help="Key of the workflow.", metavar="[WORKFLOW]", show_default=False)
    ] = "",
    *,
    arm: Annotated[str, typer.Option(help="The arm that everybody is to get.")] = "",
    why: Annotated[str, typer.Option(help="Why, for whoever reads it in a year.")] = "",
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Roll it out although the result does not carry it.")
    ] = False,
) -> None:
    """Make one arm of a workflow's experiment what everybody gets, or list the experiments closed before.

    roll rewrites the workflow's file and puts nothing live: look at it, then apply. What was tested and
    found is added to experiments/ in the workspace, and kept in the database where there is one. It is
    refused when the interval holds zero or the arms are not as large as planned, unless told --anyway.
    """
    from upsell.config import load_settings

    settings = load_settings(os.environ)
    match action:
        case "list":
            print("\n".join(_listed(settings)))
        case "roll":
            if workspace is None or not workflow or not arm or not why.strip():
                raise typer.BadParameter(
                    "expected upsell experiment roll WORKSPACE WORKFLOW --arm ARM --why REASON"
                )
            _roll(settings, workspace, workflow, arm, why.strip(), is_forced=anyway)


def _roll(settings: Settings, workspace: Path, key: str, arm: str, why: str, *, is_forced: bool) -> None:
    """Measure, judge, rewrite and record."""
    from contextlib import nullcontext

    from upsell.clock import SystemClock
    from upsell.runtime.rolling import choose_arm_of, closed_experiment, keep_roll, measure_roll, write_roll
    from upsell.workspace.compile import compile_documents
    from upsell.workspace.documents import read_workspace
    from upsell.workspace.rolling import roll_arm

    documents = read_workspace(workspace)
    program = compile_documents(documents).program
    choose_arm_of(program, key, arm)
    changed = roll_arm(documents, key, arm)
    now = SystemClock().now()
    with _connected(settings) or nullcontext() as connection:
        roll = measure_roll(connection, program, key, arm, now)
        print("\n".join(_found(roll)))
        if roll.doubts and not is_forced:
            print(
                "upsell: the result does not carry it; nothing was changed. Say --anyway to roll it out",
                file=sys.stderr,
            )
            raise typer.Exit(1)
        name = user_name()
        closed = closed_experiment(roll, now, name, why)
        if connection is None:
            record = write_roll(workspace, changed, roll, closed)
        else:
            with connection.transaction():
                keep_roll(connection, closed, f"shell:{name}")
                record = write_roll(workspace, changed, roll, closed)
    print(f"workflows/{key}.yaml gives {arm} to everybody; what was found is in {record}.")
    print("Nothing is live yet: look at it with upsell plan, and put it live with upsell apply.")


def _found(roll: Roll) -> Iterator[str]:
    """Write what was tested and found."""
    from upsell.clock import to_datetime

    shares = ", ".join(f"{name} {share * 100:g} %" for name, share in roll.arms.items())
    yield f"{roll.workflow}: {roll.arm} for everybody ({shares}; they differ in {roll.vary})"
    if roll.exposed_from is not None and roll.exposed_until is not None:
        sizes = ", ".join(f"{name} {units:,}" for name, units in roll.exposed.items())
        first, last = (f"{to_datetime(at):%Y-%m-%d}" for at in (roll.exposed_from, roll.exposed_until))
        yield f"  exposed from {first} to {last}: {sizes}"
    for finding in roll.findings:
        yield f"  against {finding.against}, {finding.said}"
    for doubt in roll.doubts:
        yield f"  but {doubt}"


def _connected(settings: Settings) -> Connection | None:
    """Open the database, where there is one."""
    from upsell.store.connect import connect, database_url

    if not settings.database_url and not Path(settings.data_folder).is_dir():
        return None
    return connect(database_url(settings))


def _listed(settings: Settings) -> Iterator[str]:
    from upsell.store.connect import connect, database_url
    from upsell.store.experiments import read_closed_experiments

    with connect(database_url(settings)) as connection:
        known = read_closed_experiments(connection)
    if not known:
        yield "No experiment was closed yet."
    for closed in known:
        yield from _closed_lines(closed)


def _closed_lines(closed: ClosedExperiment) -> Iterator[str]:
    import msgspec

    from upsell.clock import to_datetime

    record = msgspec.json.decode(closed.record)
    day = f"{to_datetime(closed.closed_at):%Y-%m-%d}"
    others = ", ".join(name for name in record["arms"] if name != closed.arm)
    yield f"{day} {closed.workflow}: {closed.arm} over {others}, which differed in {closed.vary}"
    yield f"  {closed.closed_by}: {closed.why}"
    for finding in record["findings"]:
        yield f"  against {finding['against']}, {finding['said']}"
    for doubt in record["doubts"]:
        yield f"  but {doubt}"


def user_name() -> str:
    """Name whoever runs the command, as the machine knows them."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
