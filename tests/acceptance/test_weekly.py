"""The weekly mail: each owner told once a week, whoever crashes and however many send."""

from __future__ import annotations

import email
import email.policy
import threading
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.live_world import LiveWorld, make_documents, open_world, two_mails
from tests.sinks import HOST, Sink, open_sink
from upsell.channels.channel import Letter, Receipt
from upsell.channels.email import EmailChannel
from upsell.clock import DAY, HOUR, MINUTE, WEEK, from_datetime, to_datetime
from upsell.config import Settings
from upsell.journeys.program import Weekly
from upsell.runtime.reporter import run_reporter
from upsell.runtime.weekly import last_time, mail_weekly
from upsell.store.outbox import State

pytestmark = pytest.mark.postgres

WEEKLY = "reports: {weekly: monday 08:00}\n"
MONDAY = from_datetime(datetime(2026, 3, 9, 8, tzinfo=ZoneInfo("Europe/Berlin")))


@pytest.fixture
def sink() -> Iterator[Sink]:
    with open_sink() as opened:
        yield opened


@pytest.fixture
def mail(sink: Sink) -> EmailChannel:
    return EmailChannel(HOST, sink.port)


def begin(world: LiveWorld, settings: str = WEEKLY) -> None:
    """Two workflows of one owner and one of another's are live, and some are let in."""
    flows = {name: two_mails(holdout="50%") for name in ("one", "two", "three")}
    flows["three"] = flows["three"].replace("owner@acme.example", "other@acme.example")
    world.apply(make_documents(flows, policy=settings))
    for number in range(20):
        world.happens("Customer Identified", f"p{number}", email=f"p{number}@example.com")
        world.happens("Pricing Viewed", f"p{number}")
    world.settle()


def owners_mailed(sink: Sink) -> list[str]:
    read = [email.message_from_bytes(one, policy=email.policy.default) for one in sink.contents]
    return sorted(str(one["To"]) for one in read if "Your week" in str(one["Subject"]))


def test_each_owner_is_told_their_workflows_once_a_week(
    database: str, sink: Sink, mail: EmailChannel
) -> None:
    with open_world(database, sink) as world:
        begin(world)
        assert mail_weekly(world.connection, mail, MONDAY - 1) == {}
        assert mail_weekly(world.connection, mail, MONDAY) == {State.SENT: 2}
        assert mail_weekly(world.connection, mail, MONDAY + DAY) == {}
        assert owners_mailed(sink) == ["other@acme.example", "owner@acme.example"]
        assert mail_weekly(world.connection, mail, MONDAY + WEEK) == {State.SENT: 2}
        assert len(owners_mailed(sink)) == 4
        told = {str(m["To"]): m for m in map(_read, sink.contents) if "Your week" in str(m["Subject"])}
        body = told["owner@acme.example"].get_body(("plain",))
        assert body is not None
        said = body.get_content()
        assert said.count("\n## ") == 2
        assert "This week: " in said
        assert "<svg" not in str(told["owner@acme.example"])


def _read(content: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def test_without_the_key_nobody_is_mailed_and_with_it_no_week_from_before(
    database: str, sink: Sink, mail: EmailChannel
) -> None:
    with open_world(database, sink) as world:
        begin(world, "")
        assert mail_weekly(world.connection, mail, MONDAY + DAY) == {}
        world.clock.move_to(MONDAY + HOUR)
        flow = two_mails(holdout="50%")
        world.apply(make_documents({"one": flow}, policy=WEEKLY))
        assert mail_weekly(world.connection, mail, MONDAY + DAY) == {}
        assert mail_weekly(world.connection, mail, MONDAY + WEEK) == {State.SENT: 1}


class Crashing:
    """Hands the letter over, and is lost before it can say so."""

    def __init__(self, channel: EmailChannel) -> None:
        self._channel = channel

    async def send(self, letters: list[Letter], within: float) -> list[Receipt]:
        await self._channel.send(letters, within)
        raise KeyboardInterrupt

    async def close(self) -> None:
        await self._channel.close()


def test_a_crash_doubles_nothing_and_what_it_left_is_unknown(
    database: str, sink: Sink, mail: EmailChannel
) -> None:
    with open_world(database, sink) as world:
        begin(world)
        with pytest.raises(KeyboardInterrupt):
            # It stands where a channel does, and has only what is called of one.
            mail_weekly(world.connection, Crashing(mail), MONDAY)  # type: ignore[arg-type]
        assert mail_weekly(world.connection, mail, MONDAY + MINUTE) == {State.SENT: 1}
        assert mail_weekly(world.connection, mail, MONDAY + 2 * HOUR) == {}
        assert owners_mailed(sink) == ["other@acme.example", "owner@acme.example"]
        assert sorted(world.rows("select state from outbox where step = 'weekly'")) == [
            ("sent",),
            ("unknown",),
        ]
        # The dispatcher, which sends to customers, has nothing to do with it.
        world.dispatcher.run_until_idle()
        assert len(owners_mailed(sink)) == 2


def test_what_no_server_takes_is_tried_again_and_what_one_refuses_is_not(database: str) -> None:
    answers = {"owner@acme.example": "451 later", "other@acme.example": "550 nobody here"}
    with open_sink(lambda to: answers.get(to, "250 OK")) as sink, open_world(database, sink) as world:
        begin(world)
        mail = EmailChannel(HOST, sink.port)
        assert mail_weekly(world.connection, mail, MONDAY) == {State.FAILED: 1, State.RESERVED: 1}
        answers["owner@acme.example"] = "250 OK"
        assert mail_weekly(world.connection, mail, MONDAY + MINUTE) == {State.SENT: 1}
        assert owners_mailed(sink) == ["owner@acme.example"]


def test_the_reporter_mails_by_itself_and_hears_a_stop(database: str, sink: Sink) -> None:
    is_over = threading.Event()
    with open_world(database, sink) as world:
        begin(world)
        world.clock.move_to(MONDAY)
        settings = Settings(smtp_port=sink.port)
        reporter = threading.Thread(
            target=run_reporter, args=(database, settings, world.clock, is_over.is_set)
        )
        reporter.start()
        try:
            while len(owners_mailed(sink)) < 2:
                assert reporter.is_alive()
                threading.Event().wait(0.05)
        finally:
            is_over.set()
            reporter.join()
        assert owners_mailed(sink) == ["other@acme.example", "owner@acme.example"]


@given(
    weekday=st.integers(0, 6),
    minute=st.integers(0, 1439),
    now=st.integers(1_700_000_000, 1_900_000_000),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]),
)
def test_the_last_time_of_a_week_is_at_most_a_week_ago_and_that_time(
    weekday: int, minute: int, now: int, zone: str
) -> None:
    at, day = last_time(Weekly(weekday, minute), zone, now * 1_000_000)
    assert 0 <= now * 1_000_000 - at <= WEEK + HOUR
    assert day.weekday() == weekday
    local = to_datetime(at).astimezone(ZoneInfo(zone))
    # An hour that a zone leaves out is the only one that is moved.
    assert (local.date(), local.hour * 60 + local.minute - minute) in {(day, 0), (day, 60)}
