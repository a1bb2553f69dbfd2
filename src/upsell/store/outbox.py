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
from upsell.decisions.reach import CHANNELS, WEBHOOK
from upsell.decisions.stops import Stop
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

_CHANNELS = (*CHANNELS, WEBHOOK)
_NO_LIMITS: Mapping[str, int] = {}

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
    """A message of the outbox: what is to be said, in which household, how often tried, and its number."""

    message: Speak
    household_id: UnitId
    shard: int
    attempts: int
    number: int


class HandedTo(msgspec.Struct, frozen=True):
    """Whom a mail is handed to, and the Message-ID it goes under."""

    provider: str = ""
    message_id: str = ""


_NO_ONE = HandedTo()
_NOBODY: Mapping[str, HandedTo] = {}


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
        is_attempt: Whether a provider was spoken to about it; False gives back the attempt that was counted.
        bounced: Key of the address that takes no mail, where that is why it failed; else empty.
        is_left: Whether it failed because whoever is there told the provider that they want no more.
    """

    key: str
    state: State
    reason: str | None = None
    provider_id: str | None = None
    next_attempt_at: Moment | None = None
    said: Mapping[str, Scalar] = msgspec.field(default_factory=dict)
    mailbox: str = ""
    is_attempt: bool = True
    bounced: str = ""
    is_left: bool = False


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
    connection: Connection,
    claimer: str,
    now: Moment,
    lease_ends_at: Moment,
    limit: int,
    fewer: Mapping[str, int] = _NO_LIMITS,
    stops: Sequence[Stop] = (),
) -> list[Queued]:
    """Claim messages that may be tried now, for as long as the lease; what ``stops`` are about is left.

    Without a stopped workflow the first in line are found by the index; past what is stopped has to be read.

    Args:
        connection: The database.
        claimer: Who claims.
        now: The present.
        lease_ends_at: When what is claimed may be taken again.
        limit: How many are claimed on each channel at most.
        fewer: Channels on which fewer may go now, with how many.
        stops: What is stopped now.
    """
    channels = _unstopped(stops)
    workflows = [stop.workflow for stop in stops if stop.workflow]
    values = {
        "claimer": claimer,
        "now": now,
        "lease_ends_at": lease_ends_at,
        "channels": channels,
        "limits": [min(limit, fewer.get(channel, limit)) for channel in channels],
    }
    if not workflows:
        return as_queued(connection.execute(query("claim_messages"), values, binary=True))
    values["workflows"] = workflows
    return as_queued(connection.execute(query("claim_unstopped"), values, binary=True))


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
    handed_to: Mapping[str, HandedTo] = _NOBODY,
    addresses: Mapping[str, str] | None = None,
) -> frozenset[str]:
    """Say that a provider is about to be spoken to; give the keys for which that is still to be done.

    ``handed_to`` says by key whom a mail is handed to, ``addresses`` the key of the address it goes to.
    What somebody stopped since it was claimed is given back. A transaction is open that began with
    ``share_sending``, so that what is thrown later finds these messages being sent.
    """
    keys = list(keys)
    handed = [handed_to.get(key, _NO_ONE) for key in keys]
    values = {
        "claimer": claimer,
        "keys": keys,
        "providers": [each.provider for each in handed],
        "message_ids": [each.message_id for each in handed],
        "addresses": [(addresses or {}).get(key) for key in keys],
        "now": now,
        "lease_ends_at": lease_ends_at,
    }
    rows = connection.execute(query("start_sending"), values, binary=True)
    return frozenset(key for key, is_stopped in rows if not is_stopped)


def renew_claims(connection: Connection, claimer: str, keys: Sequence[str], lease_ends_at: Moment) -> int:
    """Keep what was claimed and is still to be begun until ``lease_ends_at``; give how many still are."""
    values = {"claimer": claimer, "keys": list(keys), "lease_ends_at": lease_ends_at}
    return connection.execute(query("renew_claims"), values).rowcount


def give_back_claims(connection: Connection, claimer: str, keys: Sequence[str]) -> None:
    """Give back what was claimed and will not be begun."""
    connection.execute(query("give_back_claims"), {"claimer": claimer, "keys": list(keys)})


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
        "attempted": [told.is_attempt for told in finished],
    }
    return frozenset(row[0] for row in connection.execute(query("finish_messages"), values, binary=True))


def release_claims(connection: Connection, now: Moment) -> int:
    """Give back what was claimed under a lease that has ended; give how many."""
    return connection.execute(query("release_claims"), {"now": now}).rowcount


def give_up_sending(connection: Connection, now: Moment) -> list[Queued]:
    """Call unknown what was being sent under a lease that has ended; give those messages."""
    values = {"now": now, "reason": LOST}
    return as_queued(connection.execute(query("give_up_sending"), values, binary=True))


def count_messages(connection: Connection) -> dict[State, int]:
    """Count the messages in each state; a state nobody is in is absent."""
    return {State(state): count for state, count in connection.execute(query("count_messages"))}


def count_failures(connection: Connection, since: Moment) -> list[tuple[str, str, int]]:
    """Count messages that failed for good since a moment by channel and reason, the most frequent ten."""
    return connection.execute(query("count_failures"), {"since": since}, binary=True).fetchall()


def find_next_attempt(
    connection: Connection, resting: Mapping[str, Moment] = _NO_LIMITS, stops: Sequence[Stop] = ()
) -> Moment | None:
    """Give when there is next something to send or to recover, None when the outbox is at rest.

    ``resting`` names channels on which nothing goes before a moment; what ``stops`` are about is not waited
    for.
    """
    channels = _unstopped(stops)
    workflows = [stop.workflow for stop in stops if stop.workflow]
    values: dict[str, object] = {
        "channels": channels,
        "untils": [resting.get(channel, 0) for channel in channels],
    }
    name = "find_next_attempt"
    if workflows:
        name, values["workflows"] = "find_next_unstopped", workflows
    row = connection.execute(query(name), values, binary=True).fetchone()
    return row[0] if row is not None else None


def _unstopped(stops: Sequence[Stop]) -> list[str]:
    """Give the channels on which something may go."""
    if any(stop.is_of_all for stop in stops):
        return []
    stopped = {stop.channel for stop in stops}
    return [channel for channel in _CHANNELS if channel not in stopped]


def as_queued(rows: Iterable[tuple[Any, ...]]) -> list[Queued]:
    """Read messages out of rows as every query gives them that takes messages up."""
    queued = []
    for row in rows:
        (key, enrollment, workflow, version, step, visit, unit_id, customer_id, channel, intent) = row[:10]
        (content, offer, arm, trigger, terms, reserved_at, household_id, shard, attempts, number) = row[10:]
        message = Speak(
            key, enrollment, workflow, version, step, visit, unit_id, customer_id, channel,
            Intent(intent), content, offer, arm, _decode_trigger(trigger), reserved_at,
            _decode_terms(terms) if terms is not None else None,
        )  # fmt: skip
        queued.append(Queued(message, household_id, shard, attempts, number))
    return queued
