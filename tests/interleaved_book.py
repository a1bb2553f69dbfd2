"""A book of what was asked of the world, and what must always hold of a household beside it.

The outbox is that of the store in small: a message is reserved, then being sent, then told of by a receipt.
The book keeps only what was asked, never what the core remembers, so that the two can be compared.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from upsell.clock import Moment
from upsell.decisions.policy import Cap, Per
from upsell.decisions.reach import WEBHOOK
from upsell.decisions.reasons import Reason
from upsell.ids import UnitId
from upsell.journeys.candidates import ENTRIES
from upsell.journeys.effects import (
    Decided,
    Effect,
    Exposed,
    OpenTask,
    Record,
    Speak,
    Spend,
    UpdateTask,
    Withdraw,
)
from upsell.journeys.household import Enrollment, Household, Phase, Unit
from upsell.journeys.program import Program
from upsell.journeys.steps import MessageStep
from upsell.journeys.trials import CONVERT, END

FINAL = frozenset(
    {
        Reason.FINISHED,
        Reason.FROZEN_TOO_LONG,
        Reason.ENDED,
        Reason.ENDED_BY_HAND,
        Reason.MERGED,
        Reason.INELIGIBLE,
        Reason.NO_RECIPIENT,
        Reason.TRIGGER_GONE,
        Reason.ENTITLED,
        Reason.OFFER_GONE,
        Reason.UNAVAILABLE,
        Reason.TOO_SMALL,
        Reason.NOT_NEEDED,
        Reason.DECLINED,
        Reason.NO_CONSENT,
    }
)
"""Reasons that end a passage whenever they are written about one."""

AT_TIMES = frozenset({Reason.CAPPED, Reason.OUTSIDE_HOURS, Reason.OUTRANKED, Reason.UNDELIVERABLE})
"""Reasons that end a passage at times: where its step leaves when blocked, or was a trial's grant."""


class Stage(enum.Enum):
    """Where a message of the small outbox stands."""

    RESERVED = "reserved"
    SENDING = "sending"
    TOLD = "told"
    WITHDRAWN = "withdrawn"


class Message(msgspec.Struct):
    """A message of the small outbox.

    Attributes:
        said: What was asked.
        stage: Where it stands.
        sent_at: When the gate let it out, None before.
        is_counted: Whether it was said, as far as is known by now.
        is_taken_back: Whether its journey took it back; being sent already, it may be said all the same.
    """

    said: Speak
    stage: Stage = Stage.RESERVED
    sent_at: Moment | None = None
    is_counted: bool = False
    is_taken_back: bool = False


class Passage(msgspec.Struct):
    """What the decisions told of one passage."""

    workflow: str
    unit_id: UnitId
    entry: Reason
    answers: list[Reason] = []
    has_reached_goal: bool = False


class Book:
    """What was asked of the world so far, and whether each next thing may be asked."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.passages: dict[str, Passage] = {}
        self.went: dict[str, str] = {}
        self._once: set[tuple[str, ...]] = set()

    def take(self, effects: Iterable[Effect], program: Program) -> None:
        """Write effects down; nothing may be asked twice, by a shadow, or after the goal."""
        for effect in effects:
            match effect:
                case Decided():
                    self._decided(effect)
                case Speak():
                    self._first("message", effect.key)
                    self._may_speak(effect.enrollment, effect.step)
                    assert effect.step in _steps(program, effect)
                    self.messages[effect.key] = Message(effect)
                case Spend():
                    self._first("place", effect.address, effect.touch.key)
                case UpdateTask():
                    assert ("task", effect.task.key) in self._once
                case OpenTask():
                    self._first("task", effect.key)
                    self._may_speak(effect.enrollment, "")
                case Withdraw():
                    self._withdrawn(self.messages[effect.key])
                case Exposed(exposure=seen):
                    self._first("exposure", seen.enrollment, seen.contrast)
                case Record(event=event):
                    self._first("record", event.id, event.name)
                    if event.name in ("Prompt Offered", "Trial Granted"):
                        self._may_speak(str(event.properties["enrollment"]), "")

    def _first(self, *what: str) -> None:
        assert what not in self._once, f"asked twice: {what}"
        self._once.add(what)

    def _decided(self, effect: Decided) -> None:
        decision = effect.decision
        if decision.enrollment is None:
            return
        known = self.passages.get(decision.enrollment)
        if known is None:
            assert decision.reason in ENTRIES, "nobody is answered about a passage that was not opened"
            self.passages[decision.enrollment] = Passage(decision.workflow, decision.unit_id, decision.reason)
            return
        assert decision.reason not in ENTRIES, "a passage is opened once"
        known.answers.append(decision.reason)
        known.has_reached_goal |= decision.reason is Reason.GOAL_REACHED

    def _may_speak(self, enrollment: str, step: str) -> None:
        passage = self.passages[enrollment]
        assert passage.entry is Reason.ENROLLED, "a shadow never speaks"
        is_closing = step.endswith((CONVERT, END))
        assert not passage.has_reached_goal or step.startswith("on_goal.") or is_closing, (
            "after the goal only on_goal speaks, and billing hears how a trial ended"
        )

    def _withdrawn(self, message: Message) -> None:
        message.is_taken_back = True
        if message.stage is Stage.RESERVED:
            message.stage = Stage.WITHDRAWN

    def today(self, message: Message) -> Speak:
        """Give a message as it is said today: to whoever its person went into."""
        customer_id = self.now_is(message.said.customer_id)
        unit_id = message.said.unit_id
        if unit_id[0] == "c":
            unit_id = f"c:{self.now_is(unit_id[2:])}"
        return msgspec.structs.replace(message.said, customer_id=customer_id, unit_id=unit_id)

    def now_is(self, customer_id: str) -> str:
        """Give the id that a customer has today."""
        while customer_id in self.went:
            customer_id = self.went[customer_id]
        return customer_id

    def at_stage(self, stage: Stage) -> list[Message]:
        """Give the messages that stand somewhere, as they were asked for."""
        return [message for message in self.messages.values() if message.stage is stage]

    def sends(self, message: Message, now: Moment, program: Program) -> None:
        """Let a message out; with what was said before, no cap may be passed by it."""
        message.stage, message.sent_at, message.is_counted = Stage.SENDING, now, True
        if message.said.channel != WEBHOOK and _step_of(program, message.said).obeys_caps:
            for cap in program.policy.caps:
                assert self._counted(message, cap, now, program) <= cap.at_most, f"{cap} at {now}"

    def _counted(self, message: Message, cap: Cap, now: Moment, program: Program) -> int:
        """Count what was sent in a cap's window that ends now; 0 for a message it does not concern."""
        person = self.today(message).customer_id
        said = [
            other
            for other in self.messages.values()
            if other.is_counted
            and not (other.is_taken_back and other.stage is Stage.SENDING)
            and (other.sent_at or 0) > now - cap.within
            and other.said.intent in cap.intents
            and other.said.channel != WEBHOOK
            and (cap.per is Per.ACCOUNT or self.today(other).customer_id == person)
            and _step_of(program, other.said).is_counted
        ]
        return len(said) if message in said else 0

    def check(self, household: Household, program: Program, previous: Counter[tuple[UnitId, str]]) -> None:
        """Hold a household against what must be true of it at any time."""
        going = {each.id: (unit, each) for unit in units_of(household) for each in unit.enrollments.values()}
        for enrollment_id, passage in self.passages.items():
            _check_told(passage, going[enrollment_id][1] if enrollment_id in going else None)
        for unit, enrollment in going.values():
            assert enrollment.id in self.passages, "nobody is in a workflow without an answer"
            self._check_waits(unit, enrollment, household)
        for unit in units_of(household):
            _check_slot(unit, household, program)
            _check_trials(unit, household)
            _check_places(unit, program, previous)

    def _check_waits(self, unit: Unit, enrollment: Enrollment, household: Household) -> None:
        """Each passage waits for time, or for a receipt that is still to come."""
        for key in enrollment.pending:
            assert self.messages[key].stage in (Stage.RESERVED, Stage.SENDING), "a receipt that came is taken"
        if enrollment.phase is Phase.SPEAKING:
            assert enrollment.pending, "who speaks waits for a receipt"
            return
        assert not enrollment.pending, "a receipt is waited for only while speaking"
        assert enrollment.due_at is not None, "who waits for nothing is stuck"
        assert enrollment.due_at > household.taken_at, "what is due is done"
        assert unit.next_due_at is not None, "a unit is woken for each of its passages"
        assert unit.next_due_at <= enrollment.due_at, "a unit is woken no later than its passage is due"


def units_of(household: Household) -> Iterator[Unit]:
    """Give the units of a household."""
    if household.account is not None:
        yield household.account
    yield from household.customers.values()


def places_of(household: Household) -> Counter[tuple[UnitId, str]]:
    """Count the passages of each unit by workflow."""
    return Counter(
        (unit.id, each.workflow) for unit in units_of(household) for each in unit.enrollments.values()
    )


def _check_told(passage: Passage, going: Enrollment | None) -> None:
    """Exactly one last answer for each passage that ended, and none for one that goes on."""
    ends = [reason for reason in passage.answers if reason in FINAL]
    goals = passage.answers.count(Reason.GOAL_REACHED)
    assert goals <= 1, "a goal is reached once"
    if going is not None:
        assert not ends, f"goes on after {ends}"
        assert going.after_goal is (goals == 1)
        return
    assert passage.answers, "a passage is never lost without an answer"
    last = passage.answers[-1]
    assert last in FINAL | AT_TIMES | {Reason.GOAL_REACHED}, f"ended by {last}"
    assert ends in ([], [last]), f"ended more than once: {passage.answers}"


def _check_trials(unit: Unit, household: Household) -> None:
    """A trial that goes on without its passage waits for a receipt, or for its end."""
    for trial in unit.trials.values():
        if not trial.told:
            assert trial.ends_at > household.taken_at, "what is over is told"
            assert unit.next_due_at is not None, "a unit is woken for each of its trials"
            assert unit.next_due_at <= trial.ends_at, "a unit is woken no later than its trial ends"


def _check_slot(unit: Unit, household: Household, program: Program) -> None:
    """One passage that sells holds a unit's slot, its own or one of its account; keyed ones share it."""
    shared = household.account.enrollments if household.account is not None else {}
    own = {each.id: each for each in unit.enrollments.values()}
    assert unit.slot is None or unit.slot in own or unit.slot in shared, "a slot is held by who goes on"
    selling = {each.id: each for each in own.values() if not each.after_goal and _sells(program, each)}
    assert not selling or unit.slot in selling, "one passage that sells holds the slot"
    assert len({each.workflow for each in selling.values()}) <= 1, "it is shared within one workflow"
    for each in own.values():
        held = {one.id for one in household.customers.values() if one.slot == each.id and one is not unit}
        assert held == set(each.held_slots), "who holds a slot knows it"


def _check_places(unit: Unit, program: Program, previous: Counter[tuple[UnitId, str]]) -> None:
    """A unit is in a workflow once for each key, and enters only while there is a place."""
    found = [(each.workflow, each.key) for each in unit.enrollments.values()]
    assert len(found) == len(set(found)), "once for each key"
    for key, count in Counter(each for each, _ in found).items():
        live = program.workflows.get(key)
        before = previous[unit.id, key]
        assert live is None or count <= max(live.at_once, before), "no more at once than are allowed"


def _sells(program: Program, enrollment: Enrollment) -> bool:
    of_version = program.of_version(enrollment.workflow, enrollment.version)
    return of_version is not None and of_version.takes_slot


def _steps(program: Program, said: Speak) -> set[str]:
    of_version = program.of_version(said.workflow, said.version)
    assert of_version is not None
    return {*of_version.journey.steps, *of_version.on_goal.steps}


def _step_of(program: Program, said: Speak) -> MessageStep:
    of_version = program.of_version(said.workflow, said.version)
    assert of_version is not None
    step = {**of_version.journey.steps, **of_version.on_goal.steps}[said.step]
    assert isinstance(step, MessageStep)
    return step
