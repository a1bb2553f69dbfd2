"""The page of a message: every channel in its own form, and what was not said is said to be so."""

from __future__ import annotations

import msgspec
import pytest

from tests.pages_world import written
from upsell.channels.channel import Letter
from upsell.channels.devices import Notification
from upsell.decisions.intents import Intent
from upsell.decisions.terms import Terms
from upsell.journeys.effects import Speak
from upsell.runtime.desk import Shown
from upsell.runtime.desk_words import without_costs
from upsell.store.message_pages import Heard
from upsell.store.messages import Listed
from upsell.store.outbox import Queued, State
from upsell.testing.stories import START
from upsell.web.pages.message import message_page
from upsell.web.pages.outbox import Choice, Choices, OutboxPage

TERMS = Terms(offer="pro", thing="pro", name="Pro", currency="USD", price=4_900, full=4_900, cost=1_200)


def shown(channel: str, letter: Letter | None, state: State = State.SENT, reason: str | None = None) -> Shown:
    """Give a message over a channel, as it was handed over."""
    message = Speak(
        "k1", "e1", "help", "v1", "0", 1, "a:acme", "ada", channel, Intent.HELP, "t1", None, None,
        {"event": "Pricing Viewed"}, START, TERMS,
    )  # fmt: skip
    finished = None if state in (State.RESERVED, State.CLAIMED) else START
    listed = Listed(
        "k1",
        state,
        channel,
        "help",
        "0",
        "ada",
        "help",
        "t1",
        START,
        START,
        finished,
        finished,
        1,
        None,
        reason,
    )
    queued = Queued(message, "a:acme", 1, 1, 1)
    untold = "" if letter is not None else "it was never handed over"
    return Shown(
        listed, queued, letter, None, letter is not None, untold, "Help", "on Pricing Viewed", (), (), ()
    )


def letter(text: str, **said: object) -> Letter:
    whole = Letter("k1", "Acme", "hello@acme.example", "+4930123", "", "", text, START)
    return msgspec.structs.replace(whole, **said)


def test_a_text_stands_in_a_bubble_as_it_was_sent() -> None:
    page = written("message.html", message_page(shown("sms", letter("Hi <b>Ada</b>\nbye")), (), START))
    assert '<p class="bubble">Hi &lt;b&gt;Ada&lt;/b&gt;\nbye</p>' in page
    assert "iframe" not in page
    assert "It was sent by text message on 2 March 2026" in page


def test_a_notification_stands_with_its_title_and_where_it_opens() -> None:
    pushed = letter(
        "More calls", subject="Your quota", notification=Notification(link="https://acme.example/q")
    )
    page = written("message.html", message_page(shown("push", pushed), (), START))
    assert "<strong>Your quota</strong>" in page
    assert "<dd>https://acme.example/q</dd>" in page


def test_what_a_server_was_told_stands_as_json() -> None:
    page = written("message.html", message_page(shown("webhook", letter('{"a":{"b":1}}')), (), START))
    assert "What was the server told about ada?" in page
    assert "&#34;b&#34;: 1" in page


@pytest.mark.parametrize(
    ("state", "question", "answer"),
    [
        (State.RESERVED, "What is ada to get?", "It waits to be sent over sms"),
        (State.UNKNOWN, "What did ada get?", "it counts as sent"),
        (State.WITHDRAWN, "What did ada not get?", "It was not sent, and will not be"),
        (State.FAILED, "What did ada not get?", "and is not tried again"),
    ],
)
def test_each_state_is_said_in_a_sentence(state: State, question: str, answer: str) -> None:
    value = message_page(shown("sms", None, state, "because"), (), START)
    assert value.question == question
    assert answer.replace("over sms", "by text message") in value.answer
    page = written("message.html", value)
    assert "It was never handed over." in page
    assert "because" in page


def test_only_what_was_not_handed_over_is_offered_to_be_withdrawn() -> None:
    able = {state for state in State if message_page(shown("sms", None, state), (), START).may_be_withdrawn}
    assert able == {State.RESERVED, State.CLAIMED}


def test_what_was_heard_stands_without_what_the_message_says_of_itself() -> None:
    heard = Heard(START, "Message Bounced", "hooks", '{"key": "k1", "workflow": "help", "kind": "hard"}')
    (receipt,) = message_page(shown("sms", letter("Hi")), (heard,), START).receipts
    assert (receipt.what, receipt.said, receipt.source) == ("Message Bounced", "kind: hard", "hooks")


def test_without_margins_no_cost_is_left_in_what_is_told() -> None:
    told = without_costs(shown("sms", letter("Hi"))).queued.message.terms
    assert told is not None
    assert (told.cost, told.price) == (None, 4_900)


def test_of_many_choices_the_one_that_holds_is_seen_first() -> None:
    ways = tuple(Choice(f"w{number}", "/outbox", number == 7) for number in range(20))
    page = OutboxPage("", "", (), (Choices("Workflow", ways),), (), "", "", is_chosen=True)
    assert "<summary>w7</summary>" in written("outbox.html", page)
    few = msgspec.structs.replace(page, choices=(Choices("Workflow", ways[:9]),))
    assert "<summary>" not in written("outbox.html", few)
