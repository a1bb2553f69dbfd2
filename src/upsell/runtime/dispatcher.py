"""The dispatcher: claims messages, asks the gate again, sends, and records what became of each.

The law: a message is sent only after everything the ledger knows was asked once more, and each key
reaches a provider's acceptance at most once. What a crash leaves half said is unknown, is recorded
as that, and is never said again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import assert_never
from uuid import uuid4

import msgspec
import uvloop
from msgspec.structs import replace

from upsell.channels.bounce_status import is_hard_bounce
from upsell.channels.channel import Answer, Channel, Letter, Receipt
from upsell.channels.email import EmailChannel
from upsell.channels.mime import message_id_of
from upsell.channels.render import write_letter
from upsell.channels.webhook import write_webhook
from upsell.clock import SECOND, Clock, Duration, Moment, format_moment
from upsell.decisions.decision import Verdict
from upsell.decisions.guardrails import mailbox_of
from upsell.decisions.reach import EMAIL, WEBHOOK
from upsell.decisions.reasons import MEANINGS
from upsell.errors import DeliveryError
from upsell.ids import bare, is_account
from upsell.journeys.gate import ask_gate
from upsell.runtime.backlog import LATE_AFTER, LONGEST_SPREAD
from upsell.runtime.mail_routing import MailRouting
from upsell.runtime.programs import Programs
from upsell.runtime.snapshot import Snapshot, take_snapshot
from upsell.signals.events import (
    MESSAGE_BOUNCED,
    MESSAGE_FAILED,
    MESSAGE_SENT,
    MESSAGE_UNKNOWN,
    MESSAGE_WITHHELD,
    Event,
)
from upsell.store.connect import Connection
from upsell.store.ledger import append
from upsell.store.outbox import (
    LOST,
    Finished,
    HandedTo,
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
        batch_size: int = 200,
        lease_seconds: int = 60,
        send_attempts: int = 5,
    ) -> None:
        """Send over these channels, by the name messages call them; nothing is claimed yet."""
        self.connection = connection
        self._clock = clock
        self._channels = channels
        self._batch_size = batch_size
        self._lease = lease_seconds * SECOND
        self._send_attempts = send_attempts
        self._programs = Programs()
        self._claimer = uuid4().hex
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        mail = channels.get(EMAIL)
        self._routing = (
            MailRouting(connection, self._claimer, mail.routes) if isinstance(mail, EmailChannel) else None
        )

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
        fewer = self._routing.begin(now, self._batch_size) if self._routing is not None else {}
        claimed = claim_messages(
            self.connection, self._claimer, now, now + self._lease, self._batch_size, fewer
        )
        finished: list[Finished] = []
        if claimed:
            letters, withheld = self._prepare(claimed, now)
            _note(tally, withheld)
            started = self._start(claimed, letters, withheld)
            finished = self._speak(claimed, started)
            _note(tally, finished)
        if self._routing is not None:
            self._routing.end()
        # What its provider was not spoken to about may go at once, by another perhaps.
        goes_on = any(told.next_attempt_at is not None and told.next_attempt_at <= now for told in finished)
        return Dispatched(tally, is_behind=goes_on or self._is_behind(claimed, fewer))

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
        now = self._clock.now()
        resting = {EMAIL: self._routing.resumes_at(now)} if self._routing is not None else {}
        return find_next_attempt(self.connection, resting)

    def close(self) -> None:
        """Let go of the channels' connections."""
        for channel in self._channels.values():
            self._runner.run(channel.close())
        self._runner.close()
        if self._routing is not None and not self.connection.broken:
            self._routing.close(self._clock.now())

    def _is_behind(self, claimed: Sequence[Queued], fewer: Mapping[str, int]) -> bool:
        """Whether some channel had as many messages as it was asked for."""
        counts = Counter(queued.message.channel for queued in claimed)
        return any(
            count >= min(self._batch_size, fewer.get(channel, self._batch_size))
            for channel, count in counts.items()
        )

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
                continue
            withheld.append(refusal)
            if refusal.state is not State.RESERVED:
                # Who is only put off keeps the place in line.
                snapshot.lines.give_back(key)
                if self._routing is not None:
                    self._routing.give_back(key, now)
        return letters, withheld

    def _ask(self, snapshot: Snapshot, queued: Queued, now: Moment) -> Letter | Finished:
        message = snapshot.message(queued)
        if message.channel not in self._channels:
            return Finished(message.key, State.FAILED, _not_set_up(message.channel))
        program, household = snapshot.program, snapshot.household(queued)
        if message.channel == EMAIL and self._routing is not None:
            put_off = self._routing.admit(household, message, now)
            if put_off is not None:
                return put_off
        others = snapshot.lines.ahead(message.key)
        verdict = ask_gate(program, household, message, now, others)
        if verdict is not None:
            # What others were sent at the address is known here alone, so the receipt has to tell of it.
            is_full = bool(others) and ask_gate(program, household, message, now) is None
            address = snapshot.lines.addresses[message.key] if is_full else None
            return _withhold(message.key, verdict, address)
        try:
            write = write_webhook if message.channel == WEBHOOK else write_letter
            return write(program, household, message, now)
        except DeliveryError as error:
            return Finished(message.key, State.FAILED, str(error))

    def _start(
        self, claimed: Sequence[Queued], letters: Mapping[str, Letter], withheld: Sequence[Finished]
    ) -> list[Letter]:
        """Record what is withheld and that the rest is being sent; give what is still to be sent."""
        now = self._clock.now()
        with self.connection.transaction():
            self._finish(claimed, withheld, now)
            handed_to = self._handed_to(letters)
            started = start_sending(
                self.connection, self._claimer, letters, now, now + self._lease, handed_to
            )
        return [
            replace(letter, provider=handed_to[key].provider) if key in handed_to else letter
            for key, letter in letters.items()
            if key in started
        ]

    def _handed_to(self, letters: Mapping[str, Letter]) -> dict[str, HandedTo]:
        """Give whom each mail is handed to, and under which Message-ID."""
        routing = self._routing
        if routing is None:
            return {}
        return {
            key: HandedTo(provider, message_id_of(key, letter.sender))
            for key, letter in letters.items()
            if (provider := routing.provider(key))
        }

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
        recipients = {letter.key: letter.recipient for letter in letters}
        finished = [
            replace(
                self._read(by_key[receipt.key], receipt, recipients[receipt.key], now),
                mailbox=mailbox_of(recipients[receipt.key]).value,
            )
            for receipt in receipts
        ]
        with self.connection.transaction():
            self._finish(claimed, finished, now)
        return finished

    def _read(self, queued: Queued, receipt: Receipt, recipient: str, now: Moment) -> Finished:
        match receipt.answer:
            case Answer.ACCEPTED:
                return Finished(receipt.key, State.SENT, provider_id=receipt.detail)
            case Answer.REFUSED:
                is_bounce = queued.message.channel == EMAIL and is_hard_bounce(receipt.status, receipt.detail)
                return Finished(
                    receipt.key,
                    State.FAILED,
                    receipt.detail,
                    said={"status": receipt.status} if receipt.status else {},
                    bounced=recipient if is_bounce else "",
                )
            case Answer.UNKNOWN:
                return Finished(receipt.key, State.UNKNOWN, receipt.detail)
            case Answer.NOT_NOW if not receipt.is_begun:
                again_at = self._routing.resumes_at(now) if self._routing is not None else now + FIRST_PAUSE
                return Finished(
                    receipt.key,
                    State.RESERVED,
                    receipt.detail,
                    next_attempt_at=again_at,
                    is_attempt=False,
                )
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
        events = [event for queued, one in told for event in _events(queued, one, now)]
        append(self.connection, events, self._clock)


def _events(queued: Queued, told: Finished, now: Moment) -> Iterator[Event]:
    """Write what is recorded of a message: its receipt, and that its address takes no mail."""
    name = _EVENTS.get(told.state)
    if name is not None:
        yield message_event(name, queued, told, now)
    if told.bounced:
        said = {**told.said, "kind": "hard", "address": told.bounced}
        yield message_event(MESSAGE_BOUNCED, queued, replace(told, said=said), now)


def message_event(name: str, queued: Queued, told: Finished, now: Moment) -> Event:
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
