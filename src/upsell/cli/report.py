"""``upsell report``: what each live workflow did and earned."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upsell.clock import Moment
    from upsell.runtime.papers.forms import Form
    from upsell.runtime.results import Results
    from upsell.runtime.trends import Trends
    from upsell.store.connect import Connection


def report(  # noqa: PLR0913  # a command's options
    *,
    workflow: Annotated[str | None, typer.Option(help="Only this workflow, by its key.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="As of this date or moment; without it now.")
    ] = None,
    by_stage: Annotated[
        bool, typer.Option("--by-stage", help="Tell what was earned by lifecycle stage at exposure, too.")
    ] = False,
    all_readings: Annotated[
        bool,
        typer.Option(
            "--all-readings",
            help="Read each effect in other ways beside the plain one, too; JSON always has them.",
        ),
    ] = False,
    health: Annotated[
        bool,
        typer.Option(
            "--health",
            help="Doubt the numbers: A against A, contamination, symmetry, trend by week, dilution.",
        ),
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(
            help="Report on the export in this folder, as of when it was made; without it on the database."
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="text, json, markdown, html or pdf; without it that of the file's ending, or text.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write into this file; without it to standard output."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Tell what each workflow did: who was considered and why not, messages, and what it earned.

    What it earned is the difference to its holdout, with a 95 % interval, over windows that have
    closed. The forms say the same; JSON, Markdown, HTML and PDF have charts besides, each with its table.
    """
    import sys

    from upsell.runtime.guarding import read_guardrails
    from upsell.runtime.moments import moment_of
    from upsell.runtime.papers.forms import Form, form_of, write_whole
    from upsell.runtime.reporting import live_program
    from upsell.runtime.reporting import report as report_on
    from upsell.runtime.results import Results
    from upsell.runtime.trends import Trends, read_trends

    chosen = form_of(Form.JSON.value if as_json else form, output)
    asked = moment_of(as_of, "--as-of")
    with _opened(export) as (connection, made_at):
        moment = made_at if asked is None else asked
        program = live_program(connection)
        found = report_on(
            connection,
            program,
            moment,
            workflow,
            by_stage=by_stage,
            has_readings=all_readings or chosen is Form.JSON,
            has_health=health,
        )
        has_charts = chosen is not Form.TEXT
        # Guardrails are summed in the store as they are now; of another moment they are not known.
        is_of_now = has_charts and asked is None and export is None
        guarded = read_guardrails(connection, program) if is_of_now else None
        trends = read_trends(connection, program, moment, workflow, guarded) if has_charts else Trends()
    content = _written(Results("", found), trends, chosen)
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    else:
        write_whole(output, content)
        count = len(found.workflows)
        print(f"Wrote {count} workflow{'s' * (count != 1)} as {chosen.value} to {output}.", file=sys.stderr)


@contextmanager
def _opened(folder: Path | None) -> Iterator[tuple[Connection, Moment]]:
    """Open an export or the database, with the moment that is meant where none is said."""
    import os

    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.exports.reading import ExportedTables, asked_as_database
    from upsell.store.connect import connect, database_url

    if folder is None:
        with connect(database_url(load_settings(os.environ))) as connection:
            yield connection, SystemClock().now()
        return
    exported = ExportedTables(folder)
    try:
        with asked_as_database(exported) as answering:
            yield answering, exported.manifest.exported_at
    finally:
        exported.close()


def _written(results: Results, trends: Trends, form: Form) -> bytes:
    from upsell.cli.results_text import results_lines
    from upsell.runtime.papers.forms import Form, paper_bytes
    from upsell.runtime.papers.report_paper import report_charts, report_paper
    from upsell.runtime.results import results_json

    if form is Form.TEXT:
        return "\n".join([*results_lines(results), ""]).encode()
    if form is Form.JSON:
        return results_json(results, report_charts(results, trends))
    return paper_bytes(report_paper(results, trends), form, results.report.as_of)
