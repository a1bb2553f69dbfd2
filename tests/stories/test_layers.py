"""Layers: what shares its units out never meets, whatever kind of unit it decides about."""

from __future__ import annotations

from tests.stories.world import Reason, Story, make_program, workflow
from upsell.decisions.assignment import is_drawn
from upsell.decisions.layers import ask_layer
from upsell.journeys.explain import explain
from upsell.journeys.program import Program

GATE = "{on: Feature Gate Hit, again_after: 1 seconds}"
HELP = "[{email: {content: t1, intent: help}}]"
LAYERS = "layers: {pricing: {one: 40%, two: 35%}}\n"
NAMES = [f"c:u{number}" for number in range(60)]


def layered(**more: str) -> Program:
    text = workflow(trigger=GATE, journey=HELP, **more)
    return make_program({"one": text, "two": text, "apart": text}, policy=LAYERS)


def entered(story: Story, *reasons: Reason) -> set[str]:
    return {decision.workflow for decision in story.decisions() if decision.reason in reasons}


def test_everybody_is_let_into_one_workflow_of_a_layer_at_most_and_into_those_outside_it() -> None:
    program = layered()
    found = []
    for name in NAMES:
        story = Story(program, name).happens("Feature Gate Hit")
        let_in, refused = entered(story, Reason.ENROLLED), entered(story, Reason.NOT_IN_LAYER)
        assert "apart" in let_in
        assert len(let_in) <= 2
        assert let_in | refused == {"one", "two", "apart"}
        found.append(let_in - {"apart"})
    assert {frozenset(each) for each in found} == {frozenset({"one"}), frozenset({"two"}), frozenset()}


def test_who_is_outside_is_refused_with_layer_and_draw_and_neither_waits_nor_is_exposed() -> None:
    program = layered()
    name = next(name for name in NAMES if ask_layer(program.layers["one"], name) is not None)
    story = Story(program, name).happens("Feature Gate Hit")
    (decision,) = [each for each in story.decisions() if each.workflow == "one"]
    assert (decision.reason, decision.rule) == (Reason.NOT_IN_LAYER, "pricing")
    assert [(seen.term, seen.value) for seen in decision.seen[:2]] == [("begins", 0.0), ("ends", 0.4)]
    assert story.unit().watches["one"].waiting is None
    assert "one" not in {exposure.workflow for exposure in story.exposures()}
    (told,) = explain(program, story.household, name, story.now, only={"one"}, fired={"one"})
    assert told.words.startswith("belongs to another workflow of the layer, or to none (pricing) where")


def test_a_layer_is_asked_before_the_control_and_leaves_the_holdout_its_share() -> None:
    text = workflow(trigger=GATE, journey=HELP, holdout="50%")
    program = make_program({"one": text, "two": text}, policy=f"{LAYERS}policy: {{global_control: 30%}}\n")
    for name in NAMES:
        first = Story(program, name).happens("Feature Gate Hit").decisions()[0]
        assert first.workflow == "one"
        if ask_layer(program.layers["one"], name) is not None:
            assert first.reason is Reason.NOT_IN_LAYER
        elif is_drawn(0.3, "control", name):
            assert first.reason is Reason.CONTROL
        else:
            assert first.reason is (Reason.HELD_OUT if is_drawn(0.5, "one", name) else Reason.ENROLLED)


def test_an_accounts_workflow_and_its_peoples_do_not_meet_because_households_are_drawn() -> None:
    of_account = workflow(trigger=GATE, journey=HELP, unit="account")
    of_people = workflow(trigger=GATE, journey=HELP)
    program = make_program(
        {"one": of_account, "two": of_people}, policy="layers: {pricing: {one: 50%, two: 50%}}\n"
    )
    sides = set()
    for number in range(20):
        story = Story(program, f"a:acme{number}").member("ada", "admin").member("bob", "member")
        for person in ("ada", "bob"):
            story.happens("Feature Gate Hit", by=person)
        let_in = entered(story, Reason.ENROLLED)
        assert len(let_in) == 1
        sides |= let_in
    assert sides == {"one", "two"}


def test_a_layer_changes_no_version_because_it_is_never_frozen() -> None:
    text = workflow(trigger=GATE, journey=HELP)
    bare = make_program({"one": text, "two": text})
    program = make_program({"one": text, "two": text}, policy=LAYERS)
    assert program.workflows["one"].version == bare.workflows["one"].version
    assert program.version != bare.version
