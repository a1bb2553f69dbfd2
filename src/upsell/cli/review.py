"""``upsell review``: a month of expansion as one document."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def review(
    *,
    month: Annotated[
        str | None, typer.Option(help="The month, such as 2026-10; without it the last one that is over.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", help="markdown, html or pdf; without it that of the file's ending, or markdown."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write into this file; without it to standard output."),
    ] = None,
) -> None:
    """Review a month: what ran, what was learned, what to stop by stated rules, and what to try next.

    The month is that of the team's zone. While it lasts it is read up to now.
    """
    import os
    import sys

    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.papers.forms import Form, form_of, paper_bytes, write_whole
    from upsell.runtime.papers.review_paper import review_paper
    from upsell.runtime.reporting import live_program
    from upsell.runtime.review import month_of
    from upsell.runtime.review import review as review_month
    from upsell.store.connect import connect, database_url

    named = form if form is not None or output is not None else Form.MARKDOWN.value
    chosen = form_of(named, output)
    now = SystemClock().now()
    with connect(database_url(load_settings(os.environ))) as connection:
        program = live_program(connection)
        asked = month_of(month, program.zone, now)
        found = review_month(connection, program, asked, now)
    content = paper_bytes(review_paper(found), chosen, found.as_of)
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    else:
        write_whole(output, content)
        print(f"Wrote the review of {asked.name} as {chosen.value} to {output}.", file=sys.stderr)
