"""The tree of a workflow holds every step once, its ways as they were written, and its counts."""

from __future__ import annotations

from hypothesis import given, settings

from tests.drawing import examples
from tests.drawn_world import EVERY_STEP, JOURNEYS, ON_GOAL, compiled, every_workflow
from upsell.workspace.outline import Item, items_of, outline
from upsell.workspace.outline_text import COLUMNS, listed_outline
from upsell.workspace.whereabouts import Stand, Whereabouts


def steps_in(items: tuple[Item, ...]) -> list[str]:
    return sorted(step_id for item in items_of(items) for step_id in item.ids)


def test_every_step_of_every_kind_stands_in_the_tree_once() -> None:
    flow = compiled(EVERY_STEP, ON_GOAL)
    drawn = outline(flow)
    assert steps_in(drawn.items) == sorted(flow.journey.steps)
    assert steps_in(drawn.after_goal) == sorted(flow.on_goal.steps)
    assert len({type(step) for step in flow.journey.steps.values()}) == 16, "there are sixteen kinds of step"


def test_every_step_of_every_example_stands_in_the_tree_once() -> None:
    for flow in every_workflow():
        drawn = outline(flow)
        assert steps_in(drawn.items) == sorted(flow.journey.steps), flow.key
        assert steps_in(drawn.after_goal) == sorted(flow.on_goal.steps), flow.key


@settings(max_examples=examples(60))
@given(JOURNEYS)
def test_every_step_of_any_journey_stands_in_the_tree_once(journey: str) -> None:
    flow = compiled(journey)
    assert steps_in(outline(flow).items) == sorted(flow.journey.steps)


def test_ways_have_the_names_they_were_given() -> None:
    drawn = outline(compiled(EVERY_STEP))
    ways = {item.ids[0]: [way.label for way in item.ways] for item in items_of(drawn.items) if item.ways}
    assert ways == {
        "3": [
            "yes",
            "else if plan.tier > 1 and account.region in ('US', 'EU')",
            "else if first was clicked",
            "else",
        ],
        "8": ["short 30%", "long 70%"],
        "8.long.1": ["one 50%", "two 50%"],
        "9": ["one can be made", "none can"],
        "11": ["3 days before the end", "paid terms taken by then"],
        "11.late": ["paid terms taken", "trial ended"],
        "12": ["one can be made", "none can"],
    }


def test_the_text_of_a_workflow_is_its_tree() -> None:
    journey = """
  - email: {content: t1, intent: help}
    name: first
  - if: plan.tier = 1
    then: [{wait: 2 days}, {go: {to: first, at_most: 3}}]
    else: []
"""
    on_goal = "on_goal: [{email: {content: t4, intent: service}}]"
    flow = compiled(journey, on_goal, name="Usage")
    assert "\n".join(listed_outline(outline(flow))).replace(flow.version[:8], "VERSION") == (
        "Usage (w, about each account, version VERSION)\n"
        "  begins   when usage_ratio('api_calls') passes 0.5 or 0.8; again after 2 days\n"
        "           at the earliest\n"
        "  gate     only if plan.tier < 3\n"
        "  gate     not while event_count('Refund Asked', interval '1 days') > 0\n"
        "  gate     30% held out by chance\n"
        "  goal     Subscription Upgraded within 30 days; who reaches it leaves at once\n"
        "\n"
        "0  Mail t1, to help [first]\n"
        "1  If plan.tier = 1\n"
        "   ├ yes\n"
        "   │ 1.then.0  Wait 2 days\n"
        "   │ 1.then.1  Go to first, 3 times at most\n"
        "   └ no: goes on\n"
        "\n"
        "After the goal\n"
        "on_goal.0  Mail t4, about what they have"
    )


@settings(max_examples=examples(40))
@given(JOURNEYS)
def test_no_line_is_wider_than_a_terminal_unless_it_is_indented_almost_beyond_it(journey: str) -> None:
    for line in listed_outline(outline(compiled(journey))):
        depth = len(line) - len(line.lstrip("│├└ "))
        assert len(line) <= max(COLUMNS, depth + 24 + 6)


def test_a_workflow_that_is_not_live_says_so() -> None:
    told = next(iter(listed_outline(outline(compiled("[end]", "status: paused", name="Usage")))))
    assert told.startswith("Usage (w, about each account, version ")
    assert told.endswith(", paused)")


def test_how_many_stand_where_is_told_with_what_no_step_shows() -> None:
    flow = compiled(EVERY_STEP, ON_GOAL)
    drawn = outline(flow)
    counts = {"1": 1200, "11": 1, "11.early": 3, "11.late": 5, "on_goal.1": 2, "99": 4}
    here = {step: {Stand.WAITING: count} for step, count in counts.items()}
    here["8.long.0"] = {Stand.CAPPED: 1, Stand.SHADOW: 2, Stand.SPEAKING: 1}
    text = "\n".join(listed_outline(drawn, Whereabouts(here, {"deadbeef00": {"1": 7, "": 1}})))
    assert "1  Wait 3 days  <- 1,200 here" in text
    assert "<- 4 here" in text, "the grant and the wait behind it are one"
    assert "end of the trial  <- 5 here" in " ".join(text.replace("│", "").split()).replace(" <-", "  <-")
    assert "<- 4 here: 1 being told, 1 capped, 2 held out" in " ".join(text.replace("│", "").split())
    assert "on_goal.1  Wait 2 days  <- 2 here" in text
    assert f"1,219 under way now in version {flow.version[:8]}, as shown: 1,215" in text
    assert "of these at no step that is shown: 4 at step 99" in text
    assert "8 in version deadbeef: 1 at step none, 7 at step 1" in text
    assert " here" not in "\n".join(listed_outline(drawn))
