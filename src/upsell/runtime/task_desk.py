"""The desk of tasks: where people see their queue, take work up, pass it on, put it off and close it.

For ``upsell tasks``, the API, and what brings tasks in from elsewhere. The laws: done twice it is done once;
every change is an event that says who did it and when, written in the transaction that changes the task; and
what nobody may do is refused with what they may.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

import msgspec

from upsell.clock import Clock, Moment, format_moment
from upsell.decisions.queues import Person, Queue
from upsell.decisions.sla import due_by
from upsell.decisions.task_outcomes import SAID, TaskOutcome, answer_of, find_outcome
from upsell.decisions.task_value import MOST_AMOUNT, TaskValue, task_rank
from upsell.errors import ConfigError, nearest
from upsell.ids import UnitId, bare, digest, is_account
from upsell.journeys.effects import OpenTask
from upsell.journeys.program import Program
from upsell.runtime.order_events import OF_AN_ORDER
from upsell.runtime.payers import newest_program
from upsell.runtime.programs import Programs
from upsell.runtime.task_giving import Queues, keep_work
from upsell.signals.events import (
    TASK_CLOSED,
    TASK_GIVEN,
    TASK_OPENED,
    TASK_SNOOZED,
    TASK_TAKEN,
    TASK_UPDATED,
    Event,
)
from upsell.store.acts import Act, add_act
from upsell.store.connect import Connection, connect
from upsell.store.households import find_homes, read_unit_traits
from upsell.store.ledger import Outcome, append
from upsell.store.tasks import (
    MOST_MINUTES,
    ClosedTask,
    Task,
    assign_task,
    close_tasks,
    find_task,
    find_tasks,
    hold_task,
    hold_tasks,
    say_task,
    snooze_task,
)
from upsell.workspace.scalars import currencies

SOURCE: Final = "tasks"
"""The source of the events made here."""

LONGEST: Final = 1_000
"""How many characters of a text about a task are taken."""

MOST_SENTENCES: Final = 20
"""How many sentences of why are taken."""

_ACTS: Final[Mapping[str, Act]] = {
    TASK_OPENED: Act.TASK_OPENED,
    TASK_UPDATED: Act.TASK_OPENED,
    TASK_GIVEN: Act.TASK_GIVEN,
    TASK_TAKEN: Act.TASK_TAKEN,
    TASK_SNOOZED: Act.TASK_PUT_OFF,
    TASK_CLOSED: Act.TASK_CLOSED,
}


class NoTaskError(ConfigError):
    """There is no task of the key that was said, or several begin with it."""


class Changed(msgspec.Struct, frozen=True):
    """A task as it stands after somebody did something about it, and whether that changed anything."""

    task: Task
    is_new: bool


class Closing(msgspec.Struct, frozen=True):
    """How somebody closes a task.

    Attributes:
        outcome: What came of it, one of the set.
        by: Who closes it.
        reason: Why it was lost or put off; empty for not told.
        feature: The feature that is missing; empty for not told.
        amount: What the opportunity is worth, in minor units; None for not told.
        currency: ISO 4217 code of that; empty for the workspace's.
        minutes: Minutes of work it took; None for not told.
        note: What else is to be remembered; empty for nothing.
    """

    outcome: str
    by: str
    reason: str = ""
    feature: str = ""
    amount: int | None = None
    currency: str = ""
    minutes: float | None = None
    note: str = ""


class Wanted(msgspec.Struct, frozen=True):
    """Work that somebody outside asks for.

    Attributes:
        unit_id: The account or customer it is about.
        reason: What it is for: of a household one task is open for each.
        queue: Which team's queue.
        title: What is to be done.
        due_at: By when; None for by the sla of the queue.
        why: What led to it, in sentences.
        talk_track: How to lead the talk; empty for nothing.
        value: What doing it may earn, in minor units of the workspace's currency; None where nobody knows.
        by: Who asks.
    """

    unit_id: UnitId
    reason: str
    queue: str
    title: str
    due_at: Moment | None = None
    why: tuple[str, ...] = ()
    talk_track: str = ""
    value: int | None = None
    by: str = ""


class TaskDesk:
    """The desk of a process: what is live, and the clock."""

    def __init__(self, url: str, clock: Clock, *, is_logged: bool = False) -> None:
        """Work over the database at ``url``; nothing is opened yet.

        Args:
            url: The database.
            clock: The time.
            is_logged: Whether who does something is a user of the team, and it stands in their log.
        """
        self._url = url
        self._clock = clock
        self._is_logged = is_logged
        self._programs = Programs()
        self._reading = threading.Lock()

    def queue(
        self, queue: str | None = None, owner: str | None = None, *, has_snoozed: bool = False
    ) -> list[Task]:
        """Give what is open, what may earn most first; what is put off only where it is asked for."""
        with connect(self._url) as connection:
            program = self._program(connection)
            called = owner if not owner else _called(program, owner)
            now = self._clock.now()
            found = find_tasks(connection, queue=queue, owner=called)
            kept = [task for task in found if has_snoozed or not task.is_snoozed(now)]
            return rank_tasks(kept, program.currency)

    def show(self, key: str) -> Task:
        """Give one task, by its key or by how that begins.

        Raises:
            NoTaskError: There is none.
        """
        with connect(self._url) as connection:
            return _named(connection, key)

    def take(self, key: str, by: str) -> Changed:
        """Let somebody take work up; it is theirs then. See ``give`` for what it raises."""
        return self._assign(key, by, by, is_taken=True)

    def give(self, key: str, to: str, by: str) -> Changed:
        """Give work to somebody.

        Raises:
            ConfigError: It is closed, there is none, or they are nobody of its queue.
        """
        return self._assign(key, to, by, is_taken=False)

    def snooze(self, key: str, until: Moment, by: str) -> Changed:
        """Put work off until a moment; its due time stays.

        Raises:
            ConfigError: It is closed, there is none, or the moment has passed.
        """
        by = _text("by", by)
        with connect(self._url) as connection, connection.transaction():
            now = self._clock.now()
            if until <= now:
                msg = f"expected a moment still to come, got {format_moment(until)}"
                raise ConfigError(msg)
            task = _open_task(connection, key)
            is_new = snooze_task(connection, task.key, until)
            if is_new:
                said = {"until": format_moment(until), "by": by}
                self._tell(connection, task, TASK_SNOOZED, f"{until}/{now}", now, said)
            return Changed(_named(connection, task.key), is_new)

    def close(self, key: str, closing: Closing) -> Changed:
        """Close work with what came of it.

        Closed again with the same outcome nothing changes. What somebody says goes before that its cause
        ended, and may be said after; that its cause ended, nobody says but the core.

        Raises:
            ConfigError: There is none, it was closed as something else, it ends with its order, or the
                outcome is none that a person may say, or does not go with what else is told.
        """
        outcome = _outcome(closing.outcome)
        by = _text("by", closing.by)
        with connect(self._url) as connection, connection.transaction():
            program, now = self._program(connection), self._clock.now()
            currency = _check_closing(closing, outcome, program)
            task = hold_task(connection, _named(connection, key).key) or _named(connection, key)
            if task.source == OF_AN_ORDER:
                msg = f"expected work that is closed here, got what ends with its order: {task.title}"
                raise ConfigError(msg)
            if task.closed_at is not None and task.outcome != TaskOutcome.CAUSE_ENDED.value:
                return _closed_already(task, outcome)
            said: dict[str, object] = {"outcome": outcome.value, "by": by}
            said |= {"reason": closing.reason, "feature": closing.feature}
            said |= {"amount": closing.amount, "currency": currency, "minutes": closing.minutes}
            said |= {"note": closing.note}
            said = {name: value for name, value in said.items() if value not in (None, "")}
            close_tasks(
                connection,
                [
                    ClosedTask(
                        key=task.key,
                        closed_at=now,
                        outcome=outcome.value,
                        minutes=closing.minutes,
                        closed_by=by,
                        because=closing.reason or None,
                        amount=closing.amount,
                        currency=currency or None,
                    )
                ],
            )
            # That its cause ended may have been told by the same name, and the first body stands.
            told_as = "" if task.closed_at is None else outcome.value
            self._tell(connection, task, TASK_CLOSED, told_as, now, said)
            return Changed(_named(connection, task.key), True)

    def open(self, wanted: Wanted) -> Changed:
        """Open work that somebody outside asks for, or say anew what is open for its reason.

        Raises:
            ConfigError: Nobody is known by that id, the queue is not written, or no due time is known.
        """
        by = _text("by", wanted.by)
        with connect(self._url) as connection, connection.transaction():
            program, now = self._program(connection), self._clock.now()
            # Before it is asked where they live: who comes into an account brings tasks along.
            hold_tasks(connection)
            homes = find_homes(connection, [wanted.unit_id]) if wanted.unit_id.isprintable() else {}
            household_id = homes.get(wanted.unit_id)
            if household_id is None:
                msg = (
                    f"expected an account or customer that something is known of, got {wanted.unit_id[:80]!r}"
                )
                raise ConfigError(msg)
            asked = _asked(connection, program, wanted, household_id, now)
            held = find_tasks(connection, household_id=household_id, reason=asked.reason)
            if held:
                return self._say_anew(connection, held[0], asked, now, by)
            given = keep_work(connection, Queues(program.queues, program.zone), [asked], [])
            task = _named(connection, asked.key)
            said = {"task_reason": task.reason, "due_at": format_moment(task.due_at), "by": by}
            self._tell(connection, task, TASK_OPENED, "", now, {k: v for k, v in said.items() if v})
            append(connection, [event for _, event in given], self._clock)
            return Changed(_named(connection, task.key), True)

    def _say_anew(self, connection: Connection, task: Task, asked: OpenTask, now: Moment, by: str) -> Changed:
        is_new = say_task(connection, task.key, asked.title, asked.why, asked.talk_track, asked.due_at, now)
        after = _named(connection, task.key)
        if is_new:
            said = {"task_reason": task.reason, "due_at": format_moment(after.due_at), "by": by}
            self._tell(connection, after, TASK_UPDATED, str(now), now, said)
        return Changed(after, is_new)

    def _assign(self, key: str, to: str, by: str, *, is_taken: bool) -> Changed:
        to, by = _text("to", to), _text("by", by)
        with connect(self._url) as connection, connection.transaction():
            program, now = self._program(connection), self._clock.now()
            hold_tasks(connection)
            task = _open_task(connection, key)
            owner = _person(program.queues.get(task.queue), to)
            is_new = assign_task(connection, task.key, owner, now, is_taken=is_taken)
            if is_new:
                name = TASK_TAKEN if is_taken else TASK_GIVEN
                self._tell(connection, task, name, f"{owner}/{now}", now, {"owner": owner, "by": by})
            return Changed(_named(connection, task.key), is_new)

    def _program(self, connection: Connection) -> Program:
        with self._reading:
            self._programs.refresh(connection)
            if self._programs.newest() is None:
                msg = "expected definitions that are live, found none; put some live with `upsell apply`"
                raise ConfigError(msg)
            return newest_program(self._programs)

    def _tell(
        self,
        connection: Connection,
        task: Task,
        name: str,
        told_as: str,
        now: Moment,
        said: Mapping[str, object],
    ) -> None:
        """Write an event about a task in the transaction that is open.

        Raises:
            ConfigError: The ledger has another event by its id, so nothing of the change may stand.
        """
        unit_id, household_id = task.unit_id, task.household_id
        event = Event(
            id="/".join(filter(None, (name, task.key, told_as))),
            name=name,
            occurred_at=now,
            seen_at=0,
            customer_id=None if is_account(unit_id) else bare(unit_id),
            account_id=bare(household_id) if is_account(household_id) else None,
            properties={
                "key": task.key,
                "unit": unit_id,
                "queue": task.queue,
                "title": task.title,
                **({"offer": task.offer} if task.offer else {}),
                **said,
            },
            source=SOURCE,
        )
        (answer,) = append(connection, [event], self._clock)
        if answer.outcome is Outcome.CONFLICT:
            msg = (
                f"expected an event {event.id} of the source {SOURCE} that is new, got one the ledger has "
                f"otherwise at position {answer.position}; nothing was changed, see `upsell tasks show`"
            )
            raise ConfigError(msg)
        if self._is_logged:
            came_to = str(said.get("outcome") or said.get("until") or said.get("owner") or "")
            words = f"{task.title}: {came_to}" if came_to else task.title
            by, note = str(said["by"]), str(said.get("note", ""))
            add_act(connection, _ACTS[name], by, bare(task.household_id), words, note, now)


def rank_tasks(tasks: list[Task], currency: str) -> list[Task]:
    """Give tasks in the order in which a queue is worked; see ``task_rank``."""
    return sorted(tasks, key=lambda task: task_rank(task.value, currency, task.due_at, task.key))


def _named(connection: Connection, key: str) -> Task:
    task = find_task(connection, key)
    if task is None:
        msg = (
            f"expected the key of a task, or how one alone begins, got {key[:80]!r}; see `upsell tasks list`"
        )
        raise NoTaskError(msg)
    return task


def _open_task(connection: Connection, key: str) -> Task:
    """Give a task that is open, which nobody changes until the transaction that is open ends."""
    task = hold_task(connection, _named(connection, key).key) or _named(connection, key)
    if task.closed_at is not None:
        msg = f"expected a task that is open, got {task.key}, closed as {task.outcome or 'done'}"
        raise ConfigError(msg)
    return task


def _outcome(said: str) -> TaskOutcome:
    """Give the outcome that somebody closes a task with.

    Raises:
        ConfigError: It is none that a person may say.
    """
    outcome = find_outcome(said)
    if outcome not in SAID:
        names = ", ".join(each.value for each in SAID)
        msg = (
            f"expected an outcome that a person may say: {names}, got {said!r}; the engine says "
            f"{outcome.value} by itself, and what nobody will do is {TaskOutcome.DROPPED.value}"
        )
        raise ConfigError(msg)
    return outcome


def _closed_already(task: Task, outcome: TaskOutcome) -> Changed:
    if task.outcome == outcome.value:
        return Changed(task, False)
    by = f" by {task.closed_by}" if task.closed_by else ""
    at = format_moment(task.closed_at or 0)
    msg = f"expected a task that is open, got {task.key}, closed as {task.outcome or 'done'}{by} at {at}"
    raise ConfigError(msg)


def _check_closing(closing: Closing, outcome: TaskOutcome, program: Program) -> str:
    """Hold what is told beside an outcome to it; give the currency of the amount, empty without one."""
    has_amount = closing.amount is not None
    if has_amount and outcome not in (TaskOutcome.OPPORTUNITY, TaskOutcome.WON):
        msg = f"expected an amount of an opportunity or of what was won, got one of {outcome.value}"
        raise ConfigError(msg)
    if closing.amount is not None and not 0 <= closing.amount <= MOST_AMOUNT:
        msg = f"expected an amount in minor units from 0 to {MOST_AMOUNT:,}, got {closing.amount:,}"
        raise ConfigError(msg)
    if closing.currency and (not has_amount or closing.currency not in currencies()):
        wanted = "an ISO 4217 code such as USD" if has_amount else "an amount beside the currency"
        msg = f"expected {wanted}, got {closing.currency[:20]!r}"
        raise ConfigError(msg)
    if (closing.reason or closing.feature) and answer_of(outcome) is None:
        msg = f"expected a reason why it was lost or put off, got one of {outcome.value}"
        raise ConfigError(msg)
    for name, said in (("reason", closing.reason), ("feature", closing.feature), ("note", closing.note)):
        if said:
            _text(name, said)
    if closing.minutes is not None and not 0 <= closing.minutes <= MOST_MINUTES:
        msg = f"expected minutes from 0 to {MOST_MINUTES:,}, got {closing.minutes:g}"
        raise ConfigError(msg)
    return (closing.currency or program.currency) if has_amount else ""


def _asked(
    connection: Connection, program: Program, wanted: Wanted, household_id: UnitId, now: Moment
) -> OpenTask:
    queue = program.queues.get(wanted.queue)
    if program.queues and queue is None:
        near = nearest(wanted.queue, program.queues)
        known = f"did you mean {near}?" if near else f"known are {', '.join(sorted(program.queues))}"
        msg = f"expected a queue of the workspace, got {wanted.queue[:80]!r}; {known}"
        raise ConfigError(msg)
    due_at = wanted.due_at
    if due_at is None and queue is not None and queue.sla is not None:
        due_at = due_by(queue.sla, queue.hours, program.zone, queue.country, now)
    if due_at is None:
        msg = f"expected by when it is due, as the queue {wanted.queue[:80]} has no sla, got nothing"
        raise ConfigError(msg)
    if len(wanted.why) > MOST_SENTENCES:
        msg = f"expected at most {MOST_SENTENCES} sentences of why, got {len(wanted.why)}"
        raise ConfigError(msg)
    if wanted.value is not None and not 0 <= wanted.value <= MOST_AMOUNT:
        msg = f"expected a value in minor units from 0 to {MOST_AMOUNT:,}, got {wanted.value:,}"
        raise ConfigError(msg)
    prefers = read_unit_traits(connection, household_id).get(queue.owner_trait) if queue is not None else None
    reason = _text("reason", wanted.reason)
    return OpenTask(
        key=digest("task", "outside", household_id, reason, str(now)),
        enrollment="",
        workflow="",
        unit_id=wanted.unit_id,
        queue=_text("queue", wanted.queue),
        title=_text("title", wanted.title),
        offer=None,
        opened_at=now,
        due_at=due_at,
        household_id=household_id,
        reason=reason,
        why=tuple(_text("why", each) for each in wanted.why),
        talk_track=_text("talk track", wanted.talk_track) if wanted.talk_track else "",
        value=TaskValue(wanted.value, program.currency) if wanted.value is not None else TaskValue(),
        prefers=prefers if isinstance(prefers, str) else "",
        source=SOURCE,
    )


def _person(queue: Queue | None, called: str) -> str:
    """Give the id of somebody of a queue; where the queue has nobody, whatever they are called.

    Raises:
        ConfigError: They are nobody of it.
    """
    if queue is None or not queue.people:
        return called
    person: Person | None = queue.person(called)
    if person is None:
        known = ", ".join(each.id for each in queue.people)
        msg = f"expected somebody of the queue {queue.name}, got {called[:80]!r}; they are {known}"
        raise ConfigError(msg)
    return person.id


def _called(program: Program, called: str) -> str:
    """Give the id of somebody of any queue; who is of none is called as they are."""
    people = (queue.person(called) for queue in program.queues.values())
    return next((person.id for person in people if person is not None), called)


def _text(name: str, said: str) -> str:
    """Give a text that can be written on one line.

    Raises:
        ConfigError: It is empty, over-long, or cannot be printed.
    """
    plain = " ".join(said.split())
    if not plain or len(plain) > LONGEST or not plain.isprintable():
        msg = f"expected {name} as text of 1 to {LONGEST:,} characters in print, got {said[:80]!r}"
        raise ConfigError(msg)
    return plain
