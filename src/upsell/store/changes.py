"""Changes in the store: documents proposed over a revision, and what was done about each.

The laws: what was done is added and never changed; documents are kept by what they are known by, so that what
was approved can be read for good; and whoever decides holds the change, so that one decides at a time.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from upsell.clock import Moment
from upsell.store.connect import Connection
from upsell.store.queries import query
from upsell.workspace.documents import Documents

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, str]).decode


class ChangeState(enum.Enum):
    """Where a change stands."""

    DRAFT = "draft"
    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    LAUNCHED = "launched"
    WITHDRAWN = "withdrawn"


class ChangeAct(enum.Enum):
    """What was done about a change."""

    DRAFTED = "drafted"
    ALTERED = "altered"
    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    LAUNCHED = "launched"
    WITHDRAWN = "withdrawn"


OPEN_STATES: Final = (ChangeState.DRAFT, ChangeState.ASKED, ChangeState.APPROVED)
"""Where a change stands that somebody may still do something about."""


class Change(msgspec.Struct, frozen=True):
    """Documents proposed over a revision, but for the documents themselves.

    Attributes:
        number: Its number.
        state: Where it stands.
        made_from: Number of the revision it was made from, 0 for none.
        hash: What its documents are known by.
        because: Why it is proposed, in the words of who did.
        proposed_by: Who drafted it.
        proposed_at: When.
        revision: Number of the revision it became; None before.
    """

    number: int
    state: ChangeState
    made_from: int
    hash: str
    because: str
    proposed_by: str
    proposed_at: Moment
    revision: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether somebody may still do something about it."""
        return self.state in OPEN_STATES

    @property
    def seen(self) -> str:
        """What a word about it names: its documents over a revision; over another they do something else."""
        return f"{self.made_from}.{self.hash}"


class ChangeRecord(msgspec.Struct, frozen=True):
    """One thing that was done about a change.

    Attributes:
        act: What.
        by: Who: the address of a user, or ``shell:`` and the name of who ran a command.
        at: When.
        because: Why, in their words; empty where nothing was said.
        hash: What the documents were known by that it was done about.
    """

    act: ChangeAct
    by: str
    at: Moment
    because: str
    hash: str


def add_change(
    connection: Connection,
    documents: Documents,
    hash_: str,
    made_from: int,
    by: str,
    because: str,
    at: Moment,
) -> Change:
    """Add a draft in the transaction that is open."""
    values = {"made_from": made_from, "hash": hash_, "because": because, "by": by, "at": at}
    row = connection.execute(query("add_change"), values).fetchone()
    number: int = row[0] if row is not None else 0
    keep_change_documents(connection, number, hash_, documents)
    return Change(number, ChangeState.DRAFT, made_from, hash_, because, by, at)


def hold_change(connection: Connection, number: int) -> Change | None:
    """Give a change, which nobody else holds until the transaction ends; None where there is none."""
    return _first(connection.execute(query("hold_change"), {"number": number}, binary=True))


def read_change(connection: Connection, number: int) -> Change | None:
    """Give a change by its number; None where there is none."""
    return _first(connection.execute(query("read_change"), {"number": number}, binary=True))


def read_open_changes(connection: Connection, most: int) -> tuple[Change, ...]:
    """Give the changes that are neither live nor closed, the newest first, at most ``most``."""
    return _changes(connection.execute(query("read_open_changes"), {"most": most}, binary=True))


def read_closed_changes(connection: Connection, most: int, before: int | None = None) -> tuple[Change, ...]:
    """Give the changes that are live or closed, the newest first, at most ``most``.

    Args:
        connection: The database.
        most: How many at most.
        before: Only those with a smaller number, None for the newest.
    """
    values = {"most": most, "before": before}
    return _changes(connection.execute(query("read_closed_changes"), values, binary=True))


def count_asked_changes(connection: Connection) -> int:
    """Count the changes that wait for somebody's approval."""
    row = connection.execute(query("count_asked_changes")).fetchone()
    return row[0] if row is not None else 0


def settle_change(connection: Connection, change: Change) -> None:
    """Write where a change stands from now on, in the transaction that holds it."""
    values = {
        "number": change.number,
        "state": change.state.value,
        "made_from": change.made_from,
        "hash": change.hash,
        "revision": change.revision,
    }
    connection.execute(query("settle_change"), values)


def keep_change_documents(connection: Connection, number: int, hash_: str, documents: Documents) -> None:
    """Keep documents of a change for good, by what they are known by."""
    values = {"change": number, "hash": hash_, "documents": _encode(dict(documents)).decode()}
    connection.execute(query("keep_change_documents"), values)


def read_change_documents(connection: Connection, change: Change) -> Documents:
    """Give the documents of a change as it stands."""
    values = {"change": change.number, "hash": change.hash}
    row = connection.execute(query("read_change_documents"), values).fetchone()
    return _decode(row[0]) if row is not None else {}


def add_change_record(
    connection: Connection, change: Change, act: ChangeAct, by: str, because: str, at: Moment
) -> None:
    """Write down what was done about a change, in the transaction that does it."""
    values = {
        "change": change.number,
        "act": act.value,
        "by": by,
        "at": at,
        "because": because,
        "hash": change.hash,
    }
    connection.execute(query("add_change_record"), values)


def read_change_records(connection: Connection, number: int) -> tuple[ChangeRecord, ...]:
    """Give what was done about a change, the first first; () where there is none."""
    rows = connection.execute(query("read_change_records"), {"change": number}, binary=True)
    return tuple(ChangeRecord(ChangeAct(act), *rest) for act, *rest in rows)


def _first(rows: Iterable[tuple[Any, ...]]) -> Change | None:
    found = _changes(rows)
    return found[0] if found else None


def _changes(rows: Iterable[tuple[Any, ...]]) -> tuple[Change, ...]:
    return tuple(Change(number, ChangeState(state), *rest) for number, state, *rest in rows)
