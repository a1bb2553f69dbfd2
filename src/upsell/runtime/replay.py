"""Replay: timed events through intake, worker, outbox and mail server, on a clock that jumps.

For the demo and for runs on past events. Everything is the live path but the clock, which jumps to
the end of the first step of time in which an event, a timer or a delivery is due. So events are seen,
and mail is sent, at the end of their step, as from senders who speak up every few hours; timers fire
at their own moment all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec

from upsell.channels.channel import Channel
from upsell.channels.email import EmailChannel
from upsell.clock import HOUR, Duration, Moment, SetClock
from upsell.errors import IntakeError
from upsell.ids import UnitId
from upsell.runtime.calls import batch_body
from upsell.runtime.dispatcher import Dispatcher
from upsell.runtime.intake import Intake
from upsell.runtime.sink import HOST, MailSink
from upsell.runtime.worker import Worker
from upsell.runtime.worlds import step_end
from upsell.signals.events import Event
from upsell.sources.segment import Draft, Refusal, read_batch, read_item
from upsell.store.connect import Connection, connect
from upsell.store.ledger import Outcome
from upsell.store.queries import query

STEP: Duration = 6 * HOUR
"""The longest an event or a delivery waits for the end of its step."""

AT_ONCE = 10_000
"""How many events are brought to intake at a time."""


class Source(Protocol):
    """Where events come from, in order of time."""

    def next_at(self) -> Moment | None:
        """Give when something next happens, None when nothing more will."""
        ...

    def take_until(self, at: Moment) -> list[Event]:
        """Give what happens up to and including ``at``, in order of time."""
        ...


class Heard(msgspec.Struct, frozen=True):
    """A mail that arrived: for which unit and person, of which workflow and arm, and when."""

    unit_id: UnitId
    customer_id: str
    workflow: str
    arm: str | None
    at: Moment


class Step(msgspec.Struct, frozen=True):
    """How far a replay has come: the moment, and events and mails so far."""

    at: Moment
    events: int
    mails: int


class ListedEvents:
    """A source that is a list of events, such as a file that was read."""

    def __init__(self, events: Iterable[Event]) -> None:
        """Sort events by when they happened; those of one moment stay in the order given."""
        self._events = sorted(events, key=lambda event: event.occurred_at)
        self._place = 0

    def next_at(self) -> Moment | None:
        """Give when the next one happened."""
        return self._events[self._place].occurred_at if self._place < len(self._events) else None

    def take_until(self, at: Moment) -> list[Event]:
        """Give those that happened up to and including ``at``."""
        start = self._place
        while self._place < len(self._events) and self._events[self._place].occurred_at <= at:
            self._place += 1
        return self._events[start : self._place]


class Replay:
    """The live path on a clock of its own, mail going to a sink."""

    def __init__(self, url: str, sink: MailSink, starts_at: Moment, *, step: Duration = STEP) -> None:
        """Open the live path on a database; ``starts_at`` is where steps of time are counted from."""
        self.clock = SetClock(starts_at)
        self._starts_at = starts_at
        self._step = step
        self._sink = sink
        self._connection = connect(url)
        self._worker_connection = connect(url)
        self._worker = Worker(self._worker_connection, self.clock, is_replaying=True)
        channels: dict[str, Channel] = {"email": EmailChannel(HOST, sink.port)}
        self._dispatcher = Dispatcher(self._connection, self.clock, channels)
        self._intake = Intake(url, self.clock)
        self._intake.start()
        self._events = 0
        self._mails = 0

    @property
    def connection(self) -> Connection:
        """The connection that is not the worker's."""
        return self._connection

    def take(self, events: Sequence[Event]) -> None:
        """Take events through intake and the worker, without moving the clock.

        Raises:
            IntakeError: Intake refuses one, or knows one with its id already.
        """
        batch = read_batch(batch_body(events))
        read = [read_item(item, None, self.clock.at) for item in batch.items]
        for item in read:
            if isinstance(item, Refusal):
                msg = f"intake refuses an event of the replay: {item.message}: {item.body}"
                raise IntakeError(msg)
        drafts = [item for item in read if isinstance(item, Draft)]
        for place in range(0, len(drafts), AT_ONCE):
            for answer in self._intake.submit(drafts[place : place + AT_ONCE]).result():
                if answer.outcome is not Outcome.APPENDED:
                    msg = (
                        f"expected every event of a replay once, got that of position {answer.position} again"
                    )
                    raise IntakeError(msg)
        self._events += len(events)
        self._worker.run_until_idle()

    def run(
        self,
        source: Source,
        until: Moment,
        hear: Callable[[Heard], None],
        told: Callable[[Step], None],
    ) -> Step:
        """Run until nothing more is due up to and including ``until``; give how far it came.

        Args:
            source: Where events come from; it may have more of them because of what was heard.
            until: Where to stop.
            hear: Told of each mail that arrived, before time goes on.
            told: Told how far it has come, after each step.
        """
        while True:
            next_at = self._next_at(source)
            if next_at is None or next_at > until:
                break
            self.clock.move_to(step_end(next_at, self._starts_at, self._step))
            self.take(source.take_until(self.clock.at))
            for mail in self._deliver():
                hear(mail)
            told(Step(self.clock.at, self._events, self._mails))
        self.clock.move_to(until)
        return Step(until, self._events, self._mails)

    def close(self) -> None:
        """Let go of connections."""
        self._intake.stop()
        self._dispatcher.close()
        self._worker_connection.close()
        self._connection.close()

    def _next_at(self, source: Source) -> Moment | None:
        due = (source.next_at(), self._worker.next_due_at(), self._dispatcher.next_attempt_at())
        return min((at for at in due if at is not None), default=None)

    def _deliver(self) -> list[Heard]:
        """Send what may be sent and take the receipts, until nothing more follows; give what arrived."""
        while any(self._dispatcher.run_until_idle().by_state.values()):
            self._worker.run_until_idle()
        mails = self._sink.take()
        self._mails += len(mails)
        if not mails:
            return []
        found = self._connection.execute(query("find_heard"), {"keys": [mail.key for mail in mails]})
        by_key = {
            key: Heard(unit_id, customer_id, workflow, arm, self.clock.at)
            for key, unit_id, customer_id, workflow, arm in found
        }
        # Mails of one step arrive in no order of their own.
        return [by_key[mail.key] for mail in sorted(mails, key=lambda mail: mail.key)]
