"""``upsell attribution``: who is credited with upgrades, beside what was truly earned."""

from __future__ import annotations

from typing import Annotated

import typer


def attribution(
    *,
    since: Annotated[
        str | None, typer.Option(help="After this date or moment; without it a year before the end.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Up to this date or moment; without it now.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the ledger as JSON.")] = False,
) -> None:
    """Credit each upgrade and expansion once, beside the lift.

    To the workflow of the last message sent, prompt seen or task done before it, whose goal window holds it;
    to nobody while the household is held out of any workflow; else to nothing. The lines add up to all
    there was. What is attributed was not therefore caused: the lift is.
    """
    import os

    import msgspec

    from upsell.cli.attribution_text import attribution_text
    from upsell.cli.spans import span_of
    from upsell.clock import format_moment
    from upsell.config import load_settings
    from upsell.runtime.attribution import read_attribution
    from upsell.runtime.reporting import live_program, report
    from upsell.runtime.tracking import read_tracked
    from upsell.store.connect import connect, database_url

    with connect(database_url(load_settings(os.environ))) as connection:
        program = live_program(connection)
        span = span_of(since, until, None, program.currency)
        tracked = read_tracked(connection, program, span.as_of)
        found = read_attribution(tracked, span, report(connection, program, span.as_of))
    if as_json:
        content = msgspec.to_builtins(found)
        content |= {"since": format_moment(found.since), "until": format_moment(found.until)}
        print(msgspec.json.format(msgspec.json.encode(content)).decode())
    else:
        print(attribution_text(found, program.currency))
