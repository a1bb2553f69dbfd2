"""Texts go the way of mail: written down, asked again, handed over once, and recorded."""

from __future__ import annotations

import json

import pytest

from tests.live_world import LiveWorld, make_documents, open_world
from tests.sinks import open_gateway, open_sink
from tests.stories.world import workflow
from upsell.runtime.diagnosis import diagnose
from upsell.runtime.doctor import examine

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
        assert reason == "no sms is set up: set UPSELL_SMS_URL"
        found = diagnose(examine(world.connection, world.clock.now()))
        (failed,) = (each for each in found if each.code == "messages-failed")
        assert (failed.subject, failed.said) == ("sms", f"1 messages failed for good in 14 days: {reason}")
