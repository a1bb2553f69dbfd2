"""Tasks: work for people, as it stands; what became of it in order is in the ledger.

For the worker, which opens, updates and closes them, for the desk where people take and close them, and for
what tells other systems of them. The law: a row is the task as it stands now, and every change of it is an
event of the ledger, written in the transaction that changes the row. Whoever must follow changes reads the
events ``Task Opened``, ``Task Updated``, ``Task Given``, ``Task Taken``, ``Task Snoozed``, ``Task Overdue``
and ``Task Closed`` there by position (``signals.events.TASK_CHANGES``), each with the task's ``key``, and
reads the row for what it comes to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from upsell.catalog.offers import Objection
from upsell.clock import Moment
from upsell.decisions.proof_words import proof_content
from upsell.decisions.task_value import MOST_AMOUNT, TaskValue
from upsell.decisions.terms import Terms
from upsell.ids import UnitId
from upsell.journeys.effects import OpenTask
from upsell.signals.events import Event
from upsell.store.connect import Connection
from upsell.store.queries import query

MOST_MINUTES: Final = 366 * 24 * 60
"""More minutes than a year has are no minutes of work."""

_LOCK: Final = 7_207_736_539  # an arbitrary number that no other advisory lock of ours uses

_encode = msgspec.json.Encoder().encode
_decode_terms = msgspec.json.Decoder(Terms).decode
_decode_texts = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_objections = msgspec.json.Decoder(tuple[Objection, ...]).decode


class Task(msgspec.Struct, frozen=True):
    """A task as it stands.

    Attributes:
        key: Its key, which never changes.
        unit_id: Whom it is about.
        household_id: Who pays for them: the account, or the customer without one.
        reason: What it is for; of a household one task is open for each. Empty for one of its own.
        workflow: Key of the workflow that asks; empty where none does.
        enrollment: The passage that asked first; empty where none did.
        source: Who asked for it: the core, or what stands outside.
        queue: Which team's queue.
        title: What is to be done.
        why: What led to it, in sentences.
        proof: What can be proved to them, in sentences.
        offer: Id of the offer to make, or None.
        terms: What that comes to for them, or None.
        talk_track: How to lead the talk; empty for nothing.
        objections: What they may say against it, with answers.
        value: What doing it may earn.
        opened_at: When it was opened.
        updated_at: When it was last said anew, None when it never was.
        due_at: By when it should be done.
        overdue_at: When it was found overdue, None when it never was.
        snoozed_until: Until when it is put off; None for not.
        owner: Whose it is, by the id their queue has; None for nobody's.
        given_at: When it became theirs.
        taken_at: When they took it up, None when they have not.
        closed_at: When it was closed, None while it is open.
        closed_by: Who closed it; None where nobody is named.
        outcome: What came of it, in the words it was told in; None where nothing was told.
        because: Why it was lost or put off, or what ended its cause; None where that was not told.
        amount: What the opportunity is worth in minor units, None where that was not told.
        amount_currency: ISO 4217 code of that.
        minutes: Minutes of work it took, None where that was not told.
    """

    key: str
    unit_id: UnitId
    household_id: UnitId
    reason: str
    workflow: str
    enrollment: str
    source: str
    queue: str
    title: str
    why: tuple[str, ...]
    proof: tuple[str, ...]
    offer: str | None
    terms: Terms | None
    talk_track: str
    objections: tuple[Objection, ...]
    value: TaskValue
    opened_at: Moment
    updated_at: Moment | None
    due_at: Moment
    overdue_at: Moment | None
    snoozed_until: Moment | None
    owner: str | None
    given_at: Moment | None
    taken_at: Moment | None
    closed_at: Moment | None
    closed_by: str | None
    outcome: str | None
    because: str | None
    amount: int | None
    amount_currency: str | None
    minutes: float | None

    def is_snoozed(self, now: Moment) -> bool:
        """Tell whether it is put off at ``now``."""
        return self.snoozed_until is not None and now < self.snoozed_until


def find_tasks(
    connection: Connection,
    *,
    keys: Sequence[str] | None = None,
    queue: str | None = None,
    owner: str | None = None,
    household_id: UnitId | None = None,
    reason: str | None = None,
    is_open: bool | None = True,
) -> list[Task]:
    """Give tasks as they stand, the first opened first.

    Args:
        connection: The database.
        keys: Only these; None for any.
        queue: Only this queue's; None for any.
        owner: Only this person's, empty for nobody's; None for anybody's.
        household_id: Only this household's; None for any.
        reason: Only for this reason; None for any.
        is_open: Only the open ones, or only the closed ones; None for both.
    """
    values = {
        "keys": list(keys) if keys is not None else None,
        "queue": queue,
        "owner": owner,
        "household": household_id,
        "reason": reason,
        "open": is_open,
    }
    return [as_task(row) for row in connection.execute(query("find_tasks"), values, binary=True)]


def find_task(connection: Connection, key: str) -> Task | None:
    """Give the task of a key, open or closed, or the one whose key begins so; None for none or several."""
    if not key or not key.isprintable():
        return None
    keys = [row[0] for row in connection.execute(query("find_task_keys"), {"key": key})]
    found = find_tasks(connection, keys=keys, is_open=None) if len(keys) == 1 or key in keys else []
    return next((each for each in found if each.key == key), found[0] if len(found) == 1 else None)


def hold_tasks(connection: Connection) -> None:
    """Let nobody else open, give or close tasks until the transaction that is open ends.

    Taken before the outbox and the ledger.
    """
    connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))


def hold_task(connection: Connection, key: str) -> Task | None:
    """Give a task as it stands, which nobody changes until the transaction that is open ends."""
    connection.execute(query("hold_task"), {"key": key})
    return next(iter(find_tasks(connection, keys=[key], is_open=None)), None)


def keep_tasks(connection: Connection, tasks: Sequence[OpenTask]) -> list[str]:
    """Open tasks; one that is there already, by its key, stays as it is. Give the keys of those opened.

    Each is of the household in which whoever it was opened for lives by now.
    """
    if not tasks:
        return []
    return [row[0] for row in connection.execute(query("keep_tasks"), _columns(tasks))]


def move_tasks(connection: Connection, moved: Mapping[str, UnitId]) -> None:
    """Let open tasks be of the household that whoever holds them has come into, by key."""
    if moved:
        # Nobody asks meanwhile what is open for a household, nor holds one of them and waits for us.
        hold_tasks(connection)
        values = {"keys": list(moved), "households": list(moved.values())}
        connection.execute(query("move_tasks"), values)


def update_tasks(connection: Connection, tasks: Sequence[OpenTask]) -> list[str]:
    """Say open tasks anew, each by its key; give the keys of those whose queue is another by that.

    What is closed stays as it was. Who has one keeps it, unless it goes to another queue.
    """
    moved: list[str] = []
    # One at a time: a batch may say one task anew twice, and the last word stands.
    for task in tasks:
        rows = connection.execute(query("update_task"), _columns([task]))
        moved += [key for key, is_moved in rows if is_moved]
    return list(dict.fromkeys(moved))


def say_task(
    connection: Connection,
    key: str,
    title: str,
    why: Sequence[str],
    talk_track: str,
    due_at: Moment,
    at: Moment,
) -> bool:
    """Say an open task anew from outside, what is empty as it was; tell whether that changes anything."""
    values = {
        "key": key,
        "title": title,
        "why": _encode(why).decode() if why else None,
        "track": talk_track or None,
        "due": due_at,
        "at": at,
    }
    return connection.execute(query("say_task"), values).rowcount == 1


class ClosedTask(msgspec.Struct, frozen=True):
    """What a closing says of a task.

    Attributes:
        key: The task's.
        closed_at: When.
        outcome: As what, in the words it was told in; None for not told.
        minutes: Minutes of work; None for not told.
        closed_by: Who closed it; None for not told.
        because: Why it was lost or put off, or what ended its cause; None for not told.
        amount: What the opportunity is worth, in minor units; None for not told.
        currency: ISO 4217 code of that; None for not told.
    """

    key: str
    closed_at: Moment
    outcome: str | None
    minutes: float | None
    closed_by: str | None = None
    because: str | None = None
    amount: int | None = None
    currency: str | None = None


def closed_task(event: Event) -> ClosedTask | None:
    """Read a ``Task Closed``; None where it names no task.

    Minutes that are no number, below nothing or above ``MOST_MINUTES`` are as if not told.
    """
    said = event.properties
    key = _text(said.get("key"))
    if key is None:
        return None
    amount = said.get("amount")
    is_amount = isinstance(amount, int) and not isinstance(amount, bool) and 0 <= amount <= MOST_AMOUNT
    return ClosedTask(
        key=key,
        closed_at=event.occurred_at,
        outcome=_text(said.get("outcome")),
        minutes=_minutes(said.get("minutes")),
        closed_by=_text(said.get("by")),
        because=_text(said.get("reason")) or _text(said.get("cause")),
        amount=amount if is_amount else None,
        currency=_text(said.get("currency")) if is_amount else None,
    )


def close_tasks(connection: Connection, closed: Sequence[ClosedTask]) -> None:
    """Close tasks; one that is closed keeps its earliest closing, and a key nobody knows is nothing.

    What somebody says came of a task goes before that its cause ended.
    """
    if not closed:
        return
    values = {
        "keys": [each.key for each in closed],
        "closed": [each.closed_at for each in closed],
        "outcomes": [each.outcome for each in closed],
        "minutes": [None if each.minutes is None else float(each.minutes) for each in closed],
        "closers": [each.closed_by for each in closed],
        "becauses": [each.because for each in closed],
        "amounts": [each.amount for each in closed],
        "currencies": [each.currency for each in closed],
    }
    connection.execute(query("close_tasks"), values)


def mark_overdue(connection: Connection, overdue: Mapping[str, Moment]) -> None:
    """Write down when tasks were found overdue, by key; the first time stands."""
    if overdue:
        values = {"keys": list(overdue), "moments": list(overdue.values())}
        connection.execute(query("mark_overdue"), values)


def assign_task(connection: Connection, key: str, owner: str, now: Moment, *, is_taken: bool) -> bool:
    """Give an open task to somebody, or let them take it up; tell whether that changes anything."""
    values = {"key": key, "owner": owner, "at": now, "taken": is_taken}
    return connection.execute(query("assign_task"), values).rowcount == 1


def snooze_task(connection: Connection, key: str, until: Moment) -> bool:
    """Put an open task off until a moment; tell whether that changes anything."""
    return connection.execute(query("snooze_task"), {"key": key, "until": until}).rowcount == 1


def read_loads(connection: Connection) -> dict[str, int]:
    """Give how many open tasks people have, by id; whoever has none is absent."""
    return {str(owner): number for owner, number in connection.execute(query("read_task_loads"))}


def read_turns(connection: Connection, queue: str) -> dict[str, int]:
    """Give when people were last given a task of a queue, as a number that grows; () for never."""
    return {
        str(person): turn for person, turn in connection.execute(query("read_task_turns"), {"queue": queue})
    }


def keep_turn(connection: Connection, queue: str, person: str) -> None:
    """Write down that somebody was given the latest task of a queue."""
    connection.execute(query("keep_task_turn"), {"queue": queue, "person": person})


def _columns(tasks: Sequence[OpenTask]) -> dict[str, list[Any]]:
    return {
        "keys": [task.key for task in tasks],
        "units": [task.unit_id for task in tasks],
        "households": [task.household_id or task.unit_id for task in tasks],
        "enrollments": [task.enrollment for task in tasks],
        "workflows": [task.workflow for task in tasks],
        "reasons": [task.reason for task in tasks],
        "sources": [task.source for task in tasks],
        "queues": [task.queue for task in tasks],
        "titles": [task.title for task in tasks],
        "whys": [_encode(task.why).decode() if task.why else None for task in tasks],
        "offers": [task.offer for task in tasks],
        "terms": [_encode(task.terms).decode() if task.terms else None for task in tasks],
        "facts": [_encode(proof_content(task.proof)).decode() if task.proof else None for task in tasks],
        "tracks": [task.talk_track or None for task in tasks],
        "objections": [_encode(task.objections).decode() if task.objections else None for task in tasks],
        "values": [task.value.amount for task in tasks],
        "currencies": [task.value.currency or None for task in tasks],
        "chances": [task.value.chance for task in tasks],
        "opened": [task.opened_at for task in tasks],
        "dues": [task.due_at for task in tasks],
    }


def as_task(row: tuple[Any, ...]) -> Task:
    """Give a task by the columns that `find_tasks` and `rank_tasks` read, in their order."""
    (
        key, unit_id, household_id, reason, workflow, enrollment, source, queue, title, why, facts, offer,
        terms, talk_track, objections, value, currency, chance, *rest,
    ) = row  # fmt: skip
    return Task(
        key,
        unit_id,
        household_id,
        reason,
        workflow,
        enrollment,
        source,
        queue,
        title,
        _decode_texts(why) if why else (),
        tuple(_sentences(msgspec.json.decode(facts))) if facts else (),
        offer,
        _decode_terms(terms) if terms else None,
        talk_track or "",
        _decode_objections(objections) if objections else (),
        TaskValue(value, currency or "", chance),
        *rest,
    )


def _sentences(facts: object) -> Iterator[str]:
    """Give the sentences of what can be proved; what a whole says is not said of its parts again."""
    if not isinstance(facts, dict):
        return
    sentence = facts.get("sentence")
    if isinstance(sentence, str):
        yield sentence
        return
    for part in facts.values():
        yield from _sentences(part)


def _text(said: object) -> str | None:
    return said if isinstance(said, str) and said and "\0" not in said else None


def _minutes(said: object) -> float | None:
    """Give minutes that work may have taken, None for anything else."""
    if isinstance(said, bool) or not isinstance(said, int | float):
        return None
    return float(said) if 0 <= said <= MOST_MINUTES else None
