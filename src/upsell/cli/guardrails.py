"""``upsell guardrails``: every guardrail beside its limit, and what to do where one is broken."""

from __future__ import annotations

import os
from typing import Annotated

import typer


def guardrails(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the readings as JSON.")] = False,
    is_shown_only: Annotated[
        bool, typer.Option("--show", help="Sum and decide nothing; show what was summed last.")
    ] = False,
) -> None:
    """Look at every guardrail now, as `upsell up` does each ten minutes, and show how each stands.

    Looking costs nothing: the intervals hold however often it is done. A workflow whose guardrail is broken
    is warned of or paused, and its owner is told by mail once `upsell up` or `upsell worker` runs.
    """
    import msgspec

    from upsell.cli.guardrails_text import guardrails_lines
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.guarding import guard, open_breaches, read_guardrails
    from upsell.runtime.limits import guardrails_content
    from upsell.runtime.reporting import live_program
    from upsell.store.connect import connect, database_url

    with connect(database_url(load_settings(os.environ))) as connection:
        program = live_program(connection)
        if not is_shown_only:
            guard(connection, SystemClock())
        readings, breaches = read_guardrails(connection, program), open_breaches(connection)
    if as_json:
        content = guardrails_content(readings, breaches)
        print(msgspec.json.format(msgspec.json.encode(content)).decode())
    else:
        print("\n".join(guardrails_lines(readings, breaches)))
