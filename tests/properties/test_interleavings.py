"""No order of events, time, receipts, launches, hands and crashes loses a passage or repeats an effect.

A machine that draws what happens next, and holds the core after each step against a book that knows only
what was asked of the world. At its end everything is delivered and time passes: nobody may be left waiting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.drawing import examples
from tests.interleaved_book import Book, Message, Stage, places_of, units_of
from tests.interleaved_revisions import REVISIONS
from tests.stories.world import DAY, HOUR, START, receipt_of
from upsell.clock import MINUTE, Duration
from upsell.ids import bare, is_account
from upsell.journeys.advance import Session
from upsell.journeys.effects import Effect
from upsell.journeys.gate import ask_gate
from upsell.journeys.household import Enrollment, Household, Trial, Unit, empty_household
from upsell.journeys.inputs import Input, Launched, Tick
from upsell.journeys.landing import land
from upsell.signals.events import Event

T = TypeVar("T")

PEOPLE = ("ada", "bob", "anon:x")
Told = tuple[str, dict[str, Any]]
STARTS: tuple[Told, ...] = (
    ("Order Placed", {"order": "1"}),
    ("Order Placed", {"order": "2"}),
    ("Order Placed", {"order": "3"}),
    ("Order Placed", {"order": "4"}),
    ("Feature Gate Hit", {}),
    ("Trial Asked", {}),
    ("Ticket Opened", {"ticket_id": "1"}),
    ("Usage Recorded", {"metric": "api_calls", "quantity": 60}),
    ("Usage Recorded", {"metric": "api_calls", "quantity": 900}),
)
MOVES: tuple[Told, ...] = (
    ("Pricing Viewed", {}),
    ("Placement Asked", {"placement": "usage-page"}),
    ("Ticket Closed", {"ticket_id": "1"}),
    ("Order Delivered", {"order": "1"}),
    ("Order Delivered", {}),
    ("Offer Accepted", {"offer": "pro-trial"}),
    ("Offer Declined", {"offer": "pro-annual"}),
    ("Subscription Started", {"plan": "starter", "amount": 4900, "currency": "USD"}),
    ("Subscription Changed", {"plan": "pro", "amount": 14900}),
)
HINDERS: tuple[Told, ...] = (
    ("Ticket Opened", {"ticket_id": "2", "severity": "high"}),
    ("Ticket Closed", {"ticket_id": "2"}),
    ("Refund Asked", {}),
    ("Refunded", {}),
    ("Subscription Changed", {"plan": "starter", "amount": 4900}),
    ("Subscription Canceled", {}),
    ("Consent Withdrawn", {}),
    ("Consent Withdrawn", {"channel": "email"}),
    ("Consent Given", {}),
    ("Customer Identified", {"timezone": "America/New_York"}),
    ("Customer Identified", {"email": ""}),
    ("Customer Identified", {"email": "somebody@example.com"}),
    ("Account Left", {}),
    ("Account Identified", {"roles": ["admin"]}),
)
PASSES = st.sampled_from([1, MINUTE, HOUR, 5 * HOUR, DAY, 2 * DAY, 9 * DAY])
LATE = st.sampled_from([0, 0, 0, HOUR, 2 * DAY])
RECEIPTS = ("Message Sent", "Message Failed", "Message Unknown")
ANSWERS = ("Message Delivered", "Message Opened", "Message Clicked", "Message Bounced")
PICK = st.integers(0, 10**6)


class Interleavings(RuleBasedStateMachine):
    """One household to which anything happens in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.program = REVISIONS[0]
        self.book = Book()
        self.count = 0
        self.saved = b""
        self.previous: Counter[tuple[str, str]] = Counter()

    @initialize(is_company=st.booleans(), number=st.integers(0, 9))
    def begins(self, is_company: bool, number: int) -> None:
        self.is_company = is_company
        # Other ids are drawn otherwise by chance: into holdouts, arms and ways.
        self.people = PEOPLE if is_company else (f"ada{number}",)
        self.account = f"acme{number}" if is_company else None
        self.household_id = f"a:acme{number}" if is_company else f"c:ada{number}"
        self._open(empty_household(self.household_id))
        for person, role in zip(self.people, ("admin", "billing", ""), strict=False):
            if is_company and role:
                self._happens("Account Identified", person, roles=[role])
            self._happens("Customer Identified", person, email=f"{person[:3]}@example.com")

    # What the world does.

    @rule(which=st.sampled_from(STARTS), who=PICK)
    def something_starts(self, which: Told, who: int) -> None:
        self._happens(which[0], self._person(who), **which[1])

    @rule(who=PICK, count=st.integers(2, 4))
    def orders_are_placed(self, who: int, count: int) -> None:
        for number in range(count):
            self._happens("Order Placed", self._person(who), order=str(number))

    @precondition(lambda self: self._going())
    @rule(which=PICK)
    def goal_is_reached(self, which: int) -> None:
        unit, passage = _pick(self._going(), which)
        held = self.program.of_version(passage.workflow, passage.version)
        assert held is not None
        if held.goal.event == "Subscription Upgraded":
            self._happens("Subscription Changed", self._person(which), plan="pro", amount=14900)
        else:
            about = None if is_account(unit.id) else bare(unit.id)
            self._happens(held.goal.event, about, order=passage.key)

    @rule(who=PICK, times=st.integers(1, 3))
    def prices_are_viewed(self, who: int, times: int) -> None:
        for _ in range(times):
            self._happens("Pricing Viewed", self._person(who))

    @rule(which=st.sampled_from(MOVES), who=PICK, late=LATE)
    def something_moves(self, which: Told, who: int, late: Duration) -> None:
        self._happens(which[0], self._person(who), late=late, **which[1])

    @rule(which=st.sampled_from(HINDERS), who=PICK, late=LATE)
    def something_hinders(self, which: Told, who: int, late: Duration) -> None:
        self._happens(which[0], self._person(who), late=late, **which[1])

    @precondition(lambda self: self.is_company)
    @rule(which=st.sampled_from((*STARTS, *MOVES, *HINDERS[:6])), late=LATE)
    def something_happens_to_the_account(self, which: Told, late: Duration) -> None:
        self._happens(which[0], None, late=late, **which[1])

    @precondition(lambda self: self.is_company)
    @rule(who=PICK, into=PICK)
    def turns_out_to_be_another(self, who: int, into: int) -> None:
        gone, stays = self._person(who), self._person(into)
        if gone != stays:
            self.book.went[gone] = stays
            for (unit_id, workflow), count in list(self.previous.items()):
                if unit_id == f"c:{gone}":
                    self.previous[f"c:{stays}", workflow] += count
            self._happens("Customers Merged", stays, late=0, **{"from": gone})

    @rule(passes=PASSES, is_up=st.booleans())
    def time_passes(self, passes: Duration, is_up: bool) -> None:
        """Let time pass with the worker up, or down, so that it finds everything late."""
        until = self.now + passes
        if passes >= DAY:
            # A lease ends long before: whoever was sending is lost, and nobody knows.
            for message in self.book.at_stage(Stage.SENDING):
                self._is_told(message, "Message Unknown")
        while is_up and (due := self.session.next_due_at()) is not None and due <= until:
            self._take(Tick(max(due, self.now)))
        self.now = until

    @rule(times=st.integers(1, 3), beside=st.sampled_from([-1, 0, 0, 1]))
    def time_comes_to_what_is_due(self, times: int, beside: int) -> None:
        for _ in range(times):
            due = self.session.next_due_at()
            if due is not None and due + beside >= self.now:
                self.now = due + beside
                self._take(Tick(self.now))

    @rule(name=st.sampled_from((RECEIPTS[0], RECEIPTS[0], RECEIPTS[0], RECEIPTS[1])))
    def everything_is_delivered(self, name: str) -> None:
        for message in self.book.at_stage(Stage.RESERVED):
            self._tries(message)
        for message in self.book.at_stage(Stage.SENDING):
            self._is_told(message, name)

    # What the dispatcher and the providers do.

    @precondition(lambda self: self.book.at_stage(Stage.RESERVED))
    @rule(which=PICK)
    def message_is_tried(self, which: int) -> None:
        self._tries(_pick(self.book.at_stage(Stage.RESERVED), which))

    @precondition(lambda self: self.book.at_stage(Stage.SENDING))
    @rule(which=PICK, name=st.sampled_from(RECEIPTS))
    def receipt_comes(self, which: int, name: str) -> None:
        self._is_told(_pick(self.book.at_stage(Stage.SENDING), which), name)

    @precondition(lambda self: self.book.at_stage(Stage.TOLD))
    @rule(which=PICK, name=st.sampled_from((*RECEIPTS, "Message Withheld")))
    def receipt_comes_again(self, which: int, name: str) -> None:
        """Let a receipt come once more, or another one that contradicts it: the last word holds."""
        message = _pick(self.book.at_stage(Stage.TOLD), which)
        if message.sent_at is not None:
            self._is_told(message, name)

    @precondition(lambda self: self.book.at_stage(Stage.TOLD))
    @rule(which=PICK, name=st.sampled_from(ANSWERS))
    def person_answers(self, which: int, name: str) -> None:
        message = self.book.today(_pick(self.book.at_stage(Stage.TOLD), which))
        self._take(receipt_of(message, self.now, name))

    # What the team does.

    @rule(number=st.integers(0, len(REVISIONS) - 1))
    def revision_goes_live(self, number: int) -> None:
        self.program = REVISIONS[number]
        self._open(self.session.household)
        self._take(Launched(self.now))

    @precondition(lambda self: self._going())
    @rule(which=PICK, to=PICK, how=st.sampled_from(["end", "move", "move", "move to", "move to", "move to"]))
    def somebody_takes_a_hand(self, which: int, to: int, how: str) -> None:
        """End a passage, or move it to the live version: where its step lands of itself, or to one named."""
        unit, passage = _pick(self._going(), which)
        if how == "end":
            self._orders("Enrollment Ended", unit, passage, why="asked by phone")
            return
        live = self.program.workflows[passage.workflow]
        held = self.program.of_version(passage.workflow, passage.version)
        assert held is not None
        named = {passage.step or "": _pick(sorted(live.journey.steps), to)} if how == "move to" else {}
        places = land(held.journey, live.journey, named)
        self._orders("Enrollment Migrated", unit, passage, version=live.version, steps=places)

    # What the machine room does.

    @rule()
    def batch_is_committed(self) -> None:
        self._open(_decoded(self._encoded()))

    @rule()
    def process_crashes(self) -> None:
        """Take the batch again from the copy before it: the same effects, the same household."""
        household = self._encoded()
        session = Session(self.program, _decoded(self.saved))
        again = [effect for item in self.batch for effect in session.take(item)]
        assert msgspec.json.encode(again) == msgspec.json.encode(self.effects)
        assert msgspec.json.encode(session.household) == household
        self.session = session

    # What must hold.

    @invariant()
    def everything_holds(self) -> None:
        if hasattr(self, "session"):
            self.book.check(self.session.household, self.program, self.previous)
            self.previous = places_of(self.session.household)

    def teardown(self) -> None:
        """Deliver everything and let time pass: every passage ends, in the end."""
        if not hasattr(self, "session"):
            return
        for _ in range(2000):
            for message in self.book.at_stage(Stage.RESERVED):
                self._tries(message)
            for message in self.book.at_stage(Stage.SENDING):
                self._is_told(message, "Message Sent")
            self.everything_holds()
            due = self.session.next_due_at()
            if self.book.at_stage(Stage.RESERVED):
                continue
            if due is None or not (self._going() or self._trials()):
                break
            self.now = max(self.now, due)
            self._take(Tick(self.now))
        assert not self._going(), "everybody comes to an end"
        assert not self._trials(), "of each trial billing hears the end"

    def _trials(self) -> list[Trial]:
        """Give the trials that go on without their passage."""
        return [trial for unit in units_of(self.session.household) for trial in unit.trials.values()]

    def _open(self, household: Household) -> None:
        """Begin a batch: what comes from now on is taken again when the process crashes."""
        self.session = Session(self.program, household)
        self.saved = self._encoded()
        self.batch: list[Input] = []
        self.effects: list[Effect] = []

    def _encoded(self) -> bytes:
        return msgspec.json.encode(self.session.household)

    def _take(self, item: Input) -> None:
        effects = self.session.take(item)
        self.batch.append(item)
        self.effects += effects
        self.book.take(effects, self.program)

    def _happens(self, name: str, person: str | None, *, late: Duration = 0, **said: Any) -> None:
        self.count += 1
        at = self.now - late
        self._take(Event(str(self.count), name, at, self.now, person, self.account, dict(said)))

    def _person(self, who: int) -> str:
        return self.book.now_is(self.people[who % len(self.people)])

    def _orders(self, name: str, unit: Unit, passage: Enrollment, **said: Any) -> None:
        about = None if is_account(unit.id) else bare(unit.id)
        self._happens(name, about, unit=unit.id, workflow=passage.workflow, enrollment=passage.id, **said)

    def _tries(self, message: Message) -> None:
        said = self.book.today(message)
        if ask_gate(self.program, self.session.household, said, self.now) is None:
            self.book.sends(message, self.now, self.program)
        else:
            message.stage = Stage.TOLD
            self._take(receipt_of(said, self.now, "Message Withheld"))

    def _is_told(self, message: Message, name: str) -> None:
        message.stage = Stage.TOLD
        message.is_counted = name in ("Message Sent", "Message Unknown")
        self._take(receipt_of(self.book.today(message), self.now, name))

    def _going(self) -> list[tuple[Unit, Enrollment]]:
        units = units_of(self.session.household) if hasattr(self, "session") else ()
        return [(unit, each) for unit in units for each in unit.enrollments.values()]


def _pick(among: Sequence[T], which: int) -> T:
    return among[which % len(among)]


def _decoded(household: bytes) -> Household:
    return msgspec.json.decode(household, type=Household)


USUAL = settings(max_examples=examples(60), stateful_step_count=40, suppress_health_check=list(HealthCheck))


def test_no_interleaving_loses_a_passage_repeats_an_effect_or_leaves_two_where_one_may_be() -> None:
    run_state_machine_as_test(Interleavings, settings=USUAL)


VERY_MANY = settings(USUAL, max_examples=examples(1500), stateful_step_count=80)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_interleaving_out_of_very_many_does() -> None:
    run_state_machine_as_test(Interleavings, settings=VERY_MANY)
