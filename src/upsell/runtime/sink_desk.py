"""The sink desk: how sinks stand, whether one answers, and what is to be told again.

For the command ``sinks``. The law: what is told again goes under the id it had before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from upsell.channels.border import Border
from upsell.channels.sinks.definition import Definition
from upsell.channels.sinks.definitions import read_sinks
from upsell.channels.sinks.sink import Outcome, Reply
from upsell.clock import Clock, Moment, to_datetime
from upsell.errors import ConfigError, nearest
from upsell.store import ledger
from upsell.store.connect import Connection
from upsell.store.revisions import newest_revision
from upsell.store.sinks import (
    Standing,
    hasten_parcels,
    resume_sink,
    revive_parcels,
    rewind_sink,
)
from upsell.store.sinks import read_sinks as read_standings
from upsell.workspace.documents import Documents


class Listed(msgspec.Struct, frozen=True):
    """A sink and how it stands; one that is live no more has no definition, one not yet live no standing."""

    name: str
    definition: Definition | None
    standing: Standing | None


def list_sinks(connection: Connection, documents: Documents | None = None) -> list[Listed]:
    """List sinks by name: those of documents, or of what is live and those that were.

    Raises:
        DefinitionError: The documents' sinks are not written as they should be.
    """
    if documents is None:
        live = newest_revision(connection)
        documents = live.documents if live is not None else {}
        known = {each.name: each for each in read_standings(connection)}
    else:
        known = {}
    defined = read_sinks(documents)
    return [Listed(name, defined.get(name), known.get(name)) for name in sorted({*defined, *known})]


def find_sink(connection: Connection, name: str, documents: Documents | None = None) -> Listed:
    """Give a sink by its name.

    Raises:
        ConfigError: There is none of that name.
        DefinitionError: The documents' sinks are not written as they should be.
    """
    known = {each.name: each for each in list_sinks(connection, documents)}
    if name not in known:
        near = nearest(name, known)
        advice = f"known are {', '.join(known)}" if known else "there is none; write sinks/NAME.yaml"
        advice = f"did you mean {near}?" if near else advice
        msg = f"expected the name of a sink, got {name or 'none'}; {advice}"
        raise ConfigError(msg)
    return known[name]


def knock(definition: Definition, secrets: Mapping[str, str], border: Border, clock: Clock) -> Reply:
    """See whether a sink answers and knows us; nothing is kept.

    Raises:
        ConfigError: Its secret is missing, or none such as it takes.
    """

    async def ask() -> Reply:
        """Tell one event."""
        sink = definition.open(secrets, border)
        try:
            return await sink.knock(clock.now())
        finally:
            await sink.close()

    return asyncio.run(ask())


def resume(connection: Connection, name: str, now: Moment) -> None:
    """Let a sink that said nobody is there, or is left alone, be told again at once, what waits too."""
    with connection.transaction():
        resume_sink(connection, name)
        hasten_parcels(connection, name, now)
        connection.execute(f"notify {ledger.CHANNEL}")


def replay(connection: Connection, name: str, parcel: str, since: Moment, now: Moment) -> int:
    """Let what is dead be tried again: one by its id, or all that was seen since a moment; give how much."""
    with connection.transaction():
        revived = revive_parcels(connection, name, parcel, since, now)
        resume_sink(connection, name)
        connection.execute(f"notify {ledger.CHANNEL}")
    return revived


def tell_again(connection: Connection, name: str, since: Moment, now: Moment) -> None:
    """Let a sink be told again of everything that was seen since a moment, also of what it took."""
    with connection.transaction():
        rewind_sink(connection, name, since, now)
        resume_sink(connection, name)
        connection.execute(f"notify {ledger.CHANNEL}")


def standing_words(listed: Listed, head: int, now: Moment) -> str:
    """Say how a sink stands in one line."""
    standing = listed.standing
    if standing is None:
        return "not live yet"
    if listed.definition is None:
        return f"live no more; {_held(standing)}"
    if standing.trouble:
        return f"closed: {standing.trouble}"
    if standing.gone and standing.gone == listed.definition.where:
        return f"gone: it said that nobody is there any more; {_held(standing)}"
    parts = []
    if standing.failures:
        times = "once" if standing.failures == 1 else f"{standing.failures:,} times in a row"
        parts.append(f"failed {times}: {standing.said}")
    if standing.unheard:
        parts.append(f"does not say what was closed there: {standing.unheard}")
    if standing.retry_at is not None and standing.retry_at > now:
        parts.append(f"left alone until {minute(standing.retry_at)}")
    if head > standing.position and standing.failures:
        parts.append(f"{head - standing.position:,} places behind")
    last = f", the last at {minute(standing.taken_at)}" if standing.taken_at is not None else ""
    return "; ".join([*parts, f"{standing.taken:,} taken{last}", _held(standing)])


def reply_words(reply: Reply) -> str:
    """Say what was answered to a knock."""
    match reply.outcome:
        case Outcome.TAKEN:
            return f"It answered: {reply.said}"
        case Outcome.FAILED:
            return f"It did not take it: {reply.said}"
        case Outcome.GONE:
            return f"It says that nobody is there any more: {reply.said}"


def minute(at: Moment) -> str:
    """Write a moment to the minute."""
    return f"{to_datetime(at):%Y-%m-%d %H:%M} UTC"


def _held(standing: Standing) -> str:
    return f"{standing.waiting:,} waiting, {standing.dead:,} dead"
