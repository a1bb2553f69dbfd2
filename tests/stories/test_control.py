"""The global control in a story: it stays for a journey, is drawn anew for the next, and washes out."""

from __future__ import annotations

from tests.stories.world import DAY, START, Reason, Story, make_program, workflow
from upsell.clock import format_moment, parse_moment
from upsell.decisions.control import draw_control
from upsell.journeys.program import Program

GATE = "{on: Feature Gate Hit, again_after: 1 seconds}"
TWICE = "[{email: {content: t1, intent: help}}, {wait: 5 days}, {email: {content: t2, intent: help}}]"
QUARTERLY = "policy: {global_control: {share: 50%, period: quarter, wash_out: 14 days}}\n"
NAMES = [f"c:u{number}" for number in range(60)]
JULY = (parse_moment("2026-07-01T00:00:00Z") or 0) - START
"""How long after a story's beginning, in the first quarter, the third one begins."""
APRIL = (parse_moment("2026-04-01T00:00:00Z") or 0) - START


def programme(policy: str = QUARTERLY) -> Program:
    text = workflow(trigger=GATE, journey=TWICE)
    return make_program({"w": text}, policy=policy)


PROGRAM = programme()


def whoever(*sides: bool) -> str:
    """Give the first customer who is on these sides of the control in the first, second, ... quarter."""
    moments = (START, START + APRIL, START + JULY)
    return next(
        name
        for name in NAMES
        if all(
            draw_control(PROGRAM.policy.control, name, at).is_control is side
            for at, side in zip(moments, sides, strict=False)
        )
    )


def controls(story: Story) -> list[tuple[str, float, str]]:
    return [(each.arm, each.share, each.stratum) for each in story.exposures() if each.contrast == "control"]


def test_a_journey_keeps_the_side_it_began_on_though_the_control_is_drawn_anew() -> None:
    story = (
        Story(PROGRAM, whoever(True, False)).after(APRIL - DAY).happens("Feature Gate Hit").after(20 * DAY)
    )
    assert story.reasons()[0] is Reason.CONTROL
    assert story.decisions()[0].rule == "2026-Q1"
    assert story.mails() == []
    assert controls(story) == [("control", 0.5, "control 50% 2026-Q1")]


def test_the_next_journey_is_drawn_in_its_own_period() -> None:
    story = Story(PROGRAM, whoever(True, False)).happens("Feature Gate Hit").after(APRIL + 20 * DAY)
    story.happens("Feature Gate Hit")
    assert [reason for reason in story.reasons() if reason in (Reason.CONTROL, Reason.ENROLLED)] == [
        Reason.CONTROL,
        Reason.ENROLLED,
    ]
    assert controls(story) == [
        ("control", 0.5, "control 50% 2026-Q1"),
        ("programme", 0.5, "control 50% 2026-Q2"),
    ]


def test_who_has_just_changed_sides_is_spoken_to_as_drawn_and_not_counted() -> None:
    for sides, reason in (((True, False), Reason.ENROLLED), ((False, True), Reason.CONTROL)):
        story = Story(PROGRAM, whoever(*sides)).after(APRIL + 14 * DAY - 1).happens("Feature Gate Hit")
        story.after(10 * DAY)
        assert story.reasons()[0] is reason
        assert controls(story) == []
        # Against its holdout a workflow counts them as ever; the control is in no holdout's contrast.
        assert bool(story.exposures()) is (reason is Reason.ENROLLED)


def test_who_stayed_on_their_side_counts_in_the_wash_out_as_a_stratum_of_its_own() -> None:
    for side, arm in ((True, "control"), (False, "programme")):
        story = Story(PROGRAM, whoever(side, side)).after(APRIL + DAY).happens("Feature Gate Hit")
        assert controls(story) == [(arm, 0.5, "control 50% 2026-Q2 wash-out")]


def test_after_the_wash_out_everybody_counts_again() -> None:
    story = Story(PROGRAM, whoever(True, False)).after(APRIL + 14 * DAY).happens("Feature Gate Hit")
    assert controls(story) == [("programme", 0.5, "control 50% 2026-Q2")]


def test_a_share_alone_is_never_drawn_anew() -> None:
    program = programme("policy: {global_control: 50%}\n")
    for name in NAMES[:10]:
        first = Story(program, name).happens("Feature Gate Hit")
        later = Story(program, name).after(JULY).happens("Feature Gate Hit")
        assert first.reasons()[0] is later.reasons()[0]
        assert controls(first) == controls(later)


def test_an_elapsed_period_is_counted_since_1970() -> None:
    program = programme("policy: {global_control: {share: 50%, period: 90 days}}\n")
    story = Story(program, NAMES[0]).happens("Feature Gate Hit")
    ((_, _, stratum),) = controls(story)
    begins_at = START // (90 * DAY) * 90 * DAY
    assert stratum == f"control 50% from {format_moment(begins_at)[:10]}"


LONG = "[{email: {content: t1, intent: help}}, {wait: 45 days}, {email: {content: t2, intent: help}}]"
OTHER = workflow(trigger="{on: Invite Sent}", journey="[{email: {content: t3, intent: help}}]")


def two_workflows() -> Program:
    return make_program({"w": workflow(trigger=GATE, journey=LONG), "v": OTHER}, policy=QUARTERLY)


def test_nobody_counts_while_a_journey_of_an_earlier_period_goes_on_whatever_they_are_drawn_as_now() -> None:
    for sides in ((False, True), (False, False), (True, True), (True, False)):
        begun = Story(two_workflows(), whoever(*sides)).after(APRIL - DAY).happens("Feature Gate Hit")
        begun.after(20 * DAY).happens("Invite Sent")
        assert [each for each in controls(begun) if "Q2" in each[2]] == []
        begun.after(40 * DAY).happens("Feature Gate Hit")
        arm = "control" if sides[-1] else "programme"
        assert controls(begun)[-1] == (arm, 0.5, "control 50% 2026-Q2"), "it has ended"


def test_a_colleagues_journey_of_an_earlier_period_keeps_a_company_out_of_the_count() -> None:
    name = f"a:{whoever(False, True)[2:]}"
    policy = QUARTERLY
    program = make_program({"w": workflow(trigger=GATE, journey=LONG), "v": OTHER}, policy=policy)
    for days, counted in ((20, 0), (60, 1)):
        story = Story(program, name).member("ada", "admin").member("bob", "admin").after(APRIL - DAY)
        story.happens("Feature Gate Hit", by="ada").after(days * DAY).happens("Invite Sent", by="bob")
        assert len([each for each in controls(story) if "Q2" in each[2]]) == counted
