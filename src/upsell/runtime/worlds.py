"""Worlds: one account lived through a program in memory, where every message arrives at once.

The same ``advance``, the same gate before sending and the same steps of time as a replay, without a
database or a wire. The law: a world under the program that is live is the world that was lived;
under a changed program it is what would have been.
"""

from __future__ import annotations

import msgspec

from upsell.clock import Duration, Moment
from upsell.decisions.decision import Exposure
from upsell.ids import account_unit, bare
from upsell.journeys.advance import Session
from upsell.journeys.effects import Effect, Exposed, Record, Speak, Withdraw
from upsell.journeys.gate import ask_gate
from upsell.journeys.household import empty_household
from upsell.journeys.inputs import Tick
from upsell.journeys.program import Program
from upsell.runtime.company import Company, account_id
from upsell.runtime.lives import Life
from upsell.signals.events import MESSAGE_SENT, MESSAGE_WITHHELD, Event


def step_end(at: Moment, starts_at: Moment, step: Duration) -> Moment:
    """Give the end of the step of time that ``at`` lies in: ``(end - step, end]``, counted from the start."""
    return starts_at - (starts_at - at) // step * step


class World(msgspec.Struct, frozen=True):
    """What came of one account in one world.

    Attributes:
        exposures: Its exposures, in order.
        events: Everything that happened, derived events and receipts included, in order taken.
        heard: Workflow and moment of every message received.
    """

    exposures: list[Exposure]
    events: list[Event]
    heard: list[tuple[str, Moment]]


class _Living:
    """One account on its way through its year."""

    def __init__(self, program: Program, company: Company, index: int) -> None:
        self._program = program
        self._life = Life(company, index)
        self._unit_id = account_unit(account_id(index))
        self._session = Session(program, empty_household(self._unit_id))
        self._waiting: list[Speak] = []
        self.world = World([], [], [])

    def next_at(self) -> Moment | None:
        moments = [at for at in (self._life.next_at(), self._session.next_due_at()) if at is not None]
        return min(moments, default=None)

    def live_history(self, starts_at: Moment) -> None:
        for event in self._life.live_until(starts_at - 1):
            self._take(msgspec.structs.replace(event, seen_at=starts_at))

    def live_step(self, at: Moment) -> None:
        for event in self._life.live_until(at):
            self._take(msgspec.structs.replace(event, seen_at=at))
        self._keep(self._session.take(Tick(at)))
        while self._waiting:
            messages, self._waiting = self._waiting, []
            for receipt in [self._send(message, at) for message in messages]:
                self._take(receipt)

    def _send(self, message: Speak, at: Moment) -> Event:
        verdict = ask_gate(self._program, self._session.household, message, at)
        said = {
            "key": message.key,
            "enrollment": message.enrollment,
            "unit": message.unit_id,
            "workflow": message.workflow,
            "step": message.step,
        }
        if verdict is None:
            self.world.heard.append((message.workflow, at))
            self._life.hear(message.workflow, at, message.arm)
        else:
            said["reason"] = verdict.reason.value
        return Event(
            id=f"{message.key}/{message.visit}",
            name=MESSAGE_SENT if verdict is None else MESSAGE_WITHHELD,
            occurred_at=at,
            seen_at=at,
            customer_id=message.customer_id,
            account_id=bare(self._unit_id),
            properties=said,
            source="dispatcher",
        )

    def _take(self, event: Event) -> None:
        self.world.events.append(event)
        self._keep(self._session.take(event))

    def _keep(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Speak():
                    self._waiting.append(effect)
                case Withdraw():
                    self._waiting = [kept for kept in self._waiting if kept.key != effect.key]
                case Record():
                    self.world.events.append(effect.event)
                case Exposed():
                    self.world.exposures.append(effect.exposure)
                case _:
                    pass


def live_through(program: Program, company: Company, index: int, step: Duration) -> World:
    """Live one account's whole year under a program; give what came of it."""
    living = _Living(program, company, index)
    living.live_history(company.starts_at)
    while True:
        next_at = living.next_at()
        if next_at is None or next_at > company.ends_at:
            return living.world
        living.live_step(step_end(next_at, company.starts_at, step))
