"""One contact budget per address on the live path: several ids, several households, one mailbox."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, pairwise
from threading import Thread
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import HOST, Sink, open_sink
from tests.stories.world import workflow
from upsell.channels.email import EmailChannel
from upsell.clock import DAY, HOUR, MINUTE, Moment
from upsell.decisions.addresses import address_key
from upsell.decisions.assignment import is_drawn
from upsell.decisions.contact import Touch
from upsell.decisions.intents import Intent
from upsell.decisions.policy import Cap
from upsell.journeys.effects import Spend
from upsell.runtime.batches import Gathered
from upsell.runtime.dispatcher import Dispatcher
from upsell.runtime.explained import answer_content
from upsell.runtime.explaining import explain_now
from upsell.runtime.programs import Programs
from upsell.runtime.task_giving import Queues
from upsell.store.connect import Connection, connect
from upsell.store.outbox import State
from upsell.store.places import free_places, keep_places, move_places, read_places

pytestmark = pytest.mark.postgres

HELP = "[{email: {content: t1, intent: help}}]"
ASKED = "{on: Asked, again_after: 1 hours}"
BOX = "Box@example.com"


def capped(at_most: int = 1, more: str = "") -> str:
    return f"policy: {{caps: [{{at_most: {at_most}, within: 7 days}}]{more}}}\n"


@contextmanager
def living(
    database: str, policy: str, sink: Sink, *, journey: str = HELP, holdout: str = "0%"
) -> Iterator[LiveWorld]:
    with open_world(database, sink) as world:
        texts = {"w": workflow(trigger=ASKED, journey=journey, holdout=holdout)}
        world.apply(make_documents(texts, policy=policy))
        yield world


def meet(world: LiveWorld, *customers: str, address: str = BOX) -> None:
    """Make customers known who share an address, each writing it another way."""
    for number, who in enumerate(customers):
        world.happens("Customer Identified", who, email=address.upper() if number % 2 else address)


def ask(world: LiveWorld, *customers: str) -> dict[State, int]:
    for who in customers:
        world.happens("Asked", who)
    return world.settle()


def receipts(world: LiveWorld, name: str) -> list[dict[str, Any]]:
    rows = world.connection.execute(
        "select properties from events where source = 'dispatcher' and name = %s order by position", (name,)
    )
    return [msgspec.json.decode(row[0]) for row in rows]


def places(world: LiveWorld) -> list[str]:
    return [row[0] for row in world.rows("select customer_id from places order by number")]


def test_of_two_households_and_one_free_place_at_their_address_exactly_one_is_written_to(
    database: str,
) -> None:
    with open_sink() as sink, living(database, capped(), sink) as world:
        meet(world, "ada", "bob", "eve")
        assert ask(world, "ada", "bob", "eve") == {State.SENT: 1, State.WITHDRAWN: 2}
        assert len(sink.accepted) == 1
        at = world.clock.now()
        winner, *waiting = _by_what_became_of_them(world)
        for told in receipts(world, "Message Withheld"):
            assert told["reason"].startswith("capped: ")
            assert told["rule"] == "at most 1 within 7 days"
            assert told["retry_at"] == "2026-03-09T09:00:00Z"
            assert told["address"] == address_key("email", BOX)
        capped_units = "select unit_id, rule from decisions where reason = 'capped' order by unit_id"
        assert world.rows(capped_units) == [(f"c:{who}", "at most 1 within 7 days") for who in waiting]
        # Nobody is asked again before the cap opens; then the one place goes to one of those who wait.
        world.happens("Customer Identified", waiting[0], title="Dr")
        assert world.after(7 * DAY - 1) == {}
        assert world.after(1) == {State.SENT: 1, State.WITHDRAWN: 1}
        assert world.clock.now() == at + 7 * DAY
        assert world.after(7 * DAY) == {State.SENT: 1}
        assert sorted(places(world)) == sorted([winner, *waiting])


def _by_what_became_of_them(world: LiveWorld) -> list[str]:
    return [row[0] for row in world.rows("select customer_id from outbox order by state, customer_id")]


def test_two_ids_of_one_household_with_one_address_have_one_budget_too(database: str) -> None:
    with open_sink() as sink, living(database, capped(2), sink) as world:
        for who in ("ada", "bob", "eve"):
            world.happens("Account Identified", who, "acme")
        meet(world, "ada", "bob", "eve")
        assert ask(world, "ada", "bob", "eve") == {State.SENT: 2, State.WITHDRAWN: 1}


def test_a_hard_gap_is_kept_between_what_two_households_are_shown_at_one_address(database: str) -> None:
    show = "[{email: {content: t1, intent: show}}]"
    with open_sink() as sink, living(database, "policy: {gap: 3 days}\n", sink, journey=show) as world:
        meet(world, "ada", "bob")
        assert ask(world, "ada") == {State.SENT: 1}
        world.after(DAY)
        assert ask(world, "bob") == {State.WITHDRAWN: 1}
        assert world.after(2 * DAY - 1) == {}
        assert world.after(1) == {State.SENT: 1}


def test_a_place_is_free_again_when_its_message_fails_is_withheld_or_is_taken_back(database: str) -> None:
    answers = iter(["554 not this mail", "250 OK"])
    goal = "Order Completed"
    with open_sink(lambda _: next(answers)) as sink, open_world(database, sink) as world:
        text = workflow(trigger=ASKED, journey=HELP, goal=f"{{event: {goal}, within: 30 days}}")
        world.apply(make_documents({"w": text}, policy=capped()))
        meet(world, "failing", "stopped", "done", "ada")
        assert ask(world, "failing") == {State.FAILED: 1}
        assert places(world) == []
        # Reserved and taken back in one batch, it has never had one.
        meet(world, "quick")
        world.append([world.event("Asked", "quick"), world.event(goal, "quick")])
        world.worker.run_until_idle()
        assert (places(world), world.states()) == ([], {"failed": 1, "withdrawn": 1})
        for who in ("stopped", "done", "ada"):
            world.happens("Asked", who)
        world.worker.run_until_idle()
        assert places(world) == ["stopped", "done", "ada"]
        # Known to the worker before the message is claimed, or to the gate alone.
        world.happens(goal, "done")
        world.worker.run_until_idle()
        assert places(world) == ["stopped", "ada"]
        world.happens("Consent Withdrawn", "stopped", channel="email")
        assert world.dispatcher.run_once().by_state == {State.UNKNOWN: 0, State.WITHDRAWN: 1, State.SENT: 1}
        assert places(world) == ["ada"]


def draw(world: LiveWorld) -> dict[bool, list[str]]:
    """Give customers whom the workflow of a half would hold out, and such as it would treat."""
    programs = Programs()
    programs.refresh(world.connection)
    salt = programs.program(1).workflows["w"].experiment.salt
    drawn: dict[bool, list[str]] = {True: [], False: []}
    for who in (f"u{number}" for number in range(40)):
        drawn[is_drawn(0.5, salt, f"c:{who}")].append(who)
    return drawn


def test_what_a_held_out_unit_would_have_been_sent_takes_the_place_of_the_other_household(
    database: str,
) -> None:
    with open_sink() as sink, living(database, capped(), sink, holdout="50%") as world:
        drawn = draw(world)
        held_out, treated = drawn[True][0], drawn[False][0]
        meet(world, held_out, treated)
        assert ask(world, held_out) == {}
        assert places(world) == [held_out]
        assert ask(world, treated) == {State.WITHDRAWN: 1}
        # Both are exposed when their message would be reserved, whatever the gate says afterwards.
        exposures = dict(world.rows("select unit_id, arm from exposures"))
        assert exposures == {f"c:{held_out}": "holdout", f"c:{treated}": "treated"}
        assert world.after(7 * DAY) == {State.SENT: 1}


def test_a_shadow_takes_a_place_only_where_its_message_would_have_found_one(database: str) -> None:
    with open_sink() as sink, living(database, capped(2), sink, holdout="50%") as world:
        drawn = draw(world)
        first, second, third, late = drawn[True][:4]
        treated = drawn[False][0]
        meet(world, first, second, third, late, treated)
        # In one batch two of three find a place, and a day later none does.
        ask(world, first, second, third)
        assert places(world) == [first, second]
        world.after(DAY)
        ask(world, late)
        assert ask(world, treated) == {State.WITHDRAWN: 1}
        assert places(world) == [first, second]
        # So the treated one is written to when the first places open, as if the others had been too.
        assert world.after(6 * DAY) == {State.SENT: 1}


def test_what_obeys_no_cap_is_counted_and_what_is_not_counted_obeys(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        steps = {"free": "obeys_caps: false", "silent": "counts: false", "w": "counts: true"}
        texts = {
            key: workflow(
                trigger=f"{{on: {key.title()}, again_after: 1 hours}}",
                journey=f"[{{email: {{content: t1, intent: help, {how}}}}}]",
            )
            for key, how in steps.items()
        }
        world.apply(make_documents(texts, policy=capped()))
        meet(world, "ada", "bob", "eve", "tom")
        sent = []
        for name, who in (("Silent", "ada"), ("W", "bob"), ("Free", "eve"), ("Silent", "ada"), ("W", "tom")):
            world.clock.move_to(world.clock.now() + 2 * HOUR)
            world.happens(name, who)
            sent.append(world.settle())
        assert sent == [
            {State.SENT: 1}, {State.SENT: 1}, {State.SENT: 1}, {State.WITHDRAWN: 1}, {State.WITHDRAWN: 1}
        ]  # fmt: skip
        assert places(world) == ["bob", "eve"]


def test_ids_that_are_merged_keep_their_places_and_none_is_counted_twice(database: str) -> None:
    with open_sink() as sink, living(database, capped(3), sink) as world:
        meet(world, "old", "new", "bob")
        assert ask(world, "old", "new") == {State.SENT: 2}
        world.happens("Customers Merged", "new", **{"from": "old"})
        world.after(2 * HOUR)
        # Two of three places are taken: the third is free for whoever is first, and only the third.
        assert ask(world, "new", "bob") == {State.SENT: 1, State.WITHDRAWN: 1}
        assert places(world) == ["old", "new", "new"]


@pytest.mark.parametrize("is_worker_ahead", [True, False])
def test_a_message_stands_last_in_line_at_the_address_its_person_has_by_then(
    database: str, *, is_worker_ahead: bool
) -> None:
    with open_sink() as sink, living(database, capped(), sink) as world:
        meet(world, "ada", "eve")
        meet(world, "bob", address="other@example.com")
        for who in ("ada", "bob", "eve"):
            world.happens("Asked", who)
        world.worker.run_until_idle()
        world.happens("Customer Identified", "ada", email="other@example.com")
        if is_worker_ahead:
            world.worker.run_until_idle()
        # Ada was first at the old address and is second at the new one; the old one is free for Eve.
        assert world.settle() == {State.SENT: 2, State.WITHDRAWN: 1}
        addresses = sorted(re.findall(rb"^To: (\S+)", content, re.MULTILINE)[0] for content in sink.contents)
        assert [address.lower() for address in addresses] == [b"box@example.com", b"other@example.com"]
        assert sorted(places(world)) == ["bob", "eve"]


def test_what_was_sent_to_an_address_stays_spent_there_when_its_person_has_another(database: str) -> None:
    with open_sink() as sink, living(database, capped(), sink) as world:
        meet(world, "ada", "bob")
        assert ask(world, "ada") == {State.SENT: 1}
        world.happens("Customer Identified", "ada", email="new@example.com")
        assert ask(world, "bob") == {State.WITHDRAWN: 1}
        meet(world, "eve", address="new@example.com")
        assert ask(world, "eve") == {State.SENT: 1}


def test_without_a_cap_per_person_no_place_is_taken_and_every_household_hears(database: str) -> None:
    policy = "policy: {caps: [{at_most: 1, within: 7 days, per: account}]}\n"
    with open_sink() as sink, living(database, policy, sink) as world:
        meet(world, "ada", "bob")
        assert ask(world, "ada", "bob") == {State.SENT: 2}
        assert places(world) == []


def test_places_that_no_cap_counts_any_more_are_forgotten(database: str) -> None:
    with open_sink() as sink, living(database, capped(), sink) as world:
        meet(world, "ada")
        meet(world, "bob", address="bob@example.com")
        ask(world, "ada")
        world.after(2 * DAY)
        ask(world, "bob")
        assert world.worker.forget_places() == 0
        world.after(5 * DAY - 1)
        assert world.worker.forget_places() == 0
        world.after(1)
        assert world.worker.forget_places() == 1
        assert places(world) == ["bob"]


def test_a_message_that_waited_for_the_dispatcher_fills_the_cap_at_its_address_from_when_it_was_sent(
    database: str,
) -> None:
    policy = "policy: {caps: [{at_most: 1, within: 1 days}]}\n"
    with open_sink() as sink, living(database, policy, sink) as world:
        meet(world, "ada", "bob", "eve")
        world.happens("Asked", "ada")
        world.worker.run_until_idle()
        world.clock.move_to(world.clock.now() + 2 * DAY)
        assert world.worker.forget_places() == 0
        assert ask(world, "bob") == {State.SENT: 1, State.WITHDRAWN: 1}
        world.after(DAY - 1)
        assert len(sink.accepted) == 1
        assert ask(world, "eve") == {State.WITHDRAWN: 1}
        world.after(1)
        assert len(sink.accepted) == 2


def test_a_place_is_held_seven_days_for_a_message_nobody_sends(database: str) -> None:
    policy = "policy: {caps: [{at_most: 1, within: 1 days}]}\n"
    with open_sink() as sink, living(database, policy, sink) as world:
        meet(world, "ada", "bob")
        world.happens("Asked", "ada")
        world.worker.run_until_idle()
        world.clock.move_to(world.clock.now() + 8 * DAY)
        # Hers is not said after so long: its place is reserved anew, behind his.
        assert world.worker.forget_places() == 1
        assert ask(world, "bob") == {State.WITHDRAWN: 2, State.SENT: 1}
        assert world.after(DAY) == {State.SENT: 1}
        assert sorted(places(world)) == ["ada", "bob"]


def test_a_message_asked_again_later_by_the_server_keeps_its_place_meanwhile(database: str) -> None:
    answers = iter(["451 not now", "250 OK"])
    with open_sink(lambda _: next(answers)) as sink, living(database, capped(), sink) as world:
        meet(world, "ada", "bob")
        assert ask(world, "ada") == {State.RESERVED: 1}
        assert ask(world, "bob") == {State.WITHDRAWN: 1}
        assert world.after(MINUTE) == {State.SENT: 1}


def test_however_many_dispatchers_ask_at_once_no_more_go_out_than_there_are_places(database: str) -> None:
    boxes, at_most = 12, 2
    with open_sink() as sink, living(database, capped(at_most), sink) as world:
        told = []
        for number in range(boxes * 6):
            box = f"box{number % boxes}@example.com"
            told.append(world.event("Customer Identified", f"u{number}", email=box))
            told.append(world.event("Asked", f"u{number}"))
        world.append(told)
        world.worker.run_until_idle()
        connections = [connect(database) for _ in range(4)]
        dispatchers = [
            Dispatcher(each, world.clock, {"email": EmailChannel(HOST, sink.port)}, batch_size=5)
            for each in connections
        ]
        threads = [Thread(target=each.run_until_idle) for each in dispatchers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for dispatcher, connection in zip(dispatchers, connections, strict=True):
            dispatcher.close()
            connection.close()
        assert world.states() == {"sent": boxes * at_most, "withdrawn": boxes * (6 - at_most)}
        received = [re.findall(rb"^To: (\S+)", content, re.MULTILINE)[0] for content in sink.contents]
        assert {received.count(box) for box in set(received)} == {at_most}


def spend(key: str, address: str = "box", at: Moment = 1) -> Spend:
    touch = Touch(key, at, Intent.HELP, "email")
    return Spend(address, "ada", touch, is_shadow=False, obeys_caps=True, zone="UTC")


def line(connection: Connection, address: str = "box") -> list[str]:
    return [place.touch.key for place in read_places(connection, {"": address}, 0)]


@pytest.mark.parametrize("late", ["keep", "move", "shadow"])
def test_whoever_sees_a_place_sees_all_before_it_however_late_their_transaction_commits(
    database: str, late: str
) -> None:
    with connect(database) as slow, connect(database) as quick, connect(database) as other:
        keep_places(other, [spend("elsewhere", "another box")])
        with slow.transaction():
            keep_places(slow, [spend("first", at=5)])
            work = {"keep": _keep, "move": _move, "shadow": _ask_for_shadow}[late]
            thread = Thread(target=work, args=(quick,))
            thread.start()
            # The quick one waits for the slow one's commit before it has a number, and is not seen.
            waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
            while thread.is_alive() and other.execute(waits).fetchone() == (0,):
                pass
            assert line(other) == []
        thread.join()
        assert line(other) == (["first"] if late == "shadow" else ["first", "elsewhere"])


def _keep(connection: Connection) -> None:
    with connection.transaction():
        free_places(connection, ["elsewhere"])
        keep_places(connection, [spend("elsewhere", at=1)])


def _ask_for_shadow(connection: Connection) -> None:
    gathered = Gathered()
    gathered.add("c:ada", [msgspec.structs.replace(spend("shadow", at=6), is_shadow=True)])
    with connection.transaction():
        gathered.keep(connection, 6, [Cap(at_most=1, within=DAY)], {}, Queues({}, "UTC"))


def _move(connection: Connection) -> None:
    move_places(connection, {"elsewhere": "box"})


def test_a_message_reads_its_own_place_and_those_ahead_of_the_last_that_is_asked_about(database: str) -> None:
    with connect(database) as connection:
        keep_places(connection, [spend(key) for key in ("a", "b", "c", "d")])
        keep_places(connection, [spend("old", at=0), spend("x", "elsewhere"), spend("a", "elsewhere")])
        read = read_places(connection, {"b": "box", "c": "box", "x": "box"}, 0)
        assert [(place.touch.key, place.address) for place in read] == [
            ("a", "box"), ("b", "box"), ("c", "box"), ("d", "box"), ("x", "elsewhere"),
        ]  # fmt: skip
        assert [place.touch.key for place in read_places(connection, {"b": "box"}, 0)] == ["a", "b"]
        assert line(connection) == ["a", "b", "c", "d"]


def test_explain_tells_which_cap_others_filled_at_the_address_and_until_when(database: str) -> None:
    with open_sink() as sink, living(database, capped(), sink) as world:
        meet(world, "ada", "bob", "old")
        ask(world, "ada")
        world.happens("Customers Merged", "bob", **{"from": "old"})
        world.worker.run_until_idle()
        full = {}
        for who in ("ada", "bob"):
            answer = explain_now(world.connection, who, world.clock.now(), None)
            full[who] = answer_content(answer)["full_address"]
        assert full == {
            "ada": [],
            "bob": [
                {
                    "rule": "at most 1 within 7 days",
                    "until": "2026-03-09T09:00:00Z",
                    "customers": ["ada"],
                }
            ],
        }
        world.clock.move_to(world.clock.now() + 7 * DAY)
        assert explain_now(world.connection, "bob", world.clock.now(), None).full_address == ()


POLICY = """
policy:
  gap: 30 hours
  caps:
    - {at_most: 2, within: 5 days}
    - {at_most: 1, calendar: day, kinds: [upgrade]}
"""
_marks = count(1)
HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from(["Help", "Show", "Offer"]),
        st.integers(0, 4),
        st.sampled_from([0, 0, 30, 11 * 60, 26 * 60, 50 * 60]),
    ),
    min_size=2,
    max_size=16,
)


class Mailbox:
    """A mail server's answer that notes which address accepted mail when, by the world's clock."""

    def __init__(self) -> None:
        self.world: LiveWorld | None = None
        self.accepted: list[tuple[str, Moment]] = []

    def __call__(self, recipient: str) -> str:
        assert self.world is not None
        self.accepted.append((recipient.casefold(), self.world.clock.now()))
        return "250 OK"


@pytest.fixture
def post(database: str) -> Iterator[tuple[LiveWorld, Mailbox]]:
    box = Mailbox()
    journeys = {
        "help": "[{email: {content: t1, intent: help}}, {wait: 1 day}, {email: {content: t1, intent: help}}]",
        "show": "[{email: {content: t1, intent: show, blocked: skip}}, {email: {content: t2, intent: show}}]",
        "offer": "[{email: {content: t3, offer: pro-annual}}]",
    }
    texts = {
        name: workflow(trigger=f"{{on: {name.title()}, again_after: 1 hour}}", journey=journey, holdout="20%")
        for name, journey in journeys.items()
    }
    with open_sink(box) as sink, open_world(database, sink) as world:
        world.apply(make_documents(texts, policy=POLICY))
        box.world = world
        yield world, box


@settings(
    max_examples=examples(80, few=8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(HAPPENINGS)
def test_whatever_comes_in_whatever_order_no_window_at_an_address_holds_more_than_its_caps(
    post: tuple[LiveWorld, Mailbox], happenings: Sequence[tuple[str, int, int]]
) -> None:
    world, box = post
    mark = f".{next(_marks)}@"
    # Five ids at two addresses, two of them in one account.
    for number in range(5):
        if number > 2:
            world.happens("Account Identified", f"u{number}{mark}", f"acme{mark}")
        world.happens("Customer Identified", f"u{number}{mark}", email=f"Box{number % 2}{mark}example.com")
    for name, number, minutes in happenings:
        world.happens(name, f"u{number}{mark}")
        if minutes:
            # A message counts from its reservation on, so here it is sent in the same moment.
            world.settle()
            world.after(minutes * MINUTE)
    world.settle()
    world.after(20 * DAY)
    # Oracle: every window counted from what the mail server accepted alone.
    boxes: dict[str, list[Moment]] = {}
    for recipient, at in box.accepted:
        if mark in recipient:
            boxes.setdefault(recipient, []).append(at)
    for moments in boxes.values():
        assert all(sum(at - 5 * DAY < other <= at for other in moments) <= 2 for at in moments)
    sent = world.connection.execute(
        "select customer_id, finished_at from outbox where state = 'sent' and intent <> 'help'"
        " and customer_id like %s order by finished_at",
        (f"%{mark}",),
    ).fetchall()
    for number in range(2):
        selling = [at for who, at in sent if int(who[1]) % 2 == number]
        assert all(later - earlier >= 30 * HOUR for earlier, later in pairwise(selling))
    assert world.states().keys() <= {"sent", "withdrawn"}
