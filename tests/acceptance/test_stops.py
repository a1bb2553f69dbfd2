"""What a person stops waits as it is, goes out after they let go on, and is asked about again before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from threading import Event as Flag

import pytest

from tests.live_world import LiveWorld, make_documents, open_world, two_mails
from tests.sinks import HOST, open_gateway, open_sink
from tests.stories.world import HOUR, Story, make_program, workflow
from upsell.channels.email import EmailChannel
from upsell.clock import MINUTE, SECOND, SystemClock
from upsell.decisions.stops import Stop
from upsell.errors import ConfigError
from upsell.journeys.program import with_stops
from upsell.runtime import desk
from upsell.runtime.diagnosis import diagnose
from upsell.runtime.dispatcher import PIECE, Dispatcher
from upsell.runtime.doctor import examine
from upsell.store.connect import connect
from upsell.store.ledger import read_head
from upsell.store.stops import open_stops, read_stops
from upsell.testing.mail_sink import open_mail_sink

pytestmark = pytest.mark.postgres

WAITS = two_mails("1 days")


def reserve(world: LiveWorld, *people: str, of: str = "Pricing Viewed") -> None:
    """Let messages to some people be reserved, and not sent; a stop takes a moment of its own."""
    world.clock.move_to(world.clock.now() + SECOND)
    for who in people:
        world.happens(
            "Customer Identified", who, email=f"{who}@example.com", phone="+491711234567", country="DE"
        )
        world.happens(of, who)
    world.worker.run_until_idle()


def test_what_is_stopped_waits_and_goes_out_when_somebody_lets_it_go_on(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": WAITS}))
        reserve(world, "ada", "bob")
        assert desk.stop(world.connection, world.clock, "eve", "a wrong price") is True
        assert not any(world.dispatcher.run_until_idle().by_state.values())
        assert world.states() == {"reserved": 2}
        assert world.dispatcher.next_attempt_at() is None, "there is nothing to wake for"
        assert desk.resume(world.connection, world.clock, "eve", "mended") is True
        world.settle()
        assert world.states() == {"sent": 2}
        assert len(sink.accepted) == 2


def test_letting_go_on_what_is_not_stopped_puts_nothing_off(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": WAITS}))
        reserve(world, *(f"c{number}" for number in range(9)))
        due = world.rows("select key, next_attempt_at from outbox order by key")
        world.clock.move_to(world.clock.now() + 3 * HOUR)
        assert desk.resume(world.connection, world.clock, "eve", "mended") is False
        assert world.rows("select key, next_attempt_at from outbox order by key") == due
        desk.stop(world.connection, world.clock, "eve", "why")
        assert desk.resume(world.connection, world.clock, "eve", "mended") is True
        assert world.rows("select key, next_attempt_at from outbox order by key") != due


def test_only_the_channel_or_the_workflow_that_was_named_is_stopped(database: str) -> None:
    text = workflow(trigger="{on: Pricing Viewed}", journey="[{sms: {content: s1, intent: help}}]")
    flows = {"w": WAITS, "other": WAITS.replace("Pricing Viewed", "Asked"), "texts": text}
    documents = {**make_documents(flows), "templates/s1.sms.txt": "Hello\n"}
    with open_sink() as sink, open_gateway() as gateway, open_world(database, sink, gateway) as world:
        world.apply(documents)
        desk.stop(world.connection, world.clock, "eve", "why", channel="sms")
        desk.stop(world.connection, world.clock, "eve", "why", workflow="other")
        reserve(world, "ada")
        reserve(world, "bob", of="Asked")
        world.settle()
        waiting = world.rows("select workflow from outbox where state = 'reserved' order by workflow")
        assert waiting == [("other",), ("texts",)]
        assert gateway.requests == []
        desk.resume(world.connection, world.clock, "eve", "done", channel="sms")
        world.settle()
        assert world.rows("select workflow from outbox where state = 'reserved'") == [("other",)]


def test_what_waited_is_asked_about_again_and_what_is_not_wanted_any_more_is_withheld(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": WAITS}))
        reserve(world, "ada", "bob")
        desk.stop(world.connection, world.clock, "eve", "why")
        world.after(5 * MINUTE)
        world.happens("Consent Withdrawn", "ada")
        desk.resume(world.connection, world.clock, "eve", "why")
        world.settle()
        assert sorted(world.rows("select customer_id, state from outbox")) == [
            ("ada", "withdrawn"),
            ("bob", "sent"),
        ]


def test_what_waited_for_hours_does_not_go_out_in_one_instant(database: str) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        world.apply(make_documents({"w": WAITS}))
        reserve(world, *(f"u{number}" for number in range(20)))
        desk.stop(world.connection, world.clock, "eve", "why")
        world.after(3 * HOUR)
        desk.resume(world.connection, world.clock, "eve", "why")
        (times,) = world.rows("select count(distinct next_attempt_at) from outbox")
        assert times == (20,)
        world.settle()
        assert len(sink.accepted) < 20
        world.clock.move_to(world.clock.now() + HOUR)
        world.settle()
        assert len(sink.accepted) == 20


def test_a_stop_has_its_place_in_the_ledger_with_who_and_why(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"w": WAITS}))
        world.happens("Pricing Viewed", "ada")
        before = read_head(world.connection).seen_at
        desk.stop(world.connection, world.clock, "eve", "a wrong price", workflow="w")
        assert desk.stop(world.connection, world.clock, "bob", "the same", workflow="w") is False
        (stop,) = open_stops(world.connection)
        assert (stop.by, stop.because, stop.words) == ("eve", "a wrong price", "the workflow w")
        world.happens("Asked", "ada")
        ((seen_at,),) = world.rows("select seen_at from events where name = 'Asked'")
        assert before < stop.started_at <= seen_at, "it has its place between what came before and after"
        desk.resume(world.connection, world.clock, "bob", "mended", workflow="w")
        assert desk.resume(world.connection, world.clock, "bob", "again", workflow="w") is False
        (ended,) = read_stops(world.connection)
        assert (ended.ended_by, ended.ended_because) == ("bob", "mended")
        assert ended.ended_at is not None
        assert ended.ended_at > stop.started_at


def test_the_doctor_tells_of_a_stop_as_an_error(database: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"w": WAITS}))
        reserve(world, "ada")
        desk.stop(world.connection, world.clock, "eve", "a wrong price", channel="email")
        findings = diagnose(examine(world.connection, world.clock.now()))
        (finding,) = (each for each in findings if each.code == "sending-stopped")
        assert finding.severity.value == "error"
        assert "stopped by eve" in finding.said
        assert "a wrong price; 1 waiting" in finding.said
        assert "upsell resume --channel email" in finding.advice


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"channel": "e-mail"}, "did you mean email?"),
        ({"channel": "fax"}, "email, sms, push, webhook, prompt"),
        ({"workflow": "quota-upgrad"}, "did you mean quota-upgrade?"),
        ({"workflow": "zzz"}, "known are: quota-upgrade"),
    ],
)
def test_a_name_that_stops_nothing_is_refused(database: str, named: dict[str, str], said: str) -> None:
    with open_world(database) as world:
        world.apply(make_documents({"quota-upgrade": WAITS}))
        with pytest.raises(ConfigError, match=said.replace("?", r"\?")):
            desk.stop(world.connection, world.clock, "eve", "why", **named)
        assert read_stops(world.connection) == ()


@pytest.mark.parametrize(
    ("stop", "is_silent"),
    [
        (Stop(1, "", "", 0, "eve", "why"), True),
        (Stop(1, "prompt", "", 0, "eve", "why"), True),
        (Stop(1, "", "w", 0, "eve", "why"), True),
        (Stop(1, "email", "", 0, "eve", "why"), False),
        (Stop(1, "", "other", 0, "eve", "why"), False),
        (Stop(1, "", "", 0, "eve", "why", ended_at=SECOND), False),
        (Stop(1, "", "", 1 << 60, "eve", "why"), False),
    ],
)
def test_a_prompt_is_withheld_while_a_stop_holds_that_is_about_it(stop: Stop, is_silent: bool) -> None:
    asked = "{on: Placement Asked, where: \"properties.placement = 'usage-page'\"}"
    journey = "[{prompt: {placement: usage-page, offer: pro-annual}}, {wait: 7 days}]"
    program = make_program({"w": workflow(trigger=asked, journey=journey)})
    story = Story(with_stops(program, (stop,)))
    story.happens("Placement Asked", placement="usage-page")
    (event,) = [each for each in story.recorded() if each.name.startswith("Prompt")]
    assert event.name == ("Prompt Withheld" if is_silent else "Prompt Offered")
    if is_silent:
        assert event.properties["reason"] == "stopped"
        assert event.properties["rule"] == f"{stop.words}: why"


def test_a_stop_thrown_under_load_lets_out_what_was_in_flight_and_nothing_more(database: str) -> None:
    people, flag, failures = 900, Flag(), list[BaseException]()
    with open_mail_sink(pause=0.002) as sink, open_world(database) as world:
        clock = SystemClock()
        world.clock.move_to(clock.now())
        world.apply(make_documents({"w": WAITS}))
        reserve(world, *(f"u{number}" for number in range(people)))

        def send() -> None:
            with connect(database) as connection:
                dispatcher = Dispatcher(
                    connection, clock, {"email": EmailChannel(HOST, sink.port)}, batch_size=300
                )
                try:
                    while not flag.is_set():
                        dispatcher.run_once()
                except BaseException as error:
                    failures.append(error)
                    raise
                finally:
                    dispatcher.close()

        sender = threading.Thread(target=send)
        sender.start()
        try:
            wait_until(lambda: sum(sink.taken().accepted.values()) > 150)
            desk.stop(world.connection, clock, "eve", "a wrong price")
            ((in_flight,),) = world.rows("select count(*) from outbox where state = 'sending'")
            let_out = sum(sink.taken().accepted.values())
            wait_until(lambda: world.states().keys() == {"reserved", "sent"})
            after = sink.taken().accepted
            wait_until(lambda: not world.rows("select 1 from outbox where state in ('claimed', 'sending')"))
        finally:
            flag.set()
            sender.join()
        assert failures == []
        assert sum(after.values()) == sum(sink.taken().accepted.values()), "nothing goes out later"
        assert sum(after.values()) <= let_out + in_flight
        assert in_flight <= PIECE
        assert set(after.values()) == {1}
        states = world.states()
        assert states["sent"] + states["reserved"] == people, "nothing is lost"
        assert states["reserved"] > 0


def wait_until(is_so: Callable[[], object]) -> None:
    """Wait until something is so, for half a minute at most."""
    turn = Flag()
    for _ in range(3000):
        if is_so():
            return
        turn.wait(0.01)
    raise AssertionError("expected it to become so within half a minute")
