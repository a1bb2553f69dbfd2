"""Drawn by account: people of one account are in one arm, for good, and nothing pretends to read it yet."""

from __future__ import annotations

from tests.stories.world import Reason, Story, make_program, workflow
from upsell.decisions.assignment import choose_arm, is_drawn
from upsell.journeys.household import Watch
from upsell.journeys.program import Program

GATE = "{on: Feature Gate Hit, again_after: 1 seconds}"
JOURNEY = "[{email: {content: {one: t1, two: t2}, intent: help}}]"
ARMS = ", vary: message, arms: {one: 50%, two: 50%}"


def program(by: str = ", by: account", *, holdout: str = "30%", more: str = "") -> Program:
    return make_program(
        {"w": workflow(trigger=GATE, journey=JOURNEY, holdout=holdout, experiment=f"{ARMS}{by}{more}")}
    )


def company(number: int, given: Program) -> Story:
    """Three people of one account do the same."""
    story = Story(given, f"a:acme{number}")
    for person in ("ada", "bob", "cyd"):
        story.member(person, "member").happens("Feature Gate Hit", by=person)
    return story


def assigned(story: Story) -> list[tuple[bool, str | None]]:
    exposures = [each for each in story.exposures() if each.contrast == "holdout"]
    arms = {each.unit_id: each.arm for each in story.exposures() if each.contrast == "arms"}
    return [(each.arm == "holdout", arms.get(each.unit_id)) for each in exposures]


def test_everybody_of_an_account_is_where_its_account_is_drawn() -> None:
    given = program()
    sides = set()
    for number in range(30):
        story, account = company(number, given), f"a:acme{number}"
        is_held_out = is_drawn(0.3, "w", account)
        arm = choose_arm(["one", "two"], [0.5, 0.5], "w/message/one/two", account)
        assert assigned(story) == [(is_held_out, None if is_held_out else arm)] * 3
        sides.add((is_held_out, arm))
    assert len(sides) == 4


def test_without_by_people_of_an_account_are_drawn_apart() -> None:
    found = {tuple(assigned(company(number, program(by="")))) for number in range(10)}
    assert any(len(set(each)) > 1 for each in found)


def test_a_ramp_takes_accounts_in_whole() -> None:
    given = program(more=", ramp: 50%")
    for number in range(10):
        story = company(number, given)
        outside = [each.unit_id for each in story.decisions() if each.reason is Reason.NOT_IN_RAMP]
        assert len(outside) in (0, 3)


def test_a_customer_without_an_account_is_drawn_by_themselves() -> None:
    for name in ("c:ada", "c:bob", "c:cyd", "c:dan"):
        story = Story(program(), name).happens("Feature Gate Hit")
        assert assigned(story)[0][0] is is_drawn(0.3, "w", name)


def test_who_was_drawn_stays_where_they_were_when_they_join_an_account() -> None:
    given = program(holdout="50%")
    for number in range(6):
        name = f"u{number}"
        alone = Story(given, f"c:{name}").happens("Feature Gate Hit")
        unit = alone.unit()
        assert unit.watches["w"].assigned_as == f"c:{name}"
        story = Story(given, f"a:acme{number}").member(name, "member")
        story.unit(f"c:{name}").watches["w"] = Watch(assigned_as=f"c:{name}")
        story.happens("Feature Gate Hit", by=name)
        assert assigned(story) == assigned(alone)


def test_the_stratum_says_that_accounts_were_drawn() -> None:
    story = company(0, program())
    assert {each.stratum.partition("holdout 30% ")[2] for each in story.exposures()} == {"by account"}
