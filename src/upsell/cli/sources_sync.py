"""The queries of ``upsell sources``: how each stands, and one asked now."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from upsell.sources.definition import Definition
    from upsell.store.connect import Connection


def query_standings(connection: Connection, sources: Mapping[str, Definition]) -> dict[str, str]:
    """Say how each query among some sources stands, by its name."""
    from upsell.clock import SystemClock
    from upsell.runtime.source_standing import read_standings, standing_words

    found = read_standings(connection, sources.values(), SystemClock().now())
    return {each.name: standing_words(each) for each in found}


def sync_source(name: str, *, allows_gone: bool) -> None:
    """Ask one query of the live workspace now, and print what came of it.

    Raises:
        ConfigError: There is no such query, or another process is at it.
    """
    from upsell.cli.progress import shown_progress
    from upsell.clock import SystemClock
    from upsell.config import load_settings
    from upsell.errors import ConfigError, nearest
    from upsell.runtime.syncing import Busy, sync
    from upsell.sources.definitions import read_sources
    from upsell.sources.query import QueryDefinition
    from upsell.store.connect import connect, database_url
    from upsell.store.revisions import newest_revision

    settings = load_settings(os.environ)
    with connect(database_url(settings)) as connection, shown_progress() as progress:
        live = newest_revision(connection)
        found = read_sources(live.documents if live is not None else {})
        definition = found.get(name)
        if not isinstance(definition, QueryDefinition):
            queries = [key for key, each in found.items() if isinstance(each, QueryDefinition)]
            near = nearest(name, queries)
            known = ", ".join(sorted(queries)) or "none"
            advice = f"did you mean {near}?" if near else f"known are {known}"
            msg = f"expected a query of the live workspace, got {name or 'no name'}; {advice}"
            raise ConfigError(msg)
        synced = sync(
            connection, definition, settings.secrets, SystemClock(), progress, allows_gone=allows_gone
        )
    if isinstance(synced, Busy):
        msg = f"expected to be alone at {name}, but another process is asking it now"
        raise ConfigError(msg)
    print(
        f"{synced.rows:,} rows read: {synced.sent:,} events sent, {synced.same:,} the same as before, "
        f"{synced.skipped:,} left out, {synced.rejected:,} rejected"
        + (f"; traits of {synced.cleared:,} cleared that are gone" if synced.cleared else "")
    )
    if synced.rejected:
        print(
            f"upsell: {synced.rejected:,} rows were rejected; the table rejections keeps each and why",
            file=sys.stderr,
        )
        raise typer.Exit(2)
