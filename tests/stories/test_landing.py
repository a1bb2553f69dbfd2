"""Landing: a passage moved to another version keeps its arm, hears nothing twice and skips nothing unsaid."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawing import examples
from tests.stories.world import DAY, Story, make_program, workflow
from upsell.journeys.landing import Retold, keeps_arm, land, retell
from upsell.journeys.program import Program

T1, T2, T3, T4 = (f"{{email: {{content: t{n}, intent: help}}}}" for n in (1, 2, 3, 4))
WAIT = "{wait: 3 days}"


def program(journey: str, experiment: str = "") -> Program:
    return make_program({"w": workflow(trigger="{on: A}", journey=journey, experiment=experiment)})


def moved(
    before: Program,
    after: Program,
    days: float,
    who: str = "c:ada",
    steps: dict[str, str] | None = None,
) -> tuple[Story, Story]:
    """A passage, and the same after it was told to go on in another version."""
    first = Story(before, who).happens("A").after(int(days * DAY))
    old, new = before.workflows["w"], after.workflows["w"]
    both = msgspec.structs.replace(after, earlier={old.version: old})
    then = Story(both, household=first.household)
    then.now = first.now
    then.launches()
    places = land(old.journey, new.journey, steps or {})
    then.happens("Enrollment Migrated", unit=who, workflow="w", version=new.version, steps=places)
    return first, then


def arms(vary: str, names: str, more: str = "") -> str:
    shares = ", ".join(f"{name}: 50%" for name in names)
    return f", vary: {vary}, arms: {{{shares}}}{more}"


VARIED = {
    "message": ("{email: {content: {ONE: t2, TWO: t3}, intent: help}}", WAIT),
    "offer": ("{email: {content: t2, offer: {ONE: pro-annual, TWO: pro-trial}}}", WAIT),
    "timing": (T2, "{wait: {ONE: 3 days, TWO: 9 days}}"),
}
EITHER = VARIED["message"][0].replace("ONE", "a").replace("TWO", "b")


@pytest.mark.parametrize("vary", VARIED)
def test_whoever_is_in_an_arm_that_is_gone_stays_on_their_version(vary: str) -> None:
    says, waits = VARIED[vary]

    def of(names: str) -> Program:
        journey = f"[{T1}, {waits}, {says}]".replace("ONE", names[0]).replace("TWO", names[1])
        return program(journey, arms(vary, names))

    stayed = Story(of("ab")).happens("A").after(40 * DAY)
    first, then = moved(of("ab"), of("cd"), 1, steps={"1": "1"})
    assert then.enrollments()[0].version == of("ab").workflows["w"].version
    then.after(39 * DAY)
    heard = [(mail.content, mail.offer, mail.arm) for mail in (*first.mails(), *then.mails())]
    assert heard == [(mail.content, mail.offer, mail.arm) for mail in stayed.mails()]
    assert {e.share for e in (*first.exposures(), *then.exposures()) if e.contrast == "arms"} == {0.5}


def test_whose_arm_is_there_still_moves_and_keeps_it() -> None:
    after = program(f"[{T1}, {WAIT}, {EITHER}, {WAIT}, {T4}]", arms("message", "ab"))
    for number in range(8):
        _, then = moved(program(f"[{T1}, {WAIT}, {EITHER}]", arms("message", "ab")), after, 1, f"c:u{number}")
        arm = then.enrollments()[0].arm
        assert then.enrollments()[0].version == after.workflows["w"].version
        assert then.after(9 * DAY).contents() == [{"a": "t2", "b": "t3"}[arm or ""], "t4"]


def test_where_the_arms_are_over_everybody_moves_and_is_in_none() -> None:
    _, then = moved(
        program(f"[{T1}, {WAIT}, {EITHER}]", arms("message", "ab")), program(f"[{T1}, {WAIT}, {T2}]"), 1
    )
    assert then.enrollments()[0].arm is None
    assert then.after(9 * DAY).contents() == ["t2"]
    assert "arms" not in {each.contrast for each in then.exposures()}


def test_who_is_in_no_arm_does_not_move_to_where_there_are_some() -> None:
    before = program(f"[{T1}, {WAIT}, {T2}]")
    _, then = moved(before, program(f"[{T1}, {WAIT}, {EITHER}]", arms("message", "ab")), 1)
    assert then.enrollments()[0].version == before.workflows["w"].version


def test_an_arm_is_kept_only_where_it_was_drawn_alike() -> None:

    def of(experiment: str) -> Program:
        return program(f"[{T1}, {WAIT}, {EITHER}]", experiment)

    def keeps(experiment: str, *, is_exposed: bool) -> bool:
        before, after = of(arms("message", "ab", ", name: n")), of(experiment)
        return keeps_arm(before.workflows["w"], after.workflows["w"], "a", is_exposed=is_exposed)

    assert keeps(arms("message", "ba", ", name: n"), is_exposed=False)
    assert not keeps(arms("message", "ab", ", name: m"), is_exposed=True)
    uneven = ", name: n, vary: message, arms: {a: 90%, b: 10%}"
    # Not exposed yet, it would count as one of the nine tenths, of which it was never drawn.
    assert not keeps(uneven, is_exposed=False)
    assert keeps(uneven, is_exposed=True)


FOUR = f"[{T1}, {WAIT}, {T2}, {WAIT}, {T3}]"


def test_what_was_heard_is_not_said_again_where_steps_were_put_in_front() -> None:
    after = program(f"[{T4}, {WAIT}, {FOUR[1:]}")
    for days, heard, rest in ((1, ["t1"], ["t2", "t3"]), (4, ["t1", "t2"], ["t3"])):
        first, then = moved(program(FOUR), after, days)
        assert first.contents() == heard
        assert then.enrollments()[0].version == after.workflows["w"].version
        assert then.after(30 * DAY).contents() == rest


def test_nothing_unsaid_is_skipped_where_steps_were_taken_out() -> None:
    after = program(f"[{T2}, {WAIT}, {T3}]")
    first, then = moved(program(FOUR), after, 1)
    assert then.enrollments()[0].version == first.enrollments()[0].version, "nothing there is this wait"
    assert then.after(30 * DAY).contents() == ["t2", "t3"]
    first, then = moved(program(FOUR), after, 4)
    assert then.enrollments()[0].version == after.workflows["w"].version
    assert then.after(30 * DAY).contents() == ["t3"]


@given(st.permutations(["t1", "t2", "t3"]), st.permutations(["t1", "t2", "t3", "t4"]), st.integers(0, 3))
@settings(max_examples=examples(60), deadline=None)
def test_whatever_is_rewritten_nobody_hears_twice_what_they_heard_nor_misses_what_both_say(
    before: list[str], after: list[str], waits: int
) -> None:
    def of(names: list[str]) -> Program:
        says = [f"{{email: {{content: {name}, intent: help}}}}" for name in names]
        return program("[" + f", {WAIT}, ".join(says) + "]")

    first, then = moved(of(before), of(after), 3 * waits + 1)
    heard = [*first.contents(), *then.after(40 * DAY).contents()]
    assert sorted(set(heard)) == sorted(heard)
    assert {*before, *after} - set(heard) <= {"t4"}


def test_a_jump_that_is_used_up_stays_so() -> None:
    loop = "{{email: {{content: t1, intent: help}}, name: m}}, {0}{{wait: 3 days, name: w}}, {1}"
    jump = "{go: {to: m, at_most: 2}}"
    before = program("[" + loop.format("", jump) + "]")
    for put in ("", f"{T4}, "):
        after = program(f"[{T3}, " + loop.format(put, jump) + ", {wait: 1 day}]")
        _, then = moved(before, after, 7)
        assert then.enrollments()[0].version == after.workflows["w"].version
        assert then.after(30 * DAY).contents() == [], "it jumped twice before it moved"


def test_what_would_be_said_again_or_left_out_is_told() -> None:
    before, after = (
        program(f"[{T1}, {{wait: 3 days, name: rest}}, {T2}]"),
        program(f"[{T2}, {{wait: 3 days, name: rest}}, {T1}]"),
    )
    old, new = before.workflows["w"].journey, after.workflows["w"].journey
    assert land(old, new, {})["1"] == "1", "a step that is named goes where its name is"
    assert retell(old, new, "1", "1") == Retold(again=("t1",), unsaid=("t2",))
    assert retell(old, old, "1", "1") == Retold()
