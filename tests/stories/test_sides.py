"""Sides: who was exposed in an arm stays in it for as long as the experiment stands, however it is edited."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.stories.world import DAY, Story, make_program, workflow
from upsell.journeys.program import Program

AGAIN = "{on: A, again_after: 2 days}"


def program(arms: str, *, name: str = ", name: autumn", more: str = "", unit: str = "customer") -> Program:
    names = [each.partition(":")[0].strip() for each in arms.strip("{}").split(",")]
    contents = {"a": "t1", "b": "t2", "c": "t3"}
    content = ", ".join(f"{each}: {contents[each]}" for each in names)
    journey = f"[{{email: {{content: {{{content}}}, intent: help}}}}]"
    written = f"{name}, vary: message, arms: {arms}{more}"
    return make_program({"w": workflow(trigger=AGAIN, journey=journey, experiment=written, unit=unit)})


EVEN = program("{a: 50%, b: 50%}")


def edited(story: Story, before: Program, after: Program) -> Story:
    """The same household three days later, with another revision live."""
    both = msgspec.structs.replace(after, earlier={each.version: each for each in before.workflows.values()})
    later = Story(both, household=story.household)
    later.now = story.now + 3 * DAY
    return later.launches()


def said(story: Story) -> list[str | None]:
    return [mail.arm for mail in story.mails()]


@pytest.mark.parametrize("arms", ["{b: 50%, a: 50%}", "{a: 90%, b: 10%}", "{b: 1, a: 9}"])
def test_whoever_was_exposed_keeps_their_arm_when_the_arms_are_written_otherwise(arms: str) -> None:
    after = program(arms)
    sides = set()
    for number in range(40):
        first = Story(EVEN, f"c:u{number}").happens("A")
        again = edited(first, EVEN, after).happens("A")
        assert said(again) == said(first)
        sides.update(said(again))
    assert sides == {"a", "b"}


def test_an_arm_that_is_added_takes_nobody_who_was_exposed() -> None:
    after = program("{c: 80%, a: 10%, b: 10%}")
    drawn = []
    for number in range(30):
        first = Story(EVEN, f"c:u{number}").happens("A")
        assert said(edited(first, EVEN, after).happens("A")) == said(first)
        drawn += said(Story(after, f"c:u{number}").happens("A"))
    assert "c" in drawn, "of who was not, it takes its share"


def test_whoever_was_never_exposed_is_drawn_as_is_written_now() -> None:
    after = program("{a: 100%, b: 0%}")
    for number in range(10):
        silent = Story(EVEN, f"c:u{number}")
        assert said(edited(silent, EVEN, after).happens("A")) == ["a"]


def test_another_experiment_is_drawn_anew() -> None:
    after = program("{a: 0%, b: 100%}", name=", name: winter")
    for number in range(10):
        first = Story(EVEN, f"c:u{number}").happens("A")
        assert said(edited(first, EVEN, after).happens("A")) == ["b"]


def test_an_arm_that_is_gone_holds_nobody() -> None:
    three = program("{a: 40%, b: 40%, c: 20%}")
    for number in range(20):
        first = Story(three, f"c:u{number}").happens("A")
        (arm,) = said(edited(first, three, EVEN).happens("A"))
        assert arm in ("a", "b")
        assert arm in said(first) or "c" in said(first)


def test_colleagues_drawn_by_account_stay_together_when_the_arms_are_written_otherwise() -> None:
    before, after = (program(arms, more=", by: account") for arms in ("{a: 50%, b: 50%}", "{a: 95%, b: 5%}"))
    sides = set()
    for number in range(20):
        story = Story(before, f"a:acme{number}").member("ada", "member").member("bob", "member")
        first = story.happens("A", by="ada")
        again = edited(first, before, after).happens("A", by="bob").happens("A", by="ada")
        assert said(again) == said(first) * 2
        sides.update(said(again))
    assert sides == {"a", "b"}


def test_a_passage_from_before_arms_were_remembered_is_remembered_at_the_next_revision() -> None:
    before = make_program(
        {
            "w": workflow(
                trigger=AGAIN,
                journey="[{email: {content: {a: t1, b: t2}, intent: help}}, {wait: 5 days}]",
                experiment=", name: autumn, vary: message, arms: {a: 50%, b: 50%}",
            )
        }
    )
    for number in range(10):
        first = Story(before, f"c:u{number}").happens("A")
        first.unit().watches["w"].sides.clear()
        again = edited(first, before, program("{b: 50%, a: 50%}")).after(3 * DAY).happens("A")
        assert said(again) == said(first)


def test_of_two_ids_that_are_one_the_arm_of_who_was_exposed_first_is_kept() -> None:
    after = program("{b: 50%, a: 50%}")
    kept = set()
    for number in range(30):
        story = Story(EVEN, "a:acme").member(f"x{number}", "admin").member(f"y{number}", "admin")
        story.happens("A", by=f"x{number}").after(1).happens("A", by=f"y{number}")
        arms = said(story)
        merge: dict[str, Any] = {"from": f"x{number}"}
        story.after(1).happens("Customers Merged", by=f"y{number}", **merge)
        again = edited(story, EVEN, after).happens("A", by=f"y{number}")
        assert said(again) == arms[:1]
        kept.add(tuple(arms))
    assert len(kept) == 4
