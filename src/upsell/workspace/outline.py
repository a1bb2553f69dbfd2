"""Outlines: a workflow as a tree of what it does, as its author wrote it: steps in a row, ways side by side.

A journey is compiled to a flat mapping whose ids are the paths in the file; here the tree is found again,
for whoever draws or lists it. The law: every step is in the tree exactly once, under some item.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from itertools import count

import msgspec

from upsell.clock import format_duration
from upsell.decisions.layers import LayerShare
from upsell.journeys.steps import (
    ChooseStep,
    EndStep,
    GoStep,
    IfStep,
    Journey,
    MessageStep,
    PromptStep,
    SplitStep,
    Step,
    TaskStep,
    TrialStep,
    UpdateStep,
    WaitDateStep,
    WaitForStep,
    WaitStep,
    WaitTimeStep,
    WaitUntilStep,
    WebhookStep,
)
from upsell.journeys.workflow import Status, Workflow
from upsell.workspace.wording import (
    share_in_words,
    tell_gates,
    tell_goal,
    tell_question,
    tell_step,
    tell_trigger,
)


class Sort(enum.Enum):
    """What an item does, as far as it is told apart by its look."""

    SAYS = "says"
    ACTS = "acts"
    WAITS = "waits"
    ASKS = "asks"
    ENDS = "ends"
    HEAD = "head"


class Way(msgspec.Struct, frozen=True):
    """One of the ways on from an item.

    Attributes:
        label: When it is taken.
        items: What is done on it, nothing where it goes straight on.
    """

    label: str
    items: tuple[Item, ...] = ()


class Item(msgspec.Struct, frozen=True):
    """One thing that is done.

    Attributes:
        ids: The steps it stands for, the first of them first; none for an end nobody wrote.
        words: What it does, in a sentence.
        sort: What it does, as far as it is told apart by its look.
        name: What other steps call it; empty for none.
        ways: The ways on from it; none where there is only one.
        goes_to: Id of the step it jumps to; None for all but jumps.
    """

    ids: tuple[str, ...]
    words: str
    sort: Sort
    name: str = ""
    ways: tuple[Way, ...] = ()
    goes_to: str | None = None


class Outline(msgspec.Struct, frozen=True):
    """A workflow as a tree.

    Attributes:
        key: The workflow's key.
        version: Its version.
        title: What people call it.
        unit: What it decides about.
        status: Whether it takes units in and lets them go on.
        begins: When it begins.
        gates: Who is let in, each gate in a line.
        goal: What it is for.
        items: Its journey.
        after_goal: What is done once the goal was reached.
    """

    key: str
    version: str
    title: str
    unit: str
    status: Status
    begins: str
    gates: tuple[str, ...]
    goal: str
    items: tuple[Item, ...]
    after_goal: tuple[Item, ...]


END = Item((), "End", Sort.ENDS)
"""The end of a journey that nobody wrote down."""


def outline(workflow: Workflow, layer: LayerShare | None = None) -> Outline:
    """Give a workflow as a tree; ``layer`` is its share of one, where it has one."""
    return Outline(
        key=workflow.key,
        version=workflow.version,
        title=workflow.name,
        unit=workflow.unit.value,
        status=workflow.status,
        begins=tell_trigger(workflow),
        gates=tell_gates(workflow, layer),
        goal=tell_goal(workflow.goal),
        items=_Tree(workflow.journey).sequence(""),
        after_goal=_Tree(workflow.on_goal).sequence("on_goal."),
    )


def items_of(items: Iterable[Item]) -> Iterator[Item]:
    """Give items and those on their ways, each before what is on its ways."""
    for item in items:
        yield item
        for way in item.ways:
            yield from items_of(way.items)


class _Tree:
    """Finds the tree of one journey by the ids of its steps, which are paths."""

    def __init__(self, journey: Journey) -> None:
        self._steps = journey.steps
        self._names = {step_id: name for name, step_id in journey.names.items()}

    def sequence(self, prefix: str) -> tuple[Item, ...]:
        """Give the steps of one list, in order."""
        items: list[Item] = []
        numbers = count()
        while (step := self._steps.get(f"{prefix}{next(numbers)}")) is not None:
            items += self._trial(step) if isinstance(step, TrialStep) else [self._item(step)]
        return tuple(items)

    def _item(self, step: Step) -> Item:
        ids: tuple[str, ...] = (step.id,)
        ways: tuple[Way, ...] = ()
        match step:
            case IfStep():
                ids, ways = self._questions(step)
            case SplitStep():
                ways = self._split(step)
            case ChooseStep():
                ways = self._choices(step)
            case _:
                pass
        return Item(
            ids=ids,
            words=tell_step(step, self._names),
            sort=_sort_of(step),
            name=self._names.get(step.id, ""),
            ways=ways,
            goes_to=step.to if isinstance(step, GoStep) else None,
        )

    def _questions(self, step: IfStep) -> tuple[tuple[str, ...], tuple[Way, ...]]:
        """Give the ways of a question and of those asked after it, all in the same moment."""
        ids, ways = [step.id], [Way("yes", self.sequence(f"{step.id}.then."))]
        while isinstance(other := self._steps.get(at := f"{step.id}.elif.{len(ids) - 1}"), IfStep):
            question = f"else if {tell_question(other, self._names)}"
            ids.append(at)
            ways.append(Way(question, self.sequence(f"{at}.then.")))
        ways.append(Way("no" if len(ids) == 1 else "else", self.sequence(f"{step.id}.else.")))
        return tuple(ids), tuple(ways)

    def _split(self, step: SplitStep) -> tuple[Way, ...]:
        """Give the ways of a split; their names end its salt."""
        names = step.salt.rsplit("/", len(step.ways))[1:]
        return tuple(
            Way(f"{name} {share_in_words(share)}", self.sequence(f"{step.id}.{name}."))
            for name, share in zip(names, step.shares, strict=True)
        )

    def _choices(self, step: ChooseStep) -> tuple[Way, ...]:
        otherwise = self.sequence(f"{step.id}.else.")
        if step.otherwise is None and not otherwise:
            otherwise = (END,)
        return (Way("one can be made"), Way("none can", otherwise))

    def _trial(self, step: TrialStep) -> tuple[Item, Item]:
        """Give the grant of a trial, with its reminder, and what becomes of it at its end.

        The steps it was written out as stand under the one at which they are waited for.
        """
        at, late = step.id, self._steps[f"{step.id}.late"]
        early, last = (f"{at}.early", f"{at}.took"), (f"{at}.late", f"{at}.takes")
        reminder, ways = self.sequence(f"{at}.remind."), tuple[Way, ...]()
        if reminder and isinstance(late, WaitUntilStep):
            before = f"{format_duration(late.up_to)} before the end"
            ways = (Way(before, reminder), Way("paid terms taken by then"))
        ends = tuple(
            Way(label, (self._told(f"{at}.{word}"), *self.sequence(f"{at}.{then}.")))
            for label, word, then in (
                ("paid terms taken", "convert", "accepted"),
                ("trial ended", "end", "expired"),
            )
        )
        name = self._names.get(at, "")
        granted = Item((at, *early) if ways else (at,), tell_step(step, self._names), Sort.ACTS, name, ways)
        ids = last if ways else (*early, *last)
        return granted, Item(
            ids, "Wait for the paid terms to be taken, or the end of the trial", Sort.WAITS, ways=ends
        )

    def _told(self, step_id: str) -> Item:
        return Item((step_id,), tell_step(self._steps[step_id], self._names), Sort.ACTS)


def _sort_of(step: Step) -> Sort:
    match step:
        case MessageStep() | PromptStep():
            return Sort.SAYS
        case TaskStep() | UpdateStep() | WebhookStep() | TrialStep():
            return Sort.ACTS
        case WaitStep() | WaitForStep() | WaitUntilStep() | WaitDateStep() | WaitTimeStep():
            return Sort.WAITS
        case IfStep() | SplitStep() | ChooseStep() | GoStep():
            return Sort.ASKS
        case EndStep():
            return Sort.ENDS
