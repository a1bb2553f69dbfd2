"""The dispatcher: claims messages, asks the gate again, sends, and records what became of each.

The law: a message is sent only after everything the ledger knows was asked once more, and each key
reaches a provider's acceptance at most once. What a crash leaves half said is unknown, is recorded
as that, and is never said again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never
from uuid import uuid4

import msgspec
import uvloop
from msgspec.structs import replace

from upsell.channels.channel import Answer, Channel, Letter, Receipt
from upsell.channels.link_facts import LinkMint
from upsell.channels.render import write_letter
from upsell.channels.webhook import write_webhook
from upsell.clock import SECOND, Clock, Duration, Moment, format_moment
from upsell.config import Settings, link_base
from upsell.decisions.decision import Verdict
from upsell.decisions.guardrails import mailbox_of
from upsell.decisions.reach import WEBHOOK
from upsell.decisions.reasons import MEANINGS
from upsell.errors import DeliveryError
from upsell.ids import bare, is_account
from upsell.journeys.gate import ask_gate
from upsell.runtime.backlog import LATE_AFTER, LONGEST_SPREAD
from upsell.runtime.programs import Programs
from upsell.runtime.snapshot import Snapshot, take_snapshot
from upsell.signals.events import (
    MESSAGE_FAILED,
    MESSAGE_SENT,
    MESSAGE_UNKNOWN,
    MESSAGE_WITHHELD,
    Event,
)
from upsell.store.connect import Connection
from upsell.store.ledger import append
from upsell.store.link_secrets import read_link_secrets
from upsell.store.outbox import (
    LOST,
    Finished,
    Queued,
    State,
    claim_messages,
    find_next_attempt,
    finish_messages,
    give_up_sending,
    release_claims,
    spread_messages,
    start_sending,
)
from upsell.store.places import free_places, move_places, settle_places

FIRST_PAUSE: Duration = 30 * SECOND
"""How long after a first failure a message is tried again; each further pause is twice as long."""

_EVENTS = {
    State.SENT: MESSAGE_SENT,
    State.FAILED: MESSAGE_FAILED,
    State.UNKNOWN: MESSAGE_UNKNOWN,
    State.WITHDRAWN: MESSAGE_WITHHELD,
}


_FREED = frozenset({State.FAILED, State.WITHDRAWN})
"""States in which a message has given its place back."""

_SAID = frozenset({State.SENT, State.UNKNOWN})
"""States in which a message keeps its place, from when it was said."""


class Dispatched(msgspec.Struct, frozen=True):
    """What one step of the dispatcher came to: how many messages, by where they stand now.

    Attributes:
        by_state: How many went to each state; ``RESERVED`` are to be tried again.
        is_behind: Whether there may be more to do at once.
    """

    by_state: Mapping[State, int]
    is_behind: bool


class Dispatcher:
    """Sends what the outbox holds.

    Attributes:
        connection: What it works over; nobody else uses it.
    """

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        channels: Mapping[str, Channel],
        *,
        links_from: str | None = None,
        batch_size: int = 200,
        lease_seconds: int = 60,
        send_attempts: int = 5,
    ) -> None:
        """Send over these channels, by the name messages call them; nothing is claimed yet.

        ``links_from`` is how the links in messages begin; None for where a server listens that nobody set.
        """
        self.connection = connection
        self._clock = clock
        self._channels = channels
        self._batch_size = batch_size
        self._lease = lease_seconds * SECOND
        self._send_attempts = send_attempts
        self._links_from = links_from if links_from is not None else link_base(Settings())
        self._mint: LinkMint | None = None
        self._programs = Programs()
        self._claimer = uuid4().hex
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)

    def spread_late(self) -> int:
        """Put off what nobody sent for over an hour, so that it does not go out at once; give how many.

        For a dispatcher that begins. What it waited for is then sent over as long as it is late, at most an
        hour; while one works, what is behind is sent as fast as it can be.
        """
        now = self._clock.now()
        release_claims(self.connection, now)
        return spread_messages(self.connection, now, LATE_AFTER, LONGEST_SPREAD)

    def run_once(self) -> Dispatched:
        """Recover what lost dispatchers left, then claim and send one batch; does not wait for work."""
        now = self._clock.now()
        tally = {State.UNKNOWN: self._recover(now)}
        claimed = claim_messages(self.connection, self._claimer, now, now + self._lease, self._batch_size)
        if claimed:
            letters, withheld = self._prepare(claimed, now)
            _note(tally, withheld)
            started = self._start(claimed, letters, withheld)
            _note(tally, self._speak(claimed, started))
        return Dispatched(tally, is_behind=len(claimed) == self._batch_size)

    def run_until_idle(self) -> Dispatched:
        """Send everything that may be sent now."""
        total: dict[State, int] = {}
        while True:
            step = self.run_once()
            for state, count in step.by_state.items():
                total[state] = total.get(state, 0) + count
            if not step.is_behind:
                return Dispatched(total, is_behind=False)

    def next_attempt_at(self) -> Moment | None:
        """Give when there is next something to send or recover, None when the outbox is at rest."""
        return find_next_attempt(self.connection)

    def close(self) -> None:
        """Let go of the channels' connections."""
        for channel in self._channels.values():
            self._runner.run(channel.close())
        self._runner.close()

    def _recover(self, now: Moment) -> int:
        """Take up what lost dispatchers left; give how many messages are unknown because of it."""
        release_claims(self.connection, now)
        with self.connection.transaction():
            lost = give_up_sending(self.connection, now)
            told = [(queued, Finished(queued.message.key, State.UNKNOWN, LOST)) for queued in lost]
            settle_places(self.connection, [queued.message.key for queued in lost], now)
            self._record(told, now)
        return len(lost)

    def _prepare(self, claimed: Sequence[Queued], now: Moment) -> tuple[dict[str, Letter], list[Finished]]:
        """Write each message and ask the gate; give letters by key, and the messages that are none."""
        self._programs.refresh(self.connection)
        if self._mint is None:
            self._mint = LinkMint(self._links_from, read_link_secrets(self.connection, now)[0])
        snapshot = take_snapshot(self.connection, self._programs, claimed, now)
        while moved := snapshot.lines.moved():
            # Who has another address since stands last in line there, and is asked about as such.
            move_places(self.connection, moved)
            snapshot = take_snapshot(self.connection, self._programs, claimed, now)
        letters: dict[str, Letter] = {}
        withheld: list[Finished] = []
        for queued in sorted(claimed, key=lambda queued: snapshot.lines.number(queued.message.key)):
            key = queued.message.key
            refusal = self._ask(snapshot, queued, now)
            if isinstance(refusal, Letter):
                letters[key] = refusal
            else:
                withheld.append(refusal)
                snapshot.lines.give_back(key)
        return letters, withheld

    def _ask(self, snapshot: Snapshot, queued: Queued, now: Moment) -> Letter | Finished:
        message = snapshot.message(queued)
        if message.channel not in self._channels:
            return Finished(message.key, State.FAILED, _not_set_up(message.channel))
        program, household = snapshot.program, snapshot.household(queued)
        others = snapshot.lines.ahead(message.key)
        verdict = ask_gate(program, household, message, now, others)
        if verdict is not None:
            # What others were sent at the address is known here alone, so the receipt has to tell of it.
            is_full = bool(others) and ask_gate(program, household, message, now) is None
            address = snapshot.lines.addresses[message.key] if is_full else None
            return _withhold(message.key, verdict, address)
        try:
            if message.channel == WEBHOOK:
                return write_webhook(program, household, message, now)
            return write_letter(program, household, message, now, self._mint)
        except DeliveryError as error:
            return Finished(message.key, State.FAILED, str(error))

    def _start(
        self, claimed: Sequence[Queued], letters: Mapping[str, Letter], withheld: Sequence[Finished]
    ) -> list[Letter]:
        """Record what is withheld and that the rest is being sent; give what is still to be sent."""
        now = self._clock.now()
        with self.connection.transaction():
            self._finish(claimed, withheld, now)
            started = start_sending(self.connection, self._claimer, letters, now, now + self._lease)
        return [letter for key, letter in letters.items() if key in started]

    def _speak(self, claimed: Sequence[Queued], letters: Sequence[Letter]) -> list[Finished]:
        """Hand letters to their channels and record what became of them."""
        if not letters:
            return []
        by_key = {queued.message.key: queued for queued in claimed}
        receipts: list[Receipt] = []
        for name, channel in self._channels.items():
            mine = [letter for letter in letters if by_key[letter.key].message.channel == name]
            if mine:
                # Half the lease: a letter begun at the last moment still ends within it.
                receipts += self._runner.run(channel.send(mine, self._lease / SECOND / 2))
        now = self._clock.now()
        mailboxes = {letter.key: mailbox_of(letter.recipient).value for letter in letters}
        finished = [
            replace(self._read(by_key[receipt.key], receipt, now), mailbox=mailboxes[receipt.key])
            for receipt in receipts
        ]
        with self.connection.transaction():
            self._finish(claimed, finished, now)
        return finished

    def _read(self, queued: Queued, receipt: Receipt, now: Moment) -> Finished:
        match receipt.answer:
            case Answer.ACCEPTED:
                return Finished(receipt.key, State.SENT, provider_id=receipt.detail)
            case Answer.REFUSED:
                return Finished(receipt.key, State.FAILED, receipt.detail)
            case Answer.UNKNOWN:
                return Finished(receipt.key, State.UNKNOWN, receipt.detail)
            case Answer.NOT_NOW:
                attempts = queued.attempts + 1
                if attempts >= self._send_attempts:
                    reason = f"tried {attempts} times: {receipt.detail}"
                    return Finished(receipt.key, State.FAILED, reason)
                pause = FIRST_PAUSE * 2**queued.attempts
                return Finished(receipt.key, State.RESERVED, receipt.detail, next_attempt_at=now + pause)
            case _:
                assert_never(receipt.answer)

    def _finish(self, claimed: Sequence[Queued], finished: Sequence[Finished], now: Moment) -> None:
        """Move messages in the outbox and record it in the ledger; a transaction is open."""
        by_key = {queued.message.key: queued for queued in claimed}
        still_ours = finish_messages(self.connection, self._claimer, finished, now)
        ours = [told for told in finished if told.key in still_ours]
        free_places(self.connection, [told.key for told in ours if told.state in _FREED])
        settle_places(self.connection, [told.key for told in ours if told.state in _SAID], now)
        self._record([(by_key[told.key], told) for told in ours], now)

    def _record(self, told: Iterable[tuple[Queued, Finished]], now: Moment) -> None:
        events = [_event(queued, one, now) for queued, one in told if one.state in _EVENTS]
        append(self.connection, events, self._clock)


def _event(queued: Queued, told: Finished, now: Moment) -> Event:
    """Write a receipt as an event of the person addressed, in the household decided about."""
    message = queued.message
    name = _EVENTS[told.state]
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
        source="dispatcher",
    )


def _not_set_up(channel: str) -> str:
    variable = "UPSELL_GATEWAY_SECRET" if channel == WEBHOOK else f"UPSELL_{channel.upper()}_URL"
    return f"no {channel} is set up: set {variable}"


def _withhold(key: str, verdict: Verdict, address: str | None) -> Finished:
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


def _note(tally: dict[State, int], finished: Iterable[Finished]) -> None:
    for told in finished:
        tally[told.state] = tally.get(told.state, 0) + 1
