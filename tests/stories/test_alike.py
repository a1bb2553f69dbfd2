"""Alike: a held-out unit's shadow stands where the treated unit stands, as long, whatever mail takes."""

from __future__ import annotations

from tests.stories.world import DAY, Reason, Story, make_program, workflow
from upsell.clock import format_moment
from upsell.journeys.inputs import Tick
from upsell.testing.stories import START

SECOND = 1_000_000


def says(content: str, intent: str = "help") -> str:
    return f"{{email: {{content: {content}, intent: {intent}}}}}"


AT_NINE = "{wait: {time: '09:00'}}"
MORNINGS = ", ".join(f"{says(each)}, {AT_NINE}" for each in ("t1", "t2", "t3"))
WITH_A_DAY = f"{says('t1')}, {AT_NINE}, {says('t2')}, {{wait: 1 day}}, {AT_NINE}"


def days_spoken(journey: str, holdout: str) -> list[str]:
    """The days on which steps spoke and the passage ended; mail takes two seconds."""
    told = Story(
        make_program({"w": workflow(trigger="{on: A}", journey=f"[{journey}]", holdout=holdout)}),
        delivers=False,
    ).happens("A")
    answered = 0
    while told.now < START + 30 * DAY:
        mails = told.mails()
        if len(mails) > answered:
            told.now += 2 * SECOND
            told.receipt(mails[answered])
            answered += 1
        elif (due := told.session.next_due_at()) is not None:
            told.now = due
            told.takes(Tick(due))
        else:
            break
    spoken = [e.occurred_at for e in told.recorded() if e.name in ("Message Reserved", "Message Withheld")]
    left = [each.decided_at for each in told.decisions() if each.reason is Reason.FINISHED]
    return [format_moment(at)[:16] for at in (*spoken, *left)]


def test_the_held_out_walk_from_morning_to_morning_as_the_treated_do() -> None:
    for journey in (MORNINGS, WITH_A_DAY):
        treated, held_out = days_spoken(journey, "0%"), days_spoken(journey, "99.99%")
        assert held_out == treated
        assert len(set(treated)) == len(treated), "each at a moment of its own"


def test_a_time_of_day_reached_as_it_comes_is_that_of_the_next_day() -> None:
    told = Story(
        make_program(
            {"w": workflow(trigger="{on: A}", journey=f"[{{wait: {{time: '10:00'}}}}, {says('t1')}]")}
        )
    )
    assert told.happens("A").after(DAY - 1).contents() == [], "ten in Berlin is when it begins"
    assert told.after(1).contents() == ["t1"]
