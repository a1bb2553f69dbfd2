"""Sinks over a real database and a real server: order, repeats, schedule, the dead, and who holds up whom."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Any

import msgspec
import pytest

from tests.commands import typed
from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import GATEWAY_SECRET, LOCAL
from tests.unit.channels.test_sink_webhook import verify
from upsell.channels.sinks.definitions import read_sinks
from upsell.clock import DAY, HOUR, MINUTE, SECOND, Moment
from upsell.runtime.diagnosis import diagnose
from upsell.runtime.doctor import examine
from upsell.runtime.lanes import AT_A_TIME, DOWN_AFTER, JITTER, WAITS, Lane, retry_at
from upsell.runtime.sink_desk import replay, resume, tell_again
from upsell.runtime.sink_runner import run_lane
from upsell.store.connect import connect
from upsell.store.queries import query
from upsell.store.sinks import Standing, hold_sink, list_parcels, read_sink
from upsell.store.sinks import read_sinks as read_standings
from upsell.testing.stand_ins import QuietHandler

SECRETS = {"UPSELL_SECRET_SINK_CRM": GATEWAY_SECRET, "UPSELL_SECRET_SINK_OTHER": GATEWAY_SECRET}


class Receiver:
    """A server that is told, and answers as a test says by what it is told."""

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[tuple[str, str]] = []
        self.answer: Callable[[str], tuple[int, Mapping[str, str]]] = lambda _: (200, {})
        self.answered: list[int] = []
        self.bodies: list[dict[str, Any]] = []

    def ids(self) -> list[str]:
        return [each for each, _ in self.heard]

    def numbers(self) -> list[str]:
        return [number for _, number in self.heard]


@contextmanager
def open_receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def reply(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = dict(self.headers)
            assert verify(GATEWAY_SECRET, headers, body)
            said = json.loads(body)
            number = said["data"]["properties"].get("number", "") if said["data"] else ""
            receiver.heard.append((self.headers["webhook-id"], number))
            receiver.bodies.append(said)
            status, more = receiver.answer(number)
            receiver.answered.append(status)
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}/x"
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Post:
    """A world with one sink or two, each with its lane, over time that the test moves."""

    def __init__(self, world: LiveWorld, url: str, receiver: Receiver) -> None:
        self.world = world
        self.url = url
        self.receiver = receiver
        self.lanes: dict[str, Lane] = {}
        self._open: list[Callable[[], object]] = []

    def apply(self, *, expected: int | None = None, **more: str) -> None:
        """Apply a workspace with sinks; crm is at the receiver unless something else is said."""
        texts = {"crm": f"{{webhook: {{url: '{self.receiver.url}'}}, events: [Noted]}}"} | more
        sinks = {f"sinks/{name}.yaml": text for name, text in texts.items() if text}
        documents = {**make_documents({}), **sinks}
        self.world.apply(documents, expected=expected)
        for name, definition in read_sinks(documents).items():
            connection, runner = connect(self.url), asyncio.Runner()
            sink = definition.open(SECRETS, LOCAL)
            self.lanes[name] = Lane(connection, self.world.clock, definition, sink, runner)
            closing = (
                lambda sink=sink, runner=runner: runner.run(sink.close()),
                runner.close,
                connection.close,
            )
            self._open += closing

    def close(self) -> None:
        for each in self._open:
            each()

    def note(self, *numbers: object) -> None:
        for number in numbers:
            self.world.happens("Noted", "ada", number=str(number))

    def run(self, name: str = "crm") -> None:
        """Tell a sink all there is to tell now."""
        while self.lanes[name].run_once():
            pass

    def later(self, duration: int, name: str = "crm") -> None:
        self.world.clock.move_to(self.world.clock.now() + duration)
        self.run(name)

    def stands(self, name: str = "crm") -> Standing:
        (found,) = read_standings(self.world.connection, name)
        return found


@pytest.fixture
def post(database: str) -> Iterator[Post]:
    with open_world(database) as world, open_receiver() as receiver:
        post = Post(world, database, receiver)
        yield post
        post.close()


def fail(*numbers: str, status: int = 500, **more: str) -> Callable[[str], tuple[int, Mapping[str, str]]]:
    """Answer some with a failure, all where none is named."""
    return lambda number: (status, more) if not numbers or number in numbers else (200, {})


def test_a_sink_is_told_of_what_it_asks_for_in_order_from_when_it_was_applied(post: Post) -> None:
    post.note("before")
    post.apply()
    post.note(*range(AT_A_TIME + 5))
    post.world.happens("Something Else", "ada")
    post.run()
    assert post.receiver.numbers() == [str(number) for number in range(AT_A_TIME + 5)]
    assert len(set(post.receiver.ids())) == AT_A_TIME + 5
    assert post.stands().taken == AT_A_TIME + 5
    post.run()
    assert len(post.receiver.heard) == AT_A_TIME + 5


def test_imported_history_is_told_to_nobody(post: Post) -> None:
    post.apply()
    post.world.append([msgspec.structs.replace(post.world.event("Noted", "ada"), is_historical=True)])
    post.run()
    assert post.receiver.heard == []


def test_what_the_core_derives_is_told_however_late_it_is_derived(post: Post) -> None:
    """It has the moment of its input, which may be long past when the worker comes to it."""
    post.apply(crm=f"{{webhook: {{url: '{post.receiver.url}'}}, events: [Subscription Upgraded, Noted]}}")
    plans = {"amount": 1000, "currency": "USD", "quantity": 1}
    post.world.happens("Subscription Started", None, "acme", plan="starter", **plans)
    post.world.clock.move_to(post.world.clock.now() + MINUTE)
    post.world.happens("Subscription Changed", None, "acme", plan="pro", **(plans | {"amount": 9000}))
    post.world.clock.move_to(post.world.clock.now() + HOUR)
    post.note("after")
    post.run()
    post.world.settle()
    post.run()
    first, *rest = (said["data"]["event"] for said in post.receiver.bodies)
    assert (first, set(rest)) == ("Noted", {"Subscription Upgraded"})


def test_what_fails_is_tried_again_by_the_schedule_under_its_id_and_then_is_dead(post: Post) -> None:
    post.apply()
    post.receiver.answer = fail("bad", status=400)
    post.note("bad", "good")
    post.run()
    assert post.receiver.numbers() == ["bad", "good"], "one that fails holds up no other"
    began = post.world.clock.now()
    at = [0]
    for wait in WAITS:
        heard = len(post.receiver.heard)
        post.later(wait - SECOND)
        assert len(post.receiver.heard) == heard, "not before its time"
        post.later(int(wait * JITTER) + SECOND)
        assert len(post.receiver.heard) == heard + 1, wait
        at.append(post.world.clock.now() - began)
    assert len(set(post.receiver.ids())) == 2
    # The specification's own table: 10 attempts within 75:35:05, here at most a tenth later.
    assert (75 * 60 + 35) * MINUTE + 5 * SECOND <= at[-1] <= int(1.1 * ((75 * 60 + 36) * MINUTE))
    (dead,) = list_parcels(post.world.connection, "crm", 10, is_dead=True)
    assert (dead.name, dead.attempts, dead.said) == ("Noted", 10, "400")
    post.later(10 * DAY)
    assert post.receiver.numbers().count("bad") == 10
    post.receiver.answer = fail("none")
    assert replay(post.world.connection, "crm", dead.id, 0, post.world.clock.now()) == 1
    post.run()
    assert post.receiver.heard[-1] == (dead.id, "bad")
    assert (post.stands().dead, post.stands().waiting) == (0, 0)


def test_waits_are_those_of_the_specification_and_a_hash_makes_them_longer() -> None:
    now: Moment = 0
    for attempt, wait in enumerate(WAITS, 1):
        at = [retry_at(attempt, f"evt_{number}", now) or 0 for number in range(20)]
        assert all(wait <= each <= wait * (1 + JITTER) for each in at)
        assert len(set(at)) == 20
    assert retry_at(len(WAITS) + 1, "evt_1", now) is None
    seconds = [wait // SECOND for wait in WAITS]
    assert seconds == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]


def test_retry_after_is_obeyed_by_everything_for_that_sink(post: Post) -> None:
    post.apply()
    post.receiver.answer = fail(status=429, **{"retry-after": "600"})
    post.note(1, 2)
    post.run()
    post.later(9 * MINUTE)
    assert post.receiver.numbers() == ["1"]
    post.receiver.answer = fail("none")
    post.later(MINUTE)
    assert post.receiver.numbers() == ["1", "1", "2"]


def test_a_sink_that_is_down_is_left_alone_and_told_everything_when_it_is_back(post: Post) -> None:
    post.apply()
    post.receiver.answer = fail(status=502)
    post.note(*range(200))
    for _ in range(20):
        post.run()
    assert len(post.receiver.heard) == DOWN_AFTER
    for _ in range(2 * 60):
        post.later(MINUTE)
    tried = len(post.receiver.heard)
    assert tried < DOWN_AFTER + 12, "it is tried now and then and no more"
    findings = {each.code: each for each in diagnose(examine(post.world.connection, post.world.clock.now()))}
    assert "502" in findings["sink-failing"].said
    post.receiver.answer = fail("none")
    post.later(31 * MINUTE)
    assert {number for _, number in post.receiver.heard[tried:]} == set(map(str, range(200)))
    assert (post.stands().failures, post.stands().waiting, post.stands().taken) == (0, 0, 200)
    assert len(set(post.receiver.ids())) == 200


def test_one_that_is_gone_is_told_nothing_until_somebody_says_so_and_loses_nothing(post: Post) -> None:
    post.apply()
    post.receiver.answer = fail(status=410)
    post.note(1, 2)
    post.run()
    post.later(3 * DAY)
    assert post.receiver.numbers() == ["1"]
    findings = {each.code: each for each in diagnose(examine(post.world.connection, post.world.clock.now()))}
    assert "answered 410" in findings["sink-gone"].said
    assert "sink-behind" not in findings
    post.receiver.answer = fail("none")
    resume(post.world.connection, "crm", post.world.clock.now())
    post.run()
    assert post.receiver.numbers() == ["1", "1", "2"]


def test_a_new_address_is_told_what_the_one_that_is_gone_was_not(post: Post) -> None:
    post.apply()
    post.receiver.answer = fail(status=410)
    post.note(1)
    post.run()
    post.receiver.answer = fail("none")
    post.apply(crm=f"{{webhook: {{url: '{post.receiver.url}/new'}}, events: [Noted]}}")
    post.run()
    assert post.receiver.numbers() == ["1", "1"]


def test_a_dead_sink_holds_up_no_other(post: Post) -> None:
    post.apply(other="{webhook: {url: 'http://127.0.0.1:9/x'}, events: [Noted]}")
    post.note(*range(10))
    post.run("other")
    post.run("crm")
    assert len(post.receiver.heard) == 10
    assert post.stands("other").failures == DOWN_AFTER
    assert "does not answer" in post.stands("other").said


def test_an_address_inside_is_not_reached_and_what_is_for_it_waits(post: Post) -> None:
    post.apply(other="{webhook: {url: 'https://10.0.0.9/x'}, events: [Noted]}")
    post.note(1)
    post.run("other")
    assert "add 10.0.0.9 to UPSELL_WEBHOOK_HOSTS" in post.stands("other").said
    assert post.stands("other").waiting == 1


def test_only_the_traits_that_are_asked_for_are_told(post: Post) -> None:
    post.apply(crm=f"{{webhook: {{url: '{post.receiver.url}'}}, events: [Noted], traits: [region, size]}}")
    post.world.happens("Account Identified", "ada", "acme", size=40, region="US", secret="x")
    post.world.happens("Customer Identified", "ada", email="ada@acme.example", region="EU")
    post.note(1)
    post.world.settle()
    post.run()
    (said,) = post.receiver.bodies
    # The event names the customer alone, so nothing is looked up of the account.
    assert said["data"]["traits"] == {"region": "EU"}


def test_whose_traits_are_told_waits_until_the_worker_has_learned_them(post: Post) -> None:
    post.apply(crm=f"{{webhook: {{url: '{post.receiver.url}'}}, events: [Noted], traits: [region]}}")
    post.world.happens("Customer Identified", "ada", region="EU")
    post.note(1)
    post.run()
    assert post.receiver.heard == []
    post.world.settle()
    post.run()
    assert [said["data"]["traits"] for said in post.receiver.bodies] == [{"region": "EU"}]


def test_whoever_dies_between_posting_and_keeping_repeats_under_the_same_ids_and_loses_nothing(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.apply()
    post.note(1, 2, 3)
    with monkeypatch.context() as patched:

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        patched.setattr("upsell.runtime.lanes.move_sink", die)
        with pytest.raises(KeyboardInterrupt):
            post.run()
    assert post.receiver.numbers() == ["1", "2", "3"]
    post.note(4)
    post.run()
    assert post.receiver.numbers() == ["1", "2", "3", "1", "2", "3", "4"]
    assert len(set(post.receiver.ids())) == 4
    assert post.receiver.bodies[:3] == post.receiver.bodies[3:6]


def test_everything_since_a_moment_is_told_again_under_the_same_ids(post: Post) -> None:
    post.apply()
    post.note(1)
    post.world.clock.move_to(post.world.clock.now() + HOUR)
    since = post.world.clock.now()
    post.note(2, 3)
    post.run()
    first = post.receiver.heard[:]
    tell_again(post.world.connection, "crm", since, post.world.clock.now())
    post.run()
    assert post.receiver.heard == [*first, *first[1:]]


def test_what_somebody_put_back_meanwhile_stays_put_back(post: Post) -> None:
    """A lane that is at work does not write over what a command just said."""
    post.apply()
    post.note(1, 2)

    def put_back(_: str) -> tuple[int, Mapping[str, str]]:
        with connect(post.url) as connection:
            tell_again(connection, "crm", 0, post.world.clock.now())
        post.receiver.answer = fail("none")
        return 200, {}

    post.run()
    post.note(3)
    post.receiver.answer = put_back
    post.run()
    assert post.receiver.numbers() == ["1", "2", "3", "1", "2", "3"]


def test_a_sink_that_was_removed_keeps_its_dead_and_begins_anew_where_it_comes_back(post: Post) -> None:
    post.apply()
    post.note(1)
    post.apply(crm="", other="{webhook: {url: https://hooks.acme.example/x}, events: [Noted]}")
    post.note(2)
    post.run()
    assert (post.receiver.heard, post.stands().is_live) == ([], False)
    post.apply()
    post.note(3)
    post.run()
    assert post.receiver.numbers() == ["3"]


def test_several_at_once_are_all_told_and_each_failure_alone_is_repeated(post: Post) -> None:
    post.apply(crm=f"{{webhook: {{url: '{post.receiver.url}', at_once: 8}}, events: [Noted]}}")
    post.receiver.answer = fail("3")
    post.note(*range(20))
    post.run()
    assert sorted(post.receiver.numbers(), key=int) == [str(number) for number in range(20)]
    post.receiver.answer = fail("none")
    post.later(6 * SECOND)
    assert sorted(post.receiver.numbers()) == sorted([*map(str, range(20)), "3"])


def test_one_without_the_secret_keeps_a_sink_from_nobody(post: Post) -> None:
    post.apply()
    definition = read_sinks({"sinks/crm.yaml": f"webhook: {{url: '{post.receiver.url}'}}"})["crm"]
    with connect(post.url) as other:
        held: list[bool] = []

        def is_stopped() -> bool:
            """Let another try to take it once it is said what is missing; stop when it could."""
            is_over = True in held or len(held) == 20
            if post.stands().trouble and not is_over:
                held.append(hold_sink(other, "crm"))
            return is_over

        run_lane(post.url, {}, LOCAL, definition, post.world.clock, is_stopped)
        assert any(held)
        assert "UPSELL_SECRET_SINK_CRM" in post.stands().trouble


def test_of_one_without_the_secret_nothing_is_said_while_another_tells_the_sink(post: Post) -> None:
    post.apply()
    definition = read_sinks({"sinks/crm.yaml": f"webhook: {{url: '{post.receiver.url}'}}"})["crm"]
    with connect(post.url) as other:
        assert hold_sink(other, "crm")
        stops = iter([False] * 15)
        run_lane(post.url, {}, LOCAL, definition, post.world.clock, lambda: next(stops, True))
        assert post.stands().trouble == ""


def test_what_a_lane_reads_of_how_it_stands_does_not_grow_with_what_it_holds(post: Post) -> None:
    post.apply()
    many, most = 3_000, 100
    connection = post.world.connection
    for is_dead_first in (False, True):
        connection.execute("truncate sink_parcels")
        connection.execute(
            "insert into sink_parcels select 'crm', n, now(), n, 'Noted', 1, now(), now(),"
            " case when (n > %s) <> %s then now() end, '', false from generate_series(1, 2 * %s) as n",
            (many, is_dead_first, many),
        )
        connection.execute("analyze sink_parcels")
        found = read_sink(connection, "crm", most)
        assert found is not None
        assert (found.waiting, found.dead) == (most, 1)
        assert (post.stands().waiting, post.stands().dead) == (many, many), "a person is told how many"
        row = connection.execute(
            b"explain (analyze, format json) " + query("read_sink"), {"name": "crm", "most": most}
        ).fetchone()
        assert row is not None
        assert _most_rows(row[0][0]["Plan"]) <= most, is_dead_first
    connection.execute("delete from sink_parcels where died_at is not null or position > %s", (many + 3,))
    few = read_sink(connection, "crm", most)
    assert few == post.stands()
    assert (few.waiting, few.dead) == (3, 0)
    assert read_sink(connection, "other", most) is None


def _most_rows(plan: Mapping[str, Any]) -> float:
    """Give the most rows that any part of a plan read, those it let fall too."""
    own = float(plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0))
    return max([own, *map(_most_rows, plan.get("Plans", []))])


def test_the_command_shows_tries_and_replays(
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def command(*words: str) -> tuple[int, str, str]:
        return typed("sinks", *words)

    post.apply()
    post.receiver.answer = fail("1", status=422)
    post.note(1)
    post.run()
    for wait in WAITS:
        post.later(int(wait * 1.2))
    monkeypatch.setenv("UPSELL_DATABASE_URL", post.url)
    monkeypatch.setenv("UPSELL_WEBHOOK_HOSTS", "127.0.0.1")
    monkeypatch.setenv("UPSELL_SECRET_SINK_CRM", GATEWAY_SECRET)
    _, listed, _ = command("list")
    assert listed.startswith(f"crm                  {post.receiver.url}\n")
    assert "0 waiting, 1 dead" in listed
    assert command() == (0, listed, "")
    assert "events      Noted\n" in command("show", "crm")[1]
    assert command("try", "crm") == (0, "It answered: 200\n", "")
    assert post.receiver.bodies[-1]["type"] == "sink.knock"
    _, dead, _ = command("dead", "crm")
    assert "tried 10 times since" in dead
    assert "tried no more: 422" in dead
    assert "Nothing waits for crm." in command("waiting", "crm")[1]
    assert command("replay", "crm", "--id", dead[:36])[1].startswith("1 parcel is tried again")
    assert "did you mean crm?" in command("show", "crn")[2]
    assert "expected --since beside --everything" in command("replay", "crm", "--everything")[2]
    assert "expected the id of a parcel that is dead" in command("replay", "crm", "--id", "evt_x")[2]
