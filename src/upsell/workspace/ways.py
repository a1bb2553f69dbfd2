"""Ways: how a journey can be walked, and how soon each of its steps can be reached.

For the lints, which speak of what may happen to somebody and not of how a file is laid out. The law:
every way that the steps allow is walked, and no other: one arm at a time, an event that came takes the way
on which it came, one that did not has cost the whole wait, and what reaches the goal leaves.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count

import msgspec

from upsell.clock import Duration
from upsell.journeys.steps import (
    EndStep,
    GoStep,
    IfStep,
    Step,
    WaitDateStep,
    WaitForStep,
    WaitStep,
    WaitTimeStep,
    WaitUntilStep,
    for_arm,
    ways_on,
)
from upsell.journeys.workflow import Vary, Workflow

_MOST_JUMPS = 2
"""How many jumps of one way are followed, each step's once: further rounds bring nothing new."""


class Stop(msgspec.Struct, frozen=True):
    """A step on a way.

    Attributes:
        step: The step's id.
        has_arrived: Whether what was last awaited came; None when nothing was awaited yet.
        jumped: The steps that jumped on the way here.
    """

    step: str
    has_arrived: bool | None = None
    jumped: tuple[str, ...] = ()


class Passage(msgspec.Struct, frozen=True):
    """A stop that was reached, after how long at the soonest, and from which passage."""

    stop: Stop
    elapsed: Duration
    before: Passage | None = None


def arms_of(workflow: Workflow) -> tuple[str | None, ...]:
    """Give the arms that walk differently: those of an experiment that varies timing, else one for all."""
    experiment = workflow.experiment
    return tuple(arm.name for arm in experiment.arms) if experiment.vary is Vary.TIMING else (None,)


class Ways:
    """The ways through one workflow's journey in one arm."""

    def __init__(self, workflow: Workflow, arm: str | None) -> None:
        """Walk as the arm ``arm`` does; None where all walk alike."""
        self.steps: Mapping[str, Step] = workflow.journey.steps
        self._entry = workflow.journey.entry
        self._goal = workflow.goal
        self._arm = arm

    def from_the_start(self, is_passed: Callable[[Step], bool]) -> Iterator[Passage]:
        """Give every stop that can be reached, soonest first, going on behind the steps that are passed."""
        begin = [] if self._entry is None else [Passage(Stop(self._entry), 0)]
        return self.onward(begin, is_passed)

    def onward(self, begin: Iterable[Passage], is_passed: Callable[[Step], bool]) -> Iterator[Passage]:
        """Give the passages of ``begin`` and what can be reached from them: each stop once, soonest first."""
        number = count()
        ahead = [(passage.elapsed, next(number), passage) for passage in begin]
        heapq.heapify(ahead)
        seen: set[Stop] = set()
        while ahead:
            elapsed, _, passage = heapq.heappop(ahead)
            if passage.stop in seen:
                continue
            seen.add(passage.stop)
            yield passage
            if is_passed(self.steps[passage.stop.step]):
                for stop, lasts in self.next_of(passage.stop):
                    after = Passage(stop, elapsed + lasts, passage)
                    heapq.heappush(ahead, (after.elapsed, next(number), after))

    def in_order(self) -> Iterator[Stop]:
        """Give every stop that can be reached, each behind all that lead to it; jumps lead to others."""
        begin = [] if self._entry is None else [Stop(self._entry)]
        leading: Counter[Stop] = Counter()
        ahead, seen = list(begin), set(begin)
        while ahead:
            for stop, _ in self.next_of(ahead.pop()):
                leading[stop] += 1
                if stop not in seen:
                    seen.add(stop)
                    ahead.append(stop)
        ahead = begin
        while ahead:
            at = ahead.pop()
            yield at
            for stop, _ in self.next_of(at):
                leading[stop] -= 1
                if not leading[stop]:
                    ahead.append(stop)

    def next_of(self, stop: Stop) -> Iterator[tuple[Stop, Duration]]:
        """Give the stops right behind one, and how long each takes at the least."""
        step = self.steps[stop.step]
        followers: list[tuple[str | None, bool | None, Duration]]
        jumped = stop.jumped
        match step:
            case EndStep():
                followers = []
            case GoStep():
                if step.id not in jumped and len(jumped) < _MOST_JUMPS:
                    yield Stop(step.to, stop.has_arrived, (*jumped, step.id)), 0
                followers = [(step.then, stop.has_arrived, 0)]
            case WaitStep():
                followers = [(step.then, stop.has_arrived, for_arm(step.lasts, self._arm) or 0)]
            case WaitForStep():
                came = [] if self._is_goal(step) else [(step.then, True, 0)]
                followers = [*came, (step.then, False, step.up_to)]
            case WaitUntilStep() | WaitDateStep():
                followers = [(step.then, True, 0), (step.then, False, step.up_to)]
            case WaitTimeStep():
                followers = [(step.then, True, 0)]
            case IfStep(test=None, asked=None):
                sides = {True: [step.yes], False: [step.no], None: [step.yes, step.no]}
                followers = [(side, stop.has_arrived, 0) for side in sides[stop.has_arrived]]
            case IfStep() if self._asks_what_ended_the_wait(step):
                sides = {True: [step.yes], False: [step.no], None: [step.yes, step.no]}
                followers = [(side, stop.has_arrived, 0) for side in sides[stop.has_arrived]]
            case _:
                followers = [(then, stop.has_arrived, 0) for then in ways_on(step)]
        for then, has_arrived, lasts in followers:
            if then is not None:
                yield Stop(then, has_arrived, jumped), lasts

    def _asks_what_ended_the_wait(self, step: IfStep) -> bool:
        """Tell whether a branch asks just what every wait right before it was for, as a trial's do."""
        leading = [each for each in self.steps.values() if step.id in ways_on(each)]
        return step.asked is not None and all(
            isinstance(each, WaitUntilStep) and each.asked == step.asked for each in leading
        )

    def _is_goal(self, step: WaitForStep) -> bool:
        """Tell whether the event awaited is the goal: who reaches it leaves the journey."""
        return step.event == self._goal.event and self._goal.where is None
