"""``upsell report``: what each live workflow did and earned."""

from __future__ import annotations

from typing import Annotated

import typer


def report(
    *,
    workflow: Annotated[str | None, typer.Option(help="Only this workflow, by its key.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="As of this date or moment; without it now.")
    ] = None,
    by_stage: Annotated[
        bool, typer.Option("--by-stage", help="Tell what was earned by lifecycle stage at exposure, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Tell what each workflow did: who was considered and why not, messages, and what it earned.

    What it earned is the difference to its holdout, with a 95 % interval, over windows that have
    closed.
    """
    import os

    from upsell.cli.moments import moment_of
    from upsell.cli.results_text import results_lines
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.reporting import live_program
    from upsell.runtime.reporting import report as report_on
    from upsell.runtime.results import Results, results_json
    from upsell.store.connect import connect, database_url

    asked = moment_of(as_of, "--as-of")
    moment = SystemClock().now() if asked is None else asked
    with connect(database_url(load_settings(os.environ))) as connection:
        program = live_program(connection)
        found = report_on(connection, program, moment, workflow, by_stage=by_stage)
        results = Results("", found)
    if as_json:
        print(results_json(results).decode(), end="")
    else:
        print("\n".join(results_lines(results)))
