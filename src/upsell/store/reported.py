"""Reported: messages about which whoever delivers says something, and what came that is no event.

The law: a message is found by its own key or by what its provider called it when it accepted it, and only
if a provider was spoken to about it.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from upsell.clock import DAY, Moment
from upsell.ids import UnitId
from upsell.store.connect import Connection
from upsell.store.outbox import State
from upsell.store.queries import query

SEEN = "nobody knew whether it was accepted, until a report about it came"
"""The reason of a message that was unknown and is sent."""


class Sent(msgspec.Struct, frozen=True):
    """A message of the outbox about which a provider was spoken to.

    Attributes:
        key: Its key.
        household_id: The household it belongs to.
        customer_id: To whom it went; the id may have gone into another since.
        enrollment: The passage it is of.
        unit_id: The unit of that.
        workflow: Key of the workflow.
        step: Id of the step.
        channel: The channel.
        intent: What it was for.
        state: Where it stands.
        address: Key of the address it went to, None where that was not kept.
        sending_at: When its provider was spoken to.
        provider_id: What the provider calls it, None where that is not known.
    """

    key: str
    household_id: UnitId
    customer_id: str
    enrollment: str
    unit_id: UnitId
    workflow: str
    step: str
    channel: str
    intent: str
    state: State
    address: str | None
    sending_at: Moment
    provider_id: str | None


class Outcome(enum.Enum):
    """What became of something that came to a webhook and is no event."""

    FORGED = "forged"
    FOREIGN = "foreign"
    PASSED_OVER = "passed_over"
    CLOSED = "closed"
    UNREAD = "unread"


class HookCount(msgspec.Struct, frozen=True):
    """How often something came to a webhook that is no event, and when last."""

    hook: str
    outcome: Outcome
    count: int
    last_at: Moment


def find_reported(
    connection: Connection, keys: Collection[str], provider_ids: Collection[str] = ()
) -> list[Sent]:
    """Find messages by their keys or by what their provider calls them."""
    if not keys and not provider_ids:
        return []
    values = {"keys": _texts(keys), "provider_ids": _texts(provider_ids)}
    found = connection.execute(query("find_reported"), values, binary=True)
    return [_sent(*row) for row in found]


def find_last_to(connection: Connection, channel: str, address: str) -> Sent | None:
    """Find the last message that went to an address by a channel; None when none did."""
    values = {"channel": channel, "address": address}
    row = connection.execute(query("find_last_to_address"), values, binary=True).fetchone()
    return next(iter(find_reported(connection, [row[0]])), None) if row is not None else None


def call_sent(connection: Connection, keys: Collection[str]) -> frozenset[str]:
    """Call sent those of some messages that were unknown; give their keys."""
    if not keys:
        return frozenset()
    rows = connection.execute(query("call_sent"), {"keys": _texts(keys), "reason": SEEN}, binary=True)
    return frozenset(row[0] for row in rows)


def take_token(connection: Connection, token: str, body_hash: bytes, now: Moment) -> bool:
    """Use up a token; tell whether it is new, or came before with the same body. A transaction is open."""
    values = {"token": token, "body_hash": body_hash, "now": now}
    if connection.execute(query("keep_hook_token"), values).rowcount:
        return True
    row = connection.execute(query("read_hook_token"), {"token": token}, binary=True).fetchone()
    return row is not None and bytes(row[0]) == body_hash


def forget_tokens(connection: Connection, before: Moment) -> None:
    """Forget tokens that came before a moment."""
    connection.execute(query("forget_hook_tokens"), {"before": before})


def note_hooks(connection: Connection, counts: Mapping[tuple[str, Outcome], int], now: Moment) -> None:
    """Count what came to webhooks and is no event."""
    if counts:
        values = {
            "hooks": [hook for hook, _ in counts],
            "outcomes": [outcome.value for _, outcome in counts],
            "counts": list(counts.values()),
            "day": now // DAY,
            "now": now,
        }
        connection.execute(query("note_hooks"), values)


def count_hooks(connection: Connection, since: Moment) -> list[HookCount]:
    """Count what came to webhooks since the day of a moment and is no event."""
    rows = connection.execute(query("count_hooks"), {"since": since // DAY}, binary=True)
    return [HookCount(hook, Outcome(outcome), *rest) for hook, outcome, *rest in rows]


def _sent(*row: Any) -> Sent:
    return msgspec.convert(dict(zip(Sent.__struct_fields__, row, strict=True)), Sent)


def _texts(said: Collection[str]) -> list[str]:
    """Give texts that a database holds: one with a NUL is the name of nothing."""
    return sorted({text for text in said if "\0" not in text and text.isprintable()})
