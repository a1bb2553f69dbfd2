"""The dispatcher: claims messages, asks the gate again, sends, and records what became of each.

The law: a message is sent only after everything the ledger knows was asked once more, and each key
reaches a provider's acceptance at most once. What a crash leaves half said is unknown, is recorded
as that, and is never said again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ParamSpec, TypeVar, assert_never
from uuid import uuid4

import msgspec
import uvloop
from msgspec.structs import replace

from upsell.channels.channel import Answer, Channel, Letter, Receipt
from upsell.channels.devices import Device
from upsell.channels.email import EmailChannel
from upsell.channels.link_facts import LinkMint
from upsell.channels.mime import message_id_of
from upsell.channels.render import content_of, write_letter
from upsell.channels.webhook import write_webhook
from upsell.clock import SECOND, Clock, Duration, Moment
from upsell.config import Settings, link_base
from upsell.decisions.addresses import address_key
from upsell.decisions.consents import has_proof
from upsell.decisions.decision import Verdict
from upsell.decisions.guardrails import mailbox_of
from upsell.decisions.intents import PROMOTIONAL
from upsell.decisions.reach import EMAIL, PUSH, WEBHOOK
from upsell.decisions.reasons import Reason
from upsell.errors import DeliveryError
from upsell.journeys.effects import is_of_order
from upsell.journeys.gate import ask_gate
from upsell.journeys.program import Program
from upsell.runtime.backlog import LATE_AFTER, LONGEST_SPREAD
from upsell.runtime.carriers import what_is_missing
from upsell.runtime.devices import lose_devices
from upsell.runtime.left_addresses import take_leavings, tell_left
from upsell.runtime.linking import Linker, kept_links
from upsell.runtime.mail_routing import MailRouting
from upsell.runtime.own_mails import with_own_mails
from upsell.runtime.programs import Programs
from upsell.runtime.receipts import receipt_events, withheld_by
from upsell.runtime.snapshot import Snapshot, Unheard, take_snapshot
from upsell.runtime.suppressing import suppress, tell_unheard
from upsell.runtime.trial_tasks import leave_trial
from upsell.signals.events import Event
from upsell.sources.refusals import is_gone
from upsell.store.connect import Connection
from upsell.store.ledger import append
from upsell.store.left_addresses import LeftAddress
from upsell.store.letters import LetterPress
from upsell.store.link_secrets import read_link_secrets
from upsell.store.links import keep_links
from upsell.store.outbox import (
    LOST,
    Finished,
    HandedTo,
    Queued,
    State,
    claim_messages,
    find_next_attempt,
    finish_messages,
    give_back_claims,
    give_up_sending,
    release_claims,
    renew_claims,
    spread_messages,
    start_sending,
)
from upsell.store.places import free_places, move_places, settle_places
from upsell.store.stops import open_stops, share_sending
from upsell.store.suppressions import Cause, Suppress

P = ParamSpec("P")
T = TypeVar("T")

FIRST_PAUSE: Duration = 30 * SECOND
"""How long after a first failure a message is tried again; each further pause is twice as long."""

PIECE = 100
"""How many messages are handed over at a time; while they are, the next are asked about and written."""

FRESH: Duration = SECOND
"""For how long the gate's answer holds: who waits longer to be handed over is asked about again."""

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


class _Piece(msgspec.Struct):
    """Some messages of a batch on their way through.

    Attributes:
        claimed: The messages.
        letters: What is handed over, by key.
        templates: What each letter was written from, by key.
        withheld: Those that are not sent now.
        asked_at: When the gate was asked.
        unheard: Who had not heard that their address is suppressed.
        unheard_left: Who had not heard what was left at their address.
        receipts: What became of the letters.
    """

    claimed: Sequence[Queued]
    letters: dict[str, Letter]
    templates: dict[str, tuple[tuple[str, str], Any]]
    withheld: list[Finished]
    asked_at: Moment
    unheard: Sequence[Unheard] = ()
    unheard_left: Sequence[tuple[str, LeftAddress]] = ()
    receipts: list[Receipt] = msgspec.field(default_factory=list)


class Dispatcher:
    """Sends what the outbox holds.

    Attributes:
        connection: What it works over; nobody else uses it.
    """

    def __init__(  # noqa: PLR0913  # each is a setting of its own, with a default
        self,
        connection: Connection,
        clock: Clock,
        channels: Mapping[str, Channel],
        *,
        linker: Linker | None = None,
        links_from: str | None = None,
        batch_size: int = 200,
        lease_seconds: int = 60,
        send_attempts: int = 5,
        is_keeping_letters: bool = True,
    ) -> None:
        """Send over these channels, by the name messages call them; nothing is claimed yet.

        Letters are kept as they were handed over unless told otherwise.
        Without a linker the links in mail stay as they are. ``links_from`` is how the links to leave begin;
        None for where a server listens that nobody set.
        """
        self.connection = connection
        self._clock = clock
        self._channels = channels
        self._linker = linker
        self._batch_size = batch_size
        self._lease = lease_seconds * SECOND
        self._send_attempts = send_attempts
        self._links_from = links_from if links_from is not None else link_base(Settings())
        self._mint: LinkMint | None = None
        self._programs = Programs()
        self._claimer = uuid4().hex
        self._press = LetterPress() if is_keeping_letters else None
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

    def run_once(self, is_stopped: Callable[[], bool] = lambda: False) -> Dispatched:
        """Recover what lost dispatchers left, then claim and send one batch; does not wait for work.

        Once it is stopped, what is being handed over ends, and the rest of the batch is given back.
        """
        now = self._clock.now()
        tally = {State.UNKNOWN: self._recover(now)}
        stops = open_stops(self.connection)
        fewer = self._routing.begin(now, self._batch_size) if self._routing is not None else {}
        claimed = claim_messages(
            self.connection, self._claimer, now, now + self._lease, self._batch_size, fewer, stops
        )
        ended: list[Finished] = []
        if claimed:
            self._runner.run(self._send(claimed, ended, is_stopped))
        if self._routing is not None:
            self._routing.end()
        _note(tally, ended)
        # What its provider was not spoken to about may go at once, by another perhaps.
        goes_on = any(told.next_attempt_at is not None and told.next_attempt_at <= now for told in ended)
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
        return find_next_attempt(self.connection, resting, open_stops(self.connection))

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
            settle_places(self.connection, [queued.message.key for queued in lost], now)
            events = [
                event
                for queued in lost
                for event in receipt_events(queued, Finished(queued.message.key, State.UNKNOWN, LOST), now)
            ]
            append(self.connection, events, self._clock)
        return len(lost)

    async def _send(
        self, claimed: Sequence[Queued], ended: list[Finished], is_stopped: Callable[[], bool]
    ) -> None:
        """Take a batch through piece by piece: while one is handed over, the next is written."""
        renewed_at = self._clock.now()
        speaking: asyncio.Task[_Piece] | None = None
        try:
            for start in range(0, len(claimed), PIECE):
                rest = claimed[start:]
                if is_stopped():
                    keys = [queued.message.key for queued in rest]
                    give_back_claims(self.connection, self._claimer, keys)
                    break
                piece = await self._prepare(rest[:PIECE])
                spoken = await speaking if speaking is not None else None
                speaking = None
                if self._clock.now() - piece.asked_at > FRESH:
                    ended += await _apart(self._turn, spoken, None)
                    self._take_back(piece)
                    spoken, piece = None, await self._prepare(piece.claimed)
                if self._clock.now() - renewed_at > self._lease // 4:
                    renewed_at = self._clock.now()
                    self._renew(rest, renewed_at)
                ended += await _apart(self._turn, spoken, piece)
                speaking = asyncio.create_task(self._speak(piece))
        finally:
            if speaking is not None:
                ended += self._turn(await speaking, None)

    async def _prepare(self, claimed: Sequence[Queued]) -> _Piece:
        """Ask the gate about messages and write them, letting those before be handed over in between."""
        now = self._clock.now()
        snapshot = await _apart(self._look, claimed, now)
        piece = _Piece(claimed, {}, {}, [], now, snapshot.unheard, snapshot.unheard_left)
        in_line = sorted(claimed, key=lambda queued: snapshot.lines.number(queued.message.key))
        for number, queued in enumerate(in_line):
            key = queued.message.key
            refusal = self._ask(snapshot, queued, now)
            if isinstance(refusal, Letter):
                piece.letters[key] = refusal
                piece.templates[key] = _template(snapshot.program, queued)
            else:
                piece.withheld.append(refusal)
                # Who is only put off keeps the place in line.
                if refusal.state is not State.RESERVED:
                    snapshot.lines.give_back(key)
                    self._give_back(key, now)
            if number % 4 == 0:
                await asyncio.sleep(0)
        return piece

    def _take_back(self, piece: _Piece) -> None:
        """Undo what was admitted of a piece that is asked about anew."""
        now = self._clock.now()
        for key in piece.letters:
            self._give_back(key, now)

    def _give_back(self, key: str, now: Moment) -> None:
        if self._routing is not None:
            self._routing.give_back(key, now)

    def _look(self, claimed: Sequence[Queued], now: Moment) -> Snapshot:
        """Read the households of messages as of now, and who stands in line with them."""
        self._programs.refresh(self.connection)
        if self._mint is None:
            self._mint = LinkMint(self._links_from, read_link_secrets(self.connection, now)[0])
        snapshot = take_snapshot(self.connection, self._programs, claimed, now)
        while moved := snapshot.lines.moved():
            # Who has another address since stands last in line there, and is asked about as such.
            move_places(self.connection, moved)
            snapshot = take_snapshot(self.connection, self._programs, claimed, now)
        if any(is_of_order(queued.message) for queued in claimed):
            snapshot.program = with_own_mails(snapshot.program)
        return snapshot

    def _ask(self, snapshot: Snapshot, queued: Queued, now: Moment) -> Letter | Finished:
        message = snapshot.message(queued)
        if message.channel not in self._channels:
            return Finished(message.key, State.FAILED, what_is_missing(message.channel))
        program, household = snapshot.program, snapshot.household(queued)
        if message.channel == EMAIL and self._routing is not None:
            put_off = self._routing.admit(household, message, now)
            if put_off is not None:
                return put_off
        if message.intent in PROMOTIONAL and getattr(self._channels[message.channel], "asks_proof", False):
            person = household.customers.get(message.customer_id)
            if person is None or not has_proof(person.contact, message.channel):
                asked = f"{message.channel} asks for consent with its proof"
                withheld = withheld_by(message.key, Verdict(Reason.NO_CONSENT, asked), None)
                # Where the policy does not ask for it too the journey would try again at once.
                return replace(withheld, said={**withheld.said, "is_final": True})
        others = snapshot.lines.ahead(message.key)
        verdict = ask_gate(program, household, message, now, others)
        if verdict is not None:
            # What others were sent at the address is known here alone, so the receipt has to tell of it.
            is_full = bool(others) and ask_gate(program, household, message, now) is None
            address = snapshot.lines.addresses[message.key] if is_full else None
            return withheld_by(message.key, verdict, address)
        try:
            if message.channel == WEBHOOK:
                return write_webhook(program, household, message, now)
            letter = write_letter(program, household, message, now, self._mint)
        except DeliveryError as error:
            return Finished(message.key, State.FAILED, str(error))
        # What somebody does with a mail about their own contract is watched by nobody.
        if self._linker is not None and message.channel in (EMAIL, PUSH) and not is_of_order(message):
            contact = household.customers[message.customer_id].contact
            letter = self._linker.link(letter, queued.number, program.links, contact)
        devices = snapshot.devices.get(message.customer_id, ())
        return letter if message.channel != PUSH else _shown_on(letter, devices)

    def _turn(self, spoken: _Piece | None, piece: _Piece | None) -> list[Finished]:
        """Record what became of one piece, and of the next what is withheld and that the rest is being sent.

        Gives what has ended. What is taken back or stopped at the last moment is no letter of its piece
        any more.
        """
        ended: list[Finished] = []
        events: list[Event] = []
        with self.connection.transaction():
            # Before the ledger is held: whoever throws a stop asks for the two in this order as well.
            share_sending(self.connection)
            now = self._clock.now()
            if spoken is not None:
                finished = self._received(spoken, now)
                events += suppress(self.connection, _gone(finished, now), now)
                events += self._lose_devices(spoken, now)
                events += self._finish(spoken, finished, now)
                ended += finished
            if piece is not None:
                events += tell_unheard(self.connection, piece.unheard, now)
                events += tell_left(piece.unheard_left, now)
                events += self._finish(piece, piece.withheld, now)
                ended += piece.withheld
                if piece.letters:
                    self._start(piece, now)
            take_leavings(self.connection, events)
            # The outbox and suppressions first, then the ledger: whoever holds it waits for neither.
            append(self.connection, events, self._clock)
        return ended

    def _start(self, piece: _Piece, now: Moment) -> None:
        """Record that letters are being sent, and keep them; a transaction is open."""
        handed_to = self._handed_to(piece.letters)
        started = start_sending(
            self.connection,
            self._claimer,
            piece.letters,
            now,
            now + self._lease,
            handed_to,
            _addresses(piece),
        )
        for key in piece.letters.keys() - started:
            self._give_back(key, now)
        piece.letters = {
            key: replace(letter, provider=handed_to[key].provider) if key in handed_to else letter
            for key, letter in piece.letters.items()
            if key in started
        }
        keep_links(self.connection, kept_links(piece.claimed, piece.letters, started), now)
        if self._press is not None:
            # By the keys of a device whoever had them could read along.
            kept = [(_shown_on(letter, ()), *piece.templates[key]) for key, letter in piece.letters.items()]
            self._press.keep(self.connection, kept, now)

    def _lose_devices(self, spoken: _Piece, now: Moment) -> list[Event]:
        """Forget the devices that show nothing any more; give what is to be recorded of it."""
        customers = {queued.message.key: queued.message.customer_id for queued in spoken.claimed}
        gone = {device: customers[receipt.key] for receipt in spoken.receipts for device in receipt.gone}
        return lose_devices(self.connection, gone, gone.keys(), now)

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

    def _renew(self, claimed: Sequence[Queued], now: Moment) -> None:
        """Keep what is still to be begun for another lease."""
        keys = [queued.message.key for queued in claimed]
        renew_claims(self.connection, self._claimer, keys, now + self._lease)

    async def _speak(self, piece: _Piece) -> _Piece:
        """Hand letters to their channels; give their piece with what became of them."""
        channel_of = {queued.message.key: queued.message.channel for queued in piece.claimed}
        for name, channel in self._channels.items():
            mine = [letter for key, letter in piece.letters.items() if channel_of[key] == name]
            if mine:
                # Half the lease: a letter begun at the last moment still ends within it.
                piece.receipts += await channel.send(mine, self._lease / SECOND / 2)
        return piece

    def _received(self, piece: _Piece, now: Moment) -> list[Finished]:
        """Read the receipts of a piece."""
        by_key = {queued.message.key: queued for queued in piece.claimed}
        recipients = {key: letter.recipient for key, letter in piece.letters.items()}
        return [
            replace(
                self._read(by_key[receipt.key], receipt, recipients[receipt.key], now),
                mailbox=mailbox_of(recipients[receipt.key]).value,
            )
            for receipt in piece.receipts
        ]

    def _read(self, queued: Queued, receipt: Receipt, recipient: str, now: Moment) -> Finished:
        match receipt.answer:
            case Answer.ACCEPTED:
                return Finished(receipt.key, State.SENT, provider_id=receipt.detail)
            case Answer.REFUSED:
                channel = queued.message.channel
                is_bounce = receipt.is_gone or is_gone(receipt.detail, receipt.status)
                return Finished(
                    receipt.key,
                    State.FAILED,
                    receipt.detail,
                    said={"status": receipt.status} if receipt.status else {},
                    bounced=address_key(channel, recipient) if is_bounce and channel != WEBHOOK else "",
                    is_left=receipt.is_left,
                )
            case Answer.UNKNOWN:
                return Finished(receipt.key, State.UNKNOWN, receipt.detail)
            case Answer.NOT_NOW if not receipt.is_begun:
                # Only of mail is it known when somebody is free for it.
                routing = self._routing if queued.message.channel == EMAIL else None
                again_at = routing.resumes_at(now) if routing is not None else now + FIRST_PAUSE
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
                pause = max(FIRST_PAUSE * 2**queued.attempts, receipt.pause)
                return Finished(receipt.key, State.RESERVED, receipt.detail, next_attempt_at=now + pause)
            case _:
                assert_never(receipt.answer)

    def _finish(self, piece: _Piece, finished: Sequence[Finished], now: Moment) -> list[Event]:
        """Move messages in the outbox; give what is to be recorded of it. A transaction is open."""
        if not finished:
            return []
        by_key = {queued.message.key: queued for queued in piece.claimed}
        still_ours = finish_messages(self.connection, self._claimer, finished, now)
        ours = [told for told in finished if told.key in still_ours]
        free_places(self.connection, [told.key for told in ours if told.state in _FREED])
        settle_places(self.connection, [told.key for told in ours if told.state in _SAID], now)
        events = [event for told in ours for event in receipt_events(by_key[told.key], told, now)]
        answers = {receipt.key: receipt.answer for receipt in piece.receipts}
        for told in ours:
            if told.state is State.FAILED and told.key in answers:
                letter, answer = piece.letters[told.key], answers[told.key]
                events += leave_trial(self.connection, by_key[told.key], letter, answer, told, now)
        return events


def _shown_on(letter: Letter, devices: Sequence[Device]) -> Letter:
    """Give a letter as it is shown on devices, if it is one that is."""
    more = letter.notification
    return letter if more is None else replace(letter, notification=replace(more, devices=tuple(devices)))


def _gone(finished: Iterable[Finished], now: Moment) -> list[Suppress]:
    """Give the addresses at which, by what was answered, nobody is."""
    return [
        Suppress(told.bounced, Cause.HARD_BOUNCE, "dispatcher", told.reason or "", now)
        for told in finished
        if told.bounced
    ]


def _addresses(piece: _Piece) -> dict[str, str]:
    """Give, by key of the message, the key of the address each letter goes to; a webhook goes to none."""
    return {
        queued.message.key: address_key(queued.message.channel, letter.recipient)
        for queued in piece.claimed
        if (letter := piece.letters.get(queued.message.key)) is not None and queued.message.channel != WEBHOOK
    }


async def _apart(do: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Do what waits for the database in a thread, so that letters are handed over meanwhile."""
    return await asyncio.get_running_loop().run_in_executor(None, partial(do, *given, **named))


def _template(program: Program, queued: Queued) -> tuple[tuple[str, str], Any]:
    """Give what a letter was written from, and a name by which it is always known."""
    message = queued.message
    content = content_of(program, message)
    return (f"{message.version}/{message.channel}", message.content), content


def _note(tally: dict[State, int], finished: Iterable[Finished]) -> None:
    for told in finished:
        tally[told.state] = tally.get(told.state, 0) + 1
