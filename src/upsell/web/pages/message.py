"""The page of one message: as the customer saw it, why it was sent, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

import msgspec

from upsell.clock import Moment, format_moment, to_datetime
from upsell.decisions.reach import EMAIL, PUSH, SMS, WEBHOOK
from upsell.ids import bare, customer_unit
from upsell.journeys.effects import is_of_order
from upsell.runtime.desk import Shown
from upsell.runtime.desk_words import decision_words, headers_of, seen_words, show_content, terms_words
from upsell.runtime.overview import State, Tone
from upsell.runtime.results import date_words
from upsell.store.message_pages import MOST_HEARD, MOST_LOOKED, Group, Heard, group_of
from upsell.store.messages import Listed
from upsell.store.outbox import State as Standing
from upsell.web.pages.known import path_of

PATH: Final = "/outbox"
"""Under which each message has its page, by its key."""

_WORDS: Final = {
    Standing.RESERVED: State("waiting", Tone.CALM),
    Standing.CLAIMED: State("about to be sent", Tone.CALM),
    Standing.SENDING: State("being handed over", Tone.CALM),
    Standing.SENT: State("sent", Tone.GOOD),
    Standing.FAILED: State("failed", Tone.BAD),
    Standing.UNKNOWN: State("unknown", Tone.WARN),
    Standing.WITHDRAWN: State("withdrawn", Tone.CALM),
}

_CAME_BACK: Final = {"key", "enrollment", "unit", "workflow", "step", "channel", "intent", "address_key"}
"""What a receipt repeats of its message."""

_read = msgspec.json.Decoder(dict[str, Any]).decode


class Receipt(msgspec.Struct, frozen=True):
    """One thing that was heard of a message, in words."""

    when: str
    what: str
    said: str
    source: str


class Decided(msgspec.Struct, frozen=True):
    """One decision about the passage, in words."""

    when: str
    words: str


class MessageValue(msgspec.Struct, frozen=True):
    """What the page of a message says.

    Attributes:
        path: Where this page is.
        key: The message's key.
        question: What it answers.
        answer: Where the message stands, in a sentence.
        about: As of when, and over what.
        state: Where it stands.
        reason: Why it stands there; empty where nothing is to be said.
        kind: How it is drawn: its channel.
        is_html: Whether it has a letter to show in a frame.
        headers: What stands above it, by name.
        text: Its text.
        heading: What is said of the letter: as it was handed over, or would be; or why there is none.
        untold: Why it would not be sent now, or why it is not shown; empty where neither is so.
        whom: Whom it is about, and where their page is.
        whom_path: Where that is.
        workflow: Its workflow's name; empty for a message about an order.
        workflow_path: Where that is.
        order: The order it tells of; empty for none.
        facts: Why it was sent, as term and words.
        offer: What the offer came to; empty for none.
        offer_path: Where the offer is.
        decided: What was decided about the passage, the first first.
        receipts: What was heard of it since, the first first.
        may_be_withdrawn: Whether nobody was spoken to about it.
        is_unknown: Whether nobody knows what became of it.
    """

    path: str
    key: str
    question: str
    answer: str
    about: str
    state: State
    reason: str
    kind: str
    is_html: bool
    headers: tuple[tuple[str, str], ...]
    text: str
    heading: str
    untold: str
    whom: str
    whom_path: str
    workflow: str
    workflow_path: str
    order: str
    facts: tuple[tuple[str, str], ...]
    offer: str
    offer_path: str
    decided: tuple[Decided, ...]
    receipts: tuple[Receipt, ...]
    may_be_withdrawn: bool
    is_unknown: bool


def state_of(standing: Standing) -> State:
    """Say where a message stands."""
    return _WORDS[standing]


def message_path(key: str) -> str:
    """Give where the page of a message is."""
    return f"{PATH}/{quote(key, safe='')}"


def message_page(shown: Shown, heard: Sequence[Heard], now: Moment) -> MessageValue:
    """Give what the page of a message says."""
    listed, message, letter = shown.listed, shown.queued.message, shown.letter
    group = group_of(listed.state)
    is_order = is_of_order(message)
    whom_unit = customer_unit(listed.customer_id) if listed.customer_id else message.unit_id
    return MessageValue(
        path=message_path(listed.key),
        key=listed.key,
        question=_question(shown, bare(whom_unit)),
        answer=_answer(listed),
        about=f"Reserved on {date_words(listed.reserved_at)}. As of {date_words(now)}.",
        state=state_of(listed.state),
        reason=listed.reason or "",
        kind=listed.channel,
        is_html=letter is not None and bool(letter.html) and listed.channel == EMAIL,
        headers=tuple(headers_of(shown).items()),
        text=_text(shown),
        heading=_heading(shown),
        untold=_sentence(shown.untold) if shown.untold else "",
        whom=bare(whom_unit),
        whom_path=path_of(whom_unit),
        workflow="" if is_order else shown.workflow_name or message.workflow,
        workflow_path=f"/workflows/{quote(message.workflow, safe='')}",
        order=str(message.trigger.get("key", "")) if is_order else "",
        facts=() if is_order else _facts(shown),
        offer=terms_words(message.terms).partition(": ")[2] if message.terms is not None else "",
        offer_path=f"/offers/{quote(message.terms.offer, safe='')}" if message.terms is not None else "",
        decided=tuple(
            Decided(minute_words(each.decided_at), _sentence(decision_words(each)))
            for each in shown.decisions
        ),
        receipts=tuple(_receipt(each) for each in heard),
        may_be_withdrawn=listed.state in (Standing.RESERVED, Standing.CLAIMED),
        is_unknown=group is Group.UNKNOWN,
    )


def message_content(shown: Shown, heard: Sequence[Heard]) -> dict[str, object]:
    """Give the same as plain data: what ``upsell outbox show --json`` gives, and what was heard since."""
    return {
        **show_content(shown),
        "path": message_path(shown.listed.key),
        "heard": [
            {
                "at": format_moment(each.occurred_at),
                "event": each.name,
                "source": each.source,
                "properties": msgspec.Raw(each.properties.encode()),
            }
            for each in heard
        ],
    }


def minute_words(at: Moment) -> str:
    """Write the minute of a moment in UTC, as tables have it."""
    return f"{to_datetime(at):%Y-%m-%d %H:%M}"


def heard_note() -> str:
    """Say how far what was heard of a message is looked for."""
    return f"Up to {MOST_HEARD} things, among the first {MOST_LOOKED:,} that happened in the household since."


def _question(shown: Shown, whom: str) -> str:
    if shown.listed.channel == WEBHOOK:
        return f"What was the server told about {whom}?"
    match group_of(shown.listed.state):
        case Group.SENT | Group.UNKNOWN | Group.SENDING:
            return f"What did {whom} get?"
        case Group.WAITING:
            return f"What is {whom} to get?"
        case Group.WITHDRAWN | Group.FAILED:
            return f"What did {whom} not get?"


def _answer(listed: Listed) -> str:
    over = {EMAIL: "by email", SMS: "by text message", PUSH: "as a notification"}.get(
        listed.channel, f"over {listed.channel}"
    )
    at = date_words(listed.finished_at or listed.sending_at or listed.reserved_at)
    tries = f", at attempt {listed.attempts}" if listed.attempts > 1 else ""
    match listed.state:
        case Standing.RESERVED:
            return f"It waits to be sent {over}, from {date_words(listed.next_attempt_at)} on{tries}."
        case Standing.CLAIMED:
            return f"It is about to be sent {over}."
        case Standing.SENDING:
            return f"It is being handed over {over} since {at}{tries}."
        case Standing.SENT:
            return f"It was sent {over} on {at}{tries}."
        case Standing.FAILED:
            return f"It could not be sent {over}, and is not tried again since {at}."
        case Standing.UNKNOWN:
            return f"Nobody knows whether it went out {over}: it counts as sent."
        case Standing.WITHDRAWN:
            return f"It was not sent, and will not be: it was withheld on {at}."


def _heading(shown: Shown) -> str:
    if shown.letter is None:
        return "There is nothing to show"
    if shown.is_as_sent:
        return "As it was handed over"
    return "As it would read now; it would not be sent now" if shown.untold else "As it would be sent now"


def _text(shown: Shown) -> str:
    """Give the text; what a server is told in lines of its own."""
    if shown.letter is None:
        return ""
    if shown.listed.channel != WEBHOOK:
        return shown.letter.text.strip()
    try:
        return msgspec.json.format(shown.letter.text.encode(), indent=2).decode()
    except msgspec.DecodeError:
        return shown.letter.text


def _facts(shown: Shown) -> tuple[tuple[str, str], ...]:
    message = shown.queued.message
    found = (
        ("Step", f"{message.step}, visit {message.visit}"),
        ("Template", message.content),
        ("Trigger", shown.trigger),
        ("It saw", seen_words(shown)),
        ("Eligible by", "; ".join(shown.eligible)),
        ("Silent if, and was not", "; ".join(shown.suppress)),
        ("Arm", message.arm or ""),
        ("Version of the workflow", message.version[:12]),
        ("Passage", message.enrollment),
        ("The provider answered", shown.listed.provider_id or ""),
    )
    return tuple((term, words) for term, words in found if words)


def _receipt(each: Heard) -> Receipt:
    said = _read(each.properties)
    words = ", ".join(f"{name}: {value}" for name, value in said.items() if name not in _CAME_BACK)
    return Receipt(minute_words(each.occurred_at), each.name, words, each.source)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith('.') else '.'}"
