"""The ledger: every event, in the one order in which it was taken.

For intake, the worker and the dispatcher. The law: whoever appends holds the ledger's head, so
the order of positions, of ``seen_at`` and of commits is one order, and an event is taken once.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec

from upsell.clock import Clock, Moment
from upsell.errors import StoreError
from upsell.ids import UnitId, account_unit, customer_unit, shard_of
from upsell.journeys.merging import gone_of
from upsell.signals.events import ACCOUNT_IDENTIFIED, ACCOUNT_LEFT, CUSTOMERS_MERGED, Event
from upsell.store.connect import Connection, together
from upsell.store.identities import People, keep_identities
from upsell.store.months import ensure_months
from upsell.store.queries import copy_rows, query
from upsell.store.repeats import note_repeats

CHANNEL = "upsell_events"
"""The name under which PostgreSQL tells of appended events."""

_EVENT_TYPES = (
    "int8", "timestamptz", "timestamptz", "int2", "text", "text", "text",
    "text", "text", "text", "text", "bool", "bool",
)  # fmt: skip

_OF_MEMBERS = frozenset({ACCOUNT_LEFT, CUSTOMERS_MERGED})
"""Events for which it must be known whose member a customer is, also when they name an account."""

_LAST_MOMENT: Moment = 253_402_300_799_000_000

_encode = msgspec.json.Encoder().encode
_decode_properties = msgspec.json.Decoder(dict[str, Any]).decode
_shard_of = lru_cache(maxsize=65_536)(shard_of)


class Outcome(enum.Enum):
    """What became of an event that was to be appended."""

    APPENDED = "appended"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


class Appended(msgspec.Struct, frozen=True):
    """What became of one event.

    Attributes:
        outcome: Appended; a duplicate, which was ignored; or a conflict: the same id, another body.
        position: Its place in the ledger, or that of the event which came first under its id.
    """

    outcome: Outcome
    position: int


class Head(msgspec.Struct, frozen=True):
    """How far the ledger reaches: its last position, and the moment before which nothing will be added."""

    position: int
    seen_at: Moment


class LedgerInput(msgspec.Struct, frozen=True):
    """An event of the ledger with its place and the household it belongs to."""

    position: int
    shard: int
    household_id: UnitId
    event: Event


def append(
    connection: Connection, drafts: Sequence[Event], clock: Clock, hashes: Sequence[bytes] | None = None
) -> list[Appended]:
    """Append events in one transaction, all seen now; answers are in the order of the drafts.

    Every draft's ``seen_at`` is replaced by the clock's present or the ledger's last moment,
    whichever is later; an ``occurred_at`` after that is held to it. An event of a customer alone
    belongs to the account whose member the customer is; ``Account Identified`` with both ids makes
    a member, for the events behind it in the batch too. An id that went into another is that other's;
    ``Customers Merged`` counts for the events behind it, and one that says nothing new is a duplicate.

    Args:
        connection: Where to; a transaction that is open is written into, and goes on afterwards.
        drafts: The events.
        clock: Tells the present once the ledger is held.
        hashes: What each event's body comes to, without when it was sent; None to take it from the
            event itself.
    """
    if not drafts:
        return []
    with together(connection):
        head, months = _hold(connection)
        seen_at = max(clock.now(), head.seen_at)
        return _append(connection, drafts, seen_at, hashes, head, months)


def append_derived(connection: Connection, derived: Sequence[tuple[UnitId, Event]]) -> None:
    """Keep events that the core derived, each with its household; they are never inputs again.

    They keep their ``seen_at``: that of the input they follow from.
    """
    if not derived:
        return
    head, months = _hold(connection)
    ensure_months(connection, months, {event.seen_at for _, event in derived})
    rows = (
        _row(head.position + place, event.seen_at, household_id, event, is_derived=True)
        for place, (household_id, event) in enumerate(derived, 1)
    )
    copy_rows(connection, "copy_events", _EVENT_TYPES, rows)
    _move(connection, Head(head.position + len(derived), head.seen_at))


def read_head(connection: Connection) -> Head:
    """Tell how far the ledger reaches."""
    return Head(*connection.execute(query("read_head"), binary=True).fetchone() or (0, 0))


def reach_moment(connection: Connection, now: Moment) -> Head:
    """Promise that nothing will be appended as seen before ``now``, and tell how far the ledger reaches.

    Waits for appends under way, so that everything seen before the answer's moment can be read.
    """
    return Head(*connection.execute(query("reach_moment"), {"now": now}, binary=True).fetchone() or (0, 0))


def stamp_moment(connection: Connection, clock: Clock) -> Moment:
    """Give a moment after everything that was seen before, and before all that will be.

    The ledger is held until the transaction that is open ends.
    """
    head, _ = _hold(connection)
    at = max(clock.now(), head.seen_at + 1)
    _move(connection, Head(head.position, at))
    return at


def read_inputs(
    connection: Connection,
    shards: Sequence[int],
    names: Sequence[str],
    after: Head,
    up_to: int,
    limit: int,
) -> list[LedgerInput]:
    """Read inputs of some shards by name, in ledger order: after a place, up to and including another.

    Derived events are no inputs.
    """
    values = {
        "after": after.position, "since": after.seen_at, "up_to": up_to, "limit": limit,
        "shards": list(shards), "names": list(names),
    }  # fmt: skip
    return [read_input(row) for row in connection.execute(query("read_inputs"), values, binary=True)]


def read_household_inputs(
    connection: Connection,
    household_ids: Sequence[UnitId],
    names: Sequence[str],
    after: Head,
    until: Moment = _LAST_MOMENT,
) -> list[LedgerInput]:
    """Read the inputs of some households by name after a place and up to a moment, in ledger order."""
    values = {
        "households": list(household_ids), "names": list(names),
        "after": after.position, "since": after.seen_at, "until": until,
    }  # fmt: skip
    return [
        read_input(row) for row in connection.execute(query("read_household_inputs"), values, binary=True)
    ]


def read_counted(
    connection: Connection,
    household_ids: Sequence[UnitId],
    names: Sequence[str],
    happened_after: Moment,
    up_to: int,
) -> list[LedgerInput]:
    """Read what counters of some households would have counted, in ledger order up to a position.

    Changes of plan and of membership that the core derived are among them: it took them when it derived
    them.
    """
    values = {
        "households": list(household_ids), "names": list(names),
        "after": happened_after, "up_to": up_to,
    }  # fmt: skip
    return [read_input(row) for row in connection.execute(query("read_counted"), values, binary=True)]


def read_input(row: tuple[Any, ...]) -> LedgerInput:
    """Read a row of the columns that ``read_inputs`` selects."""
    position, shard, household_id, message_id, name, occurred_at, seen_at = row[:7]
    customer_id, account_id, properties, source, is_historical = row[7:]
    event = Event(
        message_id, name, occurred_at, seen_at, customer_id, account_id,
        _decode_properties(properties), source, is_historical,
    )  # fmt: skip
    return LedgerInput(position, shard, household_id, event)


def forget_ids(connection: Connection, before: Moment) -> int:
    """Forget message ids that came in before a moment; give how many."""
    return connection.execute(query("forget_ids"), {"before": before}).rowcount


def hash_event(event: Event) -> bytes:
    """Give what an event's body comes to: its name, ids, moment and properties, not when it was seen."""
    body = (
        event.name, event.occurred_at, event.customer_id, event.account_id,
        event.properties, event.is_historical,
    )  # fmt: skip
    return blake2b(_encode(body), digest_size=16).digest()


def _hold(connection: Connection) -> tuple[Head, set[int]]:
    row = connection.execute(query("hold_ledger"), binary=True).fetchone()
    if row is None:
        msg = "expected one row in ledger_head, found none: this database was not made by `upsell migrate`"
        raise StoreError(msg)
    return Head(row[0], row[1]), set(row[2])


def _append(
    connection: Connection,
    drafts: Sequence[Event],
    seen_at: Moment,
    hashes: Sequence[bytes] | None,
    head: Head,
    months: set[int],
) -> list[Appended]:
    hashes = hashes or [hash_event(draft) for draft in drafts]
    known = _remember(connection, drafts, seen_at, hashes, head.position)
    people = People(connection, drafts)
    accounts = _accounts_of(connection, drafts, people)
    ensure_months(connection, months, {seen_at})
    answers: list[Appended] = []
    rows: list[tuple[object, ...]] = []
    joined: dict[str, str] = {}
    left: set[str] = set()
    for place, said in enumerate(drafts, 1):
        before = known.get(place)
        if before is not None:
            answers.append(before)
            continue
        draft = people.resolve(said)
        if draft.name == CUSTOMERS_MERGED and (gone_id := gone_of(said)) is not None:
            told = people.merge(draft, gone_id, head.position + place)
            if isinstance(told, int):
                answers.append(Appended(Outcome.DUPLICATE, told))
                continue
            draft = told
            _follow(draft, accounts, joined)
        if draft.name == ACCOUNT_IDENTIFIED and draft.account_id and draft.customer_id:
            accounts[draft.customer_id] = joined[draft.customer_id] = draft.account_id
        position = head.position + place
        rows.append(_row(position, seen_at, _household_of(draft, accounts), draft, is_derived=False))
        if draft.name == ACCOUNT_LEFT and draft.customer_id is not None:
            _leave(draft, draft.customer_id, accounts, joined, left)
        answers.append(Appended(Outcome.APPENDED, position))
    copy_rows(connection, "copy_events", _EVENT_TYPES, rows)
    note_repeats(connection, _repeats(drafts, answers), seen_at)
    keep_identities(connection, people.merged, seen_at, list(people.merged))
    if left:
        connection.execute(query("forget_members"), {"customers": sorted(left)})
    if joined:
        members = {"customers": list(joined), "accounts": list(joined.values())}
        connection.execute(query("keep_members"), members)
    values = {"position": head.position + len(drafts), "seen_at": seen_at, "channel": CHANNEL}
    connection.execute(query("move_ledger_and_notify"), values)
    return answers


def _repeats(drafts: Sequence[Event], answers: Sequence[Appended]) -> Counter[tuple[str, str]]:
    """Count the drafts that came again, by source and by what became of them."""
    return Counter(
        (draft.source, answer.outcome.value)
        for draft, answer in zip(drafts, answers, strict=True)
        if answer.outcome is not Outcome.APPENDED
    )


def _leave(
    told: Event, customer_id: str, accounts: dict[str, str], joined: dict[str, str], left: set[str]
) -> None:
    """Let a customer be no member of the account they leave; one they are not in changes nothing."""
    if accounts.get(customer_id) in (None, told.account_id) or told.account_id is None:
        accounts.pop(customer_id, None)
        joined.pop(customer_id, None)
        left.add(customer_id)


def _follow(merged: Event, accounts: dict[str, str], joined: dict[str, str]) -> None:
    """Let the one that stays be a member of the other's account unless they have one of their own."""
    gone_id, stays_id = gone_of(merged) or "", merged.customer_id or ""
    joined.pop(gone_id, None)
    account_id = accounts.pop(gone_id, None)
    if account_id is not None and stays_id not in accounts:
        accounts[stays_id] = joined[stays_id] = account_id


def _remember(
    connection: Connection,
    drafts: Sequence[Event],
    seen_at: Moment,
    hashes: Sequence[bytes],
    after: int,
) -> dict[int, Appended]:
    """Remember the drafts' ids; give an answer for each, by place from 1, that was known before."""
    first = drafts[0].source
    is_one = all(draft.source == first for draft in drafts)
    values = {
        "after": after, "source": first, "ids": [draft.id for draft in drafts], "hashes": list(hashes),
        "sources": [] if is_one else [draft.source for draft in drafts], "seen": seen_at,
    }  # fmt: skip
    if connection.execute(query("remember_ids"), values).rowcount == len(drafts):
        return {}
    found = connection.execute(query("find_known_ids"), values)
    return {
        place: Appended(Outcome.DUPLICATE if is_same else Outcome.CONFLICT, position)
        for place, position, is_same in found
    }


def _accounts_of(connection: Connection, drafts: Iterable[Event], people: People) -> dict[str, str]:
    is_asked = any(not draft.account_id or draft.name in _OF_MEMBERS for draft in drafts)
    customers = people.named if is_asked else None
    if not customers:
        return {}
    found = connection.execute(query("find_members"), {"customers": list(customers)}, binary=True)
    return dict(found.fetchall())


def _household_of(event: Event, accounts: dict[str, str]) -> UnitId:
    account_id = event.account_id or accounts.get(event.customer_id or "")
    return account_unit(account_id) if account_id else customer_unit(event.customer_id or "")


def _row(
    position: int, seen_at: Moment, household_id: UnitId, event: Event, *, is_derived: bool
) -> tuple[object, ...]:
    return (
        position,
        seen_at,
        min(event.occurred_at, seen_at),
        _shard_of(household_id),
        household_id,
        event.customer_id,
        event.account_id,
        event.name,
        event.id,
        event.source,
        _encode(event.properties).decode(),
        is_derived,
        event.is_historical,
    )


def _move(connection: Connection, head: Head) -> None:
    values = {"position": head.position, "seen_at": head.seen_at}
    connection.execute(query("move_ledger"), values)
