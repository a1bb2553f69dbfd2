"""Sinks: how far each has been told of the ledger, and what it has not taken.

The law: an event that a sink is to be told of is behind its position, or among what waits for it, or among
what is dead, at every moment; so nothing is lost, whoever is killed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.ledger import Head, LedgerInput, read_input
from upsell.store.queries import query

_LOCKS = 7_207_741  # the first half of every sink's advisory lock; the second is a hash of its name


class Standing(msgspec.Struct, frozen=True):
    """How a sink stands.

    Attributes:
        name: Which one.
        is_live: Whether the workspace that is live has it.
        position: The last place in the ledger it was told of.
        moved_at: When that last changed.
        taken: How many parcels it has taken.
        taken_at: When it last took one; None before.
        failures: How many failed in a row.
        said: What it said, or what went wrong, the last time.
        retry_at: Until when it is left alone; None where it is not.
        gone: Where it was when it said that nobody is there any more; empty where it did not.
        trouble: Why it cannot be opened; empty where it can.
        heard_at: Up to when a desk was asked which of its tasks were closed there; None before.
        unheard: Why a desk could not be asked that, the last time; empty where it could.
        waiting: How many parcels wait to be tried again.
        dead: How many are tried no more.
    """

    name: str
    is_live: bool
    position: int
    moved_at: Moment
    taken: int
    taken_at: Moment | None
    failures: int
    said: str
    retry_at: Moment | None
    gone: str
    trouble: str
    heard_at: Moment | None = None
    unheard: str = ""
    waiting: int = 0
    dead: int = 0


class Kept(msgspec.Struct, frozen=True):
    """A parcel that was not taken, after its last attempt.

    Attributes:
        position: Where its event is in the ledger.
        seen_at: When that was seen.
        id: What it is known by.
        name: What happened.
        attempts: How often it was tried.
        first_at: When first.
        retry_at: When it is due again.
        died_at: Since when it is tried no more; None where it waits.
        said: What was answered.
        is_fault: Whether that tells against the sink, and nothing against the parcel.
    """

    position: int
    seen_at: Moment
    id: str
    name: str
    attempts: int
    first_at: Moment
    retry_at: Moment
    died_at: Moment | None
    said: str
    is_fault: bool


class Listed(msgspec.Struct, frozen=True):
    """A parcel that was not taken, as it is shown; fields as of ``Kept``."""

    id: str
    position: int
    name: str
    attempts: int
    first_at: Moment
    retry_at: Moment
    died_at: Moment | None
    said: str


class Waiting(msgspec.Struct, frozen=True):
    """A parcel that is due again: its event, how often it was tried, and when first."""

    told: LedgerInput
    attempts: int
    first_at: Moment


def settle_sinks(connection: Connection, names: Collection[str], head: Head) -> None:
    """Say which sinks are live; one that was not is told of what comes after a place."""
    values = {"names": sorted(names), "position": head.position, "seen_at": head.seen_at}
    connection.execute(query("settle_sinks"), values)


def hold_sink(connection: Connection, name: str) -> bool:
    """Try to hold a sink for as long as the connection lives, so that nobody else tells it."""
    row = connection.execute("select pg_try_advisory_lock(%s, hashtext(%s))", (_LOCKS, name)).fetchone()
    return row == (True,)


def leave_sink(connection: Connection, name: str) -> None:
    """Hold a sink no longer."""
    connection.execute("select pg_advisory_unlock(%s, hashtext(%s))", (_LOCKS, name))


def read_sinks(connection: Connection, name: str = "") -> list[Standing]:
    """Tell how every sink stands, by name, or the one of a name; also those that are live no more.

    For people: all that each holds is counted.
    """
    rows = connection.execute(query("read_sinks"), {"name": name}, binary=True)
    return [Standing(*row) for row in rows]


def read_sink(connection: Connection, name: str, most_waiting: int) -> Standing | None:
    """Tell how a sink stands at a cost that does not grow with what it holds; None for an unknown one.

    What waits is counted up to a number, and dead is 1 where anything is.
    """
    values = {"name": name, "most": most_waiting}
    row = connection.execute(query("read_sink"), values, binary=True).fetchone()
    return Standing(*row) if row is not None else None


def read_told(
    connection: Connection, names: Collection[str], after: int, up_to: int, limit: int
) -> list[LedgerInput]:
    """Read events by name, derived ones too, in ledger order: after a place, up to and including another."""
    values = {"after": after, "up_to": up_to, "limit": limit, "names": sorted(names)}
    return [read_input(row) for row in connection.execute(query("read_told"), values, binary=True)]


def find_first_told(connection: Connection, names: Collection[str], after: int, up_to: int) -> int | None:
    """Give the first place behind one, up to and including another, of an event that came from outside."""
    values = {"after": after, "up_to": up_to, "names": sorted(names)}
    row = connection.execute(query("find_first_told"), values).fetchone()
    return row[0] if row is not None else None


def read_waiting(connection: Connection, sink: str, now: Moment, limit: int) -> list[Waiting]:
    """Read what is due again for a sink, in ledger order."""
    values = {"sink": sink, "now": now, "limit": limit}
    rows = connection.execute(query("read_waiting_parcels"), values, binary=True)
    return [Waiting(read_input(row[:12]), *row[12:]) for row in rows]


def list_parcels(connection: Connection, sink: str, limit: int, *, is_dead: bool) -> list[Listed]:
    """List what a sink has not taken: what is dead, or what waits, in ledger order."""
    values = {"sink": sink, "is_dead": is_dead, "limit": limit}
    return [Listed(*row) for row in connection.execute(query("read_parcels"), values, binary=True)]


def move_sink(connection: Connection, before: Standing, after: Standing, now: Moment) -> bool:
    """Say how far a sink has been told and how it stands; False where it was put elsewhere meanwhile."""
    values = {
        "sink": after.name, "before": before.position, "position": after.position,
        "now": now, "taken": after.taken - before.taken, "failures": after.failures,
        "said": after.said.replace("\0", ""), "retry_at": after.retry_at, "gone": after.gone,
    }  # fmt: skip
    return connection.execute(query("move_sink"), values).rowcount == 1


def note_trouble(connection: Connection, sink: str, trouble: str) -> None:
    """Say why a sink cannot be opened; empty where it can."""
    connection.execute(query("note_sink_trouble"), {"sink": sink, "trouble": trouble})


def keep_parcels(connection: Connection, sink: str, kept: Sequence[Kept]) -> None:
    """Keep what a sink did not take."""
    if not kept:
        return
    values = {
        "sink": sink,
        "positions": [each.position for each in kept],
        "seen": [each.seen_at for each in kept],
        "ids": [each.id for each in kept],
        "names": [each.name for each in kept],
        "attempts": [each.attempts for each in kept],
        "firsts": [each.first_at for each in kept],
        "retries": [each.retry_at for each in kept],
        "deaths": [each.died_at for each in kept],
        "said": [each.said.replace("\0", "") for each in kept],
        "faults": [each.is_fault for each in kept],
    }
    connection.execute(query("keep_parcels"), values)


def forget_parcels(connection: Connection, sink: str, positions: Sequence[int]) -> None:
    """Forget what a sink has taken after all."""
    if positions:
        connection.execute(query("forget_parcels"), {"sink": sink, "positions": list(positions)})


def hasten_parcels(connection: Connection, sink: str, now: Moment) -> int:
    """Let what waits because a sink did not answer be tried at once; give how much that is."""
    return connection.execute(query("hasten_parcels"), {"sink": sink, "now": now}).rowcount


def revive_parcels(connection: Connection, sink: str, parcel: str, since: Moment, now: Moment) -> int:
    """Let what is dead be tried again: one by its id, or with "" all that was seen since a moment."""
    values = {"sink": sink, "id": parcel, "since": since, "now": now}
    return connection.execute(query("revive_parcels"), values).rowcount


def rewind_sink(connection: Connection, sink: str, since: Moment, now: Moment) -> None:
    """Let a sink be told again of everything that was seen since a moment."""
    connection.execute(query("rewind_sink"), {"sink": sink, "since": since, "now": now})


def resume_sink(connection: Connection, sink: str) -> None:
    """Let a sink that was gone, or is left alone for a while, be told again now."""
    connection.execute(query("resume_sink"), {"sink": sink})


def keep_vendor_ids(connection: Connection, sink: str, ids: Mapping[str, str]) -> None:
    """Remember what a desk calls tasks, by their keys."""
    if ids:
        values = {"sink": sink, "keys": list(ids), "ids": list(ids.values())}
        connection.execute(query("keep_sink_tasks"), values)


def find_vendor_ids(connection: Connection, sink: str, keys: Collection[str]) -> dict[str, str]:
    """Give what a desk calls tasks, by their keys; one it was not told of is absent."""
    values = {"sink": sink, "keys": list(keys)}
    return dict(connection.execute(query("find_sink_tasks"), values).fetchall())


def hear_sink(connection: Connection, sink: str, heard_at: Moment) -> None:
    """Say up to when a desk said which of its tasks were closed there."""
    connection.execute(query("hear_sink"), {"sink": sink, "heard_at": heard_at})


def note_unheard(connection: Connection, sink: str, said: str, since: Moment | None = None) -> None:
    """Say why a desk could not be asked which of its tasks were closed; empty where nothing is known of.

    Where it was never asked before, it is to be asked from a moment on, whatever it is told meanwhile.
    """
    values = {"sink": sink, "unheard": said.replace("\0", ""), "since": since}
    connection.execute(query("note_sink_unheard"), values)
