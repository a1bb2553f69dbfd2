"""``upsell metrics``: what is tracked, how each is defined, its SQL, and its value."""

from __future__ import annotations

from typing import Annotated

import typer


def metrics(  # noqa: PLR0913  # each is an option of the command line
    id_: Annotated[
        str | None, typer.Argument(metavar="ID", help="Which metric; without it all are listed.")
    ] = None,
    *,
    sql: Annotated[bool, typer.Option("--sql", help="Print its SQL.")] = False,
    dialect: Annotated[
        str, typer.Option(help="For which engine: duckdb, postgres, spark, snowflake or bigquery.")
    ] = "duckdb",
    run: Annotated[bool, typer.Option("--run", help="Compute it over the database's ledger.")] = False,
    by: Annotated[
        str | None,
        typer.Option(
            help="Tell it apart by trigger, stage, channel, plan, segment, cohort, workflow or kind of offer."
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="From this date or moment on; without it a year before the end.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Up to this date or moment; without it now.")] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="What is told by month, told of the whole stretch as one.")
    ] = False,
    currency: Annotated[
        str | None, typer.Option(help="Currency of what is read in one; without it the workspace's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """List what is tracked; tell how one metric is defined, print its SQL, or compute it.

    These numbers describe what happened. What would not have happened otherwise is told by `upsell report`.
    """
    import sys

    from upsell.cli.metrics_text import definition_text, figures_text, list_json, list_text
    from upsell.cli.spans import member_of, span_of
    from upsell.measurement.metrics import metric_definition, metric_query

    if id_ is None:
        print(list_json() if as_json else list_text())
        return
    metric = metric_definition(id_)
    if not (sql or run):
        print(list_json(metric) if as_json else definition_text(metric))
        return
    if sql:
        from upsell.measurement.queries import Dialect

        asked = span_of(since, until, by, currency or "USD", is_whole=whole)
        engine = member_of(Dialect, dialect, "--dialect")
        print(metric_query(metric, asked, engine))
        if not engine.is_run:
            note = f"Never run on {engine.value}: written by sqlglot and read back; check its first answer."
            print(note, file=sys.stderr)
    if run:
        import os

        from upsell.cli.metrics_text import effect_lines, figures_json
        from upsell.config import load_settings
        from upsell.measurement.retention import RETENTION
        from upsell.runtime.reporting import live_program
        from upsell.runtime.tracking import read_metric, read_retention, read_tracked
        from upsell.store.connect import connect, database_url

        with connect(database_url(load_settings(os.environ))) as connection:
            program = live_program(connection)
            span = span_of(since, until, by, currency or program.currency, is_whole=whole)
            tracked = read_tracked(connection, program, span.as_of)
        figures = read_metric(tracked, metric, span)
        effects = read_retention(tracked, span) if metric.id == RETENTION else {}
        if as_json:
            print(figures_json(metric, span, figures, effects))
        else:
            print("\n".join([figures_text(metric, span, figures), *effect_lines(effects)]))
