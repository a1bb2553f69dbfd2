"""The queue of people: in the order of its values, worked by hand, from the keyboard, by those who may."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient

from tests.pages_world import field, invite, join
from tests.queue_world import NOW, fill_queue, queue_documents
from tests.stories.world import START
from upsell.clock import SetClock
from upsell.config import Settings
from upsell.decisions.task_value import TaskValue, task_rank
from upsell.journeys.effects import OpenTask
from upsell.runtime.queue_reading import Asked, find_following
from upsell.store.acts import Act, read_acts
from upsell.store.connect import Connection, connect
from upsell.store.task_queue import Lane, rank_open_tasks
from upsell.store.tasks import ClosedTask, Task, close_tasks, find_task, find_tasks, keep_tasks
from upsell.store.users import Role
from upsell.web.app import make_app
from upsell.web.team import TeamPages
from upsell.workspace.compile import compile_documents

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def url(shared_database: str) -> str:
    fill_queue(shared_database)
    return shared_database


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    """Give a browser's like, signed in as Ana of success."""
    clock = SetClock(NOW)
    app = make_app(url, clock, TeamPages(url, clock, Settings()), Settings())
    with TestClient(app) as client:
        client.headers["Accept"] = "text/html"
        client.follow_redirects = False
        join(client, invite(url, "ana@acme.example", Role.SUCCESS, clock))
        yield client


def ranked(connection: Connection, lane: Lane, page: int) -> list[Task]:
    """Give all of a lane, page by page."""
    found: list[Task] = []
    for _ in range(50):
        last = found[-1] if found else None
        after = task_rank(last.value, "USD", last.due_at, last.key) if last is not None else None
        some = rank_open_tasks(connection, lane, "USD", NOW, page, after)
        if not some:
            return found
        found += some
    msg = "expected that the pages of a queue end"
    raise AssertionError(msg)


VALUES = st.builds(
    TaskValue,
    st.one_of(st.none(), st.integers(0, 2**53)),
    st.sampled_from(["USD", "EUR", "CHF"]),
)


@settings(max_examples=20, deadline=None)
@given(
    tasks=st.lists(
        st.tuples(VALUES, st.integers(0, 3), st.text("ab_-Z", max_size=3)),
        min_size=1,
        max_size=12,
    ),
    page=st.integers(1, 5),
)
def test_pages_of_a_queue_show_everything_once_in_the_order_of_the_rank(
    url: str, tasks: list[tuple[TaskValue, int, str]], page: int
) -> None:
    with connect(url) as connection, connection.transaction(force_rollback=True):
        opened = [
            OpenTask(
                f"{number}{name}",
                "",
                "",
                "c:x",
                "ranks",
                "Call",
                None,
                START,
                START + due,
                value=value if value.amount is not None else TaskValue(),
            )
            for number, (value, due, name) in enumerate(tasks)
        ]
        keep_tasks(connection, opened)
        found = ranked(connection, Lane("ranks"), page)
        expected = sorted(opened, key=lambda each: task_rank(each.value, "USD", each.due_at, each.key))
        assert [each.key for each in found] == [each.key for each in expected]


def test_what_follows_a_task_is_the_next_in_rank_then_the_first_and_never_itself(url: str) -> None:
    program = compile_documents(queue_documents()).program
    with connect(url) as connection, connection.transaction(force_rollback=True):
        tasks = [
            OpenTask(f"f{number}", "", "", "c:x", "few", "Call", None, START, START + number)
            for number in range(2)
        ]
        keep_tasks(connection, tasks)
        first, second = find_tasks(connection, queue="few")

        def following(task: Task) -> str | None:
            found = find_following(connection, program, task, Asked(queue="few"), "", NOW)
            return found.key if found is not None else None

        assert (following(first), following(second)) == ("f1", "f0")
        close_tasks(connection, [ClosedTask("f0", START, "won", None)])
        assert (following(first), following(second)) == ("f1", None)


def test_the_queue_tells_machines_what_it_tells_people(client: httpx.Client) -> None:
    told = client.get("/queue?format=json").json()
    values = [int(task["value"]["amount"]) for task in told["tasks"]]
    assert values == [700_000, *sorted(values[1:4], reverse=True), 0]
    page = client.get("/queue").text
    assert "5 tasks wait, 1 of them overdue." in page
    assert [page.index(task["key"]) for task in told["tasks"]] == sorted(
        page.index(task["key"]) for task in told["tasks"]
    )
    only = client.get("/queue?queue=renewals&format=json").json()
    assert {task["queue"] for task in only["tasks"]} == {"renewals"}
    assert client.get("/queue?of=mine&format=json").json()["tasks"] == []


def test_who_takes_gives_puts_off_and_closes_is_led_on_and_stands_in_the_log(
    client: httpx.Client, url: str
) -> None:
    with connect(url) as connection:
        first, second, *_ = [each for each in find_tasks(connection) if each.queue == "success"]
    form = {
        "form": field(client.get(f"/queue/{first.key}").text, "form"),
        "of": "everyone",
        "lane": "success",
    }

    def send(key: str, action: str, **said: str) -> httpx.Response:
        return client.post(f"/queue/{key}/{action}", data={**form, **said})

    taken = send(first.key, "take")
    assert (taken.status_code, taken.headers["location"]) == (
        303,
        f"/queue/{first.key}?queue=success&done=task_taken",
    )
    assert client.get("/queue?of=mine&format=json").json()["tasks"][0]["owner"] == "ana"
    given_on = send(second.key, "give", to="ben@acme.example")
    assert "done=next_task" in given_on.headers["location"]
    put_off = send(second.key, "later", days="3")
    assert "done=next_task" in put_off.headers["location"]
    assert second.key not in put_off.headers["location"]
    assert [t["key"] for t in client.get("/queue?of=later&format=json").json()["tasks"]] == [second.key]
    closed = send(
        first.key, "close", outcome="opportunity", amount="1,200.50", minutes="20", note="Call back"
    )
    assert "done=next_task" in closed.headers["location"]
    with connect(url) as connection:
        after = find_task(connection, first.key)
        acts = [(each.act, each.because) for each in read_acts(connection, 10, by="ana@acme.example")]
    assert after is not None
    assert (after.outcome, after.amount, after.minutes, after.closed_by) == (
        "opportunity",
        120_050,
        20.0,
        "ana@acme.example",
    )
    assert acts[:4] == [
        (Act.TASK_CLOSED, "Call back"),
        (Act.TASK_PUT_OFF, ""),
        (Act.TASK_GIVEN, ""),
        (Act.TASK_TAKEN, ""),
    ]
    page = client.get(f"/queue/{first.key}").text
    assert "Call back" in page
    assert "Close it as that" not in page


@pytest.mark.parametrize(
    ("action", "said", "words"),
    [
        ("close", {"outcome": "cause_ended"}, "expected an outcome that a person may say"),
        ("close", {}, "expected what came of it"),
        ("close", {"outcome": "won", "amount": "1.005"}, "expected an amount in USD such as 1,200.50"),
        ("close", {"outcome": "won", "minutes": "nan"}, "expected minutes from 0"),
        ("close", {"outcome": "won", "reason": "dear"}, "expected a reason why it was lost"),
        ("later", {"days": "0"}, "expected a number of days from 1 to 90"),
        ("later", {"day": "2020-01-01"}, "expected a moment still to come"),
        ("give", {"to": "zoe"}, "expected somebody of the queue success"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_can_and_changes_nothing(
    client: httpx.Client, url: str, action: str, said: dict[str, str], words: str
) -> None:
    with connect(url) as connection:
        before = next(each for each in find_tasks(connection) if each.queue == "success")
    form = {"form": field(client.get(f"/queue/{before.key}").text, "form")}
    answered = client.post(
        f"/queue/{before.key}/{action}", data={**form, **said}, headers={"Accept": "application/json"}
    )
    assert (answered.status_code, answered.json()["code"]) == (400, "refused")
    assert words.casefold() in answered.json()["message"].casefold()
    with connect(url) as connection:
        assert find_task(connection, before.key) == before


def test_a_task_that_is_not_there_and_a_form_it_does_not_know_are_told(client: httpx.Client) -> None:
    assert client.get("/queue/nothing").status_code == HTTPStatus.NOT_FOUND
    assert client.get("/queue/%00").status_code == HTTPStatus.NOT_FOUND
    form = {"form": field(client.get(f"/queue/{keys(client)[0]}").text, "form")}
    assert client.post("/queue/x/burn", data=form).status_code == HTTPStatus.NOT_FOUND
    assert client.get("/queue?after=0.USD.x.1.k&of=x&queue=%00").status_code == HTTPStatus.OK


def keys(client: httpx.Client) -> list[str]:
    return [task["key"] for task in client.get("/queue?format=json").json()["tasks"]]


def test_a_task_can_be_taken_by_whoever_is_of_its_queue_and_says_so_to_others(url: str) -> None:
    clock = SetClock(NOW)
    with connect(url) as connection:
        lanes = {task.queue: task.key for task in find_tasks(connection) if task.closed_at is None}
    with TestClient(make_app(url, clock, TeamPages(url, clock, Settings()), Settings())) as client:
        join(client, invite(url, "cleo@acme.example", Role.SUCCESS, clock))
        shown = {queue: client.get(f"/queue/{key}").text for queue, key in lanes.items()}
    assert '/take"' not in shown["success"]
    assert "Whoever is of the queue success can take it" in shown["success"]
    assert '/take"' in shown["renewals"]
