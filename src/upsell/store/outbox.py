"""The outbox: every message on its way out, in one named state at any time.

reserved - claimed - sending - sent | failed | unknown | withdrawn. The law: ``sending`` is
committed before the provider is spoken to, so each key reaches a provider's acceptance at most
once, and what a crash leaves in ``sending`` is ``unknown`` and never sent again.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from upsell.clock import Duration, Moment
from upsell.decisions.intents import Intent
from upsell.decisions.terms import Terms
from upsell.ids import UnitId, shard_of
from upsell.journeys.effects import Speak, Withdraw
from upsell.rules.facts import Scalar
from upsell.store.connect import Connection
from upsell.store.queries import query

CHANNEL = "upsell_outbox"
"""The name under which PostgreSQL tells of new messages."""

LOST = "the process that was sending was lost before it could say what the provider answered"
"""The reason of a message that is unknown because of a crash."""

_encode = msgspec.json.Encoder().encode
_decode_terms = msgspec.json.Decoder(Terms).decode
_decode_trigger = msgspec.json.Decoder(dict[str, Scalar]).decode


class State(enum.Enum):
    """Where a message stands."""

    RESERVED = "reserved"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"


class Queued(msgspec.Struct, frozen=True):
    """A message of the outbox: what is to be said, in which household, and how often it was tried."""

    message: Speak
    household_id: UnitId
    shard: int
    attempts: int


class Finished(msgspec.Struct, frozen=True):
    """What became of a message.

    Attributes:
        key: The message's key.
        state: Where it stands now; ``RESERVED`` is to be tried again.
        reason: Why, for people; None when it was sent.
        provider_id: What the provider calls it, None when it was not accepted.
        next_attempt_at: When it may be tried again, None unless it may.
        said: What its receipt says beside the reason.
        mailbox: Whose mailbox it went to, empty where that is not known.
    """

    key: str
    state: State
    reason: str | None = None
    provider_id: str | None = None
    next_attempt_at: Moment | None = None
    said: Mapping[str, str] = msgspec.field(default_factory=dict)
    mailbox: str = ""


def keep_messages(
    connection: Connection, messages: Sequence[tuple[UnitId, Speak]], not_before: Mapping[str, Moment]
) -> None:
    """Put messages into the outbox, each with its household; a key that is there already stays as it is.

    They may be sent at once, but for those that ``not_before`` names by key.
    """
    if not messages:
        return
    said = [message for _, message in messages]
    values = {
        "keys": [message.key for message in said],
        "shards": [shard_of(household_id) for household_id, _ in messages],
        "households": [household_id for household_id, _ in messages],
        "units": [message.unit_id for message in said],
        "customers": [message.customer_id for message in said],
        "enrollments": [message.enrollment for message in said],
        "workflows": [message.workflow for message in said],
        "versions": [message.version for message in said],
        "steps": [message.step for message in said],
        "visits": [message.visit for message in said],
        "channels": [message.channel for message in said],
        "intents": [message.intent.value for message in said],
        "contents": [message.content for message in said],
        "offers": [message.offer for message in said],
        "arms": [message.arm for message in said],
        "triggers": [_encode(message.trigger).decode() for message in said],
        "terms": [_encode(message.terms).decode() if message.terms else None for message in said],
        "reserved": [message.reserved_at for message in said],
        "nexts": [not_before.get(message.key, message.reserved_at) for message in said],
    }
    connection.execute(query("keep_messages"), values)
    connection.execute(query("notify_outbox"))


def withdraw_messages(connection: Connection, withdrawn: Sequence[Withdraw], now: Moment) -> None:
    """Take messages back with their places; those about which a provider has been spoken to stay."""
    if not withdrawn:
        return
    values = {
        "keys": [taken.key for taken in withdrawn],
        "reasons": [taken.reason for taken in withdrawn],
        "now": now,
    }
    connection.execute(query("withdraw_messages"), values)


def hand_over_messages(connection: Connection, merged: Mapping[str, tuple[str, UnitId]]) -> None:
    """Hand messages of customers who went to those they went into.

    Args:
        connection: The database.
        merged: By the id that went, the one that stays and the household that one is in.
    """
    if not merged:
        return
    values = {
        "gone": list(merged),
        "customers": [customer_id for customer_id, _ in merged.values()],
        "households": [household_id for _, household_id in merged.values()],
        "shards": [shard_of(household_id) for _, household_id in merged.values()],
    }
    connection.execute(query("hand_over_messages"), values)


def claim_messages(
    connection: Connection, claimer: str, now: Moment, lease_ends_at: Moment, limit: int
) -> list[Queued]:
    """Claim messages that may be tried now, for as long as the lease."""
    values = {"claimer": claimer, "now": now, "lease_ends_at": lease_ends_at, "limit": limit}
    return _queued(connection.execute(query("claim_messages"), values, binary=True))


def spread_messages(connection: Connection, now: Moment, late_after: Duration, longest: Duration) -> int:
    """Put off messages that are late by more than ``late_after``, by at most ``longest``; give how many."""
    values = {"now": now, "late_before": now - late_after, "longest": longest}
    return connection.execute(query("spread_messages"), values).rowcount


def start_sending(
    connection: Connection,
    claimer: str,
    keys: Iterable[str],
    now: Moment,
    lease_ends_at: Moment,
    addresses: Mapping[str, str] | None = None,
) -> frozenset[str]:
    """Say that a provider is about to be spoken to; give the keys for which that is still to be done.

    ``addresses`` has, by key of the message, the key of the address it goes to, where it goes to one.
    """
    asked = list(keys)
    values = {
        "claimer": claimer,
        "keys": asked,
        "addresses": [(addresses or {}).get(key) for key in asked],
        "now": now,
        "lease_ends_at": lease_ends_at,
    }
    return frozenset(row[0] for row in connection.execute(query("start_sending"), values, binary=True))


def finish_messages(
    connection: Connection, claimer: str, finished: Sequence[Finished], now: Moment
) -> frozenset[str]:
    """Say what became of messages; give the keys that were still the claimer's."""
    if not finished:
        return frozenset()
    values = {
        "claimer": claimer,
        "now": now,
        "keys": [told.key for told in finished],
        "states": [told.state.value for told in finished],
        "reasons": [told.reason for told in finished],
        "providers": [told.provider_id for told in finished],
        "nexts": [told.next_attempt_at for told in finished],
        "mailboxes": [told.mailbox for told in finished],
    }
    return frozenset(row[0] for row in connection.execute(query("finish_messages"), values, binary=True))


def release_claims(connection: Connection, now: Moment) -> int:
    """Give back what was claimed under a lease that has ended; give how many."""
    return connection.execute(query("release_claims"), {"now": now}).rowcount


def give_up_sending(connection: Connection, now: Moment) -> list[Queued]:
    """Call unknown what was being sent under a lease that has ended; give those messages."""
    values = {"now": now, "reason": LOST}
    return _queued(connection.execute(query("give_up_sending"), values, binary=True))


def count_messages(connection: Connection) -> dict[State, int]:
    """Count the messages in each state; a state nobody is in is absent."""
    return {State(state): count for state, count in connection.execute(query("count_messages"))}


def count_failures(connection: Connection, since: Moment) -> list[tuple[str, str, int]]:
    """Count messages that failed for good since a moment by channel and reason, the most frequent ten."""
    return connection.execute(query("count_failures"), {"since": since}, binary=True).fetchall()


def find_next_attempt(connection: Connection) -> Moment | None:
    """Give when there is next something to send or to recover, None when the outbox is at rest."""
    row = connection.execute(query("find_next_attempt"), binary=True).fetchone()
    return row[0] if row is not None else None


def _queued(rows: Iterable[tuple[Any, ...]]) -> list[Queued]:
    queued = []
    for row in rows:
        (key, enrollment, workflow, version, step, visit, unit_id, customer_id, channel, intent) = row[:10]
        (content, offer, arm, trigger, terms, reserved_at, household_id, shard, attempts) = row[10:]
        message = Speak(
            key, enrollment, workflow, version, step, visit, unit_id, customer_id, channel,
            Intent(intent), content, offer, arm, _decode_trigger(trigger), reserved_at,
            _decode_terms(terms) if terms is not None else None,
        )  # fmt: skip
        queued.append(Queued(message, household_id, shard, attempts))
    return queued
