"""``upsell scorecard``: how far expansion comes, stage by stage."""

from __future__ import annotations

from typing import Annotated

import typer


def scorecard(
    *,
    since: Annotated[
        str | None, typer.Option(help="From this date or moment on; without it a year before the end.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Up to this date or moment; without it now.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Tell how far expansion comes: discover, qualify, recommend, prove, commit, expand.

    Workflows that make upgrade, cross-sell and retention offers are told apart. Each line is a metric of
    `upsell metrics`; what would not have happened otherwise is told by `upsell report`.
    """
    import os

    import msgspec

    from upsell.cli.scorecard_text import scorecard_text
    from upsell.cli.spans import span_of
    from upsell.clock import format_moment
    from upsell.config import load_settings
    from upsell.runtime.reporting import live_program
    from upsell.runtime.scorecard import read_scorecard, scorecard_content
    from upsell.runtime.tracking import read_tracked
    from upsell.store.connect import connect, database_url

    with connect(database_url(load_settings(os.environ))) as connection:
        program = live_program(connection)
        span = span_of(since, until, None, program.currency)
        lines = read_scorecard(read_tracked(connection, program, span.as_of), span)
    if as_json:
        content = {
            "since": format_moment(span.since),
            "until": format_moment(span.until),
            "lines": scorecard_content(lines),
        }
        print(msgspec.json.format(msgspec.json.encode(content)).decode())
    else:
        print(scorecard_text(lines, span))
