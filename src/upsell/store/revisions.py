"""Revisions: the definitions as they were applied, numbered; the newest is what is live.

The law: a revision is live after one place in the ledger, ``live_from``, for every household, so
that anyone can tell under which definitions an event was taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.queries import query

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, str]).decode


class Revision(msgspec.Struct, frozen=True):
    """One numbered state of the definitions.

    Attributes:
        number: From 1, without gaps.
        hash: The program's version: what its text comes to.
        documents: Text by path within the workspace.
        live_from: Events behind this position are taken under it; 0 for the first revision.
        live_at: The moment at which units take their bearings.
        applied_at: When it was applied.
        note: What was said about it.
        edition: What it means by what it does not say, by number; 1 for what was applied before there
            were any.
    """

    number: int
    hash: str
    documents: Mapping[str, str]
    live_from: int
    live_at: Moment
    applied_at: Moment
    note: str = ""
    edition: int = 1


def newest_revision(connection: Connection) -> Revision | None:
    """Give the revision applied last, None before the first."""
    found = _revisions(connection.execute(query("newest_revision"), binary=True))
    return found[0] if found else None


def newest_number(connection: Connection) -> int:
    """Give the number of the revision applied last, 0 before the first."""
    row = connection.execute(query("newest_revision_number")).fetchone()
    return row[0] if row is not None else 0


def read_revision(connection: Connection, number: int) -> Revision | None:
    """Give a revision by its number, None where there is none."""
    found = _revisions(connection.execute(query("read_revision"), {"number": number}, binary=True))
    return found[0] if found else None


def read_revisions(connection: Connection, since: int) -> list[Revision]:
    """Give the revisions from a number on, in order."""
    return _revisions(connection.execute(query("read_revisions"), {"since": since}, binary=True))


def keep_revision(connection: Connection, revision: Revision) -> None:
    """Keep a revision; its number must not be taken."""
    values = msgspec.structs.asdict(revision) | {"documents": _encode(dict(revision.documents)).decode()}
    connection.execute(query("keep_revision"), values)


def _revisions(rows: Iterable[tuple[Any, ...]]) -> list[Revision]:
    return [Revision(row[0], row[1], _decode(row[2]), *row[3:]) for row in rows]
