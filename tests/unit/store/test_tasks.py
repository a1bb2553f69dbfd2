"""Tasks as they are kept: opened once, said anew, closed once, and found by queue, person and reason."""

from __future__ import annotations

import msgspec
import pytest

from upsell.catalog.offers import Objection
from upsell.decisions.task_value import TaskValue
from upsell.journeys.effects import OpenTask
from upsell.store.connect import Connection, connect
from upsell.store.identities import Identity, keep_identities
from upsell.store.migrate import FOLDER
from upsell.store.tasks import (
    ClosedTask,
    Task,
    assign_task,
    close_tasks,
    find_task,
    find_tasks,
    keep_tasks,
    keep_turn,
    mark_overdue,
    move_tasks,
    read_loads,
    read_turns,
    snooze_task,
    update_tasks,
)

CALL = OpenTask(
    key="abcdef",
    enrollment="e1",
    workflow="quota",
    unit_id="c:ada",
    queue="success",
    title="Call",
    offer=None,
    opened_at=1_000,
    due_at=9_000,
    household_id="a:acme",
    reason="usage",
    why=("it passed 0.8",),
    talk_track="Ask.",
    objections=(Objection("dear", "no"),),
    value=TaskValue(5_000, "USD", 0.5),
)


def replaced(**more: object) -> OpenTask:
    return msgspec.structs.replace(CALL, **more)


@pytest.mark.postgres
def test_a_task_is_kept_as_it_was_asked_for_and_found_by_what_it_is(database: str) -> None:
    with connect(database) as connection:
        assert keep_tasks(connection, [CALL, replaced(key="abc123", queue="sales", reason="")]) == [
            "abcdef",
            "abc123",
        ]
        assert keep_tasks(connection, [replaced(title="Again")]) == []
        (task,) = find_tasks(connection, queue="success")
        assert (task.title, task.why, task.talk_track) == ("Call", CALL.why, "Ask.")
        assert (task.objections, task.value, task.due_at) == (CALL.objections, CALL.value, 9_000)
        assert (task.household_id, task.unit_id, task.owner) == ("a:acme", "c:ada", None)
        assert find_tasks(connection, household_id="a:acme", reason="usage") == [task]
        assert find_tasks(connection, owner="ana") == []
        assert len(find_tasks(connection, owner="")) == 2
        assert find_task(connection, "abcd") == task
        assert find_task(connection, "abc") is None
        assert find_task(connection, "zzz") is None


@pytest.mark.postgres
def test_saying_a_task_anew_keeps_the_earlier_due_time_and_whose_it_is(database: str) -> None:
    with connect(database) as connection:
        keep_tasks(connection, [CALL])
        assert assign_task(connection, CALL.key, "ana", 1_500, is_taken=True)
        assert update_tasks(connection, [replaced(title="Now", due_at=99_000, opened_at=2_000)]) == []
        (task,) = find_tasks(connection)
        assert (task.title, task.due_at, task.updated_at) == ("Now", 9_000, 2_000)
        assert (task.opened_at, task.owner, task.taken_at) == (1_000, "ana", 1_500)
        assert update_tasks(connection, [replaced(queue="sales", due_at=3_000)]) == [CALL.key]
        (task,) = find_tasks(connection)
        assert (task.queue, task.due_at, task.owner, task.taken_at) == ("sales", 3_000, None, None)
        close_tasks(connection, [ClosedTask(CALL.key, 5_000, "lost", None, "ana", "too_expensive")])
        assert update_tasks(connection, [replaced(title="Late")]) == []
        assert find_tasks(connection) == []
        closed = find_task(connection, CALL.key)
        assert closed is not None
        assert (closed.title, closed.outcome, closed.because, closed.closed_by) == (
            "Call",
            "lost",
            "too_expensive",
            "ana",
        )


@pytest.mark.postgres
@pytest.mark.parametrize("owner", [None, "ana"])
def test_what_is_said_anew_has_moved_where_its_queue_is_another_whoever_has_it(
    database: str, owner: str | None
) -> None:
    moved, again = replaced(queue="sales"), replaced(queue="sales", title="Again")
    with connect(database) as connection:
        keep_tasks(connection, [CALL])
        if owner is not None:
            assign_task(connection, CALL.key, owner, 1_500, is_taken=False)
        assert update_tasks(connection, [replaced(title="Now")]) == []
        assert update_tasks(connection, [moved, again]) == [CALL.key]
        assert update_tasks(connection, [again]) == []
        # There and back again within a batch is two moves of one task.
        assert update_tasks(connection, [CALL, moved]) == [CALL.key]
        assert (_only(connection).queue, _only(connection).owner) == ("sales", None)


@pytest.mark.postgres
def test_giving_taking_and_putting_off_say_whether_they_change_anything(database: str) -> None:
    with connect(database) as connection:
        keep_tasks(connection, [CALL])
        assert assign_task(connection, CALL.key, "ana", 1, is_taken=False)
        assert not assign_task(connection, CALL.key, "ana", 2, is_taken=False)
        assert assign_task(connection, CALL.key, "ana", 3, is_taken=True)
        assert not assign_task(connection, CALL.key, "ana", 4, is_taken=True)
        assert read_loads(connection) == {"ana": 1}
        assert assign_task(connection, CALL.key, "ben", 5, is_taken=False)
        task = _only(connection)
        assert (task.owner, task.given_at, task.taken_at) == ("ben", 5, None)
        assert snooze_task(connection, CALL.key, 700)
        assert not snooze_task(connection, CALL.key, 700)
        mark_overdue(connection, {CALL.key: 800})
        mark_overdue(connection, {CALL.key: 900})
        task = _only(connection)
        assert (task.snoozed_until, task.overdue_at) == (700, 800)
        assert task.is_snoozed(699)
        assert not task.is_snoozed(700)


@pytest.mark.postgres
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("at_once", [False, True])
def test_what_somebody_says_goes_before_that_the_cause_ended_however_they_come(
    database: str, order: tuple[int, int], *, at_once: bool
) -> None:
    said = (ClosedTask(CALL.key, 5_000, "won", 9.0, "ana"), ClosedTask(CALL.key, 4_000, "cause_ended", 0))
    told = [said[place] for place in order]
    with connect(database) as connection:
        keep_tasks(connection, [CALL])
        for closed in [told] if at_once else [[each] for each in told]:
            close_tasks(connection, closed)
        close_tasks(connection, [ClosedTask(CALL.key, 6_000, "lost", None, "ben")])
        task = find_task(connection, CALL.key)
    assert task is not None
    assert (task.outcome, task.closed_by, task.minutes) == ("won", "ana", 9.0)


@pytest.mark.postgres
def test_turns_of_a_queue_grow(database: str) -> None:
    with connect(database) as connection:
        for queue, person in (("a", "ana"), ("a", "ben"), ("b", "ana"), ("a", "ana")):
            keep_turn(connection, queue, person)
        assert read_turns(connection, "a") == {"ana": 3, "ben": 2}
        assert read_turns(connection, "b") == {"ana": 1}
        assert read_turns(connection, "none") == {}


@pytest.mark.postgres
def test_a_task_goes_on_where_whoever_holds_it_lives_by_now_and_what_is_closed_stays(database: str) -> None:
    units = {"a:acme": "a:acme", "c:ada": "a:acme", "c:eva": "c:eva", "c:zoe": "c:zoe"}
    opened_for = ("a:acme", "c:ada", "c:bob", "c:cid", "c:zoe", "c:nobody")
    with connect(database) as connection:
        # Opened and then moved, as it was before tasks moved along; the last of them is closed.
        keep_tasks(connection, [replaced(key=home, household_id=home) for home in opened_for])
        keep_tasks(connection, [replaced(key="closed", household_id="c:ada")])
        close_tasks(connection, [ClosedTask("closed", 5_000, "won", None)])
        for unit_id, home in units.items():
            columns = "unit_id, household_id, shard, state, taken_at"
            connection.execute(
                f"insert into units ({columns}) values (%s, %s, 0, '{{}}', now())", (unit_id, home)
            )
        merged = {"bob": Identity("ada", 1), "cid": Identity("dan", 2), "dan": Identity("eva", 3)}
        keep_identities(connection, merged, 1, ())
        connection.execute((FOLDER / "0052.task_homes.sql").read_bytes())
        homes = {task.key: task.household_id for task in find_tasks(connection, is_open=None)}
        # By hand, from the households above: acme has ada, and so bob; cid is dan, who is eva.
        assert homes == {
            "a:acme": "a:acme", "c:ada": "a:acme", "c:bob": "a:acme", "c:cid": "c:eva", "c:zoe": "c:zoe",
            "c:nobody": "c:nobody", "closed": "c:ada",
        }  # fmt: skip
        keep_tasks(connection, [replaced(key=f"new {home}", household_id=home) for home in opened_for[:3]])
        move_tasks(connection, {"c:zoe": "a:acme", "closed": "a:acme", "none": "a:acme"})
        homes = {task.key: task.household_id for task in find_tasks(connection, is_open=None)}
        assert {homes[f"new {home}"] for home in opened_for[:3]} == {"a:acme"}
        assert (homes["c:zoe"], homes["closed"]) == ("a:acme", "c:ada")


def _only(connection: Connection) -> Task:
    (task,) = find_tasks(connection)
    return task
