"""``upsell mcp``: tools for agents over standard input and output."""

from __future__ import annotations

from typing import Annotated

import typer


def mcp(
    *,
    allow_record: Annotated[
        bool, typer.Option("--allow-record", help="Let the tool decide record what is shown.")
    ] = False,
) -> None:
    """Serve tools to an agent by the Model Context Protocol (2025-06-18), until its input ends.

    Tools: decide, explain, report, segments. Without --allow-record nothing is written.
    """
    import os
    import sys

    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.mcp_protocol import serve
    from upsell.runtime.mcp_tools import INSTRUCTIONS, AgentTools
    from upsell.store.connect import database_url

    agent = AgentTools(database_url(load_settings(os.environ)), SystemClock(), may_record=allow_record)
    answers = sys.stdout.buffer
    # What is logged goes to standard error; only answers may stand here.
    sys.stdout = sys.stderr
    try:
        for answer in serve(iter(sys.stdin.buffer.readline, b""), agent.tools(), INSTRUCTIONS):
            answers.write(answer)
            answers.flush()
    finally:
        agent.close()
