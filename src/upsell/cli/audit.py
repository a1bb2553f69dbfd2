"""``upsell audit``: what users did, and what was done about them: who, when and why."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from upsell.store.acts import Done


def audit(
    *,
    by: Annotated[str, typer.Option(help="Only what this user did, or what was about them.")] = "",
    most: Annotated[int, typer.Option(min=1, help="How many at most, the newest.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
) -> None:
    """Show what users did, and what was done about them: who, when and why, the newest last.

    The log is added to and never changed; the database itself refuses it.
    """
    import msgspec

    from upsell.config import load_settings
    from upsell.store.acts import read_acts
    from upsell.store.connect import connect, database_url

    with connect(database_url(load_settings(os.environ))) as connection:
        found = tuple(reversed(read_acts(connection, most, by=by.strip().lower() if "@" in by else by)))
    if as_json:
        print(msgspec.json.format(msgspec.json.encode([_content(done) for done in found])).decode())
        return
    print("\n".join(_lines(found)))


def _content(done: Done) -> dict[str, Any]:
    """Give a row for machines."""
    import msgspec

    from upsell.clock import format_moment

    content: dict[str, Any] = msgspec.to_builtins(done)
    return {**content, "done_at": format_moment(done.done_at)}


def _lines(found: tuple[Done, ...]) -> Iterator[str]:
    """Write a line for each row."""
    from upsell.clock import to_datetime

    if not found:
        yield "Nothing was done yet."
    for done in found:
        about = "" if done.about == done.by else f" {done.about}"
        words = f" ({done.words})" if done.words else ""
        because = f": {done.because}" if done.because else ""
        when = f"{to_datetime(done.done_at):%Y-%m-%d %H:%M} UTC"
        yield f"{when}  {done.by} {done.act.value}{about}{words}{because}"
