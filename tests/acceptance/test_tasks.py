"""The desk of tasks over a database: whose they are, what is done about them, and who may ask."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from tests.live_world import LiveWorld, make_documents, open_world
from tests.stories.world import START, workflow
from upsell.clock import DAY, HOUR, SetClock, format_moment
from upsell.decisions.declines import Answer
from upsell.errors import ConfigError
from upsell.journeys.effects import OpenTask
from upsell.journeys.household import Unit
from upsell.runtime.payers import newest_program
from upsell.runtime.programs import Programs
from upsell.runtime.task_desk import SOURCE, Closing, NoTaskError, TaskDesk, Wanted
from upsell.runtime.task_giving import Queues, keep_work
from upsell.signals.events import TASK_CHANGES, TASK_CLOSED, Event
from upsell.store.connect import connect
from upsell.store.keys import Kind, Scope, create_key
from upsell.store.ledger import append
from upsell.store.tasks import Task, find_tasks
from upsell.web.app import make_app

QUEUES = """
success:
  people:
    - {id: ana, name: Ana, mail: ana@acme.example}
    - {id: ben, name: Ben}
    - {id: cid, name: Cid, away: [{from: 2026-03-01, to: 2026-03-31}]}
  give: account_owner
  otherwise: round_robin
  sla: 2 working days
open: {}
"""
FLOW = workflow(
    trigger="{on: Pricing Viewed, again_after: 1 days}",
    journey="[{task: {queue: success, title: Call, offer: pro-annual}}]",
    unit="account",
)


def begin(world: LiveWorld, accounts: int = 0) -> TaskDesk:
    world.apply({**make_documents({"flow": FLOW}), "queues.yaml": QUEUES})
    for number in range(accounts):
        account = f"acme{number}"
        world.happens("Subscription Started", None, account, plan="starter", amount=4900, currency="USD")
        world.happens("Pricing Viewed", None, account)
    world.settle()
    return TaskDesk(world.connection.info.dsn, world.clock)


def names(world: LiveWorld, key: str) -> list[str]:
    """The changes of a task, as whoever follows the ledger reads them."""
    listed = ", ".join(f"'{name}'" for name in sorted(TASK_CHANGES))
    rows = world.rows(f"select name, properties from events where name in ({listed}) order by position")
    return [name for name, said in rows if msgspec.json.decode(said)["key"] == key]


@pytest.mark.postgres
def test_the_worker_gives_tasks_to_the_accounts_owner_and_else_by_turns(database: str) -> None:
    with open_world(database) as world:
        begin(world, 4)
        world.happens("Account Identified", None, "owned", owner="ANA@acme.example")
        world.happens("Pricing Viewed", None, "owned")
        world.settle()
        tasks = find_tasks(world.connection)
        by_unit = {task.unit_id: task.owner for task in tasks}
        assert by_unit.pop("a:owned") == "ana"
        assert Counter(by_unit.values()) == {"ana": 2, "ben": 2}
        # Monday nine o'clock in UTC; two working days end on Wednesday at five in Berlin.
        assert {format_moment(task.due_at) for task in tasks} == {"2026-03-04T16:00:00Z"}
        assert names(world, tasks[0].key) == ["Task Opened", "Task Given"]


@pytest.mark.postgres
def test_workers_that_give_at_once_take_turns_and_give_each_task_once(database: str) -> None:
    with open_world(database) as world:
        begin(world)
        programs = Programs()
        programs.refresh(world.connection)
        queues = Queues(newest_program(programs).queues, "UTC")

    def give(number: int) -> list[str]:
        tasks = [
            OpenTask(f"k{number}-{place}", "", "", f"c:{number}", "success", "Call", None, START, START + DAY)
            for place in range(3)
        ]
        # Every task is opened twice over: who comes second finds it there.
        tasks += [msgspec.structs.replace(task, key=f"shared{task.key[-1]}") for task in tasks]
        with connect(database) as connection, connection.transaction():
            return [str(event.properties["key"]) for _, event in keep_work(connection, queues, tasks, [])]

    with ThreadPoolExecutor(4) as workers:
        given = [key for keys in workers.map(give, range(4)) for key in keys]
    assert len(given) == len(set(given)) == 15
    with connect(database) as connection:
        had = Counter(task.owner for task in find_tasks(connection))
    assert set(had) == {"ana", "ben"}
    assert abs(had["ana"] - had["ben"]) == 1


@pytest.mark.postgres
def test_what_is_done_twice_is_done_once_and_every_change_says_who(database: str) -> None:
    with open_world(database) as world:
        desk = begin(world, 1)
        (task,) = desk.queue()
        other = "ben" if task.owner == "ana" else "ana"
        for _ in range(2):
            desk.give(task.key[:8], other, "lead")
            desk.take(task.key, other)
            desk.snooze(task.key, world.clock.now() + DAY, other)
            desk.close(task.key, Closing("lost", other, "too_expensive", minutes=12)) if _ else None
        assert not desk.close(task.key, Closing("lost", "lead")).is_new
        assert names(world, task.key) == [
            "Task Opened", "Task Given", "Task Given", "Task Taken", "Task Snoozed", "Task Closed",
        ]  # fmt: skip
        closed = desk.show(task.key)
        assert (closed.outcome, closed.closed_by, closed.because) == ("lost", other, "too_expensive")
        assert (closed.owner, closed.minutes) == (other, 12.0)
        world.settle()
        # The worker hears of it: the offer is declined for good, and nothing is open.
        world.clock.move_to(world.clock.now() + 60 * DAY)
        world.happens("Pricing Viewed", None, "acme0")
        world.settle()
        assert desk.queue() == []
        ((traits,),) = world.rows("select state from units where unit_id = 'a:acme0'")
        assert '"objection":"too_expensive"' in traits


def refused(desk: TaskDesk, task: Task, world: LiveWorld) -> list[str]:
    now = world.clock.now()
    said: list[Any] = [
        lambda: desk.give(task.key, "stranger", "lead"),
        lambda: desk.give(task.key, "ana", " "),
        lambda: desk.snooze(task.key, now - HOUR, "ana"),
        lambda: desk.close(task.key, Closing("wonn", "ana")),
        lambda: desk.close(task.key, Closing("won", "ana", reason="cheap")),
        lambda: desk.close(task.key, Closing("lost", "ana", amount=5)),
        lambda: desk.close(task.key, Closing("won", "ana", amount=5, currency="XXQ")),
        lambda: desk.close(task.key, Closing("won", "ana", minutes=-1)),
        lambda: desk.close(task.key, Closing("Cause ended", "ana")),
        lambda: desk.open(Wanted("a:nobody", "r", "success", "t", by="crm")),
        lambda: desk.open(Wanted("a:acme0", "r", "sucess", "t", by="crm")),
        lambda: desk.open(Wanted("a:acme0", "r", "open", "t", by="crm")),
    ]
    words = []
    for each in said:
        with pytest.raises(ConfigError) as error:
            each()
        words.append(str(error.value))
    return words


@pytest.mark.postgres
def test_what_nobody_may_do_is_refused_with_what_they_may(database: str) -> None:
    with open_world(database) as world:
        desk = begin(world, 1)
        (task,) = desk.queue()
        words = refused(desk, task, world)
        assert "they are ana, ben, cid" in words[0]
        assert "meeting_set, opportunity, won, lost, not_now" in words[3]
        assert "did you mean won?" in words[3]
        assert "a person may say: meeting_set, opportunity, won" in words[8]
        assert "the engine says cause_ended" in words[8]
        assert "did you mean success?" in words[10]
        assert "no sla" in words[11]
        with pytest.raises(NoTaskError):
            desk.show("nothing")
        assert names(world, task.key) == ["Task Opened", "Task Given"]
        desk.close(task.key, Closing("won", "ana"))
        with pytest.raises(ConfigError, match="closed as won by ana"):
            desk.close(task.key, Closing("lost", "ben"))


@pytest.mark.postgres
def test_who_had_done_it_may_still_say_so_once_its_cause_ended(database: str) -> None:
    with open_world(database) as world:
        desk = begin(world, 1)
        (task,) = desk.queue()
        said = {"plan": "pro", "amount": 14900, "currency": "USD"}
        world.clock.move_to(world.clock.now() + HOUR)
        world.happens("Subscription Changed", None, "acme0", **said)
        world.settle()
        ended = desk.show(task.key)
        assert (ended.outcome, ended.because, ended.minutes) == ("cause_ended", "goal_reached", 0)
        won = desk.close(task.key, Closing("won", "ana", minutes=30)).task
        assert (won.outcome, won.closed_by, won.minutes) == ("won", "ana", 30)
        assert won.closed_at == ended.closed_at
        world.settle()
        assert desk.show(task.key) == won
        with pytest.raises(ConfigError, match="closed as won by ana"):
            desk.close(task.key, Closing("lost", "ben"))


def close_as_told(world: LiveWorld, task: Task, outcome: str) -> None:
    """Close a task as the desk once let people do, who could say that its cause had ended."""
    now = world.clock.now()
    said = {"key": task.key, "outcome": outcome}
    event = Event(f"{TASK_CLOSED}/{task.key}", TASK_CLOSED, now, 0, None, "acme0", said, SOURCE)
    append(world.connection, [event], world.clock)


@pytest.mark.postgres
def test_what_came_of_it_is_heard_also_where_somebody_had_said_that_its_cause_ended(database: str) -> None:
    with open_world(database) as world:
        desk = begin(world, 1)
        (task,) = desk.queue()
        close_as_told(world, task, "cause_ended")
        world.settle()
        assert desk.show(task.key).outcome == "cause_ended"
        assert desk.close(task.key, Closing("lost", "ana", "too_expensive")).is_new
        assert names(world, task.key)[-2:] == ["Task Closed", "Task Closed"]
        world.settle()
        ((state,),) = world.rows("select state from units where unit_id = 'a:acme0'")
        kept = msgspec.json.decode(state, type=Unit)
        assert kept.profile.traits["objection"] == "too_expensive"
        assert kept.declines["plan/pro"].answer is Answer.NEVER


@pytest.mark.postgres
def test_a_change_that_the_ledger_does_not_take_is_no_change(database: str) -> None:
    with open_world(database) as world:
        desk = begin(world, 1)
        (task,) = desk.queue()
        close_as_told(world, task, "dropped")
        with pytest.raises(ConfigError, match=f"Task Closed/{task.key}"):
            desk.close(task.key, Closing("lost", "ana"))
        assert desk.queue() == [task]


@pytest.mark.postgres
def test_work_asked_for_outside_is_one_task_for_a_reason_wherever_it_was_asked_first(database: str) -> None:
    with open_world(database) as world:
        desk = begin(world, 1)
        (own,) = desk.queue()
        wanted = Wanted("a:acme0", "renewal", "success", "Renew", why=("It ends in May.",), by="crm")
        first, again = desk.open(wanted), desk.open(wanted)
        assert (first.is_new, again.is_new, first.task.key) == (True, False, again.task.key)
        assert first.task.owner in ("ana", "ben")
        sooner = msgspec.structs.replace(wanted, due_at=world.clock.now() + HOUR, title="Renew now")
        changed = desk.open(sooner).task
        assert (changed.key, changed.title, changed.due_at) == (
            first.task.key, "Renew now", world.clock.now() + HOUR,
        )  # fmt: skip
        # For the workflow's own reason it is the workflow's own task, with what it offers.
        same = desk.open(Wanted("a:acme0", "flow", "success", "Ring them", by="crm"))
        assert (same.task.key, same.task.offer) == (own.key, "pro-annual")
        assert names(world, first.task.key) == ["Task Opened", "Task Given", "Task Updated"]
        world.after(2 * HOUR)
        assert names(world, first.task.key)[-1] == "Task Overdue"
        assert desk.show(first.task.key).overdue_at is not None
        assert [task.key for task in desk.queue(owner="")] == []
        assert len(desk.queue(queue="success")) == 2


ALONE = workflow(
    trigger="{on: Pricing Viewed, again_after: 1 days}",
    journey="[{task: {queue: success, title: Call}}, {wait: 9 days}]",
)


@pytest.mark.postgres
@pytest.mark.parametrize("is_one_batch", [False, True])
def test_work_moves_with_whoever_it_is_of_and_is_found_where_they_are(
    database: str, *, is_one_batch: bool
) -> None:
    def goes_on() -> None:
        if not is_one_batch:
            world.settle()

    with open_world(database) as world:
        world.apply({**make_documents({"flow": ALONE}), "queues.yaml": QUEUES})
        desk = TaskDesk(database, world.clock)
        world.happens("Customer Identified", "mia", email="mia@example.com")
        world.settle()
        desk.open(Wanted("c:mia", "welcome", "success", "Say hello", by="crm"))
        for customer_id in ("ada", "bob", "eve"):
            world.happens("Pricing Viewed", customer_id)
            world.clock.move_to(world.clock.now() + HOUR)
            goes_on()
        world.happens("Account Identified", "ada", "acme", roles=["admin"])
        goes_on()
        world.happens("Customers Merged", "ada", None, **{"from": "bob"})
        goes_on()
        world.happens("Customers Merged", "eva", None, **{"from": "eve"})
        goes_on()
        world.happens("Account Identified", "mia", "acme", roles=["admin"])
        world.happens("Account Left", "mia", "acme")
        world.settle()
        tasks = {task.unit_id: task for task in find_tasks(world.connection, is_open=None)}
        homes = {unit_id: (task.household_id, task.because) for unit_id, task in tasks.items()}
        assert homes.pop("c:bob")[1] == "already_enrolled"
        assert homes == {"c:ada": ("a:acme", None), "c:eve": ("c:eva", None), "c:mia": ("c:mia", None)}
        for unit_id, was in (("a:acme", "c:ada"), ("c:ada", "c:ada"), ("c:eva", "c:eve"), ("c:mia", "c:mia")):
            again = desk.open(Wanted(unit_id, tasks[was].reason, "success", "Ring them", by="crm"))
            assert again.task.key == tasks[was].key
            assert names(world, again.task.key).count("Task Opened") == 1


@pytest.mark.postgres
def test_tasks_are_read_and_changed_by_server_keys_with_the_scope_alone(database: str) -> None:
    with open_world(database) as world:
        desk = begin(world, 1)
        (task,) = desk.queue()
        now = world.clock.now()
        public = create_key(world.connection, "page", Kind.WRITE, (Scope.EVENTS,), now)
        reads = create_key(world.connection, "board", Kind.SERVER, (Scope.TASKS_READ,), now)
        writes = create_key(world.connection, "crm", Kind.SERVER, (Scope.TASKS_WRITE,), now)
        with pytest.raises(ConfigError):
            create_key(world.connection, "other", Kind.WRITE, (Scope.TASKS_READ,), now)
    with TestClient(make_app(database, SetClock(now))) as client:

        def ask(key: str, path: str = "/v1/tasks", said: dict[str, Any] | None = None) -> Any:
            headers = {"Authorization": f"Bearer {key}"}
            if said is None:
                return client.get(path, headers=headers)
            return client.post(path, headers=headers, json=said)

        one = f"/v1/tasks/{task.key}"
        assert [ask(key).status_code for key in (public, writes, reads)] == [403, 403, 200]
        taking = {"by": "ana"}
        assert [ask(key, f"{one}/take", taking).status_code for key in (public, reads)] == [403, 403]
        assert ask(reads).json()["count"] == 1
        assert ask(reads, one).json()["title"] == "Call"
        assert ask(reads, "/v1/tasks?owner=nobody").json()["tasks"] == []
        assert ask(writes, f"{one}/take", taking).json()["task"]["owner"] == "ana"
        closing = {"by": "ana", "outcome": "opportunity", "amount": 120_000}
        told = [ask(writes, f"{one}/close", closing).json() for _ in range(2)]
        assert [each["changed"] for each in told] == [True, False]
        assert (told[0]["task"]["amount"], told[0]["task"]["currency"]) == (120_000, "USD")
        wrong = ask(writes, f"{one}/close", {"by": "ana", "outcome": "sold"})
        assert (wrong.status_code, wrong.json()["code"]) == (400, "refused")
        assert "meeting_set" in wrong.json()["message"]
        wanted = {
            "by": "crm",
            "accountId": "acme0",
            "reason": "renewal",
            "queue": "success",
            "title": "Renew",
        }
        told = [ask(writes, "/v1/tasks", wanted).json() for _ in range(2)]
        assert [each["changed"] for each in told] == [True, False]
        for odd in (
            {**wanted, "accountId": "\0"},
            {**wanted, "customerId": "ada"},
            {**wanted, "title": "\t"},
            {**wanted, "why": ["a"] * 21},
            {**wanted, "value": 10**30},
            {**wanted, "dueAt": "tomorrow"},
            {**wanted, "reason": "r" * 10_000},
            {**wanted, "more": 1},
        ):
            told = ask(writes, "/v1/tasks", odd)
            assert (told.status_code, bool(told.json()["message"])) == (400, True), odd
        assert ask(reads, "/v1/tasks?limit=0").status_code == 400
        assert ask(reads, "/v1/tasks/%00").status_code == 404
        assert ask(writes, f"{one}/sell", taking).status_code == 404
        assert ask(writes, "/v1/tasks/none/take", taking).status_code == 404
