"""Texts go the way of mail: written down, asked again, handed over once, and recorded."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import HOST, open_gateway, open_sink
from tests.stories.world import workflow
from upsell.channels.channel import Answer, Channel, Letter, Receipt
from upsell.channels.email import EmailChannel
from upsell.runtime.diagnosis import diagnose
from upsell.runtime.dispatcher import FIRST_PAUSE, Dispatcher
from upsell.runtime.doctor import examine
from upsell.store.connect import connect
from upsell.store.outbox import State

pytestmark = pytest.mark.postgres

JOURNEY = "[{message: {channels: [sms, email], content: t1, intent: help}}]"


def begin(world: LiveWorld, text: str = "{{ workflow.name }} for {{ customer.name }}") -> None:
    asks = workflow(trigger="{on: Asked, again_after: 1 hour}", journey=JOURNEY)
    world.apply({**make_documents({"w": asks}), "templates/t1.sms.txt": text})
    ada = {"email": "ada@example.com", "phone": "+4915112345678", "name": "Ada & Co"}
    world.happens("Customer Identified", "ada", **ada)


def receipts(world: LiveWorld) -> list[tuple[str, str]]:
    rows = world.rows("select name, properties from events where source = 'dispatcher' order by position")
    return [(name, json.loads(properties)["channel"]) for name, properties in rows]


def test_a_text_is_rendered_handed_over_once_and_recorded(database: str) -> None:
    with open_sink() as sink, open_gateway() as gateway, open_world(database, sink, gateway) as world:
        begin(world)
        world.happens("Asked", "ada")
        world.settle()
        ((_, body),) = gateway.requests
        said = json.loads(body)
        assert (said["to"], said["text"]) == ("+4915112345678", "A workflow for Ada & Co")
        assert receipts(world) == [("Message Sent", "sms")]
        assert sink.contents == []


def test_a_text_with_a_hole_is_not_sent(database: str) -> None:
    with open_gateway() as gateway, open_world(database, None, gateway) as world:
        begin(world, "Hello {{ account.name }}")
        world.happens("Asked", "ada")
        world.settle()
        assert gateway.requests == []
        assert receipts(world) == [("Message Failed", "sms")]


def test_without_a_gateway_the_reason_says_what_to_set(database: str) -> None:
    with open_world(database) as world:
        begin(world)
        world.happens("Asked", "ada")
        world.settle()
        ((reason,),) = world.rows("select reason from outbox")
        assert reason == "no sms is set up: set UPSELL_SMS_URL or UPSELL_TWILIO_ACCOUNT_SID"
        found = diagnose(examine(world.connection, world.clock.now()))
        (failed,) = (each for each in found if each.code == "messages-failed")
        assert (failed.subject, failed.said) == ("sms", f"1 messages failed for good in 14 days: {reason}")


def test_a_text_that_a_slow_gateway_left_no_time_for_is_no_attempt_and_comes_again_later(
    database: str,
) -> None:
    with open_sink() as sink, open_world(database, sink) as world:
        begin(world)
        world.happens("Asked", "ada")
        world.worker.run_until_idle()
        with connect(database) as connection:
            channels: dict[str, Channel] = {"email": EmailChannel(HOST, sink.port), "sms": Late()}
            dispatcher = Dispatcher(connection, world.clock, channels, send_attempts=1)
            try:
                assert dispatcher.run_once().by_state == {State.UNKNOWN: 0, State.RESERVED: 1}
                # Not at once, though the mail server is free: it was the gateway that was slow.
                assert dispatcher.next_attempt_at() == world.clock.now() + FIRST_PAUSE
            finally:
                dispatcher.close()
        assert world.rows("select state, attempts from outbox") == [("reserved", 0)]


class Late:
    """A channel that begins nothing in time."""

    async def send(self, letters: Sequence[Letter], within: float) -> list[Receipt]:
        return [Receipt(each.key, Answer.NOT_NOW, "too slow", is_begun=False) for each in letters]

    async def close(self) -> None:
        pass
