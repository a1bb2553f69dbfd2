"""``upsell guardrail``: let a workflow go on that a guardrail paused, and list what was broken."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upsell.store.connect import Connection


def guardrail(
    action: Annotated[Literal["resume", "list"], typer.Argument(help="resume or list.")],
    workflow: Annotated[
        str, typer.Argument(metavar="[WORKFLOW]", help="Key of the workflow.", show_default=False)
    ] = "",
    *,
    why: Annotated[str, typer.Option(help="What was mended, for whoever reads it in a year.")] = "",
) -> None:
    """Let a workflow go on that was paused or warned of, or list every guardrail that was broken.

    resume ends every open breach of the workflow; who did it, when and why is kept. Counting begins anew from
    that moment. Who waited is asked again within two hours. The exit code is 1 when nothing was open.
    """
    from upsell.cli.experiment import user_name
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.runtime.limits import let_go_on
    from upsell.store.connect import connect, database_url

    if (action == "resume") is not bool(workflow and why.strip()):
        wanted = "resume WORKFLOW --why TEXT" if action == "resume" else "list and nothing more"
        raise typer.BadParameter(f"expected upsell guardrail {wanted}")
    with connect(database_url(load_settings(os.environ))) as connection:
        if action == "list":
            print("\n".join(_listed(connection)))
            return
        name = user_name()
        ended = let_go_on(connection, SystemClock(), workflow, name, f"shell:{name}", why.strip())
    if not ended:
        print(f"No guardrail of {workflow} is broken, so there is nothing to let go on; nothing changed.")
        raise typer.Exit(1)
    print(f"{workflow} goes on ({ended} closed); counting begins anew from now.")


def _listed(connection: Connection) -> Iterator[str]:
    """Write the breaches, the newest first."""
    from upsell.clock import to_datetime
    from upsell.store.guardrails import read_breaches

    known = read_breaches(connection)
    if not known:
        yield "No guardrail was ever broken."
    for each in reversed(known):
        until = f"{to_datetime(each.ended_at):%Y-%m-%d %H:%M}" if each.ended_at is not None else "open"
        since = f"{to_datetime(each.found_at):%Y-%m-%d %H:%M}"
        yield f"{since} to {until} UTC  {each.workflow}  {each.action.value}"
        yield f"  {each.words}"
        told = f" to {each.notice_to}" if each.notice_to else ""
        detail = f": {each.notice_detail}" if each.notice_detail and each.notice.value != "sent" else ""
        yield f"  notice {each.notice.value}{told}{detail}"
        if each.ended_at is not None:
            yield f"  {each.ended_by}: {each.why}"
