"""Contrasts: arms are exposed for all at once: where one arm's offer could be made, every arm counts."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.stories.world import CATALOG, DAY, Reason, Story, make_program, workflow
from upsell.journeys.program import Program

TWO = CATALOG + "  team-up: {kind: upgrade, plan: starter, title: Starter}\n"
OFFERS = "{a: pro-annual, b: team-up}"
AT_ONCE = f"[{{email: {{content: t2, offer: {OFFERS}}}}}, {{wait: 1 day}}]"
LATER = f"[{{email: {{content: t1, intent: help}}}}, {{wait: 3 days}}, {AT_ONCE[1:]}"
BEHIND = f"[{{wait: 3 days}}, {AT_ONCE[1:]}"
AS_TASK = f"[{{task: {{queue: q, title: Call, due: 1 day, offer: {OFFERS}}}}}, {{wait: 1 day}}]"
AS_PROMPT = f"[{{prompt: {{placement: page, intent: offer, offer: {OFFERS}}}}}, {{wait: 9 days}}]"


def program(journey: str, *, holdout: str = "0%") -> Program:
    experiment = ", vary: offer, arms: {a: 50%, b: 50%}"
    text = workflow(trigger="{on: A}", journey=journey, holdout=holdout, experiment=experiment)
    return make_program({"w": text}, catalog=TWO)


def exposed(journey: str, plan: str | None, *, holdout: str = "0%") -> Counter[str]:
    """How many of 40 units count in each arm."""
    given, found = program(journey, holdout=holdout), Counter[str]()
    for number in range(40):
        story = Story(given, f"c:u{number}")
        if plan is not None:
            story.happens("Subscription Started", plan=plan)
        story.happens("A").happens("Placement Asked", placement="page").after(10 * DAY)
        found.update(each.arm for each in story.exposures() if each.contrast == "arms")
    return found


# Who is on Starter cannot be offered Starter; what they are not offered is no reason to count them out.
@pytest.mark.parametrize("journey", [AT_ONCE, LATER, BEHIND, AS_TASK, AS_PROMPT])
def test_who_cannot_be_made_their_arms_offer_counts_where_another_arms_could(journey: str) -> None:
    anybody, starters = exposed(journey, None), exposed(journey, "starter")
    assert sum(anybody.values()) == 40
    assert starters == anybody


@pytest.mark.parametrize("journey", [AT_ONCE, LATER, AS_PROMPT])
def test_where_no_arms_offer_could_be_made_nobody_counts(journey: str) -> None:
    assert exposed(journey, "pro") == {}


def test_who_cannot_be_made_their_arms_offer_hears_nothing_and_has_entered() -> None:
    given, told = program(AT_ONCE), set()
    for number in range(20):
        story = Story(given, f"c:u{number}").happens("Subscription Started", plan="starter").happens("A")
        reasons = story.reasons()
        assert reasons[0] is Reason.ENROLLED
        told.add((bool(story.mails()), reasons[1] if len(reasons) > 1 else None))
    assert told == {(True, None), (False, Reason.ENTITLED)}


def test_the_held_out_count_in_no_arm_and_against_the_treated_arm_by_arm() -> None:
    given, drawn = program(AT_ONCE, holdout="50%"), Counter[str]()
    for number in range(60):
        story = Story(given, f"c:u{number}").happens("Subscription Started", plan="starter").happens("A")
        assert story.reasons()[0] in (Reason.ENROLLED, Reason.HELD_OUT)
        contrasts = {each.contrast: each.arm for each in story.exposures()}
        if story.reasons()[0] is Reason.HELD_OUT:
            assert "arms" not in contrasts
        else:
            # Whoever their arm's offer cannot be made is spoken to in neither side of the holdout.
            assert ("holdout" in contrasts) is (contrasts["arms"] == "a")
        drawn[contrasts.get("holdout", "neither")] += 1
    assert set(drawn) == {"holdout", "treated", "neither"}
