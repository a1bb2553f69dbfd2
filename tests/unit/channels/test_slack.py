"""A task's message at Slack: it pings nobody by what it says, and is there again when somebody deleted it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests.sinks import LOCAL
from tests.stories.world import START
from tests.vendor_desks import Slack, open_vendor
from upsell.channels.sinks.cards import TaskCard
from upsell.channels.sinks.definitions import read_sinks
from upsell.channels.sinks.sink import Outcome, Parcel, Reply
from upsell.clock import HOUR
from upsell.signals.events import Event

EVENT = Event("e1", "Task Opened", START, START, None, "acme", {"key": "t1"}, "tasks")
CARD = TaskCard(
    "t1", "sales", "Call", ("They hit the limit.",), START + HOUR, "ana", None, "", None, "acme", {}, START
)


@pytest.fixture
def slack() -> Iterator[Slack]:
    with open_vendor(Slack) as vendor:
        yield vendor


def deliver(slack: Slack, *cards: TaskCard) -> list[Reply]:
    """Deliver cards in order, each with the id that the desk gave it last."""

    async def run() -> list[Reply]:
        text = f"slack: {{url: '{slack.url}', channel: C1}}"
        desk = read_sinks({"sinks/slack.yaml": text})["slack"].open(
            {"UPSELL_SECRET_SINK_SLACK": "xoxb-1"}, LOCAL
        )
        try:
            return [await desk.deliver(Parcel("evt_1", EVENT, card=card), START) for card in cards]
        finally:
            await desk.close()

    return asyncio.run(run())


@pytest.mark.parametrize("ping", ["<!channel>", "<@U7>", "<!subteam^S1>"])
def test_no_word_of_a_task_pings_anybody(slack: Slack, ping: str) -> None:
    said = replace(CARD, title=f"Call {ping} & Co", paragraphs=(ping,), owner=ping, queue=ping)
    (reply,) = deliver(slack, replace(said, closed_at=START, outcome=ping))
    assert reply.outcome is Outcome.TAKEN
    message, told = slack.messages
    assert message["text"] == f"Call &lt;{ping[1:-1]}&gt; &amp; Co"
    (header,) = [each for each in message["blocks"] if each["type"] == "header"]
    # Of plain text nothing is read.
    assert header["text"] == {"type": "plain_text", "text": said.title}
    marked = [each for each in message["blocks"] if each["type"] != "header"]
    assert ping not in f"{message['text']} {marked} {told['text']}"


def test_a_message_that_somebody_deleted_is_posted_anew_once(slack: Slack) -> None:
    (first,) = deliver(slack, CARD)
    slack.messages.clear()
    known = replace(CARD, vendor_id=first.vendor_id, owner="ben")
    (again,) = deliver(slack, known)
    (message,) = slack.messages
    assert again.outcome is Outcome.TAKEN
    assert again.vendor_id == message["ts"] != first.vendor_id
    # As if that answer had been lost: what was posted is found, and not posted a third time.
    (found,) = deliver(slack, known)
    assert (found.outcome, found.vendor_id, len(slack.messages)) == (
        Outcome.TAKEN, message["ts"], 1,
    )  # fmt: skip


def test_a_message_that_was_deleted_says_anew_how_its_task_ended(slack: Slack) -> None:
    closed = replace(CARD, closed_at=START, outcome="won")
    (first,) = deliver(slack, closed)
    slack.messages.clear()
    (again,) = deliver(slack, replace(closed, vendor_id=first.vendor_id))
    message, told = slack.messages
    assert (again.outcome, again.vendor_id) == (Outcome.TAKEN, f"{message['ts']} closed")
    assert (told["thread_ts"], told["text"]) == (message["ts"], "Closed: won")
