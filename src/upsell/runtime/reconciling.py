"""Reconciling: what became of mails whose fate is unknown, asked of whoever may know.

First the ledger: what was delivered, opened or came back had been accepted. Then the provider it was handed
to, where that can be asked. The law: no unknown mail is sent again unless its provider, asked after a safe
delay, said that it never had it, and the same search found a mail that it is known to have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from upsell.channels.reconcilers import Fate, Question, Reconciler
from upsell.clock import HOUR, Clock, Duration, Moment
from upsell.runtime.receipts import message_event
from upsell.signals.events import MESSAGE_RESERVED, MESSAGE_SENT
from upsell.store.connect import Connection
from upsell.store.ledger import append
from upsell.store.outbox import Finished, State
from upsell.store.unknowns import (
    HandedOver,
    find_arrived,
    read_control,
    read_unknown,
    settle_unknown,
)

SAFE_DELAY: Duration = HOUR
"""How long after a mail was handed over its provider is believed that it never had it.

Mailgun's events may come up to half an hour late; source: its "Event Polling".
"""


class Reconciled(msgspec.Struct, frozen=True):
    """What came of reconciling, each with the keys it is about.

    Attributes:
        sent: Mails that were accepted, with how that is known.
        again: Mails that their provider never had, and that are reserved again.
        unknown: Mails that nobody could tell of, with why.
    """

    sent: Mapping[str, str]
    again: Mapping[str, str]
    unknown: Mapping[str, str]


def reconcile_unknown(
    connection: Connection,
    clock: Clock,
    reconcilers: Mapping[str, Reconciler],
    keys: Collection[str] | None = None,
    *,
    limit: int = 1000,
) -> Reconciled:
    """Settle what can be settled of unknown mails, and record it in the ledger.

    A mail that is reserved again is asked about by the gate as any other is: where its journey has gone on
    since, as it does past an unknown mail, it is withdrawn and its place is free.

    Args:
        connection: The database.
        clock: The present.
        reconcilers: Who can be asked, by the provider's name.
        keys: The messages to settle, None for all that are unknown.
        limit: How many are settled at most, the newest first.
    """
    unknown = read_unknown(connection, keys, limit)
    if not unknown:
        return Reconciled({}, {}, {})
    arrived = find_arrived(connection, [each.queued.message.key for each in unknown])
    open_ = [each for each in unknown if each.queued.message.key not in arrived]
    sent = {key: f"{name} came since" for key, name in arrived.items()}
    again: dict[str, str] = {}
    untold: dict[str, str] = {}
    for provider in sorted({each.provider for each in open_}):
        mine = [each for each in open_ if each.provider == provider]
        if provider not in reconcilers:
            untold |= dict.fromkeys(_keys(mine), f"{provider or 'its provider'} cannot be asked")
            continue
        for key, fate, words in _ask(connection, provider, reconcilers[provider], mine, clock.now()):
            group = {Fate.ACCEPTED: sent, Fate.NOT_ACCEPTED: again, Fate.CANNOT_TELL: untold}[fate]
            group[key] = words
    _settle(connection, clock, unknown, sent, again)
    return Reconciled(sent, again, untold)


def _ask(
    connection: Connection,
    provider: str,
    reconciler: Reconciler,
    mails: Sequence[HandedOver],
    now: Moment,
) -> Iterator[tuple[str, Fate, str]]:
    """Ask a provider about mails handed to it; give each key with its fate, in words too."""
    said = reconciler.ask([_question(each) for each in mails], now)
    for each in mails:
        key = each.queued.message.key
        match said.get(key, Fate.CANNOT_TELL):
            case Fate.ACCEPTED:
                yield key, Fate.ACCEPTED, f"{provider} has it"
            case Fate.NOT_ACCEPTED if now < each.sending_at + SAFE_DELAY:
                yield key, Fate.CANNOT_TELL, f"{provider} does not have it yet; ask again in an hour"
            case Fate.NOT_ACCEPTED if not _finds_others(connection, provider, reconciler, each, now):
                words = f"{provider} does not have it, nor was one found that it is known to have"
                yield key, Fate.CANNOT_TELL, words
            case Fate.NOT_ACCEPTED:
                yield key, Fate.NOT_ACCEPTED, f"{provider} never had it"
            case _:
                yield key, Fate.CANNOT_TELL, f"{provider} could not tell"


def _finds_others(
    connection: Connection,
    provider: str,
    reconciler: Reconciler,
    mail: HandedOver,
    now: Moment,
) -> bool:
    """Whether the same search finds a mail that the provider accepted after this one was handed to it."""
    control = read_control(connection, provider, mail.sending_at, now)
    if control is None:
        return False
    question = _question(control)
    return reconciler.ask([question], now).get(question.key) is Fate.ACCEPTED


def _question(mail: HandedOver) -> Question:
    return Question(mail.queued.message.key, mail.message_id, mail.sending_at)


def _settle(
    connection: Connection,
    clock: Clock,
    unknown: Sequence[HandedOver],
    sent: Mapping[str, str],
    again: Mapping[str, str],
) -> None:
    """Move what was learned of in the outbox, and record it in the ledger."""
    now = clock.now()
    told = {key: Finished(key, State.SENT, provider_id=words) for key, words in sent.items()} | {
        key: Finished(key, State.RESERVED, words, next_attempt_at=now) for key, words in again.items()
    }
    names = {State.SENT: MESSAGE_SENT, State.RESERVED: MESSAGE_RESERVED}
    with connection.transaction():
        settled = settle_unknown(connection, list(told.values()))
        events = [
            message_event(names[one.state], each.queued, one, now)
            for each in unknown
            if (one := told.get(each.queued.message.key)) is not None and one.key in settled
        ]
        # A message is reserved once and may be reserved again; each is an event of its own.
        events = [
            msgspec.structs.replace(event, id=f"{event.id}/{now}")
            if event.name == MESSAGE_RESERVED
            else event
            for event in events
        ]
        append(connection, events, clock)


def _keys(mails: Sequence[HandedOver]) -> list[str]:
    return [each.queued.message.key for each in mails]
