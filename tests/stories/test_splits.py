"""Splits: the way a unit goes at one says nothing of the way it goes at the next."""

from __future__ import annotations

from collections import Counter

from tests.stories.world import CATALOG, SETTINGS, TEMPLATE, Story, workflow
from upsell.journeys.program import Program
from upsell.journeys.steps import SplitStep
from upsell.workspace.compile import compile_documents
from upsell.workspace.editions import NEWEST, Edition


def ways(first: str, second: str) -> str:
    says = "{{email: {{content: {0}, intent: help}}}}"
    x, y = (f"{{share: 50%, steps: [{says.format(each)}]}}" for each in (first, second))
    return f"{{split: {{x: {x}, y: {y}}}}}"


def program(journey: str, edition: Edition = NEWEST, *, more: str = "") -> Program:
    documents = {"upsell.yaml": SETTINGS, "catalog.yaml": CATALOG}
    documents |= {f"templates/{name}.html": TEMPLATE.format(name=name) for name in ("t1", "t2", "t3", "t4")}
    documents["workflows/w.yaml"] = workflow(trigger="{on: A}", journey=journey, more=more)
    return compile_documents(documents, edition).program


def salts(given: Program) -> list[str]:
    flow = given.workflows["w"]
    steps = [*flow.journey.steps.values(), *flow.on_goal.steps.values()]
    return [step.salt for step in steps if isinstance(step, SplitStep)]


TWICE = f"[{ways('t1', 't2')}, {ways('t3', 't4')}]"


def test_two_splits_with_the_same_ways_are_drawn_apart() -> None:
    given = program(TWICE)
    found = Counter(tuple(Story(given, f"c:u{n}").happens("A").contents()) for n in range(400))
    assert len(found) == 4
    # Each way through is a quarter of 400: within five standard deviations of the binomial, 43.3.
    assert all(abs(count - 100) < 44 for count in found.values())


def test_a_split_after_the_goal_is_drawn_apart_from_one_before_it() -> None:
    on_goal = ways("t1", "t2").replace("intent: help", "intent: service")
    given = salts(program(f"[{ways('t1', 't2')}]", more=f"on_goal: [{on_goal}]"))
    assert len(set(given)) == 2


def test_the_first_split_and_whatever_is_live_are_drawn_as_they_were() -> None:
    # Oracle: what the release before the third edition drew by.
    was = "split/w/x/y"
    assert salts(program(TWICE, Edition.SECOND)) == [was, was]
    assert salts(program(TWICE))[0] == was
    alone = f"[{ways('t1', 't2')}]"
    assert (
        program(alone).workflows["w"].version
        == program(alone, Edition.SECOND).workflows["w"].version
        == "4100477dfd7d9ec74872486bedded579"
    )
