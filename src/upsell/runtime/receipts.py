"""Receipts: what became of a message, as an event of the person addressed.

For the dispatcher, and for whoever withdraws a message or settles an unknown one by hand. The law: each state
a message ends in is one event of the ledger, by which caps, journeys and reports learn of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from upsell.clock import Moment, format_moment
from upsell.decisions.consents import SERVICE
from upsell.decisions.decision import Verdict
from upsell.decisions.reasons import MEANINGS
from upsell.ids import bare, is_account
from upsell.signals.events import (
    CONSENT_WITHDRAWN,
    MESSAGE_BOUNCED,
    MESSAGE_FAILED,
    MESSAGE_SENT,
    MESSAGE_UNKNOWN,
    MESSAGE_WITHHELD,
    Event,
)
from upsell.store.outbox import Finished, Queued, State

SOURCE: Final = "dispatcher"
"""The source of receipts of what a channel was handed."""

EVENTS: Final = {
    State.SENT: MESSAGE_SENT,
    State.FAILED: MESSAGE_FAILED,
    State.UNKNOWN: MESSAGE_UNKNOWN,
    State.WITHDRAWN: MESSAGE_WITHHELD,
}
"""The event of each state a message can end in."""


def receipt_events(queued: Queued, told: Finished, now: Moment) -> Iterator[Event]:
    """Write what is recorded of a message: its receipt, and that its address takes no mail or wants none."""
    if told.state in EVENTS:
        yield receipt_event(queued, told, now)
    if told.bounced:
        said = {**told.said, "kind": "hard", "address_key": told.bounced}
        yield message_event(MESSAGE_BOUNCED, queued, msgspec.structs.replace(told, said=said), now)
    if told.is_left:
        said = {**told.said, "purpose": SERVICE, "proof": f"told by who carries it: {told.reason or ''}"}
        yield message_event(CONSENT_WITHDRAWN, queued, msgspec.structs.replace(told, said=said), now)


def receipt_event(queued: Queued, told: Finished, now: Moment, source: str = SOURCE) -> Event:
    """Write the receipt of a message that has ended as an event."""
    return message_event(EVENTS[told.state], queued, told, now, source)


def message_event(name: str, queued: Queued, told: Finished, now: Moment, source: str = SOURCE) -> Event:
    """Write what became of a message as an event of the person addressed, in the household decided about."""
    message = queued.message
    properties = {
        "key": message.key,
        "enrollment": message.enrollment,
        "unit": message.unit_id,
        "workflow": message.workflow,
        "step": message.step,
        "channel": message.channel,
        "intent": message.intent.value,
    }
    if told.reason is not None:
        properties["reason"] = told.reason
    return Event(
        id=f"{name}/{message.key}",
        name=name,
        occurred_at=now,
        seen_at=now,
        customer_id=message.customer_id or None,
        account_id=bare(queued.household_id) if is_account(queued.household_id) else None,
        properties=properties | dict(told.said),
        source=source,
    )


def withheld_by(key: str, verdict: Verdict, address: str | None) -> Finished:
    """Say why a message is not sent; ``address`` is the one at which others took the places, if they did."""
    words = f"{verdict.reason.value}: {MEANINGS[verdict.reason]}"
    words += f" ({verdict.rule})" if verdict.rule else ""
    said = {"rule": verdict.rule} if verdict.rule else {}
    if verdict.retry_at is not None:
        said["retry_at"] = format_moment(verdict.retry_at)
    if address is not None:
        words += ", counting what others at this address were sent"
        said["address"] = address
    return Finished(key, State.WITHDRAWN, words, said=said)
