"""Mail by several providers, live: limits keep, fallback takes over, and nothing is ever said twice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction

import pytest

from tests.live_world import LiveWorld, make_documents, open_world, two_mails
from tests.mail_servers import Line, key_of, open_raw, open_server
from tests.sinks import HOST
from upsell.channels.buckets import Rate
from upsell.channels.channel import Answer
from upsell.channels.email import EmailChannel
from upsell.channels.providers import Provider
from upsell.channels.reconcilers import Fate, Question
from upsell.channels.warm_up import WarmUp
from upsell.clock import DAY, HOUR, MINUTE, SECOND, Moment
from upsell.decisions.addresses import address_key
from upsell.runtime import desk
from upsell.runtime.diagnosis import diagnose
from upsell.runtime.dispatcher import Dispatcher
from upsell.runtime.doctor import examine
from upsell.runtime.reconciling import reconcile_unknown
from upsell.store.connect import Connection, connect
from upsell.store.mail import read_providers
from upsell.store.outbox import State
from upsell.store.stops import share_sending

pytestmark = pytest.mark.postgres


@contextmanager
def dispatching(world: LiveWorld, database: str, *providers: Provider) -> Iterator[Dispatcher]:
    with connect(database) as connection:
        dispatcher = Dispatcher(connection, world.clock, {"email": EmailChannel.over(providers)})
        try:
            yield dispatcher
        finally:
            dispatcher.close()


def waiting(world: LiveWorld, count: int, domain: str = "example.com") -> None:
    """Put a mail to each of some people into the outbox."""
    world.apply(make_documents({"w": two_mails()}))
    people = [f"u{number:03}" for number in range(count)]
    world.append([world.event("Customer Identified", who, email=f"{who}@{domain}") for who in people])
    world.append([world.event("Pricing Viewed", who) for who in people])
    world.worker.run_until_idle()


def sent(dispatcher: Dispatcher) -> int:
    return dispatcher.run_until_idle().by_state.get(State.SENT, 0)


def outbox(world: LiveWorld) -> list[tuple[str, int, int]]:
    """How many messages stand in each state, by attempts."""
    return world.rows("select state, attempts, count(*)::integer from outbox group by 1, 2 order by 1, 2")


def test_no_more_letters_are_claimed_than_a_provider_s_rate_lets_go(database: str) -> None:
    with open_server() as server, open_world(database) as world:
        waiting(world, 25)
        limited = Provider("one", HOST, server.port, rate=Rate(10, SECOND))
        with dispatching(world, database, limited) as dispatcher:
            gone = []
            for _ in range(25):
                gone.append(sent(dispatcher))
                assert sent(dispatcher) == 0
                next_at = dispatcher.next_attempt_at()
                if next_at is not None:
                    assert next_at == world.clock.now() + SECOND // 10
                    world.clock.move_to(next_at)
        assert gone == [1] * 25
        assert outbox(world) == [("sent", 1, 25)]
        assert world.rows("select distinct provider, message_id = key || '@acme.example' from outbox") == [
            ("one", True)
        ]


def test_a_letter_over_its_domain_s_rate_is_put_off_before_its_gate_and_is_no_attempt(database: str) -> None:
    with open_server() as server, open_world(database) as world:
        waiting(world, 6, "gmail.com")
        limited = Provider("one", HOST, server.port, domain_rates={"gmail.com": Rate(1, MINUTE)})
        with dispatching(world, database, limited) as dispatcher:
            assert sent(dispatcher) == 1
            assert outbox(world) == [("reserved", 0, 5), ("sent", 1, 1)]
            reasons = world.rows("select distinct reason from outbox where state = 'reserved'")
            assert reasons == [("over the rate of one for gmail.com",)]
            turns = world.rows("select next_attempt_at from outbox where state = 'reserved' order by 1")
            # The gate is asked after the wait: who withdrew meanwhile hears nothing.
            world.append(
                [
                    world.event("Consent Withdrawn", f"u{n:03}", channel="email", purpose="marketing")
                    for n in range(6)
                ]
            )
            for _ in range(6):
                world.clock.move_to(world.clock.now() + MINUTE)
                sent(dispatcher)
        assert len({turn for (turn,) in turns}) == 5
        assert outbox(world) == [("sent", 1, 1), ("withdrawn", 0, 5)]
        assert server.accepted.total() == 1


def test_dispatchers_share_a_day_s_cap_and_what_is_beyond_goes_to_the_next_provider(database: str) -> None:
    with open_server() as new, open_server() as old, open_world(database) as world:
        waiting(world, 40)
        today = world.clock.now() // DAY
        schedule = WarmUp(today, 7, Fraction(1), 1000)
        warm = Provider("new", HOST, new.port, warm_up=schedule)
        with (
            dispatching(world, database, warm) as one,
            dispatching(world, database, warm) as two,
        ):
            assert (
                one.run_once().by_state.get(State.SENT, 0) + two.run_once().by_state.get(State.SENT, 0) == 7
            )
            assert sent(one) == sent(two) == 0
            assert outbox(world) == [("reserved", 0, 33), ("sent", 1, 7)]
            assert one.next_attempt_at() == (today + 1) * DAY
            world.clock.move_to((today + 1) * DAY)
            assert sent(one) + sent(two) == 14
        with dispatching(world, database, warm, Provider("old", HOST, old.port)) as both:
            assert sent(both) == 19
        assert (new.accepted.total(), old.accepted.total()) == (21, 19)
        assert world.rows("select granted::integer from mail_days order by day") == [(7,), (14,)]


def test_room_that_was_granted_and_not_used_is_given_back(database: str) -> None:
    with open_server() as server, open_world(database) as world:
        waiting(world, 3)
        schedule = WarmUp(world.clock.now() // DAY, 10, Fraction(1), 1000)
        with dispatching(world, database, Provider("new", HOST, server.port, warm_up=schedule)) as dispatcher:
            assert sent(dispatcher) == 3
        assert world.rows("select granted::integer from mail_days") == [(3,)]


def test_a_letter_that_is_stopped_at_the_last_moment_gives_its_room_in_the_day_back(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_server() as server, open_world(database) as world:
        waiting(world, 3)

        def stop_first(connection: Connection) -> None:
            if not world.rows("select from stops"):
                desk.stop(world.connection, world.clock, "eve", "a wrong price")
            share_sending(connection)

        monkeypatch.setattr("upsell.runtime.dispatcher.share_sending", stop_first)
        schedule = WarmUp(world.clock.now() // DAY, 10, Fraction(1), 1000)
        with dispatching(world, database, Provider("new", HOST, server.port, warm_up=schedule)) as dispatcher:
            assert sent(dispatcher) == 0
            assert world.rows("select granted::integer from mail_days") == [(0,)]
            desk.resume(world.connection, world.clock, "eve", "mended")
            assert sent(dispatcher) == 3
        assert world.rows("select granted::integer from mail_days") == [(3,)]


def test_while_a_provider_is_away_the_next_one_sends_and_no_attempt_is_counted(database: str) -> None:
    with open_server() as second, open_world(database) as world:
        waiting(world, 30)
        away = Provider("away", HOST, 1, connections=1)
        with dispatching(world, database, away) as alone:
            # Nobody takes them: they wait, and none is spent however long it takes.
            begun_at = world.clock.now()
            for _ in range(8):
                assert sent(alone) == 0
                assert outbox(world) == [("reserved", 0, 30)]
                next_at = alone.next_attempt_at()
                assert next_at is not None
                world.clock.move_to(next_at)
            # Five failures in a row, two at a time; then one each time its pause was over.
            assert world.clock.now() >= begun_at + (30 + 60 + 120 + 240) * SECOND
            (told,) = read_providers(world.connection, 0)
            assert told.known.standing.value in ("open", "half-open")
            assert "no mail server answers" in told.known.reason
        with dispatching(world, database, away, Provider("second", HOST, second.port)) as both:
            assert sent(both) == 30
        assert outbox(world) == [("sent", 1, 30)]
        assert set(second.accepted.values()) == {1}


def test_a_letter_that_one_provider_may_have_is_never_given_to_the_next(database: str) -> None:
    heard: list[str] = []

    async def converse(line: Line) -> None:
        await line.greet("PIPELINING")
        while said := await line.hear():
            line.say("354 go on" if said.startswith(b"DATA") else "250 OK")
            if said.startswith(b"DATA"):
                heard.append(key_of(await line.mail()))
                return

    with losing_server(converse) as port, open_server() as second, open_world(database) as world:
        waiting(world, 12)
        providers = (Provider("losing", HOST, port, connections=1), Provider("second", HOST, second.port))
        with dispatching(world, database, *providers) as dispatcher:
            dispatcher.run_until_idle()
            world.clock.move_to(world.clock.now() + 20 * SECOND)
            dispatcher.run_until_idle()
        states = dict(world.rows("select key, state from outbox"))
        unknown = {key for key, state in states.items() if state == "unknown"}
        assert unknown == set(heard)
        assert len(unknown) == 5
        assert not unknown & set(second.accepted)
        assert set(second.accepted) == set(states) - unknown
        assert set(second.accepted.values()) == {1}


@contextmanager
def losing_server(converse: Callable[[Line], Awaitable[None]]) -> Iterator[int]:
    """Run a raw server in a thread of its own."""
    loop = asyncio.new_event_loop()
    ports: list[int] = []
    is_open, is_over = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with open_raw(converse) as port:
            ports.append(port)
            is_open.set()
            await is_over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    is_open.wait()
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(is_over.set)
        thread.join()
        loop.close()


def test_an_address_that_takes_no_mail_is_a_bounce_at_once_and_a_refusal_for_policy_is_none(
    database: str,
) -> None:
    with open_server(lambda _: "554 5.7.1 looks like spam") as server, open_world(database) as world:
        world.apply(make_documents({"w": two_mails()}))
        for who, email in (("ada", "nobody@example.com"), ("bob", "bob@example.com")):
            world.happens("Customer Identified", who, email=email)
            world.happens("Pricing Viewed", who)
        world.worker.run_until_idle()
        with dispatching(world, database, Provider("one", HOST, server.port)) as dispatcher:
            dispatcher.run_until_idle()
        told = world.rows(
            "select customer_id, name, properties::json ->> 'status', properties::json ->> 'kind',"
            " properties::json ->> 'address_key' from events where source = 'dispatcher' order by 1, 2"
        )
        assert told == [
            ("ada", "Message Bounced", "5.1.1", "hard", address_key("email", "nobody@example.com")),
            ("ada", "Message Failed", "5.1.1", None, None),
            ("bob", "Message Failed", "5.7.1", None, None),
        ]
        world.worker.run_until_idle()
        world.clock.move_to(world.clock.now() + DAY)
        world.worker.run_until_idle()
        # The next mail of the journey: one has no address any more, the other has.
        assert world.rows("select customer_id from outbox where state = 'reserved'") == [("bob",)]


def test_dispatchers_side_by_side_keep_to_a_rate_together(database: str) -> None:
    with open_server() as server, open_world(database) as world:
        waiting(world, 40)
        limited = Provider("one", HOST, server.port, rate=Rate(10, SECOND))
        with dispatching(world, database, limited) as one, dispatching(world, database, limited) as two:
            one.run_once()
            two.run_once()
            # Each has told of itself; after the next report each keeps to half.
            world.clock.move_to(world.clock.now() + 6 * SECOND)
            before = server.accepted.total()
            begun_at = world.clock.now()
            while world.clock.now() < begun_at + 2 * SECOND:
                one.run_once()
                two.run_once()
                world.clock.move_to(world.clock.now() + SECOND // 50)
            assert 18 <= server.accepted.total() - before <= 22


class Provided:
    """A reconciler that knows what a test tells it, and remembers what it was asked."""

    def __init__(self, fates: Mapping[str, Fate]) -> None:
        self.fates = dict(fates)
        self.asked: list[Question] = []

    def ask(self, questions: Sequence[Question], now: Moment) -> Mapping[str, Fate]:
        self.asked += questions
        return {each.key: self.fates.get(each.key, Fate.CANNOT_TELL) for each in questions}


@contextmanager
def unknown_world(database: str, count: int) -> Iterator[tuple[LiveWorld, list[str], str]]:
    """A world with so many unknown mails, and one that the same provider accepted after them."""
    with open_server() as server, open_world(database) as world:
        waiting(world, count)
        provider = Provider("one", HOST, server.port)
        with dispatching(world, database, provider) as dispatcher:
            dispatcher.run_until_idle()
            world.connection.execute(
                "update outbox set state = 'unknown', reason = 'lost', provider_id = null"
            )
            keys = sorted(key for (key,) in world.rows("select key from outbox"))
            world.happens("Customer Identified", "later", email="later@example.com")
            world.clock.move_to(world.clock.now() + MINUTE)
            world.happens("Pricing Viewed", "later")
            world.worker.run_until_idle()
            dispatcher.run_until_idle()
        ((control,),) = world.rows("select key from outbox where state = 'sent'")
        yield world, keys, control


def test_an_unknown_mail_that_is_heard_of_since_was_sent(database: str) -> None:
    with unknown_world(database, 4) as (world, keys, _):
        names = ("Message Delivered", "Message Bounced", "Message Clicked")
        for key, name in zip(keys, names, strict=False):
            ((who,),) = world.rows(f"select customer_id from outbox where key = '{key}'")
            world.happens(name, who, key=key)
        done = reconcile_unknown(world.connection, world.clock, {})
        assert done.sent == {key: f"{name} came since" for key, name in zip(keys, names, strict=False)}
        assert done.again == {}
        assert done.unknown == {keys[3]: "one cannot be asked"}
        assert sorted(world.rows("select key from outbox where state = 'unknown'")) == [(keys[3],)]
        told = world.rows("select properties::json ->> 'key' from events where name = 'Message Sent'")
        assert {key for (key,) in told} >= set(keys[:3])
        assert reconcile_unknown(world.connection, world.clock, {}).sent == {}


def test_a_mail_is_reserved_again_only_if_its_provider_never_had_it_and_could_have_found_it(
    database: str,
) -> None:
    with unknown_world(database, 3) as (world, keys, control):
        had, lost, untold = keys
        one = Provided({had: Fate.ACCEPTED, lost: Fate.NOT_ACCEPTED})
        early = reconcile_unknown(world.connection, world.clock, {"one": one}, [lost])
        assert early.unknown == {lost: "one does not have it yet; ask again in an hour"}
        world.clock.move_to(world.clock.now() + HOUR)
        blind = reconcile_unknown(world.connection, world.clock, {"one": one}, [lost])
        assert blind.unknown == {lost: "one does not have it, nor was one found that it is known to have"}
        assert one.asked[-1].key == control
        assert one.asked[-1].message_id == f"{control}@acme.example"
        one.fates[control] = Fate.ACCEPTED
        done = reconcile_unknown(world.connection, world.clock, {"one": one})
        assert (dict(done.sent), dict(done.again), dict(done.unknown)) == (
            {had: "one has it"}, {lost: "one never had it"}, {untold: "one could not tell"},
        )  # fmt: skip
        states = dict(world.rows("select key, state from outbox"))
        assert states == {had: "sent", lost: "reserved", untold: "unknown", control: "sent"}
        told = world.rows(
            "select name, properties::json ->> 'reason' from events"
            f" where properties like '%{lost}%' and source = 'dispatcher' and name = 'Message Reserved'"
        )
        assert told == [("Message Reserved", "one never had it")]


def test_a_mail_reserved_again_is_asked_about_by_the_gate_like_any_other(database: str) -> None:
    with unknown_world(database, 1) as (world, (lost,), control), open_server() as server:
        world.worker.run_until_idle()
        world.clock.move_to(world.clock.now() + HOUR)
        one = Provided({lost: Fate.NOT_ACCEPTED, control: Fate.ACCEPTED})
        reconcile_unknown(world.connection, world.clock, {"one": one})
        with dispatching(world, database, Provider("one", HOST, server.port)) as dispatcher:
            dispatcher.run_until_idle()
        # Its journey went on past it, as it does past what counts as sent.
        assert world.rows(f"select state, left(reason, 4) from outbox where key = '{lost}'") == [
            ("withdrawn", "left")
        ]
        assert not server.accepted


def test_what_each_dispatcher_knows_of_a_provider_is_kept_while_it_lives(database: str) -> None:
    with open_server() as server, open_world(database) as world:
        waiting(world, 3)
        with dispatching(world, database, Provider("one", HOST, server.port)) as dispatcher:
            dispatcher.run_until_idle()
            world.clock.move_to(world.clock.now() + 5 * SECOND)
            dispatcher.run_once()
            (told,) = read_providers(world.connection, 0)
            assert (told.known.provider, told.known.standing.value) == ("one", "closed")
            assert told.known.counts[Answer.ACCEPTED] == 3
        assert read_providers(world.connection, 0) == []


def test_the_doctor_tells_of_a_provider_that_is_left_alone_and_of_no_other(database: str) -> None:
    with open_server() as server, open_world(database) as world:
        waiting(world, 10)
        away = Provider("away", HOST, 1, connections=1)
        with dispatching(world, database, away, Provider("second", HOST, server.port)) as dispatcher:
            dispatcher.run_until_idle()
            world.clock.move_to(world.clock.now() + 6 * SECOND)
            dispatcher.run_once()
            found = diagnose(examine(world.connection, world.clock.now()))
            (told,) = [each for each in found if each.code == "mail-provider-away"]
            assert told.subject == "away"
            assert told.said.startswith(
                "it failed 5 times in a row and is left alone (open), tried again at 20"
            )
            assert "no mail server answers" in told.said
        found = diagnose(examine(world.connection, world.clock.now()))
        assert not [each for each in found if each.code == "mail-provider-away"]
