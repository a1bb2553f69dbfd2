"""How the queries of a workspace stand: when each last ran, what came of it, and when it runs next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from upsell.clock import HOUR, MINUTE, Duration, Moment, to_datetime
from upsell.errors import ConfigError
from upsell.sources.definition import Definition
from upsell.sources.query import QueryDefinition
from upsell.sources.schedule import next_run
from upsell.store.connect import Connection
from upsell.store.source_runs import SourceRun, read_runs

FIRST_PAUSE: Duration = MINUTE
LONGEST_PAUSE: Duration = HOUR
"""How long a run waits that failed: twice as long each time, up to the longest."""


class Standing(msgspec.Struct, frozen=True):
    """How a query stands.

    Attributes:
        name: What it is called.
        run: Its last run, None before the first.
        next_at: When it is due, None for by hand only.
        is_due: Whether it is now.
    """

    name: str
    run: SourceRun | None
    next_at: Moment | None
    is_due: bool


def due_at(definition: QueryDefinition, run: SourceRun | None, now: Moment) -> Moment | None:
    """Tell when a source is to be asked next; None for one without a schedule.

    One that never ran, or whose run was broken off, is due now.
    """
    if definition.schedule is None:
        return None
    if run is None or run.finished_at is None or run.is_open:
        return now
    if not run.failures:
        return next_run(definition.schedule, run.started_at)
    return run.finished_at + min(LONGEST_PAUSE, FIRST_PAUSE << min(run.failures - 1, 10))


def read_standings(
    connection: Connection, definitions: Iterable[Definition], now: Moment
) -> tuple[Standing, ...]:
    """Tell how each query among some sources stands, by name."""
    queries = {each.name: each for each in definitions if isinstance(each, QueryDefinition)}
    runs = read_runs(connection, queries) if queries else {}
    due = {name: due_at(each, runs.get(name), now) for name, each in queries.items()}
    return tuple(
        Standing(name, runs.get(name), at, at is not None and at <= now) for name, at in sorted(due.items())
    )


def standing_words(standing: Standing) -> str:
    """Say how a query stands in one line."""
    run = standing.run
    if standing.next_at is None:
        following = "asked by hand only"
    else:
        following = f"{'due since' if standing.is_due else 'next'} {_minute(standing.next_at)}"
    if run is None:
        return f"never asked yet, {following}"
    parts = []
    if run.succeeded_at is not None:
        parts.append(
            f"last {_minute(run.succeeded_at)}: {run.rows:,} rows read, {run.sent:,} events sent, "
            f"{run.rejected:,} rejected" + (f", {run.cleared:,} cleared" if run.cleared else "")
        )
    if run.failures:
        times = "once" if run.failures == 1 else f"{run.failures:,} times in a row"
        parts.append(f"failed {times}: {run.error}")
    if run.is_open:
        parts.append(f"under way since {_minute(run.started_at)}, or broken off then")
    return "; ".join([*parts, following])


def open_words(source: Definition, secrets: Mapping[str, str]) -> str:
    """Say whether a source is open, as far as the secrets of this process tell."""
    held = [name for name in source.settings if secrets.get(name, "").strip()]
    if source.settings and not held:
        return f"closed until {' or '.join(source.settings)} is set"
    if not isinstance(source, QueryDefinition):
        try:
            source.open(secrets)
        except ConfigError as error:
            return f"closed: {error}"
    return f"open by {', '.join(held)}" if held else "open"


def _minute(at: Moment) -> str:
    return f"{to_datetime(at):%Y-%m-%d %H:%M} UTC"
