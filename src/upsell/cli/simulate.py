"""``upsell simulate``: a workspace run against made-up customers whose responses are planted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def simulate(
    workspace: Annotated[Path, typer.Argument(help="Folder of the workspace.")],
    *,
    scenario: Annotated[
        Path | None, typer.Option(help="File that says who the customers are and how they respond.")
    ] = None,
    accounts: Annotated[
        int | None, typer.Option(min=1, help="How many accounts, instead of the file's.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="How many days, instead of the file's.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="What all chance hangs on, instead of the file's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Run a workspace against made-up customers, on a clock that jumps, beside the planted truth.

    Intake, worker, outbox, mail server and report are the real ones, on a database that is thrown away.
    Without a scenario customers live by the usual habits and no message changes anything: an A/A run.
    """
    import os
    import signal
    import textwrap

    import msgspec

    from upsell.cli.demo import database_folder, shown_progress
    from upsell.cli.results_text import results_lines
    from upsell.clock import HOUR, parse_moment
    from upsell.config import Settings
    from upsell.runtime.demo import run_demo
    from upsell.runtime.results import coverage_words, results_json
    from upsell.runtime.scenario import Scenario, make_company, read_scenario
    from upsell.store.connect import database_url
    from upsell.workspace.compile import compile_documents
    from upsell.workspace.documents import read_workspace

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    documents = read_workspace(workspace)
    program = compile_documents(documents).program
    told = read_scenario(scenario) if scenario is not None else Scenario()
    chosen = {"accounts": accounts, "days": days, "seed": seed}
    told = msgspec.structs.replace(
        told, **{name: value for name, value in chosen.items() if value is not None}
    )
    company = make_company(told, program, parse_moment("2026-01-01T00:00:00Z") or 0)
    with shown_progress() as tell:
        url = database_url(Settings(data_folder=str(database_folder(None))))
        results = run_demo(url, documents, company, 12 * HOUR, len(os.sched_getaffinity(0)), tell)
    if as_json:
        print(msgspec.json.format(results_json(results)).decode())
        return
    print("\n".join([*textwrap.wrap(results.about, 80), ""]))
    print("\n".join(results_lines(results)))
    print("\n".join(["", *textwrap.wrap(coverage_words(results), 80)]))
